//! A mean over replications, with how far it can be trusted.

use serde::{Deserialize, Serialize};

use super::bound::poisson_upper;
use super::student::t975;

/// A mean over independent replications and its 95 % confidence interval.
///
/// The interval is Student's t, `mean ± t(0.975, n − 1) · s / √n`, cut to the [`Range`] of what is possible. It takes the
/// replications for independent and their mean for nearly normal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The arithmetic mean.
    pub mean: f64,
    /// Its 95 % interval; `None` where there was one value only.
    pub ci95: Option<[f64; 2]>,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

/// What values of a quantity are possible; intervals are cut to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Any number, for instance a difference.
    Any,
    /// 0 and above.
    NotNegative,
    /// A share.
    Unit,
    /// A number of things of which there are so many.
    Of(u32),
}

impl Range {
    /// The possible value next to `x`.
    pub(super) fn cut(self, x: f64) -> f64 {
        match self {
            Self::Any => x,
            Self::NotNegative => x.max(0.0),
            Self::Unit => x.clamp(0.0, 1.0),
            Self::Of(most) => x.clamp(0.0, f64::from(most)),
        }
    }
}

impl Estimate {
    /// The mean of `values`, summed in their order; `None` where there is none.
    pub fn of(values: &[f64], range: Range) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        Some(Self::about(values.iter().sum::<f64>() / values.len() as f64, values, range))
    }

    /// The mean of counts of independent rare events, summed in integers.
    ///
    /// Where n ≥ 2 counts were all 0, the interval is [0, 3.00/n] ([`poisson_upper`]).
    pub fn of_counts(counts: &[u64]) -> Option<Self> {
        let n = counts.len();
        if n == 0 {
            return None;
        }
        let sum: u128 = counts.iter().map(|&c| u128::from(c)).sum();
        if sum == 0 && n > 1 {
            return Some(Self { mean: 0.0, ci95: Some([0.0, poisson_upper(n)]), min: 0.0, max: 0.0 });
        }
        let values: Vec<f64> = counts.iter().map(|&c| c as f64).collect();
        Some(Self::about(sum as f64 / n as f64, &values, Range::NotNegative))
    }

    /// The mean of the rates count / seconds. Where n ≥ 2 counts were all 0, the bound of [`Estimate::of_counts`] over
    /// the mean time; what took no time has no rate.
    pub fn of_rates(counts: &[(u64, f64)]) -> Option<Self> {
        let timed: Vec<(u64, f64)> = counts.iter().copied().filter(|&(_, s)| s > 0.0).collect();
        let n = timed.len();
        if n > 1 && timed.iter().all(|&(c, _)| c == 0) {
            let seconds = timed.iter().map(|&(_, s)| s).sum::<f64>() / n as f64;
            return Some(Self { mean: 0.0, ci95: Some([0.0, poisson_upper(n) / seconds]), min: 0.0, max: 0.0 });
        }
        let rates: Vec<f64> = timed.iter().map(|&(c, s)| c as f64 / s).collect();
        Self::of(&rates, Range::NotNegative)
    }

    /// This estimate in a unit that is `unit` times as large: everything divided by it.
    #[must_use]
    pub fn per(self, unit: f64) -> Self {
        Self {
            mean: self.mean / unit,
            ci95: self.ci95.map(|ci| ci.map(|x| x / unit)),
            min: self.min / unit,
            max: self.max / unit,
        }
    }

    fn about(mean: f64, values: &[f64], range: Range) -> Self {
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Rounding must not put the mean of equal values beside them.
        let mean = mean.clamp(min, max);
        let ci95 = half_width(mean, values).map(|h| [range.cut(mean - h), range.cut(mean + h)]);
        Self { mean, ci95, min, max }
    }
}

/// Half the width of the 95 % interval of the mean; `None` for fewer than two values.
fn half_width(mean: f64, values: &[f64]) -> Option<f64> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let freedom = (n - 1) as f64;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / freedom;
    Some(t975(n - 1) * libm::sqrt(variance / n as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Stream, Streams};

    #[test]
    fn known_intervals_come_out() {
        // t(0.975, 9) = 2.262157162740992; values 1..=10: mean 5.5, s = 3.0276503540974917.
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let e = Estimate::of(&values, Range::NotNegative).expect("values");
        let [lo, hi] = e.ci95.expect("an interval");
        assert_eq!((e.mean, e.min, e.max), (5.5, 1.0, 10.0));
        assert!((lo - 3.334_149_410_386_061).abs() < 1e-8 && (hi - 7.665_850_589_613_939).abs() < 1e-8, "{lo} {hi}");
        // t(0.975, 1) = 12.7062047364.
        let [lo, hi] = Estimate::of(&[1.0, 3.0], Range::Any).and_then(|e| e.ci95).expect("an interval");
        assert!((lo + 10.706_204_736_4).abs() < 1e-6 && (hi - 14.706_204_736_4).abs() < 1e-6, "{lo} {hi}");
    }

    #[test]
    fn intervals_are_cut_to_what_is_possible() {
        let ci = |range| Estimate::of(&[0.0, 1.0], range).and_then(|e| e.ci95).expect("an interval");
        assert!(ci(Range::Any)[0] < 0.0 && ci(Range::Any)[1] > 1.0);
        assert!(ci(Range::NotNegative)[0] == 0.0 && ci(Range::NotNegative)[1] > 1.0);
        assert_eq!(ci(Range::Unit), [0.0, 1.0]);
    }

    #[test]
    fn nothing_seen_has_a_bound_and_one_value_no_interval() {
        let ten = Estimate::of_counts(&[0; 10]).expect("values");
        assert_eq!((ten.mean, ten.max), (0.0, 0.0));
        assert_eq!(ten.ci95, Some([0.0, poisson_upper(10)]));
        assert_eq!(Estimate::of_counts(&[7]).map(|e| e.ci95), Some(None));
        assert_eq!(Estimate::of_counts(&[0]).map(|e| e.ci95), Some(None));
        assert_eq!(Estimate::of_counts(&[]), None);
        assert_eq!(Estimate::of_rates(&[(0, 30.0); 10]).and_then(|e| e.ci95), Some([0.0, poisson_upper(10) / 30.0]));
        assert_eq!(Estimate::of_rates(&[(60, 30.0), (60, 15.0), (9, 0.0)]).map(|e| e.mean), Some(3.0));
        assert_eq!(Estimate::of(&[], Range::Any), None);
    }

    #[test]
    fn equal_values_give_exactly_themselves() {
        let e = Estimate::of(&[0.1; 10], Range::Any).expect("values");
        assert_eq!((e.mean, e.ci95), (0.1, Some([0.1, 0.1])));
    }

    /// Share of 4000 experiments whose interval holds the truth, against 95 % ± 3 binomial standard errors.
    fn assert_covers(truth: f64, mut experiment: impl FnMut(u64) -> Option<Estimate>) {
        const TRIALS: u32 = 4_000;
        let hits = (0..u64::from(TRIALS))
            .filter(|&i| {
                let [lo, hi] = experiment(i).and_then(|e| e.ci95).expect("an interval");
                (lo..=hi).contains(&truth)
            })
            .count();
        let share = hits as f64 / f64::from(TRIALS);
        let error = 3.0 * libm::sqrt(0.95 * 0.05 / f64::from(TRIALS));
        assert!((share - 0.95).abs() < error, "{share} covered");
    }

    /// Box and Muller's.
    fn normal(s: &mut Stream) -> f64 {
        libm::sqrt(-2.0 * libm::log(s.open01())) * libm::cos(std::f64::consts::TAU * s.open01())
    }

    /// Knuth's: uniforms multiplied until they fall below exp(−mean).
    fn poisson(s: &mut Stream, mean: f64) -> u64 {
        let limit = libm::exp(-mean);
        let mut product = s.open01();
        let mut n = 0;
        while product > limit {
            product *= s.open01();
            n += 1;
        }
        n
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let streams = Streams::new(11, 0);
        for n in [2, 10, 30] {
            assert_covers(3.0, |i| {
                let mut s = streams.stream(Purpose::Service, i * 100 + n);
                Estimate::of(&(0..n).map(|_| 3.0 + normal(&mut s)).collect::<Vec<_>>(), Range::Any)
            });
        }
        assert_covers(20.0, |i| {
            let mut s = streams.stream(Purpose::Arrival, i);
            Estimate::of_counts(&(0..10).map(|_| poisson(&mut s, 20.0)).collect::<Vec<_>>())
        });
    }

    #[test]
    fn the_bound_of_nothing_is_wrong_once_in_twenty() {
        // With a true mean just above the bound, "all 0" is seen with 5 % and only then is the bound wrong.
        let truth = poisson_upper(10) * 1.000_001;
        let streams = Streams::new(12, 0);
        let wrong = (0..4_000)
            .filter(|&i| {
                let mut s = streams.stream(Purpose::Arrival, i);
                (0..10).all(|_| poisson(&mut s, truth) == 0)
            })
            .count();
        let error = 3.0 * libm::sqrt(0.95 * 0.05 * 4_000.0);
        assert!((wrong as f64 - 200.0).abs() < error, "{wrong} of 4000");
    }
}
