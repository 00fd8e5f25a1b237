//! A grace period that ends before the longest request.

use crate::lint::stop::Enough;
use crate::lint::{Check, Rule, Subject, demand};
use crate::scenario::{Diag, OnSigterm};

pub(super) const RULE: Rule = Rule {
    code: "grace-too-short",
    summary: "the grace period ends before the longest requests do",
    why: "terminationGracePeriodSeconds runs from the deletion. Before a request's own time come preStop and the lame duck, through which \
          new ones arrive; what is left after them must be enough for the slowest request in a thousand, or SIGKILL cuts it.",
    remedy: "terminationGracePeriodSeconds ≥ preStop + lameDuck + p99.9 of the service time, and something to spare.",
    incident: "gomods/athens-charts#108, PostHog/posthog#59609: an application that wants 60 or 300 s under a grace period of 30 s; \
               pipe-cd/pipecd#4134",
    failing: "\
workload: {replicas: 4}
pod:
  serviceTime: {distribution: lognormal, p50: 2s, p99: 20s}
  termination: {preStop: 15s, drainWindow: 60s, terminationGracePeriodSeconds: 30}
clients: [{name: web, rate: 5/s, timeout: 60s}]
",
    passing: "\
workload: {replicas: 4}
pod:
  serviceTime: {distribution: lognormal, p50: 2s, p99: 20s}
  termination: {preStop: 15s, drainWindow: 60s, terminationGracePeriodSeconds: 90}
clients: [{name: web, rate: 5/s, timeout: 60s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let t = &s.rolled().pod.termination;
    let (hook, killed) = t.cut(s.pre_stop(), t.grace_period);
    let before = hook + t.lame_duck;
    // A hook as long as the grace period has a rule of its own.
    if scenario.deploy.is_none() || t.on_sigterm != OnSigterm::Drain || s.pre_stop() >= t.grace_period {
        return Vec::new();
    }
    let quantile = if demand::streams_only(scenario) { 0.99 } else { 0.999 };
    let Some((longest, name)) = demand::longest(scenario, quantile) else { return Vec::new() };
    let left = killed.saturating_sub(before).secs();
    if left >= longest {
        return Vec::new();
    }
    let message = format!(
        "SIGKILL comes {left:.1} s after the listener has closed, and what `{name}` sends may take {longest:.1} s (p{})",
        quantile * 100.0
    );
    let [pre_stop, lame_duck] = ["preStop", "lameDuck"].map(|field| s.path(&format!("pod.termination.{field}")));
    let also =
        [(pre_stop.as_str(), "the grace period includes this".to_owned()), (lame_duck.as_str(), "and this".to_owned())];
    let label = format!("{before} of it pass before the listener closes");
    let diag = s.find(RULE.code, message, &s.path("pod.termination.terminationGracePeriodSeconds"), &label, &also);
    vec![diag.help(format!("terminationGracePeriodSeconds: {:.0}", Enough::of(s).grace))]
}
