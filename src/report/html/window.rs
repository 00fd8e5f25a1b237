//! The time that a page shows, and the time series cut to it.

use super::svg::Axis;
use crate::metrics::Results;

/// Bins on a page, at the most: more could not be told apart.
const BINS: usize = 600;

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
pub(super) struct Window<'a> {
    results: &'a Results,
    rows: std::ops::Range<usize>,
    /// Rows of the time series in a bin.
    per: usize,
    pub(super) axis: Axis,
    /// When *during* ends, on average.
    pub(super) settled: f64,
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
        let end = settled.max(results.last_trouble().map_or(settled, |t| t + second));
        let (from, to) = if steady { (first, last) } else { (-margin, end + margin) };
        let rows = times.partition_point(|&t| t < from)..times.partition_point(|&t| t <= to);
        if rows.is_empty() {
            return None;
        }
        let axis = Axis { start: times[rows.start], end: times[rows.end - 1] + second };
        let per = rows.len().div_ceil(BINS);
        Some(Self { results, rows, per, axis, settled })
    }

    /// The width of a bin (s).
    pub(super) fn width(&self) -> f64 {
        self.per as f64 * f64::from(self.results.timeseries.bin_seconds)
    }

    /// Where the bins start.
    pub(super) fn starts(&self) -> Vec<f64> {
        (0..self.rows.len().div_ceil(self.per)).map(|i| self.axis.start + i as f64 * self.width()).collect()
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
