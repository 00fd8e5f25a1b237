//! Fewer pods than the traffic needs.

use crate::lint::{Check, Rule, Subject, demand};
use crate::scenario::{Diag, Strategy};

pub(super) const RULE: Rule = Rule {
    code: "capacity-below-demand",
    summary: "the pods that may be missing are needed",
    why: "maxUnavailable is what the rollout may take away, and with little surge it does. What is left must carry the whole \
          traffic: below λ·E[S] / concurrency pods the queues fill for as long as it lasts, and requests time out or find them full.",
    remedy: "A smaller maxUnavailable with a maxSurge to make up for it, or more replicas.",
    incident: "kubernetes-sigs/aws-load-balancer-controller#1403: of two pods one is half of the capacity, and the other \
               collapses under the queue without a single endpoint being wrong",
    failing: "\
workload: {replicas: 10, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 50%}}}
pod: {concurrency: 4, serviceTime: 50ms, termination: {preStop: 10s}}
clients: [{name: web, rate: 500/s}]
",
    passing: "\
workload: {replicas: 10, strategy: {rollingUpdate: {maxSurge: 50%, maxUnavailable: 0}}}
pod: {concurrency: 4, serviceTime: 50ms, termination: {preStop: 10s}}
clients: [{name: web, rate: 500/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let rolled = s.rolled();
    if scenario.deploy.is_none() || rolled.workload.strategy == Strategy::Recreate {
        return Vec::new();
    }
    let (what, replicas) = (s.what(), rolled.workload.replicas);
    // The steps of a canary may keep more than its bounds do.
    let left = (replicas - s.fenceposts().unavailable).max(u32::from(!s.empties()));
    // What a proxy can do has no limit here.
    let limited = s.tells_traffic() && rolled.tier.is_none();
    let needed = if limited { demand::busy_pods(scenario) } else { 0.0 };
    // Where even all of them are too few, it is not the rollout's fault.
    let short = f64::from(left) < needed && needed <= f64::from(replicas);
    if left > 0 && !short {
        return Vec::new();
    }
    let message = if left == 0 {
        format!("the rollout may take all {what} away at once")
    } else {
        format!("the rollout may leave {left} of {replicas} pods, and the traffic fills {needed:.1}")
    };
    let Bounds { below, above, help } = bounds(&rolled.workload.strategy, replicas);
    let path = |field: &str| s.path(&format!("workload.{field}"));
    let diag =
        s.find(RULE.code, message, &path(below), &format!("{} of {replicas} may be missing", replicas - left), &[]);
    let beforehand = "and no more than this is started beforehand";
    let diag = above.iter().fold(diag, |diag, field| s.also(diag, &path(field), beforehand));
    vec![diag.help(help)]
}

/// Where a strategy says how many may be missing, and how many may come on top; and what to do about it.
struct Bounds {
    below: &'static str,
    above: Option<&'static str>,
    help: &'static str,
}

const fn bounds(strategy: &Strategy, replicas: u32) -> Bounds {
    let (below, above, help) = match strategy {
        // Whatever it says, one at a time goes, and none comes beforehand.
        Strategy::StatefulSet(_) => (
            "updateStrategy.rollingUpdate.maxUnavailable",
            None,
            if replicas <= 1 { "raise replicas" } else { "lower maxUnavailable, or raise replicas" },
        ),
        Strategy::DaemonSet(_) => (
            "updateStrategy.rollingUpdate.maxUnavailable",
            Some("updateStrategy.rollingUpdate.maxSurge"),
            "maxSurge: 1 with maxUnavailable: 0",
        ),
        Strategy::Nomad(_) => ("update.max_parallel", Some("update.canary"), "a canary, or a smaller max_parallel"),
        Strategy::Ecs(_) => (
            "deploymentConfiguration.minimumHealthyPercent",
            Some("deploymentConfiguration.maximumPercent"),
            "raise minimumHealthyPercent, and maximumPercent above 100 so that the rollout gets on",
        ),
        Strategy::InstanceRefresh(_) => (
            "preferences.minHealthyPercentage",
            Some("preferences.maxHealthyPercentage"),
            "raise minHealthyPercentage, and maxHealthyPercentage above 100 so that the refresh gets on",
        ),
        Strategy::Canary(_) => (
            "strategy.canary.maxUnavailable",
            Some("strategy.canary.maxSurge"),
            "lower maxUnavailable, and raise maxSurge so that the rollout gets on",
        ),
        Strategy::Recreate | Strategy::RollingUpdate { .. } | Strategy::BlueGreen(_) => (
            "strategy.rollingUpdate.maxUnavailable",
            Some("strategy.rollingUpdate.maxSurge"),
            "lower maxUnavailable, and raise maxSurge so that the rollout gets on",
        ),
    };
    Bounds { below, above, help }
}
