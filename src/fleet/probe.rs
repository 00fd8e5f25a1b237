//! From creation to Ready: start-up, and a readiness probe with a phase of its own.

use crate::engine::{Purpose, SimTime};

use super::event::PodTimer;
use super::fact::{PodStep, Revision};
use super::lifecycle::{Phase, Signal};
use super::request::Job;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// A pod that has been Ready for long when the simulation starts.
    pub(super) fn add_warm_pod(&mut self, cal: &mut Cal) {
        let ordinal = self.pods.len() as u32;
        let pod = self.add_pod(Revision(0), ordinal);
        let p = &mut self.pods[pod as usize];
        p.phase = Phase::Ready;
        p.listening = true;
        p.warm = true;
        p.ready_since = SimTime::MIN;
        let version = p.version();
        self.tell_step(pod, PodStep::Ready, cal);
        self.pod_levels_changed(pod, false, cal);
        if self.versions[version].pod.probes_through_queue {
            self.first_probe(pod, cal);
        }
        self.plan_crash(pod, cal);
    }

    /// The controller creates a pod.
    pub(super) fn create_pod(&mut self, revision: Revision, ordinal: u32, cal: &mut Cal) -> u32 {
        let pod = self.add_pod(revision, ordinal);
        self.pods[pod as usize].selected = self.is_selected(revision);
        self.tell_step(pod, PodStep::Created, cal);
        self.pod_levels_changed(pod, false, cal);
        let mut draw = self.pod_stream(pod, Purpose::Startup);
        let version = &self.versions[self.pods[pod as usize].version()].pod;
        let startup = version.startup.sample(&mut draw, u64::from(ordinal));
        Self::pod_timer(pod, startup, PodTimer::Started, cal);
        if self.versions[self.pods[pod as usize].version()].pod.readiness_probe.is_some() {
            self.first_probe(pod, cal);
        }
        pod
    }

    /// The first probe: `initialDelaySeconds` and a phase of its own after the creation.
    pub(super) fn first_probe(&self, pod: u32, cal: &mut Cal) {
        let version = &self.versions[self.pods[pod as usize].version()].pod;
        let Some(probe) = version.readiness_probe else { return };
        let phase = probe.period.scale(self.pod_stream(pod, Purpose::ProbePhase).open01());
        Self::pod_timer(pod, probe.initial_delay + phase, PodTimer::Probe, cal);
    }

    pub(super) fn pod_started(&mut self, pod: u32, cal: &mut Cal) {
        if self.crashes_at_start(pod) {
            return self.crash(pod, cal);
        }
        self.signal(pod, Signal::Started);
        self.pods[pod as usize].listening = true;
        self.plan_crash(pod, cal);
        self.tell_step(pod, PodStep::Started, cal);
        self.pod_levels_changed(pod, false, cal);
        let version = &self.versions[self.pods[pod as usize].version()].pod;
        if version.readiness_probe.is_none() && !version.never_ready {
            self.probe_passed(pod, cal);
        }
    }

    /// A probe is due. One that a pod answers at once is not simulated any longer than it can change anything.
    pub(super) fn probe_due(&mut self, pod: u32, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        let version = &self.versions[p.version()].pod;
        let (through_queue, never) = (version.probes_through_queue, version.never_ready);
        let Some(probe) = version.readiness_probe else { return };
        if p.phase.is_deleted() {
            return;
        }
        let (listening, phase) = (p.listening, p.phase);
        if never || !listening {
            self.probe_result(pod, false, cal);
        } else if through_queue {
            let p = &mut self.pods[pod as usize];
            p.probe = p.probe.wrapping_add(1);
            p.probe_pending = true;
            let n = p.probe;
            Self::pod_timer(pod, probe.timeout, PodTimer::ProbeTimeout(n), cal);
            self.admit(pod, Job::Probe(n), cal);
        } else {
            self.probe_result(pod, true, cal);
        }
        let settled = phase == Phase::Ready || self.pods[pod as usize].phase == Phase::Ready;
        if (through_queue || !settled) && !never {
            Self::pod_timer(pod, probe.period, PodTimer::Probe, cal);
        }
    }

    pub(super) fn on_probe_answered(&mut self, pod: u32, probe: u16, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        if p.probe_pending && p.probe == probe {
            p.probe_pending = false;
            self.probe_result(pod, true, cal);
        }
    }

    pub(super) fn probe_timed_out(&mut self, pod: u32, probe: u16, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        if p.probe_pending && p.probe == probe {
            p.probe_pending = false;
            self.probe_result(pod, false, cal);
        }
    }

    /// So many results in a row, other than what the pod is now, turn it.
    fn probe_result(&mut self, pod: u32, passed: bool, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        let Some(probe) = self.versions[p.version()].pod.readiness_probe else { return };
        let threshold = match (p.phase, passed) {
            (Phase::Running, true) => probe.success_threshold,
            (Phase::Ready, false) => probe.failure_threshold,
            _ => {
                p.probe_streak = 0;
                return;
            }
        };
        p.probe_streak += 1;
        if p.probe_streak < threshold {
            return;
        }
        p.probe_streak = 0;
        if passed {
            self.probe_passed(pod, cal);
        } else {
            self.turn_unready(pod, cal);
        }
    }

    fn probe_passed(&mut self, pod: u32, cal: &mut Cal) {
        if !self.pods[pod as usize].held_unready {
            self.turn_ready(pod, cal);
        }
    }

    pub(super) fn turn_ready(&mut self, pod: u32, cal: &mut Cal) {
        self.signal(pod, Signal::ProbePassed);
        let p = &mut self.pods[pod as usize];
        if p.ready_since == SimTime::MAX {
            p.ready_since = cal.now();
        }
        self.tell_step(pod, PodStep::Ready, cal);
        if self.pods[pod as usize].selected {
            self.propagate(pod, true, cal);
        }
        self.pod_levels_changed(pod, false, cal);
        if !self.balancer.readiness_gate {
            self.control_pod_ready(pod, true, cal);
        }
    }

    /// A proxy has been told of `pod`: with the last one its readiness gate opens.
    pub(super) fn gate_opens(&mut self, pod: u32, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        if self.balancer.readiness_gate && p.phase.is_ready() && p.told as usize == self.proxies.len() {
            self.control_pod_ready(pod, true, cal);
        }
    }

    pub(super) fn turn_unready(&mut self, pod: u32, cal: &mut Cal) {
        self.signal(pod, Signal::ProbeFailed);
        self.tell_step(pod, PodStep::Unready, cal);
        if self.pods[pod as usize].selected {
            self.propagate(pod, false, cal);
        }
        self.pod_levels_changed(pod, true, cal);
        self.control_pod_ready(pod, false, cal);
    }
}
