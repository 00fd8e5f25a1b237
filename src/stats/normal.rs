//! The normal distribution's tail, by `libm` alone.

/// P(Z > z).
fn above(z: f64) -> f64 {
    0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The z with P(Z > z) = `tail`, for tails from 10^-300 to one half; 0 above that.
pub(super) fn upper_point(tail: f64) -> f64 {
    let (mut low, mut high) = (0.0, 38.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if above(middle) > tail { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabulated_points_come_out() {
        for (tail, z) in
            [(0.5, 0.0), (0.025, 1.959_963_984_540_054), (0.005, 2.575_829_303_548_901), (1e-9, 5.997_807_015)]
        {
            assert!((upper_point(tail) - z).abs() < 1e-9, "{tail}: {}", upper_point(tail));
        }
    }
}
