//! The line of requests that wait for a connection that others have: whoever came first gets the next one to that pod.

use crate::engine::NIL;
use crate::fleet::connection::{Owner, Stage};
use crate::fleet::request::Place;
use crate::fleet::world::{Cal, Observer, World};

use super::Way;

impl<O: Observer> World<O> {
    /// It waits for a connection that others have. It does not count there yet, as with Envoy.
    pub(super) fn stand_in_line(&mut self, r: u32, way: Way, cal: &mut Cal) {
        // Whose connection is free next is to be an event.
        self.disturb(way.1, cal);
        self.uncount_active(r, way.0, cal);
        self.requests[r].place = Place::AtProxy;
        let attempt = self.present_attempt(r);
        self.circuits.lines.entry(way).or_default().push_back(attempt);
        self.circuits.strained = true;
    }

    /// Whether request `r` waits for a connection that others have.
    pub(in crate::fleet) fn is_in_line(&self, r: u32) -> bool {
        let request = &self.requests[r];
        if request.place != Place::AtProxy || request.pod == NIL || self.circuits.lines.is_empty() {
            return false;
        }
        let line = self.circuits.lines.get(&(request.proxy, request.pod));
        line.is_some_and(|line| line.contains(&self.present_attempt(r)))
    }

    /// Who has waited longest there waits no longer.
    pub(super) fn next_in_line(&mut self, way: Way) -> Option<u32> {
        let mut line = self.circuits.lines.remove(&way)?;
        let first = std::iter::from_fn(|| line.pop_front()).find_map(|attempt| self.waits(attempt));
        if line.is_empty() {
            self.circuits.see_whether_strained();
        } else {
            self.circuits.lines.insert(way, line);
        }
        first
    }

    /// All who wait there wait no longer: no connection can be had.
    pub(in crate::fleet) fn dissolve_line(&mut self, proxy: u16, pod: u32) -> Vec<u32> {
        if !self.circuits.strained {
            return Vec::new();
        }
        std::iter::from_fn(|| self.next_in_line((proxy, pod))).collect()
    }

    /// Connection `c`, which has room, goes to whoever has waited longest for one to its pod; false if nobody has, or it is not to be used
    /// again.
    #[cold]
    pub(in crate::fleet) fn hand_over(&mut self, c: u32, cal: &mut Cal) -> bool {
        let Owner::Proxy(proxy) = self.connections[c].owner else { return false };
        let way = (proxy, self.connections[c].pod);
        let stays = self.links[self.link(way.0, way.1)].position != NIL
            && self.connections.upkeep(c).generation == self.proxies[usize::from(proxy)].generation
            && !self.connections[c].is_worn(&self.balancer.upstream, cal.now())
            && !self.connections[c].pod_closed;
        while stays && let Some(r) = self.next_in_line(way) {
            if !self.may_begin(proxy, cal) {
                self.overflows(r, cal);
                continue;
            }
            self.count_active(r, cal.now());
            self.requests[r].upstream = c;
            self.board(r, c);
            if self.connections[c].stage == Stage::Open {
                self.send_to_pod(r, c, cal);
            } else {
                self.requests[r].place = Place::UpConnecting;
            }
            return true;
        }
        false
    }

    /// As many of those who wait for it go on connection `c` as have room there.
    pub(in crate::fleet) fn fill_from_line(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Proxy(proxy) = self.connections[c].owner else { return };
        let link = self.link(proxy, self.connections[c].pod);
        let most = self.balancer.upstream.max_streams;
        while self.circuits.strained && self.connections[c].in_use < most && self.hand_over(c, cal) {}
        if self.connections[c].in_use >= most {
            self.links[link].idle.retain(|&other| other != c);
        }
    }

    /// A connection to `pod` is opened for request `r`.
    pub(super) fn open_for(&mut self, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        if !self.multiplexes() {
            return self.open_upstream(r, proxy, pod, cal);
        }
        let c = self.open_for_many(r, proxy, pod, cal);
        self.go_with_others(r, c, cal);
        self.fill_from_line(c, cal);
    }
}
