//! What can still be said of something that was never seen: exact one-sided 95 % bounds.

/// The confidence that every bound and interval carries.
pub(super) const CONFIDENCE: f64 = 0.95;

/// Upper 95 % bound of a Poisson mean of which `n` draws were all 0: −ln(0.05) / n, the "rule of three".
///
/// From P(all 0) = exp(−n·mean) ≥ 0.05. Returns infinity for n = 0.
pub fn poisson_upper(n: usize) -> f64 {
    -libm::log(1.0 - CONFIDENCE) / n as f64
}

/// Upper 95 % bound of a share of which `n` draws found nothing: 1 − 0.05^(1/n), Clopper and Pearson's (1934) for 0 of n.
///
/// From P(none of n) = (1 − share)^n ≥ 0.05. Returns 1 for n = 0.
pub fn share_upper(n: usize) -> f64 {
    if n == 0 { 1.0 } else { 1.0 - libm::pow(1.0 - CONFIDENCE, 1.0 / n as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_have_their_published_values() {
        assert!((poisson_upper(1) - 2.995_732_273_553_991).abs() < 1e-12);
        assert!((poisson_upper(10) - 0.299_573_227_355_399).abs() < 1e-12);
        assert!((share_upper(1) - 0.95).abs() < 1e-12);
        assert!((share_upper(10) - 0.258_865_550_9).abs() < 1e-9);
        assert!((share_upper(59) - 0.049_507_609_9).abs() < 1e-9, "59 clean deploys are what 95 %/95 % takes");
        assert_eq!((poisson_upper(0), share_upper(0)), (f64::INFINITY, 1.0));
    }
}
