//! Passive health: a pod that fails so often is not picked for a while – by this proxy's own process alone, or by all
//! its workers. And what is held back of a change of health of either kind.

use crate::engine::{Dur, NIL, Purpose, SimTime};
use crate::scenario::{AmountsTo, PassiveHealth, ProxyStatus};

use super::balancer::Host;
use super::event::Event;
use super::failure::Failure;
use super::request::Place;
use super::world::{Cal, Observer, World};

/// The moments at which a proxy looks whose ejection is over, of which there have always been some.
#[derive(Clone, Copy, Debug)]
struct Looks {
    interval: Dur,
    /// One of them.
    first: SimTime,
}

impl Looks {
    /// How many there have been by `now`, but for a number that is the same at any time.
    const fn by(&self, now: SimTime) -> i64 {
        now.nanos().saturating_sub(self.first.nanos()).div_euclid(self.interval.nanos() as i64)
    }

    /// The first one that is no sooner than `at`.
    const fn first_from(&self, at: SimTime) -> SimTime {
        let late = (at.nanos() - self.first.nanos()).rem_euclid(self.interval.nanos() as i64);
        if late == 0 { at } else { SimTime::from_nanos(at.nanos() - late + self.interval.nanos() as i64) }
    }
}

/// For how long `host` is ejected, which it is once more: n times as long the n-th time, where each look at it since it came back makes
/// one time less (Envoy's `checkHostForUneject` and `ejectHost`).
fn time_out(passive: &PassiveHealth, looks: Option<Looks>, host: &mut Host, now: SimTime) -> Dur {
    if let Some(looks) = looks
        && host.ejections > 0
    {
        let seen_in = looks.by(now) - looks.by(host.ejected_until);
        host.ejections = host.ejections.saturating_sub(u16::try_from(seen_in).unwrap_or(u16::MAX));
    }
    host.ejections = host.ejections.saturating_add(1);
    let grown = passive.fail_timeout.scale(f64::from(host.ejections));
    grown.min(passive.max_fail_timeout.max(passive.fail_timeout))
}

impl<O: Observer> World<O> {
    /// An attempt of request `r` at `pod` has failed: so many within the time-out eject the pod for as long.
    pub(super) fn mark_failure(&mut self, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        let passive = self.balancer.passive_health;
        if passive.max_fails == 0 {
            return;
        }
        let amounts_to_checks = passive.amounts_to != AmountsTo::Ejection && self.balancer.active_health.is_some();
        let now = cal.now();
        // What has succeeded before is forgiven before.
        self.catch_up(pod, now);
        let old = self.old_process_of(r);
        let keeper = self.keeper(old, proxy);
        if passive.spares_only && self.process_mut(old, keeper).table.len() < 2 {
            return;
        }
        let Some(host) = self.believed(old, keeper, pod) else { return };
        let forgets = passive.in_a_row && !passive.window.is_zero();
        let over = forgets && now > host.failing_since + passive.window;
        host.failures = if over { 1 } else { host.failures + 1 };
        if host.failures == 1 || !passive.in_a_row {
            host.failing_since = now;
        }
        if host.failures < passive.max_fails {
            return;
        }
        // nginx goes on counting, so that one more is enough.
        host.failures = if passive.in_a_row { 0 } else { passive.max_fails - 1 };
        if amounts_to_checks {
            return self.count_as_checks(r, proxy, pod, cal);
        }
        let looks = self.looks(keeper);
        // What comes of requests that were sent before makes it no longer for Envoy, which looks for it to come back.
        let is_out = looks.is_some() && self.is_pod_ejected(keeper, pod, now);
        if is_out || old.is_none() && self.are_enough_ejected(keeper, pod, now) {
            return;
        }
        let Some(host) = self.believed(old, keeper, pod) else { return };
        let span = time_out(&passive, looks, host, now);
        let over = self.over_after(now, span);
        let until = looks.map_or(over, |looks| looks.first_from(over));
        if old.is_some() || passive.merge_window.is_zero() {
            for each in self.marked_together(old, proxy) {
                self.process_mut(old, each).eject(pod, until);
            }
            return;
        }
        for each in self.marked_together(old, proxy) {
            self.proxies[usize::from(each)].held.push((pod, until));
            self.hold_back(each, cal);
        }
    }

    /// As many failures of `pod` as amount to failed checks of it. An old process checks no longer.
    #[cold]
    fn count_as_checks(&mut self, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        if self.old_process_of(r).is_none() {
            for each in self.marked_together(None, proxy) {
                self.checks_failed(each, pod, self.balancer.passive_health.amounts_to, cal);
            }
        }
    }

    /// Whether passive health takes note that an attempt of request `r` has failed so.
    pub(super) fn is_noted(&self, r: u32, failure: Failure) -> bool {
        let PassiveHealth { on, statuses, .. } = self.balancer.passive_health;
        match failure {
            Failure::NoEndpoints | Failure::Overflow => false,
            Failure::Status(status) => statuses.contains(status),
            Failure::ConnectRefused | Failure::ConnectTimeout => on.connect_failure,
            // HAProxy ends the client's connection before it would take note.
            Failure::Reset | Failure::ResetUnsent => {
                on.reset && !(self.balancer.status.reset_later == ProxyStatus::CLOSE && self.is_later(r))
            }
            Failure::Truncated => on.reset,
            // While it waits to be sent (again) it is with no pod.
            Failure::Timeout => on.timeout && self.requests[r].place != Place::AtProxy,
            Failure::TryTimeout => on.timeout,
        }
    }

    /// The worker that counts failures for `proxy`: the first of all that do so together.
    fn keeper(&self, old: Option<usize>, proxy: u16) -> u16 {
        self.marked_together(old, proxy).start
    }

    /// The workers that a mark of `proxy` counts for. Old processes are on their own.
    fn marked_together(&self, old: Option<usize>, proxy: u16) -> std::ops::Range<u16> {
        let workers = self.balancer.workers as u16;
        if old.is_some() || !self.balancer.passive_health.shared {
            return proxy..proxy + 1;
        }
        let first = proxy / workers * workers;
        first..first + workers
    }

    /// A change of health that comes within the window after `proxy`'s last change waits for the next change of its table, or for
    /// as long as the window is after the first that waits (Envoy's `scheduleUpdate`).
    pub(super) fn hold_back(&mut self, proxy: u16, cal: &mut Cal) {
        let (now, window) = (cal.now(), self.balancer.passive_health.merge_window);
        let p = &mut self.proxies[usize::from(proxy)];
        if p.last_update + window < now {
            return self.release_ejections(proxy, now);
        }
        if p.release_at < now {
            p.release_at = now + window;
            cal.at(p.release_at, Event::Ejections(proxy));
        }
    }

    /// An attempt at `pod` has succeeded: what was counted is forgotten (Envoy's `putHttpResponseCode`, HAProxy's `health_adjust`); where
    /// connects alone count, what was counted before it began, and by nginx, if that was long enough before.
    pub(super) fn forgive(&mut self, r: u32, proxy: u16, pod: u32) {
        self.forgive_by(self.old_process_of(r), proxy, pod, self.requests[r].at_proxy);
    }

    /// The same of one that was begun then.
    pub(super) fn forgive_by(&mut self, old: Option<usize>, proxy: u16, pod: u32, begun: SimTime) {
        let keeper = self.keeper(old, proxy);
        let PassiveHealth { in_a_row, fail_timeout, on, .. } = self.balancer.passive_health;
        let Some(&mut Host { failing_since, failures: 1.., .. }) = self.believed(old, keeper, pod) else { return };
        let from = match in_a_row {
            true if on.reset => SimTime::MIN,
            true => failing_since,
            false => self.over_after(failing_since, fail_timeout),
        };
        if begun >= from
            && let Some(host) = self.believed(old, keeper, pod)
        {
            host.failures = 0;
        }
    }

    /// When `span` has passed since `from`, by the clock that passive health looks at: where that shows ticks alone, when it shows
    /// more of them than the span has.
    fn over_after(&self, from: SimTime, span: Dur) -> SimTime {
        let tick = self.balancer.passive_health.tick;
        if tick.is_zero() {
            return from + span;
        }
        // So much has passed of the present tick at moment 0, on all machines.
        let phase = tick.scale(self.streams.stream(Purpose::WallClock, 0).open01());
        let since = (from + phase).nanos().rem_euclid(tick.nanos() as i64);
        from + (span + tick).saturating_sub(Dur::from_nanos(since as u64))
    }

    /// Changes of health that were held back take effect, unless a change of the table has brought them along.
    pub(super) fn on_ejections(&mut self, proxy: u16, cal: &mut Cal) {
        if self.proxies[usize::from(proxy)].release_at == cal.now() {
            self.release_ejections(proxy, cal.now());
        }
    }

    /// The table of `proxy` is put into force with all that was held back.
    pub(super) fn release_ejections(&mut self, proxy: u16, now: SimTime) {
        let p = &mut self.proxies[usize::from(proxy)];
        p.last_update = now;
        p.release_at = SimTime::MIN;
        for (pod, until) in std::mem::take(&mut p.held) {
            p.process.eject(pod, until);
        }
        if self.balancer.active_health.is_some() {
            self.put_into_force(proxy);
        }
    }

    /// Whether with `pod` more of `proxy`'s table would be ejected than may be.
    fn are_enough_ejected(&self, proxy: u16, pod: u32, now: SimTime) -> bool {
        let table = &self.proxies[usize::from(proxy)].process.table;
        let ejected = table.iter().filter(|host| host.pod != pod && self.is_ejected(proxy, host, now)).count();
        (ejected + 1) as f64 > self.balancer.passive_health.max_ejected * table.len() as f64
    }

    /// Whether `proxy` has ejected this host of its table, though that may be held back yet.
    fn is_ejected(&self, proxy: u16, host: &Host, now: SimTime) -> bool {
        host.ejected_until > now || self.proxies[usize::from(proxy)].held.iter().any(|&(held, _)| held == host.pod)
    }

    /// The same of a pod, which may stand in no table.
    fn is_pod_ejected(&self, proxy: u16, pod: u32, now: SimTime) -> bool {
        let position = self.links[self.link(proxy, pod)].position;
        let table = &self.proxies[usize::from(proxy)].process.table;
        position != NIL && self.is_ejected(proxy, &table[position as usize], now)
    }

    /// When `proxy` looks whose ejection is over, if that is so.
    fn looks(&self, proxy: u16) -> Option<Looks> {
        let interval = self.balancer.passive_health.interval;
        let phase = || self.streams.stream(Purpose::EjectionLook, u64::from(proxy)).open01();
        (!interval.is_zero()).then(|| Looks { interval, first: SimTime::ZERO + interval.scale(phase()) })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_comes_back_with_a_look_and_each_look_that_finds_it_in_makes_one_time_less() {
        let at = |ms: i64| SimTime::from_nanos(ms * 1_000_000);
        let looks = Looks { interval: Dur::from_secs(10), first: at(3_000) };
        assert_eq!(
            [3_000, 3_001, 33_000, -8_000].map(|ms| looks.first_from(at(ms))),
            [3_000, 13_000, 33_000, -7_000].map(at)
        );
        let scenario = "loadBalancer: {passiveHealth: {maxFails: 5, failTimeout: 30s, maxFailTimeout: 70s}}\nclients: [{rate: 1/s}]";
        let passive = crate::scenario::Scenario::from_yaml(scenario).expect("a scenario").load_balancer.passive_health;
        let mut host = Host::new(0, SimTime::ZERO);
        let out = |host: &mut Host, ms: i64| {
            let span = time_out(&passive, Some(looks), host, at(ms));
            host.ejected_until = looks.first_from(at(ms) + span);
            (span, host.ejected_until)
        };
        let secs = Dur::from_secs;
        assert_eq!(out(&mut host, 4_000), (secs(30), at(43_000)));
        // Before the next look, which would have forgotten it; then after that.
        assert_eq!(out(&mut host, 52_000), (secs(60), at(113_000)));
        assert_eq!(out(&mut host, 124_000), (secs(60), at(193_000)));
        // The longest is as long as that.
        assert_eq!(out(&mut host, 194_000), (secs(70), at(273_000)));
        assert_eq!(out(&mut host, 400_000), (secs(30), at(433_000)));
    }
}
