//! All old pods go before the first new one comes.

use crate::lint::{Check, Rule, Subject};
use crate::scenario::{Diag, Strategy};

pub(super) const RULE: Rule = Rule {
    code: "recreate-downtime",
    summary: "every deploy is an outage: Recreate stops all pods first",
    why: "With `type: Recreate` no new pod is created before the last old one is gone. From when they close until the first new pod is \
          Ready, and the proxies have heard of it, nobody serves: for as long as a pod takes to end, to be scheduled and to start, and \
          every request of that time is dropped. No preStop, drain or probe shortens it to nothing.",
    remedy: "RollingUpdate with maxUnavailable: 0 and a surge, where both versions may run at once. Where they may not (a volume that one \
             pod alone may mount, a schema that the old version cannot read, one instance only), the outage is the price: announce it, \
             and leave the rule out with --allow.",
    incident: "Team-Commonly/commonly#654: a backend with Recreate and one replica, 503 for 60 to 90 s at each of its deploys",
    failing: "\
workload: {replicas: 4, strategy: {type: Recreate}}
pod: {termination: {preStop: 10s}}
clients: [{name: web, rate: 100/s}]
",
    passing: "\
workload: {replicas: 4, strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
pod: {termination: {preStop: 10s}}
clients: [{name: web, rate: 100/s}]
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    if s.scenario().deploy.is_none() || s.rolled().workload.strategy != Strategy::Recreate {
        return Vec::new();
    }
    let message =
        format!("all {} are stopped before the first new one starts: nobody serves until it is Ready", s.what());
    // `strategy: Recreate` is short for its `type`.
    let [kind, short] = ["workload.strategy.type", "workload.strategy"].map(|field| s.path(field));
    let path = if s.gives(&kind) { kind } else { short };
    let diag = s.find(RULE.code, message, &path, "an outage at each deploy", &[]);
    vec![diag.help("type: RollingUpdate with maxUnavailable: 0 and maxSurge: 1, where both versions may run at once")]
}
