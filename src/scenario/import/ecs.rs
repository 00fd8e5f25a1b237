//! An ECS service as the AWS API has it, and the task definition that may stand beside it.

use super::foreign::{Parts, finish, serving};
use super::health_check;
use super::kubernetes::{Imported, Tree, only};
use crate::scenario::Diag;
use crate::scenario::tree::Node;

/// `stopTimeout` where a task definition does not say: from SIGTERM to SIGKILL (s).
const STOP_TIMEOUT: u64 = 30;

/// A DAEMON service runs on as many instances as there are, which no file knows.
const INSTANCES: &str = "10";

/// The services among these documents: an answer of `describe-services` or `update-service`, an argument of `create-service`, or
/// what `CloudFormation` calls `Properties`, with small first letters.
fn services(docs: &[Node]) -> Parts<'_> {
    let listed = docs.iter().filter_map(|d| d.get("services")).flat_map(Node::items);
    let answered = docs.iter().filter_map(|d| d.get("service"));
    let all = listed.chain(answered).chain(docs).filter(|d| d.get("serviceName").is_some()).collect();
    Parts { all, name: |service| service.get("serviceName"), words: ["the file has", "service"] }
}

/// What the services among these documents are called.
pub(super) fn names(docs: &[Node]) -> Vec<String> {
    services(docs).names()
}

/// The service called `wanted` among these documents, or the only one.
pub(super) fn import(docs: &[Node], wanted: Option<&str>) -> Option<Result<Imported, Vec<Diag>>> {
    let services = services(docs);
    let tasks = tasks(docs);
    let whole = match (services.all.first(), tasks.first()) {
        (None, None) => return empty(docs).map(|diag| Err(vec![diag])),
        (None, Some(task)) => {
            let diag = Diag::error("no-workload", "this is a task definition without its service");
            let span = task.get("family").map_or(&task.span, |n| &n.span);
            let diag = diag.at(span, "how it is rolled is said by the service").help("put both into one file");
            return Some(Err(vec![diag]));
        }
        (Some(service), _) => &service.span,
    };
    Some(services.pick(wanted, whole).map_err(|d| vec![d]).map(|service| {
        let mut imported = read(service, task_of(service, &tasks));
        imported.notes.extend(services.skipped(service));
        imported
    }))
}

/// The task definitions among these documents.
fn tasks(docs: &[Node]) -> Vec<&Node> {
    let is_task = |d: &&Node| d.get("containerDefinitions").is_some();
    let answered = docs.iter().filter_map(|d| d.get("taskDefinition")).filter(is_task);
    answered.chain(docs.iter().filter(is_task)).collect()
}

/// An answer of `describe-services` that found nothing.
fn empty(docs: &[Node]) -> Option<Diag> {
    let answer =
        docs.iter().find(|d| d.get("failures").is_some() && d.get("services").is_some_and(|s| s.items().is_empty()))?;
    let entry = answer.entry("services")?;
    let diag = Diag::error("no-workload", "this answer of `describe-services` has no service");
    let reason = answer.at("failures.0.reason").and_then(Node::text);
    let diag =
        diag.at(&entry.key_span, reason.map_or_else(|| "nothing stands here".to_owned(), |r| format!("ECS says {r}")));
    Some(diag.help("name its cluster, as in `aws ecs describe-services --cluster C --services S`"))
}

/// Where a setting of a scenario stands in the service that [`import`] reads, or in its task definition: below which node, and at
/// which path; `None` where ECS has no such field, or the file not the part that has it.
pub(super) fn place<'a>(docs: &'a [Node], wanted: Option<&str>, path: &str) -> Option<(&'a Node, &'static str)> {
    let services = services(docs);
    let service = services.pick(wanted, &services.all.first()?.span).ok()?;
    Some(match path {
        "workload.replicas" => (service, "desiredCount"),
        "workload.healthCheckGracePeriodSeconds" => (service, "healthCheckGracePeriodSeconds"),
        "workload.deploymentConfiguration.minimumHealthyPercent" => {
            (service, "deploymentConfiguration.minimumHealthyPercent")
        }
        "workload.deploymentConfiguration.maximumPercent" => (service, "deploymentConfiguration.maximumPercent"),
        "pod.termination.terminationGracePeriodSeconds" => {
            let containers = containers(task_of(service, &tasks(docs)));
            (containers.get(serving_container(service, containers))?, "stopTimeout")
        }
        _ => return None,
    })
}

/// The containers of a task.
fn containers(task: Option<&Node>) -> &[Node] {
    task.and_then(|t| t.get("containerDefinitions")).map_or(&[][..], Node::items)
}

/// The task definition that a service names (`family`, `family:3` or an ARN that ends so), or else the first.
fn task_of<'a>(service: &Node, tasks: &[&'a Node]) -> Option<&'a Node> {
    let named = service.get("taskDefinition").and_then(Node::text).unwrap_or("");
    let family = named.rsplit('/').next().and_then(|name| name.split(':').next());
    let of_family = tasks.iter().find(|t| t.get("family").and_then(Node::text) == family);
    of_family.or(tasks.first()).copied()
}

fn read(service: &Node, task: Option<&Node>) -> Imported {
    let mut tree = Tree::new(service);
    let name = service.get("serviceName").and_then(Node::text).unwrap_or("service").to_owned();
    let daemon = service.get("schedulingStrategy").is_some_and(|n| n.text() == Some("DAEMON"));
    tree.put("name", service.get("serviceName"), "service");
    tree.put("workload.kind", None, "EcsService");
    if daemon {
        tree.put("workload.replicas", None, INSTANCES);
        let text =
            format!("workload.replicas {INSTANCES} (instances: a DAEMON service does not say on how many it runs)");
        tree.assumptions.push(text);
        tree.put("workload.deploymentConfiguration.minimumHealthyPercent", None, "0");
        tree.put("workload.deploymentConfiguration.maximumPercent", None, "100");
    } else {
        tree.put("workload.replicas", service.get("desiredCount"), "1");
    }
    bounds(&mut tree, service);
    rolled_otherwise(&mut tree, service);
    if let Some(grace) = service.get("healthCheckGracePeriodSeconds").filter(|n| !n.is_null()) {
        tree.put("workload.healthCheckGracePeriodSeconds", Some(grace), "0");
    }
    // ECS deregisters a task, waits out the delay, and stops it then.
    tree.put("loadBalancer.propagation.order", None, "drainThenStop");
    health_check::of_ecs(&mut tree, containers(task));
    stop_timeout(&mut tree, service, task);
    finish(tree, &name, "EcsService")
}

/// The bounds of the rolling update.
fn bounds(tree: &mut Tree, service: &Node) {
    let Some(configuration) = service.get("deploymentConfiguration") else { return };
    for field in ["minimumHealthyPercent", "maximumPercent", "deploymentCircuitBreaker"] {
        if let Some(node) = configuration.get(field).filter(|n| !n.is_null()) {
            let node = only(node, &["enable", "rollback"]);
            tree.put(&format!("workload.deploymentConfiguration.{field}"), Some(&node), "");
        }
    }
}

/// Ways to roll that are not those of a forecast: (where, the word for its own).
const ROLLED: [(&str, &str); 3] = [
    ("deploymentConfiguration.strategy", "ROLLING"),
    ("deploymentController.type", "ECS"),
    ("schedulingStrategy", "REPLICA"),
];

/// Notes what a forecast rolls in another way than ECS does.
fn rolled_otherwise(tree: &mut Tree, service: &Node) {
    for (path, own) in ROLLED {
        let Some(node) = service.at(path).filter(|n| n.text().is_some_and(|text| text != own)) else { continue };
        let text = node.text().unwrap_or_default();
        let diag = Diag::warning("ignored-field", format!("`{text}` is not simulated in this version")).path(path);
        tree.notes.push(if text == "DAEMON" {
            diag.at(&node.span, "forecast as a service that is rolled, with a task on each instance")
        } else {
            diag.at(&node.span, "forecast as ECS' own rolling update")
        });
    }
}

/// The container that serves: the one that the balancer sends to, else the first with ports, or with the service's name.
fn serving_container(service: &Node, containers: &[Node]) -> usize {
    let balanced = service.get("loadBalancers").map_or(&[][..], Node::items);
    serving(
        containers.len(),
        &[
            &|n| {
                balanced.iter().any(|b| {
                    b.get("containerName").is_some() && text(b, "containerName") == text(&containers[n], "name")
                })
            },
            &|n| containers[n].get("portMappings").is_some_and(|ports| !ports.items().is_empty()),
            &|n| text(&containers[n], "name").is_some() && text(&containers[n], "name") == text(service, "serviceName"),
        ],
    )
}

fn text(node: &Node, field: &str) -> Option<String> {
    node.get(field).and_then(Node::text).map(str::to_owned)
}

/// ECS stops all containers of a task side by side, each with its own time: that of the one that serves governs.
fn stop_timeout(tree: &mut Tree, service: &Node, task: Option<&Node>) {
    let containers = containers(task);
    let n = serving_container(service, containers);
    let timeout = containers.get(n).and_then(|c| c.get("stopTimeout")).filter(|n| !n.is_null());
    tree.put("pod.termination.terminationGracePeriodSeconds", timeout, &STOP_TIMEOUT.to_string());
    if timeout.is_none() {
        let text = format!("pod.termination.terminationGracePeriodSeconds {STOP_TIMEOUT} (stopTimeout, ECS' default)");
        tree.assumptions.push(text);
    }
    let times: Vec<Option<String>> = containers.iter().map(|c| text(c, "stopTimeout")).collect();
    if let Some(one) = containers.get(n).filter(|_| times.iter().any(|time| *time != times[0])) {
        let name = text(one, "name").unwrap_or_default();
        let diag = Diag::warning("several-containers", format!("`{name}` is taken for the container that serves"));
        let span = one.get("name").map_or(&one.span, |n| &n.span);
        tree.notes.push(diag.at(span, "its `stopTimeout` governs"));
    }
}
