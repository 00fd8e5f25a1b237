//! A balancer that prefers whoever fails fastest.

use crate::lint::{Check, Rule, Subject};
use crate::scenario::{Algorithm, Diag, Layer};

pub(super) const RULE: Rule = Rule {
    code: "least-request-black-hole",
    summary: "least request sends most to the pod that refuses",
    why: "A pod that refuses at once never has a request in flight, so it looks like the least loaded one. Balancing by requests in \
          flight sends it not its share but nearly everything, until the proxy hears that it is gone or ejects it.",
    remedy: "Let pods listen until they are removed (preStop), eject what fails (`passiveHealth.maxFails`), or take turns.",
    incident: "istio/istio#39870: after a change of the default from round robin to least request, a draining sidecar drew the \
               traffic and answered 503",
    failing: "\
workload: {replicas: 4}
pod: {termination: {preStop: 0s}}
loadBalancer: {algorithm: leastRequest, propagation: {shared: 0s, add: 1s, remove: 2s}}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {replicas: 4}
pod: {termination: {preStop: 5s}}
loadBalancer: {algorithm: leastRequest, propagation: {shared: 0s, add: 1s, remove: 2s}}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let lb = s.rolled().balancer;
    let attracts =
        matches!(lb.algorithm, Algorithm::LeastRequest | Algorithm::HaproxyLeastRequest | Algorithm::PowerOfTwo);
    let stale = s.scenario().deploy.is_some() && s.stops_too_early();
    if lb.layer != Layer::L7 || !attracts || !stale || lb.passive_health.max_fails > 0 {
        return Vec::new();
    }
    let message = format!(
        "{} that refuse while they are still believed in draw the traffic: they never have a request in flight",
        s.what()
    );
    let pre_stop = s.path("pod.termination.preStop");
    let also = [(pre_stop.as_str(), "they listen no longer than this".to_owned())];
    let algorithm = s.balancer_path("algorithm");
    let diag = s.find(RULE.code, message, &algorithm, "prefers the fewest requests in flight", &also);
    // Envoy's 10 % are none of nine.
    let may_eject = lb.passive_health.max_ejected * f64::from(s.rolled().workload.replicas) >= 1.0;
    let eject = if may_eject { "{maxFails: 1}" } else { "{maxFails: 1, maxEjected: 50%}" };
    vec![diag.help(format!("a longer preStop; or passiveHealth: {eject}"))]
}
