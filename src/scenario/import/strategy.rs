//! How each kind of workload says that it is to be rolled.

use super::analysis;
use super::kubernetes::{Tree, only};
use crate::scenario::Diag;
use crate::scenario::diag::nearest;
use crate::scenario::tree::{Node, Value};

/// A DaemonSet runs on as many nodes as there are, which no manifest knows.
const NODES: &str = "10";

/// `spec.replicas`.
pub(super) fn replicas(tree: &mut Tree, spec: &Node, kind: &str, autoscaler: Option<&Node>) {
    let least = autoscaler.and_then(|a| a.at("spec.minReplicas")).filter(|_| spec.get("replicas").is_none());
    if kind == "DaemonSet" {
        tree.put("workload.replicas", None, NODES);
        tree.assumptions
            .push(format!("workload.replicas {NODES} (nodes: a DaemonSet does not say on how many it runs)"));
    } else if let Some(least) = least {
        tree.put("workload.replicas", Some(least), "1");
        let pods = least.text().unwrap_or("1");
        tree.assumptions
            .push(format!("workload.replicas {pods} (minReplicas: how many there are now no manifest says)"));
    } else {
        tree.put("workload.replicas", spec.get("replicas"), "1");
    }
}

/// What else of `spec` decides about the rollout.
pub(super) fn read(tree: &mut Tree, spec: &Node, kind: &str, objects: &[&Node]) {
    match kind {
        "StatefulSet" => {
            copy(tree, spec, "podManagementPolicy");
            update(tree, spec, &["partition", "maxUnavailable"]);
        }
        "Rollout" => rollout(tree, spec, objects),
        "DaemonSet" => update(tree, spec, &["maxSurge", "maxUnavailable"]),
        _ => {
            copy(tree, spec, "podReplacementPolicy");
            deployment(tree, spec);
        }
    }
}

/// A field that the scenario's workload has under the same name, if the manifest has it.
fn copy(tree: &mut Tree, spec: &Node, field: &str) {
    if let Some(node) = spec.get(field).filter(|n| !n.is_null()) {
        tree.put(&format!("workload.{field}"), Some(node), "");
    }
}

/// `spec.updateStrategy`.
fn update(tree: &mut Tree, spec: &Node, fields: &[&str]) {
    let Some(update) = spec.get("updateStrategy").filter(|n| !n.is_null()) else { return };
    if !matches!(update.value, Value::Map(_)) {
        return copy(tree, spec, "updateStrategy");
    }
    tree.put("workload.updateStrategy.type", update.get("type"), "RollingUpdate");
    if let Some(rolling) = update.get("rollingUpdate").filter(|n| !n.is_null()) {
        tree.put("workload.updateStrategy.rollingUpdate", Some(&only(rolling, fields)), "");
    }
}

/// Fields of Argo's strategies that the scenario has.
const CANARY: [&str; 8] = [
    "analysis",
    "steps",
    "maxSurge",
    "maxUnavailable",
    "trafficRouting",
    "dynamicStableScale",
    "scaleDownDelaySeconds",
    "abortScaleDownDelaySeconds",
];
const BLUE_GREEN: [&str; 6] = [
    "autoPromotionEnabled",
    "autoPromotionSeconds",
    "previewReplicaCount",
    "scaleDownDelaySeconds",
    "prePromotionAnalysis",
    "postPromotionAnalysis",
];

/// `spec.strategy` of an Argo `Rollout`.
fn rollout(tree: &mut Tree, spec: &Node, objects: &[&Node]) {
    if !["canary", "blueGreen"].iter().any(|name| spec.get("strategy").is_some_and(|s| s.get(name).is_some())) {
        tree.notes.push(no_strategy(spec));
        return;
    }
    for (name, fields) in [("canary", &CANARY[..]), ("blueGreen", &BLUE_GREEN[..])] {
        let Some(strategy) = spec.get("strategy").and_then(|s| s.get(name)) else { continue };
        if strategy.is_null() {
            // `canary: {}` and `canary:` are the same to Argo.
            tree.put(&format!("workload.strategy.{name}"), Some(&Node::empty_map(strategy.span.clone())), "");
            continue;
        }
        let strategy = analysis::resolve(tree, strategy, objects);
        tree.put(&format!("workload.strategy.{name}"), Some(&only(&strategy, fields)), "");
    }
}

/// Argo's `InvalidSpec`: it rolls nothing of such a `Rollout`.
fn no_strategy(spec: &Node) -> Diag {
    let diag = Diag::error("missing-field", "this Rollout has neither `strategy.canary` nor `strategy.blueGreen`");
    let strategy = spec.entry("strategy");
    let fields = strategy.map(|e| e.value.entries()).unwrap_or_default();
    let near = fields.iter().find_map(|e| Some((e, nearest(&e.key, ["canary", "blueGreen"])?)));
    let diag = match (near, strategy) {
        (Some((entry, meant)), _) => diag.at(&entry.key_span, format!("did you mean `{meant}`?")),
        (None, Some(entry)) => diag.at(&entry.key_span, "Argo refuses it (InvalidSpec)"),
        (None, None) => diag.at(&spec.span, "Argo refuses it (InvalidSpec)"),
    };
    diag.path("spec.strategy").help("`strategy: {canary: {}}` is a plain rolling update")
}

/// `spec.strategy` of a Deployment, the fields that the scenario's has.
fn deployment(tree: &mut Tree, spec: &Node) {
    if let Some(node) = spec.get("strategy").filter(|n| !matches!(n.value, Value::Map(_) | Value::Null)) {
        // A scenario may say it in a word; the API takes none.
        let diag = Diag::error("wrong-type", "`strategy` must be a map of fields").at(&node.span, "expected a map");
        let word = node.text().and_then(|text| nearest(text, ["RollingUpdate", "Recreate"])).unwrap_or("Recreate");
        tree.notes.push(diag.path("spec.strategy").help(format!("as in `strategy: {{type: {word}}}`")));
        return;
    }
    tree.put("workload.strategy.type", spec.at("strategy.type"), "RollingUpdate");
    if let Some(rolling) = spec.at("strategy.rollingUpdate").filter(|n| !n.is_null()) {
        let rolling = only(rolling, &["maxSurge", "maxUnavailable"]);
        tree.put("workload.strategy.rollingUpdate", Some(&rolling), "");
    } else if spec.at("strategy.type").and_then(Node::text) != Some("Recreate") {
        tree.put("workload.strategy.rollingUpdate.maxSurge", None, "25%");
        tree.put("workload.strategy.rollingUpdate.maxUnavailable", None, "25%");
    }
}
