//! Health checks of other platforms as the readiness probe that comes nearest to them.

use super::foreign::any;
use super::kubernetes::Tree;
use crate::scenario::tree::Node;

/// How often ECS checks a container where it does not say (s).
const ECS_INTERVAL: f64 = 30.0;
/// A probe's field, the one of ECS' check, and what holds where that does not say (`HealthCheck` of the AWS API).
const ECS: [(&str, &str, f64); 3] = [
    ("periodSeconds", "interval", ECS_INTERVAL),
    ("timeoutSeconds", "timeout", 5.0),
    ("failureThreshold", "retries", 3.0),
];

/// The `healthCheck` of an ECS task: healthy is a task whose essential containers all are, so the slowest check of these
/// governs. Docker makes the first one an interval after the start. A probe's comes at a random moment of its period, so half an
/// interval before is the same on average. Failures within `startPeriod` do not count, and a task that is not Ready yet has none to
/// lose; what ECS does to one that fails later – it replaces it – is not simulated.
pub(super) fn of_ecs(tree: &mut Tree, containers: &[Node]) {
    let essential = |c: &&Node| c.get("essential").and_then(Node::text) != Some("false");
    let checks = containers.iter().filter(essential).filter_map(|c| c.get("healthCheck")).filter(|h| !h.is_null());
    let interval =
        |check: &Node| check.get("interval").and_then(Node::text).and_then(|t| t.parse().ok()).unwrap_or(ECS_INTERVAL);
    let Some(check) = slowest(checks, interval) else { return };
    let first = Node::scalar((interval(check) / 2.0).to_string(), check.span.clone());
    tree.put("pod.readinessProbe.initialDelaySeconds", Some(&first), "");
    for (field, name, default) in ECS {
        let written = check.get(name).filter(|n| !n.is_null()).cloned();
        let node = written.unwrap_or_else(|| Node::scalar(default.to_string(), check.span.clone()));
        tree.put(&format!("pod.readinessProbe.{field}"), Some(&node), "");
    }
}

/// The `check`s of a Nomad service, of which all must pass, so that the slowest governs. Consul makes the first one at a random moment of
/// the first interval, Nomad's own provider in its middle. One success is enough, and one failure, where
/// `success_before_passing` and `failures_before_critical` say no more.
pub(super) fn of_nomad<'a>(
    tree: &mut Tree,
    checks: impl Iterator<Item = &'a Node>,
    seconds: impl Fn(&Node) -> Option<f64>,
) {
    let of = |check: &Node, names: [&str; 2]| any(check, &names).and_then(&seconds);
    let interval = |check: &Node| of(check, ["interval", "Interval"]);
    let Some(check) = slowest(checks.filter(|c| interval(c).is_some()), |c| interval(c).unwrap_or(0.0)) else { return };
    let mut put = |field: &str, names: [&str; 2], value: Option<f64>| {
        let span = any(check, &names).map_or(&check.span, |n| &n.span).clone();
        let node = value.map(|value| Node::scalar(value.to_string(), span));
        if let Some(node) = node {
            tree.put(&format!("pod.readinessProbe.{field}"), Some(&node), "");
        }
    };
    put("periodSeconds", ["interval", "Interval"], interval(check));
    put("timeoutSeconds", ["timeout", "Timeout"], of(check, ["timeout", "Timeout"]));
    let count = |names: [&str; 2]| any(check, &names).and_then(Node::text).and_then(|t| t.parse::<u32>().ok());
    for (field, names) in [
        ("successThreshold", ["success_before_passing", "SuccessBeforePassing"]),
        ("failureThreshold", ["failures_before_critical", "FailuresBeforeCritical"]),
    ] {
        put(field, names, Some(f64::from(count(names).unwrap_or(0).max(1))));
    }
}

/// The first of those checks whose `interval` is the longest.
fn slowest<'a>(checks: impl Iterator<Item = &'a Node>, interval: impl Fn(&Node) -> f64) -> Option<&'a Node> {
    let mut checks: Vec<&Node> = checks.collect();
    checks.reverse();
    checks.into_iter().max_by(|a, b| interval(a).total_cmp(&interval(b)))
}
