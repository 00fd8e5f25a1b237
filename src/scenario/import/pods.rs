//! The pods of a workload: what the API refuses one without, and what of them is not simulated.

use super::pre_stop;
use crate::scenario::Diag;
use crate::scenario::diag::nearest;
use crate::scenario::tree::{Node, Span, Value};

/// The map `field` of a part of a manifest, which the API wants there. Where there is none, what comes nearest to it in the part
/// is shown, or `otherwise` what there is of it.
pub(super) fn needed<'a>(
    part: &'a Node,
    field: &'static str,
    within: &str,
    kind: &str,
    otherwise: &Span,
) -> Result<&'a Node, Diag> {
    let path = if within.is_empty() { field.to_owned() } else { format!("{within}.{field}") };
    match part.get(field) {
        Some(node) if matches!(node.value, Value::Map(_)) => Ok(node),
        Some(node) if !node.is_null() => {
            let diag = Diag::error("wrong-type", format!("`{field}` must be a map of fields"));
            Err(diag.at(&node.span, "expected a map of fields").path(path))
        }
        _ => Err(missing(part, field, &format!("this {kind} has no `{path}`"), otherwise).path(path)),
    }
}

/// That a field is not there, at what comes nearest to it.
pub(super) fn missing(part: &Node, field: &str, message: &str, otherwise: &Span) -> Diag {
    let diag = Diag::error("missing-field", message);
    let near = part.entries().iter().find(|e| nearest(&e.key, [field]).is_some() && e.key != field);
    match near {
        Some(entry) => diag.at(&entry.key_span, format!("did you mean `{field}`?")),
        None => match part.entry(field) {
            Some(entry) => diag.at(&entry.key_span, "nothing stands here"),
            None => diag.at(otherwise, "this one"),
        },
    }
}

/// The pod that a workload's template describes; nothing where another object does (`workloadRef` of a `Rollout`).
pub(super) fn of<'a>(object: &'a Node, spec: &'a Node, kind: &str) -> Result<Option<&'a Node>, Diag> {
    if kind == "Rollout" && spec.get("template").is_none() && spec.get("workloadRef").is_some_and(|n| !n.is_null()) {
        return Ok(None);
    }
    // What is left out altogether the API would ask for; a forecast of what is there may be meant all the same.
    if spec.entries().iter().all(|e| nearest(&e.key, ["template"]).is_none()) {
        return Ok(None);
    }
    let head = |entry: Option<&crate::scenario::tree::Entry>| entry.map(|e| e.key_span.clone());
    let at = head(object.entry("spec")).unwrap_or_else(|| object.span.clone());
    let template = needed(spec, "template", "spec", kind, &at)?;
    let at = head(spec.entry("template")).unwrap_or(at);
    let pod = needed(template, "spec", "spec.template", kind, &at)?;
    let path = "spec.template.spec.containers";
    match pod.entry("containers") {
        Some(entry) if !entry.value.items().is_empty() => Ok(Some(pod)),
        Some(entry) if !matches!(entry.value.value, Value::Null | Value::Seq(_)) => {
            let diag =
                Diag::error("wrong-type", "`containers` must be a list").at(&entry.value.span, "expected a list");
            Err(diag.path(path).help("as in `containers: [{name: app, image: app:v1}]`"))
        }
        _ => {
            let at = head(template.entry("spec")).unwrap_or(at);
            Err(missing(pod, "containers", &format!("the pods of this {kind} have no containers"), &at).path(path))
        }
    }
}

/// A note that a workload says nothing of its pods, which the API would refuse.
pub(super) fn unsaid(object: &Node, spec: &Node, kind: &str) -> Option<Diag> {
    let elsewhere = spec.get("workloadRef").is_some_and(|n| !n.is_null());
    let unsaid = spec.get("template").is_none() && !elsewhere;
    let at = object.entry("spec").map_or(&object.span, |e| &e.key_span);
    unsaid.then(|| {
        let diag =
            Diag::warning("missing-field", format!("this {kind} has no `spec.template`: the API would refuse it"));
        diag.at(at, "its pods are taken to have every default").path("spec.template")
    })
}

/// Notes for what these containers do at their start and at their end, and do not here.
pub(super) fn not_simulated(containers: &[&Node]) -> Vec<Diag> {
    let mut notes = Vec::new();
    for lifecycle in containers.iter().filter_map(|c| c.get("lifecycle")) {
        if let Some(hook) = lifecycle.entry("postStart").filter(|e| !e.value.is_null()) {
            let takes = pre_stop::read(&hook.value).ok().filter(|hook| hook.note.is_none());
            let (takes, example) = match takes.map(|hook| hook.seconds) {
                Some(seconds) => (format!("it takes {seconds}s, and no probe begins before"), format!("{seconds}s")),
                None => ("no probe begins before it has ended".to_owned(), "10s".to_owned()),
            };
            let diag = Diag::warning("ignored-field", "`postStart` is not simulated in this version");
            let diag = diag.at(&hook.key_span, takes).path("lifecycle.postStart");
            notes.push(diag.help(format!("count it in: `--set startup=` with what the pod takes and {example} more")));
        }
        if let Some(signal) = lifecycle.get("stopSignal").filter(|n| n.text() != Some("SIGTERM") && !n.is_null()) {
            let diag = Diag::warning("ignored-field", "`stopSignal` is not simulated in this version");
            let diag = diag.at(&signal.span, "taken as SIGTERM").path("lifecycle.stopSignal");
            notes.push(diag.help("what the process does at it is said by `--set onSigterm=exit`, `drain` or `ignore`"));
        }
    }
    notes
}
