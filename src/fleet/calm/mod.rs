//! Calm requests: those whose fate is known when they are sent. They have no record and nothing in the calendar.
//!
//! A pod that is Ready begins a request when a worker is free, which follows from the ends of what is before it, and is done with it when
//! its work is. Both are computed when it is sent ([`birth`]), and kept by pod in the order of the ends ([`schedule`]), where the
//! other [jobs](job) of the pod stand, too, whose ends are events.
//! One that has waited for a connection to be opened [becomes](settle) calm when that stands.
//! What it changes on its way back – its worker, its connections, what its proxy has in flight, the measured end – is caught
//! up with when somebody looks ([`catch_up`]). Three rules keep that from telling anything else than events would:
//!
//! 1. A request is calm only where nothing that is due can touch it: no time-out, no end of a connection, no full queue, no pod
//!    that changes. All else is an ordinary request.
//! 2. Whoever reads what calm requests change catches up with them first. So does every event that is not a request's own, with the
//!    pods that it may be about.
//! 3. Whatever may change a pod, or give its workers something else to do, first [wakes](wake) its calm requests: they become
//!    ordinary ones, with records and events, in the state in which those would be. A job that only comes before those that are still
//!    on their way has them [planned](plan) anew.
//!
//! Results are the same to the byte with and without; a test compares them over random scenarios. An observer that is to hear
//! of everything in order of time ([`Observer::IN_ORDER`]) has no calm requests.

mod birth;
mod catch_up;
mod job;
mod plan;
mod schedule;
mod settle;
mod soon;
mod upcoming;
mod wake;

use crate::engine::{Arena, Dur, Handle, Line, NIL, SimTime, Ticket};
use crate::scenario::{Layer, Load, Pod, Scenario, TimeoutFrom, WarmupOver, WhenBusy};

use super::population::FOREVER;
use super::process::Process;
use super::world::{Observer, World};
pub(super) use birth::Birth;
use job::KnownJob;
use schedule::Schedule;
use soon::Soon;

/// A request that nothing can happen to but what is written here.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Known {
    born: SimTime,
    /// When its proxy got it; at layer 4, when it took its connection.
    sent: SimTime,
    /// When a worker begins it.
    start: SimTime,
    ordinal: u64,
    client: u32,
    /// Its client's connection.
    connection: u32,
    /// Its proxy's connection; none at layer 4.
    upstream: u32,
    pod: u32,
    population: u16,
    proxy: u16,
    /// For how long it waited then for the connection to its pod (ns).
    waited: u32,
    /// Its place among all that was scheduled when it left for the pod.
    order: Ticket,
}

impl Known {
    /// When it arrives at its pod, which is a `hop` away.
    #[inline(always)]
    const fn arrives(&self, hop: Dur) -> SimTime {
        self.sent.plus(Dur::from_nanos(self.waited as u64)).plus(hop)
    }
}

/// A request on its way from its client to its proxy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Young {
    born: SimTime,
    ordinal: u64,
    client: u32,
    connection: u32,
    population: u16,
    proxy: u16,
}

/// Who is on the way there.
#[derive(Clone, Copy, Debug)]
enum Coming {
    Young(Young),
    /// One that has become an ordinary request meanwhile.
    Woken(Handle),
}

/// A request waits for a worker.
#[derive(Clone, Copy, Debug)]
struct Wait {
    from: SimTime,
    until: SimTime,
    /// Its place among what arrives at one moment, unless it was there at once.
    comes: Option<Ticket>,
}

/// All calm requests.
#[derive(Clone, Debug)]
pub(super) struct Calm {
    /// Whether there may be any.
    on: bool,
    /// For how long proxies wait, how many requests a connection of theirs carries, and for how long.
    patience: Dur,
    carries: u32,
    lives: Dur,
    /// Whether a proxy's pods all weigh the same, as far as nothing speaks against one's health.
    even: bool,
    known: Vec<Known>,
    free: Vec<u32>,
    /// What else pods do that are otherwise calm.
    jobs: Arena<KnownJob>,
    /// By pod.
    pods: Vec<Schedule>,
    /// Which of them may be due, where every pick looks at all.
    soon: Soon,
    /// Empty; where those are put that are planned anew.
    coming: plan::Coming,
    /// By pod: waits for a worker, those that may be over among them.
    waits: Vec<Vec<Wait>>,
    /// In the order in which they arrive.
    on_the_way: Line<Coming>,
    /// So many of them were looked ahead for, and are yet to come.
    seen: u32,
    /// Answers between proxy and client: when they arrive, and whose they are.
    returning: Vec<(SimTime, u32)>,
    /// What ends before this is told before anything else happens from then on.
    tick: SimTime,
    /// Of the ends at the present moment those on pods from this number on are yet to come.
    ends_from: u32,
}

impl Calm {
    /// None yet.
    pub(super) fn new(start: SimTime) -> Self {
        Self {
            on: false,
            patience: Dur::ZERO,
            carries: 0,
            lives: Dur::ZERO,
            even: false,
            known: Vec::new(),
            free: Vec::new(),
            jobs: Arena::default(),
            pods: Vec::new(),
            soon: Soon::default(),
            coming: Vec::new(),
            waits: Vec::new(),
            on_the_way: Line::default(),
            seen: 0,
            returning: Vec::new(),
            tick: start,
            ends_from: NIL,
        }
    }

    /// Whether pods have nothing to do of which that is known: a start with thousands of pods would look at all of them for each.
    fn is_idle(&self) -> bool {
        self.known.len() == self.free.len() && self.jobs.is_empty()
    }

    /// The slot of the request that `pod` is done with next, or [`NIL`].
    #[inline(always)]
    pub(super) fn next_of(&self, pod: u32) -> u32 {
        let ends = &self.pods[pod as usize].ends;
        // What ends last is in another line, and one more end is to be put between the two.
        std::hint::black_box(ends.first().map(|(end, _)| *end));
        ends.last().and_then(|(_, whose)| whose.slot().ok()).unwrap_or(NIL)
    }

    /// The slot of the request that it is done with next but one, if it is so by `now`; or [`NIL`].
    #[inline(always)]
    pub(super) fn second_of(&self, pod: u32, now: SimTime) -> u32 {
        match self.pods[pod as usize].ends[..] {
            [.., (end, whose), _] if end <= now => whose.slot().unwrap_or(NIL),
            _ => NIL,
        }
    }

    /// The proxy's connection on which the answer to the request in `slot` comes.
    #[inline(always)]
    pub(super) fn answered_on(&self, slot: u32) -> u32 {
        self.known[slot as usize].upstream
    }

    /// The event that is handled now is no end, and comes behind all those at this moment.
    #[inline(always)]
    pub(super) const fn behind_all_ends(&mut self) {
        self.ends_from = NIL;
    }

    /// It is an end, and those at this moment on pods from number `pod` on are yet to come.
    #[inline(always)]
    pub(super) const fn ahead_of_ends_from(&mut self, pod: u32) {
        self.ends_from = pod;
    }

    /// There is one more pod.
    pub(super) fn add_pod(&mut self) {
        self.pods.push(Schedule::new());
        self.soon.add_pod(self.pods.len());
        self.waits.push(Vec::new());
    }

    /// The first of the answers from `pod` is with whoever sent the request at `at`.
    #[inline(always)]
    fn becomes_due(&mut self, pod: u32, at: SimTime) {
        self.pods[pod as usize].due = at;
        self.soon.becomes_due(pod, at);
    }

    /// What they take (bytes).
    pub(super) fn bytes(&self) -> usize {
        self.known.capacity() * size_of::<Known>()
            + self.free.capacity() * size_of::<u32>()
            + self.jobs.bytes()
            + self.pods.iter().map(Schedule::bytes).sum::<usize>()
            + self.pods.capacity() * size_of::<Schedule>()
            + self.soon.bytes()
            + self.waits.capacity() * size_of::<Vec<Wait>>()
            + self.waits.iter().map(|waits| waits.capacity() * size_of::<Wait>()).sum::<usize>()
            + self.on_the_way.bytes()
            + self.returning.capacity() * size_of::<(SimTime, u32)>()
    }
}

/// Whether requests to pods like this may be calm: nothing of what becomes of them is decided later than when they are sent.
pub(super) fn pod_may_be_calm(pod: &Pod) -> bool {
    pod.error_rate <= 0.0
        && pod.keep_alive.max_age.is_zero()
        && pod.connection_pool.is_none()
        && (pod.warmup.slowdown <= 1.0 || matches!(pod.warmup.over, WarmupOver::Time(_)))
}

/// Whether requests of this population may be: their ends have no consequences but for their own connection.
pub(super) const fn population_may_be_calm(config: &crate::scenario::Clients, client_hop: Dur) -> bool {
    matches!(config.load, Load::Open(_))
        && matches!(config.when_busy, WhenBusy::Open)
        && config.multiplex == 1
        && config.keep_alive.max_requests == 0
        // Time-outs of those that are woken are watched from then on: looks come soon enough.
        && (config.timeout.is_zero()
            || matches!(config.timeout_from, TimeoutFrom::Birth) && config.timeout.nanos() > 4 * client_hop.nanos())
}

impl<O: Observer> World<O> {
    /// There may be calm requests from now on, if this fleet is of the kind.
    pub(super) fn begin_calm(&mut self, scenario: &Scenario) {
        let lb = &self.balancer;
        self.calm.even = lb.slow_start.window.is_zero() && lb.locality.is_none() && self.max_busy == u32::MAX;
        self.calm.patience = self.deadlines.of_proxies();
        self.calm.carries = if lb.upstream.keepalive_requests == 0 { u32::MAX } else { lb.upstream.keepalive_requests };
        self.calm.lives = if lb.upstream.keepalive_time.is_zero() { FOREVER } else { lb.upstream.keepalive_time };
        self.calm.on = self.may_be_calm(scenario);
        // One of two that cannot be told beforehand.
        let of_any_two = !self.calm.even || lb.active_health.is_some() || lb.passive_health.max_fails > 0;
        let looks_at_all =
            |process: &Process| process.algorithm.weighs_load() || of_any_two && process.choices.is_some();
        if self.proxies.iter().any(|proxy| looks_at_all(&proxy.process)) {
            self.calm.soon = Soon::of(self.calm.pods.len());
        }
        self.populations.iter_mut().for_each(|p| p.calm &= self.calm.on);
    }

    /// Whether there may be calm requests in this fleet.
    pub(super) fn may_be_calm(&self, scenario: &Scenario) -> bool {
        let lb = &self.balancer;
        let crashes = [&scenario.pod, &scenario.new_pod].iter().any(|pod| pod.crash.in_flight.is_some());
        let analysed = self.control.as_ref().is_some_and(|c| c.analysis.is_some() || c.trials.is_some());
        let plain = match self.layer {
            Layer::L7 => self.plain && self.max_busy == u32::MAX,
            Layer::L4 => lb.pinning.is_none(),
        };
        !O::IN_ORDER
            && !O::TIERED
            && self.tier.is_none()
            && plain
            && self.router.is_none()
            && self.dependency.is_none()
            && lb.sticky.is_none()
            && lb.resolve.is_none()
            && scenario.workload.autoscaler.is_none()
            && !crashes
            && !analysed
    }
}
