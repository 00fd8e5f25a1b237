//! The difference of two policies that met the same accidents: replication by replication.

use super::anytime;
use super::robust::{Level, mean, mean_interval};

pub use super::verdict::{Better, Verdict, verdict};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole events, such as dropped requests: seeing none is not knowing that there are none.
    Count,
    /// Anything else, such as a time or a share.
    Value,
}

/// A policy's figure minus the baseline's, over replications with common random numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The mean of policy − baseline, in the figure's unit.
    pub mean: f64,
    /// Its 95 % interval, as if this were the only figure; `None` where there were too few replications.
    pub ci95: Option<[f64; 2]>,
    /// The interval that holds with 95 % confidence in *all* figures that are compared at once (Bonferroni).
    pub simultaneous: Option<[f64; 2]>,
}

/// The probability that a statement of a comparison is wrong.
const ERROR: f64 = 0.05;

/// The mean difference policy − baseline over a number of replications that was fixed beforehand, with its intervals.
///
/// `comparisons` is the number of figures and policies that are looked at together; `simultaneous` is at 1 − 0.05 /
/// `comparisons`. `None` unless there are equally many values on both sides, at least one, all of them finite.
///
/// The intervals are the hull of Student's t of the differences and of one that does not need them to be normal; the method
/// and its measured coverage are in `docs/statistics.md`. Where all differences of a count were 0, in two replications or
/// more, either policy may still have more of these rare events: ± −ln(0.025)/n, that is 3.69/n. A value that never
/// differed has the interval [0, 0].
///
/// **Not covered**: large and rare bursts of which none was seen, for which no method can.
pub fn paired(baseline: &[f64], policy: &[f64], kind: Kind, comparisons: usize) -> Option<Difference> {
    difference(baseline, policy, kind, comparisons, |n, error| Some(Level::fixed(n, error)))
}

/// [`paired`] where replications are added until it is decided: its intervals hold at every look
/// ([`anytime_interval`](super::anytime::anytime_interval)), and need 7 replications or more.
pub fn paired_anytime(baseline: &[f64], policy: &[f64], kind: Kind, comparisons: usize) -> Option<Difference> {
    difference(baseline, policy, kind, comparisons, anytime::level)
}

fn difference(
    baseline: &[f64],
    policy: &[f64],
    kind: Kind,
    comparisons: usize,
    level: impl Fn(usize, f64) -> Option<Level>,
) -> Option<Difference> {
    let differences: Vec<f64> = policy.iter().zip(baseline).map(|(p, b)| p - b).collect();
    if baseline.len() != policy.len() || differences.is_empty() || !differences.iter().all(|d| d.is_finite()) {
        return None;
    }
    let n = differences.len();
    let interval = |error: f64| {
        if n < 2 {
            return None;
        }
        if kind == Kind::Count && differences.iter().all(|&d| d == 0.0) {
            let bound = -libm::log(error / 2.0) / n as f64;
            return Some([-bound, bound]);
        }
        mean_interval(&differences, level(n, error)?, super::Range::Any, kind == Kind::Count)
    };
    let ci95 = interval(ERROR);
    let simultaneous = if comparisons > 1 { interval(ERROR / comparisons as f64) } else { ci95 };
    Some(Difference { mean: mean(&differences), ci95, simultaneous })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_policy_minus_baseline() {
        // Differences 1..=10, whose interval `estimate.rs` has from a table.
        let baseline: Vec<f64> = (0..10).map(|i| f64::from(i * i)).collect();
        let policy: Vec<f64> = (0..10).map(|i| f64::from(i * i + i + 1)).collect();
        let d = paired(&baseline, &policy, Kind::Value, 1).expect("equally many");
        let [low, high] = d.ci95.expect("ten");
        assert_eq!((d.mean, d.simultaneous), (5.5, d.ci95));
        assert!((low - 3.334_149_410_386_061).abs() < 1e-8 && (high - 7.665_850_589_613_939).abs() < 1e-8);
    }

    #[test]
    fn more_comparisons_and_more_looks_widen() {
        let policy: Vec<f64> = (1..=20).map(f64::from).collect();
        let width = |i: Option<[f64; 2]>| i.map(|[low, high]| high - low).expect("an interval");
        let d = paired(&[0.0; 20], &policy, Kind::Value, 10).expect("equally many");
        // t(0.9975, 19) / t(0.975, 19) = 3.1737 / 2.0930.
        assert!((width(d.simultaneous) / width(d.ci95) - 3.173_7 / 2.093_0).abs() < 1e-3);
        let any = paired_anytime(&[0.0; 20], &policy, Kind::Value, 10).expect("equally many");
        assert_eq!(any.mean, d.mean);
        assert!(width(any.ci95) > width(d.ci95) && width(any.simultaneous) > width(any.ci95));
    }

    #[test]
    fn no_difference_seen_is_a_bound_for_counts_and_certainty_for_values() {
        let zero = [4.0; 10];
        let d = paired(&zero, &zero, Kind::Count, 1).expect("equally many");
        let [low, high] = d.ci95.expect("ten");
        assert!((high - 0.368_887_945_4).abs() < 1e-9 && low == -high);
        let many = paired(&zero, &zero, Kind::Count, 20).and_then(|d| d.simultaneous).expect("ten");
        assert!((many[1] - 0.668_461_172_8).abs() < 1e-9, "−ln(0.00125)/10");
        assert_eq!(paired(&zero, &zero, Kind::Value, 3).and_then(|d| d.simultaneous), Some([0.0, 0.0]));
    }

    #[test]
    fn equal_counts_are_no_law_until_there_are_enough() {
        let judge = |n: usize| {
            let d = paired(&vec![1.0; n], &vec![0.0; n], Kind::Count, 1).expect("equally many");
            verdict(&d, 0.0, Better::Lower)
        };
        assert_eq!((judge(2), judge(5), judge(20)), (Verdict::Undecided, Verdict::Undecided, Verdict::Better));
    }

    #[test]
    fn what_cannot_be_compared_is_not() {
        assert_eq!(paired(&[1.0], &[1.0, 2.0], Kind::Value, 1), None);
        assert_eq!(paired(&[], &[], Kind::Value, 1), None);
        assert_eq!(paired(&[1.0, f64::INFINITY], &[1.0, 2.0], Kind::Value, 1), None);
        let one = paired(&[1.0], &[3.0], Kind::Value, 0).expect("one");
        assert_eq!((one.mean, one.ci95, one.simultaneous), (2.0, None, None));
        let few = paired_anytime(&[1.0; 6], &[3.0, 4.0, 5.0, 3.0, 4.0, 5.0], Kind::Value, 0).expect("six");
        assert_eq!((few.mean, few.ci95), (3.0, None));
    }
}
