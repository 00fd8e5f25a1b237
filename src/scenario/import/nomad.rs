//! A Nomad job, in HCL or as the JSON of its API.

use super::foreign::{Parts, any, finish, serving};
use super::health_check;
use super::kubernetes::{Imported, Tree};
use crate::scenario::Diag;
use crate::scenario::duration;
use crate::scenario::tree::{Node, Span};

/// Fields of `update`: in HCL, in JSON, and whether the latter is a time in nanoseconds.
const UPDATE: [(&str, &str, bool); 7] = [
    ("max_parallel", "MaxParallel", false),
    ("min_healthy_time", "MinHealthyTime", true),
    ("healthy_deadline", "HealthyDeadline", true),
    ("progress_deadline", "ProgressDeadline", true),
    ("auto_revert", "AutoRevert", false),
    ("auto_promote", "AutoPromote", false),
    ("canary", "Canary", false),
];

/// Nomad's `kill_timeout`: from the signal to the kill (s).
const KILL_TIMEOUT: f64 = 5.0;

/// The job among these documents.
fn job(docs: &[Node]) -> Option<&Node> {
    docs.iter().find_map(|doc| doc.get("job").and_then(|j| j.items().first()).or_else(|| doc.get("Job")))
}

fn groups(job: &Node) -> Parts<'_> {
    let all = any(job, &["group", "TaskGroups"]).map_or(&[][..], Node::items).iter().collect();
    Parts { all, name: |group| any(group, &["name", "Name"]), words: ["the job has", "group"] }
}

/// What the groups of the job among these documents are called.
pub(super) fn names(docs: &[Node]) -> Vec<String> {
    job(docs).map(|job| groups(job).names()).unwrap_or_default()
}

/// The group called `wanted` of the job among these documents, or its only one.
pub(super) fn import(docs: &[Node], wanted: Option<&str>) -> Option<Result<Imported, Vec<Diag>>> {
    let job = job(docs)?;
    let groups = groups(job);
    let imported = groups.pick(wanted, &job.span).and_then(|group| {
        let mut imported = read(job, group)?;
        imported.notes.extend(groups.skipped(group));
        Ok(imported)
    });
    Some(imported.map_err(|diag| vec![diag]))
}

/// The members of a list; in HCL a block without a label is one by itself.
fn members<'a>(node: &'a Node, names: &[&str]) -> &'a [Node] {
    any(node, names).map_or(&[][..], |n| if n.entries().is_empty() { n.items() } else { std::slice::from_ref(n) })
}

fn name(node: &Node) -> Option<&str> {
    any(node, &["name", "Name", "ID"]).and_then(Node::text)
}

/// A system job runs on as many nodes as there are, which no file knows.
const NODES: &str = "10";

fn read(job: &Node, group: &Node) -> Result<Imported, Diag> {
    let mut tree = Tree::new(job);
    let title = name(job).unwrap_or("job").to_owned();
    tree.put("name", any(job, &["name", "Name", "ID"]), "job");
    tree.put("workload.kind", None, "NomadJob");
    replicas(&mut tree, job, group)?;
    update(&mut tree, job, group);
    health_check::of_nomad(&mut tree, checks(group), seconds);
    shutdown(&mut tree, group);
    Ok(finish(tree, &title, "NomadJob"))
}

/// How it is rolled: a group's own settings lie over the job's.
fn update(tree: &mut Tree, job: &Node, group: &Node) {
    let updates: Vec<&Node> =
        [group, job].into_iter().filter_map(|from| members(from, &["update", "Update"]).first()).collect();
    let said = |names: [&str; 2]| updates.iter().find_map(|update| any(update, &names));
    if let Some(node) = said(["max_parallel", "MaxParallel"]).filter(|n| n.text() == Some("0")) {
        return forced(tree, node, group);
    }
    for (hcl, json, time) in UPDATE {
        let node = updates.iter().find_map(|update| {
            let of_api = || update.get(json).map(|n| if time { millis(n) } else { n.clone() });
            update.get(hcl).cloned().or_else(of_api).filter(|n| !n.is_null())
        });
        if let Some(node) = node {
            tree.put(&format!("workload.update.{hcl}"), Some(&node), "");
        }
    }
    let by = said(["health_check", "HealthCheck"]).filter(|n| !matches!(n.text(), None | Some("" | "checks")));
    if let Some(node) = by.filter(|_| checks(group).next().is_some()) {
        let text = format!("`health_check = \"{}\"` is not simulated in this version", node.text().unwrap_or_default());
        let diag = Diag::warning("ignored-field", text).at(&node.span, "the next ones wait for the checks here");
        tree.notes.push(diag.path("update.health_check"));
    }
}

/// `max_parallel = 0`: "forced updates instead of deployments" (Nomad's `update` block). There is no deployment, so all are replaced at once,
/// and neither canaries nor health are looked at.
fn forced(tree: &mut Tree, zero: &Node, group: &Node) {
    let count = any(group, &["count", "Count"]).and_then(Node::text).unwrap_or("1");
    let all = count.parse::<u32>().map_or_else(|_| count.to_owned(), |n| n.max(1).to_string());
    tree.put("workload.update.max_parallel", Some(&Node::scalar(all, zero.span.clone())), "");
    tree.put("workload.update.min_healthy_time", Some(&Node::scalar("0s", zero.span.clone())), "");
    let text =
        "with `max_parallel = 0` Nomad forces the update, without a deployment: all allocations are replaced at once";
    let diag = Diag::warning("forced-update", text).at(&zero.span, "no other field of `update` counts then");
    tree.notes.push(diag.path("update.max_parallel").help("`max_parallel = 1` replaces one after the other"));
}

/// The checks of the services of a group and of its tasks.
fn checks(group: &Node) -> impl Iterator<Item = &Node> {
    let tasks = any(group, &["task", "Tasks"]).map_or(&[][..], Node::items);
    let services = std::iter::once(group).chain(tasks).flat_map(|of| members(of, &["service", "Services"]));
    services.flat_map(|service| members(service, &["check", "Checks"]))
}

/// How many allocations there are, which is the nodes' number for a `system` job; a batch has nobody to serve.
fn replicas(tree: &mut Tree, job: &Node, group: &Node) -> Result<(), Diag> {
    let kind = any(job, &["type", "Type"]);
    match kind.map(|node| (node, node.text().unwrap_or_default())) {
        Some((node, kind @ ("batch" | "sysbatch"))) => {
            let diag = Diag::error("not-supported", format!("a {kind} job is not simulated in this version"));
            return Err(diag.at(&node.span, "it runs to its end, and serves nobody").path("type"));
        }
        Some((node, "system")) => {
            let diag = Diag::warning("ignored-field", "a system job is not simulated in this version").path("type");
            tree.notes
                .push(diag.at(&node.span, "forecast as a service that is rolled, with an allocation on each node"));
            tree.put("workload.replicas", None, NODES);
            let text = format!("workload.replicas {NODES} (nodes: a system job does not say on how many it runs)");
            tree.assumptions.push(text);
        }
        _ => tree.put("workload.replicas", any(group, &["count", "Count"]), "1"),
    }
    Ok(())
}

/// A number of nanoseconds as a duration that a scenario can say.
fn millis(node: &Node) -> Node {
    match node.text().and_then(|t| t.parse::<u64>().ok()) {
        Some(ns) => Node::scalar(format!("{}ms", ns as f64 / 1e6), node.span.clone()),
        None => node.clone(),
    }
}

/// How long something takes (s), where that is said.
fn seconds(node: &Node) -> Option<f64> {
    let text = node.text()?;
    text.parse::<u64>().ok().map(|ns| ns as f64 / 1e9).or_else(|| duration::seconds(text))
}

/// The one task of a group that serves: of those that are there for the whole life of it (no `lifecycle`), the one that registers a
/// service or is named by the group's, else the one whose container has ports, else the `leader`, else the one of the group's name, else the first.
fn serving_task<'a>(group: &'a Node, tasks: &[&'a Node]) -> usize {
    let services = members(group, &["service", "Services"]);
    let main = |n: usize| any(tasks[n], &["lifecycle", "Lifecycle"]).is_none();
    let named = |n: usize| {
        let of = |s: &Node| any(s, &["task", "TaskName"]).and_then(Node::text).map(str::to_owned);
        services.iter().any(|s| of(s).is_some() && of(s).as_deref() == name(tasks[n]))
    };
    let ports = |n: usize| any(tasks[n], &["config", "Config"]).is_some_and(|c| c.get("ports").is_some());
    let leads = |n: usize| any(tasks[n], &["leader", "Leader"]).and_then(Node::text) == Some("true");
    serving(
        tasks.len(),
        &[
            &|n| main(n) && (named(n) || !members(tasks[n], &["service", "Services"]).is_empty()),
            &|n| main(n) && ports(n),
            &|n| main(n) && leads(n),
            &|n| main(n) && name(tasks[n]).is_some() && name(tasks[n]) == name(group),
            &main,
        ],
    )
}

/// After the deregistration the group waits out its `shutdown_delay` before any task is stopped, and each task its own before
/// its signal, as a preStop hook's sleep; `kill_timeout` comes after it. All tasks are stopped side by side: that of the one that
/// serves counts.
fn shutdown(tree: &mut Tree, group: &Node) {
    let tasks: Vec<&Node> = any(group, &["task", "Tasks"]).map_or(&[][..], Node::items).iter().collect();
    let task = tasks.get(serving_task(group, &tasks)).copied();
    let told = |node: Option<&Node>, names: [&str; 2]| -> Option<(f64, Span)> {
        let node = node.and_then(|n| any(n, &names))?;
        Some((seconds(node)?, node.span.clone()))
    };
    let delays = [Some(group), task].map(|of| told(of, ["shutdown_delay", "ShutdownDelay"]));
    let delay: f64 = delays.iter().flatten().map(|(secs, _)| secs).sum();
    let longest = delays.into_iter().flatten().max_by(|a, b| a.0.total_cmp(&b.0));
    let delayed = longest.map(|(_, span)| Node::scalar(format!("{delay}s"), span));
    tree.put("pod.termination.preStop", delayed.as_ref(), "0s");
    let kill = told(task, ["kill_timeout", "KillTimeout"]);
    let grace = delay + kill.as_ref().map_or(KILL_TIMEOUT, |k| k.0);
    let killed = kill.map(|(_, span)| Node::scalar(grace.to_string(), span));
    if killed.is_none() {
        let text = format!("pod.termination.terminationGracePeriodSeconds {grace} (kill_timeout 5s, Nomad's default)");
        tree.assumptions.push(text);
    }
    tree.put("pod.termination.terminationGracePeriodSeconds", killed.as_ref(), &grace.to_string());
    let plain = |task: &Node| {
        let of = |names| told(Some(task), names).map(|(secs, _)| secs);
        [of(["shutdown_delay", "ShutdownDelay"]), of(["kill_timeout", "KillTimeout"])]
    };
    if let Some(one) = task.filter(|one| tasks.iter().any(|other| plain(other) != plain(one))) {
        let text = format!("`{}` is taken for the task that serves", name(one).unwrap_or("?"));
        let span = any(one, &["name", "Name"]).map_or(&one.span, |n| &n.span);
        tree.notes
            .push(Diag::warning("several-tasks", text).at(span, "its `shutdown_delay` and `kill_timeout` govern"));
    }
}
