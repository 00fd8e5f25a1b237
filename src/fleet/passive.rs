//! Passive health: a pod that fails so often in a row is not picked for a while – by this proxy's own process alone.

use crate::engine::{NIL, SimTime};

use super::balancer::Host;
use super::event::Event;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// An attempt of request `r` at `pod` has failed: so many within the time-out eject the pod for as long.
    pub(super) fn mark_failure(&mut self, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        let passive = self.balancer.passive_health;
        if passive.max_fails == 0 {
            return;
        }
        let now = cal.now();
        let old = self.old_process_of(r);
        let share = self.ejected_share(proxy, now);
        let Some(host) = self.believed(old, proxy, pod) else { return };
        if host.failures == 0 || now > host.failing_since + passive.fail_timeout {
            host.failures = 0;
            host.failing_since = now;
        }
        host.failures += 1;
        if host.failures < passive.max_fails {
            return;
        }
        host.failures = 0;
        if old.is_none() && share >= passive.max_ejected {
            return;
        }
        let Some(host) = self.believed(old, proxy, pod) else { return };
        host.ejections = host.ejections.saturating_add(1);
        let grown = passive.fail_timeout.scale(f64::from(host.ejections));
        let until = now + grown.min(passive.max_fail_timeout.max(passive.fail_timeout));
        if old.is_some() || passive.merge_window.is_zero() {
            host.ejected_until = until;
            self.process_mut(old, proxy).ejections = true;
            return;
        }
        let p = &mut self.proxies[usize::from(proxy)];
        let due = (p.last_update + passive.merge_window).max(now);
        if p.held.is_empty() {
            cal.at(due, Event::Ejections(proxy));
        }
        p.held.push((pod, until));
    }

    /// An attempt at `pod` has succeeded: what was counted before it began is forgotten.
    pub(super) fn forgive(&mut self, r: u32, proxy: u16, pod: u32) {
        let begun = self.requests[r].at_proxy;
        let old = self.old_process_of(r);
        if let Some(host) = self.believed(old, proxy, pod)
            && begun >= host.failing_since
        {
            host.failures = 0;
        }
    }

    /// Ejections that were held back take effect, unless a change of the table has brought them along.
    pub(super) fn on_ejections(&mut self, proxy: u16, cal: &mut Cal) {
        let p = &self.proxies[usize::from(proxy)];
        if !p.held.is_empty() && p.last_update + self.balancer.passive_health.merge_window <= cal.now() {
            self.release_ejections(proxy, cal.now());
        }
    }

    /// The table of `proxy` is put into force with all that was held back.
    pub(super) fn release_ejections(&mut self, proxy: u16, now: SimTime) {
        let p = &mut self.proxies[usize::from(proxy)];
        p.last_update = now;
        for (pod, until) in std::mem::take(&mut p.held) {
            if let Some(host) = p.process.table.iter_mut().find(|h| h.pod == pod) {
                host.ejected_until = until;
                p.process.ejections = true;
            }
        }
    }

    /// The share of `proxy`'s table that is ejected.
    fn ejected_share(&self, proxy: u16, now: SimTime) -> f64 {
        let table = &self.proxies[usize::from(proxy)].process.table;
        let ejected = table.iter().filter(|h| h.ejected_until > now).count();
        ejected as f64 / table.len().max(1) as f64
    }

    /// What a process believes of `pod`, if it is in its table.
    fn believed(&mut self, old: Option<usize>, proxy: u16, pod: u32) -> Option<&mut Host> {
        if old.is_some() {
            return self.process_mut(old, proxy).table.iter_mut().find(|h| h.pod == pod);
        }
        let position = self.links[self.link(proxy, pod)].position;
        let p = &mut self.proxies[usize::from(proxy)];
        (position != NIL).then(|| &mut p.process.table[position as usize])
    }
}
