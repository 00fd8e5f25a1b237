//! Student's t by sums and `libm` alone, so that an interval has the same bits on every machine.

use super::beta::ln_incomplete_beta;

/// From so many degrees of freedom on, the expansion is exact to nine digits and the sums would only cost time.
const MANY: usize = 200;

/// The 97.5 % point of the normal distribution.
const Z975: f64 = 1.959_963_984_540_054;

/// The 97.5 % point of Student's t with `freedom` ≥ 1 degrees of freedom: what a two-sided 95 % interval takes.
///
/// Up to 200 degrees by bisection of [`central`]; beyond, by Fisher and Cornish's expansion in 1/freedom (Abramowitz and
/// Stegun, 26.7.5).
pub(super) fn t975(freedom: usize) -> f64 {
    if freedom > MANY {
        let (n, z) = (freedom as f64, Z975);
        let z2 = z * z;
        let g1 = z * (z2 + 1.0) / 4.0;
        let g2 = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
        let g3 = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
        return z + (g1 + (g2 + g3 / n) / n) / n;
    }
    // It falls with the degrees of freedom, from 12.7 to the normal's.
    let (mut low, mut high) = (Z975, 12.8);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if central(middle, freedom) < 0.95 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// ln P(|T| > t) for any `freedom` ≥ 1, by the incomplete beta function (Abramowitz and Stegun, 26.5.27).
pub(super) fn ln_beyond(t: f64, freedom: usize) -> f64 {
    let n = freedom as f64;
    ln_incomplete_beta(n / 2.0, 0.5, n / (n + t * t))
}

/// The t with P(|T| > t) = `error`, for an error above 0 and below 1: what a two-sided interval at 1 − `error` takes.
pub(super) fn two_sided(freedom: usize, error: f64) -> f64 {
    let wanted = libm::log(error);
    let (mut low, mut high) = (0.0, 1.0);
    while ln_beyond(high, freedom) > wanted {
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..52 {
        let middle = f64::midpoint(low, high);
        if ln_beyond(middle, freedom) > wanted { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// P(−t < T < t) for a whole number of degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).
fn central(t: f64, freedom: usize) -> f64 {
    let n = freedom as f64;
    let angle = libm::atan(t / libm::sqrt(n));
    let (sin, cos) = (libm::sin(angle), libm::cos(angle));
    // 1 + 1/2·cos² + 1·3/(2·4)·cos⁴ + … for even degrees; cos·(1 + 2/3·cos² + 2·4/(3·5)·cos⁴ + …) for odd ones.
    let odd = freedom % 2 == 1;
    let mut term = if odd { cos } else { 1.0 };
    let mut sum = 0.0;
    let mut k = if odd { 1.0 } else { 0.0 };
    while k < n - 1.0 {
        sum += term;
        term *= (k + 1.0) / (k + 2.0) * cos * cos;
        k += 2.0;
    }
    if odd { std::f64::consts::FRAC_2_PI * (angle + sin * sum) } else { sin * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabulated_points_come_out() {
        let table = [
            (1, 12.706_204_736),
            (2, 4.302_652_730),
            (3, 3.182_446_305),
            (4, 2.776_445_105),
            (9, 2.262_157_163),
            (29, 2.045_229_642),
            (30, 2.042_272_456),
            (100, 1.983_971_519),
            (1_000, 1.962_339_081),
        ];
        for (freedom, t) in table {
            assert!((t975(freedom) - t).abs() < 2e-9, "{freedom}: {}", t975(freedom));
        }
    }

    #[test]
    fn sums_and_expansion_meet_where_they_change_over() {
        assert!((central(t975(MANY + 1), MANY + 1) - 0.95).abs() < 1e-9);
        assert!(t975(MANY) > t975(MANY + 1) && t975(MANY + 1) > t975(100_000) && t975(100_000) > Z975);
    }

    #[test]
    fn every_level_is_what_another_library_says() {
        use statrs::distribution::{ContinuousCDF, StudentsT};
        for freedom in [1, 2, 5, 9, 29, 59, 400, 10_000] {
            let theirs = StudentsT::new(0.0, 1.0, freedom as f64).expect("valid");
            for error in [0.3, 0.05, 0.01, 0.000_5, 1e-6] {
                let t = two_sided(freedom, error);
                assert!((2.0 * theirs.sf(t) / error - 1.0).abs() < 1e-6, "{freedom} {error}: {t}");
            }
            assert!((two_sided(freedom, 0.05) - t975(freedom)).abs() < 1e-8, "{freedom}");
        }
    }
}
