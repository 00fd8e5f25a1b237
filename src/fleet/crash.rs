//! Pods that die by themselves, and are started again where they are.

use crate::engine::{Dur, Purpose, SimTime};

use super::event::{Event, PodTimer};
use super::fact::{Cause, PodId, PodStep};
use super::lifecycle::Signal;
use super::probe::{ProbeKind, Probing};
use super::world::{Cal, Observer, World};

/// The kubelet's first wait before it starts a container anew, the longest, and after what time it begins from the first.
const FIRST: u64 = 10;
const LONGEST: u64 = 300;
const FORGIVEN: Dur = Dur::from_secs(600);

/// How long the `n`-th crash in a row, from 1, is waited after: not at all, then 10 s, doubled each time up to 5 min.
fn back_off(n: u32) -> Dur {
    match n {
        0 | 1 => Dur::ZERO,
        n => Dur::from_secs((FIRST << (n - 2).min(10)).min(LONGEST)),
    }
}

impl<O: Observer> World<O> {
    /// Whether this start of the pod ends in a crash.
    pub(super) fn crashes_at_start(&self, pod: u32) -> bool {
        let p = &self.pods[pod as usize];
        let share = self.versions[p.version()].pod.crash.at_start;
        let family = self.streams.family(Purpose::CrashAtStart, u64::from(p.restarts));
        share > 0.0 && (share >= 1.0 || family.stream(p.identity()).chance(share))
    }

    /// The pod listens: from now on its time runs, if it has one.
    pub(super) fn plan_crash(&mut self, pod: u32, cal: &mut Cal) {
        let p = &mut self.pods[pod as usize];
        p.started = cal.now();
        let Some(uptime) = &self.versions[p.version()].pod.crash.uptime else { return };
        let mut draw = self.streams.family(Purpose::CrashAfter, u64::from(p.restarts)).stream(p.identity());
        let uptime = uptime.sample(&mut draw, u64::from(p.ordinal));
        Self::pod_timer(pod, uptime, PodTimer::Crash(p.restarts), cal);
    }

    /// The pod has taken a request; one too many kills it.
    #[inline(never)]
    pub(super) fn crash_if_overfull(&mut self, pod: u32, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        if self.versions[p.version()].pod.crash.in_flight.is_some_and(|most| p.in_flight > most) {
            // Not in the middle of what the request sets off.
            Self::pod_timer(pod, Dur::ZERO, PodTimer::Crash(p.restarts), cal);
        }
    }

    /// The pod's container ends: everything in it is cut. Its container is started again, after a while if that has happened before.
    pub(super) fn crash(&mut self, pod: u32, cal: &mut Cal) {
        let was_ready = self.pods[pod as usize].phase.is_ready();
        self.sever(pod, Cause::Crash, cal);
        self.pods[pod as usize].listening = false;
        self.signal(pod, Signal::Crashed, cal);
        self.tell_step(pod, PodStep::Crashed, cal);
        self.renew(pod, cal.now());
        self.close_pool(pod, cal);
        if was_ready && self.pods[pod as usize].selected {
            self.propagate(pod, false, cal);
        }
        self.pod_levels_changed(pod, was_ready, cal);
        self.start_again(pod, was_ready, cal);
        if was_ready {
            self.control_pod_ready(pod, false, cal);
        }
    }

    /// A new container: nothing of the old one is left, and it is as cold as at first.
    fn renew(&mut self, pod: u32, now: SimTime) {
        let p = &mut self.pods[pod as usize];
        let version = &self.versions[p.version()].pod;
        let ran = if p.started == SimTime::MAX { Dur::ZERO } else { now.saturating_since(p.started) };
        p.crashes = if ran >= FORGIVEN { 1 } else { p.crashes.saturating_add(1) };
        p.restarts = p.restarts.wrapping_add(1);
        p.started = SimTime::MAX;
        (p.ready_since, p.begun, p.warm) = (SimTime::MAX, 0, false);
        p.probes.iter_mut().for_each(Probing::forget);
        // Workers of their own: those that were cut are never heard of again.
        p.workers.replace(version.concurrency);
        if let Some(control) = &mut self.control {
            control.pod_restarted(PodId(pod));
        }
    }

    fn start_again(&mut self, pod: u32, was_ready: bool, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        let version = &self.versions[p.version()].pod;
        let mut draw = self.streams.family(Purpose::Startup, u64::from(p.restarts)).stream(p.identity());
        let begins = cal.now() + back_off(p.crashes);
        let listens = begins + version.startup.sample(&mut draw, u64::from(p.ordinal));
        let timer = PodTimer::Started(p.restarts);
        // Probes that are answered at once end when the pod is Ready, and have to begin anew.
        let probes = was_ready && !p.probes[ProbeKind::Readiness as usize].planned;
        cal.at(listens, Event::Pod { pod, timer });
        if probes {
            self.first_probe(pod, ProbeKind::Readiness, cal);
        }
        self.begin_container(pod, begins, cal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes() {
        let waits: Vec<f64> = (1..=9).map(|n| back_off(n).secs()).collect();
        assert_eq!(waits, [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0]);
        assert_eq!(back_off(u32::MAX), Dur::from_secs(300));
    }
}
