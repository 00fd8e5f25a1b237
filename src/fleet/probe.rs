//! A container's probes, as the kubelet makes them: each with a phase of its own, thresholds, and what follows from them.
//!
//! Until the startup probe has passed there are no others. A container that fails its startup or its liveness probe too often
//! is stopped as at a deletion – hook, SIGTERM, grace period – while proxies go on sending, and started anew in its pod.

use crate::engine::{Purpose, SimTime};
use crate::scenario::{Pod as Config, Probe};

use super::event::{Event, PodTimer};
use super::fact::PodStep;
use super::lifecycle::{Phase, Signal};
use super::request::Job;
use super::world::{Cal, Observer, World};

/// Which of a container's probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProbeKind {
    Readiness,
    Startup,
    Liveness,
}

impl ProbeKind {
    const fn of(self, version: &Config) -> Option<Probe> {
        let killing = match self {
            Self::Readiness => return version.readiness_probe,
            Self::Startup => version.startup_probe,
            Self::Liveness => version.liveness_probe,
        };
        match killing {
            Some(killing) => Some(killing.probe),
            None => None,
        }
    }

    const fn phase(self) -> Purpose {
        match self {
            Self::Readiness => Purpose::ProbePhase,
            Self::Startup => Purpose::StartupProbePhase,
            Self::Liveness => Purpose::LivenessProbePhase,
        }
    }
}

/// What came of one of a container's probes so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probing {
    /// Results in a row that would turn it.
    streak: u32,
    /// The last one, and whether its answer is awaited.
    last: u16,
    pending: bool,
    /// Whether another one was due meanwhile: the kubelet makes it as soon as the answer is there, or the time-out over.
    missed: bool,
    /// Whether the next one is in the calendar.
    pub(super) planned: bool,
}

impl Probing {
    /// Nothing is known of a new container.
    pub(super) const fn forget(&mut self) {
        (self.streak, self.pending, self.missed) = (0, false, false);
    }

    /// One more of them, whether that makes `threshold`.
    const fn reaches(&mut self, threshold: u32) -> bool {
        self.streak += 1;
        let reached = self.streak >= threshold;
        if reached {
            self.streak = 0;
        }
        reached
    }
}

impl<O: Observer> World<O> {
    /// The first probe of a kind, if the pod has it: `initialDelaySeconds` and a phase of its own from now on.
    pub(super) fn first_probe(&mut self, pod: u32, kind: ProbeKind, cal: &mut Cal) {
        self.first_probe_from(pod, kind, cal.now(), cal);
    }

    fn first_probe_from(&mut self, pod: u32, kind: ProbeKind, from: SimTime, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        let Some(probe) = kind.of(&self.versions[p.version()].pod) else { return };
        let phase = probe.period.scale(self.pod_stream(pod, kind.phase()).open01());
        let at = (from + probe.initial_delay).max(cal.now()) + phase;
        cal.at(at, Event::Pod { pod, timer: PodTimer::Probe(kind, p.restarts) });
        self.pods[pod as usize].probes[kind as usize].planned = true;
    }

    /// A container starts at `at`: the probes of which it has to pass one first.
    pub(super) fn begin_container(&mut self, pod: u32, at: SimTime, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        p.container_since = at;
        p.startup_passed = self.versions[p.version()].pod.startup_probe.is_none();
        let first = if p.startup_passed { ProbeKind::Liveness } else { ProbeKind::Startup };
        self.first_probe_from(pod, first, at, cal);
    }

    /// A probe is due. One that a pod answers at once is not simulated any longer than it can change anything.
    pub(super) fn probe_due(&mut self, pod: u32, kind: ProbeKind, container: u16, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        let version = &self.versions[p.version()].pod;
        let (through_queue, never) = (version.probes_through_queue, version.never_ready);
        let Some(probe) = kind.of(version) else { return };
        // Readiness is asked as long as there is the pod, the others of a container that is to run.
        let of_another = kind != ProbeKind::Readiness && container != p.restarts;
        if p.phase.is_deleted() || of_another {
            return;
        }
        let was_ready = p.phase == Phase::Ready;
        if p.startup_passed || kind == ProbeKind::Startup {
            self.make_probe(pod, kind, probe, cal);
        }
        let p = &mut self.pods[pod as usize];
        let goes_on = match kind {
            ProbeKind::Readiness => (through_queue || !(was_ready || p.phase == Phase::Ready)) && !never,
            ProbeKind::Startup => !p.startup_passed && p.phase.step().is_none(),
            ProbeKind::Liveness => (through_queue || !p.listening) && p.phase.step().is_none(),
        };
        p.probes[kind as usize].planned = goes_on;
        if goes_on {
            Self::pod_timer(pod, probe.period, PodTimer::Probe(kind, container), cal);
        }
    }

    fn make_probe(&mut self, pod: u32, kind: ProbeKind, probe: Probe, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        let version = &self.versions[p.version()].pod;
        if !p.listening || (kind == ProbeKind::Readiness && version.never_ready) {
            self.probe_result(pod, kind, false, cal);
        } else if version.probes_through_queue {
            let probing = &mut p.probes[kind as usize];
            if probing.pending {
                probing.missed = true;
                return;
            }
            probing.last = probing.last.wrapping_add(1);
            probing.pending = true;
            let n = probing.last;
            Self::pod_timer(pod, probe.timeout, PodTimer::ProbeTimeout(kind, n), cal);
            self.admit(pod, Job::Probe(kind, n), cal);
        } else {
            self.probe_result(pod, kind, true, cal);
        }
    }

    /// The answer to a probe, or the end of the time for it.
    pub(super) fn probe_over(&mut self, pod: u32, kind: ProbeKind, probe: u16, passed: bool, cal: &mut Cal) {
        let probing = &mut self.pods[pod as usize].probes[kind as usize];
        if probing.pending && probing.last == probe {
            probing.pending = false;
            let missed = std::mem::take(&mut probing.missed);
            self.probe_result(pod, kind, passed, cal);
            let p = &self.pods[pod as usize];
            let asks = p.phase.step().is_none() || kind == ProbeKind::Readiness && !p.phase.is_deleted();
            if let Some(probe) = kind.of(&self.versions[p.version()].pod).filter(|_| missed && asks) {
                self.make_probe(pod, kind, probe, cal);
            }
        }
    }

    fn probe_result(&mut self, pod: u32, kind: ProbeKind, passed: bool, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        let Some(probe) = kind.of(&self.versions[p.version()].pod) else { return };
        let probing = &mut p.probes[kind as usize];
        match (kind, passed) {
            (ProbeKind::Readiness, _) => self.readiness_result(pod, probe, passed, cal),
            (_, false) => {
                if probing.reaches(probe.failure_threshold) {
                    self.condemn(pod, kind, cal);
                }
            }
            (ProbeKind::Startup, true) if !p.startup_passed => self.startup_probe_passed(pod, cal),
            (_, true) => probing.streak = 0,
        }
    }

    /// So many results in a row, other than what the pod is now, turn it.
    fn readiness_result(&mut self, pod: u32, probe: Probe, passed: bool, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        let probing = &mut p.probes[ProbeKind::Readiness as usize];
        let threshold = match (p.phase, passed) {
            (Phase::Running | Phase::Stopping(_, false), true) => probe.success_threshold,
            (Phase::Ready | Phase::Stopping(_, true), false) => probe.failure_threshold,
            _ => {
                probing.streak = 0;
                return;
            }
        };
        if !probing.reaches(threshold) {
            return;
        }
        if passed {
            self.probe_passed(pod, cal);
        } else {
            self.turn_unready(pod, cal);
        }
    }

    /// From now on there are the other probes, and readiness is asked at once.
    fn startup_probe_passed(&mut self, pod: u32, cal: &mut Cal) {
        self.pods[pod as usize].startup_passed = true;
        let p = &self.pods[pod as usize];
        let (version, since) = (&self.versions[p.version()].pod, p.container_since);
        let asked = version.readiness_probe.filter(|probe| since + probe.initial_delay <= cal.now());
        self.first_probe_from(pod, ProbeKind::Liveness, since, cal);
        match asked {
            Some(probe) => self.make_probe(pod, ProbeKind::Readiness, probe, cal),
            None => self.ready_unless_probed(pod, cal),
        }
    }

    /// The kubelet stops a container that has failed too often; no proxy is told.
    fn condemn(&mut self, pod: u32, kind: ProbeKind, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        if p.phase.is_deleted() || p.phase.step().is_some() {
            return;
        }
        let version = &self.versions[p.version()].pod;
        let probe = if kind == ProbeKind::Startup { version.startup_probe } else { version.liveness_probe };
        let grace = probe.and_then(|probe| probe.grace_period).unwrap_or(version.termination.grace_period);
        let mut draw = self.streams.family(Purpose::PreStop, 1 + u64::from(p.restarts)).stream(p.identity());
        self.signal(pod, Signal::Condemned, cal);
        self.tell_step(pod, PodStep::Condemned, cal);
        self.begin_stop(pod, grace, &mut draw, cal);
    }
}
