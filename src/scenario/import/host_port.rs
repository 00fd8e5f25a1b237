//! Ports of the node that a pod takes: a second pod with the same ones does not fit beside it.

use crate::scenario::Diag;
use crate::scenario::tree::{Entry, Node};

/// The path of the surge of a DaemonSet, which has no room for one then.
pub(super) const DAEMON_SURGE: &str = "workload.updateStrategy.rollingUpdate.maxSurge";

/// Where a pod says that it takes a port of its node: a `hostPort`, or `hostNetwork` with a port of any container, which Kubernetes
/// takes for one (`SetDefaults_Pod`).
pub(super) fn of(pod: &Node) -> Option<&Entry> {
    let containers = pod.get("containers").map(Node::items).unwrap_or_default();
    let ports = || containers.iter().filter_map(|c| c.get("ports")).flat_map(Node::items);
    let is_set = |e: &&Entry| !matches!(e.value.text(), None | Some("0"));
    let own = ports().find_map(|port| port.entry("hostPort").filter(is_set));
    let network = pod.entry("hostNetwork").filter(|e| e.value.text() == Some("true"));
    own.or_else(|| network.filter(|_| ports().next().is_some()))
}

/// A note where such pods are to run beside their predecessors: a DaemonSet's, on their nodes, can't (the scheduler's `NodePorts`, KEP
/// 1591), those of others need nodes on which none of them runs.
pub(super) fn note(spec: &Node, pod: Option<&Node>, kind: &str) -> Option<Diag> {
    let entry = of(pod?)?;
    let surge = |path: &str, default: &str| {
        let text = spec.at(path).and_then(Node::text).unwrap_or(default).to_owned();
        !matches!(text.as_str(), "0" | "0%")
    };
    let (text, label) = match kind {
        "DaemonSet" if surge("updateStrategy.rollingUpdate.maxSurge", "0") => (
            "these pods take a port of their node: none can start beside its predecessor, and with maxSurge the rollout never ends",
            "forecast as if both had room",
        ),
        "Deployment"
            if spec.at("strategy.type").and_then(Node::text) != Some("Recreate")
                && surge("strategy.rollingUpdate.maxSurge", "25%") =>
        {
            (SURGE_NEEDS_NODES, "forecast as if there were such nodes")
        }
        "Rollout" if surge("strategy.canary.maxSurge", "25%") => {
            (SURGE_NEEDS_NODES, "forecast as if there were such nodes")
        }
        _ => return None,
    };
    let diag =
        Diag::warning("host-port", text).at(&entry.key_span, label).path(format!("spec.template.spec.{}", entry.key));
    Some(diag.help("`maxSurge: 0` with a `maxUnavailable` of 1 or more replaces each pod in its place"))
}

const SURGE_NEEDS_NODES: &str =
    "these pods take a port of their node: each one of the surge waits for a node on which none of them runs";
