//! A Kubernetes manifest as the part of a scenario that it says something about.
//!
//! The result is a scenario's tree whose nodes still stand in the manifest, so that whoever finds fault with a value
//! points at the line it came from. Fields that mean nothing here are Kubernetes' own affair and left alone.

use super::pre_stop::PreStop;
use super::{autoscaler, budget, host_port, no_effect, pods, pre_stop, probes, reference, strategy};
use crate::scenario::Diag;
use crate::scenario::diag::nearest;
use crate::scenario::tree::{Entry, Node, Span, Value};

/// What a manifest says.
#[derive(Debug)]
pub struct Imported {
    /// A scenario without clients. Values that Kubernetes fills in have an empty span, all others that of their origin.
    pub tree: Node,
    /// What was passed over, or read with a reservation.
    pub notes: Vec<Diag>,
    /// What is assumed because the manifest is silent.
    pub assumptions: Vec<String>,
    /// The workload's name.
    pub name: String,
    /// The workload's kind.
    pub kind: &'static str,
    /// Paths that no search should change: what stands beside them leaves no choice.
    pub fixed: Vec<&'static str>,
}

/// Kinds that are read, each with a name that a workload without one gets.
const WORKLOADS: [(&str, &str); 4] =
    [("Deployment", "deployment"), ("StatefulSet", "statefulset"), ("DaemonSet", "daemonset"), ("Rollout", "rollout")];

/// Kinds that roll pods in a way that this version does not simulate, or not at all.
const LATER: [&str; 3] = ["ReplicaSet", "ReplicationController", "DeploymentConfig"];

/// Reads the one workload of a manifest, or the one called `wanted`: by its name, or `KIND/NAME`.
///
/// # Errors
/// There is none, or more than one and no choice, or it is of a kind that is not simulated.
pub fn import(docs: &[Node], wanted: Option<&str>) -> Result<Imported, Vec<Diag>> {
    let objects: Vec<&Node> = docs.iter().flat_map(flatten).collect();
    let found: Vec<&Node> = objects.iter().filter(|o| is_called(o, wanted) && known(o).is_some()).copied().collect();
    match found[..] {
        [one] => {
            let resolved = reference::resolved(&objects, one);
            let whole = resolved.as_ref().unwrap_or(one);
            let beside = Beside {
                budget: budget::of(&objects, whole),
                autoscaler: autoscaler::of(&objects, whole),
                objects: &objects,
            };
            let mut imported = workload(whole, &beside)?;
            let read = |o: &Node| {
                let also = [Some(one), beside.budget, beside.autoscaler, reference::of(&objects, one)];
                let template = one.get("spec").is_some_and(|spec| super::analysis::is_named(spec, o));
                template || also.into_iter().flatten().any(|read| std::ptr::eq(o, read))
            };
            let others = objects.iter().filter(|o| !read(o));
            imported.notes.extend(skipped(others.copied()));
            Ok(imported)
        }
        [] => Err(vec![nothing(docs, &objects, wanted)]),
        [first, second, ..] => {
            let diag = Diag::error("several-workloads", format!("the manifest has {} {}", found.len(), what(&found)))
                .at(&head(first), "one here")
                .and(&head(second), "another here");
            Err(vec![diag.help(format!("pick one by --workload NAME: {}", choices(&found).join(", ")))])
        }
    }
}

/// Whether an object is the one that is wanted: by its name, `KIND/NAME` in the way of kubectl, or `NAMESPACE/KIND/NAME`.
fn is_called(object: &Node, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return true };
    let mut parts = wanted.rsplit('/');
    // `deployment.apps/web` is how kubectl writes it.
    let is_of = |kind: &str| kind.split('.').next().unwrap_or(kind).eq_ignore_ascii_case(kind_of(object));
    parts.next() == name(object)
        && parts.next().is_none_or(is_of)
        && parts.next().is_none_or(|space| space == namespace(object))
        && parts.next().is_none()
}

/// What each is called: its name, with its kind where another one has the same, and its namespace where that has it, too.
fn choices(found: &[&Node]) -> Vec<String> {
    let name = |o: &Node| name(o).unwrap_or("?").to_owned();
    let of_kind = |o: &Node| format!("{}/{}", kind_of(o), name(o));
    let in_namespace = |o: &Node| format!("{}/{}", namespace(o), of_kind(o));
    let alone = |o: &Node, called: &dyn Fn(&Node) -> String| {
        found.iter().filter(|other| called(other) == called(o)).count() == 1
    };
    let choice = |o: &&Node| match () {
        () if alone(o, &name) => name(o),
        () if alone(o, &of_kind) => of_kind(o),
        () => in_namespace(o),
    };
    found.iter().map(choice).collect()
}

/// What each workload of a manifest is called, as [`import`] takes it.
pub fn workloads(docs: &[Node]) -> Vec<String> {
    choices(&docs.iter().flat_map(flatten).filter(|o| known(o).is_some()).collect::<Vec<_>>())
}

/// What stands beside a workload and is about it.
struct Beside<'a> {
    budget: Option<&'a Node>,
    autoscaler: Option<&'a Node>,
    /// All that stands in the file.
    objects: &'a [&'a Node],
}

/// The workload that [`import`] reads, and its kind.
pub fn find<'a>(docs: &'a [Node], wanted: Option<&str>) -> Option<(&'a Node, &'static str)> {
    let objects = docs.iter().flat_map(flatten).filter(|o| is_called(o, wanted));
    let mut found = objects.filter_map(|o| known(o).map(|(kind, _)| (o, kind)));
    found.next()
}

/// The object that describes the pods of `workload`: itself, or what it refers to.
///
/// # Errors
/// What it refers to, where that is not in the file.
pub fn describing_pods<'a>(docs: &'a [Node], workload: &'a Node) -> Result<&'a Node, String> {
    if !reference::is_one(workload) {
        return Ok(workload);
    }
    let objects: Vec<&Node> = docs.iter().flat_map(flatten).collect();
    reference::of(&objects, workload).ok_or_else(|| reference::name(workload))
}

/// Kinds that stand beside a workload and are read with it.
const BESIDE: [&str; 4] =
    ["PodDisruptionBudget", "HorizontalPodAutoscaler", "AnalysisTemplate", "ClusterAnalysisTemplate"];

/// Whether a document that begins with these fields is one of which nothing but its name is told.
pub fn is_passed_over(beginning: &Node) -> bool {
    let kind = kind_of(beginning);
    let read = known(beginning).is_some() || LATER.contains(&kind) || BESIDE.contains(&kind) || kind.ends_with("List");
    !kind.is_empty() && !read
}

/// The objects of a document: itself, or the items of a `List`.
fn flatten(doc: &Node) -> Vec<&Node> {
    if kind_of(doc).ends_with("List") {
        return doc.get("items").map(|items| items.items().iter().collect()).unwrap_or_default();
    }
    vec![doc]
}

/// The kind of a workload that is read, and a name for want of one.
fn known(object: &Node) -> Option<(&'static str, &'static str)> {
    WORKLOADS.into_iter().find(|(kind, _)| *kind == kind_of(object))
}

/// `Deployments`, or what several kinds have in common.
fn what(found: &[&Node]) -> String {
    let kind = found.first().map_or("", |o| kind_of(o));
    if found.iter().all(|o| kind_of(o) == kind) { format!("{kind}s") } else { "workloads".to_owned() }
}

fn kind_of(object: &Node) -> &str {
    object.get("kind").and_then(Node::text).unwrap_or("")
}

fn name(object: &Node) -> Option<&str> {
    object.at("metadata.name").and_then(Node::text)
}

/// The namespace that it names, or kubectl's.
fn namespace(object: &Node) -> &str {
    object.at("metadata.namespace").and_then(Node::text).unwrap_or("default")
}

/// Where an object is named, for want of it where its kind is told.
fn head(object: &Node) -> Span {
    let node = object.at("metadata.name").or_else(|| object.get("kind"));
    node.map_or_else(|| object.span.clone(), |n| n.span.clone())
}

/// A note for all that was passed over.
fn skipped<'a>(objects: impl Iterator<Item = &'a Node>) -> Option<Diag> {
    let objects: Vec<&Node> = objects.collect();
    let first = objects.first()?;
    let mut names: Vec<String> = Vec::new();
    for object in &objects {
        let kind = if kind_of(object).is_empty() { "an object without a kind" } else { kind_of(object) };
        names.push(name(object).map_or_else(|| kind.to_owned(), |n| format!("{kind} {n}")));
    }
    let more = names.len().saturating_sub(5);
    names.truncate(5);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(Diag::warning("skipped", format!("skipped {}{more}", names.join(", "))).in_file(&*first.span.source.name))
}

/// Why there is no workload to read.
fn nothing(docs: &[Node], objects: &[&Node], wanted: Option<&str>) -> Diag {
    let file = docs.first().map_or(String::new(), |o| o.span.source.name.clone());
    if let (Some(list), true) = (docs.first(), objects.is_empty()) {
        let diag = Diag::error("no-workload", "this list is empty").at(&head(list), "it has no `items`");
        return diag.help("did `kubectl get` find what it was to? `kubectl get deployments -A` lists them");
    }
    let mut wanted_ones = objects.iter().filter(|o| is_called(o, wanted));
    if let Some(object) = wanted_ones.clone().find(|o| LATER.contains(&kind_of(o))) {
        let kind = kind_of(object);
        let diag = Diag::error("not-supported", format!("a {kind} is not simulated in this version"));
        let at = object.get("kind").map_or(&object.span, |n| &n.span);
        return diag
            .at(at, "this kind")
            .help("`Deployment`, `StatefulSet`, `DaemonSet` and `Rollout` are; a scenario can describe the same pods");
    }
    if let Some(diag) = wanted_ones.find_map(|o| misspelt_kind(o)) {
        return diag;
    }
    let workloads: Vec<&Node> = objects.iter().filter(|o| known(o).is_some()).copied().collect();
    match wanted {
        Some(wanted) if !workloads.is_empty() => {
            Diag::error("no-workload", format!("the manifest has no workload called `{wanted}`"))
                .in_file(file)
                .help(format!("it has {}", choices(&workloads).join(", ")))
        }
        _ => {
            let kinds: Vec<&str> = objects.iter().map(|o| kind_of(o)).filter(|k| !k.is_empty()).collect();
            let diag = Diag::error("no-workload", "the manifest has no workload").in_file(file);
            if kinds.is_empty() { diag } else { diag.help(format!("it has {}", kinds.join(", "))) }
        }
    }
}

/// An object whose kind is nearly that of a workload.
fn misspelt_kind(object: &Node) -> Option<Diag> {
    let kind = object.get("kind")?;
    let text = kind.text()?;
    let meant = nearest(text, WORKLOADS.map(|(kind, _)| kind))?;
    let diag = Diag::error("no-workload", format!("there is no kind `{text}`"));
    Some(diag.at(&kind.span, format!("did you mean `{meant}`?")).path("kind"))
}

/// A scenario's tree in the making.
pub(super) struct Tree {
    root: Node,
    /// Where a value stands that Kubernetes fills in.
    span: Span,
    pub(super) notes: Vec<Diag>,
    pub(super) assumptions: Vec<String>,
}

impl Tree {
    /// Nothing said yet of what is described at `origin`; values that are filled in stand at its beginning.
    pub(super) fn new(origin: &Node) -> Self {
        let start = origin.span.range.start;
        let span = Span { range: start..start, ..origin.span.clone() };
        Self { root: Node::empty_map(origin.span.clone()), span, notes: Vec::new(), assumptions: Vec::new() }
    }

    /// What is said, what is to be noted, and what is assumed.
    pub(super) fn into_parts(self) -> (Node, Vec<Diag>, Vec<String>) {
        (self.root, self.notes, self.assumptions)
    }

    /// A value of the manifest, or Kubernetes' default for it.
    pub(super) fn put(&mut self, path: &str, node: Option<&Node>, default: &str) {
        let node = node.filter(|n| !n.is_null()).cloned();
        let node = node.unwrap_or_else(|| Node::scalar(default, self.span.clone()));
        let span = node.span.clone();
        self.root.set(path, node, &span);
    }
}

fn workload(object: &Node, beside: &Beside<'_>) -> Result<Imported, Vec<Diag>> {
    let (kind, nameless) = known(object).unwrap_or(WORKLOADS[0]);
    let whole = object.span.clone();
    let head = head(object);
    let spec = pods::needed(object, "spec", "", kind, &head).map_err(|d| vec![d])?;
    let pod = pods::of(object, spec, kind).map_err(|d| vec![d])?;
    // What Kubernetes fills in stands nowhere: who finds fault with it points at the object.
    let span = Span { range: head.range.start..head.range.start, ..head };
    let root = Node::empty_map(whole);
    let mut tree = Tree { root, span, notes: Vec::new(), assumptions: Vec::new() };
    let name = name(object).unwrap_or(nameless).to_owned();
    tree.put("name", object.at("metadata.name"), nameless);
    tree.put("workload.kind", object.get("kind"), kind);
    strategy::replicas(&mut tree, spec, kind, beside.autoscaler);
    tree.put("workload.minReadySeconds", spec.get("minReadySeconds"), "0");
    if matches!(kind, "Deployment" | "Rollout") {
        tree.put("workload.progressDeadlineSeconds", spec.get("progressDeadlineSeconds"), "600");
    }
    strategy::read(&mut tree, spec, kind, beside.objects);
    if let Some(budget) = beside.budget {
        budget::read(&mut tree, budget);
    }
    if let Some(autoscaler) = beside.autoscaler {
        autoscaler::read(&mut tree, autoscaler);
    }
    let grace = pod.and_then(|p| p.get("terminationGracePeriodSeconds"));
    tree.put("pod.termination.terminationGracePeriodSeconds", grace, "30");
    let containers: Vec<&Node> =
        pod.and_then(|p| p.get("containers")).map(|c| c.items().iter().collect()).unwrap_or_default();
    let probed: Vec<&Node> = containers.iter().copied().chain(probes::sidecars(pod)).collect();
    probes::read(&mut tree, &probed);
    tree.notes.extend(probes::ignored(pod));
    tree.notes.extend(pods::unsaid(object, spec, kind));
    tree.notes.extend(reference::is_missing(object));
    tree.notes.extend(pods::not_simulated(&containers));
    tree.notes.extend(paused(spec, kind, &name));
    probes::gates(&mut tree, pod);
    pre_stop(&mut tree, &containers)?;
    no_effect::note(&mut tree, object, kind);
    tree.notes.extend(host_port::note(spec, pod, kind));
    let on_host = kind == "DaemonSet" && pod.is_some_and(|p| host_port::of(p).is_some());
    let fixed = if on_host { vec![host_port::DAEMON_SURGE] } else { Vec::new() };
    Ok(Imported { tree: tree.root, notes: tree.notes, assumptions: tree.assumptions, name, kind, fixed })
}

/// A paused Deployment or Rollout rolls nothing, and a forecast of nothing would help nobody.
fn paused(spec: &Node, kind: &str, name: &str) -> Option<Diag> {
    let (who, resumed) = match kind {
        "Deployment" => ("Kubernetes", format!("kubectl rollout resume deployment/{name}")),
        "Rollout" => ("Argo", format!("kubectl argo rollouts promote {name}")),
        _ => return None,
    };
    let entry = spec.entry("paused").filter(|e| e.value.text() == Some("true"))?;
    let text = format!("this {kind} is paused: {who} would not roll it out");
    let diag = Diag::warning("paused", text).at(&entry.key_span, "the forecast is of the rollout once it is resumed");
    Some(diag.path("spec.paused").help(format!("as by `{resumed}`")))
}

/// Whether both stand in one namespace: what names none gets that which it is applied to.
pub(super) fn share_namespace(one: &Node, other: &Node) -> bool {
    let [one, other] = [one, other].map(|object| object.at("metadata.namespace").and_then(Node::text));
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// A map with only these of its fields; anything else as it is.
pub(super) fn only(node: &Node, names: &[&str]) -> Node {
    let Value::Map(entries) = &node.value else { return node.clone() };
    let keep = |e: &&Entry| names.contains(&e.key.as_str()) && !e.value.is_null();
    Node { value: Value::Map(entries.iter().filter(keep).cloned().collect()), span: node.span.clone() }
}

/// The kubelet stops all containers side by side, each after its own hook (`killContainersWithSyncResult`): that of the one that serves
/// governs. Another's keeps the pod, and nothing that it serves.
fn pre_stop(tree: &mut Tree, containers: &[&Node]) -> Result<(), Vec<Diag>> {
    let serving = pre_stop::serving(&containers.iter().copied());
    let (mut governs, mut longest): (Option<PreStop>, Option<PreStop>) = (None, None);
    for (n, container) in containers.iter().enumerate() {
        let Some(hook) = container.at("lifecycle.preStop").filter(|hook| !hook.is_null()) else { continue };
        let mut hook = pre_stop::read(hook).map_err(|d| vec![d])?;
        tree.notes.extend(hook.note.take());
        if n == serving {
            governs = Some(hook);
        } else if longest.as_ref().is_none_or(|other| hook.seconds > other.seconds) {
            longest = Some(hook);
        }
    }
    let until = governs.as_ref().map_or(0.0, |hook| hook.seconds);
    if let Some(longest) = longest.filter(|hook| hook.seconds > until) {
        let text = format!("this preStop keeps its own container: the one that serves gets its SIGTERM after {until}s");
        let diag = Diag::warning("prestop-elsewhere", text).at(&longest.span, "of a container that does not serve");
        tree.notes.push(diag.help("give the one that serves the same hook, or say it by --set preStop=…"));
    }
    let node = governs.map(|hook| Node::scalar(format!("{}s", hook.seconds), hook.span));
    tree.put("pod.termination.preStop", node.as_ref(), "0s");
    Ok(())
}
