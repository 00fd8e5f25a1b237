//! A process that dies at SIGTERM, or never hears it.

use crate::lint::{Check, Rule, Subject};
use crate::scenario::{Diag, OnSigterm};

pub(super) const RULE: Rule = Rule {
    code: "sigterm-not-handled",
    summary: "requests in flight are cut at every stop",
    why: "A process without a handler dies at SIGTERM with all that it is serving. One behind a shell (PID 1 is `sh -c`) never \
          gets the signal, serves until SIGKILL and is cut there. Per pod that costs λ·E[S] requests (Little), whatever preStop is.",
    remedy: "Handle SIGTERM: close the listener, finish what is in flight, exit. Start the process by `exec`, or with an init.",
    incident: "wso2/api-platform#2121: a proxy that exits at SIGTERM, 3,800 requests a second, about 105 resets a rollout; \
               apache/superset#41172: a shell as PID 1, everything in flight lost at SIGKILL",
    failing: "\
workload: {replicas: 2}
pod: {serviceTime: 27ms, termination: {preStop: 10s, onSigterm: exit}}
clients: [{name: web, rate: 1000/s}]
",
    passing: "\
workload: {replicas: 2}
pod: {serviceTime: 27ms, termination: {preStop: 10s, onSigterm: drain}}
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
    let which = s.rolled().tier.map_or_else(|| "pod".to_owned(), |tier| format!("proxy of `{}`", tier.name));
    let message = format!("each {which} that is stopped {what}, with all that it has in flight");
    let diag = s.find(RULE.code, message, &s.path("pod.termination.onSigterm"), "nothing is finished", &[]);
    vec![diag.help("onSigterm: drain, once the process does: close the listener, finish, exit")]
}
