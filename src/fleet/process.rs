//! A proxy's processes: the one that takes new connections, and those that it has replaced, which live on with the table
//! that they had.

use std::collections::VecDeque;

use crate::engine::{Handle, NIL, Purpose, SimTime, Streams};
use crate::scenario::{self, PanicMode};

use super::balancer::{self, Choices};
use super::fact::Cause;
use super::failure::Failure;
use super::pick::Pick;
use super::request::Place;
use super::retry_budget::TpsBudget;
use super::table::Table;
use super::world::{Cal, Observer, World};

/// What one process believes.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// The pods that it believes in.
    pub(super) table: Table,
    pub(super) algorithm: Box<dyn balancer::Algorithm>,
    /// Which two hosts that looks at, if it is one of those: they are quicker to ask without a detour.
    pub(super) choices: Option<Choices>,
    /// Whether any host may be ejected or unhealthy.
    pub(super) ejections: bool,
    /// Pods that left the table because they terminate, and still serve: who is fallen back on with nobody else left.
    pub(super) terminating: Vec<u32>,
}

impl Process {
    pub(super) fn new(of: &scenario::LoadBalancer, salt: u64) -> Self {
        let algorithm = balancer::algorithm(of.algorithm, salt);
        Self {
            table: Table::new(algorithm.weighs_load(), algorithm.takes_turns(), of.upstream.full_at(), of.slow_start),
            choices: algorithm.choices(),
            algorithm,
            ejections: false,
            terminating: Vec::new(),
        }
    }

    /// `pod`, if it is believed in, is not picked before `until`.
    pub(super) fn eject(&mut self, pod: u32, until: SimTime) {
        if let Some(position) = self.table.position(pod) {
            self.table.eject(position, until);
            self.ejections = true;
        }
    }

    /// Whether so few are left without a mark against their health that it disbelieves the marks.
    pub(super) fn panics(&self, mode: PanicMode, now: SimTime) -> bool {
        mode.is_possible() && mode.disbelieves(self.table.healthy(now), self.table.len())
    }
}

/// By what the ring of a hash is another one in each replication.
pub(super) const fn ring_salt(streams: Streams) -> u64 {
    streams.stream(Purpose::Ring, 0).bits()
}

/// A proxy (layer 4: a node).
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    /// The present one.
    pub(super) process: Process,
    /// Those before it, by generation.
    pub(super) old: Vec<(u16, Process)>,
    /// How many processes there were before the present one.
    pub(super) generation: u16,
    /// Connections that pods have closed and that it has not opened anew.
    pub(super) lost: u32,
    /// Retries under way.
    pub(super) retries: u32,
    /// What requests have paid for retries.
    pub(super) budget: Option<Box<TpsBudget>>,
    /// Ejections that wait for the table's next change to take effect, with their ends.
    pub(super) held: Vec<(u32, SimTime)>,
    /// When they will all the same; in the past: none wait.
    pub(super) release_at: SimTime,
    /// When the table was last put into force.
    pub(super) last_update: SimTime,
    /// What the name server has come to know and was not asked for yet: since when, which pod, whether it is one.
    pub(super) unresolved: Vec<(SimTime, u32, bool)>,
    /// When it last asked.
    pub(super) resolved_at: SimTime,
    /// Whether it is about to ask.
    pub(super) will_resolve: bool,
    /// Changes of the table that a reload will make.
    pub(super) changes: Vec<(u32, bool)>,
    /// How many of them the reload that is under way has read; `None` when there is none.
    pub(super) reloading: Option<usize>,
    /// Whether another one is to follow.
    pub(super) reload_wanted: bool,
    /// The next reload begins no sooner.
    pub(super) next_reload: SimTime,
    /// Since when its answers close connections, more and more of them.
    pub(super) draining_since: Option<SimTime>,
    /// Whether it accepts connections.
    pub(super) listens: bool,
    /// Requests that wait for a pod with room.
    pub(super) waiting: VecDeque<Handle>,
}

impl Proxy {
    pub(super) fn new(of: &scenario::LoadBalancer, salt: u64) -> Self {
        Self {
            process: Process::new(of, salt),
            old: Vec::new(),
            generation: 0,
            lost: 0,
            retries: 0,
            budget: None,
            held: Vec::new(),
            release_at: SimTime::MIN,
            last_update: SimTime::MIN,
            unresolved: Vec::new(),
            resolved_at: SimTime::MIN,
            will_resolve: false,
            changes: Vec::new(),
            reloading: None,
            reload_wanted: false,
            next_reload: SimTime::MIN,
            draining_since: None,
            listens: true,
            waiting: VecDeque::new(),
        }
    }

    /// What it takes (bytes).
    pub(super) fn bytes(&self) -> usize {
        let processes = self.old.iter().map(|(_, process)| process).chain([&self.process]);
        let tables = processes.map(|p| p.table.bytes() + p.algorithm.bytes());
        size_of::<Self>() + tables.sum::<usize>() + self.waiting.capacity() * size_of::<Handle>()
    }
}

impl<O: Observer> World<O> {
    /// The generation of the process that has request `r`: that of its client's connection.
    pub(super) fn generation_of(&self, r: u32) -> u16 {
        let request = &self.requests[r];
        match request.connection {
            NIL => self.proxies[usize::from(request.proxy)].generation,
            c => self.connections.upkeep(c).generation,
        }
    }

    /// Where among its proxy's old processes the one stands that has request `r`; `None` for the present one.
    #[inline(always)]
    pub(super) fn old_process_of(&self, r: u32) -> Option<usize> {
        let p = &self.proxies[usize::from(self.requests[r].proxy)];
        if p.old.is_empty() {
            return None;
        }
        let generation = self.generation_of(r);
        p.old.iter().position(|&(g, _)| g == generation)
    }

    /// One of `proxy`'s old processes, or the present one.
    pub(super) fn process_mut(&mut self, old: Option<usize>, proxy: u16) -> &mut Process {
        let p = &mut self.proxies[usize::from(proxy)];
        match old {
            Some(n) => &mut p.old[n].1,
            None => &mut p.process,
        }
    }

    /// An old process sends request `r` to a pod of its own, old, table. It has dropped its pool: the connection is a new one,
    /// and ends with the answer.
    pub(super) fn forward_by_old(&mut self, r: u32, old: usize, pick: Pick, cal: &mut Cal) {
        let proxy = self.requests[r].proxy;
        let picked = self.pick_by_old(proxy, old, pick, cal.now());
        self.requests[r].pod = picked.unwrap_or(NIL);
        if let Some(pod) = picked {
            if !self.balancer.retries.per_try_timeout.is_zero() {
                self.watch_try(r, cal);
            }
            return self.open_upstream(r, proxy, pod, cal);
        }
        self.proxy_failed(r, Failure::NoEndpoints, Cause::NoEndpoints, cal);
    }

    /// Whether request `r`, for which no pod could be picked, waits in the proxy for one that is only full.
    pub(super) fn waits_for_room(&mut self, r: u32, proxy: u16, now: SimTime) -> bool {
        let full = self.max_busy;
        let p = &mut self.proxies[usize::from(proxy)];
        let is_alive = |process: &Process| process.table.healthy(now) > 0 || process.panics(self.balancer.panic, now);
        if full == u32::MAX || p.process.table.is_empty() || !is_alive(&p.process) {
            return false;
        }
        self.requests[r].place = Place::AtProxy;
        self.requests[r].pod = NIL;
        p.waiting.push_back(self.requests.handle(r));
        true
    }

    /// A pod of `proxy` has room again: who has waited longest goes there, in a moment of its own.
    pub(super) fn room_at(&mut self, proxy: u16, cal: &mut Cal) {
        let p = &mut self.proxies[usize::from(proxy)];
        while let Some(request) = p.waiting.pop_front() {
            if self.requests.live(request).is_some() {
                return cal.at(cal.now(), super::event::Event::ProxyRetryDue(request));
            }
        }
    }
}
