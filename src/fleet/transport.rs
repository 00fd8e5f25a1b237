//! Connections coming and going: who accepts, who refuses, who does not answer; and who learns of an end, and when.

use crate::engine::{Arena, Dur, Handle, Linked, Links, NIL, SimTime};
use crate::scenario::{Layer, Sharing};

use super::connection::{Connection, Going, Owner, Stage};
use super::event::Event;
use super::fact::{Cause, Fact, Side};
use super::lifecycle::Phase;
use super::pod::Pod;
use super::request::{Job, Place, Request};
use super::world::{Cal, Observer, World};

/// The requests, linked by the connection to the pod that carries them (or by the wait for one).
pub(super) struct OnConnection<'a>(pub(super) &'a mut Arena<Request>);
impl Linked for OnConnection<'_> {
    #[inline]
    fn links(&mut self, i: u32) -> &mut Links {
        &mut self.0[i].on_connection
    }
}

/// The connections, linked by their owner's stock of available ones.
pub(super) struct Available<'a>(pub(super) &'a mut Arena<Connection>);
impl Linked for Available<'_> {
    #[inline]
    fn links(&mut self, i: u32) -> &mut Links {
        &mut self.0[i].available
    }
}

/// What a connection request finds.
enum Reception {
    Accepted,
    Refused,
    /// Refused by a pod that has as many as it takes.
    Full,
    Unanswered,
}

impl<O: Observer> World<O> {
    /// The side that an owner's connections to pods count for.
    pub(super) fn side(&self, owner: Owner) -> Side {
        match (owner, self.layer) {
            (Owner::Proxy(_) | Owner::Front(_), _) | (Owner::Stream { .. }, Layer::L7) => Side::Upstream,
            (Owner::Client { .. }, _) | (Owner::Stream { .. }, Layer::L4) => Side::Client,
        }
    }

    /// A new connection of `owner` to `pod`, which will be asked for after `wait`.
    pub(super) fn open(&mut self, owner: Owner, pod: u32, wait: Dur, cal: &mut Cal) -> u32 {
        let c = self.connections.insert(Connection::new(owner, pod, cal.now()));
        if wait.is_zero() {
            self.send_syn(c, cal);
        } else {
            cal.at(cal.now() + wait, Event::OpenNow(self.connections.handle(c)));
        }
        c
    }

    pub(super) fn on_open_now(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        self.connections[c].opened = cal.now();
        if self.connections.upkeep(c).redials > 0 {
            return self.redial(c, cal);
        }
        if let Owner::Client { population, client } = self.connections[c].owner {
            self.populations[usize::from(population)].upkeep[client as usize].pausing = Handle::NONE;
        }
        if self.layer == Layer::L7
            && let Owner::Client { client, .. } = self.connections[c].owner
        {
            return self.dial_proxy(c, client, cal);
        }
        // A client or stream at layer 4 is sent to a pod when it asks, not when it decides to.
        if self.route_connection(c, cal) {
            self.send_syn(c, cal);
        }
    }

    pub(super) fn send_syn(&mut self, c: u32, cal: &mut Cal) {
        let event = Event::Syn(self.connections.handle(c));
        match self.handshake.round_trips {
            0 => cal.at(cal.now(), event),
            _ => self.pod_hop.send(cal, event),
        }
    }

    /// Tells the opener what became of its attempt, when all round trips of it are over.
    pub(super) fn send_to_opener(&mut self, event: Event, cal: &mut Cal) {
        match self.handshake.round_trips {
            0 => cal.at(cal.now(), event),
            1 => self.pod_hop.send(cal, event),
            n => cal.at(cal.now() + self.pod_hop.delay.scale(f64::from(2 * n - 1)), event),
        }
    }

    fn reception(&self, pod: &Pod, now: SimTime) -> Reception {
        let version = &self.versions[pod.version()].pod;
        // Where a worker is free, or none is needed, nothing has to wait.
        let waits = || !self.handshake.time.is_zero() && (!pod.workers.any_free() || !pod.queue.is_empty());
        if pod.is_silent(now) {
            Reception::Unanswered
        } else if pod.sidecar != 0 {
            Reception::Accepted
        } else if !pod.listening {
            Reception::Refused
        } else if version.max_connections > 0 && pod.connections.len() >= version.max_connections as usize {
            Reception::Full
        } else if pod.waiting_handshakes >= version.backlog && waits() {
            Reception::Unanswered
        } else {
            Reception::Accepted
        }
    }

    /// A connection request reaches the pod.
    pub(super) fn on_syn(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        let Connection { owner, pod, opened, .. } = self.connections[c];
        self.knows_backlog(pod, cal);
        match self.reception(&self.pods[pod as usize], cal.now()) {
            Reception::Refused => self.send_refusal(connection, cal),
            Reception::Full => {
                self.connections.upkeep_mut(c).crowded_out = true;
                self.send_refusal(connection, cal);
            }
            Reception::Unanswered => {
                let at = (opened + self.balancer.connect_timeout).max(cal.now());
                cal.at(at, Event::ConnectTimeout(connection));
            }
            Reception::Accepted => {
                let reconnect = self.count_reconnect(owner);
                self.tell(cal, Fact::Opened { side: self.side(owner), reconnect });
                self.connections.upkeep_mut(c).reconnect = reconnect;
                let p = &mut self.pods[pod as usize];
                self.connections.upkeep_mut(c).pod_position = p.connections.len() as u32;
                self.connections[c].stage = Stage::Accepted;
                p.connections.push(c);
                if self.handshake.time.is_zero() || p.sidecar != 0 {
                    self.stands_at_pod(c, cal);
                } else {
                    self.admit(pod, Job::Handshake(connection), cal);
                }
            }
        }
    }

    /// Takes one from what the opener has lost: then this opening is a reconnect.
    pub(super) fn count_reconnect(&mut self, owner: Owner) -> bool {
        let lost = match owner {
            Owner::Proxy(proxy) | Owner::Front(proxy) => &mut self.proxies[usize::from(proxy)].lost,
            Owner::Client { population, client } => {
                &mut self.populations[usize::from(population)].upkeep[client as usize].lost
            }
            Owner::Stream { population, slot } => {
                &mut self.populations[usize::from(population)].streams[slot as usize].lost
            }
        };
        let reconnect = *lost > 0;
        *lost -= u32::from(reconnect);
        reconnect
    }

    /// A refusal comes with the first answer: nobody shakes hands.
    fn send_refusal(&mut self, connection: Handle, cal: &mut Cal) {
        match self.handshake.round_trips {
            0 => cal.at(cal.now(), Event::ConnectRefused(connection)),
            _ => self.pod_hop.send(cal, Event::ConnectRefused(connection)),
        }
    }

    /// The pod has shaken hands: its opener learns of it one hop later.
    pub(super) fn stands_at_pod(&mut self, c: u32, cal: &mut Cal) {
        self.connections[c].stage = Stage::Handshaking;
        if O::TIERED {
            self.connected_behind(c, cal);
        }
        // A stream stands when its whole way does.
        if !(O::TIERED && self.extend_stream(c, cal)) {
            self.send_to_opener(Event::Connected(self.connections.handle(c)), cal);
        }
        self.pod_idles(c, cal);
        if self.connections.upkeep(c).close_silently {
            // The pod has begun to drain meanwhile, and closes what is idle.
            self.close_by_pod(c, false, cal);
        }
    }

    /// The opener learns that its connection stands.
    pub(super) fn on_connected(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        if self.connections[c].owner_closed {
            return;
        }
        self.connections[c].stage = Stage::Open;
        self.connections[c].opened = cal.now();
        match self.connections[c].owner {
            Owner::Client { .. } => self.client_connected(c, cal),
            Owner::Proxy(_) => {
                self.send_waiting(c, cal);
            }
            Owner::Stream { .. } => self.stream_connected(c, cal),
            Owner::Front(_) => {}
        }
    }

    /// Everything that waited for connection `c` goes out on it. Whether that is a request that does so calmly.
    pub(super) fn send_waiting(&mut self, c: u32, cal: &mut Cal) -> bool {
        let mut calmly = false;
        let mut r = self.connections[c].requests.head();
        while r != NIL {
            let next = self.requests[r].on_connection.next();
            if matches!(self.requests[r].place, Place::Connecting | Place::UpConnecting) {
                calmly = self.settles(r, c, cal);
                if !calmly {
                    self.send_to_pod(r, c, cal);
                }
            }
            r = next;
        }
        calmly
    }

    /// Request `r` leaves for the pod on connection `c`, which stands.
    #[inline(always)]
    pub(super) fn send_to_pod(&mut self, r: u32, c: u32, cal: &mut Cal) {
        let connection = &mut self.connections[c];
        connection.carried = connection.carried.saturating_add(1);
        let (request, handle) = self.requests.with_handle(r);
        request.leaves_for(connection.pod);
        if self.pod_hop.is_instant() {
            return self.arrive_at_pod(r, cal);
        }
        self.pod_hop.send(cal, Event::AtPod(handle));
    }

    pub(super) fn on_connect_refused(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        // No pod to ask means that the table was empty; a pod that refuses is not what the table said, unless it is full.
        let cause = match self.connections[c].pod {
            NIL => Cause::NoEndpoints,
            _ if self.connections.upkeep(c).crowded_out => Cause::Overflow,
            _ => Cause::StaleRoute,
        };
        self.connect_failed(c, false, cause, cal);
    }

    pub(super) fn on_connect_timeout(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        let gone = self.pods[self.connections[c].pod as usize].phase == Phase::Terminated;
        let cause = if gone { Cause::StaleRoute } else { Cause::Overflow };
        self.connect_failed(c, true, cause, cal);
    }

    fn connect_failed(&mut self, c: u32, unanswered: bool, cause: Cause, cal: &mut Cal) {
        let owner = self.connections[c].owner;
        self.tell(cal, Fact::ConnectFailed(self.side(owner)));
        self.resolve_after_loss(owner, cal);
        if self.redials(c, cal) {
            return;
        }
        match owner {
            Owner::Client { .. } => self.client_connect_failed(c, unanswered, cause, cal),
            Owner::Proxy(_) => self.proxy_connect_failed(c, unanswered, cause, cal),
            Owner::Stream { .. } => self.stream_connect_failed(c, cal),
            Owner::Front(_) => {}
        }
    }

    /// Takes connection `c` out of its pod's list.
    pub(super) fn leave_pod(&mut self, c: u32) {
        let (pod, position) = (self.connections[c].pod, self.connections.upkeep(c).pod_position);
        if position == NIL {
            return;
        }
        let p = &mut self.pods[pod as usize];
        p.connections.swap_remove(position as usize);
        if let Some(&moved) = p.connections.get(position as usize) {
            self.connections.upkeep_mut(moved).pod_position = position;
        }
        self.connections.upkeep_mut(c).pod_position = NIL;
    }

    /// The pod closes connection `c`; its owner learns of it one hop later. What is in the pod on it is lost.
    pub(super) fn close_by_pod(&mut self, c: u32, told: bool, cal: &mut Cal) {
        if self.connections[c].pod_closed {
            return;
        }
        self.connections[c].pod_closed = true;
        self.connections.upkeep_mut(c).told = told;
        if O::TIERED {
            self.disconnected_behind(c, cal);
        }
        self.leave_pod_with_stream(c);
        self.leave_pod(c);
        self.pod_hop.send(cal, Event::PeerClosed(self.connections.handle(c)));
    }

    /// The owner learns that the pod has closed its connection.
    pub(super) fn on_peer_closed(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        self.resolve_after_loss(self.connections[c].owner, cal);
        match self.connections[c].owner {
            Owner::Client { .. } => self.client_connection_lost(c, cal),
            Owner::Proxy(_) => self.proxy_connection_lost(c, cal),
            Owner::Stream { .. } => self.stream_connection_lost(c, cal),
            Owner::Front(_) => {}
        }
    }

    /// The owner closes connection `c`, which carries nothing of worth any more; the pod learns of it one hop later.
    pub(super) fn close_by_owner(&mut self, c: u32, cal: &mut Cal) {
        self.take_from_owner(c);
        let Connection { owner, pod, stage, .. } = self.connections[c];
        if matches!(owner, Owner::Proxy(_)) {
            self.circuit_closes(c, cal);
        }
        if stage == Stage::Opening && pod != NIL {
            // Whoever asked has given up before anybody accepted.
            self.tell(cal, Fact::ConnectFailed(self.side(owner)));
        }
        let connection = &mut self.connections[c];
        connection.owner_closed = true;
        if connection.pod == NIL || connection.pod_closed || connection.stage == Stage::Opening {
            self.drop_private(c, cal);
            self.forget(c);
        } else {
            self.pod_hop.send(cal, Event::OwnerClosed(self.connections.handle(c)));
        }
    }

    /// The pod learns that connection `c` was closed.
    pub(super) fn on_owner_closed(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        let pod = self.connections[c].pod;
        if O::TIERED {
            self.disconnected_behind(c, cal);
        }
        self.leave_pod(c);
        self.forget(c);
        self.reader_gone(pod, cal);
        self.exit_if_drained(pod, cal);
    }

    /// Connection `c` is no more, on either side.
    #[inline]
    pub(super) fn forget(&mut self, c: u32) {
        if self.connections.upkeep(c).counted {
            self.count_connection(c, false);
        }
        self.connections.remove(c);
    }

    /// Layer 4 (and a stream): connection `c` counts, or no longer, among what its node has at its pod.
    pub(super) fn count_connection(&mut self, c: u32, counts: bool) {
        let Connection { owner, pod, .. } = self.connections[c];
        // Whether a proxy's own is counted is for its circuit breakers to say.
        if matches!(owner, Owner::Proxy(_) | Owner::Front(_)) {
            return;
        }
        self.connections.upkeep_mut(c).counted = counts;
        let proxy = self.proxy_of_connection(c);
        let position = self.links[self.link(proxy, pod)].position;
        if position != NIL {
            let table = &mut self.proxies[usize::from(proxy)].process.table;
            table.connects(position, counts);
        }
    }

    /// Forgets connection `c` on its owner's side: no stock, no idle time-out.
    #[inline(always)]
    pub(super) fn take_from_owner(&mut self, c: u32) {
        match self.connections[c].owner {
            // It was given up when its end was announced.
            Owner::Client { .. } if self.connections.upkeep(c).going != Going::Not => {}
            Owner::Client { population, client } => {
                let p = &mut self.populations[usize::from(population)].clients[client as usize];
                p.available.remove(&mut Available(&mut self.connections), c);
                p.open -= 1;
            }
            Owner::Proxy(proxy) => {
                let link = self.link(proxy, self.connections[c].pod);
                self.links[link].idle.retain(|&idle| idle != c);
                if self.balancer.upstream.share == Sharing::Client {
                    self.private.retain(|_, &mut idle| idle != c);
                }
            }
            Owner::Stream { .. } | Owner::Front(_) => {}
        }
    }
}
