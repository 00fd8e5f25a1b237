//! What Kubernetes does with a manifest's pods that the manifest does not say.

use std::sync::Arc;

use super::tree::{Node, Span, Value};
use super::{Draft, workload};

impl Draft {
    /// Lays under a manifest what Kubernetes does with its pods: whoever hears of them hears of their `EndpointSlice`, unless something is
    /// said of how they do, and a preStop hook that takes all of the grace period gets 2 s more before the kill (kubelet).
    pub(super) fn lay_under_kubernetes(&self, root: &mut Node) {
        if !self.input.kind.is_some_and(workload::is_of_kubernetes) {
            return;
        }
        // Nobody's text: a default.
        let span = Span { source: Arc::clone(&root.span.source), range: 0..0 };
        let says_how =
            |b: &Node| b.get("preset").or(b.get("propagation")).is_some() || !matches!(b.value, Value::Map(_));
        let hears = !root.get("loadBalancer").is_some_and(says_how);
        for (path, value, open) in [
            ("pod.termination.preStopExtension", "2s", root.at("pod.termination.preStopExtension").is_none()),
            ("loadBalancer.propagation.snapshots", "true", hears),
        ] {
            if open {
                root.set(path, Node::scalar(value, span.clone()), &span);
            }
        }
    }
}
