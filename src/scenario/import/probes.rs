//! The probes of a manifest's containers as those that a pod has here, which is one container.

use super::kubernetes::{Tree, only};
use super::no_effect::PROBE;
use super::pods;
use crate::scenario::Diag;
use crate::scenario::tree::Node;

/// A pod is Ready when each of its containers is, so the slowest readiness and the slowest startup probe govern; the first
/// container to fail is restarted, so the strictest liveness probe does.
pub(super) fn read(tree: &mut Tree, containers: &[&Node]) {
    let probes = |field: &str| -> Vec<&Node> {
        containers.iter().filter_map(|c| c.get(field)).filter(|p| !p.is_null()).collect()
    };
    let (readiness, startup, liveness) = (probes("readinessProbe"), probes("startupProbe"), probes("livenessProbe"));
    let first_pass = |p: &Node| seconds(p, "initialDelaySeconds", 0.0) + seconds(p, "periodSeconds", 10.0);
    let first_kill = |p: &Node| {
        let failures = seconds(p, "failureThreshold", 3.0);
        seconds(p, "initialDelaySeconds", 0.0) + seconds(p, "periodSeconds", 10.0) * failures
    };
    if let Some(probe) = slowest(&readiness, first_pass) {
        tree.put("pod.readinessProbe", Some(&only(probe, &PROBE)), "");
    } else {
        tree.put("pod.readinessProbe", None, "none");
        let until = if startup.is_empty() { "as soon as started" } else { "when its startupProbe has passed" };
        tree.assumptions.push(format!("pod.readinessProbe none (the manifest has none: Ready {until})"));
    }
    if let Some(probe) = slowest(&startup, first_pass) {
        tree.put("pod.startupProbe", Some(&only(probe, &PROBE)), "");
    }
    if let Some(probe) = slowest(&liveness, |p| -first_kill(p)) {
        tree.put("pod.livenessProbe", Some(&only(probe, &PROBE)), "");
    }
    for (name, all, governs) in [
        ("readinessProbe", &readiness, slowest(&readiness, first_pass)),
        ("livenessProbe", &liveness, slowest(&liveness, |p| -first_kill(p))),
    ] {
        if let Some(probe) = governs.filter(|_| all.len() > 1) {
            let which = if name == "readinessProbe" { "slowest" } else { "strictest" };
            let text = format!("{} containers have a {name}: the {which} governs", all.len());
            tree.notes.push(Diag::warning("several-probes", text).at(&probe.span, "this one"));
        }
    }
}

/// The first of those probes for which `wait` is the longest.
fn slowest<'a>(probes: &[&'a Node], wait: impl Fn(&Node) -> f64) -> Option<&'a Node> {
    probes.iter().rev().max_by(|a, b| wait(a).total_cmp(&wait(b))).copied()
}

fn seconds(probe: &Node, field: &str, default: f64) -> f64 {
    probe.get(field).and_then(Node::text).and_then(|t| t.parse().ok()).unwrap_or(default)
}

/// Conditions by which a load balancer's controller tells that it sends to a pod: AWS's, and Google's of network endpoint groups.
const BALANCERS: [&str; 3] = ["target-health.", "cloud.google.com/load-balancer-neg-ready", "networking.gke.io/"];

/// The pod's readiness gates: those of load balancers hold the rollout until every proxy sends to it. What a target's first check takes
/// is part of how late an addition is.
pub(super) fn gates(tree: &mut Tree, pod: Option<&Node>) {
    for gate in pod.and_then(|p| p.get("readinessGates")).map(Node::items).unwrap_or_default() {
        let Some(condition) = gate.get("conditionType") else {
            let diag = pods::missing(gate, "conditionType", "a readiness gate has no `conditionType`", &gate.span);
            tree.notes.push(diag.path("spec.template.spec.readinessGates"));
            continue;
        };
        if condition.text().is_some_and(|text| BALANCERS.iter().any(|known| text.starts_with(known))) {
            tree.put("loadBalancer.readinessGate", Some(&Node::scalar("added", condition.span.clone())), "");
        } else {
            let diag = Diag::warning("ignored-field", "only the readiness gates of load balancers are simulated");
            tree.notes.push(diag.at(&condition.span, "taken as open"));
        }
    }
}

/// Init containers that go on beside the others (`restartPolicy: Always`): the pod is Ready only when they are, and they are stopped
/// only after the others have ended.
pub(super) fn sidecars(pod: Option<&Node>) -> impl Iterator<Item = &Node> {
    let all = pod.and_then(|p| p.get("initContainers")).map(Node::items).unwrap_or_default();
    all.iter().filter(|c| goes_on(c))
}

fn goes_on(container: &Node) -> bool {
    container.get("restartPolicy").and_then(Node::text) == Some("Always")
}

/// A note for what a pod has that makes it start later than it does here.
pub(super) fn ignored(pod: Option<&Node>) -> Option<Diag> {
    let init = pod.and_then(|p| p.entry("initContainers"))?;
    if init.value.items().iter().all(goes_on) {
        return None;
    }
    let diag = Diag::warning("ignored-field", "`initContainers` are not simulated in this version");
    let diag = diag.at(&init.key_span, "they run before the pod starts");
    Some(diag.help("count the time they take in, as in `--set startup=40s`"))
}
