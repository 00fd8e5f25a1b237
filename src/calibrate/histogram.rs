//! Histograms of times: `le,count` as a scenario takes it, Prometheus' text format, and `HdrHistogram`'s percentiles.

use std::collections::BTreeMap;

use super::format::Format;
use super::sample::Sample;
use super::{Options, Reading, at_line};
use crate::scenario::Diag;

/// Cumulative counts by upper bound (s); the bound may be infinite.
type Buckets = Vec<(f64, f64)>;

/// The next line that holds something.
pub(super) type Next<'a> = dyn FnMut() -> Result<Option<(u64, String)>, Diag> + 'a;

/// Whether these first lines are of a histogram, and of which kind.
pub(super) fn tell(lines: &[&str]) -> Option<Format> {
    let first = lines.first()?.replace(' ', "");
    if first == "le,count" {
        return Some(Format::Buckets);
    }
    if lines.first().is_some_and(|l| l.contains("Value") && l.contains("Percentile")) {
        return Some(Format::Percentiles);
    }
    lines.iter().any(|line| bucket(line).is_some()).then_some(Format::Exposition)
}

/// Reads the rest of the file into the sample.
pub(super) fn read(
    reading: &mut Reading,
    next: &mut Next<'_>,
    options: &Options<'_>,
    sample: &mut Sample,
) -> Result<(), Diag> {
    let buckets = match reading.format {
        Format::Exposition => exposition(reading, next, options)?,
        Format::Percentiles => percentiles(reading, next, options)?,
        _ => rows(reading, next)?,
    };
    let (mut low, mut below) = (0.0, 0.0);
    for (high, count) in buckets {
        if high.is_infinite() && low == 0.0 && count > below {
            let diag = Diag::error(
                "bad-data",
                "all of it lies above the last bound: nothing is known but how many there were",
            );
            return Err(diag.in_file(&*reading.file).help("a histogram with bounds between which times lie"));
        }
        // What lies above the last bound is at least that.
        let top = if high.is_finite() { high } else { low };
        if high.is_infinite() && count > below {
            let share = (count - below) / count;
            let text = format!(
                "{:.2} % lie above its last bound, and are taken for it: the tail is longer than what is written here",
                share * 100.0
            );
            reading.remarks.push(text);
        }
        sample.add(low, top, libm::round(count - below) as u64);
        (low, below) = (top, count);
    }
    Ok(())
}

/// The lines `le,count`, both rising.
fn rows(reading: &mut Reading, next: &mut Next<'_>) -> Result<Buckets, Diag> {
    let mut buckets = Buckets::new();
    let mut header = true;
    while let Some((number, text)) = next()? {
        if std::mem::take(&mut header) || text.starts_with('#') {
            continue;
        }
        reading.lines += 1;
        let row = text.split_once(',').and_then(|(le, count)| Some((bound(le.trim())?, count.trim().parse().ok()?)));
        let before = buckets.last().copied().unwrap_or((0.0, 0.0));
        match row {
            Some((le, count)) if le >= before.0 && count >= before.1 => buckets.push((le, count)),
            Some(_) => {
                let diag = Diag::error("bad-data", "bounds and counts of a histogram must rise");
                return Err(at_line(diag, &reading.file, number, &text));
            }
            None => {
                reading.pass(number, &text);
                continue;
            }
        }
        reading.read += 1;
    }
    Ok(buckets)
}

fn bound(text: &str) -> Option<f64> {
    if text == "+Inf" { Some(f64::INFINITY) } else { text.parse().ok().filter(|le: &f64| le.is_finite() && *le >= 0.0) }
}

/// Name, bound and count of a line `name_bucket{labels,le="0.1"} 12`.
fn bucket(line: &str) -> Option<(&str, f64, f64)> {
    let (name, rest) = line.trim().split_once("_bucket{")?;
    let (labels, value) = rest.rsplit_once('}')?;
    let le = labels.split(',').find_map(|l| l.trim().strip_prefix("le=\""))?;
    let count = value.split_whitespace().next()?.parse().ok()?;
    Some((name, bound(le.trim_end_matches('"'))?, count))
}

/// One histogram of what Prometheus scrapes, all its series added up.
fn exposition(reading: &mut Reading, next: &mut Next<'_>, options: &Options<'_>) -> Result<Buckets, Diag> {
    let mut found: BTreeMap<String, BTreeMap<u64, f64>> = BTreeMap::new();
    while let Some((_, text)) = next()? {
        if text.starts_with('#') {
            continue;
        }
        reading.lines += 1;
        // Other metrics are nobody's mistake.
        reading.read += 1;
        if let Some((name, le, count)) = bucket(&text) {
            // Bounds are not negative, so that their bits are in order.
            *found.entry(name.to_owned()).or_default().entry(le.to_bits()).or_insert(0.0) += count;
        }
    }
    let names: Vec<String> = found.keys().cloned().collect();
    let chosen = match (options.metric, &names[..]) {
        (Some(name), _) => name.to_owned(),
        (None, [one]) => one.clone(),
        (None, _) => {
            let diag = Diag::error("several-histograms", format!("the file has {} histograms", names.len()));
            return Err(diag.in_file(&*reading.file).help(format!("pick one by --metric NAME: {}", names.join(", "))));
        }
    };
    let Some(buckets) = found.remove(&chosen) else {
        let diag = Diag::error("no-histogram", format!("the file has no histogram `{chosen}`"));
        return Err(diag.in_file(&*reading.file).help(format!("it has {}", names.join(", "))));
    };
    if !chosen.ends_with("_seconds") {
        let unit = if options.unit.is_some() { "in the unit of --unit" } else { "in seconds" };
        reading.remarks.push(format!("`{chosen}` is taken to be {unit}, which its name does not say"));
    }
    let unit = options.unit.unwrap_or(1.0);
    Ok(buckets.into_iter().map(|(le, count)| (f64::from_bits(le) * unit, count)).collect())
}

/// The lines `Value Percentile TotalCount 1/(1-Percentile)`.
fn percentiles(reading: &mut Reading, next: &mut Next<'_>, options: &Options<'_>) -> Result<Buckets, Diag> {
    let mut buckets = Buckets::new();
    let unit = options.unit.unwrap_or(1e-3);
    let mut header = true;
    while let Some((number, text)) = next()? {
        // The sum-up at the end begins with `#`.
        if std::mem::take(&mut header) || text.starts_with('#') {
            continue;
        }
        reading.lines += 1;
        let numbers: Vec<f64> = text.split([' ', '\t', ',']).filter_map(|word| word.parse().ok()).collect();
        let before = buckets.last().copied().unwrap_or((0.0, 0.0));
        match numbers[..] {
            [value, _, count, ..] if value * unit >= before.0 && count >= before.1 => {
                buckets.push((value * unit, count));
                reading.read += 1;
            }
            _ => reading.pass(number, &text),
        }
    }
    if options.unit.is_none() {
        reading.remarks.push("values are taken for milliseconds; tell others by --unit us".to_owned());
    }
    Ok(buckets)
}
