//! An ECS service as the AWS API has it, and the task definition that may stand beside it.

use super::foreign::finish;
use super::kubernetes::{Imported, Tree, only};
use crate::scenario::Diag;
use crate::scenario::tree::Node;

/// `stopTimeout` where a task definition does not say: from SIGTERM to SIGKILL (s).
const STOP_TIMEOUT: u64 = 30;

/// The service among these documents: an answer of `describe-services`, an argument of `create-service`, or what
/// `CloudFormation` calls `Properties`, with small first letters.
pub(super) fn import(docs: &[Node]) -> Option<Result<Imported, Vec<Diag>>> {
    let found = |field: &str| docs.iter().find_map(|doc| doc.get(field));
    let services = docs.iter().filter_map(|d| d.get("services")).flat_map(Node::items);
    let mut services = services.chain(docs).filter(|d| d.get("serviceName").is_some());
    let task = found("taskDefinition").filter(|t| t.get("containerDefinitions").is_some());
    let task = task.or_else(|| docs.iter().find(|d| d.get("containerDefinitions").is_some()));
    match (services.next(), task) {
        (None, None) => None,
        (None, Some(task)) => {
            let diag = Diag::error("no-workload", "this is a task definition without its service");
            let span = task.get("family").map_or(&task.span, |n| &n.span);
            Some(Err(vec![diag.at(span, "how it is rolled is said by the service").help("put both into one file")]))
        }
        (Some(service), task) => Some(Ok(read(service, task, services.count()))),
    }
}

fn read(service: &Node, task: Option<&Node>, others: usize) -> Imported {
    let mut tree = Tree::new(service);
    let name = service.get("serviceName").and_then(Node::text).unwrap_or("service").to_owned();
    tree.put("name", service.get("serviceName"), "service");
    tree.put("workload.kind", None, "EcsService");
    tree.put("workload.replicas", service.get("desiredCount"), "1");
    if let Some(configuration) = service.get("deploymentConfiguration").filter(|n| !n.is_null()) {
        let fields = ["minimumHealthyPercent", "maximumPercent", "deploymentCircuitBreaker"];
        tree.put("workload.deploymentConfiguration", Some(&only(configuration, &fields)), "");
    }
    if let Some(grace) = service.get("healthCheckGracePeriodSeconds").filter(|n| !n.is_null()) {
        tree.put("workload.healthCheckGracePeriodSeconds", Some(grace), "0");
    }
    // ECS deregisters a task, waits out the delay, and stops it then.
    tree.put("loadBalancer.propagation.order", None, "drainThenStop");
    let containers = task.and_then(|t| t.get("containerDefinitions")).map_or(&[][..], Node::items);
    let timeouts = containers.iter().filter_map(|c| c.get("stopTimeout"));
    let longest = timeouts.max_by_key(|n| n.text().and_then(|t| t.parse::<u64>().ok()).unwrap_or(0));
    tree.put("pod.termination.terminationGracePeriodSeconds", longest, &STOP_TIMEOUT.to_string());
    if longest.is_none() {
        let text = format!("pod.termination.terminationGracePeriodSeconds {STOP_TIMEOUT} (stopTimeout, ECS' default)");
        tree.assumptions.push(text);
    }
    if others > 0 {
        let text = format!("{others} more services in this file are skipped");
        tree.notes.push(Diag::warning("skipped", text).at(&service.span, "this one is read"));
    }
    finish(tree, &name, "EcsService")
}
