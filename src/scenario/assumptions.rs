//! Which assumptions a forecast depends on: the others are not told.

use super::{Load, LoadBalancer, Scenario};

/// Assumptions about what only a deploy brings about.
const OF_A_DEPLOY: [&str; 8] = [
    "workload.strategy",
    "workload.minReadySeconds",
    "workload.progressDeadlineSeconds",
    "pod.startup",
    "pod.warmup",
    "pod.readinessProbe",
    "pod.termination",
    "loadBalancer.propagation",
];

/// Whether an assumption is about how something comes, goes or is learnt of that is not rolled.
fn is_of_another_tier(scenario: &Scenario, assumption: &str) -> bool {
    let rolled = scenario.rolled();
    let about = |path: &str| assumption.starts_with(path);
    let of_the_pods = rolled.tier.is_some() && OF_A_DEPLOY.into_iter().any(about);
    let other = |tier: &LoadBalancer| {
        let is_rolled = rolled.tier.is_some_and(|rolled| rolled.path == tier.path);
        let learns = rolled.balancer.path == tier.path;
        let comes_and_goes = about(&format!("{}.pod.", tier.path)) || about(&format!("{}.workload.", tier.path));
        comes_and_goes && !is_rolled || about(&format!("{}.propagation", tier.path)) && !learns
    };
    of_the_pods || scenario.tiers().any(other)
}

/// Whether the forecast depends on what an assumption is about.
pub(super) fn matters(scenario: &Scenario, assumption: &str) -> bool {
    let about = |path: &str| assumption.starts_with(path);
    let streams_only = scenario.clients.iter().all(|c| matches!(c.load, Load::Streams { .. }));
    let idle = scenario.deploy.is_none() && OF_A_DEPLOY.into_iter().any(about);
    if !scenario.front.is_empty() && is_of_another_tier(scenario, assumption) {
        return false;
    }
    let needless = about("pod.termination.preStopExtension") && !is_killed_in_its_hook(scenario);
    !(idle || needless || streams_only && about("pod.serviceTime"))
}

/// Whether the grace period may end before a pod's hook does, or before the kubelet's least.
fn is_killed_in_its_hook(scenario: &Scenario) -> bool {
    [&scenario.pod, &scenario.new_pod].into_iter().any(|pod| {
        let t = &pod.termination;
        t.pre_stop.quantile(0.999) >= t.grace_period.secs() || t.grace_period < t.pre_stop_extension
    })
}
