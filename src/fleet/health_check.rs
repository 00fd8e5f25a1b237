//! Active health: each proxy asks each pod of its table in a rhythm of its own, and so many answers in a row decide.

use crate::engine::{Dur, NIL, Purpose, SimTime};
use crate::scenario::{ActiveHealth, AmountsTo, CheckPhase};

use super::event::Event;
use super::request::Job;
use super::world::{Cal, Observer, World};

/// Whose draw it is when those are checked that are there from the start, where they are checked together: no pod's.
const OF_ALL: u64 = u64::MAX;

impl<O: Observer> World<O> {
    /// From now until `proxy` first checks `pod`, which has been in its table since `added`.
    pub(super) fn first_check(&self, proxy: u16, pod: u32, added: SimTime, health: &ActiveHealth) -> Dur {
        // The workers of a proxy leave it to one of them.
        let process = u64::from(proxy) / u64::from(self.balancer.workers);
        let (identity, proxy) = match health.phase {
            CheckPhase::Each => (self.pods[pod as usize].identity(), u64::from(proxy)),
            _ if added > SimTime::MIN => return Dur::ZERO,
            CheckPhase::From(first) => return first,
            CheckPhase::Together => (OF_ALL, process),
        };
        health.interval.scale(self.streams.family(Purpose::HealthCheckPhase, identity).stream(proxy).open01())
    }

    /// A proxy sends a health check, one hop ahead of its arrival.
    pub(super) fn on_health_check(&mut self, proxy: u16, pod: u32, cal: &mut Cal) {
        let link = self.link(proxy, pod);
        let Some(health) = self.balancer.active_health else { return };
        if self.links[link].position == NIL {
            self.links[link].checked = false;
            return;
        }
        cal.at(cal.now() + health.interval, Event::HealthCheck { proxy, pod });
        if self.links[link].check_pending {
            // One at a time: where nobody answers within the interval its time-out decides, not the next one.
            return;
        }
        let p = &self.pods[pod as usize];
        let (answers, silent) = (p.listening || p.lost, p.is_silent(cal.now()));
        if !answers && !silent {
            return self.check_result(proxy, pod, false, cal);
        }
        let l = &mut self.links[link];
        l.check = l.check.wrapping_add(1);
        l.check_pending = true;
        let check = l.check;
        cal.at(cal.now() + health.timeout, Event::HealthTimeout { proxy, pod, check });
        if !silent {
            self.admit(pod, Job::Check { proxy, check }, cal);
        }
    }

    pub(super) fn on_check_answered(&mut self, proxy: u16, pod: u32, check: u32, cal: &mut Cal) {
        let link = self.link(proxy, pod);
        let l = &mut self.links[link];
        if l.check_pending && l.check == check {
            l.check_pending = false;
            l.passed = l.passed.saturating_add(1);
            let proven = self.balancer.active_health.is_some_and(|health| l.passed == health.healthy_threshold);
            self.check_result(proxy, pod, true, cal);
            if proven {
                self.gate_opens(pod, cal);
            }
        }
    }

    pub(super) fn on_health_timeout(&mut self, proxy: u16, pod: u32, check: u32, cal: &mut Cal) {
        let link = self.link(proxy, pod);
        let l = &mut self.links[link];
        if l.check_pending && l.check == check {
            l.check_pending = false;
            self.check_result(proxy, pod, false, cal);
        }
    }

    /// Requests have failed at `pod` as often as amounts to so many failed checks.
    pub(super) fn checks_failed(&mut self, proxy: u16, pod: u32, amounts_to: AmountsTo, cal: &mut Cal) {
        let Some(health) = self.balancer.active_health else { return };
        let before = match amounts_to {
            AmountsTo::Ejection => return,
            AmountsTo::FailedCheck => 0,
            AmountsTo::AllButLastCheck => health.unhealthy_threshold.saturating_sub(2),
            AmountsTo::AllChecks => health.unhealthy_threshold - 1,
        };
        let link = self.link(proxy, pod);
        let l = &mut self.links[link];
        l.streak = l.streak.max(before);
        self.check_result(proxy, pod, false, cal);
    }

    /// So many results in a row, other than what the table says, turn it.
    fn check_result(&mut self, proxy: u16, pod: u32, passed: bool, cal: &mut Cal) {
        let Some(health) = self.balancer.active_health else { return };
        let link = self.link(proxy, pod);
        let l = &mut self.links[link];
        if l.position == NIL {
            return;
        }
        l.passed = if passed { l.passed } else { 0 };
        let host = &mut self.proxies[usize::from(proxy)].process.table[l.position as usize];
        if host.found_unhealthy != passed {
            l.streak = 0;
            return;
        }
        l.streak += 1;
        let threshold = if passed { health.healthy_threshold } else { health.unhealthy_threshold };
        if l.streak < threshold {
            return;
        }
        l.streak = 0;
        host.found_unhealthy = !passed;
        let kept = l.kept;
        if self.balancer.passive_health.merge_window.is_zero() {
            self.put_into_force(proxy);
        } else {
            self.hold_back(proxy, cal);
        }
        if !passed && health.close_connections {
            self.cut_all(proxy, pod, cal);
            self.exit_if_drained(pod, cal);
        }
        if !passed && kept {
            self.change_table(proxy, pod, false, cal);
        }
    }

    /// `proxy` acts on what its checks have found.
    pub(super) fn put_into_force(&mut self, proxy: u16) {
        let process = &mut self.proxies[usize::from(proxy)].process;
        process.ejections |= process.table.heed_checks();
    }

    /// Whether a change about `pod`, which is in the table of `proxy`, leaves it there: discovery no longer knows it, and its checks
    /// do not speak against it yet.
    pub(super) fn is_kept_though_removed(&mut self, proxy: u16, pod: u32, routed: bool) -> bool {
        let keeps = self.balancer.active_health.is_some_and(|health| health.keeps_removed);
        let link = self.link(proxy, pod);
        let l = &mut self.links[link];
        let healthy = !self.proxies[usize::from(proxy)].process.table[l.position as usize].found_unhealthy;
        l.kept = keeps && healthy && !routed;
        l.kept
    }
}
