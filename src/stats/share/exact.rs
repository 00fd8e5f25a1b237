//! A share after a number of deploys that was fixed beforehand.

use super::super::beta::ln_incomplete_beta;
use super::Decision;

/// What the rounding of a confidence such as 0.95 may move a logarithm by, with room for a million deploys.
const ROUNDING: f64 = 1e-9;

/// Whether `met` of `deploys` show that at least `share` of all deploys meet it, or that fewer do.
///
/// Exact one-sided tests, each wrong with probability 1 − `confidence` at most: it holds if under exactly `share` so many or
/// more would be met with at most that probability, and is broken if so few or fewer would. 59 of 59 is what 95 % with 95 %
/// confidence takes: 0.95^59 = 0.0485. The tests agree with [`bounds`].
///
/// A share of 100 % is broken by one failure and never holds; one of 0 % always holds. A confidence of 100 % decides
/// nothing else, and below 50 %, where both tests could succeed, it is broken. More met than deploys counts as all of them.
/// No deploys decide nothing.
pub fn decide(met: u32, deploys: u32, share: f64, confidence: f64) -> Decision {
    if share <= 0.0 {
        return Decision::Holds;
    }
    if deploys == 0 {
        return Decision::Undecided;
    }
    let met = met.min(deploys);
    let limit = libm::log(1.0 - confidence) + ROUNDING;
    if ln_at_most(met, deploys, share) <= limit {
        Decision::Broken
    } else if ln_at_least(met, deploys, share) <= limit {
        Decision::Holds
    } else {
        Decision::Undecided
    }
}

/// The lower and the upper bound of the true share, each by itself wrong with probability 1 − `confidence` at most.
///
/// Clopper and Pearson's (1934), exact. Without deploys [0, 1].
pub fn bounds(met: u32, deploys: u32, confidence: f64) -> [f64; 2] {
    if deploys == 0 {
        return [0.0, 1.0];
    }
    let met = met.min(deploys);
    let limit = libm::log(1.0 - confidence);
    let low = if met == 0 { 0.0 } else { first(|p| ln_at_least(met, deploys, p) > limit) };
    let high = if met == deploys { 1.0 } else { first(|p| ln_at_most(met, deploys, p) <= limit) };
    [low, high]
}

/// The smallest p in [0, 1] from which on `from` is true.
pub(super) fn first(from: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if from(middle) { high = middle } else { low = middle }
    }
    f64::midpoint(low, high)
}

/// ln P(`met` or more of `deploys`), each met with probability `share`.
fn ln_at_least(met: u32, deploys: u32, share: f64) -> f64 {
    if met == 0 { 0.0 } else { ln_incomplete_beta(f64::from(met), f64::from(deploys - met) + 1.0, share) }
}

/// ln P(`met` or fewer of `deploys`), each met with probability `share`.
fn ln_at_most(met: u32, deploys: u32, share: f64) -> f64 {
    if met == deploys { 0.0 } else { ln_incomplete_beta(f64::from(deploys - met), f64::from(met) + 1.0, 1.0 - share) }
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Beta, ContinuousCDF};

    use super::*;

    #[test]
    fn bounds_are_quantiles_of_another_librarys_beta() {
        for (met, deploys) in
            [(0, 10), (1, 10), (9, 10), (10, 10), (57, 59), (59, 59), (940, 1_000), (999_000, 1_000_000)]
        {
            let [low, high] = bounds(met, deploys, 0.95);
            let (m, f) = (f64::from(met), f64::from(deploys - met));
            if met > 0 {
                let tail = Beta::new(m, f + 1.0).expect("valid").cdf(low);
                assert!((tail - 0.05).abs() < 1e-6, "{met} of {deploys}: {low} leaves {tail}");
            }
            if met < deploys {
                let tail = 1.0 - Beta::new(m + 1.0, f).expect("valid").cdf(high);
                assert!((tail - 0.05).abs() < 1e-6, "{met} of {deploys}: {high} leaves {tail}");
            }
        }
        assert_eq!(bounds(0, 0, 0.95), [0.0, 1.0]);
        assert!((bounds(10, 10, 0.95)[0] - 0.741_134_449_1).abs() < 1e-9 && bounds(10, 10, 0.95)[1] == 1.0);
    }

    #[test]
    fn the_published_numbers_of_deploys_decide() {
        // "95 %/95 %" takes 59 without a failure, 93 with one, 124 with two; "99 %/95 %" 299.
        for (deploys, failures, share) in [(59, 0, 0.95), (93, 1, 0.95), (124, 2, 0.95), (299, 0, 0.99)] {
            assert_eq!(decide(deploys - failures, deploys, share, 0.95), Decision::Holds);
            assert_eq!(decide(deploys - 1 - failures, deploys - 1, share, 0.95), Decision::Undecided);
        }
        assert_eq!(decide(0, 1, 0.95, 0.95), Decision::Broken, "one in twenty, exactly");
        assert_eq!(decide(8, 10, 0.95, 0.95), Decision::Undecided);
        assert_eq!(decide(7, 10, 0.95, 0.95), Decision::Broken);
    }

    #[test]
    fn decisions_agree_with_the_bounds() {
        for deploys in [1, 5, 20, 60, 150] {
            for met in 0..=deploys {
                let [low, high] = bounds(met, deploys, 0.9);
                let expected = if low >= 0.8 {
                    Decision::Holds
                } else if high <= 0.8 {
                    Decision::Broken
                } else {
                    Decision::Undecided
                };
                assert_eq!(decide(met, deploys, 0.8, 0.9), expected, "{met} of {deploys}");
            }
        }
    }

    #[test]
    fn the_ends_are_sensible() {
        use Decision::{Broken, Holds, Undecided};
        assert_eq!(decide(1_000_000, 1_000_000, 1.0, 0.95), Undecided);
        assert_eq!(decide(999_999, 1_000_000, 1.0, 0.95), Broken);
        assert_eq!(decide(0, 10, 0.0, 0.95), Holds);
        assert_eq!(decide(10, 10, 0.5, 1.0), Undecided);
        assert_eq!(decide(9, 10, 1.0, 1.0), Broken);
        assert_eq!(decide(0, 0, 0.95, 0.95), Undecided);
        assert_eq!(decide(99, 59, 0.95, 0.95), Holds, "as 59 of 59");
        assert_eq!(decide(5, 10, 0.5, 0.2), Broken);
        assert_eq!(decide(5, 10, f64::NAN, 0.95), Undecided);
        assert_eq!(decide(5, 10, 0.95, f64::NAN), Undecided);
    }
}
