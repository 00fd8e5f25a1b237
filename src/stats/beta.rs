//! The incomplete beta function, in logarithms, so that a million deploys neither overflow nor vanish.

/// Terms after which the continued fraction is cut off; it takes about √max(a, b), far fewer up to 10^6.
const TERMS_MAX: u32 = 20_000;

/// What stands for a denominator of 0 (Lentz).
const TINY: f64 = 1e-300;

/// ln B(a, b), for a, b > 0.
pub(super) fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// `ln I_x(a, b)`, of the regularised incomplete beta function, for a, b > 0 and any x: I is 0 below 0 and 1 above 1.
///
/// By its continued fraction on the side where that converges fast (DLMF 8.17.22).
pub(super) fn ln_incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if x >= 1.0 {
        return 0.0;
    }
    let ln_front = a * libm::log(x) + b * libm::log1p(-x) - ln_beta(a, b);
    if x < (a + 1.0) / (a + b + 2.0) {
        (ln_front + libm::log(fraction(a, b, x) / a)).min(0.0)
    } else {
        let rest = libm::exp(ln_front + libm::log(fraction(b, a, 1.0 - x) / b));
        libm::log1p(-rest.min(1.0))
    }
}

/// The continued fraction, from its front by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let safe = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / safe(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..TERMS_MAX {
        let m = f64::from(m);
        let at = a + 2.0 * m;
        let even = m * (b - m) * x / ((at - 1.0) * at);
        let odd = -(a + m) * (a + b + m) * x / (at * (at + 1.0));
        let mut step = 1.0;
        for term in [even, odd] {
            d = 1.0 / safe(1.0 + term * d);
            c = safe(1.0 + term / c);
            step = c * d;
            value *= step;
        }
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use statrs::function::beta::beta_reg;

    use super::*;

    #[test]
    fn it_is_what_another_library_says() {
        for (a, b) in [(0.5, 0.5), (1.0, 60.0), (3.0, 57.0), (60.0, 1.0), (4.5, 0.5), (500.0, 20.0), (2_000.0, 3_000.0)]
        {
            for x in [0.001, 0.05, 0.3, 0.401, 0.5, 0.95, 0.999] {
                let (ours, theirs) = (libm::exp(ln_incomplete_beta(a, b, x)), beta_reg(a, b, x));
                assert!((ours - theirs).abs() < 1e-10, "I_{x}({a}, {b}): {ours}, {theirs}");
            }
        }
    }

    #[test]
    fn small_and_large_cases_have_closed_forms() {
        // I_x(1, b) = 1 − (1 − x)^b and I_x(a, 1) = x^a, here far below the smallest number.
        assert!((ln_incomplete_beta(1.0, 3.0, 0.5) - libm::log(0.875)).abs() < 1e-14);
        assert!((ln_incomplete_beta(1e6, 1.0, 0.5) / (1e6 * libm::log(0.5)) - 1.0).abs() < 1e-9);
        assert!((ln_incomplete_beta(1e6, 1e6, 0.5) - libm::log(0.5)).abs() < 1e-7, "by symmetry");
        assert_eq!(ln_incomplete_beta(2.0, 3.0, -0.1), f64::NEG_INFINITY);
        assert_eq!(ln_incomplete_beta(2.0, 3.0, 1.0), 0.0);
    }
}
