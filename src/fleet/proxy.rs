//! A proxy (layer 7): its table, its connections to pods, what it does with a failure.

use crate::engine::{Dur, Family, Handle, NIL, SimTime};
use crate::scenario::{PanicMode, ProxyStatus, Reuse, Sharing, SlowStart};

use super::balancer::{Algorithm, Hosts};
use super::connection::Owner;
use super::event::Event;
use super::fact::{Cause, Revision};
use super::failure::Failure;
use super::locality::Near;
use super::process::Process;
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

/// For whom a pod is picked: the same identity gives the same draw under every policy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    pub(super) population: u16,
    /// The client, user or stream slot within it.
    pub(super) member: u32,
    /// The request, or the how-manieth connection of the member, …
    pub(super) ordinal: u64,
    /// … and which attempt at it.
    pub(super) attempt: u16,
    /// Pods to avoid while there are others, [`NIL`] behind the last.
    pub(super) avoid: [u32; 3],
}

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

    /// Proxy `proxy` picks a pod by what it believes.
    #[inline(always)]
    pub(super) fn pick(&mut self, proxy: u16, pick: Pick, now: SimTime) -> Option<u32> {
        if self.router.is_some() {
            return self.pick_routed(proxy, None, pick, now);
        }
        let limits = self.limits(proxy, None);
        let process = &mut self.proxies[usize::from(proxy)].process;
        let family = self.populations[usize::from(pick.population)].balance;
        let picked = pick_by(process, None, pick, family, now, limits);
        if picked.is_none() && !process.terminating.is_empty() {
            return process.fall_back(pick, family);
        }
        picked
    }

    /// The same, unless whoever asks is bound to a pod.
    #[inline(always)]
    pub(super) fn pick_bound(&mut self, proxy: u16, pick: Pick, now: SimTime) -> Option<u32> {
        if self.balancer.sticky.is_some()
            && let Some(pod) = self.sticky_pod(&self.proxies[usize::from(proxy)].process, pick, now)
        {
            return Some(pod);
        }
        self.pick(proxy, pick, now)
    }

    /// One of its old processes does.
    pub(super) fn pick_by_old(&mut self, proxy: u16, old: usize, pick: Pick, now: SimTime) -> Option<u32> {
        if self.balancer.sticky.is_some()
            && let Some(pod) = self.sticky_pod(&self.proxies[usize::from(proxy)].old[old].1, pick, now)
        {
            return Some(pod);
        }
        if self.router.is_some() {
            return self.pick_routed(proxy, Some(old), pick, now);
        }
        let limits = Limits { max_busy: u32::MAX, ..self.limits(proxy, None) };
        let process = &mut self.proxies[usize::from(proxy)].old[old].1;
        let family = self.populations[usize::from(pick.population)].balance;
        pick_by(process, None, pick, family, now, limits)
    }

    /// What every pick of `proxy` has to heed, and whose pods alone it may pick.
    #[inline(always)]
    pub(super) fn limits(&self, proxy: u16, lane: Option<Revision>) -> Limits {
        let (slow_start, panic) = (self.balancer.slow_start, self.balancer.panic);
        Limits { slow_start, panic, max_busy: self.max_busy, lane, near: self.near(proxy) }
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
        self.requests[r].proxy_retries = 0;
        self.requests[r].avoid = [NIL; 3];
        if self.balancer.retries.budget.is_some() {
            self.pay_for_retries(self.requests[r].proxy, cal.now());
        }
        self.watch_proxy_deadline(r, cal);
        if !self.proxies[usize::from(self.requests[r].proxy)].old.is_empty() && !self.enter_old_process(r) {
            return;
        }
        self.forward(r, cal);
    }

    /// The proxy sends request `r` to a pod of its choice.
    #[inline(always)]
    pub(super) fn forward(&mut self, r: u32, cal: &mut Cal) {
        let Request { population, client: member, proxy, ordinal, attempts: attempt, avoid, .. } = self.requests[r];
        let pick = Pick { population, member, ordinal, attempt, avoid };
        if let Some(old) = self.old_process_of(r) {
            return self.forward_by_old(r, old, pick, cal);
        }
        if self.balancer.resolve.is_some() {
            self.resolve_for_use(proxy, cal);
        }
        let Some(pod) = self.pick_bound(proxy, pick, cal.now()) else {
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
        self.requests[r].pod = pod;
        self.count_active(r, proxy, pod);
        if !self.balancer.retries.per_try_timeout.is_zero() {
            self.watch_try(r, cal);
        }
        if self.multiplexes() {
            return self.forward_with_others(r, proxy, pod, cal);
        }
        let link = self.link(proxy, pod);
        let c = match (self.balancer.upstream.share, self.balancer.upstream.reuse) {
            (Sharing::Client, _) => self.private.remove(&(link as u32, self.requests[r].connection)),
            (Sharing::Later, _) if !self.is_later(r) => None,
            (Sharing::All | Sharing::Later, Reuse::Mru) => self.links[link].idle.pop(),
            (Sharing::All | Sharing::Later, Reuse::Lru) => {
                let idle = &mut self.links[link].idle;
                (!idle.is_empty()).then(|| idle.remove(0))
            }
        };
        let Some(c) = c else { return self.open_upstream(r, proxy, pod, cal) };
        self.requests[r].upstream = c;
        self.board(r, c);
        self.send_to_pod(r, c, cal);
    }

    /// Request `r` waits for a connection of its own.
    #[cold]
    pub(super) fn open_upstream(&mut self, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        let c = self.open(Owner::Proxy(proxy), pod, Dur::ZERO, cal);
        self.connections[c].generation = self.generation_of(r);
        self.requests[r].upstream = c;
        self.requests[r].place = Place::UpConnecting;
        self.board(r, c);
    }

    /// Request `r` counts among what `proxy` has under way at `pod`.
    #[inline(always)]
    fn count_active(&mut self, r: u32, proxy: u16, pod: u32) {
        let position = self.links[self.link(proxy, pod)].position;
        if position == NIL {
            // Sent to a pod that has left the table meanwhile.
            return;
        }
        self.requests[r].counted = true;
        self.proxies[usize::from(proxy)].process.table[position as usize].active += 1;
        if !self.balancer.upstream.purge.is_zero() {
            self.note_need(proxy, pod);
        }
    }

    /// Whether request `r` is not the first on its client's connection.
    pub(super) fn is_later(&self, r: u32) -> bool {
        let c = self.requests[r].connection;
        c != NIL && self.connections[c].carried > 1
    }

    #[inline(always)]
    pub(super) fn uncount_active(&mut self, r: u32, proxy: u16, cal: &mut Cal) {
        let request = &mut self.requests[r];
        if !std::mem::take(&mut request.counted) {
            return;
        }
        let pod = request.pod;
        let position = self.links[self.link(proxy, pod)].position;
        if position != NIL {
            // A pod that left the table and came back started from none.
            let active = &mut self.proxies[usize::from(proxy)].process.table[position as usize].active;
            *active = active.saturating_sub(1);
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
        let proxy = self.requests[r].proxy;
        let c = self.requests[r].upstream;
        let (status, close, pod) = (self.requests[r].status, self.requests[r].close, self.requests[r].pod);
        self.requests[r].upstream = NIL;
        self.alight(r, c);
        self.uncount_active(r, proxy, cal);
        if self.multiplexes() {
            if close {
                self.proxy_connection_lost(c, cal);
                self.resolve_after_loss(Owner::Proxy(proxy), cal);
            } else {
                self.has_room(c, cal);
            }
        } else if close {
            self.proxies[usize::from(proxy)].lost += 1;
            self.forget(c);
            self.resolve_after_loss(Owner::Proxy(proxy), cal);
        } else {
            self.stock(c, r, proxy, pod, cal);
        }
        if status == REFUSED {
            return self.proxy_failed(r, Failure::ConnectRefused, Cause::Overflow, cal);
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
    fn stock(&mut self, c: u32, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        let link = self.link(proxy, pod);
        let l = &self.links[link];
        if l.position == NIL
            || l.idle.len() >= self.balancer.upstream.connections as usize
            || self.connections[c].generation != self.proxies[usize::from(proxy)].generation
            || (self.balancer.upstream.share == Sharing::Client && self.requests[r].connection == NIL)
            || self.is_worn(c, cal.now())
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

    /// Whether connection `c` to a pod has carried, or lived, as much as its proxy lets it.
    #[inline]
    pub(super) fn is_worn(&self, c: u32, now: SimTime) -> bool {
        let (upstream, connection) = (&self.balancer.upstream, &self.connections[c]);
        (upstream.keepalive_requests > 0 && connection.carried >= upstream.keepalive_requests)
            || (!upstream.keepalive_time.is_zero() && now.since(connection.opened) >= upstream.keepalive_time)
    }

    /// The proxy answers the client.
    #[inline(always)]
    pub(super) fn respond(&mut self, r: u32, status: u16, direct: bool, cal: &mut Cal) {
        self.release_retry(r);
        if self.proxies[usize::from(self.requests[r].proxy)].draining_since.is_some() {
            self.perhaps_close_after(r, cal.now());
        }
        let request = &mut self.requests[r];
        request.status = status;
        request.place = Place::Returning;
        // A failure always goes as an event: a queue of waiting requests that fail at once is no recursion then.
        if direct && self.client_hop.is_instant() {
            return self.arrive_at_client(r, cal);
        }
        let event = Event::AnswerAtClient(self.requests.handle(r));
        self.client_hop.send(cal, event);
    }

    #[inline(always)]
    pub(super) fn release_retry(&mut self, r: u32) {
        if std::mem::take(&mut self.requests[r].holds_retry) {
            let proxy = self.requests[r].proxy;
            self.proxies[usize::from(proxy)].retries -= 1;
        }
    }
}

/// What a pick has to heed beside the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) slow_start: SlowStart,
    pub(super) panic: PanicMode,
    pub(super) max_busy: u32,
    /// Whose pods alone may be picked.
    pub(super) lane: Option<Revision>,
    /// Where it looks first.
    pub(super) near: Option<Near>,
}

/// `process` picks a pod by what it believes, in its own turns or in these.
#[inline(always)]
pub(super) fn pick_by(
    process: &mut Process,
    turns: Option<&mut dyn Algorithm>,
    pick: Pick,
    family: Family,
    now: SimTime,
    limits: Limits,
) -> Option<u32> {
    let Pick { population, member, ordinal, attempt, avoid } = pick;
    let Limits { slow_start, panic, max_busy, lane, near } = limits;
    // The identity of whoever's connection it is, by which a ring hash sticks to a pod.
    let key = (u64::from(population) << 32) | u64::from(member);
    let avoids = avoid.iter().position(|&a| a == NIL).unwrap_or(avoid.len());
    let may_be_full = max_busy != u32::MAX;
    let panics = process.ejections && process.panics(panic, now);
    let Process { table, algorithm, ejections, .. } = process;
    let algorithm = turns.unwrap_or(&mut **algorithm);
    let zone = near.and_then(|near| near.zone(table, panics, now));
    let mut hosts = Hosts {
        table,
        now,
        avoid: &avoid[..avoids],
        restricted: *ejections || avoids > 0 || may_be_full || lane.is_some() || zone.is_some(),
        panics,
        slow_start,
        max_busy,
        lane,
        zone,
    };
    let draw = &mut family.stream(ordinal.wrapping_mul(64).wrapping_add(u64::from(attempt)));
    let mut picked = algorithm.pick(&hosts, key, draw);
    if picked.is_none() && zone.is_some() {
        // Nobody near: better one elsewhere than one that has failed before.
        hosts.zone = None;
        picked = algorithm.pick(&hosts, key, draw);
    }
    if picked.is_none() && avoids > 0 {
        // Nobody else is left: better one that has failed before than none.
        hosts.avoid = &[];
        hosts.restricted = *ejections || may_be_full || lane.is_some();
        picked = algorithm.pick(&hosts, key, draw);
    }
    picked.map(|i| table[i as usize].pod)
}
