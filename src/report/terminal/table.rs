//! The figures before, during and after the deploy, side by side; of a steady fleet, in one column.

use super::named_row;
use crate::metrics::summary::Summary;
use crate::metrics::{Figure, Results};
use crate::report::Page;
use crate::report::answer::{later, still_terminating};
use crate::report::grid::{self, Cell};
use crate::report::style::{BOLD, DIM, screen, width};
use crate::report::text::{self, Format, count, percent, plural, rate, seconds, times};

/// Attempts a request from which on they are told: what two digits can show.
pub(in crate::report) const RETRIED: f64 = 1.005;

/// The table's lines.
pub(super) fn lines(page: &Page<'_>) -> Vec<String> {
    let r = page.results;
    let table = |shed: fn(Row) -> Row| -> Vec<Vec<Cell>> {
        if r.is_steady() {
            return steady(r).into_iter().map(|row| shed(row).alone()).collect();
        }
        let head = |text| Cell::right(text).style(DIM);
        let heads = vec![Cell::left(""), head("before"), head("during"), Cell::left(""), head("after")];
        std::iter::once(heads).chain(phases(r).into_iter().map(|row| shed(row).cells())).collect()
    };
    let limit = width() - 2;
    // A terminal too narrow for figures and words is left the figures; elsewhere the last note is cut.
    let sheds: [fn(Row) -> Row; 3] = [|row| row, Row::without_note, Row::bare];
    let fits = |rows: &Vec<Vec<Cell>>| screen(usize::MAX) == usize::MAX || grid::fits(rows, limit);
    let rows = sheds.into_iter().map(table).find(fits).unwrap_or_else(|| table(Row::bare));
    grid::lines(&rows, limit)
}

/// One row: its name, before, during with interval and remark, after, and a note.
pub(in crate::report) struct Row {
    pub(in crate::report) name: &'static str,
    pub(in crate::report) before: String,
    pub(in crate::report) during: Figure,
    pub(in crate::report) format: Format,
    pub(in crate::report) remark: String,
    pub(in crate::report) after: String,
    pub(in crate::report) note: String,
}

impl Row {
    fn without_note(self) -> Self {
        Self { note: String::new(), ..self }
    }

    fn bare(self) -> Self {
        Self { remark: String::new(), ..self.without_note() }
    }

    fn cells(self) -> Vec<Cell> {
        let interval = text::interval(self.during, self.format);
        let gap = if interval.is_empty() || self.remark.is_empty() { "" } else { " " };
        named_row(
            self.name,
            [
                Cell::right(self.before),
                Cell::right(text::mean(self.during, self.format)).style(BOLD),
                Cell::left(format!("{interval}{gap}{}", self.remark)),
                Cell::right(self.after),
                Cell::left(self.note).style(DIM),
            ],
        )
    }

    /// The cells of a row that has one figure.
    fn alone(self) -> Vec<Cell> {
        named_row(
            self.name,
            [
                Cell::right(text::mean(self.during, self.format)).style(BOLD),
                Cell::left(text::interval(self.during, self.format)),
                Cell::left(self.note).style(DIM),
            ],
        )
    }
}

/// The figures of a deploy.
pub(in crate::report) fn phases(r: &Results) -> Vec<Row> {
    let s = &r.summary;
    let mut rows = Vec::new();
    let mut add = |row: Row| rows.push(row);
    add(Row {
        name: "dropped",
        before: text::mean(s.before.dropped, count),
        during: s.during.dropped,
        format: count,
        remark: String::new(),
        after: text::mean(s.after.dropped, count),
        note: statuses(r),
    });
    if s.latency.during.p99.or(s.latency.before.p99).is_some() {
        add(Row {
            name: "p99",
            before: text::mean(s.latency.before.p99, seconds),
            during: s.latency.during.p99,
            format: seconds,
            remark: String::new(),
            after: text::mean(s.latency.after.p99, seconds),
            note: medians(r),
        });
    }
    add(reconnects(r));
    let (series, end) = (&r.timeseries, end(r));
    add(Row {
        name: "ready pods",
        before: level(series.mean("ready", f64::NEG_INFINITY, 0.0), count),
        during: s.capacity.min_ready,
        format: count,
        remark: "lowest".to_owned(),
        after: level(series.mean("ready", end, f64::INFINITY), count),
        note: s.rollout.peak_pods.map(|p| format!("{} at the most", plural(p.max, "pod"))).unwrap_or_default(),
    });
    if s.capacity.min_headroom.is_some() {
        add(Row {
            name: "capacity",
            before: level(series.headroom(f64::NEG_INFINITY, 0.0), times),
            during: s.capacity.min_headroom,
            format: times,
            remark: "lowest".to_owned(),
            after: level(series.headroom(end, f64::INFINITY), times),
            note: shortfall(r),
        });
    }
    add(Row {
        name: "rollout",
        before: String::new(),
        during: s.rollout.duration_seconds,
        format: seconds,
        remark: if s.rollout.complete == Some(true) { "until complete" } else { "does not complete" }.to_owned(),
        after: String::new(),
        note: String::new(),
    });
    add(Row {
        name: "measured",
        before: text::mean(s.before.seconds, seconds),
        during: s.during.seconds,
        format: seconds,
        remark: String::new(),
        after: text::mean(s.after.seconds, seconds),
        note: until(r).to_owned(),
    });
    rows.extend(attempts(s, s.recovery.attempts_per_request.during));
    rows.extend(recovery(r));
    rows
}

/// What ends *during*: the rollout's end or, later, that of its old pods, of an event, of what was done to nodes.
fn until(r: &Results) -> &'static str {
    let s = &r.summary;
    if s.rollout.complete == Some(false) || still_terminating(r) > 0.0 {
        return "to the end";
    }
    let both = s.rollout.duration_seconds.zip(s.during.seconds);
    // To a microsecond: the same moment comes from two sums.
    let same = both.is_some_and(|(a, b)| (a.mean - b.mean).abs() < 1e-6);
    if same { "until complete" } else { "until it is over" }
}

/// What retries make of the requests, where they make anything.
fn attempts(s: &Summary, during: Figure) -> Option<Row> {
    let a = s.recovery.attempts_per_request;
    let retried = [a.before, a.during, a.after].into_iter().flatten().any(|f| f.mean >= RETRIED);
    retried.then(|| Row {
        name: "attempts",
        before: text::mean(a.before, factor),
        during,
        format: factor,
        remark: String::new(),
        after: text::mean(a.after, factor),
        note: "a request".to_owned(),
    })
}

/// How long it takes the fleet to be again what it was, where it takes it any time.
fn recovery(results: &Results) -> Option<Row> {
    let r = &results.summary.recovery;
    let late = r.recovery_seconds.is_some_and(|f| f.max > 0.0);
    let down = r.recovered == Some(false);
    (late || down).then(|| Row {
        name: "recovery",
        before: String::new(),
        during: r.recovery_seconds,
        format: seconds,
        remark: if down { format!("not within {}", later(results)) } else { String::new() },
        after: String::new(),
        note: if down { "" } else { "after the rollout" }.to_owned(),
    })
}

/// `1.25 ×`, where [`times`] would round to one digit.
pub(in crate::report) fn factor(x: f64, _: f64) -> String {
    format!("{x:.2} ×")
}

/// Reconnects that reach the pods: at layer 7 the proxies'.
fn reconnects(r: &Results) -> Row {
    let c = r.summary.connections.to_pods();
    let proxied = r.summary.connections.upstream.opened.is_some();
    let spike = c.spike_ratio.filter(|s| s.mean >= 1.5);
    let normal = spike.map(|s| format!(", {} normal", times(s.mean, s.mean.max(10.0)))).unwrap_or_default();
    Row {
        name: "reconnects",
        before: text::mean(c.baseline_reconnects_per_second, rate),
        during: c.peak_reconnects_per_second,
        format: rate,
        remark: format!("peak{normal}"),
        after: level(r.timeseries.mean("reconnects", end(r), f64::INFINITY), rate),
        note: if proxied { "proxies to pods" } else { "clients to pods" }.to_owned(),
    }
}

/// A fleet to which nothing is done has one figure a row.
pub(in crate::report) fn steady(r: &Results) -> Vec<Row> {
    let s = &r.summary;
    let row = |name, figure, format, note| Row {
        name,
        before: String::new(),
        during: figure,
        format,
        remark: String::new(),
        after: String::new(),
        note,
    };
    let mut rows = vec![row("dropped", s.dropped, count, statuses(r))];
    if s.latency.before.p99.is_some() {
        rows.push(row("p50", s.latency.before.p50, seconds, String::new()));
        rows.push(row("p99", s.latency.before.p99, seconds, String::new()));
    }
    let reconnects = s.connections.to_pods().baseline_reconnects_per_second;
    rows.push(row("reconnects", reconnects, rate, String::new()));
    rows.push(row("ready pods", s.capacity.min_ready, count, "lowest".to_owned()));
    if s.capacity.min_headroom.is_some() {
        rows.push(row("capacity", s.capacity.min_headroom, times, shortfall(r)));
    }
    rows.push(row("measured", s.before.seconds, seconds, String::new()));
    rows.extend(attempts(s, s.recovery.attempts_per_request.before));
    rows
}

/// `all 502`, or the shares of the most frequent.
fn statuses(r: &Results) -> String {
    let mut seen: Vec<(&str, f64)> =
        r.summary.outcomes.iter().filter_map(|(n, f)| Some((n, f?.mean))).filter(|&(_, m)| m > 0.0).collect();
    seen.sort_by(|a, b| b.1.total_cmp(&a.1));
    let total: f64 = seen.iter().map(|&(_, m)| m).sum();
    match seen.as_slice() {
        [] => String::new(),
        [(only, _)] => format!("all {only}"),
        many => {
            let shares: Vec<String> =
                many.iter().take(2).map(|(n, m)| format!("{} {n}", percent(m / total, m / total))).collect();
            format!("{}{}", shares.join(", "), if many.len() > 2 { ", …" } else { "" })
        }
    }
}

/// The median during, where there is one.
fn medians(r: &Results) -> String {
    r.summary.latency.during.p50.map(|p| format!("median {}", seconds(p.mean, p.mean))).unwrap_or_default()
}

/// What capacity is measured against, and for how long it was too small.
fn shortfall(r: &Results) -> String {
    match r.summary.capacity.seconds_below_demand.map(|s| s.mean) {
        Some(s) if s > 0.0 => format!("short for {}", seconds(s, s)),
        _ => "of demand".to_owned(),
    }
}

/// When *during* was over in every replication.
fn end(r: &Results) -> f64 {
    r.summary.during.seconds.map_or(f64::INFINITY, |s| s.max)
}

fn level(value: Option<f64>, format: Format) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format(v, v))
}
