//! A Nomad job, in HCL or as the JSON of its API.

use super::foreign::finish;
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

/// The group called `wanted` of the job among these documents, or its only one.
pub(super) fn import(docs: &[Node], wanted: Option<&str>) -> Option<Result<Imported, Vec<Diag>>> {
    let job = docs.iter().find_map(|doc| doc.get("job").and_then(|j| j.items().first()).or_else(|| doc.get("Job")))?;
    let groups = any(job, &["group", "TaskGroups"]).map_or(&[][..], Node::items);
    let called = |group: &&Node| wanted.is_none_or(|w| name(group) == Some(w));
    let found: Vec<&Node> = groups.iter().filter(called).collect();
    Some(match found[..] {
        [group] => Ok(read(job, group)),
        [] => Err(vec![Diag::error("no-workload", "the job has no such group").at(&job.span, "this job")]),
        [first, second, ..] => {
            let names: Vec<&str> = found.iter().map(|g| name(g).unwrap_or("?")).collect();
            let diag = Diag::error("several-workloads", format!("the job has {} groups", found.len()));
            let diag = diag.at(&head(first), "one here").and(&head(second), "another here");
            Err(vec![diag.help(format!("pick one by --workload NAME: {}", names.join(", ")))])
        }
    })
}

/// The first of these fields that is there.
fn any<'a>(node: &'a Node, names: &[&str]) -> Option<&'a Node> {
    names.iter().find_map(|name| node.get(name)).filter(|n| !n.is_null())
}

fn name(node: &Node) -> Option<&str> {
    any(node, &["name", "Name", "ID"]).and_then(Node::text)
}

fn head(node: &Node) -> Span {
    any(node, &["name", "Name"]).map_or_else(|| node.span.clone(), |n| n.span.clone())
}

fn read(job: &Node, group: &Node) -> Imported {
    let mut tree = Tree::new(job);
    let title = name(job).unwrap_or("job").to_owned();
    tree.put("name", any(job, &["name", "Name", "ID"]), "job");
    tree.put("workload.kind", None, "NomadJob");
    tree.put("workload.replicas", any(group, &["count", "Count"]), "1");
    // A group's own settings lie over the job's.
    for from in [job, group] {
        let Some(update) = any(from, &["update", "Update"]) else { continue };
        for (hcl, json, time) in UPDATE {
            let node =
                update.get(hcl).cloned().or_else(|| update.get(json).map(|n| if time { millis(n) } else { n.clone() }));
            if let Some(node) = node.filter(|n| !n.is_null()) {
                tree.put(&format!("workload.update.{hcl}"), Some(&node), "");
            }
        }
    }
    shutdown(&mut tree, group);
    finish(tree, &title, "NomadJob")
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

/// `shutdown_delay` comes after the deregistration and before the signal, as a preStop hook's sleep; `kill_timeout` after it.
fn shutdown(tree: &mut Tree, group: &Node) {
    let tasks = any(group, &["task", "Tasks"]).map_or(&[][..], Node::items);
    let longest = |names: [&str; 2], from: &mut dyn Iterator<Item = &Node>| -> Option<(f64, Span)> {
        let found = from.filter_map(|n| any(n, &names)).filter_map(|n| Some((seconds(n)?, n.span.clone())));
        found.max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let delay = longest(["shutdown_delay", "ShutdownDelay"], &mut tasks.iter().chain([group]));
    let kill = longest(["kill_timeout", "KillTimeout"], &mut tasks.iter());
    let delayed = delay.as_ref().map(|(secs, span)| Node::scalar(format!("{secs}s"), span.clone()));
    tree.put("pod.termination.preStop", delayed.as_ref(), "0s");
    let grace = delay.map_or(0.0, |d| d.0) + kill.as_ref().map_or(KILL_TIMEOUT, |k| k.0);
    let killed = kill.map(|(_, span)| Node::scalar(grace.to_string(), span));
    if killed.is_none() {
        let text = format!("pod.termination.terminationGracePeriodSeconds {grace} (kill_timeout 5s, Nomad's default)");
        tree.assumptions.push(text);
    }
    tree.put("pod.termination.terminationGracePeriodSeconds", killed.as_ref(), &grace.to_string());
}
