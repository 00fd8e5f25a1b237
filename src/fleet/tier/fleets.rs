//! A scenario with tiers in series as one scenario for each fleet, the outermost first.

use crate::engine::{Dur, SimTime};
use crate::scenario::{Deploy, DeployAction, Handshake, Layer, Network, Rolls, Scenario};

use super::super::control::moment;

/// What a tier's fleet is made of.
#[derive(Clone, Debug)]
pub(super) struct Fleet {
    pub(super) scenario: Scenario,
    /// Whether the deploy is its own.
    pub(super) controls: bool,
    /// When all its proxies are reloaded, where the deploy is another's.
    pub(super) reloads: Vec<SimTime>,
}

/// The fleets of `scenario`.
pub(super) fn all(scenario: &Scenario) -> Vec<Fleet> {
    let tiers = scenario.front.len() + 1;
    let controls = scenario.rolled().behind;
    let fleet = |depth| Fleet {
        scenario: one(scenario, depth),
        controls: controls == depth,
        reloads: if controls == depth { Vec::new() } else { reloads(scenario, depth) },
    };
    (0..tiers).map(fleet).collect()
}

fn one(scenario: &Scenario, depth: usize) -> Scenario {
    let mut one = scenario.clone();
    one.front.clear();
    if let Some(front) = scenario.front.get(depth) {
        one.workload = front.next.workload.clone();
        one.pod = front.next.pod.clone();
        one.new_pod = front.next.pod.clone();
        one.load_balancer = front.balancer.clone();
        // It is no matter where they run.
        one.nodes = None;
        // To accept a connection costs a proxy next to nothing.
        one.handshake = Handshake { time: Dur::ZERO, ..scenario.handshake };
    }
    if depth > 0 {
        // The hop to this tier is paid where its connections are opened.
        one.network = Network { client: Dur::ZERO, ..scenario.network };
        // What comes over one connection: as much as the tier before sends, or lets through as it comes.
        let before = scenario.front.get(depth - 1).map(|front| &front.balancer);
        let streams = before.filter(|b| b.layer == Layer::L7).map(|b| b.upstream.max_streams.max(1));
        for clients in &mut one.clients {
            clients.connections = 1;
            clients.preconnect = false;
            // Whoever gives up ends the connection; how long that takes is not known here.
            clients.timeout = Dur::ZERO;
            clients.multiplex = streams.unwrap_or(if depth > 1 { 1 } else { clients.multiplex });
        }
    }
    one.deploy = one.deploy.map(|deploy| of_fleet(deploy, depth));
    one
}

/// The deploy as the fleet at `depth` goes through it, if it is its own. A reload is its own, or everybody's, or nothing to it.
fn of_fleet(deploy: Deploy, depth: usize) -> Deploy {
    let rolls = match deploy.rolls {
        Rolls::Tier(tier) if tier == depth + 1 => Rolls::Pods,
        Rolls::Tier(tier) => Rolls::Tier(usize::from(tier != depth)),
        rolls => rolls,
    };
    let events = deploy.events.into_iter().map(|mut event| {
        if let DeployAction::Reload(Some(tier)) = event.action {
            event.action = DeployAction::Reload(Some(usize::from(tier != depth)));
        }
        event
    });
    Deploy { events: events.collect(), rolls, ..deploy }
}

/// When the proxies at `depth` are reloaded.
fn reloads(scenario: &Scenario, depth: usize) -> Vec<SimTime> {
    let Some(deploy) = &scenario.deploy else { return Vec::new() };
    let first = match deploy.rolls {
        Rolls::LoadBalancer => true,
        // The outermost one alone: any other is rolled.
        Rolls::Tier(tier) => tier == depth && depth == 0,
        Rolls::Pods => false,
    };
    let is_meant = |action: &DeployAction| match action {
        DeployAction::Reload(tier) => tier.is_none_or(|tier| tier == depth),
        _ => false,
    };
    let events = deploy.events.iter().filter(|event| is_meant(&event.action)).map(moment);
    first.then_some(SimTime::ZERO).into_iter().chain(events).collect()
}
