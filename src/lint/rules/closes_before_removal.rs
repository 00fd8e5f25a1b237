//! A listener that closes while proxies still send.

use crate::lint::stop::Enough;
use crate::lint::{Check, Rule, Subject};
use crate::scenario::{Diag, Strategy};

pub(super) const RULE: Rule = Rule {
    code: "closes-before-removal",
    summary: "pods stop listening before every proxy has heard",
    why: "SIGTERM and the removal from the balancers start at the same moment, in parallel. Until each proxy has heard, it goes on \
          sending; what arrives after the listener has closed is refused. A long grace period is no delay and changes nothing. Expected: \
          per pod, its share of the traffic times the time between.",
    remedy: "preStop (or a lame duck after SIGTERM) as long as removals take, p99, with terminationGracePeriodSeconds raised by as much.",
    incident: "kubernetes/ingress-gce#583: 11 pods at 100 requests a second, no preStop, 96 × 502 in a rollout; \
               kubernetes-sigs/aws-load-balancer-controller#1064: 5 s were too few, 25 s were enough",
    failing: "\
workload: {replicas: 11, minReadySeconds: 180}
pod: {serviceTime: 50ms, termination: {preStop: 0s, terminationGracePeriodSeconds: 180}}
loadBalancer: {propagation: {shared: 0s, add: 1s, remove: 1s}}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {replicas: 11, minReadySeconds: 180}
pod: {serviceTime: 50ms, termination: {preStop: 60s, terminationGracePeriodSeconds: 180}}
loadBalancer: {propagation: {shared: 0s, add: 1s, remove: 1s}}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    // How long a blue-green deployment keeps its old pods has a rule of its own.
    let switched = matches!(s.rolled().workload.strategy, Strategy::BlueGreen(_));
    // Where all pods may go at once, a preStop only keeps their successors away for longer: it is the pods that are too few.
    let closes = s.scenario().deploy.is_some() && !switched && !s.empties() && s.stops_too_early();
    let Some(listens) = s.listens_for().filter(|_| closes) else { return Vec::new() };
    let (heard, stays) = (s.heard_p99().secs(), s.stays().secs());
    // What a router splits is heard of as a new pod is.
    let (path, takes, since) = match s.rolled().workload.strategy.stays_unasked() {
        None => ("propagation.remove", "removal takes this long", String::new()),
        Some(_) => (
            "propagation.add",
            "a router's split takes this long",
            format!("are deleted {stays:.1} s after the switch, "),
        ),
    };
    let message = format!(
        "{} {since}listen for {:.1} s after their deletion, and proxies may send for {heard:.1} s (p99)",
        s.what(),
        listens.secs(),
    );
    let (path, lame_duck) = (s.balancer_path(path), s.path("pod.termination.lameDuck"));
    let also = [(path.as_str(), takes.to_owned()), (lame_duck.as_str(), "and this long after SIGTERM".to_owned())];
    let label = if s.rolled().tier.is_some() { "the proxy serves this long" } else { "the pod serves this long" };
    let diag = s.find(RULE.code, message, &s.path("pod.termination.preStop"), label, &also);
    let enough = Enough::of(s);
    let and_grace = enough.and_grace(s.rolled().pod.termination.grace_period);
    vec![diag.help(format!(
        "preStop: {:.0}s{and_grace}, or measure your balancer's {} delay if that is assumed",
        enough.pre_stop,
        if since.is_empty() { "removal" } else { "addition" }
    ))]
}
