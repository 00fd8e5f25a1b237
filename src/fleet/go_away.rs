//! The announced end of a connection that carries several requests (HTTP/2's GOAWAY): its opener sends nothing new on it, what
//! it sent before it knew is answered, and then the pod closes it. And its end by its opener, which has had enough of it.

use crate::engine::{Dur, Handle};
use crate::scenario::Layer;

use super::connection::{Connection, Going, Owner};
use super::event::Event;
use super::transport::Available;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Whether connection `c` may carry several requests at once.
    pub(super) fn is_shared(&self, c: u32) -> bool {
        match self.connections[c].owner {
            Owner::Proxy(_) => self.balancer.upstream.max_streams > 1,
            Owner::Client { population, .. } => {
                self.layer == Layer::L4 && self.populations[usize::from(population)].config.multiplex > 1
            }
            Owner::Stream { .. } | Owner::Front(_) => false,
        }
    }

    /// The pod is to end connection `c`: whether that has to wait, since it is announced first.
    pub(super) fn announces_end(&mut self, c: u32, cal: &mut Cal) -> bool {
        let version = self.pods[self.connections[c].pod as usize].version();
        if !self.versions[version].pod.keep_alive.go_away || !self.is_shared(c) {
            return false;
        }
        if !std::mem::replace(&mut self.connections.upkeep_mut(c).goes, true) {
            let connection = self.connections.handle(c);
            self.pod_hop.send(cal, Event::GoAway(connection));
            cal.at(cal.now() + self.pod_hop.delay + self.pod_hop.delay, Event::GoAwayOver(connection));
        }
        self.connections.upkeep(c).going != Going::Over
    }

    /// The pod has answered a request on connection `c`, which it is to end and on which it has others: where no end is announced
    /// beforehand, this answer says so. What comes before it is read is answered, if it comes before the last of the others is; else it
    /// is lost with the connection.
    pub(super) fn announces_with_answer(&mut self, c: u32, cal: &mut Cal) {
        if self.is_shared(c) && !std::mem::replace(&mut self.connections.upkeep_mut(c).goes, true) {
            self.connections[c].close_announced = true;
            self.pod_hop.send(cal, Event::GoAway(self.connections.handle(c)));
        }
    }

    /// The opener of a connection learns that its end is near.
    pub(super) fn on_go_away(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        if self.connections[c].owner_closed {
            return;
        }
        let owner = self.connections[c].owner;
        match owner {
            Owner::Proxy(proxy) => {
                let link = self.link(proxy, self.connections[c].pod);
                self.links[link].idle.retain(|&other| other != c);
                self.connections.upkeep_mut(c).going = Going::Known;
            }
            Owner::Client { .. } if self.connections.upkeep(c).going != Going::Not => {}
            Owner::Client { population, client } => {
                let p = &mut self.populations[usize::from(population)];
                let eager = p.config.reconnect.eager;
                let state = &mut p.clients[client as usize];
                state.available.remove(&mut Available(&mut self.connections), c);
                state.open -= 1;
                p.upkeep[client as usize].lost += 1;
                self.connections.upkeep_mut(c).going = Going::Known;
                if eager {
                    self.reopen_eagerly(population, client, 0, Dur::ZERO, cal);
                }
                self.serve_waiting(population, client, cal);
            }
            Owner::Stream { .. } | Owner::Front(_) => {}
        }
        self.resolve_after_loss(owner, cal);
    }

    /// What was sent before its opener knew is at the pod: connection `c` ends with the last answer, or now.
    pub(super) fn on_go_away_over(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        if self.connections[c].pod_closed || self.connections[c].owner_closed {
            return;
        }
        self.connections.upkeep_mut(c).going = Going::Over;
        self.connections[c].close_announced = true;
        if self.connections.upkeep(c).in_pod == 0 {
            let pod = self.connections[c].pod;
            self.close_by_pod(c, false, cal);
            self.exit_if_drained(pod, cal);
        }
    }

    /// A request more is on connection `c` of a client, which others may use meanwhile: whether it was the last one that it is to carry.
    #[cold]
    pub(super) fn retire_if_worn(&mut self, c: u32, stands: bool) {
        let Connection { owner: Owner::Client { population, client }, in_use, carried, .. } = self.connections[c]
        else {
            return;
        };
        let most = self.populations[usize::from(population)].config.keep_alive.max_requests;
        // At layer 4 this one is counted when it is sent, at layer 7 it has been; none is before the connection stands.
        let takes = match self.layer {
            _ if !stands => in_use,
            Layer::L4 => carried + 1,
            Layer::L7 => carried,
        };
        if most > 0 && takes >= most {
            self.retire(c, population, client);
        }
    }

    /// Connection `c` of a client takes no more requests, and is closed when those on it are over; the client opens another one when it
    /// needs it.
    #[cold]
    pub(super) fn retire(&mut self, c: u32, population: u16, client: u32) {
        let state = &mut self.populations[usize::from(population)].clients[client as usize];
        state.available.remove(&mut Available(&mut self.connections), c);
        state.open -= 1;
        self.connections.upkeep_mut(c).going = Going::Worn;
    }
}
