//! A request that has waited for a connection to be opened is calm from when that stands, if its fate is known then.
//!
//! Its record was one for as long as nobody could say whether its connection would come to stand. A connection that is in use from
//! the first is looked at by its idle time-out from then on, since nobody hears of it when it begins to idle.

use crate::engine::{NIL, SimTime};
use crate::scenario::Layer;

use super::super::request::Request;
use super::super::world::{Cal, Observer, World};
use super::birth::served;
use super::{Coming, Known, Young};

impl<O: Observer> World<O> {
    /// Layer 7: request `r` leaves for its proxy on its client's connection `c`, which stands at last. Whether it does so calmly.
    pub(in super::super) fn settles_early(&mut self, r: u32, c: u32, cal: &mut Cal) -> bool {
        if !self.has_only_waited(r) {
            return false;
        }
        let Request { born, ordinal, client, population, proxy, .. } = self.requests[r];
        let at_proxy = cal.now().plus(self.client_hop.delay);
        // It may have waited for long before its connection was asked for.
        if at_proxy >= born.plus(self.populations[usize::from(population)].patience) {
            return false;
        }
        self.drop_request(r);
        let young = Young { born, ordinal, client, connection: c, population, proxy };
        let connection = &mut self.connections[c];
        connection.carried = connection.carried.saturating_add(1);
        if self.client_hop.is_instant() {
            self.frees_first(c, cal.now(), population, client, cal);
            self.reaches_proxy(young, cal);
            return true;
        }
        self.frees_first(c, SimTime::MAX, population, client, cal);
        self.connections[c].in_use = 1;
        let place = cal.place(at_proxy);
        if !self.some_are_on_their_way() {
            cal.once_at(self.at_proxy_next(), place);
        }
        self.calm.on_the_way.join(place, Coming::Young(young));
        true
    }

    /// Request `r` leaves for the pod of connection `c`, which stands at last. Whether it does so calmly.
    pub(in super::super) fn settles(&mut self, r: u32, c: u32, cal: &mut Cal) -> bool {
        if !self.has_only_waited(r) {
            return false;
        }
        let pod = self.connections[c].pod;
        self.catch_up(pod, cal.now());
        // Who waits for its connection is to hear of its end.
        let is_waited_for = self.circuits.strained;
        if !self.knows(pod, cal.now()) || self.layer == Layer::L7 && (is_waited_for || !self.has_room_in_stock(r, pod))
        {
            return false;
        }
        let Some((known, end)) = self.fate(r, c, cal) else { return false };
        let Known { client, connection, population, .. } = known;
        self.alight(r, c);
        self.drop_request(r);
        let carrier = &mut self.connections[c];
        (carrier.carried, carrier.pod_idle_since) = (carrier.carried.saturating_add(1), end);
        let answered = end.plus(self.pod_hop.delay);
        let over = match self.layer {
            Layer::L4 => answered,
            Layer::L7 => {
                carrier.in_use = 1;
                self.is_timed(c, cal);
                answered.plus(self.client_hop.delay)
            }
        };
        self.frees_first(connection, over, population, client, cal);
        self.calm.remember(known, known.arrives(self.pod_hop.delay), end, answered);
        true
    }

    /// Whether nothing has happened to request `r` so far but that it has waited for a connection.
    fn has_only_waited(&self, r: u32) -> bool {
        let &Request { population, connection, attempts, client_retries, proxy_retries, abandoned, .. } =
            &self.requests[r];
        !O::IN_ORDER
            && self.populations[usize::from(population)].calm
            && (attempts, client_retries, proxy_retries) == (1, 0, 0)
            && !abandoned
            && connection != NIL
    }

    /// Layer 7: whether the proxy of request `r` keeps as many connections to `pod` as it has now, so that none is closed when it comes back.
    fn has_room_in_stock(&self, r: u32, pod: u32) -> bool {
        let Request { proxy, counted, .. } = self.requests[r];
        let link = &self.links[self.link(proxy, pod)];
        let active = self.proxies[usize::from(proxy)].process.table.active();
        counted
            && link.position != NIL
            && link.idle.len() + active[link.position as usize] as usize <= self.balancer.upstream.connections as usize
    }

    /// What becomes of request `r`, which leaves for its pod on connection `c`, and when it is served; `None` where that is not sure.
    fn fate(&self, r: u32, c: u32, cal: &mut Cal) -> Option<(Known, SimTime)> {
        let Request { born, at_proxy: sent, ordinal, client, connection, population, proxy, upstream, .. } =
            self.requests[r];
        let carrier = &self.connections[c];
        let pod = carrier.pod;
        let arrive = cal.now().plus(self.pod_hop.delay);
        let waited = u32::try_from(cal.now().since(sent).nanos()).ok()?;
        let schedule = &self.calm.pods[pod as usize];
        let worn = carrier.carried.saturating_add(1) >= schedule.keep;
        if worn || carrier.pod_closed || carrier.pod_idle_since.plus(schedule.idle) <= arrive {
            return None;
        }
        let p = &self.populations[usize::from(population)];
        let version = &self.versions[usize::from(schedule.version)];
        let slowed = schedule.slowed.then(|| &self.pods[pod as usize]);
        let (start, end) = served(schedule, version, slowed, p.service, ordinal, arrive)?;
        let answered = end.plus(self.pod_hop.delay);
        let over = match self.layer {
            Layer::L4 => answered,
            Layer::L7 => answered.plus(self.client_hop.delay),
        };
        if over >= born.plus(p.patience)
            || self.layer == Layer::L7 && !self.calm.is_in_time(answered, sent, carrier.opened)
        {
            return None;
        }
        let order = cal.ticket();
        let known =
            Known { born, sent, start, ordinal, client, connection, upstream, pod, population, proxy, waited, order };
        Some((known, end))
    }

    /// A client's connection `c`, which stands in no list yet and carries a request without a record, is free from `free` on.
    fn frees_first(&mut self, c: u32, free: SimTime, population: u16, client: u32, cal: &mut Cal) {
        self.is_timed(c, cal);
        let connection = &mut self.connections[c];
        (connection.in_use, connection.idle_since) = (0, free);
        self.put_available(c, population, client);
    }

    /// Connection `c` is looked at by its owner's idle time-out from now on, though it is in use.
    fn is_timed(&mut self, c: u32, cal: &mut Cal) {
        if !std::mem::replace(&mut self.connections.upkeep_mut(c).owner_timed, true) {
            self.time_at_owner(c, cal);
        }
    }
}
