//! Which of n sorted samples bound a quantile.

use super::beta::ln_incomplete_beta;

/// The ranks (from 1) of the samples between which the `p`-quantile lies with 95 % confidence, whatever the distribution: of `n`
/// independent samples a binomial number lies below it. `None` on the side where `n` samples are too few to bound it: 0.99^n
/// falls below 2.5 % only from n = 368 on.
pub fn quantile_ranks(n: u64, p: f64) -> (Option<u64>, Option<u64>) {
    // The first k for which P(B ≤ k) reaches a level.
    let first = |level: f64| {
        let (mut low, mut high) = (0, n);
        while low < high {
            let k = low + (high - low) / 2;
            if at_most(n, p, k) >= level { high = k } else { low = k + 1 }
        }
        low
    };
    // P(B ≤ l − 1) ≤ 2.5 %: l is the first k that exceeds it.
    let lower = first(0.025_f64.next_up());
    let upper = first(0.975) + 1;
    ((lower >= 1).then_some(lower), (upper <= n).then_some(upper))
}

/// P(B ≤ k) for a binomial of `n` trials with chance `p`.
fn at_most(n: u64, p: f64, k: u64) -> f64 {
    if k >= n {
        return 1.0;
    }
    libm::exp(ln_incomplete_beta((n - k) as f64, k as f64 + 1.0, 1.0 - p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_binomial() {
        // R: qbinom(c(.025, .975), 100, .5) = 40, 60, and with 0.99: 97, 100.
        assert_eq!(quantile_ranks(100, 0.5), (Some(40), Some(61)));
        assert_eq!(quantile_ranks(100, 0.99), (Some(97), None));
        assert_eq!(quantile_ranks(5, 0.5), (None, None));
        assert_eq!(quantile_ranks(6, 0.5), (Some(1), Some(6)));
        assert_eq!(quantile_ranks(0, 0.5), (None, None));
        // 0.99^n falls below 2.5 % from 368 on.
        assert_eq!((quantile_ranks(367, 0.99).1, quantile_ranks(368, 0.99).1), (None, Some(368)));
    }
}
