//! A proxy's connections that carry several requests at once (HTTP/2): those with room stand where others keep their idle ones.

use crate::engine::{Dur, NIL};

use super::connection::{Going, Owner, Stage};
use super::event::Event;
use super::request::Place;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Whether proxies' connections to pods carry several requests at once.
    #[inline]
    pub(super) const fn multiplexes(&self) -> bool {
        self.balancer.upstream.max_streams > 1
    }

    /// The proxy sends request `r` to `pod` on a connection that has room for one more.
    #[cold]
    pub(super) fn forward_with_others(&mut self, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        let found = self.links[self.link(proxy, pod)].idle.last().copied();
        if self.circuits.limited && !self.may_board(r, found, proxy, pod, cal) {
            return;
        }
        let c = found.unwrap_or_else(|| self.open_for_many(r, proxy, pod, cal));
        self.go_with_others(r, c, cal);
    }

    /// A new connection to `pod`, for request `r` and others.
    pub(super) fn open_for_many(&mut self, r: u32, proxy: u16, pod: u32, cal: &mut Cal) -> u32 {
        let link = self.link(proxy, pod);
        let c = self.open(Owner::Proxy(proxy), pod, Dur::ZERO, cal);
        self.connections.upkeep_mut(c).generation = self.generation_of(r);
        self.links[link].idle.push(c);
        self.circuit_opens(c, proxy, pod, cal);
        c
    }

    /// Request `r` goes on connection `c`, which has room for it.
    pub(super) fn go_with_others(&mut self, r: u32, c: u32, cal: &mut Cal) {
        let Owner::Proxy(proxy) = self.connections[c].owner else { return };
        let link = self.link(proxy, self.connections[c].pod);
        self.requests[r].upstream = c;
        self.board(r, c);
        if self.connections[c].in_use >= self.balancer.upstream.max_streams {
            self.links[link].idle.retain(|&other| other != c);
        }
        if self.connections[c].stage == Stage::Open {
            self.send_to_pod(r, c, cal);
        } else {
            self.requests[r].place = Place::UpConnecting;
        }
    }

    /// A request has left connection `c`, which may take another one – or, with the last of them, end.
    #[cold]
    pub(super) fn has_room(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Proxy(proxy) = self.connections[c].owner else { return };
        let link = self.link(proxy, self.connections[c].pod);
        let (connection, upkeep) = (&self.connections[c], self.connections.upkeep(c));
        let over = self.links[link].position == NIL
            || upkeep.generation != self.proxies[usize::from(proxy)].generation
            || connection.is_worn(&self.balancer.upstream, cal.now());
        let (idle, gone) = (connection.in_use == 0, upkeep.going != Going::Not || connection.pod_closed);
        // Where the pod has said so with an answer it closes with its last one, which may have lost its reader.
        let told = upkeep.going == Going::Known && connection.close_announced && !connection.pod_closed;
        if idle && (told || over && !gone) {
            return self.close_by_owner(c, cal);
        }
        if over || gone {
            self.links[link].idle.retain(|&other| other != c);
        } else {
            if !self.links[link].idle.contains(&c) {
                self.links[link].idle.push(c);
            }
            if self.circuits.strained {
                self.fill_from_line(c, cal);
            }
        }
        if idle && self.connections[c].in_use == 0 {
            self.owner_idles(c, cal);
        }
    }

    /// Request `r` is given up: its stream on connection `c` is reset, and the others go on.
    #[cold]
    pub(super) fn reset_stream(&mut self, r: u32, c: u32, cal: &mut Cal) {
        let request = self.requests[r];
        if matches!(request.place, Place::Queued | Place::Serving) && !self.connections[c].pod_closed {
            self.connections.upkeep_mut(c).in_pod -= 1;
        }
        if request.place == Place::Returning && request.close {
            // The answer that nobody reads any more was to tell of the connection's end.
            self.pod_hop.send(cal, Event::PeerClosed(self.connections.handle(c)));
        }
        self.has_room(c, cal);
    }
}
