//! The difference of two policies of which only means and intervals are left: what either met is forgotten.

use super::Estimate;
use super::paired::Difference;
use super::student::{t975, two_sided};

/// The probability that a statement of a comparison is wrong.
const ERROR: f64 = 0.05;

/// The mean difference policy − baseline of independent estimates over `replications` (of the baseline, of the policy), with
/// Welch's intervals: standard errors are taken back from the 95 % intervals, on the longer side where one was cut.
/// `comparisons` as in [`paired`](super::paired::paired). `None` where either has no interval.
///
/// Pairs would cancel what both met; without them the interval is wider, never wrong. An interval that was made for many
/// looks is wider than Student's t, and so is what comes of it.
pub fn unpaired(
    baseline: &Estimate,
    policy: &Estimate,
    replications: [u32; 2],
    comparisons: usize,
) -> Option<Difference> {
    let error_of = |e: &Estimate, n: u32| {
        let [low, high] = e.ci95.filter(|_| n >= 2)?;
        Some((high - e.mean).max(e.mean - low) / t975(n as usize - 1))
    };
    let squares =
        [error_of(baseline, replications[0]).map(|s| s * s)?, error_of(policy, replications[1]).map(|s| s * s)?];
    let sum = squares[0] + squares[1];
    // Welch and Satterthwaite: the degrees of freedom that two unlike variances are worth.
    let spent: f64 = squares.iter().zip(replications).map(|(s, n)| s * s / f64::from(n - 1)).sum();
    let freedom = if spent > 0.0 { libm::floor(sum * sum / spent).max(1.0) as usize } else { 1 };
    let mean = policy.mean - baseline.mean;
    let interval = |error: f64| {
        let half = two_sided(freedom, error) * libm::sqrt(sum);
        Some([mean - half, mean + half])
    };
    let ci95 = interval(ERROR);
    let simultaneous = if comparisons > 1 { interval(ERROR / comparisons as f64) } else { ci95 };
    Some(Difference { mean, ci95, simultaneous })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Range;

    fn estimate(values: &[f64]) -> Estimate {
        Estimate::of(values, Range::Any).expect("values")
    }

    #[test]
    fn a_textbook_example_comes_out() {
        // s²/n = 2.5/5 = 0.5 and 10/5 = 2; t(0.975, floor(5.88)) = 2.570582.
        let (a, b) = (estimate(&[1.0, 2.0, 3.0, 4.0, 5.0]), estimate(&[2.0, 4.0, 6.0, 8.0, 10.0]));
        let d = unpaired(&a, &b, [5, 5], 1).expect("intervals");
        let half = 2.570_581_836 * libm::sqrt(2.5);
        let [low, high] = d.ci95.expect("an interval");
        assert!((low - (3.0 - half)).abs() < 1e-6 && (high - (3.0 + half)).abs() < 1e-6, "{low} {high}");
        let wide = unpaired(&a, &b, [5, 5], 10).and_then(|d| d.simultaneous).expect("an interval");
        assert!(wide[0] < low && wide[1] > high);
    }

    #[test]
    fn what_never_varied_differs_for_sure_and_one_replication_says_nothing() {
        let (a, b) = (estimate(&[4.0; 10]), estimate(&[5.0; 10]));
        assert_eq!(unpaired(&a, &b, [10, 10], 3).and_then(|d| d.simultaneous), Some([1.0, 1.0]));
        assert_eq!(unpaired(&estimate(&[1.0]), &b, [1, 10], 1), None);
    }

    #[test]
    fn the_bound_of_what_was_never_seen_is_part_of_the_interval() {
        let zero = Estimate::of_counts(&[0; 10]).expect("values");
        let [low, high] = unpaired(&zero, &zero, [10, 10], 1).and_then(|d| d.ci95).expect("an interval");
        assert!(low < -0.29 && high > 0.29, "{low} {high}");
    }
}
