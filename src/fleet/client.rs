//! Clients: what they ask, and on which connection.

use crate::engine::{Handle, NIL, Place as Due, Purpose, SimTime, Single};
use crate::scenario::{Layer, Load, RetryOn, WhenBusy};

use super::arrivals::ArrivalProcess;
use super::calm::{Birth, Young};
use super::connection::{Going, Owner, Stage};
use super::event::Event;
use super::fact::{Cause, Fact, Outcome};
use super::idle::IdleSide;
use super::proxy::{REFUSED, RESET, STATUS_OK, TRUNCATED};
use super::request::{Place, Request};
use super::transport::{Available, OnConnection};
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Opens the connections that are there from the start, and schedules the first request.
    pub(super) fn begin_open_loop(&mut self, population: u16, cal: &mut Cal) {
        let p = &self.populations[usize::from(population)];
        let clients = if p.config.preconnect { p.clients.len() as u32 } else { 0 };
        self.connections.reserve(clients as usize);
        for client in 0..clients {
            self.preconnect(population, client, cal);
        }
        self.next_arrival(population, cal);
    }

    /// Each user's first request comes after a think time.
    pub(super) fn begin_users(&mut self, population: u16, cal: &mut Cal) {
        for user in 0..self.populations[usize::from(population)].clients.len() as u32 {
            if self.populations[usize::from(population)].config.preconnect {
                self.preconnect(population, user, cal);
            }
            self.think(population, user, cal);
        }
    }

    pub(super) fn think(&self, population: u16, user: u32, cal: &mut Cal) {
        let p = &self.populations[usize::from(population)];
        let Load::Users { think_time, .. } = p.load() else { return };
        let n = u64::from(p.asked[user as usize]);
        let draw = &mut self.streams.family(Purpose::Think, (u64::from(population) << 32) | u64::from(user)).stream(n);
        cal.at(cal.now() + think_time.sample(draw, n), Event::Thought { population, user });
    }

    pub(super) fn on_thought(&mut self, population: u16, user: u32, cal: &mut Cal) {
        let asked = &mut self.populations[usize::from(population)].asked[user as usize];
        // The n-th request of a user is the same under every policy, whatever the others do meanwhile.
        let ordinal = (u64::from(user) << 24) | u64::from(*asked & 0x00FF_FFFF);
        *asked = asked.wrapping_add(1);
        let before = cal.now() < SimTime::ZERO || !self.deploys();
        self.levels.closed_loop_births += u64::from(before && cal.now() >= self.measured_from);
        self.populations[usize::from(population)].pays_for_retries(cal.now());
        self.count_birth(cal.now());
        self.tell(cal, Fact::Born);
        self.begins(population, user, ordinal, cal);
    }

    fn next_arrival(&mut self, population: u16, cal: &mut Cal) {
        let p = &mut self.populations[usize::from(population)];
        if let Some(at) = p.arrivals.as_mut().and_then(ArrivalProcess::advance) {
            Self::schedule_arrival(population, at, cal);
        }
    }

    /// A request of `population` arrives.
    pub(super) fn on_arrival(&mut self, population: u16, cal: &mut Cal) {
        if self.some_are_on_their_way() {
            cal.take_back(self.at_proxy_next());
        }
        self.go_on(population, Due::NEVER, true, cal);
    }

    /// The next of those that are on their way to their proxies is there.
    pub(super) fn on_young(&mut self, cal: &mut Cal) {
        let next = cal.take_back(Single(0));
        self.go_on(0, next, false, cal);
    }

    /// A request of `population` `arrives`, or one is at its proxy; and so do others as long as nothing else comes before that.
    fn go_on(&mut self, population: u16, mut next: Due, mut arrives: bool, cal: &mut Cal) {
        let at_proxy = loop {
            let young = if arrives {
                let (young, upcoming) = self.arrives(population, cal);
                next = upcoming;
                young
            } else {
                self.next_young(cal)
            };
            if let Some(young) = young {
                self.reaches_proxy(young, cal);
            }
            let at_proxy = self.next_at_proxy();
            arrives = next.is_before(at_proxy);
            let first = if arrives { next } else { at_proxy };
            // With several tiers another one may have its turn before.
            if O::TIERED || !cal.goes_on(first) {
                break at_proxy;
            }
            self.keep_step(first.at());
        };
        if next != Due::NEVER {
            Self::schedule_arrival_at(population, next, cal);
        }
        if at_proxy != Due::NEVER {
            cal.once_at(self.at_proxy_next(), at_proxy);
        }
    }

    /// A request arrives: the one that it is, if it is at its proxy and calm so far, and the next one's place, drawn before this one's
    /// consequences.
    #[inline(always)]
    fn arrives(&mut self, population: u16, cal: &mut Cal) -> (Option<Young>, Due) {
        self.look_ahead_in_time(population, cal.now());
        self.count_birth(cal.now());
        self.tell(cal, Fact::Born);
        let p = &mut self.populations[usize::from(population)];
        let (client, ordinal) = p.next_request();
        let at = p.arrivals.as_mut().and_then(ArrivalProcess::advance);
        let next = at.map_or(Due::NEVER, |at| cal.place(at.max(cal.now())));
        p.pays_for_retries(cal.now());
        match self.birth(population, client, ordinal, cal) {
            Birth::Calm(young) => (young, next),
            Birth::Ordinary => {
                self.begins(population, client, ordinal, cal);
                (None, next)
            }
        }
    }

    /// A request just born goes its way, one step after the other. Apart from where calm ones are born: those need the registers.
    #[inline(never)]
    fn begins(&mut self, population: u16, client: u32, ordinal: u64, cal: &mut Cal) {
        let p = &self.populations[usize::from(population)];
        let proxy = p.clients[client as usize].proxy;
        let request = Request::new(cal.now(), population, client, proxy, ordinal);
        let r = self.requests.insert(Request { attempts: 1, ..request });
        self.watch_client_deadline(population, cal);
        self.attempt(r, population, client, cal);
    }

    /// The client of request `r` tries once more.
    pub(super) fn begin_attempt(&mut self, r: u32, cal: &mut Cal) {
        let request = &mut self.requests[r];
        request.attempts = request.attempts.saturating_add(1);
        let (population, client) = (request.population, request.client);
        self.attempt(r, population, client, cal);
    }

    /// The client of request `r` finds a connection for it, or opens one, or lets it wait.
    #[inline(always)]
    fn attempt(&mut self, r: u32, population: u16, client: u32, cal: &mut Cal) {
        let c = self.free_connection(population, client, cal.now());
        let p = &self.populations[usize::from(population)];
        let state = &p.clients[client as usize];
        if c != NIL {
            self.take_connection(r, c, population, client, cal);
        } else if p.config.when_busy == WhenBusy::Wait && state.open > 0 {
            if p.upkeep[client as usize].pausing.is_some()
                && let Some(c) = self.open_instead(population, client, cal)
            {
                return self.take_connection(r, c, population, client, cal);
            }
            self.requests[r].place = Place::Waiting;
            let upkeep = &mut self.populations[usize::from(population)].upkeep;
            upkeep[client as usize].waiting.push_back(&mut OnConnection(&mut self.requests), r);
        } else {
            let c = self.open_for_client(population, client, cal);
            self.take_connection(r, c, population, client, cal);
        }
    }

    /// Request `r` goes on connection `c`, which is available or just being opened.
    #[inline(always)]
    fn take_connection(&mut self, r: u32, c: u32, population: u16, client: u32, cal: &mut Cal) {
        let request = &mut self.requests[r];
        request.connection = c;
        if self.layer == Layer::L4 {
            request.at_proxy = cal.now();
            if self.balancer.pinning.is_some() {
                self.flow_passes(population, client, cal.now());
            }
        }
        let connection = &mut self.connections[c];
        let stands = connection.stage == Stage::Open;
        if self.layer == Layer::L7 && stands {
            // At layer 7 it is the proxy's connection that fails; the client's needs a count, and who waits for it.
            connection.in_use += 1;
            connection.carried = connection.carried.saturating_add(1);
        } else {
            connection.board(r, &mut self.requests);
        }
        let p = &mut self.populations[usize::from(population)];
        let available = &mut p.clients[client as usize].available;
        if connection.in_use >= p.config.multiplex {
            available.remove(&mut Available(&mut self.connections), c);
        } else {
            if !connection.available.is_linked() {
                available.push_back(&mut Available(&mut self.connections), c);
            }
            self.retire_if_worn(c, stands);
        }
        match self.layer {
            _ if !stands => self.requests[r].place = Place::Connecting,
            Layer::L7 => self.leave_for_proxy(r, cal),
            Layer::L4 => self.send_to_pod(r, c, cal),
        }
    }

    /// Layer 7: request `r` leaves for its proxy.
    #[inline(always)]
    fn leave_for_proxy(&mut self, r: u32, cal: &mut Cal) {
        if self.client_hop.is_instant() {
            return self.arrive_at_proxy(r, cal);
        }
        let (request, handle) = self.requests.with_handle(r);
        request.place = Place::ToProxy;
        self.client_hop.send(cal, Event::AtProxy(handle));
    }

    /// Layer 7: request `r` has waited for its client's connection `c`, which stands now.
    pub(super) fn send_from_client(&mut self, r: u32, c: u32, cal: &mut Cal) {
        let connection = &mut self.connections[c];
        connection.carried = connection.carried.saturating_add(1);
        self.leave_for_proxy(r, cal);
    }

    /// Connection `c` of a client can take a request: one that waits, or it goes into stock.
    #[inline(always)]
    pub(super) fn offer(&mut self, c: u32, cal: &mut Cal) {
        let (connection, upkeep) = self.connections.whole_mut(c);
        let Owner::Client { population, client } = connection.owner else { return };
        let idle = connection.in_use == 0;
        if upkeep.going != Going::Not {
            // Where the pod has said so with an answer it closes with its last one, which may have lost its reader.
            let told = upkeep.going == Going::Known && connection.close_announced;
            if idle && (told || upkeep.going == Going::Worn) {
                self.close_by_owner(c, cal);
            }
            return self.serve_waiting(population, client, cal);
        }
        let p = &mut self.populations[usize::from(population)];
        let most = p.config.keep_alive.max_requests;
        if most > 0 && connection.carried >= most {
            if idle {
                self.close_by_owner(c, cal);
            } else {
                self.retire(c, population, client);
            }
            return self.serve_waiting(population, client, cal);
        }
        let state = &mut p.clients[client as usize];
        if !p.upkeep[client as usize].waiting.is_empty() {
            return self.fill(c, cal);
        }
        let untimed = idle && connection.begins_to_idle(upkeep, IdleSide::Owner, cal.now());
        if !connection.available.is_linked() && !state.available.begin(&mut connection.available, c) {
            self.put_available(c, population, client);
        }
        if untimed {
            self.time_at_owner(c, cal);
        }
    }

    /// The connection of a client that can take a request and has become free last, or [`NIL`].
    #[inline(always)]
    pub(super) fn free_connection(&self, population: u16, client: u32, now: SimTime) -> u32 {
        let mut c = self.populations[usize::from(population)].clients[client as usize].available.tail();
        // Behind it stand those that calm requests will have left later.
        while !O::IN_ORDER && c != NIL && self.connections[c].idle_since > now {
            c = self.connections[c].available.prev();
        }
        c
    }

    /// Connection `c` of a client can take a request, now or from when it is idle on: among others in the order of that, and of those
    /// that become so at one moment by their number, whoever hears of it first.
    #[inline(always)]
    pub(super) fn put_available(&mut self, c: u32, population: u16, client: u32) {
        let p = &mut self.populations[usize::from(population)];
        let free = self.connections[c].idle_since;
        // One that others use too has been idle for as long as they like.
        let shared = p.config.multiplex > 1;
        let before = |slots: &Available<'_>, other: u32| shared || slots.0[other].idles_before(other, free, c);
        p.clients[client as usize].available.insert_by(&mut Available(&mut self.connections), c, before);
    }

    /// A client has lost a connection: whoever waits for one gets a new one.
    pub(super) fn serve_waiting(&mut self, population: u16, client: u32, cal: &mut Cal) {
        let p = &self.populations[usize::from(population)];
        if p.clients[client as usize].open > 0 {
            return;
        }
        if !p.upkeep[client as usize].waiting.is_empty() {
            let c = self.open_for_client(population, client, cal);
            self.fill(c, cal);
        }
    }

    /// Those that wait for a connection of their client go on `c`, as many as it takes; and on another one if that wears it out.
    #[cold]
    fn fill(&mut self, mut c: u32, cal: &mut Cal) {
        let Owner::Client { population, client } = self.connections[c].owner else { return };
        let multiplex = self.populations[usize::from(population)].config.multiplex;
        loop {
            while self.connections[c].in_use < multiplex && self.connections.upkeep(c).going == Going::Not {
                let waiting = &mut self.populations[usize::from(population)].upkeep[client as usize].waiting;
                let Some(r) = waiting.pop_front(&mut OnConnection(&mut self.requests)) else { return };
                self.take_connection(r, c, population, client, cal);
            }
            let p = &self.populations[usize::from(population)];
            if p.clients[client as usize].open > 0 || p.upkeep[client as usize].waiting.is_empty() {
                return;
            }
            c = self.open_for_client(population, client, cal);
        }
    }

    /// An answer reaches the client.
    pub(super) fn on_answer_at_client(&mut self, request: Handle, cal: &mut Cal) {
        if let Some(r) = self.requests.live(request) {
            self.arrive_at_client(r, cal);
        }
    }

    /// The answer to request `r` is at its client.
    #[inline(always)]
    pub(super) fn arrive_at_client(&mut self, r: u32, cal: &mut Cal) {
        if O::TIERED && self.has_tier_before() {
            return self.answer_before(r, cal);
        }
        let request = &mut self.requests[r];
        let Request { population, client, connection: c, status, close, pod, cause, .. } = *request;
        let whole = status >= 100;
        if whole {
            self.observer.observe(cal.now(), Fact::Answer(status));
        }
        // Its connection is free again before anything else happens; a cut answer takes it with it.
        request.connection = NIL;
        let connection = &mut self.connections[c];
        match self.layer {
            Layer::L7 => connection.in_use -= 1,
            Layer::L4 => connection.alight(r, &mut self.requests),
        }
        let reset = connection.reset_class();
        let refused_by_pod = self.layer == Layer::L4 && status == REFUSED;
        let shared = self.populations[usize::from(population)].config.multiplex > 1;
        if self.layer == Layer::L4 && close {
            // Requests that were sent after its last answer had left are lost with it.
            self.client_connection_ended(c, !refused_by_pod, cal);
        } else if self.layer == Layer::L7 && self.connections.ends_after_answer(c, status, shared) {
            self.proxy_ends_connection(c, cal);
        } else if whole || shared {
            self.offer(c, cal);
        } else {
            self.close_by_owner(c, cal);
            self.serve_waiting(population, client, cal);
        }
        debug_assert!(pod != NIL || status != STATUS_OK);
        match status {
            STATUS_OK => self.finish(r, population, client, Outcome::Ok, None, cal),
            REFUSED => self.attempt_failed(r, Outcome::Refused, RetryOn::ConnectFailure, true, Cause::Overflow, cal),
            RESET => {
                self.attempt_failed(r, Outcome::Reset, reset, false, cause.unwrap_or(Cause::KeepAliveRace), cal);
            }
            TRUNCATED => {
                self.attempt_failed(
                    r,
                    Outcome::Truncated,
                    RetryOn::Reset,
                    false,
                    cause.unwrap_or(Cause::SeveredByKill),
                    cal,
                );
            }
            _ => {
                let outcome = match status {
                    500 => Outcome::S500,
                    502 => Outcome::S502,
                    503 => Outcome::S503,
                    _ => Outcome::S504,
                };
                self.attempt_failed(r, outcome, RetryOn::Status(status), false, cause.unwrap_or(Cause::Overflow), cal);
            }
        }
    }
}
