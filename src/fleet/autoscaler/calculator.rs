//! How many pods one metric asks for: the arithmetic of `replica_calculator.go`.

/// A pod that is not being deleted, as the calculation takes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    /// What was last measured, in the target's unit; `None` = nothing yet.
    pub(super) value: Option<f64>,
    /// Whether it is too young for its measurement to mean anything.
    pub(super) unready: bool,
}

/// How many pods it takes for `target` on average, `current` where nothing calls for a change; `None` where there is nothing
/// to go by. `absent` stands for what was not measured when fewer pods would do.
///
/// The ratio of measured to target decides: within `tolerance` of 1 nothing changes, beyond it ⌈ratio × pods⌉ are wanted. Pods
/// that were not measured, or are too young, are then taken as whatever makes the change smaller, and where that turns its
/// direction nothing changes (`pkg/controller/podautoscaler/replica_calculator.go`, Kubernetes 1.28).
pub(super) fn wanted(pods: &[Measured], target: f64, absent: f64, current: u32, tolerance: f64) -> Option<u32> {
    let missing = pods.iter().filter(|p| p.value.is_none()).count();
    let young = pods.iter().filter(|p| p.value.is_some() && p.unready).count();
    let counted: Vec<f64> = pods.iter().filter(|p| !p.unready).filter_map(|p| p.value).collect();
    if counted.is_empty() {
        return None;
    }
    let mean = |sum: f64, pods: usize| sum / pods as f64;
    let sum: f64 = counted.iter().sum();
    let ratio = mean(sum, counted.len()) / target;
    let near = |ratio: f64| libm::fabs(1.0 - ratio) <= tolerance;
    if missing == 0 && !(young > 0 && ratio > 1.0) {
        return Some(if near(ratio) { current } else { ceil(ratio * counted.len() as f64) });
    }
    let mut of = counted.len();
    let mut total = sum;
    if ratio < 1.0 {
        total += absent * missing as f64;
        of += missing;
    } else if ratio > 1.0 {
        of += missing + young;
    }
    let cautious = mean(total, of) / target;
    if near(cautious) || (ratio < 1.0 && cautious > 1.0) || (ratio > 1.0 && cautious < 1.0) {
        return Some(current);
    }
    let pods = ceil(cautious * of as f64);
    let turned = (cautious < 1.0 && pods > current) || (cautious > 1.0 && pods < current);
    Some(if turned { current } else { pods })
}

fn ceil(pods: f64) -> u32 {
    libm::ceil(pods) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods(measured: &[f64]) -> Vec<Measured> {
        measured.iter().map(|&v| Measured { value: Some(v), unready: false }).collect()
    }

    const YOUNG: Measured = Measured { value: Some(5.0), unready: true };
    const MISSING: Measured = Measured { value: None, unready: false };

    fn of(pods: &[Measured], current: u32) -> Option<u32> {
        wanted(pods, 100.0, 100.0, current, 0.1)
    }

    #[test]
    fn desired_is_current_times_the_ratio_rounded_up() {
        // The documentation's example: 200m measured, 100m wanted: twice as many; 50m: half.
        assert_eq!(of(&pods(&[200.0; 3]), 3), Some(6));
        assert_eq!(of(&pods(&[50.0; 4]), 4), Some(2));
        assert_eq!(of(&pods(&[50.0; 5]), 5), Some(3), "rounded up");
    }

    #[test]
    fn within_the_tolerance_nothing_changes() {
        assert_eq!(of(&pods(&[109.0; 10]), 10), Some(10));
        assert_eq!(of(&pods(&[111.0; 10]), 10), Some(12));
        assert_eq!(of(&pods(&[90.5; 10]), 10), Some(10));
    }

    #[test]
    fn more_pods_are_wanted_than_there_are_replicas_when_a_rollout_has_extra_ones() {
        assert_eq!(of(&pods(&[150.0; 5]), 4), Some(8), "the ratio applies to the pods, not to `replicas`");
    }

    #[test]
    fn young_pods_count_as_idle_on_the_way_up_and_not_at_all_on_the_way_down() {
        let mut some = pods(&[150.0; 4]);
        some.push(YOUNG);
        assert_eq!(of(&some, 5), Some(6), "600 over five pods is 120 each");
        some.push(YOUNG);
        assert_eq!(of(&some, 6), Some(6), "600 over six is on target");
        let mut down = pods(&[40.0; 4]);
        down.push(YOUNG);
        assert_eq!(of(&down, 5), Some(2));
    }

    #[test]
    fn what_is_missing_makes_a_change_smaller_and_never_turns_it() {
        let mut up = pods(&[200.0; 2]);
        up.push(MISSING);
        assert_eq!(of(&up, 3), Some(4), "400 over three");
        up.extend([MISSING; 3]);
        assert_eq!(of(&up, 6), Some(6), "400 over six would be fewer");
        let mut down = pods(&[20.0; 2]);
        down.push(MISSING);
        assert_eq!(of(&down, 3), Some(2), "140 over three");
    }

    #[test]
    fn nothing_is_concluded_from_no_measurement() {
        assert_eq!(of(&[MISSING, YOUNG], 2), None);
        assert_eq!(of(&[], 2), None);
    }
}
