//! The time that a page shows, and the time series cut to it.

use super::svg::{Axis, Plot, Scale};
use crate::metrics::Results;

/// Bins on a page, at the most: more could not be told apart.
const BINS: usize = 600;
/// A vertical scale need hold nothing.
const NO_REACH: [f64; 2] = [f64::INFINITY, f64::NEG_INFINITY];

/// How bins are put together.
#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    /// A level or a rate.
    Mean,
    /// A peak that must stay visible.
    Most,
    /// A dip that must.
    Least,
}

/// The time series from shortly before the deploy until shortly after its end.
#[derive(Clone)]
pub(super) struct Window<'a> {
    results: &'a Results,
    rows: std::ops::Range<usize>,
    /// Rows of the time series in a bin.
    per: usize,
    /// Where the first bin starts (s).
    pub(super) first: f64,
    pub(super) axis: Axis,
    /// When *during* ends, on average.
    pub(super) settled: f64,
    /// Tells a plot's names from those of its neighbours, which show the same of other deploys; empty where there are none.
    pub(super) suffix: String,
    /// What the vertical scale holds at the least, so that it is that of the neighbours.
    reach: [f64; 2],
    /// Moments with the numbers that stand for them elsewhere, in order.
    marks: Vec<(f64, usize)>,
}

impl<'a> Window<'a> {
    /// `None` where there is no time series.
    pub(super) fn of(results: &'a Results) -> Option<Self> {
        let times: Vec<f64> = results.timeseries.column("t").into_iter().flatten().collect();
        let (&first, &last) = (times.first()?, times.last()?);
        let second = f64::from(results.timeseries.bin_seconds);
        let steady = results.is_steady();
        let settled = if steady { last } else { results.summary.during.seconds.map_or(last, |s| s.mean).min(last) };
        let margin = (settled * 0.08).max(5.0);
        // Lanes are those of the first deploy, which may take longer than the mean.
        let gone = results.pods.iter().filter(|p| p.created.is_none()).filter_map(|p| p.gone).fold(settled, f64::max);
        let end = gone.max(results.last_trouble().map_or(settled, |t| t + second));
        let (from, to) = if steady { (first, last) } else { (-margin, end + margin) };
        let rows = times.partition_point(|&t| t < from)..times.partition_point(|&t| t <= to);
        if rows.is_empty() {
            return None;
        }
        let first = times[rows.start];
        let axis = Axis { start: first, end: times[rows.end - 1] + second };
        let per = rows.len().div_ceil(BINS);
        Some(Self {
            results,
            rows,
            per,
            first,
            axis,
            settled,
            suffix: String::new(),
            reach: NO_REACH,
            marks: Vec::new(),
        })
    }

    /// The same on an axis that holds its neighbours' time too.
    pub(super) fn on(self, axis: Axis, suffix: String) -> Self {
        let second = f64::from(self.results.timeseries.bin_seconds);
        let times: Vec<f64> = self.results.timeseries.column("t").into_iter().flatten().collect();
        let rows = times.partition_point(|&t| t < axis.start)..times.partition_point(|&t| t < axis.end);
        let per = (libm::ceil((axis.end - axis.start) / second) as usize).div_ceil(BINS).max(1);
        let first = times.get(rows.start).copied().unwrap_or(axis.start);
        Self { rows, per, first, axis, suffix, ..self }
    }

    /// The same with numbered moments in every plot.
    pub(super) fn marked(self, marks: Vec<(f64, usize)>) -> Self {
        Self { marks, ..self }
    }

    /// The same with a vertical scale that reaches so far at the least.
    pub(super) fn reaching(&self, reach: [f64; 2]) -> Self {
        Self { reach, ..self.clone() }
    }

    /// A plot of this time.
    pub(super) fn plot(&self, kind: &'static str, height: f64) -> Plot {
        let mut plot = Plot::new(kind, &self.suffix, self.axis, height);
        plot.mark(&self.marks);
        plot
    }

    /// What the vertical scale must hold, where it has to hold `of`.
    pub(super) fn reach(&self, of: [f64; 2]) -> [f64; 2] {
        together_reach(self.reach, of)
    }

    /// A scale from 0 on that holds `most`, and what its neighbours show.
    pub(super) fn scale(&self, most: f64, height: f64) -> Scale {
        Scale::up_to(self.reach([0.0, most])[1], height)
    }

    /// The width of a bin (s).
    pub(super) fn width(&self) -> f64 {
        self.per as f64 * f64::from(self.results.timeseries.bin_seconds)
    }

    /// Where the bins start.
    pub(super) fn starts(&self) -> Vec<f64> {
        (0..self.rows.len().div_ceil(self.per)).map(|i| self.first + i as f64 * self.width()).collect()
    }

    /// A column, bin by bin.
    pub(super) fn column(&self, name: &str, how: How) -> Vec<Option<f64>> {
        let column = self.results.timeseries.column(name);
        let Some(rows) = column.get(self.rows.clone()) else { return Vec::new() };
        rows.chunks(self.per).map(|chunk| together(chunk.iter().flatten().copied(), how)).collect()
    }

    /// What a second of a scene that begins at `first` holds, bin by bin.
    pub(super) fn of_seconds<'s, T>(&self, first: i64, seconds: &'s [T]) -> Vec<&'s [T]> {
        let per = self.width() as usize;
        let from = |t: f64| (t as i64 - first).clamp(0, seconds.len() as i64) as usize;
        self.starts().into_iter().map(|t| &seconds[from(t)..(from(t) + per).min(seconds.len())]).collect()
    }
}

/// What holds both.
pub(super) fn together_reach(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0].min(b[0]), a[1].max(b[1])]
}

fn together(values: impl Iterator<Item = f64>, how: How) -> Option<f64> {
    match how {
        How::Mean => {
            let (n, sum) = values.fold((0, 0.0), |(n, sum), v| (n + 1, sum + v));
            (n > 0).then(|| sum / f64::from(n))
        }
        How::Most => values.reduce(f64::max),
        How::Least => values.reduce(f64::min),
    }
}
