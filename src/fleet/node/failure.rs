//! A node that dies: its pods fall silent at once, and everybody learns of it much later.

use crate::engine::Dur;

use super::super::connection::Owner;
use super::super::event::Event;
use super::super::fact::{Cause, Fact, NodeStep, PodId, PodStep};
use super::super::lifecycle::{Phase, Signal};
use super::super::request::{Job, Place};
use super::super::world::{Cal, Observer, World, members};
use super::NodeEvent;
use super::health::{ZoneState, noticed, rate, zone_state};

impl<O: Observer> World<O> {
    /// Node `node` dies.
    pub(in crate::fleet) fn fail_node(&mut self, node: u32, cal: &mut Cal) {
        let now = cal.now();
        let streams = self.streams;
        let Some(cluster) = &mut self.cluster else { return };
        if std::mem::replace(&mut cluster.nodes[node as usize].dead, true) {
            return;
        }
        let at = noticed(&cluster.config, node, now, streams);
        let (deleted, returns) = (cluster.config.deleted_after, cluster.config.returns_after);
        let life = cluster.nodes[node as usize].life;
        let pods = cluster.nodes[node as usize].pods.clone();
        self.stop_pulls(node, cal);
        self.tell_node(node, NodeStep::Failed, cal);
        Self::at_node(at, NodeEvent::NotReady { node, life }, cal);
        if let Some(after) = deleted {
            Self::at_node(now + after, NodeEvent::Deleted { node, life }, cal);
        }
        if let Some(after) = returns {
            Self::at_node(now + after, NodeEvent::Returned { node, life }, cal);
        }
        for pod in pods {
            self.lose_pod(pod, cal);
        }
    }

    /// All nodes of zone `zone` die.
    pub(in crate::fleet) fn fail_zone(&mut self, zone: &str, cal: &mut Cal) {
        let Some(cluster) = &self.cluster else { return };
        let Some(zone) = cluster.config.zones.iter().position(|z| z == zone) else { return };
        let of_zone = (0..).zip(&cluster.nodes).filter(|(_, n)| n.zone as usize == zone);
        for node in of_zone.map(|(n, _)| n).collect::<Vec<u32>>() {
            self.fail_node(node, cal);
        }
    }

    /// The machine of `pod` is gone: nothing is answered, nobody is told, connections just fall silent.
    pub(super) fn lose_pod(&mut self, pod: u32, cal: &mut Cal) {
        if self.pods[pod as usize].phase == Phase::Terminated {
            return;
        }
        self.disturb(pod, cal);
        let was_ready = self.pods[pod as usize].phase.is_ready();
        let requests = self.pods[pod as usize].in_flight;
        if requests > 0 {
            self.tell(cal, Fact::Severed { pod: PodId(pod), requests, killed: true });
        }
        self.silence_handshakes(pod, cal);
        self.silence_requests(pod, cal);
        self.forget_queries(pod);
        let p = &mut self.pods[pod as usize];
        self.levels.queued -= p.waiting_requests;
        (p.waiting_requests, p.waiting_handshakes, p.in_flight) = (0, 0, 0);
        p.queue.clear();
        p.workers.dismiss_all();
        (p.listening, p.sidecar, p.lost) = (false, 0, true);
        self.signal(pod, Signal::Lost, cal);
        self.tell_step(pod, PodStep::Lost, cal);
        self.pod_levels_changed(pod, was_ready, cal);
        if let Some(control) = &mut self.control {
            control.pod_lost(PodId(pod));
        }
    }

    /// Whoever waits for a handshake waits in vain, as for an address where nobody is.
    fn silence_handshakes(&mut self, pod: u32, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        let jobs = p.queue.iter().chain(p.workers.jobs());
        let handshakes: Vec<_> = jobs.filter_map(|j| if let Job::Handshake(c) = j { Some(*c) } else { None }).collect();
        for connection in handshakes {
            let Some(c) = self.connections.live(connection) else { continue };
            self.leave_pod(c);
            let at = (self.connections[c].opened + self.balancer.connect_timeout).max(cal.now());
            cal.at(at, Event::ConnectTimeout(connection));
        }
    }

    /// What is in the pod, or on its way there, is lost: its time-outs will find that. A stream has none, and is given up
    /// after a silence.
    fn silence_requests(&mut self, pod: u32, cal: &mut Cal) {
        let silence = self.cluster.as_ref().map_or(Dur::ZERO, |c| c.config.silence);
        for c in self.pods[pod as usize].connections.clone() {
            let list = self.connections[c].requests;
            for r in members(list, |r| self.requests[r].on_connection.next()).collect::<Vec<u32>>() {
                if matches!(self.requests[r].place, Place::ToPod | Place::Queued | Place::Serving | Place::Streaming) {
                    self.requests[r].cause = Some(Cause::Crash);
                }
            }
            if matches!(self.connections[c].owner, Owner::Stream { .. }) {
                self.leave_pod_with_stream(c);
                self.leave_pod(c);
                self.connections[c].pod_closed = true;
                cal.at(cal.now() + silence, Event::PeerClosed(self.connections.handle(c)));
            }
        }
    }

    /// A request, or what else wants a worker, reaches a pod whose machine is gone.
    #[cold]
    pub(in crate::fleet) fn swallow(&mut self, job: Job) {
        if let Job::Serve { request, .. } = job
            && let Some(r) = self.requests.live(request)
        {
            // On its way when it happened, or sent to where nobody has been for a while.
            self.requests[r].cause.get_or_insert(Cause::StaleRoute);
        }
    }

    /// The node controller finds it silent: its pods are not Ready, and it takes no more.
    pub(super) fn node_not_ready(&mut self, node: u32, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        cluster.nodes[node as usize].ready = false;
        let pods = cluster.nodes[node as usize].pods.clone();
        self.tell_node(node, NodeStep::NotReady, cal);
        for pod in pods {
            if self.control.as_ref().is_some_and(|c| c.counts_as_ready(PodId(pod))) {
                self.propagate(pod, false, cal);
                self.control_pod_ready(pod, false, cal);
            }
        }
        self.plan_taints(cal);
        self.settle(cal);
    }

    /// Nodes are cleared one after the other in each zone, at a rate that depends on how bad it is: looked at whenever that may
    /// have changed (`handleDisruption`, each monitor period).
    pub(super) fn plan_taints(&mut self, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        let zones = cluster.config.zones.len() as u32;
        let of = |zone: u32| cluster.nodes.iter().filter(move |n| n.zone == zone && !n.gone);
        let states: Vec<(ZoneState, usize)> = (0..zones)
            .map(|z| (zone_state(of(z).filter(|n| !n.ready).count(), of(z).count()), of(z).count()))
            .collect();
        let all_full = states.iter().all(|&(state, nodes)| state == ZoneState::Full || nodes == 0);
        let mut due = Vec::new();
        for n in 0..cluster.nodes.len() {
            let node = &mut cluster.nodes[n];
            if node.ready || node.cleared || node.gone {
                continue;
            }
            let zone = node.zone as usize;
            let (state, size) = states[zone];
            let rate = rate(state, size, all_full, cluster.config.eviction_rate);
            if rate > 0.0 {
                node.cleared = true;
                let at = cluster.next_taint[zone].max(cal.now());
                cluster.next_taint[zone] = at + Dur::from_secs_f64(1.0 / rate);
                due.push((at, n as u32, node.life));
            }
        }
        for (at, node, life) in due {
            Self::at_node(at, NodeEvent::Tainted { node, life }, cal);
        }
    }

    /// From now on its pods are tolerated for a while.
    pub(super) fn node_tainted(&mut self, node: u32, life: u16, cal: &mut Cal) {
        let Some(toleration) = self.cluster.as_ref().map(|c| c.config.toleration) else { return };
        Self::at_node(cal.now() + toleration, NodeEvent::Evicted { node, life }, cal);
    }

    /// Its pods get their deletion timestamps, so that their controllers replace them; nobody is there to end them.
    pub(super) fn node_evicted(&mut self, node: u32, cal: &mut Cal) {
        // A DaemonSet's pods tolerate it for ever.
        let Some(cluster) = self.cluster.as_ref().filter(|c| !c.daemon) else { return };
        let pods = cluster.nodes[node as usize].pods.clone();
        self.tell_node(node, NodeStep::Evicted, cal);
        for pod in pods {
            self.with_rollout(cal, |rollout, now, out| rollout.delete_from_outside(now, PodId(pod), out));
        }
    }

    /// The node is deleted from the API, and its pods with it.
    pub(super) fn node_deleted(&mut self, node: u32, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        let daemon = cluster.daemon;
        let n = &mut cluster.nodes[node as usize];
        if std::mem::replace(&mut n.gone, true) {
            return;
        }
        (n.ready, n.cordoned) = (false, true);
        let pods = std::mem::take(&mut n.pods);
        self.tell_node(node, NodeStep::Deleted, cal);
        if daemon {
            self.with_rollout(cal, |rollout, now, out| rollout.node_deleted(now, node, out));
        }
        for pod in pods {
            if self.control.as_ref().is_some_and(|c| c.counts_as_ready(PodId(pod))) {
                self.propagate(pod, false, cal);
            }
            self.control_pod_gone(pod, cal);
        }
        self.plan_taints(cal);
    }
}
