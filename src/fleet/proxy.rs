//! A proxy (layer 7): its table, its connections to pods, what it does with a failure.

use crate::engine::{Dur, Handle, NIL, SimTime};
use crate::scenario::{self, Reuse};

use super::balancer::{self, Host, Hosts};
use super::connection::Owner;
use super::event::Event;
use super::fact::Cause;
use super::failure::Failure;
use super::request::{Place, Request};
use super::world::{Cal, Observer, World};

/// What comes back where no HTTP status does: a pod with a full queue refused the request,
pub(super) const REFUSED: u16 = 0;
/// the connection ended before the answer,
pub(super) const RESET: u16 = 1;
/// or inside it.
pub(super) const TRUNCATED: u16 = 2;
/// All went well.
pub(super) const STATUS_OK: u16 = 200;

/// A proxy (layer 4: a node).
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    /// The pods that it believes in.
    pub(super) table: Vec<Host>,
    pub(super) algorithm: Box<dyn balancer::Algorithm>,
    /// Connections that pods have closed and that it has not opened anew.
    pub(super) lost: u32,
    /// Retries under way.
    pub(super) retries: u32,
    /// Whether any host may be ejected or unhealthy.
    pub(super) ejections: bool,
}

impl Proxy {
    pub(super) fn new(algorithm: scenario::Algorithm) -> Self {
        Self { table: Vec::new(), algorithm: balancer::algorithm(algorithm), lost: 0, retries: 0, ejections: false }
    }

    /// What it takes (bytes).
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.table.capacity() * size_of::<Host>() + self.algorithm.bytes()
    }
}

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
        (client % self.proxies.len() as u32) as u16
    }

    /// Proxy `proxy` picks a pod by what it believes.
    #[inline(always)]
    pub(super) fn pick(&mut self, proxy: u16, pick: Pick, now: SimTime) -> Option<u32> {
        let Pick { population, member, ordinal, attempt, avoid } = pick;
        // The identity of whoever's connection it is, by which a ring hash sticks to a pod.
        let key = (u64::from(population) << 32) | u64::from(member);
        let p = &mut self.proxies[usize::from(proxy)];
        let avoids = avoid.iter().position(|&a| a == NIL).unwrap_or(avoid.len());
        let mut hosts = Hosts {
            table: &p.table,
            now,
            avoid: &avoid[..avoids],
            restricted: p.ejections || avoids > 0,
            slow_start: self.balancer.slow_start,
        };
        let family = self.populations[usize::from(population)].balance;
        let draw = &mut family.stream(ordinal.wrapping_mul(64).wrapping_add(u64::from(attempt)));
        let mut picked = p.algorithm.pick(&hosts, key, draw);
        if picked.is_none() && avoids > 0 {
            // Nobody else is left: better one that has failed before than none.
            hosts.avoid = &[];
            hosts.restricted = p.ejections;
            picked = p.algorithm.pick(&hosts, key, draw);
        }
        picked.map(|i| p.table[i as usize].pod)
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
        self.watch_proxy_deadline(r, cal);
        self.forward(r, cal);
    }

    /// The proxy sends request `r` to a pod of its choice.
    #[inline(always)]
    pub(super) fn forward(&mut self, r: u32, cal: &mut Cal) {
        let Request { population, client: member, proxy, ordinal, attempts: attempt, avoid, .. } = self.requests[r];
        let pick = Pick { population, member, ordinal, attempt, avoid };
        let Some(pod) = self.pick(proxy, pick, cal.now()) else {
            self.requests[r].pod = NIL;
            return self.proxy_failed(r, Failure::NoEndpoints, Cause::NoEndpoints, cal);
        };
        self.requests[r].pod = pod;
        self.count_active(r, proxy, pod);
        let link = self.link(proxy, pod);
        let idle = &mut self.links[link].idle;
        let c = match self.balancer.upstream.reuse {
            Reuse::Mru => idle.pop(),
            Reuse::Lru => (!idle.is_empty()).then(|| idle.remove(0)),
        };
        let Some(c) = c else { return self.open_upstream(r, proxy, pod, cal) };
        self.requests[r].upstream = c;
        self.board(r, c);
        self.send_to_pod(r, c, cal);
    }

    /// Request `r` waits for a connection of its own.
    #[cold]
    fn open_upstream(&mut self, r: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        let c = self.open(Owner::Proxy(proxy), pod, Dur::ZERO, cal);
        self.requests[r].upstream = c;
        self.requests[r].place = Place::UpConnecting;
        self.board(r, c);
    }

    /// Request `r` counts among what `proxy` has under way at `pod`.
    #[inline(always)]
    fn count_active(&mut self, r: u32, proxy: u16, pod: u32) {
        self.requests[r].counted = true;
        let position = self.links[self.link(proxy, pod)].position;
        self.proxies[usize::from(proxy)].table[position as usize].active += 1;
    }

    #[inline(always)]
    pub(super) fn uncount_active(&mut self, r: u32, proxy: u16) {
        let request = &mut self.requests[r];
        if !std::mem::take(&mut request.counted) {
            return;
        }
        let pod = request.pod;
        let position = self.links[self.link(proxy, pod)].position;
        if position != NIL {
            // A pod that left the table and came back started from none.
            let active = &mut self.proxies[usize::from(proxy)].table[position as usize].active;
            *active = active.saturating_sub(1);
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
        self.uncount_active(r, proxy);
        if close {
            self.proxies[usize::from(proxy)].lost += 1;
            self.forget(c);
        } else {
            self.stock(c, proxy, pod, cal);
        }
        if status == REFUSED {
            return self.proxy_failed(r, Failure::ConnectRefused, Cause::Overflow, cal);
        }
        if self.balancer.passive_health.max_fails > 0 {
            let link = self.link(proxy, pod);
            self.links[link].failures = 0;
        }
        self.respond(r, status, direct, cal);
    }

    /// An idle connection goes back into the stock, if there is room and the pod is still believed in.
    #[inline(always)]
    pub(super) fn stock(&mut self, c: u32, proxy: u16, pod: u32, cal: &mut Cal) {
        let link = self.link(proxy, pod);
        let l = &mut self.links[link];
        if l.position == NIL || l.idle.len() >= self.balancer.upstream.connections as usize {
            return self.close_by_owner(c, cal);
        }
        l.idle.push(c);
        self.owner_idles(c, cal);
    }

    /// The proxy answers the client.
    #[inline(always)]
    pub(super) fn respond(&mut self, r: u32, status: u16, direct: bool, cal: &mut Cal) {
        self.release_retry(r);
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
