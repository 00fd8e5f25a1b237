//! A dependency that serves so many connections and no more: pools that pods open at their start and hold to their end,
//! terminating or not; and requests, each of which holds a connection for a part of its service.

use std::collections::VecDeque;

use crate::engine::Dur;
use crate::scenario::{ConnectionPool, OnExhausted, Scenario};

use super::event::{Event, PodTimer};
use super::fact::Cause;
use super::request::Job;
use super::world::{Cal, Observer, World};

/// What becomes of a start.
enum Opening {
    /// It goes on.
    Done,
    /// It asks again.
    Waits(Dur),
    /// It has failed.
    Fails,
}

/// A request that waits for a connection: at which worker, and its wait's number there.
#[derive(Clone, Copy, Debug)]
struct Wait {
    pod: u32,
    worker: u32,
    ticket: u32,
}

/// What one pod has.
#[derive(Clone, Debug, Default)]
struct Pool {
    /// Connections that it holds, and how many of them (or beside them) carry a request.
    held: u32,
    busy: u32,
    /// Requests that wait for one of its own.
    waiting: VecDeque<Wait>,
    /// What is under way, by worker.
    queries: Vec<Query>,
}

/// A request at a worker.
#[derive(Clone, Copy, Debug, Default)]
struct Query {
    /// The number of its wait for a connection; 0 where it does not wait.
    ticket: u32,
    /// How long it holds one, and what is left of its service then.
    hold: Dur,
    rest: Dur,
}

impl Pool {
    fn query(&mut self, worker: u32) -> &mut Query {
        if self.queries.len() <= worker as usize {
            self.queries.resize(worker as usize + 1, Query::default());
        }
        &mut self.queries[worker as usize]
    }
}

/// The dependency's connections.
#[derive(Clone, Debug)]
pub(super) struct Dependency {
    /// That nobody holds.
    free: u32,
    pools: Vec<Pool>,
    /// Requests that wait for a connection of their own.
    waiting: VecDeque<Wait>,
    tickets: u32,
}

impl Dependency {
    /// `None` where no pod uses it.
    pub(super) fn new(scenario: &Scenario) -> Option<Box<Self>> {
        let used = scenario.pod.connection_pool.is_some() || scenario.new_pod.connection_pool.is_some();
        let free = scenario.dependency.map_or(u32::MAX, |d| d.max_connections);
        used.then(|| Box::new(Self { free, pools: Vec::new(), waiting: VecDeque::new(), tickets: 0 }))
    }

    fn pool(&mut self, pod: u32) -> &mut Pool {
        if self.pools.len() <= pod as usize {
            self.pools.resize_with(pod as usize + 1, Pool::default);
        }
        &mut self.pools[pod as usize]
    }

    /// Opens what is missing of `size`, as far as there are any; returns what is still missing.
    fn open(&mut self, pod: u32, size: u32) -> u32 {
        let missing = size.saturating_sub(self.pool(pod).held);
        let opened = missing.min(self.free);
        self.free -= opened;
        self.pool(pod).held += opened;
        missing - opened
    }

    /// A connection for a request, if there is one.
    fn acquire(&mut self, pod: u32, size: u32) -> bool {
        let there = if size == 0 { self.free > 0 } else { self.pool(pod).busy < self.pool(pod).held };
        if there {
            self.free -= u32::from(size == 0);
            self.pool(pod).busy += 1;
        }
        there
    }

    fn release(&mut self, pod: u32, size: u32) {
        self.free += u32::from(size == 0);
        self.pool(pod).busy -= 1;
    }

    /// Who has waited the longest for what is there now, and still does.
    fn next(&mut self, pod: u32, size: u32) -> Option<Wait> {
        loop {
            let list = if size == 0 { &self.waiting } else { &self.pool(pod).waiting };
            let first = *list.front()?;
            let still = self.pool(first.pod).query(first.worker).ticket == first.ticket;
            if still && !self.acquire(first.pod, size) {
                return None;
            }
            if size == 0 {
                self.waiting.pop_front()
            } else {
                self.pool(pod).waiting.pop_front()
            };
            if still {
                return Some(first);
            }
        }
    }
}

impl<O: Observer> World<O> {
    fn pool_of(&self, pod: u32) -> Option<ConnectionPool> {
        self.versions[self.pods[pod as usize].version()].pod.connection_pool
    }

    /// A pod that has been there for long has its connections.
    pub(super) fn open_warm_pool(&mut self, pod: u32) {
        if let (Some(pool), Some(dependency)) = (self.pool_of(pod), &mut self.dependency) {
            dependency.open(pod, pool.size);
        }
    }

    /// The container opens its pool, and goes on with its start when it may.
    pub(super) fn connect_and_listen(&mut self, pod: u32, cal: &mut Cal) {
        match self.open_pool(pod, cal) {
            Opening::Done => self.begin_to_listen(pod, cal),
            Opening::Waits(retry) => self.open_later(pod, retry, cal),
            Opening::Fails => self.crash(pod, cal),
        }
    }

    fn open_later(&self, pod: u32, retry: Dur, cal: &mut Cal) {
        Self::pod_timer(pod, retry, PodTimer::OpenPool(self.pods[pod as usize].restarts), cal);
    }

    fn open_pool(&mut self, pod: u32, cal: &mut Cal) -> Opening {
        let (Some(pool), Some(dependency)) = (self.pool_of(pod), &mut self.dependency) else { return Opening::Done };
        if dependency.open(pod, pool.size) == 0 {
            return Opening::Done;
        }
        match pool.on_exhausted {
            OnExhausted::Wait => Opening::Waits(pool.retry),
            OnExhausted::Crash => Opening::Fails,
            OnExhausted::Serve => {
                self.open_later(pod, pool.retry, cal);
                Opening::Done
            }
        }
    }

    /// A pod that has not got all its connections asks for the others.
    pub(super) fn open_missing(&mut self, pod: u32, cal: &mut Cal) {
        if !self.pods[pod as usize].listening {
            return self.connect_and_listen(pod, cal);
        }
        let (Some(pool), Some(dependency)) = (self.pool_of(pod), &mut self.dependency) else { return };
        if dependency.open(pod, pool.size) > 0 {
            self.open_later(pod, pool.retry, cal);
        }
        self.grant(pod, pool.size, cal);
    }

    /// The pod's process has ended: the dependency hears of the end of its connections.
    pub(super) fn close_pool(&mut self, pod: u32, cal: &mut Cal) {
        let Some(dependency) = &mut self.dependency else { return };
        let held = std::mem::take(&mut dependency.pool(pod).held);
        dependency.free += held;
        self.grant(pod, 0, cal);
    }

    /// Everything under way in the pod is cut: nobody there waits for, or holds, a connection.
    pub(super) fn sever_queries(&mut self, pod: u32, cal: &mut Cal) {
        let busy = self.forget_queries(pod);
        let single = self.pool_of(pod).is_some_and(|pool| pool.size == 0);
        if let Some(dependency) = self.dependency.as_mut().filter(|_| single) {
            dependency.free += busy;
            self.grant(pod, 0, cal);
        }
    }

    /// The same where nobody tells the dependency, as of a dead machine: it keeps the connections (TCP finds out after two
    /// hours); returns those that carried a request.
    pub(super) fn forget_queries(&mut self, pod: u32) -> u32 {
        let Some(dependency) = &mut self.dependency else { return 0 };
        let state = dependency.pool(pod);
        state.waiting.clear();
        state.queries.fill(Query::default());
        std::mem::take(&mut state.busy)
    }

    /// `worker` has taken a request that needs a connection for a part of its `work`; true where that is so.
    pub(super) fn begin_query(&mut self, pod: u32, worker: u32, job: Job, work: Dur, cal: &mut Cal) -> bool {
        let Job::Serve { request, population, ordinal } = job else { return false };
        let Some(pool) = self.pool_of(pod) else { return false };
        self.pods[pod as usize].workers.set(worker, Job::Query { request, population, ordinal });
        let hold = work.scale(pool.share);
        let Some(dependency) = &mut self.dependency else { return false };
        *dependency.pool(pod).query(worker) = Query { ticket: 0, hold, rest: work.saturating_sub(hold) };
        if dependency.acquire(pod, pool.size) {
            let rank = self.pods[pod as usize].next_rank(pod);
            cal.end_at(cal.now() + hold, rank, Event::JobDone { pod, worker });
            return true;
        }
        dependency.tickets = dependency.tickets.wrapping_add(1).max(1);
        let ticket = dependency.tickets;
        let wait = Wait { pod, worker, ticket };
        dependency.pool(pod).query(worker).ticket = ticket;
        if pool.size == 0 {
            dependency.waiting.push_back(wait);
        } else {
            dependency.pool(pod).waiting.push_back(wait);
        }
        if !pool.acquire_timeout.is_zero() {
            cal.at(cal.now() + pool.acquire_timeout, Event::AcquireTimeout { pod, worker, ticket });
        }
        true
    }

    /// The request at `worker` needs its connection no longer; the rest of its service follows.
    pub(super) fn query_over(&mut self, pod: u32, worker: u32, job: Job, cal: &mut Cal) {
        let Job::Query { request, population, ordinal } = job else { return };
        self.pods[pod as usize].workers.set(worker, Job::Serve { request, population, ordinal });
        let (Some(pool), Some(dependency)) = (self.pool_of(pod), &mut self.dependency) else { return };
        let rest = dependency.pool(pod).query(worker).rest;
        dependency.release(pod, pool.size);
        let rank = self.pods[pod as usize].next_rank(pod);
        cal.end_at(cal.now() + rest, rank, Event::JobDone { pod, worker });
        self.grant(pod, pool.size, cal);
    }

    /// Those who wait for what this pod can give now get it.
    fn grant(&mut self, pod: u32, size: u32, cal: &mut Cal) {
        let Some(dependency) = &mut self.dependency else { return };
        while let Some(Wait { pod, worker, .. }) = dependency.next(pod, size) {
            let query = dependency.pool(pod).query(worker);
            query.ticket = 0;
            let rank = self.pods[pod as usize].next_rank(pod);
            cal.end_at(cal.now() + query.hold, rank, Event::JobDone { pod, worker });
        }
    }

    /// A request has waited too long for a connection.
    pub(super) fn on_acquire_timeout(&mut self, pod: u32, worker: u32, ticket: u32, cal: &mut Cal) {
        let Some(dependency) = &mut self.dependency else { return };
        let query = dependency.pool(pod).query(worker);
        if query.ticket != ticket {
            return;
        }
        query.ticket = 0;
        let p = &mut self.pods[pod as usize];
        let Some(Job::Query { request, .. }) = p.workers.job(worker) else { return };
        p.workers.release(worker);
        p.in_flight -= 1;
        let version = p.version();
        if let Some(r) = self.requests.live(request) {
            self.requests[r].cause = Some(Cause::Slow);
            self.answer(r, version, 500, true, cal);
        }
        self.next_job(pod, cal);
        self.exit_if_drained(pod, cal);
    }
}
