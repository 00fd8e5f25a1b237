//! The deploy in a few lines of blocks: ready pods, what failed, and what else moved.

use super::named_row;
use super::sparkline::{self, Worst};
use crate::metrics::Results;
use crate::report::Page;
use crate::report::grid::{self, Cell};
use crate::report::style::{DIM, width};
use crate::report::text::{Format, count, range, seconds, times};

/// Characters of a line of blocks, at the most and at the least.
const CELLS: usize = 60;
const FEWEST: usize = 32;
/// What stands beside them: the name and the range.
const BESIDE: usize = 36;

/// The picture's lines; none for a steady fleet that dropped nothing, which has nothing to show.
pub(super) fn lines(page: &Page<'_>) -> Vec<String> {
    let r = page.results;
    let dropped = r.summary.dropped.is_some_and(|d| d.mean > 0.0);
    let window = Window::of(r);
    if window.rows.is_empty() || (r.is_steady() && !dropped) {
        return Vec::new();
    }
    let mut rows = vec![named_row("", [Cell::left(window.axis()).style(DIM)])];
    let mut add = |name: &str, values: &[Option<f64>], worst, format: Format| {
        let known = || values.iter().flatten().copied();
        let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(0.0, f64::max));
        if low <= high {
            let blocks = sparkline::line(values, window.cells(), worst, high);
            rows.push(named_row(name, [Cell::left(blocks), Cell::left(range(low, high, format)).style(DIM)]));
        }
    };
    add("ready", &window.column("ready"), Worst::Lowest, count);
    if dropped {
        let (name, failures) = window.failures();
        add(&name, &failures, Worst::Highest, count);
    }
    if r.summary.capacity.min_headroom.is_some_and(|h| h.mean < 1.5) {
        add("capacity", &window.headroom(), Worst::Lowest, times);
    }
    let slower = |r: &Results| Some(r.summary.latency.during.p99?.mean / r.summary.latency.before.p99?.mean);
    if slower(r).is_some_and(|ratio| ratio > 1.5) {
        add("p99", &window.column("p99"), Worst::Highest, seconds);
    }
    let c = &r.summary.connections;
    let spike = if page.settings.proxied { &c.upstream } else { &c.clients };
    if spike.peak_reconnects_per_second.is_some_and(|p| p.mean >= 10.0) {
        add("reconnects/s", &window.column("reconnects"), Worst::Highest, count);
    }
    grid::lines(&rows, width() - 2)
}

/// The rows of the time series from shortly before the deploy until shortly after its end.
struct Window<'a> {
    results: &'a Results,
    rows: std::ops::Range<usize>,
    start: f64,
    end: f64,
}

impl<'a> Window<'a> {
    fn of(results: &'a Results) -> Self {
        let times: Vec<f64> = results.timeseries.column("t").into_iter().flatten().collect();
        let last = times.last().copied().unwrap_or(0.0);
        let end = results.summary.during.seconds.map_or(last, |s| s.mean).min(last);
        let margin = end * 0.08;
        let from = times.partition_point(|&t| t < -margin);
        // What fails after the last old pod is gone belongs into the picture as well.
        let to = times.partition_point(|&t| t <= end.max(results.last_trouble().unwrap_or(end)) + margin);
        let start = times.get(from).copied().unwrap_or(0.0);
        Self { results, rows: from..to.max(from), start, end }
    }

    fn cells(&self) -> usize {
        let most = CELLS.min(width() - BESIDE);
        self.rows.len().clamp(FEWEST.min(most), most)
    }

    fn column(&self, name: &str) -> Vec<Option<f64>> {
        self.results.timeseries.column(name).get(self.rows.clone()).map(<[_]>::to_vec).unwrap_or_default()
    }

    /// The one outcome that there is, or all of them together.
    fn failures(&self) -> (String, Vec<Option<f64>>) {
        let outcomes = &self.results.summary.outcomes;
        let seen: Vec<&str> =
            outcomes.iter().filter(|(_, f)| f.is_some_and(|f| f.mean > 0.0)).map(|(n, _)| n).collect();
        let columns: Vec<Vec<Option<f64>>> = seen.iter().map(|n| self.column(n)).collect();
        let total = (0..self.rows.len()).map(|i| Some(columns.iter().filter_map(|c| c[i]).sum())).collect();
        let name = if let [only] = seen[..] { format!("{only}/s") } else { "dropped/s".to_owned() };
        (name, total)
    }

    fn headroom(&self) -> Vec<Option<f64>> {
        let pairs = self.column("capacity").into_iter().zip(self.column("demand"));
        pairs.map(|(c, d)| Some(c? / d.filter(|&d| d > 0.0)?)).collect()
    }

    /// The deploy's start, its middle and its end, each where it lies.
    fn axis(&self) -> String {
        let cell = |t: f64| ((t - self.start) * self.cells() as f64 / self.rows.len().max(1) as f64) as usize;
        let marks = [0.0, self.end / 2.0, self.end].map(|t| (cell(t), seconds(libm::round(t), t)));
        let mut line = String::new();
        let mut used = 0;
        for (at, mark) in marks {
            if used == 0 || at > used + 2 {
                line.push_str(&" ".repeat(at - used));
                line.push_str(&mark);
                used = at + mark.chars().count();
            }
        }
        line
    }
}
