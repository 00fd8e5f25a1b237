//! What a balancer ends by itself: connections to a pod that it no longer believes in, and what is on them.

use crate::engine::NIL;
use crate::scenario::{Layer, Sharing};

use super::fact::Cause;
use super::request::Place;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// All idle connections of `proxy` to `pod` are closed: it is no longer believed in.
    pub(super) fn drop_idle(&mut self, proxy: u16, pod: u32, cal: &mut Cal) {
        let link = self.link(proxy, pod);
        for c in std::mem::take(&mut self.links[link].idle) {
            // One that carries requests ends with the last of them.
            if self.connections[c].in_use == 0 {
                self.close_by_owner(c, cal);
            }
        }
        let upstream = &self.balancer.upstream;
        if upstream.share == Sharing::Client && !upstream.keeps_removed {
            let of_link = (link as u32, 0)..=(link as u32, NIL);
            for c in self.private.range(of_link).map(|(_, &c)| c).collect::<Vec<_>>() {
                self.close_by_owner(c, cal);
            }
        }
    }

    /// The deregistration delay is over: what this proxy still has under way at the pod is cut.
    pub(super) fn on_deregistration_over(&mut self, proxy: u16, pod: u32, cal: &mut Cal) {
        self.disturb(pod, cal);
        let link = &self.links[self.link(proxy, pod)];
        // Back in the table, or removed anew since: that removal has a delay of its own.
        if link.position != NIL || link.removed + self.balancer.deregistration_delay > cal.now() {
            return;
        }
        self.cut_all(proxy, pod, cal);
        self.exit_if_drained(pod, cal);
    }

    /// All connections of `proxy` to `pod` are cut.
    pub(super) fn cut_all(&mut self, proxy: u16, pod: u32, cal: &mut Cal) {
        self.disturb(pod, cal);
        let cut: Vec<u32> = self.pods[pod as usize].connections.clone();
        for c in cut {
            if self.proxy_of_connection(c) == proxy && !self.connections[c].owner_closed {
                self.cut_by_balancer(c, cal);
            }
        }
    }

    /// The balancer ends connection `c`: both sides learn of it.
    pub(super) fn cut_by_balancer(&mut self, c: u32, cal: &mut Cal) {
        let requests: Vec<u32> =
            super::world::members(self.connections[c].requests, |r| self.requests[r].on_connection.next()).collect();
        for &r in &requests {
            if matches!(self.requests[r].place, Place::ToPod | Place::Queued | Place::Serving | Place::Streaming) {
                // The pod works on, for nobody, unless it is one that finds out.
                self.requests.outdate(r);
                self.requests[r].cause = Some(Cause::SeveredByDeregistration);
                if self.requests[r].place == Place::ToPod {
                    self.requests[r].place = Place::Queued;
                }
            } else if matches!(self.requests[r].place, Place::Connecting | Place::UpConnecting) {
                // It waits in the accept queue of a pod that listens.
                self.requests[r].cause = Some(Cause::SeveredByDeregistration);
            }
        }
        if self.connections[c].in_use > 0 || self.layer == Layer::L4 {
            self.close_by_pod(c, false, cal);
        }
        if !requests.is_empty() {
            self.reader_gone(self.connections[c].pod, cal);
        }
    }
}
