//! The `HorizontalPodAutoscaler` that stands beside a workload and is aimed at it.

use super::kubernetes::{Tree, only, share_namespace};
use crate::scenario::tree::Node;

/// Fields of the spec that are simulated, or reported where they are not.
const FIELDS: [&str; 5] = ["minReplicas", "maxReplicas", "metrics", "behavior", "targetCPUUtilizationPercentage"];

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
        tree.put("workload.horizontalPodAutoscaler", Some(&only(spec, &FIELDS)), "");
    }
}
