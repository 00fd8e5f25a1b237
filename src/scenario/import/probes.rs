//! The probes of a manifest's containers as the one readiness probe that a pod has here.

use super::kubernetes::{Tree, only};
use crate::scenario::Diag;
use crate::scenario::tree::{Node, Span};

const PROBE: [&str; 5] =
    ["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold"];
const DELAY: &str = "initialDelaySeconds";

/// A pod is Ready when each of its containers is, so the slowest probe governs, and none passes before the last
/// startup probe is made for the first time.
pub(super) fn read(tree: &mut Tree, containers: &[&Node]) {
    let probes = |field: &str| -> Vec<&Node> {
        containers.iter().filter_map(|c| c.get(field)).filter(|p| !p.is_null()).collect()
    };
    let readiness = probes("readinessProbe");
    // Without a readiness probe a container is Ready as soon as its startup probe has passed.
    let started = slowest(&probes("startupProbe"));
    let Some(governs) = slowest(&readiness).or(started) else {
        tree.put("pod.readinessProbe", None, "none");
        let text = "pod.readinessProbe none (the manifest has none: Ready as soon as started)";
        tree.assumptions.push(text.to_owned());
        return;
    };
    if readiness.len() > 1 {
        let text = format!("{} containers have a readinessProbe: the slowest governs", readiness.len());
        tree.notes.push(Diag::warning("several-probes", text).at(&governs.span, "this one"));
    }
    // How often a startup probe may fail and what it then does have no counterpart.
    let fields = if readiness.is_empty() { &PROBE[..3] } else { &PROBE[..] };
    tree.put("pod.readinessProbe", Some(&only(governs, fields)), "");
    let later = started.and_then(|s| s.get(DELAY)).filter(|d| number(d) > seconds(governs, DELAY, 0.0));
    if later.is_some() {
        tree.put("pod.readinessProbe.initialDelaySeconds", later, "");
    }
}

/// The probe that takes the longest to pass for the first time.
fn slowest<'a>(probes: &[&'a Node]) -> Option<&'a Node> {
    let wait = |p: &Node| seconds(p, DELAY, 0.0) + seconds(p, "periodSeconds", 10.0);
    probes.iter().rev().max_by(|a, b| wait(a).total_cmp(&wait(b))).copied()
}

fn seconds(probe: &Node, field: &str, default: f64) -> f64 {
    probe.get(field).and_then(Node::text).and_then(|t| t.parse().ok()).unwrap_or(default)
}

fn number(node: &Node) -> f64 {
    node.text().and_then(|t| t.parse().ok()).unwrap_or(0.0)
}

/// One note for what a pod has that makes it start later or die earlier than it does here.
pub(super) fn ignored(pod: Option<&Node>, containers: &[&Node]) -> Option<Diag> {
    let probe = |field: &str| -> Option<&Span> {
        containers.iter().filter_map(|c| c.entry(field)).find(|e| !e.value.is_null()).map(|e| &e.key_span)
    };
    let init = pod.and_then(|p| p.entry("initContainers")).filter(|e| !e.value.items().is_empty());
    let fields = [
        ("initContainers", init.map(|e| &e.key_span), "they run before the pod starts"),
        ("startupProbe", probe("startupProbe"), "of it, only initialDelaySeconds counts"),
        ("livenessProbe", probe("livenessProbe"), "no pod is restarted"),
    ];
    let found: Vec<(&str, &Span, &str)> = fields.into_iter().filter_map(|(n, s, why)| Some((n, s?, why))).collect();
    let names: Vec<String> = found.iter().map(|(name, ..)| format!("`{name}`")).collect();
    let (last, rest) = names.split_last()?;
    let verb = if names.len() == 1 && *last != "`initContainers`" { "is" } else { "are" };
    let names = if rest.is_empty() { last.clone() } else { format!("{} and {last}", rest.join(", ")) };
    let (_, first, why) = found.first()?;
    let mut diag = Diag::warning("ignored-field", format!("{names} {verb} not simulated in this version"));
    diag = diag.at(first, *why);
    for (_, span, why) in &found[1..] {
        diag = diag.and(span, *why);
    }
    let starts_later = found.iter().any(|(name, ..)| *name != "livenessProbe");
    Some(if starts_later { diag.help("count the time they take in, as in `--set startup=40s`") } else { diag })
}
