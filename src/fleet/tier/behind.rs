//! A fleet towards the tier before it: its clients are that tier's connections, its proxies that tier's pods.

use std::collections::BTreeMap;

use crate::engine::{Handle, NIL, SimTime};

use super::super::connection::{Connection, Owner, Stage};
use super::super::fact::Outcome;
use super::super::link::Link;
use super::super::process::{Proxy, ring_salt};
use super::super::proxy::{RESET, STATUS_OK, TRUNCATED};
use super::super::request::{Place, Request};
use super::super::world::{Cal, Observer, World};
use super::{Answer, Up, at, put};

/// What a proxy is to ask on behalf of a request of the tier before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// That request, there.
    pub(super) request: Handle,
    /// The connection on which it came, here.
    pub(super) connection: Handle,
    pub(super) population: u16,
    pub(super) client: u32,
    pub(super) ordinal: u64,
    /// Attempts so far.
    pub(super) attempts: u16,
}

impl<O: Observer> World<O> {
    /// Whether its clients are another tier's proxies.
    #[inline]
    pub(in super::super) fn has_tier_before(&self) -> bool {
        O::TIERED && self.tier.as_ref().is_some_and(|tier| tier.depth > 0)
    }

    /// Whether `proxy` does not listen yet, or no more.
    #[inline]
    pub(in super::super) fn is_away(&self, proxy: u16) -> bool {
        let away = |tier: &super::Tier| tier.away.get(usize::from(proxy)).copied().unwrap_or(false);
        O::TIERED && self.tier.as_ref().is_some_and(|tier| away(tier))
    }

    /// Proxies that route.
    pub(in super::super) fn routing_proxies(&self) -> usize {
        let away = self.tier.as_ref().map_or(0, |tier| tier.away.iter().filter(|&&away| away).count());
        self.proxies.len() - away
    }

    /// A connection of the tier before, `from`, was accepted by proxy `pod`; the how-manieth decides which of its workers has it.
    pub(super) fn accept(&mut self, pod: u32, nth: u32, from: Handle, now: SimTime) -> Handle {
        let workers = self.balancer.workers;
        let proxy = (pod * workers + nth % workers) as u16;
        let mut connection = Connection::new(Owner::Front(proxy), NIL, now);
        connection.stage = Stage::Open;
        let c = self.connections.insert(connection);
        self.connections.upkeep_mut(c).generation = self.proxies[usize::from(proxy)].generation;
        if let Some(tier) = &mut self.tier {
            put(&mut tier.mirrored, c, Some(from));
        }
        self.connections.handle(c)
    }

    /// A proxy asks on behalf of a request of the tier before; the handle of what it asks.
    pub(super) fn begin_call(&mut self, call: Call, cal: &mut Cal) -> Option<Handle> {
        let c = self.connections.live(call.connection)?;
        let Owner::Front(proxy) = self.connections[c].owner else { return None };
        self.count_birth(cal.now());
        let mut request = Request::new(cal.now(), call.population, call.client, proxy, call.ordinal);
        request.attempts = call.attempts;
        request.connection = c;
        let r = self.requests.insert(request);
        if let Some(tier) = &mut self.tier {
            put(&mut tier.parents, r, Some(call.request));
        }
        let connection = &mut self.connections[c];
        connection.in_use += 1;
        connection.carried = connection.carried.saturating_add(1);
        let handle = self.requests.handle(r);
        self.arrive_at_proxy(r, cal);
        Some(handle)
    }

    /// The proxy has an answer to request `r`, or ends its connection without one.
    pub(in super::super) fn answer_before(&mut self, r: u32, cal: &mut Cal) {
        let Request { population, connection: c, status, cause, attempts, pod, proxy, .. } = self.requests[r];
        let whereabouts = self.whereabouts(r);
        self.connections[c].in_use -= 1;
        let shared = self.populations[usize::from(population)].config.multiplex > 1;
        let closes = self.connections.ends_after_answer(c, status, shared) || (status < 100 && !shared);
        let latency = cal.now().since(self.requests[r].born);
        let outcome = match status {
            STATUS_OK => Outcome::Ok,
            500 => Outcome::S500,
            502 => Outcome::S502,
            503 => Outcome::S503,
            RESET => Outcome::Reset,
            TRUNCATED => Outcome::Truncated,
            _ => Outcome::S504,
        };
        self.note_for_analysis(pod, outcome, latency, cal.now());
        self.end_call(r, cal.now());
        self.drop_request(r);
        let from = self.tier.as_ref().and_then(|tier| at(&tier.mirrored, c));
        let closes = from.filter(|_| closes);
        if closes.is_some() {
            self.forget_mirror(c, cal);
        }
        let pod = u32::from(proxy) / self.balancer.workers;
        let Some(tier) = &mut self.tier else { return };
        let Some(request) = put(&mut tier.parents, r, None) else { return };
        tier.ups.push(Up::Answer(Answer { request, pod, status, cause, attempts, closes, at: whereabouts }));
    }

    /// Accounts for the end of a call.
    pub(super) fn end_call(&mut self, r: u32, now: SimTime) {
        self.count_end(self.requests[r].born, now);
    }

    /// A connection of the tier before has ended: what is asked on it is given up. The requests there, and whether their answers
    /// have begun.
    pub(super) fn disconnect(&mut self, mirror: Handle, cal: &mut Cal) -> Vec<(Handle, bool)> {
        let mut cut = Vec::new();
        let Some(c) = self.connections.live(mirror) else { return cut };
        self.end_leg(c, cal);
        if self.connections[c].in_use > 0 {
            for r in 0..self.requests.capacity() {
                let request = &self.requests[r];
                if request.connection == c && request.place != Place::Over && !request.abandoned {
                    let streamed = self.populations[usize::from(request.population)].config.streamed_response;
                    let begun = streamed && request.place == Place::Serving;
                    self.give_up_call(r, cal);
                    let parent = self.tier.as_mut().and_then(|tier| put(&mut tier.parents, r, None));
                    cut.extend(parent.map(|parent| (parent, begun)));
                }
            }
        }
        self.forget_mirror(c, cal);
        cut
    }

    /// Nobody waits for request `r` any more.
    fn give_up_call(&mut self, r: u32, cal: &mut Cal) {
        let c = std::mem::replace(&mut self.requests[r].connection, NIL);
        self.connections[c].in_use -= 1;
        // On its way to the pod it will be worked on all the same.
        let on_the_way = self.requests[r].place == Place::ToPod;
        self.leave_upstream_of_abandoned(r, on_the_way, cal);
        self.end_call(r, cal.now());
        if on_the_way {
            self.requests[r].abandoned = true;
        } else {
            self.drop_request(r);
        }
    }

    pub(super) fn forget_mirror(&mut self, c: u32, cal: &mut Cal) {
        if let Some(tier) = &mut self.tier {
            put(&mut tier.mirrored, c, None);
        }
        self.drop_private(c, cal);
        self.forget(c);
    }

    /// A proxy closes connection `c` of the tier before, which is idle.
    pub(in super::super) fn close_mirror(&mut self, c: u32, cal: &mut Cal) {
        let Some(from) = self.tier.as_ref().and_then(|tier| at(&tier.mirrored, c)) else { return };
        self.forget_mirror(c, cal);
        if let Some(tier) = &mut self.tier {
            tier.ups.push(Up::Closes(from));
        }
    }

    /// The idle connections that the tier before has to a process of `proxy`, or to one before it.
    pub(in super::super) fn idle_mirrors(&self, proxy: u16, generation: u16) -> Vec<u32> {
        let Some(tier) = &self.tier else { return Vec::new() };
        let idle = |&c: &u32| {
            let connection = &self.connections[c];
            at(&tier.mirrored, c).is_some()
                && connection.owner == Owner::Front(proxy)
                && connection.in_use == 0
                && self.connections.upkeep(c).generation <= generation
        };
        (0..tier.mirrored.len() as u32).filter(idle).collect()
    }

    /// A draining proxy listens no more.
    pub(in super::super) fn deaf_before(&mut self, proxy: u16) {
        let pod = u32::from(proxy) / self.balancer.workers;
        if let Some(tier) = self.tier.as_mut().filter(|tier| tier.depth > 0) {
            tier.ups.push(Up::Deaf(pod));
        }
    }

    /// What the tier before is to hear.
    pub(super) fn tell_before(&mut self) -> Vec<Up> {
        self.tier.as_mut().map_or_else(Vec::new, |tier| std::mem::take(&mut tier.ups))
    }

    /// A proxy more, which does not listen yet.
    pub(super) fn add_proxy(&mut self) {
        let (before, pods) = (self.proxies.len(), self.pods.len());
        let workers = self.balancer.workers as usize;
        let salt = ring_salt(self.streams);
        self.proxies.extend((0..workers).map(|_| Proxy::new(&self.balancer, salt)));
        let after = self.proxies.len();
        let mut old = std::mem::take(&mut self.links).into_iter();
        for _ in 0..pods {
            self.links.extend(old.by_ref().take(before));
            self.links.extend((0..workers).map(|_| Link::new()));
        }
        let private = std::mem::take(&mut self.private).into_iter();
        let moved = |link: u32| (link as usize / before * after + link as usize % before) as u32;
        self.private = private.map(|((link, of), c)| ((moved(link), of), c)).collect::<BTreeMap<_, _>>();
        if let Some(router) = &mut self.router {
            router.grow(after, self.balancer.algorithm, salt);
        }
        if let Some(tier) = &mut self.tier {
            tier.away.resize(before, false);
            tier.away.resize(after, true);
        }
    }

    fn workers_of(&self, pod: u32) -> std::ops::Range<u16> {
        let workers = self.balancer.workers;
        (pod * workers) as u16..((pod + 1) * workers) as u16
    }

    /// A new proxy reads what is Ready, and begins to listen.
    pub(super) fn proxy_starts(&mut self, pod: u32, cal: &mut Cal) {
        for proxy in self.workers_of(pod) {
            if let Some(tier) = &mut self.tier {
                tier.away[usize::from(proxy)] = false;
            }
            self.begin_resolver(proxy, cal);
            for p in 0..self.pods.len() as u32 {
                if self.pods[p as usize].phase.is_ready() && self.pods[p as usize].selected {
                    self.change_table(proxy, p, true, cal);
                }
            }
        }
    }

    /// A proxy is gone, and its pools with it.
    pub(super) fn proxy_goes(&mut self, pod: u32, cal: &mut Cal) {
        for proxy in self.workers_of(pod) {
            let table: Vec<u32> = self.proxies[usize::from(proxy)].process.table.iter().map(|h| h.pod).collect();
            for p in table {
                self.change_table(proxy, p, false, cal);
            }
            let p = &mut self.proxies[usize::from(proxy)];
            p.reload_wanted = false;
            p.reloading = None;
            p.waiting.clear();
            p.unresolved.clear();
            p.process.terminating.clear();
            if let Some(tier) = &mut self.tier {
                tier.away.resize(self.proxies.len(), false);
                tier.away[usize::from(proxy)] = true;
            }
        }
    }
}
