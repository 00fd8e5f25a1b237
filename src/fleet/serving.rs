//! Pods that terminate and still pass their probes, as the endpoint condition `serving` says: kube-proxy falls back on them
//! where no ready endpoint is left (`ProxyTerminatingEndpoints`).

use crate::engine::{Family, Purpose};

use super::event::{Event, PodTimer};
use super::pick::Pick;
use super::process::Process;
use super::world::{Cal, Observer, World};

impl Process {
    /// One of those that terminate, at random, where there is no other pod at all.
    #[cold]
    pub(super) fn fall_back(&self, pick: Pick, family: Family) -> Option<u32> {
        if !self.table.is_empty() {
            return None;
        }
        let others: Vec<u32> = self.terminating.iter().copied().filter(|pod| !pick.avoid.contains(pod)).collect();
        let among = if others.is_empty() { &self.terminating } else { &others };
        let mut draw = pick.draw(family);
        Some(among[draw.below(among.len() as u32) as usize])
    }
}

impl<O: Observer> World<O> {
    /// `pod` has left the table of `proxy`: one that terminates is kept to fall back on, until it is withdrawn.
    pub(super) fn perhaps_keep_to_fall_back(&mut self, proxy: u16, pod: u32) {
        let withdrawn = self.links[self.link(proxy, pod)].withdrawn;
        if self.balancer.terminating_fallback && self.pods[pod as usize].phase.is_deleted() && !withdrawn {
            self.proxies[usize::from(proxy)].process.terminating.push(pod);
        }
    }

    /// A terminating pod no longer listens: its probes fail, and some of them later it no longer counts as serving.
    pub(super) fn begin_to_withdraw(&self, pod: u32, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        let probe = self.versions[p.version()].pod.readiness_probe;
        if let (true, true, Some(probe)) = (self.balancer.terminating_fallback, p.phase.is_deleted(), probe) {
            let first = probe.period.scale(self.pod_stream(pod, Purpose::ProbePhase).open01());
            let others = probe.period.scale(f64::from(probe.failure_threshold.saturating_sub(1)));
            Self::pod_timer(pod, first + others, PodTimer::ServingOver, cal);
        }
    }

    /// Every proxy is told, each in its own time, that `pod` is gone or no longer serves.
    pub(super) fn withdraw(&mut self, pod: u32, cal: &mut Cal) {
        if self.balancer.terminating_fallback && !std::mem::replace(&mut self.pods[pod as usize].withdrawn, true) {
            let change = self.change(pod);
            for (proxy, at) in self.deliveries(change, pod, false, cal) {
                cal.at(at, Event::Withdrawn { proxy, pod });
            }
        }
    }

    /// A proxy learns of it.
    pub(super) fn on_withdrawn(&mut self, proxy: u16, pod: u32) {
        let link = self.link(proxy, pod);
        self.links[link].withdrawn = true;
        let p = &mut self.proxies[usize::from(proxy)];
        let processes = p.old.iter_mut().map(|(_, process)| process).chain([&mut p.process]);
        processes.for_each(|process| process.terminating.retain(|&other| other != pod));
    }
}
