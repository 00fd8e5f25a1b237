//! The nodes: who runs where, who dies, who is drained.
//!
//! What a node really is and what the API says of it are two things: a dead one takes its pods with it at once, and the API
//! learns of it when its heartbeats have been missed for long enough. Only then do controllers and proxies hear of it.

mod drain;
mod failure;
mod health;
mod join;
mod pull;
mod scheduler;

use crate::engine::{SimTime, Streams};
use crate::scenario;

use super::event::Event;
use super::fact::{Fact, NodeId, NodeStep, PodId, Revision};
use super::world::{Cal, Observer, World};
use pull::{Puller, Transfers};
use scheduler::{Seat, choose};

/// A moment in the life of a node.
#[derive(Clone, Copy, Debug)]
pub(in crate::fleet) enum NodeEvent {
    /// It has been silent for too long, unless another machine has its place by now.
    NotReady { node: u32, life: u16 },
    /// The taint that clears it comes into force.
    Tainted { node: u32, life: u16 },
    /// Its pods are not tolerated any longer.
    Evicted { node: u32, life: u16 },
    /// It is deleted from the API.
    Deleted { node: u32, life: u16 },
    /// Another machine takes its place.
    Returned { node: u32, life: u16 },
    /// A machine that was asked for is there.
    Joined,
    /// Whoever drains a node asks for this pod's eviction.
    Evict(u32),
    /// A transfer is over, unless others have come or gone since this many changes.
    Transferred(u32),
    /// What this node pulls for this pod is there.
    Pulled { node: u32, pod: u32 },
}

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    zone: u32,
    /// `spec.unschedulable`.
    cordoned: bool,
    dead: bool,
    /// Whether it is no longer in the API.
    gone: bool,
    /// Which machine it is: one more with each that takes the place of one that died.
    life: u16,
    /// As the API has it.
    ready: bool,
    /// Pods that the API has on it, in order of creation.
    pods: Vec<u32>,
    /// Whether its turn to be cleared is set.
    cleared: bool,
    drain: Drain,
    puller: Puller,
}

impl Node {
    /// One without pods, in good health.
    fn new(zone: u32) -> Self {
        Self {
            zone,
            cordoned: false,
            dead: false,
            gone: false,
            life: 0,
            ready: true,
            pods: Vec::new(),
            cleared: false,
            drain: Drain::None,
            puller: Puller::default(),
        }
    }
}

/// How far `kubectl drain` has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drain {
    None,
    /// Evictions are asked for, or pods are on their way out.
    Going,
    /// Nothing else moves, and the budget still refuses: it would ask for ever.
    Blocked,
}

/// All nodes.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    config: scenario::Nodes,
    /// Whether the pods are a DaemonSet's, one a node.
    daemon: bool,
    nodes: Vec<Node>,
    /// Pods that no node takes, in order of creation.
    unscheduled: Vec<u32>,
    /// Machines that have been asked for.
    coming: u32,
    /// Where each pod is, by its id.
    node_of: Vec<Option<u32>>,
    /// When the node controller clears the next node of each zone at the earliest.
    next_taint: Vec<SimTime>,
    transfers: Transfers,
}

impl Cluster {
    /// Nodes without pods, all in good health.
    fn new(config: &scenario::Nodes, daemon: bool) -> Self {
        Self {
            nodes: (0..config.count).map(|n| Node::new(config.zone(n))).collect(),
            unscheduled: Vec::new(),
            coming: 0,
            node_of: Vec::new(),
            next_taint: vec![SimTime::MIN; config.zones.len()],
            transfers: Transfers::new(config.pull_bandwidth, config.registry_bandwidth),
            config: config.clone(),
            daemon,
        }
    }

    /// The nodes of a fleet of `replicas` pods that has been there for long, one a pod.
    pub(super) fn initial(scenario: &scenario::Scenario, streams: Streams) -> Option<Self> {
        let daemon = matches!(scenario.workload.strategy, scenario::Strategy::DaemonSet(_));
        let mut cluster = Self::new(scenario.nodes.as_ref()?, daemon);
        let mut alike = vec![0; cluster.nodes.len()];
        for pod in 0..scenario.workload.replicas {
            let node = if daemon { Some(pod) } else { cluster.choose(&alike, pod, streams) };
            cluster.bind(pod, node);
            if let Some(node) = node {
                alike[node as usize] += 1;
                cluster.nodes[node as usize].puller.has(Revision(0));
            }
        }
        Some(cluster)
    }

    /// Where a pod is.
    pub(super) fn node_of(&self, pod: u32) -> Option<u32> {
        self.node_of.get(pod as usize).copied().flatten()
    }

    /// How many zones there are.
    pub(super) const fn zones(&self) -> u16 {
        self.config.zones.len() as u16
    }

    /// In which of them a pod is.
    pub(super) fn zone_of(&self, pod: u32) -> u16 {
        self.node_of(pod).map_or(0, |node| self.nodes[node as usize].zone as u16)
    }

    /// The node for the next pod, where each already has so many that are `alike`.
    fn choose(&self, alike: &[u32], identity: u32, streams: Streams) -> Option<u32> {
        let seat = |(n, (node, &alike)): (u32, (&Node, &u32))| {
            let room = node.pods.len() < self.config.max_pods as usize;
            let takes = node.ready && !node.cordoned && room;
            Seat { node: n, zone: node.zone, takes, alike, pods: node.pods.len() as u32 }
        };
        let seats: Vec<Seat> = (0..).zip(self.nodes.iter().zip(alike)).map(seat).collect();
        choose(&seats, u64::from(identity), streams)
    }

    fn bind(&mut self, pod: u32, node: Option<u32>) {
        if self.node_of.len() <= pod as usize {
            self.node_of.resize(pod as usize + 1, None);
        }
        self.node_of[pod as usize] = node;
        match node {
            Some(node) => self.nodes[node as usize].pods.push(pod),
            None => self.unscheduled.push(pod),
        }
    }

    /// Whether nothing that was done to a node is still to be noticed or carried out.
    pub(super) fn is_settled(&self) -> bool {
        self.nodes.iter().all(|n| !(n.dead && n.ready) && n.drain != Drain::Going)
    }

    /// About what it takes (bytes).
    pub(super) fn bytes(&self) -> usize {
        let pods: usize = self.nodes.iter().map(|n| n.pods.capacity() * size_of::<u32>()).sum();
        size_of::<Self>()
            + self.nodes.capacity() * size_of::<Node>()
            + pods
            + self.node_of.capacity() * size_of::<Option<u32>>()
    }
}

impl<O: Observer> World<O> {
    /// A pod was created: a node is chosen for it, if one takes it. Whether it can start.
    pub(super) fn schedule_pod(&mut self, pod: u32, place: Option<u32>, cal: &mut Cal) -> bool {
        if self.cluster.is_none() {
            return true;
        }
        let node = place.or_else(|| self.choose_node(pod));
        let Some(cluster) = &mut self.cluster else { return true };
        cluster.bind(pod, node);
        if node.is_none() {
            self.ask_for_nodes(cal);
        }
        self.bound(pod, node, cal)
    }

    /// Tells the controllers where a pod is; whether it can start there.
    fn bound(&mut self, pod: u32, node: Option<u32>, cal: &mut Cal) -> bool {
        let Some(node) = node else { return false };
        if let Some(control) = &mut self.control {
            control.pod_bound(PodId(pod), node);
        }
        if self.cluster.as_ref().is_some_and(|c| c.nodes[node as usize].dead) {
            // Nobody knows yet that no kubelet is left to start it.
            self.lose_pod(pod, cal);
            return false;
        }
        true
    }

    fn choose_node(&self, pod: u32) -> Option<u32> {
        let cluster = self.cluster.as_ref()?;
        let revision: Revision = self.pods[pod as usize].revision;
        let stays = |p: u32| self.control.as_ref().is_some_and(|c| !c.is_leaving(PodId(p)));
        let alike = |p: &&u32| self.pods[**p as usize].revision == revision && stays(**p);
        let alike: Vec<u32> = cluster.nodes.iter().map(|n| n.pods.iter().filter(alike).count() as u32).collect();
        cluster.choose(&alike, pod, self.streams)
    }

    /// A pod has left its node: whoever waits for room may have it.
    pub(super) fn pod_left_node(&mut self, pod: u32, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        cluster.unscheduled.retain(|&p| p != pod);
        let Some(node) = cluster.node_of.get_mut(pod as usize).and_then(Option::take) else { return };
        cluster.nodes[node as usize].pods.retain(|&p| p != pod);
        self.drained_if_empty(node, cal);
        self.schedule_waiting(cal);
    }

    /// Tries again to find nodes for those that have none.
    fn schedule_waiting(&mut self, cal: &mut Cal) {
        let waiting = self.cluster.as_mut().map(|c| std::mem::take(&mut c.unscheduled)).unwrap_or_default();
        for pod in waiting {
            if self.schedule_pod(pod, None, cal) {
                self.start_container(pod, cal);
            }
        }
    }

    pub(super) fn on_node(&mut self, event: NodeEvent, cal: &mut Cal) {
        match event {
            NodeEvent::NotReady { node, life } if self.is_machine(node, life) => self.node_not_ready(node, cal),
            NodeEvent::Tainted { node, life } if self.is_machine(node, life) => self.node_tainted(node, life, cal),
            NodeEvent::Evicted { node, life } if self.is_machine(node, life) => self.node_evicted(node, cal),
            NodeEvent::Deleted { node, life } if self.is_machine(node, life) => self.node_deleted(node, cal),
            NodeEvent::Returned { node, life } if self.is_machine(node, life) => self.node_returned(node, cal),
            NodeEvent::NotReady { .. }
            | NodeEvent::Tainted { .. }
            | NodeEvent::Evicted { .. }
            | NodeEvent::Deleted { .. }
            | NodeEvent::Returned { .. } => {}
            NodeEvent::Joined => self.node_joined(cal),
            NodeEvent::Evict(pod) => self.evict(pod, cal),
            NodeEvent::Transferred(change) => self.on_transferred(change, cal),
            NodeEvent::Pulled { node, pod } => self.on_pulled(node, pod, cal),
        }
    }

    /// Whether node `node` is still the machine that an event is about.
    fn is_machine(&self, node: u32, life: u16) -> bool {
        self.cluster.as_ref().is_some_and(|c| c.nodes[node as usize].life == life)
    }

    fn tell_node(&mut self, node: u32, step: NodeStep, cal: &Cal) {
        self.tell(cal, Fact::Node { node: NodeId(node), step });
    }

    fn at_node(at: SimTime, event: NodeEvent, cal: &mut Cal) {
        cal.at(at.max(cal.now()), Event::Node(event));
    }
}
