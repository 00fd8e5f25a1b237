//! The `HorizontalPodAutoscaler` that stands beside a workload and is aimed at it.

use super::kubernetes::{Tree, only, share_namespace};
use super::no_effect;
use crate::scenario::tree::Node;

/// All fields of the spec, the first of which says whom it is aimed at.
const FIELDS: [&str; 6] =
    ["scaleTargetRef", "minReplicas", "maxReplicas", "metrics", "behavior", "targetCPUUtilizationPercentage"];

/// The first of `objects` that is an autoscaler of `workload`.
pub(super) fn of<'a>(objects: &[&'a Node], workload: &Node) -> Option<&'a Node> {
    let text = |o: &Node, path: &str| o.at(path).and_then(Node::text).map(str::to_owned);
    let is = |o: &Node| text(o, "kind").as_deref() == Some("HorizontalPodAutoscaler");
    let aimed = |o: &Node| {
        text(o, "spec.scaleTargetRef.name") == text(workload, "metadata.name")
            && text(o, "spec.scaleTargetRef.kind") == text(workload, "kind")
    };
    objects.iter().copied().find(|o| is(o) && share_namespace(o, workload) && aimed(o))
}

/// What it says.
pub(super) fn read(tree: &mut Tree, autoscaler: &Node) {
    if let Some(spec) = autoscaler.get("spec") {
        tree.notes.extend(no_effect::unknown(spec, "spec", &FIELDS));
        tree.put("workload.horizontalPodAutoscaler", Some(&only(spec, &FIELDS[1..])), "");
    }
}
