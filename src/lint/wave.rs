//! Waves of a rollout, by the file's own numbers.

use super::Subject;
use crate::engine::Dur;
use crate::scenario::{Pod, Probe};

/// From a pod's creation until it counts as available (s): its usual start, a probe, and `min_ready`.
pub(super) fn seconds(pod: &Pod, min_ready: Dur) -> f64 {
    pod.startup.quantile(0.5) + pod.readiness_probe.as_ref().map_or(0.0, Probe::mean_wait) + min_ready.secs()
}

/// How many pods of `scenario.workload` are replaced within `span` (s), at the most: of one wave all that may be replaced at a time.
pub(super) fn replaced_within(s: &Subject<'_>, span: f64) -> f64 {
    let scenario = s.scenario();
    let (workload, posts) = (&scenario.workload, s.fenceposts());
    let wave = seconds(&scenario.new_pod, workload.min_ready);
    let waves = if wave > 0.0 { libm::ceil(span / wave).max(1.0) } else { f64::INFINITY };
    (f64::from(posts.surge + posts.unavailable) * waves).min(f64::from(workload.replicas))
}
