//! The Deployment that a `Rollout` of Argo takes its pods from (`workloadRef`), in the place of a template of its own.

use super::kubernetes::share_namespace;
use crate::scenario::Diag;
use crate::scenario::tree::Node;

/// Whether this workload has its pods described elsewhere: by a Rollout's `workloadRef`, beside which Argo takes no template.
pub(super) fn is_one(workload: &Node) -> bool {
    workload.get("kind").and_then(Node::text) == Some("Rollout")
        && workload.at("spec.template").is_none_or(Node::is_null)
        && workload.at("spec.workloadRef").is_some_and(|reference| !reference.is_null())
}

/// Which of `objects` that is, by kind and name.
pub(super) fn of<'a>(objects: &[&'a Node], workload: &Node) -> Option<&'a Node> {
    let reference = workload.at("spec.workloadRef").filter(|_| is_one(workload))?;
    let same = |o: &Node, path: &str, field: &str| {
        let named = reference.get(field).and_then(Node::text);
        named.is_some() && o.at(path).and_then(Node::text) == named
    };
    let meant =
        |o: &Node| same(o, "kind", "kind") && same(o, "metadata.name", "name") && o.at("spec.template").is_some();
    objects.iter().copied().find(|o| meant(o) && share_namespace(o, workload))
}

/// The workload with the template of the one that it refers to.
pub(super) fn resolved(objects: &[&Node], workload: &Node) -> Option<Node> {
    let entry = of(objects, workload)?.get("spec")?.entry("template")?;
    let mut whole = workload.clone();
    whole.set("spec.template", entry.value.clone(), &entry.key_span);
    Some(whole)
}

/// What a workload refers to, as `Deployment web`.
pub(super) fn name(workload: &Node) -> String {
    let word = |field: &str| workload.at(&format!("spec.workloadRef.{field}")).and_then(Node::text).unwrap_or("?");
    format!("{} `{}`", word("kind"), word("name"))
}

/// That it is not in the file.
pub(super) fn is_missing(workload: &Node) -> Option<Diag> {
    let entry = workload.get("spec")?.entry("workloadRef").filter(|_| is_one(workload))?;
    let text = format!("the {} that describes these pods is not in the file", name(workload));
    let diag =
        Diag::warning("ignored-field", text).at(&entry.key_span, "its probes and hooks are taken as the defaults");
    Some(diag.path("spec.workloadRef").help("put it into the same file, behind a line of `---`"))
}
