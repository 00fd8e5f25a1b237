//! A client's connections: to its proxy at layer 7, to a pod at layer 4; how they are opened, lost and opened anew.

use crate::engine::{Dur, Handle, NIL, Purpose};
use crate::scenario::{Layer, Load, MOST_AVOIDED, RetryOn};

use super::backoff::{MIN_REOPEN, wait};
use super::connection::{Connection, Going, Owner, Stage, Upkeep};
use super::event::Event;
use super::fact::{Cause, Fact, Outcome, Side};
use super::pick::Pick;
use super::request::Place;
use super::transport::{Available, OnConnection};
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Opens a connection for a client: at layer 7 to its proxy, at layer 4 to a pod of its node's choice.
    pub(super) fn open_for_client(&mut self, population: u16, client: u32, cal: &mut Cal) -> u32 {
        let owner = Owner::Client { population, client };
        let p = &mut self.populations[usize::from(population)];
        let state = &mut p.clients[client as usize];
        state.open += 1;
        let (lost, tries) = (p.upkeep[client as usize].lost, state.tries);
        let wait = if lost > 0 && !self.keeps_addresses(population) {
            self.reconnect_wait(population, client, u32::from(tries) + 1)
        } else {
            Dur::ZERO
        };
        if !wait.is_zero() {
            return self.open(owner, NIL, wait, cal);
        }
        let c = self.connections.insert(Connection::new(owner, NIL, cal.now()));
        self.dial(c, client, cal);
        c
    }

    /// Connection `c` of a client asks for its proxy, or at layer 4 for a pod of its node's choice.
    fn dial(&mut self, c: u32, client: u32, cal: &mut Cal) {
        match self.layer {
            Layer::L7 => self.dial_proxy(c, client, cal),
            Layer::L4 => {
                if self.route_connection(c, cal) {
                    self.send_syn(c, cal);
                }
            }
        }
    }

    /// Layer 7: a client's connection `c` asks for its proxy, which accepts it while it listens.
    pub(super) fn dial_proxy(&mut self, c: u32, client: u32, cal: &mut Cal) {
        if let Owner::Client { population, .. } = self.connections[c].owner {
            self.populations[usize::from(population)].upkeep[client as usize].asked += 1;
        }
        let connection = self.connections.handle(c);
        let listens = self.proxies[usize::from(self.proxy_of(client))].listens;
        let event = if listens { Event::Connected(connection) } else { Event::ConnectRefused(connection) };
        let round_trip = self.client_hop.delay + self.client_hop.delay;
        cal.at(cal.now() + round_trip, event);
    }

    fn reconnect_wait(&self, population: u16, client: u32, k: u32) -> Dur {
        let backoff = &self.populations[usize::from(population)].config.reconnect.backoff;
        let family = self.streams.family(Purpose::ReconnectBackoff, (u64::from(population) << 32) | u64::from(client));
        // Another wave, another lot; each try before this one has asked once.
        let asked = self.populations[usize::from(population)].upkeep[client as usize].asked;
        wait(backoff, k, |try_| family.stream((u64::from(asked.wrapping_sub(k - try_)) << 16) | u64::from(try_)))
    }

    /// Layer 4 (and a stream): sends connection `c` to the pod that its node chooses by what it believes now; with none left
    /// it is refused, and false.
    pub(super) fn route_connection(&mut self, c: u32, cal: &mut Cal) -> bool {
        if matches!(self.connections[c].owner, Owner::Proxy(_) | Owner::Front(_)) {
            return true;
        }
        let Some(pod) = self.pick_for_connection(c, cal) else {
            let round_trip = self.client_hop.delay + self.client_hop.delay;
            cal.at(cal.now() + round_trip, Event::ConnectRefused(self.connections.handle(c)));
            return false;
        };
        self.connections[c].pod = pod;
        self.count_connection(c, true);
        true
    }

    /// The proxy (layer 4: the node) that connection `c` to a pod goes through.
    pub(super) fn proxy_of_connection(&self, c: u32) -> u16 {
        match self.connections[c].owner {
            Owner::Proxy(proxy) | Owner::Front(proxy) => proxy,
            Owner::Stream { .. } if self.has_tier_before() => self.proxy_of_leg(c),
            Owner::Client { client: member, .. } | Owner::Stream { slot: member, .. } => self.proxy_of(member),
        }
    }

    /// The pod for connection `c` of a client or stream: its n-th pick is the same under every policy.
    fn pick_for_connection(&mut self, c: u32, cal: &mut Cal) -> Option<u32> {
        let (population, member) = match self.connections[c].owner {
            Owner::Client { population, client } => (population, client),
            Owner::Stream { population, slot } => (population, slot),
            Owner::Proxy(_) | Owner::Front(_) => return None,
        };
        let proxy = self.proxy_of_connection(c);
        if self.balancer.resolve.is_some() {
            self.resolve_for_use(proxy, cal);
        }
        let p = &mut self.populations[usize::from(population)];
        let routed = match p.load() {
            Load::Streams { .. } => &mut p.streams[member as usize].routed,
            _ => &mut p.upkeep[member as usize].asked,
        };
        *routed += 1;
        let n = *routed;
        // Whoever tells addresses apart has no Service's before them, whose flows would be tracked.
        let apart = self.keeps_addresses(population);
        if !apart && let Some(pod) = self.pinned_pod(population, member, n, cal.now()) {
            return Some(pod);
        }
        let ordinal = (u64::from(member) << 26) | u64::from(n & 0x03FF_FFFF);
        let mut avoid = [NIL; MOST_AVOIDED as usize];
        // The one that could not be connected to, if this is a retry of the proxy's.
        avoid[0] = self.connections[c].pod;
        let pick = Pick { population, member, ordinal, attempt: 0, avoid };
        let pod =
            if apart { self.pick_address(proxy, pick, cal.now())? } else { self.pick_bound(proxy, pick, cal.now())? };
        self.stick(population, member, pod, cal.now());
        self.pin(population, member, n, pod, cal.now());
        Some(pod)
    }

    /// A connection that stands from the start.
    pub(super) fn preconnect(&mut self, population: u16, client: u32, cal: &mut Cal) {
        let owner = Owner::Client { population, client };
        let c = self.connections.insert(Connection::new(owner, NIL, cal.now()));
        if self.layer == Layer::L4 && !self.stand_at_once(c, cal) {
            return self.forget(c);
        }
        self.connections[c].stage = Stage::Open;
        let clients = &mut self.populations[usize::from(population)].clients;
        clients[client as usize].open += 1;
        clients[client as usize].available.push_back(&mut Available(&mut self.connections), c);
        self.owner_idles(c, cal);
    }

    /// Layer 4, before the start: connection `c` is spread as the balancer would, and stands.
    pub(super) fn stand_at_once(&mut self, c: u32, cal: &mut Cal) -> bool {
        let (population, member) = match self.connections[c].owner {
            Owner::Client { population, client } => (population, client),
            Owner::Stream { population, slot } => (population, slot),
            Owner::Proxy(_) | Owner::Front(_) => return false,
        };
        let Some(pod) = self.pick_for_connection(c, cal) else { return false };
        let max_age = self.versions[self.pods[pod as usize].version()].pod.keep_alive.max_age;
        if !max_age.is_zero() {
            // Somewhere in its life, as if connections had come and gone for ever: else all would end together.
            let owner = (u64::from(population) << 32) | u64::from(member);
            let age = self.streams.family(Purpose::ConnectionAge, owner).stream(u64::MAX).open01();
            self.connections[c].opened = cal.now() - max_age.scale(age);
        }
        let p = &mut self.pods[pod as usize];
        self.connections[c].pod = pod;
        self.connections.upkeep_mut(c).pod_position = p.connections.len() as u32;
        self.connections[c].stage = Stage::Open;
        p.connections.push(c);
        if O::TIERED {
            self.connected_behind(c, cal);
            if !self.stands_behind_at_once(c, cal) {
                self.disconnected_behind(c, cal);
                self.leave_pod(c);
                return false;
            }
        }
        self.count_connection(c, true);
        self.pod_idles(c, cal);
        true
    }

    /// A client's connection stands: what waits for it goes out.
    pub(super) fn client_connected(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Client { population, client } = self.connections[c].owner else { return };
        let state = &mut self.populations[usize::from(population)].clients[client as usize];
        state.tries = 0;
        let calmly;
        if self.layer == Layer::L7 {
            let proxy = self.proxy_of(client);
            self.connections.upkeep_mut(c).generation = self.proxies[usize::from(proxy)].generation;
            let reconnect = self.count_reconnect(self.connections[c].owner);
            self.tell(cal, Fact::Opened { side: Side::Client, reconnect });
            calmly = self.send_connecting(population, client, c, cal);
        } else {
            self.address_stands(c);
            calmly = self.send_waiting(c, cal);
        }
        if !calmly && self.connections[c].in_use == 0 {
            // Its request has given up meanwhile, or it was opened eagerly.
            self.offer(c, cal);
        }
    }

    /// Layer 7: the requests that wait for the client's connection `c` go out on it. Whether it is one that does so calmly.
    fn send_connecting(&mut self, population: u16, client: u32, c: u32, cal: &mut Cal) -> bool {
        // There are at most `multiplex` of them, and they are found by the connection that they took.
        let mut found = std::mem::take(&mut self.connections[c].requests);
        while let Some(r) = found.pop_front(&mut OnConnection(&mut self.requests)) {
            debug_assert_eq!((self.requests[r].population, self.requests[r].client), (population, client));
            if self.settles_early(r, c, cal) {
                return true;
            }
            self.send_from_client(r, c, cal);
        }
        false
    }

    /// A client's connection to a pod was refused, or nobody answered.
    pub(super) fn client_connect_failed(&mut self, c: u32, unanswered: bool, cause: Cause, cal: &mut Cal) {
        let Owner::Client { population, client } = self.connections[c].owner else { return };
        let &Upkeep { eager, tries, .. } = self.connections.upkeep(c);
        self.take_from_owner(c);
        // An opening on demand knows of no tries before it but its client's.
        let state = &mut self.populations[usize::from(population)].clients[client as usize];
        let tries = if eager { tries } else { state.tries };
        state.tries = tries.saturating_add(1);
        let (outcome, class) = self.end_of_connect(unanswered);
        self.address_failed(c, cal.now());
        let nobody = self.connections[c].pod == NIL;
        let elsewhere = !nobody
            && self.keeps_addresses(population)
            && self.wait_for_address(population, client, cal.now()).is_zero();
        let mut waiting = Vec::new();
        while self.connections[c].requests.head() != NIL {
            let r = self.connections[c].requests.head();
            self.alight(r, c);
            self.requests[r].connection = NIL;
            self.requests[r].pod = self.connections[c].pod;
            if elsewhere {
                waiting.push(r);
            } else {
                self.attempt_failed(r, outcome, class, class == RetryOn::ConnectFailure, cause, cal);
            }
        }
        self.forget(c);
        let moved = !waiting.is_empty();
        for r in waiting {
            // Still the same attempt: nothing has been sent.
            self.requests[r].attempts -= 1;
            self.begin_attempt(r, cal);
        }
        if eager && !moved {
            // An address that failed is left alone by itself; where there was none it is too soon to ask at once.
            let least = if nobody || !self.keeps_addresses(population) { MIN_REOPEN } else { Dur::ZERO };
            self.reopen_eagerly(population, client, tries.saturating_add(1), least, cal);
        }
        self.serve_waiting(population, client, cal);
    }

    /// A pod has closed a client's connection.
    pub(super) fn client_connection_lost(&mut self, c: u32, cal: &mut Cal) {
        self.client_connection_ended(c, true, cal);
    }

    /// Connection `c` of a client was ended by the other side; what is still on it goes down with it.
    pub(super) fn client_connection_ended(&mut self, c: u32, may_reopen: bool, cal: &mut Cal) {
        let Owner::Client { population, client } = self.connections[c].owner else { return };
        self.take_from_owner(c);
        let announced = self.connections.upkeep(c).going != Going::Not;
        self.populations[usize::from(population)].upkeep[client as usize].lost += u32::from(!announced);
        while self.connections[c].requests.head() != NIL {
            let r = self.connections[c].requests.head();
            let (truncated, cause) = self.fate_on_lost_connection(r);
            let unsent = self.requests[r].place == Place::Connecting;
            self.alight(r, c);
            self.requests[r].connection = NIL;
            self.requests.outdate(r);
            let outcome = if truncated { Outcome::Truncated } else { Outcome::Reset };
            self.attempt_failed(r, outcome, self.connections[c].reset_class(), unsent, cause, cal);
        }
        if self.layer == Layer::L7 {
            self.lost_by_proxy(c, cal);
            debug_assert_eq!(self.connections[c].in_use, 0, "nothing is left on a connection that has ended");
        }
        self.forget(c);
        if may_reopen && !announced && self.populations[usize::from(population)].config.reconnect.eager {
            self.reopen_eagerly(population, client, 0, Dur::ZERO, cal);
        }
        self.serve_waiting(population, client, cal);
    }

    /// Opens a connection that nobody has asked for, after its wait, or after `least`.
    pub(super) fn reopen_eagerly(&mut self, population: u16, client: u32, tries: u16, least: Dur, cal: &mut Cal) {
        let wait = if self.keeps_addresses(population) {
            self.wait_for_address(population, client, cal.now())
        } else {
            self.reconnect_wait(population, client, u32::from(tries) + 1)
        };
        let wait = wait.max(least);
        self.populations[usize::from(population)].clients[client as usize].open += 1;
        let c = self.connections.insert(Connection::new(Owner::Client { population, client }, NIL, cal.now()));
        self.connections.upkeep_mut(c).eager = true;
        self.connections.upkeep_mut(c).tries = tries;
        let connection = self.connections.handle(c);
        self.populations[usize::from(population)].upkeep[client as usize].pausing = connection;
        cal.at(cal.now() + wait, Event::OpenNow(connection));
    }

    /// A request finds nothing but an eager opening that pauses after a refusal: it asks at once in its place, as nothing but the
    /// pause kept the client from it. Where a backoff is set that is what it waits for,
    /// unless told otherwise.
    pub(super) fn open_instead(&mut self, population: u16, client: u32, cal: &mut Cal) -> Option<u32> {
        let p = &mut self.populations[usize::from(population)];
        let state = &mut p.clients[client as usize];
        let reconnect = &p.config.reconnect;
        if state.open > 1 || !(reconnect.backoff.base.is_zero() || reconnect.at_once_for_request) {
            return None;
        }
        let pausing = std::mem::replace(&mut p.upkeep[client as usize].pausing, Handle::NONE);
        let waiting = pausing.is_some().then(|| self.connections.live(pausing)).flatten()?;
        state.open -= 1;
        let tries = self.connections.upkeep(waiting).tries;
        self.forget(waiting);
        self.populations[usize::from(population)].clients[client as usize].open += 1;
        let c = self.connections.insert(Connection::new(Owner::Client { population, client }, NIL, cal.now()));
        self.connections.upkeep_mut(c).eager = true;
        self.connections.upkeep_mut(c).tries = tries;
        self.dial(c, client, cal);
        Some(c)
    }
}
