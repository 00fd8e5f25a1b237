//! A pod's way down: preStop, SIGTERM, lame duck, listener closed, drain, exit – or SIGKILL when the grace period is over.

use crate::engine::{Dur, Handle, Purpose, Stream};
use crate::scenario::{AfterExit, ConnectionClose, OnSigterm, PropagationOrder, Termination};

use super::connection::Stage;
use super::event::{Event, PodTimer};
use super::fact::{Cause, Fact, PodId, PodStep};
use super::lifecycle::{Phase, Signal, Step};
use super::pod::Pod;
use super::request::{Job, Place};
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Moves `pod` along its lifecycle: the one place where a phase changes.
    ///
    /// # Panics
    /// If the pod cannot get this signal in its phase: an error of the simulator.
    pub(super) fn signal(&mut self, pod: u32, signal: Signal, cal: &mut Cal) {
        self.disturb(pod, cal);
        let p = &mut self.pods[pod as usize];
        let Some(next) = p.phase.on(signal) else { panic!("pod {pod} got {signal:?} while {:?}", p.phase) };
        p.phase = next;
    }

    pub(super) fn termination(&self, pod: u32) -> &Termination {
        &self.versions[self.pods[pod as usize].version()].pod.termination
    }

    pub(super) fn on_pod_timer(&mut self, pod: u32, timer: PodTimer, cal: &mut Cal) {
        use Phase::{Pending, Ready, Running, Terminating};
        // A step that the pod has gone past by itself is stale: this table says when each still counts.
        let Pod { phase, restarts, .. } = self.pods[pod as usize];
        match (timer, phase, phase.step()) {
            (PodTimer::Started(n), Pending, _) if n == restarts => self.pod_started(pod, cal),
            (PodTimer::OpenPool(n), Pending | Running | Ready, _) if n == restarts => self.open_missing(pod, cal),
            (PodTimer::Crash(n), Running | Ready | Phase::Stopping(..), _) if n == restarts => self.crash(pod, cal),
            (PodTimer::Probe(kind, container), ..) => self.probe_due(pod, kind, container, cal),
            (PodTimer::ProbeTimeout(kind, probe), ..) => self.probe_over(pod, kind, probe, false, cal),
            (PodTimer::Terminate, Terminating(Step::Deregistering), _) => self.terminate(pod, cal),
            (PodTimer::PreStopOver(n), _, Some(Step::PreStop)) if n == restarts => self.sigterm(pod, cal),
            (PodTimer::LameDuckOver(n), _, Some(Step::LameDuck)) if n == restarts => self.close_listener(pod, cal),
            (PodTimer::JobOver, _, Some(Step::Drain)) => self.exit_if_drained(pod, cal),
            (PodTimer::DrainOver(n), _, Some(Step::Drain)) if n == restarts => {
                let cause = if phase.is_deleted() { Cause::SeveredByDrain } else { Cause::Crash };
                self.sever(pod, cause, cal);
                self.drained(pod, cal);
            }
            // Whoever stayed connected loses the connection with the process.
            (PodTimer::CleanupOver(n), _, Some(Step::Cleanup)) if n == restarts => {
                self.gone(pod, Cause::SeveredByDrain, Signal::Exits, PodStep::Exited, cal);
            }
            (PodTimer::ServingOver, ..) => self.withdraw(pod, cal),
            (PodTimer::SidecarOver(n), _, Some(_)) if n == restarts => self.sidecar_gone(pod, cal),
            (PodTimer::GraceOver(n), _, Some(_)) if n == restarts => {
                self.gone(pod, Cause::SeveredByKill, Signal::Killed, PodStep::Killed, cal);
            }
            _ => {}
        }
    }

    /// The pod gets its deletion timestamp: the removal starts on its way to every proxy, and so does the pod's own clock,
    /// unless the balancer drains it first.
    pub(super) fn delete_pod(&mut self, pod: u32, cal: &mut Cal) {
        if self.pods[pod as usize].lost {
            // Nobody is there to do anything, but proxies hear of it.
            self.tell_step(pod, PodStep::DeletionRequested, cal);
            self.propagate(pod, false, cal);
            return;
        }
        let was_ready = self.pods[pod as usize].phase.is_ready();
        self.signal(pod, Signal::Deleted, cal);
        self.tell_step(pod, PodStep::DeletionRequested, cal);
        let stops = self.pods[pod as usize].phase != Phase::Terminating(Step::Deregistering);
        // One that is not selected was taken out of every table when that began.
        let selected = self.pods[pod as usize].selected;
        let acted = if selected { self.propagate(pod, false, cal) } else { cal.now() };
        self.pod_levels_changed(pod, was_ready, cal);
        let wait = match self.balancer.propagation.order {
            PropagationOrder::DrainThenStop if was_ready && selected => {
                acted.saturating_since(cal.now()) + self.balancer.deregistration_delay
            }
            // Nothing to drain from a pod that no proxy was told of.
            PropagationOrder::DrainThenStop | PropagationOrder::Parallel | PropagationOrder::RemoveThenAdd => Dur::ZERO,
        };
        if stops {
            // Its container is being stopped already; what is left of that has the pod's grace period at the most.
            let timer = PodTimer::GraceOver(self.pods[pod as usize].restarts);
            Self::pod_timer(pod, self.termination(pod).grace_period, timer, cal);
        } else if wait.is_zero() {
            self.terminate(pod, cal);
        } else {
            Self::pod_timer(pod, wait, PodTimer::Terminate, cal);
        }
    }

    fn terminate(&mut self, pod: u32, cal: &mut Cal) {
        self.signal(pod, Signal::Terminate, cal);
        let (mut draw, grace) = (self.pod_stream(pod, Purpose::PreStop), self.termination(pod).grace_period);
        self.begin_stop(pod, grace, &mut draw, cal);
    }

    /// The container of `pod` is stopped, within `grace`: its hook, then SIGTERM.
    pub(super) fn begin_stop(&mut self, pod: u32, grace: Dur, draw: &mut Stream, cal: &mut Cal) {
        let (ordinal, container) = (u64::from(self.pods[pod as usize].ordinal), self.pods[pod as usize].restarts);
        let t = self.termination(pod);
        let pre_stop = t.pre_stop.sample(draw, ordinal);
        let (pre_stop, grace) = t.cut(pre_stop, grace);
        if let Some(exit) = self.termination(pod).sidecar_exit.filter(|exit| *exit <= grace) {
            Self::pod_timer(pod, exit, PodTimer::SidecarOver(container), cal);
        }
        Self::pod_timer(pod, grace, PodTimer::GraceOver(container), cal);
        if pre_stop.is_zero() {
            self.sigterm(pod, cal);
        } else if pre_stop < grace {
            Self::pod_timer(pod, pre_stop, PodTimer::PreStopOver(container), cal);
        }
    }

    fn sigterm(&mut self, pod: u32, cal: &mut Cal) {
        if self.pods[pod as usize].phase.is_deleted() {
            self.tell_step(pod, PodStep::Sigterm, cal);
        }
        match self.termination(pod).on_sigterm {
            OnSigterm::Exit => self.gone(pod, Cause::SeveredByKill, Signal::SigtermExits, PodStep::Exited, cal),
            OnSigterm::Ignore => self.signal(pod, Signal::SigtermIgnored, cal),
            OnSigterm::Drain => {
                self.signal(pod, Signal::SigtermDrains, cal);
                let lame_duck = self.termination(pod).lame_duck;
                // A pod that never listened has nothing to be lame for.
                if lame_duck.is_zero() || !self.pods[pod as usize].listening {
                    self.close_listener(pod, cal);
                } else {
                    let timer = PodTimer::LameDuckOver(self.pods[pod as usize].restarts);
                    Self::pod_timer(pod, lame_duck, timer, cal);
                }
            }
        }
    }

    /// Nobody is let in any more: the accept queue is reset, and the connections begin to close.
    fn close_listener(&mut self, pod: u32, cal: &mut Cal) {
        self.signal(pod, Signal::ListenerCloses, cal);
        // Where a proxy before it is gone already, that was told then.
        if self.pods[pod as usize].listening || self.termination(pod).sidecar_exit.is_none() {
            self.stop_listening(pod, cal);
        }
        self.reset_accept_queue(pod, cal);
        let drain_window = self.termination(pod).drain_window;
        let container = self.pods[pod as usize].restarts;
        Self::pod_timer(pod, drain_window, PodTimer::DrainOver(container), cal);
        let (jitter, mode) = (self.termination(pod).close_jitter, self.close_mode(pod));
        let mut draw = self.pod_stream(pod, Purpose::CloseJitter);
        for c in self.pods[pod as usize].connections.clone() {
            if jitter.is_zero() {
                self.begin_close(c, mode, cal);
            } else {
                let wait = jitter.scale(draw.open01());
                cal.at(cal.now() + wait, Event::CloseMoment(self.connections.handle(c)));
            }
        }
        self.exit_if_drained(pod, cal);
    }

    pub(super) fn on_close_moment(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        let connection = &self.connections[c];
        if connection.pod_closed || connection.owner_closed {
            return;
        }
        let pod = connection.pod;
        self.begin_close(c, self.close_mode(pod), cal);
        self.exit_if_drained(pod, cal);
    }

    /// The draining pod begins to close connection `c`.
    fn begin_close(&mut self, c: u32, mode: ConnectionClose, cal: &mut Cal) {
        if self.is_stream_to_close(c) {
            return self.close_by_pod(c, true, cal);
        }
        if mode != ConnectionClose::None && self.connections[c].stage == Stage::Open && self.announces_end(c, cal) {
            return;
        }
        let (connection, upkeep) = self.connections.whole_mut(c);
        // One whose handshake has begun is not idle: whoever asked for it is about to use it.
        let idle = upkeep.in_pod == 0 && connection.stage == Stage::Open;
        match mode {
            ConnectionClose::None => {}
            ConnectionClose::Idle | ConnectionClose::Both if idle => self.close_by_pod(c, false, cal),
            ConnectionClose::Idle => upkeep.close_silently = true,
            ConnectionClose::Both | ConnectionClose::Response => connection.close_announced = true,
        }
    }

    /// Connections whose handshake no worker has begun are reset.
    fn reset_accept_queue(&mut self, pod: u32, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        if p.waiting_handshakes == 0 {
            return;
        }
        p.waiting_handshakes = 0;
        let mut reset = Vec::new();
        p.queue.retain(|job| match job {
            Job::Handshake(connection) => {
                reset.push(*connection);
                false
            }
            _ => true,
        });
        for connection in reset {
            if let Some(c) = self.connections.live(connection) {
                self.close_by_pod(c, false, cal);
            }
        }
    }

    /// Everything that the pod has is cut: its owner learns of it with the end of the connection.
    pub(super) fn sever(&mut self, pod: u32, cause: Cause, cal: &mut Cal) {
        self.disturb(pod, cal);
        self.reset_accept_queue(pod, cal);
        let requests = self.pods[pod as usize].in_flight;
        if requests > 0 {
            let killed = cause == Cause::SeveredByKill;
            self.tell(cal, Fact::Severed { pod: PodId(pod), requests, killed });
        }
        self.sever_queries(pod, cal);
        let p = &mut self.pods[pod as usize];
        self.levels.queued -= p.waiting_requests;
        p.waiting_requests = 0;
        p.in_flight = 0;
        p.queue.clear();
        p.workers.dismiss_all();
        if p.sidecar != 0 {
            return self.cut_behind_sidecar(pod, cause, cal);
        }
        for c in std::mem::take(&mut p.connections) {
            // Not `leave_pod`, one by one: the list is already taken.
            let list = self.connections[c].requests;
            let on_it: Vec<u32> = super::world::members(list, |r| self.requests[r].on_connection.next()).collect();
            for r in on_it {
                if matches!(self.requests[r].place, Place::Queued | Place::Serving | Place::Streaming) {
                    self.requests[r].cause = Some(cause);
                }
            }
            self.connections.upkeep_mut(c).pod_position = crate::engine::NIL;
            self.close_by_pod(c, false, cal);
        }
    }

    /// Whether a draining pod has nothing left to wait for; then it goes on.
    #[inline]
    pub(super) fn exit_if_drained(&mut self, pod: u32, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        if p.phase.step() != Some(Step::Drain) {
            return;
        }
        let t = self.termination(pod);
        // Streams that have yet to be closed, each in its moment, are waited for whatever becomes of other connections.
        if !t.close_jitter.is_zero() && p.connections.iter().any(|&c| self.is_stream_to_close(c)) {
            return;
        }
        let waits_for_connections = !t.close_jitter.is_zero()
            || self.versions[p.version()].pod.keep_alive.go_away
            || matches!(t.connection_close, ConnectionClose::Response | ConnectionClose::Both);
        // Those of a proxy beside it are not its own.
        let waits_for_connections =
            waits_for_connections && t.connection_close != ConnectionClose::None && p.sidecar == 0;
        if p.in_flight == 0 && (!waits_for_connections || p.connections.is_empty()) {
            self.drained(pod, cal);
        }
    }

    fn drained(&mut self, pod: u32, cal: &mut Cal) {
        self.signal(pod, Signal::Drained, cal);
        let cleanup = self.termination(pod).cleanup;
        let container = self.pods[pod as usize].restarts;
        Self::pod_timer(pod, cleanup, PodTimer::CleanupOver(container), cal);
    }

    /// The process ends, and with it the pod, or that container of it.
    pub(super) fn gone(&mut self, pod: u32, cause: Cause, signal: Signal, step: PodStep, cal: &mut Cal) {
        if !self.pods[pod as usize].phase.is_deleted() {
            return self.crash(pod, cal);
        }
        if self.is_outlived_by_sidecar(pod, signal) {
            return self.leave_to_sidecar(pod, cause, cal);
        }
        self.pods[pod as usize].sidecar = 0;
        self.sever(pod, cause, cal);
        if self.pods[pod as usize].listening {
            self.stop_listening(pod, cal);
            self.pods[pod as usize].sidecar = 0;
        }
        self.signal(pod, signal, cal);
        self.tell_step(pod, step, cal);
        if self.termination(pod).after_exit == AfterExit::Unreachable {
            let mut draw = self.pod_stream(pod, Purpose::AddressKept);
            let ordinal = u64::from(self.pods[pod as usize].ordinal);
            let kept = self.termination(pod).address_kept.sample(&mut draw, ordinal);
            self.pods[pod as usize].address_gone = cal.now() + kept;
        }
        if O::TIERED {
            self.gone_behind(pod, cal);
        }
        self.close_pool(pod, cal);
        // Its memory goes with it; only its record stays.
        let p = &mut self.pods[pod as usize];
        p.queue = std::collections::VecDeque::new();
        p.connections = Vec::new();
        self.pod_levels_changed(pod, false, cal);
        self.withdraw(pod, cal);
        self.control_pod_gone(pod, cal);
        self.pod_left_node(pod, cal);
    }

    pub(super) fn stop_listening(&mut self, pod: u32, cal: &mut Cal) {
        let was_ready = self.pods[pod as usize].phase.is_ready();
        self.pods[pod as usize].listening = false;
        if self.pods[pod as usize].phase.is_deleted() {
            self.pods[pod as usize].sidecar = self.termination(pod).sidecar_status.unwrap_or(0);
            self.tell_step(pod, PodStep::ListenerClosed, cal);
        } else {
            self.tell(cal, Fact::Deaf { pod: PodId(pod) });
        }
        self.pod_levels_changed(pod, was_ready, cal);
        self.begin_to_withdraw(pod, cal);
    }
}
