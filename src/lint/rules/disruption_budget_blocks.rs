//! A budget that lets nobody go.

use crate::lint::linter::items;
use crate::lint::{Check, Rule, Subject};
use crate::scenario::Diag;
use crate::scenario::tree::Node;

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

/// The pods that a budget lets go of `replicas`, and the field that says so. The disruption controller rounds percentages of both up.
fn allowed(budget: &Node, replicas: u32) -> Option<(u32, &'static str, &Node)> {
    let pods = |node: &Node| {
        let text = node.text()?;
        match text.strip_suffix('%') {
            Some(percent) => Some(libm::ceil(percent.parse::<f64>().ok()? * f64::from(replicas) / 100.0) as u32),
            None => text.parse().ok(),
        }
    };
    if let Some(node) = budget.at("spec.maxUnavailable") {
        return Some((pods(node)?, "maxUnavailable", node));
    }
    let node = budget.at("spec.minAvailable")?;
    Some((replicas.saturating_sub(pods(node)?), "minAvailable", node))
}

/// Whether every label that the budget selects by is on the pods. Expressions are not read, so they select nothing here.
fn selects(budget: &Node, pods: &Node) -> bool {
    let Some(labels) = budget.at("spec.selector.matchLabels").map(Node::entries) else { return false };
    let on_pod = |key: &str| pods.at("spec.template.metadata.labels").and_then(|l| l.get(key)).and_then(Node::text);
    let expressions = budget.at("spec.selector.matchExpressions").is_some();
    !expressions
        && !labels.is_empty()
        && labels.iter().all(|l| l.value.text().is_some() && on_pod(&l.key) == l.value.text())
}

fn check(s: &Subject<'_>) -> Vec<Diag> {
    let objects: Vec<&Node> = s.manifest.iter().flat_map(items).collect();
    let text = |o: &'_ Node, path: &str| o.at(path).and_then(Node::text).map(str::to_owned);
    let name = s.scenario().name.as_str();
    let mut found = Vec::new();
    let workloads: Vec<&&Node> = objects.iter().filter(|o| o.at("spec.template").is_some()).collect();
    for workload in &workloads {
        // A manifest may hold several, and a scenario may call its only one something else.
        if workloads.len() > 1 && text(workload, "metadata.name").as_deref() != Some(name) {
            continue;
        }
        let replicas = s.scenario().workload.replicas;
        for budget in objects.iter().filter(|o| text(o, "kind").as_deref() == Some("PodDisruptionBudget")) {
            let same = text(budget, "metadata.namespace") == text(workload, "metadata.namespace");
            if let Some((0, field, node)) = allowed(budget, replicas).filter(|_| same && selects(budget, workload)) {
                let message = format!("this budget never lets one of the {replicas} pods of `{name}` be evicted");
                let diag = Diag::warning(RULE.code, message)
                    .at(&node.span, format!("allows 0 of {replicas} to be missing"))
                    .path(format!("spec.{field}"));
                let help = if replicas > 1 {
                    "maxUnavailable: 1"
                } else {
                    "maxUnavailable: 1, and a second replica to serve meanwhile"
                };
                found.push(diag.help(help));
            }
        }
    }
    found
}
