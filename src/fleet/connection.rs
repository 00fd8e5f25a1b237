//! A connection: from its opener to a pod, or (layer 7) from a client to a proxy.

use crate::engine::{Arena, Links, List, NIL, SimTime};
use crate::scenario::{RetryOn, Upstream};

use super::idle::IdleSide;
use super::request::Request;
use super::transport::OnConnection;

/// Who opened a connection and will use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A client of a population.
    Client { population: u16, client: u32 },
    /// A proxy.
    Proxy(u16),
    /// The tier before, which has it to this proxy.
    Front(u16),
    /// A stream (at layer 7 its proxy, on its behalf).
    Stream { population: u16, slot: u32 },
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its opener waits for an answer.
    Opening,
    /// Accepted, in the accept queue: no worker has begun its handshake.
    Accepted,
    /// A worker shakes hands, or the opener is about to learn that it stands.
    Handshaking,
    /// Both sides may use it.
    Open,
}

/// How far the end of a connection is that others are still on, announced by the pod or decided by its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Going {
    /// Nothing was announced, or its owner does not know of it yet.
    Not,
    /// Its owner sends nothing more on it.
    Known,
    /// Nothing that was sent before is on its way any more.
    Over,
    /// Its owner has had enough of it: sends nothing more, and closes it after the last answer.
    Worn,
}

/// A connection's record as requests look at it: one cache line, of which there may be many millions.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Connection {
    /// Whose.
    pub(super) owner: Owner,
    /// Requests on it, from the side of its owner.
    pub(super) requests: List,
    /// When it stood.
    pub(super) opened: SimTime,
    /// When it last became idle, from the side of the pod.
    pub(super) pod_idle_since: SimTime,
    /// When it last became idle, from the side of its owner.
    pub(super) idle_since: SimTime,
    /// Neighbours among its owner's available connections.
    pub(super) available: Links,
    /// How many requests are on it.
    pub(super) in_use: u32,
    /// Requests that it has carried.
    pub(super) carried: u32,
    /// To which pod, or [`NIL`] from a client to a proxy.
    pub(super) pod: u32,
    /// Whether the pod has closed it.
    pub(super) pod_closed: bool,
    /// Whether its owner has closed it.
    pub(super) owner_closed: bool,
    /// How far it is.
    pub(super) stage: Stage,
    /// Whether the pod closes it with the next answer, and says so.
    pub(super) close_announced: bool,
}

/// The rest of a connection's record: how it came about, and how it is to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upkeep {
    /// Its place in the pod's list of connections, or [`NIL`].
    pub(super) pod_position: u32,
    /// Requests of it that are in the pod, calm ones apart.
    pub(super) in_pod: u32,
    /// Of a client to a proxy: which of the proxy's processes has it. Of a proxy: which of its processes opened it.
    pub(super) generation: u16,
    /// Retries that a proxy at layer 4 has made to connect it to a pod.
    pub(super) redials: u8,
    /// Tries of an eager opener before this one.
    pub(super) tries: u16,
    /// Whether the pod closes it after the next answer, without a word.
    pub(super) close_silently: bool,
    /// Whether the pod has announced its end, and how far that is.
    pub(super) goes: bool,
    pub(super) going: Going,
    /// Whether the pod refused it for having too many.
    pub(super) crowded_out: bool,
    /// Whether its end by the pod's hand is the end that a stream was told of.
    pub(super) told: bool,
    /// Whether it counts among what a layer-4 node has at its pod, or a proxy whose connections have a limit at all pods.
    pub(super) counted: bool,
    /// Whether it is opened without a request that asks for it.
    pub(super) eager: bool,
    /// Whether it was accepted in place of one that the other side had ended.
    pub(super) reconnect: bool,
    /// Whether it stands among those that the owner's, and the pod's, idle time-out looks at.
    pub(super) owner_timed: bool,
    pub(super) pod_timed: bool,
}

// With its handle's epoch 92 bytes.
const _: () = assert!(size_of::<Connection>() == 64 && size_of::<Upkeep>() <= 24);

impl Upkeep {
    /// Of a connection about to be opened.
    pub(super) const NEW: Self = Self {
        pod_position: NIL,
        in_pod: 0,
        generation: 0,
        redials: 0,
        tries: 0,
        close_silently: false,
        goes: false,
        going: Going::Not,
        crowded_out: false,
        told: false,
        counted: false,
        eager: false,
        reconnect: false,
        owner_timed: false,
        pod_timed: false,
    };
}

impl Connection {
    /// A connection about to be opened.
    pub(super) fn new(owner: Owner, pod: u32, now: SimTime) -> Self {
        Self {
            owner,
            requests: List::default(),
            opened: now,
            pod_idle_since: now,
            idle_since: now,
            available: Links::NONE,
            in_use: 0,
            carried: 0,
            pod,
            pod_closed: false,
            owner_closed: false,
            stage: Stage::Opening,
            close_announced: false,
        }
    }

    /// Of two available connections of one client: whether this one, by its number, is idle before `other` is, since `since`; of those that
    /// are so from one moment on the one with the lower number.
    ///
    /// By hand: the comparison of tuples is a call (30 instructions).
    #[inline(always)]
    pub(super) const fn idles_before(&self, number: u32, since: SimTime, other: u32) -> bool {
        let (own, since) = (self.idle_since.nanos(), since.nanos());
        own < since || (own == since && number < other)
    }

    /// Puts request `r` on it.
    #[inline(always)]
    pub(super) fn board(&mut self, r: u32, requests: &mut Arena<Request>) {
        self.in_use += 1;
        if !self.requests.begin(&mut requests[r].on_connection, r) {
            self.requests.push_back(&mut OnConnection(requests), r);
        }
    }

    /// Takes request `r` off it.
    #[inline(always)]
    pub(super) fn alight(&mut self, r: u32, requests: &mut Arena<Request>) {
        self.in_use -= 1;
        if !self.requests.end(&mut requests[r].on_connection, r) {
            self.requests.remove(&mut OnConnection(requests), r);
        }
    }

    /// What it is to the request on it that it ends.
    pub(super) const fn reset_class(&self) -> RetryOn {
        if self.carried > 1 { RetryOn::ResetOnReused } else { RetryOn::Reset }
    }

    /// Nothing is on it from now on, as one side sees it. Whether it has yet to be put where that side's time-out looks.
    #[inline(always)]
    pub(super) const fn begins_to_idle(&mut self, upkeep: &mut Upkeep, side: IdleSide, now: SimTime) -> bool {
        let (since, timed) = match side {
            IdleSide::Owner => (&mut self.idle_since, &mut upkeep.owner_timed),
            IdleSide::Pod => (&mut self.pod_idle_since, &mut upkeep.pod_timed),
        };
        *since = now;
        !std::mem::replace(timed, true)
    }

    /// Whether it has carried, or lived, as much as its proxy lets a connection to a pod.
    #[inline(always)]
    pub(super) fn is_worn(&self, upstream: &Upstream, now: SimTime) -> bool {
        (upstream.keepalive_requests > 0 && self.carried >= upstream.keepalive_requests)
            || (!upstream.keepalive_time.is_zero() && now.since(self.opened) >= upstream.keepalive_time)
    }
}
