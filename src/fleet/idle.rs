//! Idle time-outs of connections, which are armed anew with every request and hardly ever fire.
//!
//! A connection that is used does not touch its timer: it notes when it became idle. It stands in the bucket of a
//! coarse moment before which it cannot expire, and when that comes it is looked at: used meanwhile, it moves to a later
//! bucket; about to expire, it gets a calendar entry at the exact moment. So each connection costs one look in a time-out's
//! length, whatever its requests, and memory goes with the number of connections.

use crate::engine::{Dur, Handle, SimTime};
use crate::scenario::{Layer, Scenario};

use super::connection::Owner;
use super::deadline::BEHIND_REQUESTS;
use super::event::Event;
use super::population::FOREVER;
use super::world::{Cal, Observer, World};

/// Buckets in the length of a time-out.
const BUCKETS: u64 = 64;

/// Which side's time-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdleSide {
    /// Whoever opened the connection.
    Owner,
    /// The pod.
    Pod,
}

/// All connections with the same time-out on the same side.
#[derive(Clone, Debug)]
struct Class {
    span: Dur,
    /// The width of a bucket (ns).
    grain: i64,
    side: IdleSide,
    /// Connections by the bucket of their earliest possible expiry, modulo twice the span.
    buckets: Vec<Vec<Handle>>,
    /// The bucket for which a look is in the calendar.
    next: Option<i64>,
}

impl Class {
    fn new(span: Dur, side: IdleSide) -> Self {
        let grain = (span.nanos() / BUCKETS).max(1);
        let buckets = vec![Vec::new(); if span.is_zero() { 0 } else { 2 * BUCKETS as usize + 4 }];
        Self { span, grain: grain as i64, side, buckets, next: None }
    }

    /// The bucket that `t` lies in.
    fn bucket(&self, t: SimTime) -> i64 {
        t.nanos().div_euclid(self.grain)
    }

    fn put(&mut self, connection: Handle, bucket: i64) {
        let n = self.buckets.len() as i64;
        self.buckets[bucket.rem_euclid(n) as usize].push(connection);
    }
}

/// The proxies' connections; then those of old pods and of new ones, from the pods' side; then each population's.
const UPSTREAM: usize = 0;
const PODS: usize = 1;
const POPULATIONS: usize = 3;

/// All classes.
#[derive(Clone, Debug)]
pub(super) struct IdleTimers {
    classes: Vec<Class>,
}

impl IdleTimers {
    pub(super) fn new(scenario: &Scenario, pod_hop: Dur) -> Self {
        let lb = &scenario.load_balancer;
        let upstream = if lb.layer == Layer::L7 { lb.upstream.idle_timeout } else { Dur::ZERO };
        // The pod's time-out cannot fire where whoever owns the connection closes it first, as seen from the pod.
        let owners: Vec<Dur> = match lb.layer {
            Layer::L7 => vec![lb.upstream.idle_timeout],
            Layer::L4 => scenario.clients.iter().map(|c| c.keep_alive.idle_timeout).collect(),
        };
        let can_fire = |pod: Dur| owners.iter().any(|&o| o.is_zero() || pod <= o + pod_hop + pod_hop);
        let of_pod = |pod: Dur| Class::new(if can_fire(pod) { pod } else { Dur::ZERO }, IdleSide::Pod);
        let mut classes = vec![
            Class::new(upstream, IdleSide::Owner),
            of_pod(scenario.pod.keep_alive.idle_timeout),
            of_pod(scenario.new_pod.keep_alive.idle_timeout),
        ];
        classes.extend(scenario.clients.iter().map(|c| Class::new(c.keep_alive.idle_timeout, IdleSide::Owner)));
        Self { classes }
    }

    /// From now on new pods' connections time out as `scenario` says; there must not have been any.
    pub(super) fn retarget(&mut self, scenario: &Scenario, pod_hop: Dur) {
        const NEW_PODS: usize = PODS + 1;
        self.classes[NEW_PODS] = Self::new(scenario, pod_hop).classes.swap_remove(NEW_PODS);
    }

    /// For how long a pod of this version keeps an idle connection.
    pub(super) fn of_pods(&self, version: usize) -> Dur {
        let span = self.classes[PODS + version].span;
        if span.is_zero() { FOREVER } else { span }
    }

    /// What they take beside themselves (bytes).
    pub(super) fn bytes(&self) -> usize {
        let of = |class: &Class| {
            let connections: usize = class.buckets.iter().map(Vec::capacity).sum();
            class.buckets.capacity() * size_of::<Vec<Handle>>() + connections * size_of::<Handle>()
        };
        self.classes.iter().map(|class| size_of::<Class>() + of(class)).sum()
    }
}

/// Where the end of a connection for being idle stands among time-outs at one moment: behind those of requests, by the connection's
/// number. When it was looked at depends on when it had been in use.
const fn rank(connection: Handle, by_pod: bool) -> u64 {
    BEHIND_REQUESTS | (by_pod as u64) << u32::BITS | connection.index as u64
}

impl<O: Observer> World<O> {
    fn owner_class(&self, c: u32) -> usize {
        match self.connections[c].owner {
            Owner::Proxy(_) | Owner::Front(_) => UPSTREAM,
            Owner::Client { population, .. } | Owner::Stream { population, .. } => {
                POPULATIONS + usize::from(population)
            }
        }
    }

    fn pod_class(&self, c: u32) -> usize {
        PODS + self.pods[self.connections[c].pod as usize].version()
    }

    /// The owner of connection `c` has no request on it from now on.
    #[inline(always)]
    pub(super) fn owner_idles(&mut self, c: u32, cal: &mut Cal) {
        if self.connections.begins_to_idle(c, IdleSide::Owner, cal.now()) {
            self.time_at_owner(c, cal);
        }
    }

    /// The pod has no request of connection `c` from now on.
    #[inline(always)]
    pub(super) fn pod_idles(&mut self, c: u32, cal: &mut Cal) {
        if self.connections.begins_to_idle(c, IdleSide::Pod, cal.now()) {
            self.time_at_pod(c, cal);
        }
    }

    /// Connection `c`, idle as its owner sees it, is to be looked at in time.
    #[cold]
    pub(super) fn time_at_owner(&mut self, c: u32, cal: &mut Cal) {
        self.time(c, self.owner_class(c), cal.now(), cal);
    }

    /// The same as its pod sees it.
    #[cold]
    pub(super) fn time_at_pod(&mut self, c: u32, cal: &mut Cal) {
        self.time(c, self.pod_class(c), cal.now(), cal);
    }

    /// Puts connection `c`, idle since `since` at the earliest, where it will be looked at in time.
    #[cold]
    fn time(&mut self, c: u32, class: usize, since: SimTime, cal: &mut Cal) {
        let handle = self.connections.handle(c);
        let k = &mut self.idle.classes[class];
        if k.span.is_zero() {
            return;
        }
        let bucket = k.bucket(since + k.span);
        k.put(handle, bucket);
        if k.next.is_none_or(|next| bucket < next) {
            k.next = Some(bucket);
            let at = SimTime::from_nanos(bucket * k.grain).max(cal.now());
            cal.at(at, Event::IdleSweep(class as u16));
        }
    }

    /// A bucket has come: its connections have been used meanwhile, or expire before the next one comes.
    pub(super) fn on_idle_sweep(&mut self, class: u16, cal: &mut Cal) {
        let class = usize::from(class);
        let k = &mut self.idle.classes[class];
        let (span, side, n) = (k.span, k.side, k.buckets.len() as i64);
        let current = k.bucket(cal.now());
        if k.next != Some(current) {
            // An earlier bucket has come in between, and has seen to the rest.
            return;
        }
        let due = std::mem::take(&mut k.buckets[current.rem_euclid(n) as usize]);
        for handle in due {
            let Some(c) = self.connections.live(handle) else { continue };
            let deadline = self.idle_deadline(c, side, span, cal.now());
            let k = &mut self.idle.classes[class];
            if k.bucket(deadline) > current {
                let bucket = k.bucket(deadline);
                k.put(handle, bucket);
            } else {
                let by_pod = side == IdleSide::Pod;
                let event = Event::IdleOver { connection: handle, by_pod };
                cal.at_last(deadline.max(cal.now()), rank(handle, by_pod), event);
            }
        }
        let k = &mut self.idle.classes[class];
        k.next = (current + 1..current + n).find(|b| !k.buckets[b.rem_euclid(n) as usize].is_empty());
        if let Some(next) = k.next {
            cal.at(SimTime::from_nanos(next * k.grain), Event::IdleSweep(class as u16));
        }
    }

    /// The earliest moment at which connection `c` can have been idle for `span`.
    fn idle_deadline(&self, c: u32, side: IdleSide, span: Dur, now: SimTime) -> SimTime {
        let connection = &self.connections[c];
        let (busy, since) = match side {
            IdleSide::Owner => (connection.in_use > 0, connection.idle_since),
            IdleSide::Pod => (self.connections.upkeep(c).in_pod > 0, connection.pod_idle_since),
        };
        // What a calm request leaves idle by and by may be idle sooner, as soon as that is an ordinary one.
        if busy { now + span } else { since.min(now) + span }
    }

    /// A connection that was idle when it was looked at: it is closed now, unless it has been used since.
    pub(super) fn on_idle_over(&mut self, connection: Handle, by_pod: bool, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        let (side, class) =
            if by_pod { (IdleSide::Pod, self.pod_class(c)) } else { (IdleSide::Owner, self.owner_class(c)) };
        let span = self.idle.classes[class].span;
        let deadline = self.idle_deadline(c, side, span, cal.now());
        let closed = self.connections[c].pod_closed || self.connections[c].owner_closed;
        if deadline > cal.now() {
            let since = SimTime::from_nanos(deadline.nanos() - span.nanos() as i64);
            self.time(c, class, since, cal);
        } else if !closed {
            match side {
                IdleSide::Owner => self.close_by_owner(c, cal),
                // A machine that is gone closes nothing.
                IdleSide::Pod if self.pods[self.connections[c].pod as usize].lost => {}
                IdleSide::Pod => {
                    let pod = self.connections[c].pod;
                    self.close_by_pod(c, false, cal);
                    self.exit_if_drained(pod, cal);
                }
            }
        }
    }
}
