//! Layer 4 by a proxy that connects by itself (HAProxy's `mode tcp`, Envoy's `tcp_proxy`, nginx's `stream`): it has accepted the client's
//! connection, tries its retries where a pod cannot be connected to, and closes what it has accepted in the end.

use crate::engine::{NIL, Purpose};
use crate::scenario::{Layer, ProxyStatus, RetryOn};

use super::backoff::wait;
use super::connection::Owner;
use super::event::Event;
use super::fact::Outcome;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Whether connection `c` of a client or a stream, whose pod could not be connected to, is tried again by its proxy.
    pub(super) fn redials(&mut self, c: u32, cal: &mut Cal) -> bool {
        let retries = self.balancer.retries;
        let made = u32::from(self.connections.upkeep(c).redials);
        let may =
            self.layer == Layer::L4 && retries.on_connect_failure && made < retries.attempts.min(u32::from(u8::MAX));
        // Without a pod there is nothing to try again.
        if O::TIERED || !may || self.connections[c].pod == NIL {
            return false;
        }
        self.connections.upkeep_mut(c).redials += 1;
        let mut r = self.connections[c].requests.head();
        while r != NIL {
            self.requests[r].attempts = self.requests[r].attempts.saturating_add(1);
            r = self.requests[r].on_connection.next();
        }
        let k = made + 1;
        let elsewhere = retries.redispatch > 0 && k.is_multiple_of(retries.redispatch);
        if retries.same_pod && elsewhere {
            self.dial_elsewhere(c, cal);
            return true;
        }
        let (member, nth) = match self.connections[c].owner {
            Owner::Client { population, client } => {
                let p = &self.populations[usize::from(population)];
                ((u64::from(population) << 32) | u64::from(client), p.upkeep[client as usize].asked)
            }
            Owner::Stream { population, slot } => {
                let p = &self.populations[usize::from(population)];
                ((u64::from(population) << 32) | u64::from(slot), p.streams[slot as usize].routed)
            }
            Owner::Proxy(_) | Owner::Front(_) => return false,
        };
        // No request has an identity with this bit.
        let family = self.streams.family(Purpose::ProxyBackoff, member | 1 << 63);
        let pause = wait(&retries.backoff, k, |try_| family.stream((u64::from(nth) << 16) | u64::from(try_)));
        if pause.is_zero() {
            self.redial(c, cal);
        } else {
            cal.at(cal.now() + pause, Event::OpenNow(self.connections.handle(c)));
        }
        true
    }

    /// Connection `c` is tried again, at the same pod or another one.
    pub(super) fn redial(&mut self, c: u32, cal: &mut Cal) {
        if self.balancer.retries.same_pod {
            return self.send_syn(c, cal);
        }
        self.dial_elsewhere(c, cal);
    }

    /// The same at another pod than the one that has failed, if there is one.
    fn dial_elsewhere(&mut self, c: u32, cal: &mut Cal) {
        self.count_connection(c, false);
        if self.route_connection(c, cal) {
            self.send_syn(c, cal);
        }
    }

    /// What a client sees of a connect to a pod that failed for good: that, or the end of the connection that its proxy had accepted.
    pub(super) const fn end_of_connect(&self, unanswered: bool) -> (Outcome, RetryOn) {
        let status = self.balancer.status;
        let told = if unanswered { status.connect_timeout } else { status.connect_failure };
        match (told, unanswered) {
            (ProxyStatus::CLOSE, _) => (Outcome::Reset, RetryOn::Reset),
            (_, true) => (Outcome::Timeout, RetryOn::ConnectFailure),
            (_, false) => (Outcome::Refused, RetryOn::ConnectFailure),
        }
    }
}
