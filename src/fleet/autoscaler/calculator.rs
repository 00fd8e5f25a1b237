//! How many pods one metric asks for: the arithmetic of `replica_calculator.go` and `metrics/utilization.go`, in whole
//! thousandths and, for a utilisation, whole per cent, as there.

/// A pod that is not being deleted, as the calculation takes it (`groupPods`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pod {
    /// What is known of it.
    pub(super) reading: Reading,
    /// What it requests, in thousandths; means nothing to an average.
    pub(super) request: u64,
}

/// What is known of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It is pending, or too young for its measurement to mean anything.
    Ignored,
    /// It runs, and nothing was measured.
    Missing,
    /// What was last measured, in thousandths.
    Known(u64),
}

/// What pods are to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Whole per cent of all that they request.
    Utilization(u32),
    /// Thousandths of each, on average.
    Average(u64),
}

/// Pods that count, and what they come to.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    pods: u64,
    value: u64,
    request: u64,
}

impl Sum {
    fn add(&mut self, value: u64, request: u64) {
        (self.pods, self.value, self.request) = (self.pods + 1, self.value + value, self.request + request);
    }
}

impl Target {
    /// What is measured over what is wanted; the former is rounded down before.
    fn ratio(self, sum: Sum) -> f64 {
        match self {
            Self::Utilization(target) => (100 * sum.value / sum.request.max(1)) as f64 / f64::from(target),
            Self::Average(target) => (sum.value / sum.pods.max(1)) as f64 / target as f64,
        }
    }

    /// What stands for a pod that was not measured where fewer pods would do: all that it requests, or as on target where
    /// that is more; of an average the target.
    fn assumed(self, pod: &Pod) -> u64 {
        match self {
            Self::Utilization(target) => pod.request * u64::from(target.max(100)) / 100,
            Self::Average(target) => target,
        }
    }
}

/// How many pods it takes for `target`, `current` where nothing calls for a change; `None` where there is nothing to go by.
///
/// The ratio of measured to target decides: within `tolerance` of 1 nothing changes, beyond it ⌈ratio × pods⌉ are wanted. Pods
/// that were not measured, or are ignored, are then taken as whatever makes the change smaller, and where that turns its
/// direction nothing changes (`pkg/controller/podautoscaler/replica_calculator.go`, Kubernetes 1.28).
pub(super) fn wanted(pods: &[Pod], target: Target, current: u32, tolerance: f64) -> Option<u32> {
    let mut sum = Sum::default();
    for pod in pods {
        if let Reading::Known(value) = pod.reading {
            sum.add(value, pod.request);
        }
    }
    if sum.pods == 0 {
        return None;
    }
    let of = |reading: Reading| pods.iter().filter(move |p| p.reading == reading);
    let near = |ratio: f64| libm::fabs(1.0 - ratio) <= tolerance;
    let ratio = target.ratio(sum);
    let dilutes = ratio > 1.0 && of(Reading::Ignored).next().is_some();
    if !dilutes && of(Reading::Missing).next().is_none() {
        return Some(if near(ratio) { current } else { ceil(ratio * sum.pods as f64) });
    }
    // With a utilisation right on target what is missing is left out, with an average it counts as nothing.
    let exact = matches!(target, Target::Utilization(_)) && ratio.total_cmp(&1.0).is_eq();
    for pod in of(Reading::Missing).filter(|_| !exact) {
        sum.add(if ratio < 1.0 { target.assumed(pod) } else { 0 }, pod.request);
    }
    for pod in of(Reading::Ignored).filter(|_| dilutes) {
        sum.add(0, pod.request);
    }
    let cautious = target.ratio(sum);
    if near(cautious) || (ratio < 1.0 && cautious > 1.0) || (ratio > 1.0 && cautious < 1.0) {
        return Some(current);
    }
    let pods = ceil(cautious * sum.pods as f64);
    let turned = (cautious < 1.0 && pods > current) || (cautious > 1.0 && pods < current);
    Some(if turned { current } else { pods })
}

fn ceil(pods: f64) -> u32 {
    libm::ceil(pods) as u32
}

/// The situations of Kubernetes' own table of tests (`replica_calculator_test.go`), by their names there, with the numbers
/// that it expects.
#[cfg(test)]
mod tests {
    use super::Reading::{Ignored, Known, Missing};
    use super::*;

    /// Pods that request a core each.
    fn pods(readings: &[Reading]) -> Vec<Pod> {
        readings.iter().map(|&reading| Pod { reading, request: 1000 }).collect()
    }

    fn known(levels: &[u64]) -> Vec<Pod> {
        pods(&levels.iter().map(|&l| Known(l)).collect::<Vec<_>>())
    }

    fn cpu(pods: &[Pod], target: u32, current: u32) -> Option<u32> {
        wanted(pods, Target::Utilization(target), current, 0.1)
    }

    fn average(pods: &[Pod], target: u64, current: u32) -> Option<u32> {
        wanted(pods, Target::Average(target), current, 0.1)
    }

    #[test]
    fn scale_up() {
        assert_eq!(cpu(&known(&[300, 500, 700]), 30, 3), Some(5));
        assert_eq!(cpu(&pods(&[Ignored, Known(500), Known(700)]), 30, 3), Some(4), "UnreadyLessScale, HotCpuLessScale");
        assert_eq!(cpu(&pods(&[Known(400), Ignored, Ignored]), 30, 3), Some(3), "UnreadyNoScale, HotCpuNoScale");
        assert_eq!(cpu(&known(&[500, 700]), 30, 2), Some(4), "IgnoresFailedPods, IgnoresDeletionPods");
        assert_eq!(average(&known(&[20_000, 10_000, 30_000]), 15_000, 3), Some(4), "CM");
        assert_eq!(average(&known(&[50_000, 10_000, 30_000]), 15_000, 3), Some(6), "CMUnreadyHotCpuNoLessScale");
        assert_eq!(
            average(&known(&[50_000, 15_000, 30_000]), 15_000, 3),
            Some(7),
            "CMUnreadyHotCpuScaleWouldScaleDown"
        );
    }

    #[test]
    fn scale_down() {
        assert_eq!(cpu(&known(&[100, 300, 500, 250, 250]), 50, 5), Some(3));
        assert_eq!(average(&known(&[12_000; 5]), 20_000, 5), Some(3), "CM");
        let young = pods(&[Known(100), Known(300), Known(500), Ignored, Ignored]);
        assert_eq!(cpu(&young, 50, 5), Some(2), "IgnoresUnreadyPods, IgnoresHotCpuPods");
    }

    #[test]
    fn tolerance() {
        let requests = [900, 1000, 1100];
        let pod = |(&level, request)| Pod { reading: Known(level), request };
        let three: Vec<Pod> = [1010, 1030, 1020].iter().zip(requests).map(pod).collect();
        assert_eq!(cpu(&three, 100, 3), Some(3));
        assert_eq!(average(&known(&[20_000, 21_000, 21_000]), 20_000, 3), Some(3), "CM");
    }

    #[test]
    fn missing_metrics() {
        assert_eq!(cpu(&pods(&[Known(400), Known(95), Missing, Missing]), 100, 4), Some(3), "24 %");
        assert_eq!(cpu(&pods(&[Missing; 4]), 100, 4), None, "EmptyMetrics");
        assert_eq!(cpu(&pods(&[Known(1000), Missing]), 100, 2), Some(2), "NoChangeEq");
        assert_eq!(cpu(&pods(&[Known(1900), Missing]), 100, 2), Some(2), "NoChangeGt");
        assert_eq!(cpu(&pods(&[Known(600), Missing]), 100, 2), Some(2), "NoChangeLt");
        assert_eq!(cpu(&pods(&[Ignored, Known(450), Missing]), 50, 3), Some(3), "UnreadyChange, HotCpuNoChange");
        assert_eq!(cpu(&pods(&[Ignored, Known(2000), Missing]), 50, 3), Some(4), "UnreadyScaleUp");
        assert_eq!(cpu(&pods(&[Ignored, Known(100), Known(100), Missing]), 50, 4), Some(3), "UnreadyScaleDown");
        let mut over = pods(&[Ignored, Known(100), Known(100), Missing]);
        (over[2].request, over[3].request) = (2000, 2000);
        assert_eq!(cpu(&over, 300, 4), Some(2), "ScaleDownTargetOver100");
    }

    #[test]
    fn during_a_rolling_update_with_surge() {
        assert_eq!(cpu(&pods(&[Known(100), Known(100), Missing]), 50, 2), Some(2));
        assert_eq!(average(&pods(&[Known(10_000), Known(10_000), Missing]), 17_000, 2), Some(2), "CM");
    }

    /// Beyond that table: what rounding down decides, where exact arithmetic would decide otherwise.
    #[test]
    fn per_cents_are_whole() {
        // 71.9 % over a target of 65 is 1.106, beyond the tolerance; 71/65 is within it.
        assert_eq!(cpu(&known(&[719; 10]), 65, 10), Some(10));
        assert_eq!(cpu(&known(&[720; 10]), 65, 10), Some(12), "72/65");
        // 58.9 % is 0.906, within the tolerance; 58/65 is beyond it.
        assert_eq!(cpu(&known(&[590; 10]), 65, 10), Some(10), "59/65");
        assert_eq!(cpu(&known(&[589; 10]), 65, 10), Some(9));
    }

    #[test]
    fn what_is_missing_counts_as_nothing_on_an_average_right_on_target() {
        let half = pods(&[Known(5_000), Known(5_000), Missing, Missing]);
        assert_eq!(average(&half, 5_000, 4), Some(2));
        assert_eq!(cpu(&pods(&[Known(500), Known(500), Missing, Missing]), 50, 4), Some(4));
    }
}
