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
        let open = [root.at(OF_KUBERNETES[0].0).is_none(), hears];
        for ((path, value, _), _) in OF_KUBERNETES.into_iter().zip(open).filter(|field| field.1) {
            root.set(path, Node::scalar(value, span.clone()), &span);
        }
    }
}

/// What is laid under, and where it comes from.
const OF_KUBERNETES: [(&str, &str, &str); 2] = [
    (
        "pod.termination.preStopExtension",
        "2s",
        "the kubelet's minimumGracePeriodInSeconds, for a hook that is not over yet",
    ),
    (
        "loadBalancer.propagation.snapshots",
        "true",
        "whoever hears of a pod hears of its EndpointSlice, with all else that has changed",
    ),
];

/// What was laid under `root`, as assumptions.
pub(super) fn assumed(root: &Node) -> Vec<String> {
    let laid = |path: &str| root.at(path).is_some_and(|node| node.span.range.is_empty());
    let told = |(path, value, why): (&str, &str, &str)| format!("{path} {value} ({why})");
    OF_KUBERNETES.into_iter().filter(|field| laid(field.0)).map(told).collect()
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
    fn what_is_laid_under_is_assumed_where_it_matters() {
        let told = |settings: &[&str], field: &str| {
            let settings: Vec<String> = settings.iter().map(|&s| s.to_owned()).collect();
            let loaded = load_str("web.yaml", MANIFEST, &settings).unwrap_or_else(|d| panic!("{}", d[0]));
            loaded.assumptions.iter().any(|a| a.starts_with(field))
        };
        let (hears, extension) = ("loadBalancer.propagation.snapshots true (", "pod.termination.preStopExtension 2s (");
        assert!(
            told(&[], hears) && !told(&["propagation.snapshots=true"], hears) && !told(&["propagation.add=3s"], hears)
        );
        assert!(!told(&["preStop=10s"], extension), "the hook is over long before the kill");
        assert!(told(&["preStop=40s"], extension) && told(&["terminationGracePeriodSeconds=1"], extension));
        assert!(!told(&["preStop=40s", "preStopExtension=0s"], extension));
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
