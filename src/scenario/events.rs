//! What events of a deploy may name: moments that are simulated, and pods, nodes and zones that there are.

use super::DeployAction;
use super::diag::Diag;
use super::validate::Check;
use crate::engine::SimTime;

/// They lie after the start of the simulation.
pub(super) fn times(c: &Check<'_>) {
    let Some(deploy) = &c.scenario.deploy else { return };
    let start = SimTime::ZERO - deploy.at;
    for (n, event) in deploy.events.iter().enumerate() {
        if event.at_secs < start.secs() {
            let text = "this event lies before the start of the simulation";
            let path = format!("deploy.events.{n}.at");
            c.report(Diag::error("out-of-range", text), &path, &format!("the deploy begins at {}", deploy.at), &[]);
        }
    }
}

/// Before the deploy, and before anything else happens, there are the pods that it begins with; later ones may be any. A warning, since a
/// sweep may have fewer replicas than the event was written for.
pub(super) fn pods(c: &Check<'_>) {
    let Some(deploy) = &c.scenario.deploy else { return };
    let rolled = c.scenario.rolled();
    if rolled.workload.autoscaler.is_some() {
        return;
    }
    let makes_pods = |action: &DeployAction| {
        !matches!(action, DeployAction::Unready(_) | DeployAction::Ready(_) | DeployAction::Pause)
    };
    let others = deploy.events.iter().filter(|e| makes_pods(&e.action)).map(|e| e.at_secs);
    let alone_until = others.fold(0.0, f64::min);
    for (n, event) in deploy.events.iter().enumerate().filter(|(_, event)| event.at_secs < alone_until) {
        let (field, named) = match &event.action {
            DeployAction::Unready(pods) => ("unready", pods),
            DeployAction::Ready(pods) => ("ready", pods),
            _ => continue,
        };
        let replicas = rolled.workload.replicas;
        let Some(none) = named.iter().find(|&&pod| pod >= replicas) else { continue };
        let diag = Diag::warning("no-such-pod", format!("there is no pod {none} before the deploy: it stays as it is"));
        let label = format!("there are 0 to {}, in order of creation", replicas.saturating_sub(1));
        c.report(diag, &format!("deploy.events.{n}.{field}"), &label, &[]);
    }
}

/// Nodes and zones are those of `nodes`.
pub(super) fn nodes(c: &Check<'_>) {
    let events = c.scenario.deploy.iter().flat_map(|deploy| &deploy.events).enumerate();
    for (n, event) in events {
        let (field, node, zone) = match &event.action {
            DeployAction::NodeFailure(node) => ("nodeFailure", Some(*node), None),
            DeployAction::Drain(node) => ("drain", Some(*node), None),
            DeployAction::Uncordon(node) => ("uncordon", Some(*node), None),
            DeployAction::ZoneFailure(zone) => ("zoneFailure", None, Some(zone)),
            _ => continue,
        };
        let path = format!("deploy.events.{n}.{field}");
        let Some(nodes) = &c.scenario.nodes else {
            let diag =
                Diag::error("missing-field", "there are no nodes").help("add `nodes: {count: 6, zones: [a, b, c]}`");
            c.report(diag, &path, "of which nodes?", &[]);
            continue;
        };
        if node.is_some_and(|node| node >= nodes.count) {
            let last = nodes.count - 1;
            let diag = Diag::error("out-of-range", "there is no such node");
            c.report(diag, &path, &format!("expected 0 to {last}"), &[("nodes.count", "so many nodes".to_owned())]);
        }
        if let Some(zone) = zone.filter(|zone| !nodes.zones.contains(zone)) {
            let label = match super::diag::nearest(zone, nodes.zones.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the zones are {}", nodes.zones.join(", ")),
            };
            c.report(Diag::error("unknown-value", "there is no such zone"), &path, &label, &[]);
        }
    }
}
