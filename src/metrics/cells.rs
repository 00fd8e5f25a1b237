//! Counts by cell of a log-linear scale: what a latency costs to record is a shift, an addition, and no branch that misses.
//!
//! Values up to 2,047 have a cell each; above, each power of two is cut into 1,024 cells, so a cell is at most 0.1 % wide:
//! the resolution of an HDR histogram of three digits, and its answers (a test holds both). Cells are there from the first
//! count on, up to the power of two that was reached: a copy of a collector takes what was measured.

use std::ops::Range;

use super::replication::LatencyTally;

/// Cells of one power of two, and twice as many below the first: log2 of that.
const BITS: u32 = 11;
/// One hour (µs): what is longer counts as this.
const MAX: u64 = 3_600_000_000;
const CELLS: usize = cell(MAX) + 1;
/// Powers of two, rounded up to one of them.
const OCTAVES: usize = (((CELLS - 1) >> (BITS - 1)) + 1).next_power_of_two();

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

/// Counts by cell, and by power of two.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    counts: Vec<u64>,
    /// How many there are in each power of two, the cells below the first taken for two of them: a quantile looks at the cells of one alone.
    octaves: [u64; OCTAVES],
}

impl Cells {
    pub(super) const fn new() -> Self {
        Self { counts: Vec::new(), octaves: [0; OCTAVES] }
    }

    /// Counts one in `cell`.
    #[inline]
    pub(super) fn count(&mut self, cell: usize) {
        match self.counts.get_mut(cell) {
            Some(count) => *count += 1,
            None => self.count_beyond(cell),
        }
        // The remainder spares the check of the index.
        self.octaves[(cell >> (BITS - 1)) % OCTAVES] += 1;
    }

    /// Counts the first one in a power of two that nothing has reached yet.
    #[cold]
    #[inline(never)]
    fn count_beyond(&mut self, cell: usize) {
        let cells = (((cell >> (BITS - 1)) + 1) << (BITS - 1)).min(CELLS);
        self.counts.reserve_exact(cells - self.counts.len());
        self.counts.resize(cells, 0);
        self.counts[cell] += 1;
    }

    /// What it takes beside itself (bytes).
    pub(super) const fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u64>()
    }

    /// The upper edge of the cell that holds the `p`-quantile (s); `None` where nothing was counted.
    pub(super) fn quantile(&self, p: f64) -> Option<f64> {
        self.quantile_us(p).map(|us| us as f64 / 1e6)
    }

    /// The same in µs.
    fn quantile_us(&self, p: f64) -> Option<u64> {
        let mut left = libm::ceil(p * self.total() as f64).max(1.0) as u64;
        let octave = self.octaves.iter().position(|&count| {
            let there = count >= left;
            left -= if there { 0 } else { count };
            there
        })?;
        self.cells_of(octave).find_map(|i| {
            let there = self.counts[i] >= left;
            left -= if there { 0 } else { self.counts[i] };
            there.then(|| upper(i))
        })
    }

    /// How many there are.
    fn total(&self) -> u64 {
        self.octaves.iter().sum()
    }

    /// The cells of a power of two that was reached.
    fn cells_of(&self, octave: usize) -> Range<usize> {
        let start = octave << (BITS - 1);
        start..(start + (1 << (BITS - 1))).min(self.counts.len())
    }

    /// Forgets everything.
    pub(super) fn reset(&mut self) {
        for octave in 0..OCTAVES {
            if std::mem::take(&mut self.octaves[octave]) > 0 {
                let cells = self.cells_of(octave);
                self.counts[cells].fill(0);
            }
        }
    }

    /// What a result needs of the counts: not one of them is below 1 µs.
    pub(super) fn tally(&self) -> LatencyTally {
        let quantile = |p| self.quantile_us(p).map_or(0, |us| us.max(1));
        LatencyTally {
            count: self.total(),
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            p999: quantile(0.999),
        }
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;

    use super::*;
    use crate::engine::{Purpose, Streams};

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
        }
        cells.reset();
        assert_eq!((cells.quantile(0.5), cells.counts.iter().sum::<u64>()), (None, 0));
    }

    #[test]
    fn they_answer_as_an_hdr_histogram_of_three_digits_does() {
        for seed in 0..200 {
            let mut draw = Streams::new(seed, 0).stream(Purpose::Service, 0);
            let mut cells = Cells::new();
            let mut histogram = Histogram::<u64>::new_with_bounds(1, MAX, 3).expect("constant bounds are in order");
            // From none at all to thousands, of any order of magnitude, none and more than an hour among them.
            for _ in 0..draw.below(1 << (seed % 13)) {
                let us = draw.bits() >> (20 + draw.below(45)).min(63);
                cells.count(cell(us));
                histogram.saturating_record(us.clamp(1, MAX));
            }
            let LatencyTally { count, p50, p90, p99, p999 } = cells.tally();
            assert_eq!(count, histogram.len());
            for (p, got) in [(0.5, p50), (0.9, p90), (0.99, p99), (0.999, p999)] {
                assert_eq!(got, histogram.value_at_quantile(p), "seed {seed}, {p}");
            }
        }
    }
}
