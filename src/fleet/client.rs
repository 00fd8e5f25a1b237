//! Clients: what they ask, on which connection, when they try again and when they give up.

use crate::engine::{Dur, Family, Handle, List, NIL, Purpose, SimTime, Stream, Streams};
use crate::scenario::{Backoff, Clients, Jitter, Layer, Load, RetryOn, Scenario, WhenBusy};

use super::arrivals::{self, ArrivalProcess};
use super::connection::{Connection, Owner, Stage};
use super::event::Event;
use super::fact::{Cause, Fact, Outcome, PodId, Side};
use super::proxy::{REFUSED, RESET, STATUS_OK, TRUNCATED};
use super::request::{Place, Request};
use super::stream::StreamSlot;
use super::transport::{Available, OnConnection};
use super::world::{Cal, Observer, World};

/// How deep a retry budget's bucket is: what so many seconds of requests pay in.
const BUDGET_SECONDS: f64 = 10.0;
/// An opening that failed is not tried again sooner than this, whatever the backoff says: without it an eager client
/// with no backoff would ask a dead fleet without end in no time.
pub(super) const MIN_REOPEN: Dur = Dur::from_millis(100);

/// One client: its connections.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Client {
    /// Connections that can take a request, the least recently used first.
    pub(super) available: List,
    /// Requests that wait for a connection.
    pub(super) waiting: List,
    /// Connections open or being opened.
    pub(super) open: u32,
    /// Connections that the other side has ended and that were not opened anew.
    pub(super) lost: u32,
    /// Openings that failed since one stood.
    pub(super) tries: u16,
    /// Connections that it has been given a pod for.
    pub(super) routed: u32,
}

/// A population of clients.
#[derive(Clone, Debug)]
pub(super) struct Population {
    pub(super) config: Clients,
    arrivals: Option<ArrivalProcess>,
    /// The next request's number.
    ordinal: u64,
    pub(super) clients: Vec<Client>,
    pub(super) streams: Vec<StreamSlot>,
    /// Each user's number of requests so far.
    asked: Vec<u32>,
    /// Tokens of the retry budget.
    tokens: f64,
    tokens_max: f64,
    /// Work of request n.
    pub(super) service: Family,
    /// Pick of request n.
    pub(super) balance: Family,
    client: Family,
}

impl Population {
    /// All populations of `scenario`.
    pub(super) fn all(scenario: &Scenario, streams: &Streams, start: SimTime) -> Vec<Self> {
        scenario.clients.iter().enumerate().map(|(i, c)| Self::new(c, i as u64, streams, start)).collect()
    }

    fn new(config: &Clients, index: u64, streams: &Streams, start: SimTime) -> Self {
        let arrivals = match &config.load {
            Load::Open(a) => Some(ArrivalProcess::new(a, start, streams.stream(Purpose::Arrival, index))),
            _ => None,
        };
        let (clients, slots) = match config.load {
            Load::Open(_) => (config.connections.max(1), 0),
            Load::Users { count, .. } => (count, 0),
            Load::Streams { count, .. } => (0, count),
        };
        let mut population = Self {
            config: config.clone(),
            arrivals,
            ordinal: 0,
            clients: vec![Client::default(); clients as usize],
            streams: vec![StreamSlot::default(); slots as usize],
            asked: vec![0; if arrivals_less(config) { clients as usize } else { 0 }],
            tokens: 0.0,
            tokens_max: 0.0,
            service: streams.family(Purpose::Service, index),
            balance: streams.family(Purpose::Balance, index),
            client: streams.family(Purpose::Client, index),
        };
        // A budget of a rate that is not known beforehand (users) is as deep as one of a request a second each.
        let rate = population.rate_at(0.0).unwrap_or(f64::from(clients));
        let budget = config.retries.budget.unwrap_or(0.0);
        // Deep enough for one retry, unless there is to be none at all.
        population.tokens_max = if budget > 0.0 { (budget * rate * BUDGET_SECONDS).max(1.0) } else { 0.0 };
        population.tokens = population.tokens_max;
        population
    }

    pub(super) const fn load(&self) -> &Load {
        &self.config.load
    }

    /// The rate that open-loop clients are set to, `t` seconds after the start of the simulation.
    pub(super) fn rate_at(&self, t: f64) -> Option<f64> {
        match &self.config.load {
            Load::Open(a) => Some(arrivals::rate_at(a, t)),
            _ => None,
        }
    }
}

/// Whether requests come from users rather than from a process of arrivals.
const fn arrivals_less(config: &Clients) -> bool {
    matches!(config.load, Load::Users { .. })
}

/// The wait before try `k` (from 1), given the wait before the last one [ns].
pub(super) fn wait(backoff: &Backoff, k: u32, last: u64, draw: &mut Stream) -> Dur {
    if backoff.base.is_zero() {
        return Dur::ZERO;
    }
    let cap = backoff.cap.secs();
    let grown = (backoff.base.secs() * libm::pow(backoff.factor, f64::from(k.saturating_sub(1)))).min(cap);
    let u = draw.open01();
    Dur::from_secs_f64(match backoff.jitter {
        Jitter::None => grown,
        Jitter::Full => u * grown,
        Jitter::Equal => 0.5 * grown * (1.0 + u),
        Jitter::Decorrelated => {
            let (low, high) = (backoff.base.secs(), (3.0 * last as f64 / 1e9).max(backoff.base.secs()));
            (low + u * (high - low)).min(cap)
        }
    })
}

impl<O: Observer> World<O> {
    /// Opens the connections that are there from the start, and schedules the first request.
    pub(super) fn begin_open_loop(&mut self, population: u16, cal: &mut Cal) {
        let p = &self.populations[usize::from(population)];
        let clients = if p.config.preconnect { p.clients.len() as u32 } else { 0 };
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

    fn think(&self, population: u16, user: u32, cal: &mut Cal) {
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
        let before = cal.now() < SimTime::ZERO || self.control.is_none();
        self.levels.closed_loop_births += u64::from(before && cal.now() >= self.measured_from);
        self.born(population, user, ordinal, cal);
    }

    fn next_arrival(&mut self, population: u16, cal: &mut Cal) {
        let p = &mut self.populations[usize::from(population)];
        if let Some(at) = p.arrivals.as_mut().and_then(ArrivalProcess::advance) {
            self.schedule_arrival(population, at, cal);
        }
    }

    pub(super) fn on_arrival(&mut self, population: u16, cal: &mut Cal) {
        let p = &mut self.populations[usize::from(population)];
        let ordinal = p.ordinal;
        p.ordinal += 1;
        let client = p.client.stream(ordinal).below(p.clients.len() as u32);
        self.next_arrival(population, cal);
        self.born(population, client, ordinal, cal);
    }

    fn born(&mut self, population: u16, client: u32, ordinal: u64, cal: &mut Cal) {
        self.integrate(cal.now());
        self.in_system += 1;
        self.tell(cal, Fact::Born);
        let p = &mut self.populations[usize::from(population)];
        if let Some(share) = p.config.retries.budget {
            p.tokens = (p.tokens + share).min(p.tokens_max);
        }
        let proxy = self.proxy_of(client);
        let r = self.requests.insert(Request::new(cal.now(), population, client, proxy, ordinal));
        self.start_client_deadline(r, cal);
        self.begin_attempt(r, cal);
    }

    /// The client of request `r` finds a connection for it, or opens one, or lets it wait.
    fn begin_attempt(&mut self, r: u32, cal: &mut Cal) {
        let request = &mut self.requests[r];
        request.attempts = request.attempts.saturating_add(1);
        let (population, client) = (request.population, request.client);
        let p = &self.populations[usize::from(population)];
        let state = p.clients[client as usize];
        let c = state.available.tail();
        if c != NIL {
            self.take_connection(r, c, cal);
        } else if p.config.when_busy == WhenBusy::Wait && state.open > 0 {
            self.requests[r].place = Place::Waiting;
            let clients = &mut self.populations[usize::from(population)].clients;
            clients[client as usize].waiting.push_back(&mut OnConnection(&mut self.requests), r);
        } else {
            let c = self.open_for_client(population, client, cal);
            self.take_connection(r, c, cal);
        }
    }

    /// Request `r` goes on connection `c`, which is available or just being opened.
    fn take_connection(&mut self, r: u32, c: u32, cal: &mut Cal) {
        let Request { population, client, .. } = self.requests[r];
        let multiplex = self.populations[usize::from(population)].config.multiplex;
        self.requests[r].connection = c;
        match self.layer {
            // At layer 7 it is the proxy's connection that fails; the client's needs a count, and who waits for it.
            Layer::L7 if self.connections[c].stage == Stage::Open => self.connections[c].in_use += 1,
            Layer::L7 => self.board(r, c),
            Layer::L4 => self.board(r, c),
        }
        let full = self.connections[c].in_use >= multiplex;
        let clients = &mut self.populations[usize::from(population)].clients;
        let available = &mut clients[client as usize].available;
        if full {
            available.remove(&mut Available(&mut self.connections), c);
        } else if !self.connections[c].available.is_linked() {
            available.push_back(&mut Available(&mut self.connections), c);
        }
        if self.connections[c].stage == Stage::Open {
            self.send_from_client(r, c, cal);
        } else {
            self.requests[r].place = Place::Connecting;
        }
    }

    fn send_from_client(&mut self, r: u32, c: u32, cal: &mut Cal) {
        match self.layer {
            Layer::L7 => {
                let connection = &mut self.connections[c];
                connection.carried = connection.carried.saturating_add(1);
                self.requests[r].place = Place::ToProxy;
                let event = Event::AtProxy(self.requests.handle(r));
                self.client_hop.send(cal, event);
            }
            Layer::L4 => self.send_to_pod(r, c, cal),
        }
    }

    /// Opens a connection for a client: at layer 7 to its proxy, at layer 4 to a pod of its node's choice.
    fn open_for_client(&mut self, population: u16, client: u32, cal: &mut Cal) -> u32 {
        let owner = Owner::Client { population, client };
        let state = &mut self.populations[usize::from(population)].clients[client as usize];
        state.open += 1;
        let (lost, tries) = (state.lost, state.tries);
        if self.layer == Layer::L7 {
            let c = self.connections.insert(Connection::new(owner, NIL, cal.now()));
            let round_trip = self.client_hop.delay + self.client_hop.delay;
            cal.at(cal.now() + round_trip, Event::Connected(self.connections.handle(c)));
            return c;
        }
        let wait = if lost > 0 { self.reconnect_wait(population, client, u32::from(tries) + 1) } else { Dur::ZERO };
        if !wait.is_zero() {
            return self.open(owner, NIL, wait, cal);
        }
        let c = self.connections.insert(Connection::new(owner, NIL, cal.now()));
        if self.route_connection(c, cal) {
            self.send_syn(c, cal);
        }
        c
    }

    fn reconnect_wait(&self, population: u16, client: u32, k: u32) -> Dur {
        let backoff = &self.populations[usize::from(population)].config.reconnect.backoff;
        let family = self.streams.family(Purpose::ReconnectBackoff, (u64::from(population) << 32) | u64::from(client));
        // The wait before the last one, for decorrelated jitter, is that of the try before without memory of its own.
        let last = (backoff.base.secs() * libm::pow(backoff.factor, f64::from(k.saturating_sub(2)))).min(backoff.cap.secs());
        wait(backoff, k, Dur::from_secs_f64(last).nanos(), &mut family.stream(u64::from(k)))
    }

    /// Layer 4 (and a stream): sends connection `c` to the pod that its node chooses by what it believes now; with none left
    /// it is refused, and false.
    pub(super) fn route_connection(&mut self, c: u32, cal: &mut Cal) -> bool {
        let (population, member) = match self.connections[c].owner {
            Owner::Client { population, client } => (population, client),
            Owner::Stream { population, slot } => (population, slot),
            Owner::Proxy(_) => return true,
        };
        let Some(pod) = self.pick_for_connection(population, member, cal.now()) else {
            let round_trip = self.client_hop.delay + self.client_hop.delay;
            cal.at(cal.now() + round_trip, Event::ConnectRefused(self.connections.handle(c)));
            return false;
        };
        self.connections[c].pod = pod;
        self.count_connection(c, true);
        true
    }

    /// The pod for the next connection of a client or stream: its n-th pick is the same under every policy.
    fn pick_for_connection(&mut self, population: u16, member: u32, now: SimTime) -> Option<u32> {
        let p = &mut self.populations[usize::from(population)];
        let routed = match p.load() {
            Load::Streams { .. } => &mut p.streams[member as usize].routed,
            _ => &mut p.clients[member as usize].routed,
        };
        *routed += 1;
        let nth = (u64::from(member) << 26) | u64::from(*routed & 0x03FF_FFFF);
        let key = (u64::from(population) << 32) | u64::from(member);
        self.pick(self.proxy_of(member), population, nth, 0, key, [NIL; 3], now)
    }

    /// A connection that stands from the start.
    fn preconnect(&mut self, population: u16, client: u32, cal: &mut Cal) {
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
            Owner::Proxy(_) => return false,
        };
        let Some(pod) = self.pick_for_connection(population, member, cal.now()) else { return false };
        let max_age = self.versions[self.pods[pod as usize].version()].pod.keep_alive.max_age;
        if !max_age.is_zero() {
            // Somewhere in its life, as if connections had come and gone for ever: else all would end together.
            let owner = (u64::from(population) << 32) | u64::from(member);
            let age = self.streams.family(Purpose::ConnectionAge, owner).stream(u64::MAX).open01();
            self.connections[c].opened = cal.now() - max_age.scale(age);
        }
        let p = &mut self.pods[pod as usize];
        self.connections[c].pod = pod;
        self.connections[c].pod_position = p.connections.len() as u32;
        self.connections[c].stage = Stage::Open;
        p.connections.push(c);
        self.count_connection(c, true);
        self.pod_idles(c, cal);
        true
    }

    /// A client's connection stands: what waits for it goes out.
    pub(super) fn client_connected(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Client { population, client } = self.connections[c].owner else { return };
        let state = &mut self.populations[usize::from(population)].clients[client as usize];
        state.tries = 0;
        if self.layer == Layer::L7 {
            self.tell(cal, Fact::Opened { side: Side::Client, reconnect: false });
            self.send_connecting(population, client, c, cal);
        } else {
            self.send_waiting(c, cal);
        }
        if self.connections[c].in_use == 0 {
            // Its request has given up meanwhile, or it was opened eagerly.
            self.offer(c, cal);
        }
    }

    /// Layer 7: the requests that wait for the client's connection `c` go out on it.
    fn send_connecting(&mut self, population: u16, client: u32, c: u32, cal: &mut Cal) {
        // There are at most `multiplex` of them, and they are found by the connection that they took.
        let mut found = std::mem::take(&mut self.connections[c].requests);
        while let Some(r) = found.pop_front(&mut OnConnection(&mut self.requests)) {
            debug_assert_eq!((self.requests[r].population, self.requests[r].client), (population, client));
            self.send_from_client(r, c, cal);
        }
    }

    /// Connection `c` of a client can take a request: one that waits, or it goes into stock.
    pub(super) fn offer(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Client { population, client } = self.connections[c].owner else { return };
        let config = &self.populations[usize::from(population)].config;
        let worn = config.keep_alive.max_requests > 0 && self.connections[c].carried >= config.keep_alive.max_requests;
        if worn && self.connections[c].in_use == 0 {
            self.close_by_owner(c, cal);
            return self.serve_waiting(population, client, cal);
        }
        let state = &mut self.populations[usize::from(population)].clients[client as usize];
        if !state.waiting.is_empty() {
            return self.fill(c, cal);
        }
        if !self.connections[c].available.is_linked() {
            state.available.push_back(&mut Available(&mut self.connections), c);
        }
        if self.connections[c].in_use == 0 {
            self.owner_idles(c, cal);
        }
    }

    /// A client has lost a connection: whoever waits for one gets a new one.
    fn serve_waiting(&mut self, population: u16, client: u32, cal: &mut Cal) {
        let state = &mut self.populations[usize::from(population)].clients[client as usize];
        if state.open > 0 {
            return;
        }
        if !state.waiting.is_empty() {
            let c = self.open_for_client(population, client, cal);
            self.fill(c, cal);
        }
    }

    /// Those that wait for a connection of their client go on `c`, as many as it takes.
    fn fill(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Client { population, client } = self.connections[c].owner else { return };
        let multiplex = self.populations[usize::from(population)].config.multiplex;
        while self.connections[c].in_use < multiplex {
            let waiting = &mut self.populations[usize::from(population)].clients[client as usize].waiting;
            let Some(r) = waiting.pop_front(&mut OnConnection(&mut self.requests)) else { return };
            self.take_connection(r, c, cal);
        }
    }

    /// A client's connection to a pod was refused, or nobody answered.
    pub(super) fn client_connect_failed(&mut self, c: u32, unanswered: bool, cause: Cause, cal: &mut Cal) {
        let Connection { owner, eager, tries, .. } = self.connections[c];
        let Owner::Client { population, client } = owner else { return };
        self.take_from_owner(c);
        // An opening on demand knows of no tries before it but its client's.
        let state = &mut self.populations[usize::from(population)].clients[client as usize];
        let tries = if eager { tries } else { state.tries };
        state.tries = tries.saturating_add(1);
        let outcome = if unanswered { Outcome::Timeout } else { Outcome::Refused };
        while self.connections[c].requests.head() != NIL {
            let r = self.connections[c].requests.head();
            self.alight(r, c);
            self.requests[r].connection = NIL;
            self.requests[r].pod = self.connections[c].pod;
            self.attempt_failed(r, outcome, RetryOn::ConnectFailure, true, cause, cal);
        }
        self.forget(c);
        if eager {
            self.reopen_eagerly(population, client, tries.saturating_add(1), cal);
        }
        self.serve_waiting(population, client, cal);
    }

    /// A pod has closed a client's connection.
    pub(super) fn client_connection_lost(&mut self, c: u32, cal: &mut Cal) {
        self.client_connection_ended(c, true, cal);
    }

    /// Connection `c` of a client was ended by the other side; what is still on it goes down with it.
    fn client_connection_ended(&mut self, c: u32, may_reopen: bool, cal: &mut Cal) {
        let Owner::Client { population, client } = self.connections[c].owner else { return };
        self.take_from_owner(c);
        self.populations[usize::from(population)].clients[client as usize].lost += 1;
        while self.connections[c].requests.head() != NIL {
            let r = self.connections[c].requests.head();
            let (truncated, cause) = self.fate_on_lost_connection(r);
            let unsent = self.requests[r].place == Place::Connecting;
            self.alight(r, c);
            self.requests[r].connection = NIL;
            self.requests.outdate(r);
            let outcome = if truncated { Outcome::Truncated } else { Outcome::Reset };
            self.attempt_failed(r, outcome, RetryOn::Reset, unsent, cause, cal);
        }
        self.forget(c);
        if may_reopen && self.populations[usize::from(population)].config.reconnect.eager {
            self.reopen_eagerly(population, client, 0, cal);
        }
        self.serve_waiting(population, client, cal);
    }

    fn reopen_eagerly(&mut self, population: u16, client: u32, tries: u16, cal: &mut Cal) {
        let wait = self.reconnect_wait(population, client, u32::from(tries) + 1);
        let wait = if tries > 0 { wait.max(MIN_REOPEN) } else { wait };
        self.populations[usize::from(population)].clients[client as usize].open += 1;
        let c = self.connections.insert(Connection::new(Owner::Client { population, client }, NIL, cal.now()));
        self.connections[c].eager = true;
        self.connections[c].tries = tries;
        cal.at(cal.now() + wait, Event::OpenNow(self.connections.handle(c)));
    }

    /// An answer reaches the client.
    pub(super) fn on_answer_at_client(&mut self, request: Handle, cal: &mut Cal) {
        let Some(r) = self.requests.live(request) else { return };
        let Request { population, client, connection: c, status, close, pod, .. } = self.requests[r];
        let whole = status >= 100;
        if whole {
            self.tell(cal, Fact::Answer(status));
        }
        // Its connection is free again before anything else happens; a cut answer takes it with it.
        self.requests[r].connection = NIL;
        match self.layer {
            Layer::L7 => self.connections[c].in_use -= 1,
            Layer::L4 => self.alight(r, c),
        }
        let refused_by_pod = self.layer == Layer::L4 && status == REFUSED;
        let shared = self.populations[usize::from(population)].config.multiplex > 1;
        if self.layer == Layer::L4 && close {
            // Requests that were sent after its last answer had left are lost with it.
            self.client_connection_ended(c, !refused_by_pod, cal);
        } else if whole || shared {
            self.offer(c, cal);
        } else {
            self.close_by_owner(c, cal);
            self.serve_waiting(population, client, cal);
        }
        debug_assert!(pod != NIL || status != STATUS_OK);
        let cause = self.requests[r].cause;
        match status {
            STATUS_OK => self.finish(r, Outcome::Ok, None, cal),
            REFUSED => self.attempt_failed(r, Outcome::Refused, RetryOn::ConnectFailure, true, Cause::Overflow, cal),
            RESET => self.attempt_failed(r, Outcome::Reset, RetryOn::Reset, false, cause.unwrap_or(Cause::KeepAliveRace), cal),
            TRUNCATED => {
                self.attempt_failed(r, Outcome::Truncated, RetryOn::Reset, false, cause.unwrap_or(Cause::SeveredByKill), cal);
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

    /// Whether request `r` may be sent twice: its own lot, drawn only when asked for.
    pub(super) fn is_idempotent(&self, r: u32) -> bool {
        let request = &self.requests[r];
        let share = self.populations[usize::from(request.population)].config.idempotent;
        share >= 1.0 || self.streams.stream(Purpose::Idempotent, request.identity()).chance(share)
    }

    /// An attempt of request `r` has failed, perhaps before it was sent: its client tries again, or is left with `outcome`.
    fn attempt_failed(&mut self, r: u32, outcome: Outcome, class: RetryOn, unsent: bool, cause: Cause, cal: &mut Cal) {
        self.requests[r].cause = Some(cause);
        let request = self.requests[r];
        let config = &self.populations[usize::from(request.population)].config.retries;
        // An answer that was cut has begun: nobody may ask for it again behind the reader's back.
        let allowed = u32::from(request.client_retries) < config.attempts
            && outcome != Outcome::Truncated
            && config.on.contains(&class)
            && (unsent || self.is_idempotent(r));
        if !allowed || !self.spend_token(request.population) {
            return self.finish(r, outcome, Some(cause), cal);
        }
        let k = u32::from(request.client_retries) + 1;
        let backoff = &self.populations[usize::from(request.population)].config.retries.backoff;
        let mut draw = self.streams.family(Purpose::ClientBackoff, request.identity()).stream(u64::from(k));
        let wait = wait(backoff, k, request.last_wait, &mut draw);
        let request = &mut self.requests[r];
        request.client_retries += 1;
        request.last_wait = wait.nanos();
        request.place = Place::Backoff;
        cal.at(cal.now() + wait, Event::RetryDue(self.requests.handle(r)));
    }

    fn spend_token(&mut self, population: u16) -> bool {
        let p = &mut self.populations[usize::from(population)];
        if p.config.retries.budget.is_none() {
            return true;
        }
        let enough = p.tokens >= 1.0;
        p.tokens -= f64::from(u8::from(enough));
        enough
    }

    pub(super) fn on_retry_due(&mut self, request: Handle, cal: &mut Cal) {
        if let Some(r) = self.requests.live(request) {
            self.begin_attempt(r, cal);
        }
    }

    /// The client of request `r` has waited long enough: it closes its connection and is left with nothing.
    pub(super) fn client_gives_up(&mut self, r: u32, cal: &mut Cal) {
        let cause = self.cause_of_timeout(r);
        let Request { population, client, place, connection: c, close, .. } = self.requests[r];
        if place == Place::Waiting {
            let clients = &mut self.populations[usize::from(population)].clients;
            clients[client as usize].waiting.remove(&mut OnConnection(&mut self.requests), r);
        }
        // On its way to the pod it will be worked on all the same.
        let on_the_way = place == Place::ToPod;
        let multiplexed = c != NIL && self.populations[usize::from(population)].config.multiplex > 1;
        match self.layer {
            Layer::L7 => {
                self.leave_upstream_of_abandoned(r, on_the_way, cal);
                if place == Place::Connecting {
                    self.alight(r, c);
                } else if c != NIL {
                    self.connections[c].in_use -= 1;
                }
            }
            Layer::L4 if c != NIL => {
                // A pod that has closed it counts no longer what is on it.
                if matches!(place, Place::Queued | Place::Serving) && !self.connections[c].pod_closed {
                    self.connections[c].in_pod -= 1;
                }
                self.alight(r, c);
            }
            Layer::L4 => {}
        }
        self.requests[r].connection = NIL;
        if multiplexed {
            if self.layer == Layer::L4 && place == Place::Returning && close {
                // The answer that nobody reads any more was to tell of the connection's end.
                self.pod_hop.send(cal, Event::PeerClosed(self.connections.handle(c)));
            }
            self.offer(c, cal);
        } else if c != NIL {
            self.close_by_owner(c, cal);
        }
        self.end(r, Outcome::Timeout, Some(cause), cal);
        if on_the_way {
            self.requests[r].abandoned = true;
        } else {
            self.requests.remove(r);
        }
        self.after_end(population, client, cal);
        self.serve_waiting(population, client, cal);
    }

    fn leave_upstream_of_abandoned(&mut self, r: u32, on_the_way: bool, cal: &mut Cal) {
        self.stop_proxy_deadline(r);
        self.release_retry(r);
        let pod = self.requests[r].pod;
        self.leave_upstream(r, cal);
        if on_the_way {
            self.requests[r].pod = pod;
        }
    }

    /// Request `r` is over.
    fn finish(&mut self, r: u32, outcome: Outcome, cause: Option<Cause>, cal: &mut Cal) {
        let Request { population, client, .. } = self.requests[r];
        self.end(r, outcome, cause, cal);
        self.requests.remove(r);
        self.after_end(population, client, cal);
    }

    /// Accounts for the end of request `r`, once.
    pub(super) fn end(&mut self, r: u32, outcome: Outcome, cause: Option<Cause>, cal: &Cal) {
        self.stop_client_deadline(r);
        self.integrate(cal.now());
        self.in_system -= 1;
        let request = &self.requests[r];
        self.sojourn_sum += u128::from(cal.now().since(request.born).nanos());
        let fact = Fact::Ended {
            born: request.born,
            outcome,
            cause,
            attempts: request.attempts,
            stream: request.place == Place::Streaming,
            identity: request.identity(),
            pod: (request.pod != NIL).then_some(PodId(request.pod)),
        };
        self.tell(cal, fact);
    }

    /// A user thinks again after the end of a request.
    fn after_end(&mut self, population: u16, client: u32, cal: &mut Cal) {
        if matches!(self.populations[usize::from(population)].load(), Load::Users { .. }) {
            self.think(population, client, cal);
        }
    }
}
