//! What Kubernetes does with a manifest's pods that the manifest does not say.

use std::sync::Arc;

use super::tree::{Node, Span, Value};
use super::{Draft, workload};

impl Draft {
    /// Lays under a manifest what Kubernetes does with its pods: whoever hears of them hears of their `EndpointSlice`, unless something is
    /// said of how they do, and a container has 2 s at the least between its preStop hook and the kill (kubelet,
    /// `minimumGracePeriodInSeconds`).
    pub(super) fn lay_under_kubernetes(&self, root: &mut Node) {
        if !self.input.kind.is_some_and(workload::is_of_kubernetes) {
            return;
        }
        // Nobody's text: a default.
        let span = Span { source: Arc::clone(&root.span.source), range: 0..0 };
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

/// Whether a balancer hears in a way of its own. How long a removal takes is none: that is what is measured first, and the pods are
/// those of the same manifest. An addition that takes a time of its own is: targets are registered one by one then.
fn says_how(balancer: &Node) -> bool {
    let Value::Map(_) = balancer.value else { return true };
    let told = balancer.get("propagation");
    let own = |p: &Node| {
        !matches!(p.value, Value::Map(_))
            || ["add", "order", "snapshots"].into_iter().any(|field| p.get(field).is_some())
    };
    balancer.get("preset").is_some() || told.is_some_and(own)
}

#[cfg(test)]
mod tests {
    use crate::scenario::load_str;

    const MANIFEST: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  template:\n    \
                            spec:\n      containers: [{name: web}]\n";

    fn is_told_as_a_state(setting: &str) -> bool {
        let setting: Vec<String> = (!setting.is_empty()).then(|| setting.to_owned()).into_iter().collect();
        let loaded = load_str("web.yaml", MANIFEST, &setting).unwrap_or_else(|d| panic!("{}", d[0]));
        loaded.scenario.load_balancer.propagation.snapshots
    }

    #[test]
    fn a_measured_removal_delay_does_not_change_how_proxies_hear() {
        for setting in ["", "propagation.batch=0s", "propagation.remove=3s", "propagation.shared=1s"] {
            assert!(is_told_as_a_state(setting), "{setting}");
        }
        for setting in ["propagation.add=30s", "propagation.order=parallel", "propagation.snapshots=false"] {
            assert!(!is_told_as_a_state(setting), "{setting}");
        }
    }
}
