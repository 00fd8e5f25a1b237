//! A mean of replications that one looks at after every one of them.
//!
//! An interval for a fixed number of replications is wrong once in twenty *at that number*. Whoever adds replications
//! until the interval pleases looks often, and is wrong far more often: four times in ten within 500 looks. The intervals
//! here are right at all looks at once, with the confidence that they name, so that one may stop whenever one likes.

use super::bound::{CONFIDENCE, poisson_upper};
use super::estimate::Range;
use super::robust::{Level, mean_interval};

/// The variance of the effects that the test bets on, in variances of one value. Any is valid; the interval is narrowest
/// of its kind where n · SPREAD is about 8, which is at some 30 replications.
const SPREAD: f64 = 0.25;

/// The interval of the mean of `values` that holds at every look, cut to what is possible.
///
/// `None` for fewer replications than can tell (7 at 95 %), for values that are no finite numbers, and for a confidence
/// outside (0, 1). It rests on a test martingale: for independent normal values, with t Student's statistic of the first n
/// for mean m, ν = n − 1 and g = 1/4,
///
/// ```text
/// e_n(m) = (1 + n g)^(−1/2) · [ (1 + t²/ν) / (1 + t²/(ν (1 + n g))) ]^((ν + 1)/2)
/// ```
///
/// is a likelihood ratio of the t statistics, with effects that are normal with variance g against none. Under m its mean
/// is 1 at every n, so that it *ever* reaches 1/α with probability α at most (Ville, 1939); the interval is every m where it
/// has not. That is Student's t with more standard errors: 4.8 at 10 replications, 3.3 at 30, 3.2 at 100. The ratio is that
/// of Gönen et al. (2005); that it is a martingale, Wang and Ramdas (2024) show, after Lai (1976).
///
/// Data that are not normal get the room that a fixed number of replications would get at the same probability, by the
/// unseen value that [`paired`](super::paired::paired) adds too. That part is measured, not proven (`docs/statistics.md`).
///
/// **Not covered**: what never happened yet. Values that are all equal have an interval of no width, and of rare bursts
/// nothing is known until the first.
pub fn anytime_interval(values: &[f64], range: Range, confidence: f64) -> Option<[f64; 2]> {
    mean_interval(values, level(values.len(), 1.0 - confidence)?, range, false)
}

/// The 95 % interval of the mean of counts per replication that holds at every look.
///
/// Where all n ≥ 2 counts were 0 it is [0, −ln(0.05)/n], the bound of [`poisson_upper`], and *that holds at every look*.
/// With a true mean λ it is wrong at look n if all n counts were 0 and n > −ln(0.05)/λ. Let n₀ be the first such n. To be
/// wrong at any later look, all counts until then must be 0, the first n₀ among them. So being wrong *ever* is one event,
/// "the first n₀ are all 0", and its probability is exp(−n₀ λ) < 0.05. As there, events are taken for independent: of
/// bursts this bounds how many there are, not their size.
///
/// Once an event was seen it is [`anytime_interval`], wide enough for what is mostly 0.
pub fn anytime_counts(counts: &[u64]) -> Option<[f64; 2]> {
    let n = counts.len();
    if n > 1 && counts.iter().all(|&c| c == 0) {
        return Some([0.0, poisson_upper(n)]);
    }
    let values: Vec<f64> = counts.iter().map(|&c| c as f64).collect();
    anytime_interval(&values, Range::NotNegative, CONFIDENCE)
}

/// What every look at `n` values takes for all looks to be wrong with probability `error` at most.
pub(super) fn level(n: usize, error: f64) -> Option<Level> {
    // e_n(m) < 1/α solved for y = t²/ν: (1 + y) / (1 + y / (1 + n g)) < A, where A = ((1 + n g) / α²)^(1/n).
    if n < 2 || !(0.0 < error && error < 1.0) {
        return None;
    }
    let (count, wider) = (n as f64, 1.0 + n as f64 * SPREAD);
    let limit = libm::exp((libm::log(wider) - 2.0 * libm::log(error)) / count);
    // Left of A's own limit, 1 + n g, every mean is possible still.
    (limit < wider).then(|| {
        let y = (limit - 1.0) / (1.0 - limit / wider);
        Level::of_t(n, libm::sqrt(y * (count - 1.0)))
    })
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Continuous, StudentsT};

    use super::super::robust::student_interval;
    use super::*;

    /// The martingale as it is written above.
    fn e(n: usize, t: f64) -> f64 {
        let (nu, wider) = ((n - 1) as f64, 1.0 + n as f64 * SPREAD);
        let ratio = (1.0 + t * t / nu) / (1.0 + t * t / (nu * wider));
        libm::pow(ratio, n as f64 / 2.0) / libm::sqrt(wider)
    }

    #[test]
    fn its_mean_is_one_where_there_is_no_effect() {
        for n in [3, 10, 40] {
            let student = StudentsT::new(0.0, 1.0, (n - 1) as f64).expect("valid");
            // Over t = sinh u, which makes light work of the tails.
            let step = 0.001;
            let mean: f64 = (-30_000..=30_000)
                .map(|i| f64::from(i) * step)
                .map(|u| e(n, libm::sinh(u)) * student.pdf(libm::sinh(u)) * libm::cosh(u) * step)
                .sum();
            assert!((mean - 1.0).abs() < 1e-6, "{n}: {mean}");
        }
    }

    #[test]
    fn the_interval_ends_where_the_martingale_has_reached_its_limit() {
        for (n, error) in [(7, 0.05), (10, 0.05), (30, 0.05), (500, 0.05), (12, 0.001), (60, 0.001)] {
            // 0, 1, 0, 1, …: mean and error are known, so the multiplier can be read off.
            let values: Vec<f64> = (0..n).map(|i| f64::from(i % 2)).collect();
            let [low, high] = student_interval(&values, level(n as usize, error).expect("enough")).expect("finite");
            let mean = values.iter().sum::<f64>() / f64::from(n);
            let s = libm::sqrt(values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / f64::from(n - 1));
            let t = (high - low) / 2.0 / (s / libm::sqrt(f64::from(n)));
            assert!((e(n as usize, t) * error - 1.0).abs() < 1e-6, "{n} {error}: {t}");
        }
        assert!((2..7).all(|n| level(n, 0.05).is_none()), "so few cannot tell");
    }

    #[test]
    fn nothing_seen_has_a_bound_and_too_little_has_none() {
        assert_eq!(anytime_counts(&[0; 10]), Some([0.0, poisson_upper(10)]));
        assert_eq!(anytime_counts(&[0, 0, 0, 1, 0]), None);
        assert_eq!(anytime_counts(&[0]), None);
        assert_eq!(anytime_counts(&[]), None);
        let [low, high] = anytime_counts(&[0, 0, 1, 0, 0, 0, 0, 0, 0, 0]).expect("ten");
        assert!(low == 0.0 && high > 0.3, "{low} {high}");
        let [low, high] = anytime_interval(&[0.9; 10], Range::Unit, 0.95).expect("ten");
        assert_eq!([low, high], [0.9, 0.9]);
        for confidence in [0.0, 1.0, f64::NAN, 7.0] {
            assert_eq!(anytime_interval(&[1.0, 2.0, 3.0], Range::Any, confidence), None);
        }
    }
}
