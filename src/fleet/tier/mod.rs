//! Tiers in series. Each is a fleet of its own – a [`World`](super::world::World) with its calendar – whose pods are the proxies of
//! the tier behind it: what a proxy is to the tier before it (a listener, connections, a way down) is a pod, what it does with a
//! request (a table, a pool, retries) is a proxy.
//!
//! ```text
//! before                                             behind
//! pod k: accepts, closes, starts, is killed  ──────> proxy k: a connection, its end; a call, made on a request's behalf; it is gone
//! answer, end of a connection                <────── what became of the call; a process that is replaced closes its connections
//! ```
//! Downwards is a call, at the same moment; upwards is a message ([`Up`]) that is heard before anything else happens, so that
//! nothing recurses. Who simulates one balancer alone has none of this compiled in ([`Observer::TIERED`](super::Observer)).

mod before;
mod behind;
mod chain;
mod fleets;
mod relay;
mod streams;

use crate::engine::{Engine, Handle, SimTime};

use super::fact::Cause;
use super::world::World;

pub(super) use chain::Chain;
use relay::Relay;
use streams::{Carried, StreamEnd};

/// What a fleet has to do with the tiers before it and behind it.
#[derive(Clone, Debug)]
pub(super) struct Tier {
    /// Tiers before it.
    pub(super) depth: usize,
    /// Whether there is a deploy, and whether this fleet is what it rolls.
    pub(super) deploys: bool,
    pub(super) controls: bool,
    /// When all proxies of this tier are reloaded, where that is for this fleet to know alone.
    pub(super) reloads: Vec<SimTime>,
    behind: Option<Behind>,
    /// Of each request, by its slot: where the last attempt behind was.
    last: Vec<Option<Whereabouts>>,
    /// Of each request that somebody before waits for, by its slot: that one.
    parents: Vec<Option<Handle>>,
    /// Of each connection from the tier before, by its slot: what it is there.
    mirrored: Vec<Option<Handle>>,
    /// Of each connection from the tier before that carries a stream, by its slot: the one that carries it on.
    legs: Vec<Option<Handle>>,
    /// Of each of those, by its slot: whose it is.
    carried: Vec<Option<Carried>>,
    /// Of each proxy: whether it does not listen yet, or no more.
    away: Vec<bool>,
    /// What the tier before is to hear.
    ups: Vec<Up>,
}

/// The fleet behind a tier.
#[derive(Clone, Debug)]
struct Behind {
    engine: Engine<World<Relay>>,
    /// Of each request, by its slot: the one behind that is made on its behalf.
    calls: Vec<Option<Handle>>,
    /// Of each connection to a pod here, by its slot: what it is there.
    mirrors: Vec<Option<Handle>>,
    /// Connections that each pod has accepted, which its workers take in turn.
    accepted: Vec<u32>,
}

/// What a fleet tells the tier before.
#[derive(Clone, Copy, Debug)]
enum Up {
    /// What became of a call.
    Answer(Answer),
    /// A proxy closes this connection, which is idle.
    Closes(Handle),
    /// A proxy listens no more.
    Deaf(u32),
    /// The stream on this connection has a pod at the end of its way.
    StreamStands(Handle),
    /// It is over, or cannot be.
    StreamOver(StreamEnd),
}

/// What became of a call.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// The request on whose behalf it was made.
    request: Handle,
    /// The pod, here, that made it.
    pod: u32,
    status: u16,
    cause: Option<Cause>,
    attempts: u16,
    /// The connection before, if it ends with it.
    closes: Option<Handle>,
    at: Whereabouts,
}

/// Where an attempt was made.
#[derive(Clone, Copy, Debug)]
struct Whereabouts {
    depth: usize,
    proxy: u16,
    pod: u32,
    /// Of which request, and which attempt.
    identity: u64,
    attempts: u16,
}

impl Tier {
    /// A tier that has `depth` others before it.
    pub(super) fn new(depth: usize, behind: Option<Engine<World<Relay>>>) -> Self {
        let behind =
            behind.map(|engine| Behind { engine, calls: Vec::new(), mirrors: Vec::new(), accepted: Vec::new() });
        Self {
            depth,
            deploys: false,
            controls: false,
            reloads: Vec::new(),
            behind,
            last: Vec::new(),
            parents: Vec::new(),
            mirrored: Vec::new(),
            legs: Vec::new(),
            carried: Vec::new(),
            away: Vec::new(),
            ups: Vec::new(),
        }
    }
}

/// What stands in a table at a slot.
fn at<T: Copy>(table: &[Option<T>], slot: u32) -> Option<T> {
    table.get(slot as usize).copied().flatten()
}

/// Puts `value` there, and returns what stood there before.
fn put<T: Copy>(table: &mut Vec<Option<T>>, slot: u32, value: Option<T>) -> Option<T> {
    if table.len() <= slot as usize {
        table.resize(slot as usize + 1, None);
    }
    std::mem::replace(&mut table[slot as usize], value)
}
