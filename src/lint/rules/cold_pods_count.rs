//! Pods that count before they are warm.

use crate::lint::{Check, Rule, Subject, demand, wave};
use crate::scenario::{Diag, Strategy, Warmup, WarmupOver};

pub(super) const RULE: Rule = Rule {
    code: "cold-pods-count",
    summary: "the rollout outruns the warm-up",
    why: "A new pod is available as soon as it has been Ready for minReadySeconds, and the next old one goes. Where that is shorter \
          than the warm-up, several waves are cold at a time, in the end all pods, and a cold pod serves a fraction of its traffic.",
    remedy: "minReadySeconds as long as the warm-up, or a readiness probe that passes only once the pod is warm.",
    incident: "istio/istio#21228: the next pod was replaced as soon as the last was Ready, so that at the end every pod was \
               warming up; civitai/civitai#2193: 95 cold pods, 11.6 × 502 a second and a p95 above 18 s at every deploy, gone with \
               minReadySeconds 30",
    failing: "\
workload: {replicas: 10, minReadySeconds: 0, strategy: {rollingUpdate: {maxSurge: 100%, maxUnavailable: 0}}}
pod: {concurrency: 4, serviceTime: 50ms, startup: 5s, warmup: {slowdown: 8, duration: 30s}, termination: {preStop: 10s}}
clients: [{name: web, rate: 500/s}]
",
    passing: "\
workload: {replicas: 10, minReadySeconds: 30, strategy: {rollingUpdate: {maxSurge: 100%, maxUnavailable: 0}}}
pod: {concurrency: 4, serviceTime: 50ms, startup: 5s, warmup: {slowdown: 8, duration: 30s}, termination: {preStop: 10s}}
clients: [{name: web, rate: 500/s}]
",
    check: Check::Rule(check),
};

/// The mean of 1/f where f falls in a straight line from `slowdown` to 1: ln(s) / (s − 1).
fn mean_speed(warmup: &Warmup) -> f64 {
    if warmup.slowdown > 1.0 { libm::log(warmup.slowdown) / (warmup.slowdown - 1.0) } else { 1.0 }
}

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let (workload, warmup) = (&scenario.workload, &scenario.new_pod.warmup);
    let WarmupOver::Time(over) = warmup.over else { return Vec::new() };
    let rolls = scenario.deploy.is_some() && s.rolled().tier.is_none() && workload.strategy != Strategy::Recreate;
    if !rolls || !s.tells_traffic() || warmup.slowdown <= 1.0 || workload.min_ready >= over {
        return Vec::new();
    }
    let ready = f64::from(workload.replicas - s.fenceposts().unavailable);
    let cold = wave::replaced_within(s, over.secs()).min(ready);
    let worth = ready - cold + cold * mean_speed(warmup);
    let needed = demand::busy_pods(scenario);
    if worth >= needed || needed > f64::from(workload.replicas) {
        return Vec::new();
    }
    let message = format!(
        "{cold:.0} of {ready:.0} pods may be cold at a time: together they are worth {worth:.1}, and the traffic fills {needed:.1}"
    );
    let slow = format!("new pods are up to {} times as slow", warmup.slowdown);
    let also = [("newVersion.warmup.duration", slow.clone()), ("pod.warmup.duration", slow)];
    let label = format!("pods count {} after Ready", workload.min_ready);
    let diag = s.find(RULE.code, message, "workload.minReadySeconds", &label, &also);
    vec![diag.help(format!("minReadySeconds: {}", libm::ceil(over.secs())))]
}
