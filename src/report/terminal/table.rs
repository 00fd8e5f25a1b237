//! The figures before, during and after the deploy, side by side; of a steady fleet, in one column.

use super::named_row;
use crate::metrics::{Figure, Results};
use crate::report::Page;
use crate::report::grid::{self, Cell};
use crate::report::style::{BOLD, DIM, WIDTH};
use crate::report::text::{self, Format, count, percent, rate, seconds, times};

/// The table's lines.
pub(super) fn lines(page: &Page<'_>) -> Vec<String> {
    let r = page.results;
    let rows = if r.is_steady() { steady(page) } else { phases(page) };
    grid::lines(&rows, WIDTH - 2)
}

/// One row: its name, before, during with interval and remark, after, and a note.
struct Row {
    name: &'static str,
    before: String,
    during: Figure,
    format: Format,
    remark: String,
    after: String,
    note: String,
}

impl Row {
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
}

fn phases(page: &Page<'_>) -> Vec<Vec<Cell>> {
    let r = page.results;
    let s = &r.summary;
    let head = |text| Cell::right(text).style(DIM);
    let mut rows = vec![vec![Cell::left(""), head("before"), head("during"), Cell::left(""), head("after")]];
    let mut add = |row: Row| rows.push(row.cells());
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
    add(reconnects(page));
    let (series, end) = (&r.timeseries, end(r));
    add(Row {
        name: "ready pods",
        before: level(series.mean("ready", f64::NEG_INFINITY, 0.0), count),
        during: s.capacity.min_ready,
        format: count,
        remark: "lowest".to_owned(),
        after: level(series.mean("ready", end, f64::INFINITY), count),
        note: s.rollout.peak_pods.map(|p| format!("{} pods at the most", count(p.max, p.max))).unwrap_or_default(),
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
        note: "to the last old pod".to_owned(),
    });
    rows
}

/// Reconnects that reach the pods: at layer 7 the proxies'.
fn reconnects(page: &Page<'_>) -> Row {
    let r = page.results;
    let all = &r.summary.connections;
    let (c, who) =
        if page.settings.proxied { (&all.upstream, "proxies to pods") } else { (&all.clients, "clients to pods") };
    let spike = c.spike_ratio.filter(|s| s.mean >= 1.5);
    let normal = spike.map(|s| format!(", {} normal", times(s.mean, s.mean.max(10.0)))).unwrap_or_default();
    Row {
        name: "reconnects",
        before: text::mean(c.baseline_reconnects_per_second, rate),
        during: c.peak_reconnects_per_second,
        format: rate,
        remark: format!("peak{normal}"),
        after: level(r.timeseries.mean("reconnects", end(r), f64::INFINITY), rate),
        note: who.to_owned(),
    }
}

/// One column: a fleet to which nothing is done.
fn steady(page: &Page<'_>) -> Vec<Vec<Cell>> {
    let s = &page.results.summary;
    let all = &s.connections;
    let c = if page.settings.proxied { &all.upstream } else { &all.clients };
    let row = |name: &str, figure: Figure, format: Format, note: String| {
        named_row(
            name,
            [
                Cell::right(text::mean(figure, format)).style(BOLD),
                Cell::left(text::interval(figure, format)),
                Cell::left(note).style(DIM),
            ],
        )
    };
    let mut rows = vec![row("dropped", s.dropped, count, statuses(page.results))];
    if s.latency.before.p99.is_some() {
        rows.push(row("p50", s.latency.before.p50, seconds, String::new()));
        rows.push(row("p99", s.latency.before.p99, seconds, String::new()));
    }
    rows.push(row("reconnects", c.baseline_reconnects_per_second, rate, String::new()));
    rows.push(row("ready pods", s.capacity.min_ready, count, "lowest".to_owned()));
    if s.capacity.min_headroom.is_some() {
        rows.push(row("capacity", s.capacity.min_headroom, times, shortfall(page.results)));
    }
    rows.push(row("measured", s.before.seconds, seconds, String::new()));
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
