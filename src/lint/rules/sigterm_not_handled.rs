//! A process that dies at SIGTERM, or never hears it.

use crate::engine::Dur;
use crate::lint::{Check, Rule, Subject};
use crate::scenario::{Diag, Layer, Load, OnSigterm};

pub(super) const RULE: Rule = Rule {
    code: "sigterm-not-handled",
    summary: "requests in flight are cut at every stop",
    why: "A process without a handler dies at SIGTERM with all that it is serving. One behind a shell (PID 1 is `sh -c`) never \
          gets the signal, serves until SIGKILL and is cut there. Per pod that costs what it then has in flight, on average its \
          share of the arrivals times E[S] (Little). Only where it gets nothing new by then, and the last is answered, is that \
          nothing: behind proxies that have long removed it, but not where connections are kept all the way to the pod (layer 4).",
    remedy: "Handle SIGTERM: close the listener, finish what is in flight, exit. Start the process by `exec`, or with an init.",
    incident: "wso2/api-platform#2121: a proxy that exits at SIGTERM, 3,800 requests a second, about 105 resets a rollout; \
               apache/superset#41172: a shell as PID 1, everything in flight lost at SIGKILL",
    failing: "\
workload: {replicas: 2}
pod: {serviceTime: 27ms, termination: {preStop: 10s, onSigterm: exit}}
loadBalancer: {layer: 4}
clients: [{name: web, rate: 1000/s}]
",
    passing: "\
workload: {replicas: 2}
pod: {serviceTime: 27ms, termination: {preStop: 10s, onSigterm: drain}}
loadBalancer: {layer: 4}
clients: [{name: web, rate: 1000/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let what = match s.rolled().pod.termination.on_sigterm {
        _ if scenario.deploy.is_none() => return Vec::new(),
        OnSigterm::Drain => return Vec::new(),
        OnSigterm::Exit => "dies at SIGTERM",
        OnSigterm::Ignore => "serves until SIGKILL",
    };
    if is_idle_by_then(s) {
        return Vec::new();
    }
    let which = s.rolled().tier.map_or_else(|| "pod".to_owned(), |tier| format!("proxy of `{}`", tier.name));
    let message = format!("each {which} that is stopped {what}, with all that it has in flight");
    let diag = s.find(RULE.code, message, &s.path("pod.termination.onSigterm"), "nothing is finished", &[]);
    vec![diag.help("onSigterm: drain, once the process does: close the listener, finish, exit")]
}

/// Whether a pod has had nothing new for longer than a request takes when it stops listening.
fn is_idle_by_then(s: &Subject<'_>) -> bool {
    let (scenario, rolled) = (s.scenario(), s.rolled());
    let streams = scenario.clients.iter().any(|c| matches!(c.load, Load::Streams { .. }));
    // Of 10,000 requests one may take longer.
    let longest = Dur::from_secs_f64(rolled.pod.service_time.quantile(0.9999));
    let listens = s.listens_for();
    rolled.tier.is_none()
        && rolled.balancer.layer == Layer::L7
        && !streams
        && listens.is_some_and(|listens| listens >= s.removal_p99() + longest)
}
