//! Is an interval narrow enough to stop?

/// Whether the true mean is within `precision` of `mean`, relative to it, as far as `interval` can tell.
///
/// The longer arm of the interval (they differ where the data are skewed) must not exceed `precision · |mean|`. A rare count
/// could never satisfy that; of a count (`is_count`) whose mean is below one event, `precision` of one event is enough. So a
/// count that was never seen is known precisely when its bound is at most `precision`, and the rule does not jump when the
/// first event is seen. Without an interval nothing is known.
pub fn precise_enough(mean: f64, interval: Option<[f64; 2]>, precision: f64, is_count: bool) -> bool {
    let unit = if is_count { mean.abs().max(1.0) } else { mean.abs() };
    interval.is_some_and(|[low, high]| (mean - low).max(high - mean) <= precision * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_arm_counts() {
        assert!(precise_enough(100.0, Some([96.0, 105.0]), 0.05, false));
        assert!(!precise_enough(100.0, Some([96.0, 105.1]), 0.05, false));
        assert!(!precise_enough(-100.0, Some([-106.0, -99.0]), 0.05, false));
        assert!(!precise_enough(100.0, None, 0.05, true));
        assert!(!precise_enough(f64::NAN, Some([0.0, 1.0]), 0.05, false));
    }

    #[test]
    fn a_count_never_seen_is_known_by_its_bound() {
        assert!(precise_enough(0.0, Some([0.0, 0.05]), 0.05, true));
        assert!(!precise_enough(0.0, Some([0.0, 0.06]), 0.05, true));
        assert!(precise_enough(0.2, Some([0.16, 0.25]), 0.05, true), "a twentieth of a request is enough");
        assert!(!precise_enough(0.0, Some([0.0, 0.05]), 0.05, false));
        assert!(precise_enough(0.0, Some([0.0, 0.0]), 0.05, false));
    }
}
