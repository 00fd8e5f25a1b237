//! Streams: connections that live for a drawn time, and come back when they end.

use crate::engine::{Dur, Handle, List, NIL, Purpose};
use crate::scenario::{Layer, Load, OnDrain};

use super::backoff::{MIN_REOPEN, wait};
use super::connection::{Connection, Owner, Stage};
use super::event::Event;
use super::fact::{Cause, Fact, Outcome, Side};
use super::request::{Place, Request};
use super::world::{Cal, Observer, World};

/// One of the streams that a population keeps up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StreamSlot {
    /// Streams that it has had.
    pub(super) had: u32,
    /// Connections that the other side has ended and that were not opened anew.
    pub(super) lost: u32,
    /// Openings since one stood.
    pub(super) tries: u16,
    /// Connections that it has been given a pod for.
    pub(super) routed: u32,
}

impl<O: Observer> World<O> {
    /// All streams stand when the simulation starts, each somewhere in its life.
    pub(super) fn begin_streams(&mut self, population: u16, cal: &mut Cal) {
        for slot in 0..self.populations[usize::from(population)].streams.len() as u32 {
            let owner = Owner::Stream { population, slot };
            let c = self.connections.insert(Connection::new(owner, NIL, cal.now()));
            if !self.populations[usize::from(population)].config.preconnect || !self.stand_at_once(c, cal) {
                self.forget(c);
                self.reopen_stream(population, slot, cal);
                continue;
            }
            let Load::Streams { duration, .. } = self.populations[usize::from(population)].load() else { return };
            let family = self.streams.family(Purpose::StreamResidual, u64::from(population));
            let left = duration.residual(&mut family.stream(u64::from(slot)));
            self.stream_begins(c, left, cal);
        }
    }

    /// The stream on connection `c`, which stands, is born and will live for `life`.
    fn stream_begins(&mut self, c: u32, life: Dur, cal: &mut Cal) {
        self.tell(cal, Fact::Born);
        if let Some(r) = self.ride(c, cal) {
            cal.at(cal.now() + life, Event::StreamOver(self.requests.handle(r)));
        }
    }

    /// A stream goes on connection `c`, which stands, and is in its pod at once.
    pub(super) fn ride(&mut self, c: u32, cal: &Cal) -> Option<u32> {
        let Connection { owner: Owner::Stream { population, slot }, pod, .. } = self.connections[c] else {
            return None;
        };
        self.count_birth(cal.now());
        let state = &mut self.populations[usize::from(population)].streams[slot as usize];
        let ordinal = (u64::from(slot) << 24) | u64::from(state.had & 0x00FF_FFFF);
        state.had += 1;
        state.tries = 0;
        let proxy = self.proxy_of_connection(c);
        let r = self.requests.insert(Request::new(cal.now(), population, slot, proxy, ordinal));
        let request = &mut self.requests[r];
        request.attempts = 1;
        request.pod = pod;
        request.place = Place::Streaming;
        match self.layer {
            Layer::L7 => request.upstream = c,
            Layer::L4 => request.connection = c,
        }
        self.board(r, c);
        self.connections.upkeep_mut(c).in_pod += 1;
        if self.stream_finishes(population) {
            self.pods[pod as usize].in_flight += 1;
        }
        if O::TIERED {
            self.note_stream_behind(r, c);
        }
        Some(r)
    }

    /// Whether a draining pod waits for the streams of `population`.
    fn stream_finishes(&self, population: u16) -> bool {
        matches!(self.populations[usize::from(population)].load(), Load::Streams { on_drain: OnDrain::Finish, .. })
    }

    /// Whether connection `c` is a stream that a draining pod ends.
    pub(super) fn is_stream_to_close(&self, c: u32) -> bool {
        match self.connections[c].owner {
            Owner::Stream { population, .. } => !self.stream_finishes(population),
            _ => false,
        }
    }

    /// Asks for a stream after the next wait of its backoff.
    fn reopen_stream(&mut self, population: u16, slot: u32, cal: &mut Cal) {
        let p = &mut self.populations[usize::from(population)];
        let state = &mut p.streams[slot as usize];
        state.tries = state.tries.saturating_add(1);
        let (k, had) = (u32::from(state.tries), state.had);
        let backoff = p.config.reconnect.backoff;
        let owner = (u64::from(population) << 32) | u64::from(slot);
        let family = self.streams.family(Purpose::ReconnectBackoff, owner);
        let pause = wait(&backoff, k, |k| family.stream((u64::from(had) << 16) | u64::from(k)));
        let pause = if k > 1 { pause.max(MIN_REOPEN) } else { pause };
        cal.at(cal.now() + pause, Event::StreamOpens { population, slot });
    }

    pub(super) fn on_stream_opens(&mut self, population: u16, slot: u32, cal: &mut Cal) {
        let c = self.connections.insert(Connection::new(Owner::Stream { population, slot }, NIL, cal.now()));
        self.connections.upkeep_mut(c).generation = self.proxies[usize::from(self.proxy_of(slot))].generation;
        if !self.route_connection(c, cal) {
            return;
        }
        match self.layer {
            Layer::L4 => self.send_syn(c, cal),
            Layer::L7 => {
                // The client's own connection to its proxy comes first: a round trip, of which the second half may
                // overlap with what follows.
                let at = cal.now() + self.client_hop.delay + self.pod_hop.delay;
                cal.at(at, Event::Syn(self.connections.handle(c)));
            }
        }
    }

    /// The stream's connection stands.
    pub(super) fn stream_connected(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Stream { population, slot } = self.connections[c].owner else { return };
        if self.connections[c].pod_closed {
            return;
        }
        self.connections[c].stage = Stage::Open;
        if O::TIERED && self.has_tier_before() {
            return self.leg_stands(c, cal);
        }
        if self.layer == Layer::L7 {
            // The client's connection to the proxy ended with the stream that it carried, by the same side.
            let reconnect = self.connections.upkeep(c).reconnect;
            self.tell(cal, Fact::Opened { side: Side::Client, reconnect });
        }
        let Load::Streams { duration, .. } = self.populations[usize::from(population)].load() else { return };
        let had = self.populations[usize::from(population)].streams[slot as usize].had;
        let mut draw = self
            .streams
            .family(Purpose::Stream, (u64::from(population) << 32) | u64::from(slot))
            .stream(u64::from(had));
        let life = duration.sample(&mut draw, u64::from(had));
        self.stream_begins(c, life, cal);
    }

    /// A stream has lived its time: its client closes it.
    pub(super) fn on_stream_over(&mut self, request: Handle, cal: &mut Cal) {
        let Some(r) = self.requests.live(request) else { return };
        let c = self.carrier(r);
        if self.connections[c].pod_closed || (O::TIERED && self.is_closed_behind(c)) {
            // The pod has just ended it; the client is about to learn.
            return;
        }
        self.leave_pod_with_stream(c);
        self.stream_ends(r, c, Outcome::Ok, None, cal);
        self.close_by_owner(c, cal);
    }

    /// The pod of connection `c` no longer has a stream in flight on it.
    pub(super) fn leave_pod_with_stream(&mut self, c: u32) {
        if let Owner::Stream { population, .. } = self.connections[c].owner {
            let (pod, in_pod) = (self.connections[c].pod, self.connections.upkeep(c).in_pod);
            if in_pod > 0 && self.stream_finishes(population) {
                let in_flight = &mut self.pods[pod as usize].in_flight;
                *in_flight = in_flight.saturating_sub(1);
            }
            self.connections.upkeep_mut(c).in_pod = 0;
        }
    }

    fn stream_ends(&mut self, r: u32, c: u32, outcome: Outcome, cause: Option<Cause>, cal: &mut Cal) {
        let Request { population, client: slot, .. } = self.requests[r];
        self.alight(r, c);
        self.end(r, outcome, cause, cal);
        self.drop_request(r);
        self.reopen_stream(population, slot, cal);
    }

    /// The pod has ended the connection of a stream: told to close it has succeeded, else it was cut.
    pub(super) fn stream_connection_lost(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Stream { population, slot } = self.connections[c].owner else { return };
        let told = self.connections.upkeep(c).told;
        self.populations[usize::from(population)].streams[slot as usize].lost += 1;
        if O::TIERED && self.has_tier_before() {
            return self.leg_over(c, told, cal);
        }
        let r = self.connections[c].requests.head();
        if r == NIL {
            self.reopen_stream(population, slot, cal);
        } else if told {
            self.stream_ends(r, c, Outcome::Ok, None, cal);
        } else {
            let cause = self.requests[r].cause.unwrap_or(Cause::SeveredByKill);
            self.stream_ends(r, c, Outcome::Truncated, Some(cause), cal);
        }
        debug_assert!(self.connections[c].requests.head() == List::EMPTY.head());
        self.forget(c);
    }

    /// An opening that fails is no request; it is tried again.
    pub(super) fn stream_connect_failed(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Stream { population, slot } = self.connections[c].owner else { return };
        if O::TIERED && self.has_tier_before() {
            return self.leg_over(c, false, cal);
        }
        self.forget(c);
        self.reopen_stream(population, slot, cal);
    }
}
