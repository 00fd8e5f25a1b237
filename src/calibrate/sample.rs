//! Times that were measured, each between two bounds, and what they say of quantiles.

use std::collections::BTreeMap;

use crate::stats::quantile_ranks;

/// Digits that a time keeps: a ten-thousandth is beneath what any log can tell.
const DIGITS: f64 = 1e4;

/// Times, each known up to its log's resolution.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Counts by lower and upper bound (ns).
    counts: BTreeMap<(u64, u64), u64>,
    total: u64,
    /// Of the middles (s).
    sum: f64,
}

/// So many times, all of which lie between two bounds (s).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// How many.
    pub count: u64,
    /// The least that they were.
    pub low: f64,
    /// The most.
    pub high: f64,
}

/// A quantile of a sample, and between which times it lies with 95 % confidence (s).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// Its estimate: within the piece that it falls into, by its share.
    pub value: f64,
    /// The lower bound; `None` where there are too few samples for one.
    pub low: Option<f64>,
    /// The upper bound.
    pub high: Option<f64>,
}

impl Sample {
    /// Adds `count` times between these bounds (s).
    pub fn add(&mut self, low: f64, high: f64, count: u64) {
        if count == 0 || !(low >= 0.0 && low <= high && high < 1e9) {
            return;
        }
        let (low, high) = (rounded(low), rounded(high));
        *self.counts.entry((low, high)).or_insert(0) += count;
        self.total += count;
        self.sum += count as f64 * f64::midpoint(low as f64, high as f64) / 1e9;
    }

    /// How many there are.
    pub const fn len(&self) -> u64 {
        self.total
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Their mean (s); 0 of none.
    pub fn mean(&self) -> f64 {
        if self.total == 0 { 0.0 } else { self.sum / self.total as f64 }
    }

    /// All of them in rising order.
    pub fn pieces(&self) -> Vec<Piece> {
        let seconds = |ns: u64| ns as f64 / 1e9;
        self.counts
            .iter()
            .map(|(&(low, high), &count)| Piece { count, low: seconds(low), high: seconds(high) })
            .collect()
    }

    /// The `p`-quantile with its interval, which supposes nothing about the distribution.
    pub fn quantile(&self, p: f64) -> Option<Quantile> {
        let pieces = self.pieces();
        let at = |rank: u64| {
            let mut upto = 0;
            pieces.iter().find(|piece| {
                upto += piece.count;
                upto >= rank
            })
        };
        let rank = p * self.total as f64;
        let mut before = 0;
        let piece = pieces.iter().find(|piece| {
            before += piece.count;
            before as f64 >= rank
        })?;
        let inside = 1.0 - (before as f64 - rank) / piece.count as f64;
        let value = piece.low + inside.clamp(0.0, 1.0) * (piece.high - piece.low);
        let (low, high) = quantile_ranks(self.total, p);
        Some(Quantile { value, low: low.and_then(at).map(|p| p.low), high: high.and_then(at).map(|p| p.high) })
    }

    /// The same in at most some hundred pieces, each a fiftieth wide, for what looks at each many times.
    pub fn coarse(&self) -> Vec<Piece> {
        let mut coarse: Vec<Piece> = Vec::new();
        for piece in self.pieces() {
            match coarse.last_mut() {
                // Logs of unlike resolution overlap.
                Some(last) if piece.high <= last.low * 1.02 || piece.low < last.high => {
                    last.count += piece.count;
                    last.high = last.high.max(piece.high);
                }
                _ => coarse.push(piece),
            }
        }
        coarse
    }
}

/// In nanoseconds, to four digits.
fn rounded(seconds: f64) -> u64 {
    let ns = libm::round(seconds * 1e9);
    let mut unit = 1.0;
    while ns / unit >= DIGITS {
        unit *= 10.0;
    }
    (libm::round(ns / unit) * unit) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_many_have_both_bounds_and_of_few_not() {
        let mut sample = Sample::default();
        for ms in 1..=1000 {
            let at = f64::from(ms) / 1e3;
            sample.add(at, at, 1);
        }
        assert_eq!(sample.len(), 1000);
        assert!((sample.mean() - 0.5005).abs() < 1e-12);
        let median = sample.quantile(0.5).expect("there are samples");
        assert_eq!((median.value, median.low, median.high), (0.5, Some(0.469), Some(0.532)));
        let mut few = Sample::default();
        for ms in 1..=50 {
            few.add(f64::from(ms) / 1e3, f64::from(ms) / 1e3, 1);
        }
        let p99 = few.quantile(0.99).expect("there are samples");
        assert!(p99.low.is_some() && p99.high.is_none(), "{p99:?}");
        assert_eq!(Sample::default().quantile(0.5), None);
    }

    #[test]
    fn what_lies_within_a_bucket_is_spread_over_it() {
        let mut sample = Sample::default();
        sample.add(0.0, 0.1, 100);
        sample.add(0.1, 0.2, 100);
        let at = |p: f64| sample.quantile(p).expect("there are samples").value;
        assert!((at(0.25) - 0.05).abs() < 1e-12 && (at(0.75) - 0.15).abs() < 1e-12);
        // Nonsense is left out.
        sample.add(-1.0, 1.0, 5);
        sample.add(1.0, f64::NAN, 5);
        assert_eq!(sample.len(), 200);
    }

    #[test]
    fn times_keep_four_digits() {
        assert_eq!(
            [rounded(0.123_456_789), rounded(12.3456), rounded(1e-9), rounded(0.001)],
            [123_500_000, 12_350_000_000, 1, 1_000_000]
        );
    }
}
