//! A drain window made for shorter requests.

use crate::lint::stop::{self, Enough};
use crate::lint::{Check, Rule, Subject, demand};
use crate::scenario::{Diag, OnSigterm};

pub(super) const RULE: Rule = Rule {
    code: "drain-too-short",
    summary: "the drain window is shorter than three times the p99",
    why: "When the listener has closed, what is in flight may go on for the drain window; what is still running then is severed. \
          A window near the median cuts (λ/R)·∫(1 − F) requests a pod, and always the longest ones; at 3 × p99 hardly any is left. \
          Streams that are to be finished need their own p99.",
    remedy: "drainWindow ≥ 3 × p99, within a grace period that leaves room for it.",
    incident: "benoitc/gunicorn#2593: 6 pods whose workers ended in the middle of requests, 502 at every deploy; golang/go#23829: what \
               shutdown does to connections with a request on the wire",
    failing: "\
workload: {replicas: 4}
pod:
  serviceTime: {distribution: lognormal, p50: 300ms, p99: 5s}
  termination: {preStop: 5s, drainWindow: 1s, terminationGracePeriodSeconds: 60}
clients: [{name: web, rate: 20/s, timeout: 60s}]
",
    passing: "\
workload: {replicas: 4}
pod:
  serviceTime: {distribution: lognormal, p50: 300ms, p99: 5s}
  termination: {preStop: 5s, drainWindow: 15s, terminationGracePeriodSeconds: 60}
clients: [{name: web, rate: 20/s, timeout: 60s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let scenario = s.scenario();
    let t = &s.rolled().pod.termination;
    if scenario.deploy.is_none() || t.on_sigterm != OnSigterm::Drain {
        return Vec::new();
    }
    let Some((needed, p99, name)) = stop::drain_window(s) else { return Vec::new() };
    if t.drain_window.secs() >= needed {
        return Vec::new();
    }
    let times = if demand::streams_only(scenario) { "" } else { "3 × " };
    let message = format!(
        "drainWindow ({}) is shorter than {needed:.1} s: {times}the p99 ({p99:.1} s) of what `{name}` sends",
        t.drain_window
    );
    let also = [("pod.serviceTime", "this long".to_owned())];
    let diag = s.find(
        RULE.code,
        message,
        &s.path("pod.termination.drainWindow"),
        "what is still running at its end is severed",
        &also,
    );
    let and_grace = Enough::of(s).and_grace(t.grace_period);
    vec![diag.help(format!("drainWindow: {:.0}s{and_grace}", libm::ceil(needed)))]
}
