//! A request: born at a client, ends once.

use crate::engine::{Handle, Links, NIL, SimTime};
use crate::scenario::{Layer, MOST_AVOIDED};

use super::fact::Cause;
use super::pick::Pick;
use super::probe::ProbeKind;

/// Where a request is. What is written beside each says who moves it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Waits for its client's busy connection (its client).
    Waiting,
    /// Its client's connection is being opened (the connection).
    Connecting,
    /// On its way to the proxy (an event).
    ToProxy,
    /// The proxy's connection is being opened (the connection).
    UpConnecting,
    /// On its way to the pod (an event; the connection, if it breaks).
    ToPod,
    /// In the pod's queue (the pod; the connection, if it breaks).
    Queued,
    /// At a worker (the pod; the connection, if it breaks).
    Serving,
    /// Its answer is on the way (an event).
    Returning,
    /// Waits to be tried again by its client (an event).
    Backoff,
    /// Waits to be tried again by its proxy (an event), or there for a pod with room (another request's end).
    AtProxy,
    /// A stream that stands (an event; the connection, if it breaks).
    Streaming,
    /// Nowhere any more: what a free slot holds.
    Over,
}

/// A request from its birth to its end; the hot record of the simulation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// When it was born; a stream: when its connection stood.
    pub(super) born: SimTime,
    /// When its present proxy got it; at layer 4, when it took its connection.
    pub(super) at_proxy: SimTime,
    /// Which of its population it is: the same under every policy.
    pub(super) ordinal: u64,
    /// Its client (or user, or stream slot) within the population.
    pub(super) client: u32,
    /// The client's connection that carries it, or [`NIL`].
    pub(super) connection: u32,
    /// The proxy's connection that carries it, or [`NIL`].
    pub(super) upstream: u32,
    /// The pod of its last attempt, or [`NIL`].
    pub(super) pod: u32,
    /// Pods that have failed it at this proxy.
    pub(super) avoid: [u32; MOST_AVOIDED as usize],
    /// Its population.
    pub(super) population: u16,
    /// Its client's proxy, always the same.
    pub(super) proxy: u16,
    /// The status on its way back; 0 = refused by a full pod.
    pub(super) status: u16,
    /// Attempts so far, the clients' and the proxies'.
    pub(super) attempts: u16,
    /// Retries that its client has made.
    pub(super) client_retries: u16,
    /// Retries that its present proxy has made.
    pub(super) proxy_retries: u16,
    /// Where it is.
    pub(super) place: Place,
    /// Why its last attempt failed; while it is in a severed pod, why that was.
    pub(super) cause: Option<Cause>,
    /// Whether the answer on its way announces the end of its connection.
    pub(super) close: bool,
    /// Whether its client has given up: it is on its way to the pod, which will do the work all the same.
    pub(super) abandoned: bool,
    /// Whether it holds a place among the proxy's concurrent retries.
    pub(super) holds_retry: bool,
    /// Whether an attempt of it at this proxy was lost with a connection that had carried others before; of no meaning before
    /// the first retry.
    pub(super) lost_on_reused: bool,
    /// Whether it counts among the requests that its proxy has in flight at `pod`.
    pub(super) counted: bool,
    /// Neighbours among the requests on the connection to the pod, or among those waiting for their client.
    pub(super) on_connection: Links,
}

impl Request {
    /// A request just born.
    pub(super) const fn new(born: SimTime, population: u16, client: u32, proxy: u16, ordinal: u64) -> Self {
        Self {
            born,
            at_proxy: born,
            ordinal,
            client,
            connection: NIL,
            upstream: NIL,
            pod: NIL,
            avoid: [NIL; MOST_AVOIDED as usize],
            population,
            proxy,
            status: 0,
            attempts: 0,
            client_retries: 0,
            proxy_retries: 0,
            place: Place::Waiting,
            cause: None,
            close: false,
            abandoned: false,
            holds_retry: false,
            lost_on_reused: false,
            counted: false,
            on_connection: Links::NONE,
        }
    }

    /// The connection to the pod that carries it.
    #[inline(always)]
    pub(super) const fn carrier(&self, layer: Layer) -> u32 {
        match layer {
            Layer::L7 => self.upstream,
            Layer::L4 => self.connection,
        }
    }

    /// For whom its proxy picks a pod.
    #[inline(always)]
    pub(super) const fn pick(&self) -> Pick {
        let Self { population, client: member, ordinal, attempts: attempt, avoid, .. } = *self;
        Pick { population, member, ordinal, attempt, avoid }
    }

    /// It goes on its way to `pod`.
    #[inline(always)]
    pub(super) const fn leaves_for(&mut self, pod: u32) {
        self.pod = pod;
        self.place = Place::ToPod;
        self.cause = None;
    }

    /// Whether its present attempt is a retry after one that was lost with a reused connection.
    pub(super) const fn was_lost_on_reused(&self) -> bool {
        self.proxy_retries > 0 && self.lost_on_reused
    }

    /// Population and ordinal in one number.
    pub(super) const fn identity(&self) -> u64 {
        identity(self.population, self.ordinal)
    }
}

/// The same of a request without a record.
#[inline]
pub(super) const fn identity(population: u16, ordinal: u64) -> u64 {
    (population as u64) << 48 | ordinal
}

/// What a pod's worker has to do. It owns what it needs: who asked may be gone when its turn comes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Job {
    /// Serve a request: whose, and its identity (population, ordinal), which decides its work.
    Serve { request: Handle, population: u16, ordinal: u64 },
    /// Serve a request that holds a connection to the dependency, or waits for one, before the rest of its service.
    Query { request: Handle, population: u16, ordinal: u64 },
    /// Nothing any more: its reader has gone, and another worker has taken its place.
    Stopped,
    /// Shake hands with a new connection.
    Handshake(Handle),
    /// Answer a probe.
    Probe(ProbeKind, u16),
    /// Answer a proxy's health check.
    Check { proxy: u16, check: u32 },
}
