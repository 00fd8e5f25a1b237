//! From creation to Ready, and back to not Ready.

use crate::engine::{Purpose, SimTime};

use super::event::PodTimer;
use super::fact::{PodStep, Revision};
use super::lifecycle::{Phase, Signal};
use super::pod::Pod;
use super::probe::ProbeKind;
use super::world::{Cal, Observer, World};
use crate::scenario::ReadinessGate;

impl<O: Observer> World<O> {
    /// A pod that has been Ready for long when the simulation starts.
    pub(super) fn add_warm_pod(&mut self, cal: &mut Cal) {
        let ordinal = self.pods.len() as u32;
        let pod = self.add_pod(Revision(0), ordinal);
        let p = &mut self.pods[pod as usize];
        p.phase = Phase::Ready;
        p.listening = true;
        p.container = true;
        p.warm = true;
        p.startup_passed = true;
        p.ready_since = SimTime::MIN;
        let version = p.version();
        self.open_warm_pool(pod);
        self.tell_step(pod, PodStep::Ready, cal);
        self.pod_levels_changed(pod, false, cal);
        if self.versions[version].pod.probes_through_queue {
            self.first_probe(pod, ProbeKind::Readiness, cal);
            self.first_probe(pod, ProbeKind::Liveness, cal);
        }
        self.plan_crash(pod, cal);
    }

    /// The controller creates a pod, for a place of its own where it has one.
    pub(super) fn create_pod(&mut self, revision: Revision, ordinal: u32, place: Option<u32>, cal: &mut Cal) -> u32 {
        let pod = self.add_pod(revision, ordinal);
        self.pods[pod as usize].selected = self.is_selected(revision);
        if O::TIERED {
            self.created_behind();
        }
        self.tell_step(pod, PodStep::Created, cal);
        self.pod_levels_changed(pod, false, cal);
        if self.schedule_pod(pod, place, cal) {
            self.start_container(pod, cal);
        }
        pod
    }

    /// The kubelet starts the pod's container, as soon as its image is there.
    pub(super) fn start_container(&mut self, pod: u32, cal: &mut Cal) {
        let Pod { ordinal, phase, .. } = self.pods[pod as usize];
        // It may have been deleted before it could.
        if phase != Phase::Pending || self.pulls_first(pod, cal) {
            return;
        }
        self.pods[pod as usize].container = true;
        let mut draw = self.pod_stream(pod, Purpose::Startup);
        let version = &self.versions[self.pods[pod as usize].version()].pod;
        let startup = version.startup.sample(&mut draw, u64::from(ordinal));
        Self::pod_timer(pod, startup, PodTimer::Started(0), cal);
        self.first_probe(pod, ProbeKind::Readiness, cal);
        self.begin_container(pod, cal.now(), cal);
    }

    pub(super) fn pod_started(&mut self, pod: u32, cal: &mut Cal) {
        if self.crashes_at_start(pod) {
            return self.crash(pod, cal);
        }
        self.connect_and_listen(pod, cal);
    }

    /// Nothing stands in the way of the container any more.
    pub(super) fn begin_to_listen(&mut self, pod: u32, cal: &mut Cal) {
        self.signal(pod, Signal::Started, cal);
        self.pods[pod as usize].listening = true;
        if O::TIERED {
            self.started_behind(pod, cal);
        }
        self.plan_crash(pod, cal);
        self.tell_step(pod, PodStep::Started, cal);
        self.pod_levels_changed(pod, false, cal);
        if self.pods[pod as usize].startup_passed {
            self.ready_unless_probed(pod, cal);
        }
    }

    /// A pod without a readiness probe is Ready as soon as it can be.
    pub(super) fn ready_unless_probed(&mut self, pod: u32, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        let version = &self.versions[p.version()].pod;
        if version.readiness_probe.is_none() && !version.never_ready && p.phase == Phase::Running {
            self.probe_passed(pod, cal);
        }
    }

    pub(super) fn probe_passed(&mut self, pod: u32, cal: &mut Cal) {
        if !self.pods[pod as usize].held_unready {
            self.turn_ready(pod, cal);
        }
    }

    pub(super) fn turn_ready(&mut self, pod: u32, cal: &mut Cal) {
        self.signal(pod, Signal::ProbePassed, cal);
        let p = &mut self.pods[pod as usize];
        if p.ready_since == SimTime::MAX {
            p.ready_since = cal.now();
        }
        self.tell_step(pod, PodStep::Ready, cal);
        let selected = self.pods[pod as usize].selected;
        if selected {
            self.propagate(pod, true, cal);
        }
        self.pod_levels_changed(pod, false, cal);
        // What no Service selects yet is behind no balancer, and nothing holds its gate.
        if self.balancer.readiness_gate == ReadinessGate::None || !selected {
            self.control_pod_ready(pod, true, cal);
        }
    }

    /// A proxy has been told of `pod`, or has found it healthy: with the last one its readiness gate opens.
    pub(super) fn gate_opens(&mut self, pod: u32, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        let opens = match self.balancer.readiness_gate {
            ReadinessGate::None => false,
            ReadinessGate::Added => true,
            ReadinessGate::Healthy => self.is_proven(pod),
        };
        if opens && p.phase.is_ready() && p.told as usize == self.proxies.len() {
            self.control_pod_ready(pod, true, cal);
        }
    }

    /// Whether every proxy that checks has found `pod` healthy since it was told of it.
    fn is_proven(&self, pod: u32) -> bool {
        let Some(health) = self.balancer.active_health else { return true };
        let mut links = (0..self.proxies.len() as u16).map(|proxy| &self.links[self.link(proxy, pod)]);
        links.all(|link| link.passed >= health.healthy_threshold)
    }

    pub(super) fn turn_unready(&mut self, pod: u32, cal: &mut Cal) {
        self.signal(pod, Signal::ProbeFailed, cal);
        self.tell_step(pod, PodStep::Unready, cal);
        if self.pods[pod as usize].selected {
            self.propagate(pod, false, cal);
        }
        self.pod_levels_changed(pod, true, cal);
        self.control_pod_ready(pod, false, cal);
    }
}
