//! A balancer that gives up what is under way before it may end.

use crate::lint::{Check, Rule, Subject, stop};
use crate::scenario::Diag;

pub(super) const RULE: Rule = Rule {
    code: "deregistration-too-short",
    summary: "the balancer cuts requests that the pod would still finish",
    why: "A balancer that has removed a pod lets what is under way there go on for its deregistration delay, then it closes the \
          connection, whatever the pod still does: no preStop and no drain window helps who takes longer. AWS gives 300 s by default; \
          it is shortened to roll faster, since ECS stops a task only when that time is over.",
    remedy: "deregistrationDelay ≥ 3 × p99 of what is asked (deregistration_delay.timeout_seconds of a target group).",
    incident: "seek-oss/skuba#310: a default of 10 s in place of 120 would end whoever takes longer with a 5xx at each deploy; \
               guardian/cdk#738: it is to be longer than the longest request",
    failing: "\
workload: {replicas: 4}
pod:
  serviceTime: {distribution: lognormal, p50: 1s, p99: 10s}
  termination: {preStop: 60s, drainWindow: 40s, terminationGracePeriodSeconds: 120}
loadBalancer: {propagation: {shared: 0s, add: 1s, remove: 1s}, deregistrationDelay: 10s}
clients: [{name: web, rate: 20/s, timeout: 60s}]
",
    passing: "\
workload: {replicas: 4}
pod:
  serviceTime: {distribution: lognormal, p50: 1s, p99: 10s}
  termination: {preStop: 60s, drainWindow: 40s, terminationGracePeriodSeconds: 120}
loadBalancer: {propagation: {shared: 0s, add: 1s, remove: 1s}, deregistrationDelay: 40s}
clients: [{name: web, rate: 20/s, timeout: 60s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let delay = s.rolled().balancer.deregistration_delay;
    let Some((needed, p99, name)) = stop::drain_window(s).filter(|_| s.scenario().deploy.is_some()) else {
        return Vec::new();
    };
    if delay.secs() >= needed {
        return Vec::new();
    }
    let message = format!(
        "deregistrationDelay ({delay}) is shorter than {needed:.1} s: {}the p99 ({p99:.1} s) of what `{name}` sends",
        if needed == p99 { "" } else { "up to 3 × " }
    );
    let also = [("pod.serviceTime", "this long".to_owned())];
    let label = "the balancer cuts what is still under way at its end";
    let diag = s.find(RULE.code, message, &s.balancer_path("deregistrationDelay"), label, &also);
    vec![diag.help(format!("deregistrationDelay: {:.0}s", libm::ceil(needed)))]
}
