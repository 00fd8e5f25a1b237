//! Traffic that varies: a rate over time, inline or as a series of counts, and recorded arrival times.
//!
//! Beside the inline form, `profile` takes a series as load balancers export it, replayed as a rate:
//! `profile: {file: requests.csv, per: 5m, around: busiest, duration: 1h}`. Each row (`timestamp,value`) holds the
//! requests of one bucket, `per` long, that begins at its timestamp; a bucket that the file does not have held none.
//! `start: "2014-04-11 14:00"` names the first bucket (default: the first of the file), `around: busiest` centres the
//! window on the fullest one; `duration` is its length (default: all the rest). Between the middles of the buckets the
//! rate runs in straight lines.

use std::collections::BTreeMap;

use super::csv_file;
use super::read::{At, Fields, Read};
use super::schema::Shape;
use super::traffic::Profile;
use super::tree::Value;
use super::units::{Rate, number};
use crate::engine::Dur;

/// The most points of a profile.
const MAX_POINTS: usize = 1_000_000;

/// A point: a time and a rate, written as a list of two.
struct Point(Dur, f64);

impl Read for Point {
    fn read(at: &At<'_>) -> Option<Self> {
        if at.node.is_none_or(|n| n.items().len() != 2) {
            at.wrong_type("a time and a rate, as in [10m, 2000/s]");
            return None;
        }
        let (time, rate) = (Dur::read(&at.item(0)), Rate::read(&at.item(1)));
        Some(Self(time?, rate?.0))
    }

    fn shape() -> Shape {
        Shape::pair(Dur::shape(), Rate::shape())
    }
}

/// Reads `profile`.
pub(super) fn read(at: &At<'_>) -> Option<Profile> {
    at.takes("points", || Shape::list(Point::shape(), 1));
    if at.node.is_some_and(|n| matches!(n.value, Value::Map(_))) {
        return read_series(At { cx: at.cx, path: at.path.clone(), node: at.node }.fields());
    }
    let points: Vec<Point> = at.value()?;
    if let Some(n) = (1..points.len()).find(|&n| points[n].0 < points[n - 1].0) {
        let item = at.item(n);
        item.report(
            item.error("out-of-range", "the points of a profile must be in order of time")
                .label(format!("before the point at {}", points[n - 1].0)),
        );
        return None;
    }
    if points.iter().all(|p| p.1 <= 0.0) {
        at.out_of_range("the profile never asks for anything", "at least one point with a rate above 0/s");
        return None;
    }
    Some(Profile { points: points.into_iter().map(|p| (p.0, p.1)).collect() })
}

/// Reads `trace`: arrival times (s), one a row.
pub(super) fn read_trace(at: &At<'_>) -> Option<Vec<Dur>> {
    let name: String = at.any_value()?;
    let table = csv_file::read(at, &name)?;
    let mut times = Vec::with_capacity(table.rows.len());
    for (line, row) in &table.rows {
        let Some(secs) = row.first().and_then(|v| number(v)).filter(|s| (0.0..1e9).contains(s)) else {
            csv_file::bad_row(at, *line, "expected an arrival time in seconds, 0 or more");
            return None;
        };
        times.push(Dur::from_secs_f64(secs));
    }
    if times.is_empty() {
        at.report(at.error("bad-data", format!("`{name}` holds no arrivals")).label("nothing to replay"));
        return None;
    }
    times.sort_unstable();
    Some(times)
}

/// A series of counts by bucket, and which stretch of it to replay.
fn read_series(mut f: Fields<'_>) -> Option<Profile> {
    f.require("file");
    f.require("per");
    f.at("per").takes("above 0", || Dur::shape().above_zero());
    let (file, per) = (f.opt::<String>("file"), f.at("per").value::<Dur>());
    let (start, duration) = (f.opt::<String>("start"), f.opt::<Dur>("duration"));
    let busiest = f.choice("around", false, &[("busiest", true)]);
    let (file_at, per_at, start_at) = (f.at("file"), f.at("per"), f.at("start"));
    for at in [&file_at, &per_at] {
        if at.node.is_none() {
            let diag = f.at.error("missing-field", format!("a profile from a file needs `{}`", at.name()));
            at.report(diag.label("as in {file: requests.csv, per: 5m}"));
        }
    }
    f.exclude("start", "around");
    f.end();
    if per.is_some_and(Dur::is_zero) {
        per_at.out_of_range("`per` is 0", "a duration above 0");
        return None;
    }
    let (file, per) = (file?, per?.secs());
    let counts = read_counts(&file_at, &file, per)?;
    let began = start.as_deref().map(moment);
    if began == Some(None) {
        start_at.out_of_range("`start` is not a moment", "a moment such as \"2014-04-11 14:00\"");
        return None;
    }
    let first = began.flatten().map(|secs| libm::floor(secs / per) as i64);
    let buckets = duration.map(|d| (libm::ceil(d.secs() / per) as i64).max(1));
    window(&file_at, &counts, per, first, busiest, buckets)
}

/// Requests by number of bucket since 1970.
fn read_counts(at: &At<'_>, name: &str, per: f64) -> Option<BTreeMap<i64, f64>> {
    let table = csv_file::read(at, name)?;
    let mut counts = BTreeMap::new();
    for (line, row) in &table.rows {
        let time = row.first().and_then(|v| moment(v));
        let count = row.get(1).and_then(|v| number(v)).filter(|c| *c >= 0.0);
        let (Some(time), Some(count)) = (time, count) else {
            csv_file::bad_row(at, *line, "expected a timestamp and a count");
            return None;
        };
        *counts.entry(libm::floor(time / per) as i64).or_insert(0.0) += count;
    }
    Some(counts)
}

/// The stretch to replay, as a rate at the middle of each bucket.
fn window(
    at: &At<'_>,
    counts: &BTreeMap<i64, f64>,
    per: f64,
    start: Option<i64>,
    busiest: bool,
    buckets: Option<i64>,
) -> Option<Profile> {
    let empty = |what: &str| {
        at.report(at.error("bad-data", format!("the series holds no requests {what}")).label("nothing to replay"));
    };
    let (Some((&oldest, _)), Some((&newest, _))) = (counts.first_key_value(), counts.last_key_value()) else {
        empty("at all");
        return None;
    };
    // The earlier of two equally full buckets.
    let fullest = counts.iter().rev().max_by(|a, b| a.1.total_cmp(b.1)).map_or(oldest, |(n, _)| *n);
    let first = match (start, busiest) {
        (_, true) => fullest - buckets.map_or(0, |n| n / 2),
        (Some(start), _) => start,
        _ => oldest,
    };
    let last = buckets.map_or(newest, |n| first.saturating_add(n - 1));
    if last.saturating_sub(first) >= MAX_POINTS as i64 {
        at.report(at.error("too-large", format!("the profile has more than {MAX_POINTS} points")).label("too long"));
        return None;
    }
    let rate = |n: i64| counts.get(&n).copied().unwrap_or(0.0) / per;
    let points: Vec<(Dur, f64)> =
        (first..=last).map(|n| (Dur::from_secs_f64(((n - first) as f64 + 0.5) * per), rate(n))).collect();
    if points.iter().all(|p| p.1 <= 0.0) {
        empty("in this stretch");
        return None;
    }
    Some(Profile { points })
}

/// Seconds since 1970 of `2014-04-10 00:04:00`, `2014-04-10T00:04Z`, or of plain seconds.
pub(crate) fn moment(text: &str) -> Option<f64> {
    if let Some(secs) = number(text) {
        return (secs.abs() < 1e11).then_some(secs);
    }
    let (date, time) = text.trim().split_once(['T', 't', ' ']).unwrap_or((text.trim(), "00:00"));
    let [year, month, day] = fields(date, '-')?;
    let time = time.trim_end_matches(['Z', 'z']);
    // An offset from UTC ends the time: +02:00 or -05:30.
    let (time, offset) = match time.find(['+', '-']) {
        Some(n) => {
            let [hours, minutes, _] = fields(&time[n + 1..], ':')?;
            let sign = if time[n..].starts_with('-') { -1.0 } else { 1.0 };
            (&time[..n], sign * (hours * 3600.0 + minutes * 60.0))
        }
        None => (time, 0.0),
    };
    let [hour, minute, second] = fields(time, ':')?;
    let sound = (1.0..=12.0).contains(&month) && (1.0..=31.0).contains(&day) && (0.0..=9999.0).contains(&year);
    let sound = sound && hour < 25.0 && minute < 60.0 && second < 61.0;
    let days = days_from_civil(year as i64, month as i64, day as i64) as f64;
    sound.then_some(days * 86_400.0 + hour * 3600.0 + minute * 60.0 + second - offset)
}

/// Two or three numbers between separators, the third 0 where it is left out.
fn fields(text: &str, separator: char) -> Option<[f64; 3]> {
    let mut out = [0.0; 3];
    let parts: Vec<&str> = text.split(separator).collect();
    if parts.len() < 2 || parts.len() > 3 {
        return None;
    }
    for (slot, part) in out.iter_mut().zip(&parts) {
        *slot = number(part).filter(|n| *n >= 0.0)?;
    }
    Some(out)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (Hinnant's `days_from_civil`).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_the_forms_that_exports_use() {
        let at = 1_397_088_240.0;
        for text in ["2014-04-10 00:04:00", "2014-04-10T00:04Z", "2014-04-10T02:04:00+02:00", "1397088240"] {
            assert_eq!(moment(text), Some(at), "{text}");
        }
        assert_eq!(moment("2000-02-29"), Some(951_782_400.0));
        for text in ["", "yesterday", "2014-13-01 00:00", "2014-04-10 99:00", "2014-04-10T"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
