//! A proxy (layer 7): its table, its connections to pods, what it does with a failure.

use crate::engine::{Dur, Handle, NIL};
use crate::scenario::{MOST_AVOIDED, ProxyStatus, Reuse, Sharing};

use super::connection::Owner;
use super::event::Event;
use super::fact::Cause;
use super::failure::Failure;
use super::idle::IdleSide;
use super::pick::Pick;
use super::request::{Place, Request};
use super::world::{Cal, Observer, World};

/// What comes back where no HTTP status does: a pod with a full queue refused the request,
pub(super) const REFUSED: u16 = 0;
/// the connection ended before the answer,
pub(super) const RESET: u16 = ProxyStatus::CLOSE;
/// or inside it.
pub(super) const TRUNCATED: u16 = 2;
/// All went well.
pub(super) const STATUS_OK: u16 = 200;

impl<O: Observer> World<O> {
    /// The proxy of client `client`, always the same.
    #[inline]
    pub(super) fn proxy_of(&self, client: u32) -> u16 {
        // Workers of one proxy stand side by side; its clients are dealt to them in turn.
        let workers = self.balancer.workers;
        if workers > 1 {
            let proxies = self.balancer.proxies;
            return (client % proxies * workers + client / proxies % workers) as u16;
        }
        (client % self.proxies.len() as u32) as u16
    }

    /// Notes each client's proxy with it: a division less for each request.
    pub(super) fn assign_proxies(&mut self) {
        for p in 0..self.populations.len() {
            for client in 0..self.populations[p].clients.len() {
                self.populations[p].clients[client].proxy = self.proxy_of(client as u32);
            }
        }
    }

    /// A request reaches its proxy.
    pub(super) fn on_request_at_proxy(&mut self, request: Handle, cal: &mut Cal) {
        if let Some(r) = self.requests.live(request) {
            self.arrive_at_proxy(r, cal);
        }
    }

    /// Request `r` is at its proxy.
    #[inline(always)]
    pub(super) fn arrive_at_proxy(&mut self, r: u32, cal: &mut Cal) {
        if self.balancer.retries.budget.is_some() {
            self.pay_for_retries(self.requests[r].proxy, cal.now());
        }
        self.watch_proxy_deadline(cal);
        let request = &mut self.requests[r];
        request.at_proxy = cal.now();
        request.proxy_retries = 0;
        request.avoid = [NIL; MOST_AVOIDED as usize];
        let (proxy, pick) = (request.proxy, request.pick());
        if !self.proxies[usize::from(proxy)].old.is_empty() && !self.enter_old_process(r) {
            return;
        }
        self.forward_as(r, proxy, pick, cal);
    }

    /// The proxy sends request `r` to a pod of its choice.
    pub(super) fn forward(&mut self, r: u32, cal: &mut Cal) {
        let request = &self.requests[r];
        let (proxy, pick) = (request.proxy, request.pick());
        self.forward_as(r, proxy, pick, cal);
    }

    /// The same, when its record has been looked up.
    #[inline(always)]
    fn forward_as(&mut self, r: u32, proxy: u16, pick: Pick, cal: &mut Cal) {
        if !self.proxies[usize::from(proxy)].old.is_empty()
            && let Some(old) = self.old_process_of(r)
        {
            return self.forward_by_old(r, old, pick, cal);
        }
        if self.balancer.resolve.is_some() {
            self.resolve_for_use(proxy, cal);
        }
        let picked = self.pick_bound(proxy, pick, cal.now());
        self.forward_picked(r, proxy, picked, cal);
    }

    /// The same, when it has chosen.
    #[inline(always)]
    pub(super) fn forward_picked(&mut self, r: u32, proxy: u16, picked: Option<u32>, cal: &mut Cal) {
        let Some(pod) = picked else {
            if self.waits_for_room(r, proxy, cal.now()) {
                return;
            }
            self.requests[r].pod = NIL;
            return self.proxy_failed(r, Failure::NoEndpoints, Cause::NoEndpoints, cal);
        };
        self.forward_to(r, proxy, pod, cal);
    }

    /// The proxy sends request `r` to `pod`, on an idle connection if there is one.
    #[inline(always)]
    pub(super) fn forward_to(&mut self, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        self.catch_up(pod, cal.now());
        let at = self.link(proxy, pod);
        let link = &mut self.links[at];
        let request = &mut self.requests[r];
        request.pod = pod;
        // Else sent to a pod that has left the table meanwhile.
        if link.position != NIL {
            request.counted = true;
            self.proxies[usize::from(proxy)].process.table.begins(link.position, cal.now());
        }
        if self.plain
            && !self.circuits.strained
            && let Some(c) = link.idle.pop()
        {
            let connection = &mut self.connections[c];
            connection.carried = connection.carried.saturating_add(1);
            connection.in_use += 1;
            let first = connection.requests.begin(&mut request.on_connection, r);
            debug_assert!(first, "a connection in stock was not idle");
            request.upstream = c;
            request.leaves_for(pod);
            if self.pod_hop.is_instant() {
                return self.arrive_at_pod(r, cal);
            }
            let event = Event::AtPod(self.requests.handle(r));
            return self.pod_hop.send(cal, event);
        }
        self.forward_by_rules(r, proxy, pod, at, cal);
    }

    /// The same where there is more to heed, or no idle connection.
    #[inline(never)]
    fn forward_by_rules(&mut self, r: u32, proxy: u16, pod: u32, link: usize, cal: &mut Cal) {
        if self.links[link].position != NIL && !self.balancer.upstream.purge.is_zero() {
            self.note_need(proxy, pod);
        }
        if !self.balancer.retries.per_try_timeout.is_zero() {
            self.watch_try(r, cal);
        }
        if self.multiplexes() {
            return self.forward_with_others(r, proxy, pod, cal);
        }
        if self.circuits.strained
            && let Some(&next) = self.links[link].idle.last()
            && !self.may_board(r, Some(next), proxy, pod, cal)
        {
            return;
        }
        let c = match (self.balancer.upstream.share, self.balancer.upstream.reuse) {
            (Sharing::Client, _) => self.private.remove(&(link as u32, self.requests[r].connection)),
            (Sharing::Later, _) if !self.is_later(r) => None,
            (Sharing::All | Sharing::Later, Reuse::Mru) => self.links[link].idle.pop(),
            (Sharing::All | Sharing::Later, Reuse::Lru) => {
                let idle = &mut self.links[link].idle;
                (!idle.is_empty()).then(|| idle.remove(0))
            }
        };
        let Some(c) = c else {
            if !self.circuits.limited || self.may_board(r, None, proxy, pod, cal) {
                self.open_upstream(r, proxy, pod, cal);
            }
            return;
        };
        self.requests[r].upstream = c;
        self.board(r, c);
        self.send_to_pod(r, c, cal);
    }

    /// Request `r` waits for a connection of its own.
    #[cold]
    pub(super) fn open_upstream(&mut self, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        if !O::IN_ORDER && self.outgrows_stock(proxy, pod) {
            self.disturb(pod, cal);
        }
        let c = self.open(Owner::Proxy(proxy), pod, Dur::ZERO, cal);
        self.connections.upkeep_mut(c).generation = self.generation_of(r);
        self.circuit_opens(c, proxy, pod, cal);
        self.requests[r].upstream = c;
        self.requests[r].place = Place::UpConnecting;
        self.board(r, c);
    }

    /// Whether a proxy has as many connections to `pod` in use as it keeps at most: with one more not all of them stay.
    fn outgrows_stock(&self, proxy: u16, pod: u32) -> bool {
        let position = self.links[self.link(proxy, pod)].position;
        let active = self.proxies[usize::from(proxy)].process.table.active();
        position == NIL || active[position as usize] > self.balancer.upstream.connections
    }

    /// Whether request `r` is not the first on its client's connection.
    pub(super) fn is_later(&self, r: u32) -> bool {
        let c = self.requests[r].connection;
        c != NIL && self.connections[c].carried > 1
    }

    pub(super) fn uncount_active(&mut self, r: u32, proxy: u16, cal: &mut Cal) {
        let request = &mut self.requests[r];
        if std::mem::take(&mut request.counted) {
            let pod = request.pod;
            // Whoever takes turns goes by which change at a pod was the last.
            self.catch_up(pod, cal.now());
            let link = self.link(proxy, pod);
            self.uncount(proxy, link, cal);
        }
    }

    /// A request counts no longer among what `proxy` has under way on this link of its own.
    #[inline(always)]
    fn uncount(&mut self, proxy: u16, link: usize, cal: &mut Cal) {
        let position = self.links[link].position;
        if position != NIL {
            self.proxies[usize::from(proxy)].process.table.ends(position, cal.now());
        }
        if self.max_busy != u32::MAX {
            self.room_at(proxy, cal);
        }
    }

    /// A pod's answer reaches the proxy.
    pub(super) fn on_answer_at_proxy(&mut self, request: Handle, cal: &mut Cal) {
        if let Some(r) = self.requests.live(request) {
            self.answer_arrives_at_proxy(r, false, cal);
        }
    }

    /// The pod's answer to request `r` is at its proxy; `direct` if nothing but the end of a job has led here.
    #[inline(always)]
    pub(super) fn answer_arrives_at_proxy(&mut self, r: u32, direct: bool, cal: &mut Cal) {
        let request = &mut self.requests[r];
        let Request { proxy, upstream: c, status, close, pod, .. } = *request;
        request.upstream = NIL;
        let counted = std::mem::take(&mut request.counted);
        self.catch_up(pod, cal.now());
        self.connections[c].alight(r, &mut self.requests);
        let link = self.link(proxy, pod);
        if counted {
            self.uncount(proxy, link, cal);
        }
        if self.circuits.strained && !close && !self.multiplexes() && self.hand_over(c, cal) {
            // Whoever has waited for it has it.
        } else if self.plain && !close {
            self.stock_plainly(c, proxy, link, cal);
        } else if self.multiplexes() {
            if close {
                self.proxy_connection_lost(c, cal);
                self.resolve_after_loss(Owner::Proxy(proxy), cal);
            } else {
                self.has_room(c, cal);
            }
        } else if close {
            self.proxies[usize::from(proxy)].lost += 1;
            self.circuit_closes(c, cal);
            self.forget(c);
            self.resolve_after_loss(Owner::Proxy(proxy), cal);
        } else {
            self.stock(c, r, proxy, pod, cal);
        }
        if status == REFUSED {
            return self.proxy_failed(r, Failure::ConnectRefused, Cause::Overflow, cal);
        }
        if O::TIERED && matches!(status, RESET | TRUNCATED) {
            // Its stream alone was reset, of several on the connection.
            let failure = if status == RESET { Failure::Reset } else { Failure::Truncated };
            return self.proxy_failed(r, failure, self.requests[r].cause.unwrap_or(Cause::KeepAliveRace), cal);
        }
        if status != STATUS_OK && self.is_failure(status) {
            let cause = self.requests[r].cause.unwrap_or(Cause::Overflow);
            return self.proxy_failed(r, Failure::Status(status), cause, cal);
        }
        if self.balancer.passive_health.max_fails > 0 {
            self.forgive(r, proxy, pod);
        }
        if self.balancer.sticky.is_some() {
            let Request { population, client, .. } = self.requests[r];
            self.stick(population, client, pod, cal.now());
        }
        self.respond(r, status, direct, cal);
    }

    /// An idle connection goes back into the stock, if there is room and the pod is still believed in.
    #[inline(always)]
    fn stock_plainly(&mut self, c: u32, proxy: u16, link: usize, cal: &mut Cal) {
        let link = &mut self.links[link];
        if link.position == NIL
            || link.idle.len() >= self.balancer.upstream.connections as usize
            || self.connections.upkeep(c).generation != self.proxies[usize::from(proxy)].generation
            || self.connections[c].is_worn(&self.balancer.upstream, cal.now())
        {
            return self.close_by_owner(c, cal);
        }
        let untimed = self.connections.begins_to_idle(c, IdleSide::Owner, cal.now());
        link.put_idle(c, &self.connections);
        if untimed {
            self.time_at_owner(c, cal);
        }
    }

    /// The same where there is more to heed.
    fn stock(&mut self, c: u32, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        let link = self.link(proxy, pod);
        let l = &self.links[link];
        let upstream = &self.balancer.upstream;
        if (l.position == NIL && !upstream.keeps_removed)
            || l.idle.len() >= self.balancer.upstream.connections as usize
            || self.connections.upkeep(c).generation != self.proxies[usize::from(proxy)].generation
            || (self.balancer.upstream.share == Sharing::Client && self.requests[r].connection == NIL)
            || self.connections[c].is_worn(&self.balancer.upstream, cal.now())
            || (!self.balancer.upstream.purge.is_zero() && !self.keeps_idle(proxy, pod, cal))
        {
            return self.close_by_owner(c, cal);
        }
        match self.balancer.upstream.share {
            Sharing::All | Sharing::Later => self.links[link].idle.push(c),
            Sharing::Client => drop(self.private.insert((link as u32, self.requests[r].connection), c)),
        }
        self.owner_idles(c, cal);
    }

    /// The proxy answers the client.
    #[inline(always)]
    pub(super) fn respond(&mut self, r: u32, status: u16, direct: bool, cal: &mut Cal) {
        let request = &mut self.requests[r];
        request.status = status;
        request.place = Place::Returning;
        let held = std::mem::take(&mut request.holds_retry);
        let p = &mut self.proxies[usize::from(request.proxy)];
        p.retries -= u32::from(held);
        if p.draining_since.is_some() {
            self.perhaps_close_after(r, cal.now());
        }
        // A failure always goes as an event: a queue of waiting requests that fail at once is no recursion then.
        if direct && self.client_hop.is_instant() {
            return self.arrive_at_client(r, cal);
        }
        let event = Event::AnswerAtClient(self.requests.handle(r));
        self.client_hop.send_end(cal, event);
    }

    #[inline(always)]
    pub(super) fn release_retry(&mut self, r: u32) {
        if std::mem::take(&mut self.requests[r].holds_retry) {
            let proxy = self.requests[r].proxy;
            self.proxies[usize::from(proxy)].retries -= 1;
        }
    }
}
