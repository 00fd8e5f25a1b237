//! Counts by cell of a log-linear scale: what a latency costs to record is a shift, an addition, and no branch that misses.
//!
//! Values up to 2,047 have a cell each; above, each power of two is cut into 1,024 cells, so a cell is at most 0.1 % wide:
//! the resolution of an HDR histogram of three digits, into which the counts are poured in the end.

use hdrhistogram::Histogram;

/// Cells of one power of two, and twice as many below the first: log2 of that.
const BITS: u32 = 11;
/// One hour (µs): what is longer counts as this.
const MAX: u64 = 3_600_000_000;
const CELLS: usize = cell(MAX) + 1;

/// The cell of a latency (µs).
#[inline]
pub(super) const fn cell(us: u64) -> usize {
    let us = if us > MAX { MAX } else { us };
    let shift = (u64::BITS - us.leading_zeros()).saturating_sub(BITS);
    ((shift as usize) << (BITS - 1)) + (us >> shift) as usize
}

/// The largest latency of a cell (µs).
const fn upper(cell: usize) -> u64 {
    let shift = (cell >> (BITS - 1)).saturating_sub(1);
    let within = (cell - (shift << (BITS - 1))) as u64;
    ((within + 1) << shift) - 1
}

/// Counts by cell, and the range of those that are not 0.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    counts: Vec<u64>,
    lowest: usize,
    highest: usize,
    total: u64,
}

impl Cells {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; CELLS], lowest: CELLS, highest: 0, total: 0 }
    }

    /// Counts one in `cell`.
    #[inline]
    pub(super) fn count(&mut self, cell: usize) {
        self.counts[cell] += 1;
        self.lowest = self.lowest.min(cell);
        self.highest = self.highest.max(cell);
        self.total += 1;
    }

    /// The upper edge of the cell that holds the `p`-quantile (s); `None` where nothing was counted.
    pub(super) fn quantile(&self, p: f64) -> Option<f64> {
        let rank = libm::ceil(p * self.total as f64).max(1.0) as u64;
        let mut seen = 0;
        (self.lowest..=self.highest.min(CELLS - 1)).find_map(|i| {
            seen += self.counts[i];
            (seen >= rank).then(|| upper(i) as f64 / 1e6)
        })
    }

    /// Forgets everything.
    pub(super) fn reset(&mut self) {
        if self.total > 0 {
            self.counts[self.lowest..=self.highest].fill(0);
        }
        (self.lowest, self.highest, self.total) = (CELLS, 0, 0);
    }

    /// The counts as an HDR histogram of three digits (µs).
    pub(super) fn histogram(&self) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(1, MAX, 3).expect("constant bounds are in order");
        for i in self.lowest..=self.highest.min(CELLS - 1) {
            if self.counts[i] > 0 {
                histogram.saturating_record_n(upper(i).clamp(1, MAX), self.counts[i]);
            }
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_tile_the_scale() {
        let mut edge = 0;
        for c in 1..CELLS {
            assert_eq!(cell(edge + 1), c);
            edge = upper(c);
            assert!(edge == u64::MAX || cell(edge.min(MAX)) == c);
            let width = edge - upper(c - 1);
            assert!(c < 2048 || (width as f64) < 0.001 * edge as f64, "cell {c} is {width} wide at {edge}");
        }
        assert_eq!(cell(u64::MAX), cell(MAX));
    }

    #[test]
    fn quantiles_are_upper_edges_within_a_thousandth() {
        let mut cells = Cells::new();
        (1..=100_000).for_each(|us| cells.count(cell(us)));
        for p in [0.01, 0.5, 0.99, 0.999] {
            let (got, exact) = (cells.quantile(p).unwrap(), p * 0.1);
            assert!((exact..exact * 1.001).contains(&got), "{p}: {got}");
            let hdr = cells.histogram().value_at_quantile(p) as f64 / 1e6;
            assert!((hdr / exact - 1.0).abs() < 0.002, "{p}: {hdr}");
        }
        cells.reset();
        assert_eq!((cells.quantile(0.5), cells.counts.iter().sum::<u64>()), (None, 0));
    }
}
