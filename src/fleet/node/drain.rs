//! `kubectl drain`: the node takes no more pods, and each of its own is asked for until the budget lets it go.

use crate::engine::Dur;

use super::super::fact::{NodeStep, PodId};
use super::super::rollout::Eviction;
use super::super::world::{Cal, Observer, World};
use super::{Drain, NodeEvent};

/// How long kubectl waits after a refusal (`drain.go`).
const RETRY: Dur = Dur::from_secs(5);

impl<O: Observer> World<O> {
    /// Begins to drain `node`: all its pods at once, as kubectl does. A DaemonSet's pods stay (`--ignore-daemonsets`).
    pub(in crate::fleet) fn drain_node(&mut self, node: u32, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        let n = &mut cluster.nodes[node as usize];
        n.cordoned = true;
        let pods = if cluster.daemon { Vec::new() } else { n.pods.clone() };
        n.drain = Drain::Going;
        self.tell_node(node, NodeStep::Cordoned, cal);
        for pod in pods {
            self.evict(pod, cal);
        }
        self.drained_if_empty(node, cal);
        self.settle(cal);
    }

    /// It takes pods again, whether its drain is over or not.
    pub(in crate::fleet) fn uncordon_node(&mut self, node: u32, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        let n = &mut cluster.nodes[node as usize];
        (n.cordoned, n.drain) = (false, Drain::None);
        self.tell_node(node, NodeStep::Uncordoned, cal);
        self.schedule_waiting(cal);
        self.settle(cal);
    }

    /// Whoever drains a node asks for the eviction of `pod`.
    pub(super) fn evict(&mut self, pod: u32, cal: &mut Cal) {
        let node =
            self.cluster.as_ref().and_then(|c| c.node_of(pod).filter(|&n| c.nodes[n as usize].drain == Drain::Going));
        let Some(node) = node else { return };
        let started = self.pods[pod as usize].container;
        let budget = self.control.as_ref().and_then(|c| c.budget);
        let mut answer = Eviction::Needless;
        self.with_rollout(cal, |rollout, now, out| {
            answer = rollout.evict(now, PodId(pod), budget.as_ref(), started, out);
        });
        if answer != Eviction::Refused {
            return;
        }
        self.tell_node(node, NodeStep::EvictionRefused, cal);
        if self.control.as_ref().is_some_and(|c| c.is_complete() && c.is_quiet()) {
            // Nothing is on its way that could make room.
            if let Some(cluster) = &mut self.cluster {
                cluster.nodes[node as usize].drain = Drain::Blocked;
            }
            self.tell_node(node, NodeStep::DrainBlocked, cal);
            return self.settle(cal);
        }
        Self::at_node(cal.now() + RETRY, NodeEvent::Evict(pod), cal);
    }

    /// A drain is over when nothing is left on its node.
    pub(super) fn drained_if_empty(&mut self, node: u32, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        let daemon = cluster.daemon;
        let n = &mut cluster.nodes[node as usize];
        if n.drain == Drain::Going && (n.pods.is_empty() || daemon) {
            n.drain = Drain::None;
            self.tell_node(node, NodeStep::Drained, cal);
            self.settle(cal);
        }
    }
}
