//! The `PodDisruptionBudget` that stands beside a workload and selects its pods.

use super::kubernetes::{Tree, only, share_namespace};
use super::no_effect;
use crate::scenario::tree::Node;

/// All fields of the spec, the first of which says whose budget it is, the two after it the bound.
const FIELDS: [&str; 4] = ["selector", "minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy"];

/// The first of `objects` that is a budget of `workload`'s pods: a second one would make every eviction an error.
pub(super) fn of<'a>(objects: &[&'a Node], workload: &Node) -> Option<&'a Node> {
    let text = |o: &Node, path: &str| o.at(path).and_then(Node::text).map(str::to_owned);
    let kind = |o: &Node| text(o, "kind").as_deref() == Some("PodDisruptionBudget");
    objects.iter().copied().find(|o| kind(o) && share_namespace(o, workload) && selects(o, workload))
}

/// Whether every label that the budget selects by is on the pods. Expressions are not read, so they select nothing here.
fn selects(budget: &Node, workload: &Node) -> bool {
    let Some(labels) = budget.at("spec.selector.matchLabels").map(Node::entries) else { return false };
    let on_pod = |key: &str| workload.at("spec.template.metadata.labels").and_then(|l| l.get(key)).and_then(Node::text);
    let expressions = budget.at("spec.selector.matchExpressions").is_some();
    !expressions
        && !labels.is_empty()
        && labels.iter().all(|l| l.value.text().is_some() && on_pod(&l.key) == l.value.text())
}

/// What it says.
pub(super) fn read(tree: &mut Tree, budget: &Node) {
    if let Some(spec) = budget.get("spec") {
        let misspelt = no_effect::unknown(spec, "spec", &FIELDS);
        let fields = only(spec, &FIELDS[1..]);
        // One whose only bound is dropped leaves evictions free.
        if misspelt.is_empty() || FIELDS[1..3].iter().any(|bound| fields.get(bound).is_some()) {
            tree.put("workload.podDisruptionBudget", Some(&fields), "");
        }
        tree.notes.extend(misspelt);
    }
}
