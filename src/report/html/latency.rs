//! Latency: where the requests of each second lie, with the median and the 99th percentile over it.

use std::fmt::Write as _;

use super::failures::one_of;
use super::levels::{mean_of, rolling};
use super::panel::{Key, Panel, Series, drawn, moment, table};
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

    /// Where a latency (s) lies.
    fn at(&self, latency: f64) -> f64 {
        self.y(libm::log10(latency.max(scene::FASTEST) / scene::FASTEST) * ROWS_A_DECADE as f64)
    }
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
    let (low, high) = (seen().chain(known()).min()? / 3 * 3, (seen().chain(known()).max()? + 1).div_ceil(3) * 3);
    let reach = window.reach([low as f64, high as f64]);
    let rows = Rows { low: reach[0] as usize, high: reach[1] as usize };
    let mut plot = window.plot("latency", HEIGHT);
    rolling(&mut plot, results, window);
    for (shade, cells) in heat(&bins, window, &rows).into_iter().enumerate() {
        plot.path(&drawn(&format!("heat{shade}"), "latency-heat"), &cells);
    }
    let points = |s: &Series| starts.iter().copied().zip(s.values.iter().copied()).collect::<Vec<_>>();
    plot.path(&drawn("line thin plain", "latency-p50"), &steps(window.axis, width, &points(&p50), |v| rows.at(v)));
    plot.path(&drawn("line vermillion", "latency-p99"), &steps(window.axis, width, &points(&p99), |v| rows.at(v)));
    for row in (rows.low..=rows.high).filter(|r| r % ROWS_A_DECADE == 0) {
        let value = scene::row_start(row);
        plot.grid(rows.y(row as f64), &seconds(value, value));
    }
    let l = &results.summary.latency;
    let usual = if results.is_steady() { None } else { l.before.p99 };
    let before = usual.map(|p| format!(" Before the deploy it is {}.", seconds(p.mean, p.mean))).unwrap_or_default();
    let finding = format!("The 99th percentile is highest {}: {}.{before}", moment(most.0), seconds(most.1, most.1));
    let mut legend = vec![
        Key::line("latency-p50", "p50, median", "line thin plain"),
        Key::line("latency-p99", "p99", "line vermillion"),
    ];
    let mut whose = mean_of(results);
    if scene.is_some() {
        legend.push(Key::filled("latency-heat", "where requests lie: the darker, the more of them", "heat3"));
        whose = format!("lines: {whose}; shades: {}", one_of(results));
    }
    let panel = Panel {
        id: "latency",
        title: "Latency".to_owned(),
        unit: "from a request's birth to its good end; each line up is ten times the one below".to_owned(),
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
