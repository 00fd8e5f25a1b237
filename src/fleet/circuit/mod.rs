//! What a proxy may have at all its pods together, in connections, in requests that wait for one, and in requests under way: Envoy's circuit
//! breakers. What goes beyond is answered at once, and not tried again.
//!
//! A request that finds no idle connection to its pod waits for one: for its own, if one more may be opened, or in line for those of others
//! to the same pod. A pod that there is no connection to gets one in any case, so that whoever waits there waits for something.

mod line;

use std::collections::{BTreeMap, VecDeque};

use crate::engine::{Handle, NIL};
use crate::scenario::Upstream;

use super::connection::{Owner, Stage};
use super::fact::Cause;
use super::failure::Failure;
use super::request::Place;
use super::world::{Cal, Observer, World};

/// From which proxy to which pod: proxies come and go where they are rolled, so that the number of a link is none to keep.
type Way = (u16, u32);

/// An attempt at a request: stale once the request is over, or tried again.
type Attempt = (Handle, u16);

/// The limits, and what they are held against.
#[derive(Clone, Debug)]
pub(super) struct Circuits {
    /// Whether there are any.
    pub(super) limited: bool,
    /// Whether a connection that becomes idle may be waited for, or not every idle one may be used.
    pub(super) strained: bool,
    /// How many proxies stand together: the workers of one.
    workers: u16,
    /// At most so many connections; requests that wait for one; requests that have one. [`u32::MAX`] = any number.
    connections: u32,
    waiting: u32,
    requests: u32,
    /// Whether each connection carries one request at a time.
    one_each: bool,
    /// By proxy, its workers together.
    of: Vec<Circuit>,
    /// How many connections there are, where there are any.
    open: BTreeMap<Way, u32>,
    /// Who waits for one of these, whoever came first before the others.
    lines: BTreeMap<Way, VecDeque<Attempt>>,
}

/// What one proxy has.
#[derive(Clone, Debug, Default)]
struct Circuit {
    /// Its connections.
    open: u32,
    /// Requests that wait for one, and some that no longer do.
    waiting: Vec<Attempt>,
    /// So many more requests fit in for certain.
    room: u32,
}

impl Circuits {
    pub(super) fn new(of: &Upstream, proxies: u32, workers: u32) -> Self {
        let most = |limit: u32| if limit == 0 { u32::MAX } else { limit };
        let limits = [of.max_connections, of.max_pending_requests, of.max_requests];
        let limited = limits.iter().any(|&limit| limit > 0);
        Self {
            limited,
            strained: false,
            workers: workers as u16,
            connections: most(limits[0]),
            waiting: most(limits[1]),
            requests: most(limits[2]),
            one_each: of.max_streams <= 1,
            of: vec![Circuit::default(); if limited { proxies as usize } else { 0 }],
            open: BTreeMap::new(),
            lines: BTreeMap::new(),
        }
    }

    fn of(&mut self, proxy: u16) -> &mut Circuit {
        let own = usize::from(proxy / self.workers);
        if self.of.len() <= own {
            self.of.resize(own + 1, Circuit::default());
        }
        &mut self.of[own]
    }

    fn open_on(&mut self, way: Way) -> &mut u32 {
        self.open.entry(way).or_default()
    }

    /// Whether one more connection may be opened there: there is room, or it would be the only one.
    fn may_open(&mut self, way: Way) -> bool {
        *self.open_on(way) == 0 || self.of(way.0).open < self.connections
    }

    /// Whether a proxy with so many connections can have more requests on them than it may.
    const fn can_fill(&self, open: u32) -> bool {
        self.requests != u32::MAX && (open > self.requests || !self.one_each)
    }

    fn see_whether_strained(&mut self) {
        let crowded = |circuit: &Circuit| circuit.open > self.requests;
        self.strained = !self.lines.is_empty() || self.of.iter().any(crowded);
    }

    /// What they take (bytes).
    pub(super) fn bytes(&self) -> usize {
        let waiting: usize = self.of.iter().map(|circuit| circuit.waiting.capacity()).sum();
        let in_line: usize = self.lines.values().map(VecDeque::capacity).sum();
        (waiting + in_line) * size_of::<Attempt>() + self.open.len() * size_of::<(Way, u32)>()
    }
}

impl<O: Observer> World<O> {
    /// Whether request `r` may go on connection `c`, or where there is none with room, whether one may be opened for it. Else that has been
    /// seen to: it waits in line, or is answered.
    #[cold]
    pub(super) fn may_board(&mut self, r: u32, c: Option<u32>, proxy: u16, pod: u32, cal: &mut Cal) -> bool {
        let waits = c.is_none_or(|c| self.connections[c].stage != Stage::Open);
        if waits && !self.may_wait(proxy) {
            self.overflows(r, cal);
            return false;
        }
        if c.is_none() && !self.circuits.may_open((proxy, pod)) {
            self.note_waiting(r, proxy);
            self.stand_in_line(r, (proxy, pod), cal);
            return false;
        }
        if !self.may_begin(proxy, cal) {
            self.overflows(r, cal);
            return false;
        }
        if waits {
            self.note_waiting(r, proxy);
        }
        true
    }

    fn present_attempt(&self, r: u32) -> Attempt {
        (self.requests.handle(r), self.requests[r].attempts)
    }

    /// Limits leave no room for request `r`.
    fn overflows(&mut self, r: u32, cal: &mut Cal) {
        let proxy = self.requests[r].proxy;
        self.uncount_active(r, proxy, cal);
        self.requests[r].pod = NIL;
        self.proxy_failed(r, Failure::Overflow, Cause::Overflow, cal);
    }

    /// Whether one more request of `proxy` may wait for a connection.
    fn may_wait(&mut self, proxy: u16) -> bool {
        let most = self.circuits.waiting as usize;
        let circuit = self.circuits.of(proxy);
        if circuit.waiting.len() < most {
            return true;
        }
        let mut noted = std::mem::take(&mut circuit.waiting);
        noted.retain(|&attempt| self.waits(attempt).is_some());
        let room = noted.len() < most;
        self.circuits.of(proxy).waiting = noted;
        room
    }

    /// What must hold at the end of every run.
    ///
    /// # Panics
    /// If a connection was counted twice, or is still counted that is no more; if somebody waits where there is no connection.
    pub(super) fn assert_circuits(&self) {
        let counted = self.connections.counted().filter(|c| matches!(c.owner, Owner::Proxy(_))).count();
        let by_proxy: usize = self.circuits.of.iter().map(|circuit| circuit.open as usize).sum();
        let by_way: usize = self.circuits.open.values().map(|&open| open as usize).sum();
        assert_eq!((by_proxy, by_way), (counted, counted), "connections of proxies: counted and found");
        let served = |(way, line): (&Way, &VecDeque<Attempt>)| {
            self.circuits.open.get(way).is_some_and(|&open| open > 0)
                || line.iter().all(|&attempt| self.waits(attempt).is_none())
        };
        assert!(self.circuits.lines.iter().all(served), "requests wait for connections that nobody has");
    }

    /// Request `r` waits for a connection of `proxy` from now on, for this attempt's.
    fn note_waiting(&mut self, r: u32, proxy: u16) {
        if self.circuits.waiting != u32::MAX {
            let attempt = self.present_attempt(r);
            self.circuits.of(proxy).waiting.push(attempt);
        }
    }

    /// The request of an attempt that still waits for a connection.
    fn waits(&self, (request, attempt): Attempt) -> Option<u32> {
        let r = self.requests.live(request)?;
        let request = &self.requests[r];
        let waits = matches!(request.place, Place::UpConnecting | Place::AtProxy);
        (waits && request.attempts == attempt).then_some(r)
    }

    /// Whether one more request of `proxy` may have a connection; it has one from now on.
    fn may_begin(&mut self, proxy: u16, cal: &Cal) -> bool {
        let most = self.circuits.requests;
        let open = self.circuits.of(proxy).open;
        if !self.circuits.can_fill(open) {
            return true;
        }
        if self.circuits.of(proxy).room == 0 {
            // None that has begun since the last look is missed, as each has taken of the room.
            self.catch_up_all(cal.now());
            let room = most.saturating_sub(self.requests_on_connections(proxy));
            self.circuits.of(proxy).room = room;
        }
        let room = &mut self.circuits.of(proxy).room;
        let any = *room > 0;
        *room -= u32::from(any);
        any
    }

    /// Requests of `proxy`, all workers together, that have a connection to a pod, or one that is being opened.
    fn requests_on_connections(&self, proxy: u16) -> u32 {
        let workers = self.circuits.workers;
        let own = |owner: Owner| matches!(owner, Owner::Proxy(other) if other / workers == proxy / workers);
        self.connections.iter().filter(|c| own(c.owner)).map(|c| c.in_use).sum()
    }

    /// Connection `c` of `proxy` is opened.
    pub(super) fn circuit_opens(&mut self, c: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        if !self.circuits.limited {
            return;
        }
        self.connections.upkeep_mut(c).counted = true;
        *self.circuits.open_on((proxy, pod)) += 1;
        let circuit = self.circuits.of(proxy);
        circuit.open += 1;
        let open = circuit.open;
        if self.circuits.one_each && open > self.circuits.requests && !self.circuits.strained {
            // Requests have gone without a look until now, and calm ones always do.
            self.circuits.of(proxy).room = 0;
            self.circuits.strained = true;
            self.end_calm(cal);
        }
    }

    /// A proxy has no longer connection `c`: who waits for a connection to its pod may get another one.
    pub(super) fn circuit_closes(&mut self, c: u32, cal: &mut Cal) {
        if !self.circuits.limited || !std::mem::take(&mut self.connections.upkeep_mut(c).counted) {
            return;
        }
        let Owner::Proxy(proxy) = self.connections[c].owner else { return };
        let pod = self.connections[c].pod;
        let way = (proxy, pod);
        *self.circuits.open_on(way) -= 1;
        self.circuits.of(proxy).open -= 1;
        if self.circuits.strained {
            self.circuits.see_whether_strained();
        }
        if self.circuits.lines.contains_key(&way)
            && self.circuits.may_open(way)
            && let Some(r) = self.next_in_line(way)
        {
            self.count_active(r, cal.now());
            self.open_for(r, proxy, pod, cal);
        }
    }
}
