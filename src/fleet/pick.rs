//! Which pod a proxy sends a request, or a connection, to: for whom, and what it has to heed.

use crate::engine::{Family, NIL, SimTime, Stream};
use crate::scenario::{MOST_AVOIDED, PanicMode, SlowStart};

use super::balancer::{Algorithm, Choices, Hosts};
use super::fact::Revision;
use super::locality::Near;
use super::process::Process;
use super::world::{Observer, World};

/// For whom a pod is picked: the same identity gives the same draw under every policy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    pub(super) population: u16,
    /// The client, user or stream slot within it.
    pub(super) member: u32,
    /// The request, or the how-manieth connection of the member, …
    pub(super) ordinal: u64,
    /// … and which attempt at it.
    pub(super) attempt: u16,
    /// Pods to avoid while there are others, [`NIL`] behind the last.
    pub(super) avoid: [u32; MOST_AVOIDED as usize],
}

impl Pick {
    /// For the first attempt at request `ordinal` of this member.
    #[inline(always)]
    pub(super) const fn first(population: u16, member: u32, ordinal: u64) -> Self {
        Self { population, member, ordinal, attempt: 1, avoid: [NIL; MOST_AVOIDED as usize] }
    }

    /// The pods to avoid.
    #[inline(always)]
    pub(super) fn avoided(&self) -> &[u32] {
        let n = self.avoid.iter().position(|&a| a == NIL).unwrap_or(self.avoid.len());
        &self.avoid[..n]
    }

    /// Its own randomness.
    #[inline(always)]
    pub(super) const fn draw(&self, family: Family) -> Stream {
        family.stream(Self::lot(self.ordinal, self.attempt))
    }

    /// Which draw belongs to this attempt.
    #[inline(always)]
    pub(super) const fn lot(ordinal: u64, attempt: u16) -> u64 {
        ordinal.wrapping_mul(64).wrapping_add(attempt as u64)
    }
}

impl<O: Observer> World<O> {
    /// Proxy `proxy` picks a pod by what it believes.
    #[inline(always)]
    pub(super) fn pick(&mut self, proxy: u16, pick: Pick, now: SimTime) -> Option<u32> {
        if self.router.is_some() {
            return self.pick_routed(proxy, None, pick, now);
        }
        let limits = self.limits(proxy, None);
        let process = &mut self.proxies[usize::from(proxy)].process;
        let family = self.populations[usize::from(pick.population)].balance;
        // No call through a table, and nothing put together for it (50 instructions).
        if let Some(choices) = process.choices {
            if limits.are_none(process, &pick) && process.table.len() > 1 {
                let lot = Pick::lot(pick.ordinal, pick.attempt);
                return Some(self.pick_of_two(choices, proxy, pick.population, lot, now));
            }
            self.catch_up_all(now);
        } else if process.algorithm.weighs_load() {
            self.catch_up_all(now);
        }
        let process = &mut self.proxies[usize::from(proxy)].process;
        let picked = pick_by(process, None, pick, pick.avoided(), family, now, limits);
        if picked.is_none() && !process.terminating.is_empty() {
            return process.fall_back(pick, family);
        }
        picked
    }

    /// The better of two of all pods, of which there are at least two that all may be picked and weigh the same. Both are caught up
    /// with.
    #[inline(always)]
    pub(super) fn pick_of_two(&mut self, choices: Choices, proxy: u16, population: u16, lot: u64, now: SimTime) -> u32 {
        let table = &self.proxies[usize::from(proxy)].process.table;
        let family = self.populations[usize::from(population)].balance;
        let (a, b) = choices.of(table.len() as u32, &mut family.stream(lot));
        let (pod_a, pod_b) = (table.pod(a), table.pod(b));
        self.catch_up(pod_a, now);
        self.catch_up(pod_b, now);
        let active = self.proxies[usize::from(proxy)].process.table.active();
        if active[b as usize] < active[a as usize] { pod_b } else { pod_a }
    }

    /// The same, unless whoever asks is bound to a pod.
    #[inline(always)]
    pub(super) fn pick_bound(&mut self, proxy: u16, pick: Pick, now: SimTime) -> Option<u32> {
        if self.balancer.sticky.is_some()
            && let Some(pod) = self.sticky_pod(&self.proxies[usize::from(proxy)].process, pick, now)
        {
            return Some(pod);
        }
        self.pick(proxy, pick, now)
    }

    /// One of its old processes does.
    pub(super) fn pick_by_old(&mut self, proxy: u16, old: usize, pick: Pick, now: SimTime) -> Option<u32> {
        if self.balancer.sticky.is_some()
            && let Some(pod) = self.sticky_pod(&self.proxies[usize::from(proxy)].old[old].1, pick, now)
        {
            return Some(pod);
        }
        if self.router.is_some() {
            return self.pick_routed(proxy, Some(old), pick, now);
        }
        let limits = Limits { max_busy: u32::MAX, ..self.limits(proxy, None) };
        let process = &mut self.proxies[usize::from(proxy)].old[old].1;
        let family = self.populations[usize::from(pick.population)].balance;
        pick_by(process, None, pick, pick.avoided(), family, now, limits)
    }

    /// What every pick of `proxy` has to heed, and whose pods alone it may pick.
    #[inline(always)]
    pub(super) fn limits(&self, proxy: u16, lane: Option<Revision>) -> Limits {
        let (slow_start, panic) = (self.balancer.slow_start, self.balancer.panic);
        Limits { slow_start, panic, max_busy: self.max_busy, lane, near: self.near(proxy) }
    }
}

/// What a pick has to heed beside the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) slow_start: SlowStart,
    pub(super) panic: PanicMode,
    pub(super) max_busy: u32,
    /// Whose pods alone may be picked.
    pub(super) lane: Option<Revision>,
    /// Where it looks first.
    pub(super) near: Option<Near>,
}

impl Limits {
    /// Whether `process` may pick any of its pods for `pick`, and all weigh the same.
    #[inline(always)]
    const fn are_none(&self, process: &Process, pick: &Pick) -> bool {
        let avoids = pick.avoid[0] != NIL;
        let restricted = process.ejections || avoids || self.max_busy != u32::MAX || self.lane.is_some();
        !restricted && self.near.is_none() && self.slow_start.window.is_zero()
    }
}

/// `process` picks a pod by what it believes, in its own turns or in these; not one of `avoid`, if there are others.
#[inline(always)]
pub(super) fn pick_by(
    process: &mut Process,
    turns: Option<&mut dyn Algorithm>,
    pick: Pick,
    avoid: &[u32],
    family: Family,
    now: SimTime,
    limits: Limits,
) -> Option<u32> {
    let Pick { population, member, .. } = pick;
    let Limits { slow_start, panic, max_busy, lane, near } = limits;
    // The identity of whoever's connection it is, by which a ring hash sticks to a pod.
    let key = (u64::from(population) << 32) | u64::from(member);
    let avoids = avoid.len();
    let may_be_full = max_busy != u32::MAX;
    process.table.settle(now);
    let panics = process.ejections && process.panics(panic, now);
    let Process { table, algorithm, ejections, .. } = process;
    let zone = near.and_then(|near| near.zone(table, panics, now));
    let restricted = *ejections || avoids > 0 || may_be_full || lane.is_some() || zone.is_some();
    let draw = &mut pick.draw(family);
    let algorithm = turns.unwrap_or(&mut **algorithm);
    let mut hosts = Hosts {
        table,
        pods: table.pods(),
        active: table.active(),
        least: table.least(),
        turns: table.turns(),
        // Where marks are disbelieved those that have some may be picked.
        out: (!panics).then(|| table.apart().out()),
        grown: table.apart().grown(),
        now,
        avoid,
        restricted,
        panics,
        slow_start,
        max_busy,
        lane,
        zone,
        within: table.within(lane, zone),
    };
    let mut picked = algorithm.pick(&hosts, key, draw);
    if picked.is_none() && zone.is_some() {
        // Nobody near: better one elsewhere than one that has failed before.
        (hosts.zone, hosts.within) = (None, table.within(lane, None));
        picked = algorithm.pick(&hosts, key, draw);
    }
    if picked.is_none() && avoids > 0 {
        // Nobody else is left: better one that has failed before than none.
        hosts.avoid = &[];
        hosts.restricted = *ejections || may_be_full || lane.is_some();
        picked = algorithm.pick(&hosts, key, draw);
    }
    picked.map(|i| table[i as usize].pod)
}
