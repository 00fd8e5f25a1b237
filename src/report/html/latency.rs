//! Latency: where the requests of each second lie, with the median and the 99th percentile over it.

use std::fmt::Write as _;

use super::failures::one_of;
use super::levels::{mean_of, rolling};
use super::panel::{Key, Panel, Series, drawn, table, when};
use super::svg::{n, steps};
use super::window::{How, Window};
use crate::metrics::Results;
use crate::metrics::scene::{self, ROWS, ROWS_A_DECADE, Scene};
use crate::report::text::seconds;

const HEIGHT: f64 = 190.0;
/// Shades of a cell, by its share of the bin's requests.
const SHADES: [f64; 5] = [0.001, 0.01, 0.05, 0.15, 0.3];
/// Columns of the heat map at the most.
const COLUMNS: usize = 200;

/// Rows of the scale that are shown, the lowest first.
struct Rows {
    low: usize,
    high: usize,
}

impl Rows {
    fn y(&self, row: f64) -> f64 {
        HEIGHT * (1.0 - (row - self.low as f64) / (self.high - self.low) as f64).clamp(0.0, 1.0)
    }

    /// Latencies (s) to be labelled: powers of ten; of a short scale their doubles and fives, too.
    fn ticks(&self) -> Vec<f64> {
        let steps: &[f64] = if self.high - self.low > 2 * ROWS_A_DECADE { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let (from, to) = (scene::row_start(self.low), scene::row_start(self.high));
        let decades = self.low / ROWS_A_DECADE..=self.high / ROWS_A_DECADE;
        let values = decades.flat_map(|d| steps.iter().map(move |s| s * scene::row_start(d * ROWS_A_DECADE)));
        // A rounding error at an end is none.
        values.filter(|v| (from * 0.999..=to * 1.001).contains(v)).collect()
    }

    /// Where a latency (s) lies.
    fn at(&self, latency: f64) -> f64 {
        self.y(libm::log10(latency.max(scene::FASTEST) / scene::FASTEST) * ROWS_A_DECADE as f64)
    }
}

/// Rows from a half of a power of ten to another that hold these; a whole one at the least, without which a scale says little.
fn reach(least: usize, most: usize) -> [f64; 2] {
    let half = ROWS_A_DECADE / 2;
    let (low, high) = (least / half * half, (most + 1).div_ceil(half) * half);
    let high = high.max((low + ROWS_A_DECADE).min(ROWS));
    [low.min(high - ROWS_A_DECADE) as f64, high as f64]
}

/// The panel; none where no request had a latency.
pub(super) fn latency(results: &Results, scene: Option<&Scene>, window: &Window<'_>) -> Option<(Panel, Vec<Series>)> {
    let (starts, width) = (window.starts(), window.width());
    let p50 = Series::new("p50", seconds, window.column("p50", How::Mean));
    let p99 = Series::new("p99", seconds, window.column("p99", How::Most));
    let most = p99.most(&starts)?;
    let bins: Vec<Vec<u64>> = scene.map(|s| counts(s, window)).unwrap_or_default();
    let seen = || (0..ROWS).filter(|&r| bins.iter().any(|b| b[r] > 0));
    let known = || p50.values.iter().chain(&p99.values).flatten().map(|&v| scene::row(v));
    let reach = window.reach(reach(seen().chain(known()).min()?, seen().chain(known()).max()?));
    let rows = Rows { low: reach[0] as usize, high: reach[1] as usize };
    let mut plot = window.plot("latency", HEIGHT);
    rolling(&mut plot, results, window);
    for (shade, cells) in heat(&bins, window, &rows).into_iter().enumerate() {
        plot.path(&drawn(&format!("heat{shade}"), "latency-heat"), &cells);
    }
    // Where all requests take as long, the darkest cells lie under the lines.
    let points = |s: &Series| starts.iter().copied().zip(s.values.iter().copied()).collect::<Vec<_>>();
    let line = |s: &Series| steps(window.axis, width, &points(s), |v| rows.at(v));
    let (median, highest) = (line(&p50), line(&p99));
    plot.path(&drawn("line halo", "latency-p50"), &median);
    plot.path(&drawn("line halo", "latency-p99"), &highest);
    // The dashed one on top: where both are the same, both are seen.
    plot.path(&drawn("line vermillion", "latency-p99"), &highest);
    plot.path(&drawn("line dash plain", "latency-p50"), &median);
    for value in rows.ticks() {
        plot.grid(rows.at(value), &seconds(value, value));
    }
    let l = &results.summary.latency;
    let usual = if results.is_steady() { None } else { l.before.p99 };
    let before = usual.map(|p| format!(" Before the deploy it is {}.", seconds(p.mean, p.mean))).unwrap_or_default();
    let finding =
        format!("The 99th percentile is highest {}: {}.{before}", when(results, most.0), seconds(most.1, most.1));
    let mut legend = vec![
        Key::line("latency-p50", "p50, median", "line dash plain"),
        Key::line("latency-p99", "p99", "line vermillion"),
    ];
    let mut whose = mean_of(results);
    if scene.is_some() {
        legend.push(Key::filled("latency-heat", "where requests lie: the darker, the more of them", "heat3"));
        if results.replications > 1 {
            whose = format!("lines: {whose}; shades: {}", one_of(results));
        }
    }
    let panel = Panel {
        id: "latency",
        title: "Latency".to_owned(),
        unit: "from a request's birth to its good end, on a logarithmic scale".to_owned(),
        whose,
        svg: plot.finish("Latency", &finding),
        finding,
        reach,
        legend,
        table: table(window, &[&p50, &p99]),
    };
    Some((panel, vec![p50, p99]))
}

/// Requests by row of latency, bin by bin.
fn counts(scene: &Scene, window: &Window<'_>) -> Vec<Vec<u64>> {
    let sum = |seconds: &[scene::SceneBin]| {
        let mut rows = vec![0_u64; ROWS];
        for second in seconds {
            for (row, &count) in rows.iter_mut().zip(&second.latency) {
                *row += u64::from(count);
            }
        }
        rows
    };
    window.of_seconds(scene.first, &scene.bins).into_iter().map(sum).collect()
}

/// One path a shade, of all its cells.
fn heat(bins: &[Vec<u64>], window: &Window<'_>, rows: &Rows) -> [String; SHADES.len()] {
    let mut shades = [const { String::new() }; SHADES.len()];
    let per = bins.len().div_ceil(COLUMNS).max(1);
    for (column, chunk) in bins.chunks(per).enumerate() {
        let count = |row: usize| chunk.iter().map(|b| b[row]).sum::<u64>() as f64;
        let all: f64 = (0..ROWS).map(count).sum();
        let from = window.first + (column * per) as f64 * window.width();
        let (x, right) = (window.axis.x(from), window.axis.x(from + chunk.len() as f64 * window.width()));
        for row in rows.low..rows.high {
            let share = count(row) / all.max(1.0);
            let Some(shade) = SHADES.iter().rposition(|&s| share >= s).or((share > 0.0).then_some(0)) else { continue };
            let (top, bottom) = (rows.y(row as f64 + 1.0), rows.y(row as f64));
            let _ = write!(shades[shade], "M{} {}H{}V{}H{}z", n(x), n(top), n(right), n(bottom), n(x));
        }
    }
    shades
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_a_power_of_ten_and_labels_that_tell_it() {
        assert_eq!(reach(13, 13), [12.0, 18.0], "all requests take 15 to 22 ms");
        assert_eq!((reach(5, 20), reach(ROWS - 1, ROWS - 1)), ([3.0, 21.0], [30.0, 36.0]));
        let labels =
            |low, high| -> Vec<String> { Rows { low, high }.ticks().into_iter().map(|v| seconds(v, v)).collect() };
        assert_eq!(labels(12, 18), ["10 ms", "20 ms", "50 ms", "100 ms"]);
        assert_eq!(labels(3, 21), ["1 ms", "10 ms", "100 ms"]);
    }
}
