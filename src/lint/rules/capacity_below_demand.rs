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
    let left = replicas - s.fenceposts().unavailable;
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
    let update = match rolled.workload.strategy {
        Strategy::StatefulSet(_) | Strategy::DaemonSet(_) => "updateStrategy",
        _ => "strategy",
    };
    let of_update = |field: &str| s.path(&format!("workload.{update}.rollingUpdate.{field}"));
    let surge = of_update("maxSurge");
    let diag = s.find(
        RULE.code,
        message,
        &of_update("maxUnavailable"),
        &format!("{} of {replicas} may be missing", replicas - left),
        &[(surge.as_str(), "and no more than this is started beforehand".to_owned())],
    );
    let has_surge = !matches!(rolled.workload.strategy, Strategy::StatefulSet(_));
    let help = "lower maxUnavailable, and raise maxSurge so that the rollout gets on";
    vec![diag.help(if has_surge { help } else { "lower maxUnavailable, or raise replicas" })]
}
