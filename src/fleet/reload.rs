//! A proxy replaced by a new process of itself: what the old one does with its connections, and how long it lives on.

use crate::engine::{Handle, NIL, Purpose, SimTime};
use crate::scenario::{Layer, Sharing};

use super::balancer::Host;
use super::connection::{Owner, Stage};
use super::event::Event;
use super::fact::{Cause, Outcome};
use super::process::{Process, ring_salt};
use super::proxy::{RESET, TRUNCATED};
use super::request::{Place, Request};
use super::transport::OnConnection;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Every proxy is reloaded, or begins to go.
    pub(super) fn reload_all(&mut self, cal: &mut Cal) {
        self.end_calm(cal);
        if self.layer == Layer::L4 {
            // Nobody there has connections of its own.
            return;
        }
        let drain = self.balancer.reload.drain;
        for proxy in 0..self.proxies.len() as u16 {
            if drain.is_zero() {
                self.want_reload(proxy, None, cal);
            } else {
                self.proxies[usize::from(proxy)].draining_since = Some(cal.now());
                cal.at(cal.now() + drain, Event::ListenerOver(proxy));
            }
        }
    }

    /// A draining proxy listens no more.
    pub(super) fn listener_over(&mut self, proxy: u16) {
        self.proxies[usize::from(proxy)].listens = false;
        if O::TIERED {
            self.deaf_before(proxy);
        }
    }

    /// A reload of `proxy` is asked for, perhaps for the sake of a change of its table.
    pub(super) fn want_reload(&mut self, proxy: u16, change: Option<(u32, bool)>, cal: &mut Cal) {
        let p = &mut self.proxies[usize::from(proxy)];
        p.changes.extend(change);
        p.reload_wanted = true;
        self.begin_reload(proxy, cal);
    }

    /// The reload that is wanted begins, unless one is under way: then that comes first.
    pub(super) fn begin_reload(&mut self, proxy: u16, cal: &mut Cal) {
        self.end_calm(cal);
        let p = &mut self.proxies[usize::from(proxy)];
        if !p.reload_wanted || p.reloading.is_some() {
            return;
        }
        if p.next_reload > cal.now() {
            return cal.at(p.next_reload, Event::ReloadAgain(proxy));
        }
        p.reload_wanted = false;
        p.reloading = Some(p.changes.len());
        cal.at(cal.now() + self.balancer.reload.takes, Event::Reloaded(proxy));
    }

    /// The new process takes over: new connections are its own, and its table is the changed one. The old one lives on with
    /// what it has.
    pub(super) fn on_reloaded(&mut self, proxy: u16, cal: &mut Cal) {
        let p = &mut self.proxies[usize::from(proxy)];
        let Some(read) = p.reloading.take() else { return };
        p.next_reload = cal.now() + self.balancer.reload.gap;
        let generation = p.generation;
        let mut old = p.process.clone();
        old.table.lift_limit();
        p.old.push((generation, old));
        p.generation = p.generation.wrapping_add(1);
        p.retries = 0;
        p.budget = None;
        let pods: Vec<u32> = p.process.table.iter().map(|h| h.pod).collect();
        for pod in pods {
            self.drop_idle(proxy, pod, cal);
        }
        // What is under way is the old process's: the new one knows nothing of it.
        for r in 0..self.requests.capacity() {
            let request = &mut self.requests[r];
            if request.place != Place::Over && request.proxy == proxy {
                request.counted = false;
                request.holds_retry = false;
            }
        }
        let p = &mut self.proxies[usize::from(proxy)];
        let fresh = Process::new(&self.balancer, ring_salt(self.streams));
        let Process { table, terminating, .. } = std::mem::replace(&mut p.process, fresh);
        p.process.terminating = terminating;
        for h in table.iter() {
            p.process.table.push(Host { revision: h.revision, zone: h.zone, ..Host::new(h.pod, h.added) });
        }
        self.table_changed(proxy);
        let changes: Vec<(u32, bool)> = self.proxies[usize::from(proxy)].changes.drain(..read).collect();
        for (pod, routed) in changes {
            self.change_table(proxy, pod, routed, cal);
        }
        self.old_quits(proxy, generation, cal);
        self.begin_reload(proxy, cal);
    }

    /// The old process is told to quit: idle connections of clients are closed, busy ones with their answer. One that has
    /// never carried a request stays, and its first one will be the old process's.
    fn old_quits(&mut self, proxy: u16, generation: u16, cal: &mut Cal) {
        for c in self.idle_of(proxy, generation) {
            if self.connections[c].carried > 0 {
                self.close_in_a_while(c, generation, cal);
            }
        }
        for r in 0..self.requests.capacity() {
            let request = self.requests[r];
            let c = request.connection;
            let sent = !matches!(request.place, Place::Over | Place::Waiting | Place::Connecting | Place::Backoff);
            if request.proxy != proxy || c == NIL || !sent || self.connections[c].stage != Stage::Open {
                continue;
            }
            // Where the answer has begun it has promised to keep the connection.
            let streamed = self.populations[usize::from(request.population)].config.streamed_response;
            let begun = self.balancer.reload.closes_late && streamed && request.place == Place::Serving;
            self.connections.upkeep_mut(c).close_silently = begun;
            self.connections[c].close_announced = !begun;
        }
        let reload = self.balancer.reload;
        if !reload.shutdown_timeout.is_zero() {
            let at = cal.now() + reload.shutdown_timeout;
            let both = !reload.linger.is_zero();
            cal.at(at, Event::OldStops { proxy, generation, exits: !both });
            if both {
                cal.at(at + reload.linger, Event::OldStops { proxy, generation, exits: true });
            }
        }
    }

    /// The idle connections that clients have to a process, or to one before it.
    fn idle_of(&self, proxy: u16, generation: u16) -> Vec<u32> {
        if O::TIERED && self.has_tier_before() {
            return self.idle_mirrors(proxy, generation);
        }
        let mut idle = Vec::new();
        for p in &self.populations {
            for (client, state) in p.clients.iter().enumerate() {
                if self.proxy_of(client as u32) != proxy {
                    continue;
                }
                let available = super::world::members(state.available, |c| self.connections[c].available.next());
                idle.extend(available.filter(|&c| {
                    let connection = &self.connections[c];
                    let generation_of = self.connections.upkeep(c).generation;
                    connection.in_use == 0 && !connection.pod_closed && generation_of <= generation
                }));
            }
        }
        idle
    }

    /// Closes an idle connection of a client at its moment in the window.
    fn close_in_a_while(&mut self, c: u32, generation: u16, cal: &mut Cal) {
        let spread = self.balancer.reload.close_spread;
        if spread.is_zero() {
            return self.close_by_proxy(c, cal);
        }
        let family = self.streams.family(Purpose::CloseSpread, u64::from(generation));
        let wait = spread.scale(family.stream(u64::from(c)).open01());
        cal.at(cal.now() + wait, Event::OldCloses(self.connections.handle(c)));
    }

    /// The moment has come; a connection that has become busy ends with its answer instead.
    pub(super) fn on_old_closes(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        if self.connections[c].in_use == 0 {
            self.close_by_proxy(c, cal);
        } else {
            self.connections[c].close_announced = true;
        }
    }

    /// A proxy closes an idle connection of a client, who learns of it one hop later.
    fn close_by_proxy(&mut self, c: u32, cal: &mut Cal) {
        if O::TIERED && self.has_tier_before() {
            return self.close_mirror(c, cal);
        }
        if !std::mem::replace(&mut self.connections[c].pod_closed, true) {
            self.client_hop.send(cal, Event::PeerClosed(self.connections.handle(c)));
        }
    }

    /// Request `r` has reached a proxy that has been reloaded: whether it is received. An old process answers it as its
    /// connection's last; one that has closed the connection meanwhile does not.
    pub(super) fn enter_old_process(&mut self, r: u32) -> bool {
        let c = self.requests[r].connection;
        if self.connections[c].pod_closed {
            // The client learns of the end of the connection, and with it of the request's.
            self.requests[r].place = Place::ToProxy;
            return false;
        }
        if self.old_process_of(r).is_some() {
            self.connections[c].close_announced = true;
        }
        true
    }

    /// The proxy has ended connection `c` with the last answer. Without a word of it, a request that has waited for that
    /// answer is sent at once, into the end of the connection.
    pub(super) fn proxy_ends_connection(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Client { population, client } = self.connections[c].owner else { return };
        if self.connections.upkeep(c).close_silently {
            let waiting = &mut self.populations[usize::from(population)].upkeep[client as usize].waiting;
            if let Some(r) = waiting.pop_front(&mut OnConnection(&mut self.requests)) {
                self.requests[r].at_proxy = cal.now();
                let class = self.connections[c].reset_class();
                self.attempt_failed(r, Outcome::Reset, class, false, Cause::KeepAliveRace, cal);
            }
        }
        self.client_connection_ended(c, true, cal);
    }

    /// Client connection `c` was ended by its proxy: what was sent on it meanwhile is lost, and what the proxy kept for it alone
    /// is closed.
    pub(super) fn lost_by_proxy(&mut self, c: u32, cal: &mut Cal) {
        if self.connections[c].in_use > 0 {
            for r in self.in_order_of_birth(|r| r.connection == c && r.place == Place::ToProxy) {
                self.connections[c].in_use -= 1;
                self.requests[r].connection = NIL;
                self.requests.outdate(r);
                let class = self.connections[c].reset_class();
                self.attempt_failed(r, Outcome::Reset, class, false, Cause::KeepAliveRace, cal);
            }
        }
        self.drop_private(c, cal);
    }

    /// What the proxy keeps for the client's connection `c` alone is closed with it.
    #[inline]
    pub(super) fn drop_private(&mut self, c: u32, cal: &mut Cal) {
        if self.balancer.upstream.share == Sharing::Client {
            let own = self.private.iter().filter(|((_, of), _)| *of == c).map(|(_, &upstream)| upstream);
            for upstream in own.collect::<Vec<_>>() {
                self.close_by_owner(upstream, cal);
            }
        }
    }

    /// The requests of a kind that are under way: by who they are, not by where their records happen to stand.
    fn in_order_of_birth(&self, kind: impl Fn(&Request) -> bool) -> Vec<u32> {
        let of_kind = |&r: &u32| self.requests[r].place != Place::Over && kind(&self.requests[r]);
        let mut found: Vec<u32> = (0..self.requests.capacity()).filter(of_kind).collect();
        found.sort_unstable_by_key(|&r| (self.requests[r].born, self.requests[r].identity()));
        found
    }

    /// An old process has lived long enough: what it has under way is severed; at its exit, all its connections are.
    pub(super) fn on_old_stops(&mut self, proxy: u16, generation: u16, exits: bool, cal: &mut Cal) {
        for r in self.in_order_of_birth(|r| r.proxy == proxy) {
            let request = self.requests[r];
            match request.place {
                Place::ToProxy
                | Place::AtProxy
                | Place::UpConnecting
                | Place::ToPod
                | Place::Queued
                | Place::Serving
                    if self.is_held_by_old(request.connection, generation) =>
                {
                    self.cut_by_old(r, exits, cal);
                }
                Place::Streaming if self.connections.upkeep(request.upstream).generation <= generation => {
                    self.cut_by_balancer(request.upstream, cal);
                }
                _ => {}
            }
        }
        if exits {
            for c in self.idle_of(proxy, generation) {
                self.close_by_proxy(c, cal);
            }
        }
    }

    /// Whether the client's connection `c` is one of a process or of those before it. What is sent into one that is closed is lost
    /// with that.
    fn is_held_by_old(&self, c: u32, generation: u16) -> bool {
        c != NIL && self.connections.upkeep(c).generation <= generation && !self.connections[c].pod_closed
    }

    /// An old process severs request `r`: the client is left with what it has of the answer. One that `exits` says nothing more; one that
    /// stays for a while (HAProxy's `hard_stop`, which ends its streams first) answers as if the pod had severed the connection.
    fn cut_by_old(&mut self, r: u32, exits: bool, cal: &mut Cal) {
        let request = self.requests[r];
        let streamed = self.populations[usize::from(request.population)].config.streamed_response;
        let begun = streamed && request.place == Place::Serving;
        self.leave_upstream(r, cal);
        self.requests.outdate(r);
        self.requests[r].cause = Some(Cause::SeveredByDeregistration);
        let told = &self.balancer.status;
        let status = match () {
            () if begun => TRUNCATED,
            () if exits => RESET,
            () if self.is_later(r) => told.reset_later,
            () => told.reset,
        };
        self.respond(r, status, false, cal);
    }

    /// A draining proxy's answer to request `r` may end the client's connection: with a probability that grows by the second
    /// and is 1 from half of the drain on, as Envoy's was measured to. Where an answer is sent from its start, its head has said so
    /// or not: what began before the drain leaves the connection open.
    pub(super) fn perhaps_close_after(&mut self, r: u32, now: SimTime) {
        let request = &self.requests[r];
        let Some(since) = self.proxies[usize::from(request.proxy)].draining_since else { return };
        let streamed = self.populations[usize::from(request.population)].config.streamed_response;
        let told = if streamed { request.at_proxy } else { now };
        if told < since {
            return;
        }
        let half = self.balancer.reload.drain.secs() / 2.0;
        let elapsed = told.since(since).secs();
        let mut draw = self.streams.stream(Purpose::DrainClose, self.requests[r].identity());
        let c = self.requests[r].connection;
        let share = if self.balancer.reload.gradual { elapsed.floor() / half } else { 1.0 };
        if c != NIL && draw.chance(share) {
            self.connections[c].close_announced = true;
        }
    }
}
