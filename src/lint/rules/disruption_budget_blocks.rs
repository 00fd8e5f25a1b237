//! A budget that lets nobody go.

use crate::fleet::rollout::desired_healthy;
use crate::lint::{Check, Rule, Subject};
use crate::scenario::{BudgetBound, Diag};

pub(super) const RULE: Rule = Rule {
    code: "disruption-budget-blocks",
    summary: "a PodDisruptionBudget that can never be met",
    why: "An eviction is allowed only while the budget holds without the pod. Where it asks for as many pods as there are (or allows none to \
          be missing), no eviction is ever allowed: nodes cannot be drained, upgrades of the cluster stand still, and somebody \
          deletes the pod by hand in the end, without any of the protection. A budget says nothing of rollouts.",
    remedy: "maxUnavailable: 1 – with two replicas or more.",
    incident: "kubernetes/autoscaler#1298, #2045: the only pod of a service and whoever wants its node; either nothing moves, or \
               the service is gone for as long as a start takes (4 min)",
    failing: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: checkout}}
    spec:
      containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 10}}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: checkout}
spec: {minAvailable: 100%, selector: {matchLabels: {app: checkout}}}
",
    passing: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: checkout}}
    spec:
      containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 10}}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: checkout}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: checkout}}}
",
    check: Check::Rule(check),
};

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let workload = &s.scenario().workload;
    let (name, replicas) = (&s.scenario().name, workload.replicas);
    let Some(budget) = workload.budget.filter(|b| desired_healthy(b, replicas) >= replicas) else { return Vec::new() };
    let field = match budget.bound {
        BudgetBound::MinAvailable(_) => "minAvailable",
        BudgetBound::MaxUnavailable(_) => "maxUnavailable",
    };
    let whom = if replicas == 1 { "the only pod".to_owned() } else { format!("any of the {replicas} pods") };
    let message = format!("this budget never lets {whom} of `{name}` be evicted");
    let path = format!("workload.podDisruptionBudget.{field}");
    let diag = s.find(RULE.code, message, &path, &format!("allows 0 of {replicas} to be missing"), &[]);
    let help =
        if replicas > 1 { "maxUnavailable: 1" } else { "maxUnavailable: 1, and a second replica to serve meanwhile" };
    vec![diag.path(format!("spec.{field}")).help(help)]
}
