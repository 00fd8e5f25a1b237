//! A proxy's table: the pods that it believes in, in order of addition.

use std::ops::{Deref, DerefMut};

use crate::engine::SimTime;
use crate::scenario::SlowStart;

use super::apart::Apart;
use super::balancer::Host;
use super::fact::Revision;
use super::groups::Groups;
use super::least::Least;
use super::turns::Turns;

/// The table; as a slice it is its hosts.
#[derive(Clone, Debug)]
pub(super) struct Table {
    hosts: Vec<Host>,
    /// Requests (layer 4: connections) that this proxy has under way at each. Beside the hosts, as picks look at nothing but this and the
    /// next: those of 10,000 pods stay in the second-level cache so, where hosts do not.
    active: Vec<u32>,
    /// Their pods.
    pods: Vec<u32>,
    /// Which of them are not like any other.
    apart: Apart,
    /// Where those of each zone stand, and those of each version.
    zones: Groups,
    revisions: Groups,
    /// Whether either depends on what is under way.
    watched: bool,
    /// Where the fewest are under way among those that are, for whoever looks for that among all.
    least: Option<Least>,
    /// Whose turn it is among them, for whoever asks that instead.
    turns: Option<Turns>,
}

impl Table {
    /// With no host yet; with the `least` known or not, or whose turn it is among those, hosts that are `full` with so many requests, and
    /// new ones that come to their weight so slowly.
    pub(super) fn new(least: bool, turns: bool, full: u32, slow_start: SlowStart) -> Self {
        Self {
            hosts: Vec::new(),
            active: Vec::new(),
            pods: Vec::new(),
            apart: Apart::new(full, slow_start),
            zones: Groups::default(),
            revisions: Groups::default(),
            watched: least || turns || full != u32::MAX,
            least: (least && !turns).then(Least::default),
            turns: turns.then(Turns::new),
        }
    }

    /// Adds a host with nothing under way.
    pub(super) fn push(&mut self, host: Host) {
        self.hosts.push(host);
        self.active.push(0);
        self.pods.push(host.pod);
        self.apart.push();
        let position = self.hosts.len() as u32 - 1;
        self.zones.push(host.zone, position);
        self.revisions.push(host.revision.0, position);
        if let Some(least) = &mut self.least {
            least.push(&self.active, |at| self.apart.is_plain(at));
        }
        if let Some(turns) = &mut self.turns {
            turns.push(host.added, &self.active, |at| self.apart.is_plain(at));
        }
    }

    /// Takes the host at `position` out: those behind it move up.
    pub(super) fn remove(&mut self, position: usize) {
        self.hosts.remove(position);
        self.active.remove(position);
        self.pods.remove(position);
        self.apart.remove(position as u32);
        self.zones.remove(position as u32);
        self.revisions.remove(position as u32);
        if let Some(turns) = &mut self.turns {
            turns.remove(position, &self.active, |at| self.apart.is_plain(at));
        }
        if let Some(least) = &mut self.least {
            least.become_others(&self.active, |at| self.apart.is_plain(at));
        }
    }

    /// The pod at `position`.
    #[inline(always)]
    pub(super) fn pod(&self, position: u32) -> u32 {
        self.pods[position as usize]
    }

    /// Where `pod` stands.
    pub(super) fn position(&self, pod: u32) -> Option<u32> {
        self.pods.iter().position(|&other| other == pod).map(|at| at as u32)
    }

    /// Where the hosts of `zone` stand, in ascending order.
    pub(super) fn zone(&self, zone: u16) -> &[u32] {
        self.zones.of(zone)
    }

    /// Where those of a version, or those in a zone, stand, in ascending order: if but one of them matters.
    pub(super) fn within(&self, lane: Option<Revision>, zone: Option<u16>) -> Option<&[u32]> {
        match (lane, zone) {
            (Some(lane), None) => Some(self.revisions.of(lane.0)),
            (None, Some(zone)) => Some(self.zone(zone)),
            _ => None,
        }
    }

    /// Their pods.
    pub(super) fn pods(&self) -> &[u32] {
        &self.pods
    }

    /// What is under way at each host.
    #[inline(always)]
    pub(super) fn active(&self) -> &[u32] {
        &self.active
    }

    /// Where the fewest are among the hosts that are like any other, if that is kept.
    pub(super) const fn least(&self) -> Option<&Least> {
        self.least.as_ref()
    }

    /// Whose turn it is among them, if that is kept.
    pub(super) const fn turns(&self) -> Option<&Turns> {
        self.turns.as_ref()
    }

    /// Which hosts are not like any other, as of the last pick.
    pub(super) const fn apart(&self) -> &Apart {
        &self.apart
    }

    /// There is one more under way at the host at `position` from `at` on.
    #[inline(always)]
    pub(super) fn begins(&mut self, position: u32, at: SimTime) {
        let active = &mut self.active[position as usize];
        *active += 1;
        if self.watched {
            self.changes(position, Some(at));
        }
    }

    /// There is one less from `at` on; a pod that left the table and came back started from none.
    #[inline(always)]
    pub(super) fn ends(&mut self, position: u32, at: SimTime) {
        let active = &mut self.active[position as usize];
        if *active > 0 {
            *active -= 1;
            if self.watched {
                self.changes(position, Some(at));
            }
        }
    }

    /// There is a connection more, or less, at the host at `position`: after the last pick, and after all others that were told so.
    pub(super) fn connects(&mut self, position: u32, counts: bool) {
        let active = &mut self.active[position as usize];
        *active = if counts { *active + 1 } else { active.saturating_sub(1) };
        if self.watched {
            self.changes(position, None);
        }
    }

    /// There are others than before under way at the host at `position`, since `at` if that is known.
    fn changes(&mut self, position: u32, at: Option<SimTime>) {
        let active = self.active[position as usize];
        let other = self.apart.has(position, active);
        if let Some(least) = &mut self.least
            && (other || self.apart.is_plain(position))
        {
            least.set(position, active, self.apart.is_plain(position));
        }
        if let Some(turns) = &mut self.turns {
            turns.moves(position, at);
            if other || self.apart.is_plain(position) {
                turns.set(position, active, self.apart.is_plain(position));
            }
        }
    }

    /// The host at `position` is not picked before `until`.
    pub(super) fn eject(&mut self, position: u32, until: SimTime) {
        self.hosts[position as usize].ejected_until = until;
        self.mark(position);
    }

    /// What checks have found of each host is what the proxy acts on. Whether that is another thing than before.
    pub(super) fn heed_checks(&mut self) -> bool {
        let mut any = false;
        for position in 0..self.hosts.len() {
            let host = &mut self.hosts[position];
            if host.unhealthy != host.found_unhealthy {
                host.unhealthy = host.found_unhealthy;
                any = true;
                self.mark(position as u32);
            }
        }
        any
    }

    /// Health may speak against the host at `position`: the next pick finds out.
    fn mark(&mut self, position: u32) {
        self.apart.mark(position);
        if let Some(least) = &mut self.least {
            least.set(position, 0, false);
        }
        if let Some(turns) = &mut self.turns {
            turns.set(position, 0, false);
        }
    }

    /// At how many hosts nothing is wrong with their health.
    pub(super) fn healthy(&self, now: SimTime) -> usize {
        self.hosts.len() - self.unhealthy(now).count()
    }

    /// The hosts whose health speaks against them.
    pub(super) fn unhealthy(&self, now: SimTime) -> impl Iterator<Item = &Host> {
        let out = if self.apart.marked() > 0 { self.apart.out() } else { &[] };
        out.iter().map(|&at| &self.hosts[at as usize]).filter(move |host| !host.is_healthy(now))
    }

    /// What follows from time alone is brought up to date.
    #[inline]
    pub(super) fn settle(&mut self, now: SimTime) {
        if let Some(turns) = &mut self.turns {
            turns.picks(now);
        }
        if self.apart.marked() > 0 || (self.apart.grown() as usize) < self.hosts.len() {
            let Self { hosts, active, apart, least, turns, .. } = self;
            apart.bring_up_to_date(hosts, now, |at| {
                if let Some(least) = least {
                    least.set(at, active[at as usize], true);
                }
                if let Some(turns) = turns {
                    turns.comes_back(at, active[at as usize]);
                }
            });
        }
    }

    /// No host is full any more, whatever it has under way.
    pub(super) fn lift_limit(&mut self) {
        self.apart.lift_limit();
        if let Some(least) = &mut self.least {
            least.become_others(&self.active, |at| self.apart.is_plain(at));
        }
        if let Some(turns) = &mut self.turns {
            turns.become_others(&self.active, |at| self.apart.is_plain(at));
        }
    }

    /// What it takes beside itself (bytes).
    pub(super) fn bytes(&self) -> usize {
        self.hosts.capacity() * size_of::<Host>()
            + (self.active.capacity() + self.pods.capacity()) * size_of::<u32>()
            + self.apart.bytes()
            + self.zones.bytes()
            + self.revisions.bytes()
            + self.least.as_ref().map_or(0, Least::bytes)
            + self.turns.as_ref().map_or(0, Turns::bytes)
    }
}

impl Deref for Table {
    type Target = [Host];
    #[inline(always)]
    fn deref(&self) -> &[Host] {
        &self.hosts
    }
}

impl DerefMut for Table {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [Host] {
        &mut self.hosts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Dur, Purpose, Stream, Streams};
    use crate::fleet::balancer::{Algorithm, Hosts, algorithm};
    use crate::scenario;

    /// Of which version, and in which zone.
    type Of = (Option<Revision>, Option<u16>);

    /// A table to which anything happens.
    struct Eventful {
        table: Table,
        now: SimTime,
        full: u32,
        slow_start: SlowStart,
        next: u32,
    }

    impl Eventful {
        fn goes_on(&mut self, dice: &mut Stream) {
            let n = self.table.len() as u32;
            self.now += Dur::from_millis(u64::from(dice.below(200)));
            match dice.below(60) {
                0..4 => {
                    self.next += 1;
                    let (zone, revision) = (dice.below(3) as u16, Revision(dice.below(2) as u16));
                    self.table.push(Host { revision, zone, ..Host::new(self.next, self.now) });
                }
                _ if n == 0 => {}
                4 => self.table.remove(dice.below(n) as usize),
                5 => self.table.eject(dice.below(n), self.now + Dur::from_millis(u64::from(dice.below(3_000)))),
                6 | 7 => {
                    let host = &mut self.table[dice.below(n) as usize];
                    host.found_unhealthy = !host.found_unhealthy;
                    self.table.heed_checks();
                }
                8 if dice.below(40) == 0 => {
                    self.full = u32::MAX;
                    self.table.lift_limit();
                }
                9..38 => self.table.begins(dice.below(n), self.now),
                _ => self.table.ends(dice.below(n), self.now),
            }
        }

        /// What there is to pick from, with what is known of those apart, or without.
        fn hosts<'a>(&'a self, avoid: &'a [u32], (lane, zone): Of, knows: bool) -> Hosts<'a> {
            Hosts {
                least: self.table.least().filter(|_| knows),
                turns: self.table.turns(),
                out: knows.then(|| self.table.apart().out()),
                grown: self.table.apart().grown(),
                now: self.now,
                avoid,
                restricted: true,
                slow_start: self.slow_start,
                max_busy: self.full,
                lane,
                zone,
                within: self.table.within(lane, zone),
                ..Hosts::alike(&self.table, self.table.pods(), self.table.active())
            }
        }
    }

    fn picks_alike(name: scenario::Algorithm, full: u32, slow_start: SlowStart) {
        let streams = Streams::new(3, u64::from(full));
        let dice = &mut streams.stream(Purpose::Balance, 0);
        let table = Table::new(true, algorithm(name, 0).takes_turns(), full, slow_start);
        let mut all = Eventful { table, now: SimTime::ZERO, full, slow_start, next: 0 };
        let [mut looks, mut knows] = [algorithm(name, 0), algorithm(name, 0)];
        let mut out = 0;
        for step in 0..3_000 {
            all.goes_on(dice);
            all.table.settle(all.now);
            let usable = (0..all.table.len() as u32).filter(|&i| all.hosts(&[], (None, None), false).usable(i));
            out += all.table.len() - usable.count();
            let avoid = [all.next, all.next / 2, 1];
            let avoid = &avoid[..if dice.below(4) == 0 { 3 } else { 0 }];
            let [zone, lane] = [3, 4].map(|n| (dice.below(n) == 0).then(|| dice.below(4) as u16));
            let of = (lane.map(Revision), zone);
            let picks = |algorithm: &mut dyn Algorithm, knows: bool| {
                algorithm.table_changed(&all.table);
                let draw = &mut streams.stream(Purpose::Balance, step);
                algorithm.pick(&all.hosts(avoid, of, knows), step, draw)
            };
            let picked = picks(&mut *looks, false);
            assert_eq!(picked, picks(&mut *knows, true), "{name:?}, full at {full}, step {step}");
            let hosts = all.hosts(avoid, of, false);
            let any = (0..hosts.len()).any(|i| hosts.usable(i));
            assert!(picked.map_or(!any, |i| hosts.usable(i)), "{name:?}, step {step}: {picked:?}");
            let healthy = all.table.iter().filter(|host| host.is_healthy(all.now)).count();
            assert_eq!(all.table.healthy(all.now), healthy);
        }
        assert!(out > 3_000 && all.table.len() > 50, "{out} were out, {} hosts", all.table.len());
    }

    #[test]
    fn whoever_stands_apart_picks_are_those_of_a_look_at_all_hosts() {
        let none = SlowStart::NONE;
        let slow = SlowStart { window: Dur::from_secs(20), least: 0.1, ..none };
        let in_steps = SlowStart { step: Dur::from_millis(1_500), ..slow };
        for name in scenario::Algorithm::ALL {
            for full in [3, u32::MAX] {
                for slow_start in [none, slow, in_steps] {
                    picks_alike(name, full, slow_start);
                }
            }
        }
    }
}
