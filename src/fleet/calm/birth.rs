//! A request is sent, and what will become of it is known – or not, and it is an ordinary one.

use crate::engine::{Arena, Family, List, NIL, Place, SimTime};
use crate::scenario::Layer;

use super::super::connection::Connection;
use super::super::lifecycle::Phase;
use super::super::pick::Pick;
use super::super::pod::Pod;
use super::super::population::FOREVER;
use super::super::transport::Available;
use super::super::version::Version;
use super::super::world::{Cal, Observer, World};
use super::schedule::Schedule;
use super::{Calm, Coming, Known, Young};

/// How a request begins.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Birth {
    /// Calmly; it is the one that is at its proxy at once, if it is there.
    Calm(Option<Young>),
    /// Step by step.
    Ordinary,
}

impl<O: Observer> World<O> {
    /// A request just born goes its way calmly, if it can.
    #[inline(always)]
    pub(in super::super) fn birth(&mut self, population: u16, client: u32, ordinal: u64, cal: &mut Cal) -> Birth {
        let p = &mut self.populations[usize::from(population)];
        if O::IN_ORDER || !p.calm {
            return Birth::Ordinary;
        }
        let now = cal.now();
        let state = &mut p.clients[client as usize];
        let mut c = state.available.tail();
        // Behind the one that has become free last stand those that will be.
        let connection = loop {
            if c == NIL {
                return Birth::Ordinary;
            }
            let connection = &mut self.connections[c];
            if connection.idle_since <= now {
                break connection;
            }
            c = connection.available.prev();
        };
        let young = Young { born: now, ordinal, client, connection: c, population, proxy: state.proxy };
        if self.layer == Layer::L4 {
            return if self.goes_straight(&young, cal) { Birth::Calm(None) } else { Birth::Ordinary };
        }
        connection.carried = connection.carried.saturating_add(1);
        if self.client_hop.is_instant() {
            return Birth::Calm(Some(young));
        }
        // When it is free again will be known at the proxy.
        (connection.in_use, connection.idle_since) = (1, SimTime::MAX);
        let place = cal.place(now.plus(self.client_hop.delay));
        self.calm.on_the_way.join(place, Coming::Young(young));
        Birth::Calm(None)
    }

    /// Whether there are any that are on their way to their proxies.
    #[inline(always)]
    pub(in super::super) fn some_are_on_their_way(&self) -> bool {
        self.calm.on_the_way.first() != Place::NEVER
    }

    /// When the next of them is there.
    #[inline(always)]
    pub(in super::super) fn next_at_proxy(&self) -> Place {
        self.calm.on_the_way.first()
    }

    /// The next of them is there; it is returned if it is still calm.
    #[inline(always)]
    pub(in super::super) fn next_young(&mut self, cal: &mut Cal) -> Option<Young> {
        self.look_at_upcoming(cal.now());
        match self.calm.on_the_way.leave() {
            Coming::Young(young) => return Some(young),
            Coming::Woken(request) => self.on_request_at_proxy(request, cal),
        }
        None
    }

    /// Layer 7: a request is at its proxy.
    #[inline(always)]
    pub(in super::super) fn reaches_proxy(&mut self, young: Young, cal: &mut Cal) {
        let now = cal.now();
        if self.balancer.retries.budget.is_some() {
            self.pay_for_retries(young.proxy, now);
        }
        let picked = self.pick_calmly(&young, now);
        if let Some(pod) = picked
            && self.goes_by_proxy(&young, pod, cal)
        {
            return;
        }
        // By value, so that it has no address before, and stays in registers.
        self.goes_otherwise(young, picked, cal);
    }

    /// Its proxy picks a pod, which is caught up with.
    #[inline(always)]
    fn pick_calmly(&mut self, young: &Young, now: SimTime) -> Option<u32> {
        let &Young { ordinal, client, population, proxy, .. } = young;
        let process = &mut self.proxies[usize::from(proxy)].process;
        let (n, lot) = (process.table.len() as u32, Pick::lot(ordinal, 1));
        // Without a look at what restricts others (60 instructions).
        if !process.ejections && self.calm.even && n > 1 {
            if let Some(choices) = process.choices {
                return Some(self.pick_of_two(choices, proxy, population, lot, now));
            }
            let family = self.populations[usize::from(population)].balance;
            if let Some(at) = process.algorithm.pick_of(n, family, lot) {
                let pod = process.table.pod(at);
                self.catch_up(pod, now);
                return Some(pod);
            }
        }
        self.pick(proxy, Pick::first(population, client, ordinal), now).inspect(|&pod| self.catch_up(pod, now))
    }

    /// Layer 7: its proxy has picked, but not all is known of the pod, or it has a record from now on.
    #[cold]
    #[inline(never)]
    fn goes_otherwise(&mut self, young: Young, picked: Option<u32>, cal: &mut Cal) {
        if let Some(pod) = picked
            && !self.calm.pods[pod as usize].is_open()
            && self.opens(pod, cal.now())
            && self.goes_by_proxy(&young, pod, cal)
        {
            return;
        }
        let r = self.record_of_young(&young, cal.now(), cal);
        self.forward_picked(r, young.proxy, picked, cal);
    }

    /// Layer 7: the proxy sends it to `pod`, on an idle connection, if its fate is known then.
    #[inline(always)]
    fn goes_by_proxy(&mut self, young: &Young, pod: u32, cal: &mut Cal) -> bool {
        let now = cal.now();
        let &Young { born, ordinal, client, connection, population, proxy } = young;
        let at = self.link(proxy, pod);
        let Self { calm, links, proxies, connections, populations, .. } = self;
        let (schedule, link) = (&calm.pods[pod as usize], &mut links[at]);
        // One that is closed may be of a pod that stands in no table.
        if !schedule.is_open() {
            return false;
        }
        let table = &mut proxies[usize::from(proxy)].process.table;
        let Some(&upstream) = link.idle.last() else { return false };
        // As many connections as are kept at most, so that none is closed when it comes back.
        if link.idle.len() + table.active()[link.position as usize] as usize
            > self.balancer.upstream.connections as usize
        {
            return false;
        }
        let (hop, arrive) = (self.pod_hop.delay, now.plus(self.pod_hop.delay));
        let up = &mut connections[upstream];
        let carried = up.carried.saturating_add(1);
        if carried >= schedule.keep || up.pod_closed || up.pod_idle_since.plus(schedule.idle) <= arrive {
            return false;
        }
        let p = &mut populations[usize::from(population)];
        let version = &self.versions[usize::from(schedule.version)];
        let slowed = schedule.slowed.then(|| &self.pods[pod as usize]);
        let Some((start, end)) = served(schedule, version, slowed, p.service, ordinal, arrive) else { return false };
        let answered = end.plus(hop);
        let over = answered.plus(self.client_hop.delay);
        if !calm.is_in_time(answered, now, up.opened) || over >= born.plus(p.patience) {
            return false;
        }
        table.begins(link.position, now);
        link.idle.pop();
        // The pod has it idle again from the end on: its own time-out counts from there.
        (up.in_use, up.carried, up.pod_idle_since) = (1, carried, end);
        let available = &mut p.clients[client as usize].available;
        if self.client_hop.is_instant() {
            frees_later(available, connections, connection, over);
        } else {
            connections[connection].in_use = 0;
            frees(available, connections, connection, over);
        }
        let order = cal.ticket();
        let (sent, waited) = (now, 0);
        let known =
            Known { born, sent, start, ordinal, client, connection, upstream, pod, population, proxy, waited, order };
        calm.remember(known, arrive, end, answered);
        true
    }

    /// Layer 4: it goes to the pod of its client's connection, if its fate is known then.
    #[inline(always)]
    fn goes_straight(&mut self, young: &Young, cal: &mut Cal) -> bool {
        let &Young { born, ordinal, client, connection, population, proxy } = young;
        let pod = self.connections[connection].pod;
        self.catch_up(pod, born);
        if !self.knows(pod, born) {
            return false;
        }
        let Self { calm, connections, populations, .. } = self;
        let schedule = &calm.pods[pod as usize];
        let (hop, arrive) = (self.pod_hop.delay, born.plus(self.pod_hop.delay));
        let own = &mut connections[connection];
        let carried = own.carried.saturating_add(1);
        if carried >= schedule.keep || own.pod_closed || own.pod_idle_since.plus(schedule.idle) <= arrive {
            return false;
        }
        let p = &mut populations[usize::from(population)];
        let version = &self.versions[usize::from(schedule.version)];
        let slowed = schedule.slowed.then(|| &self.pods[pod as usize]);
        let Some((start, end)) = served(schedule, version, slowed, p.service, ordinal, arrive) else { return false };
        let over = end.plus(hop);
        if over >= born.plus(p.patience) {
            return false;
        }
        (own.carried, own.pod_idle_since) = (carried, end);
        frees_later(&mut p.clients[client as usize].available, connections, connection, over);
        let (upstream, order) = (NIL, cal.ticket());
        let (sent, waited) = (born, 0);
        let known =
            Known { born, sent, start, ordinal, client, connection, upstream, pod, population, proxy, waited, order };
        calm.remember(known, arrive, end, over);
        true
    }

    /// Whether all that `pod` has to do, now or to come, is known.
    #[inline(always)]
    pub(super) fn knows(&mut self, pod: u32, now: SimTime) -> bool {
        self.calm.pods[pod as usize].is_open() || self.opens(pod, now)
    }

    #[cold]
    #[inline(never)]
    fn opens(&mut self, pod: u32, now: SimTime) -> bool {
        let p = &self.pods[pod as usize];
        let version = &self.versions[p.version()];
        let (workers, queue) = (version.pod.concurrency, version.pod.queue);
        let schedule = &mut self.calm.pods[pod as usize];
        (schedule.workers, schedule.queue, schedule.version) = (workers, queue, p.version() as u8);
        let keep = version.pod.keep_alive.max_requests;
        schedule.keep = if keep == 0 { u32::MAX } else { keep }.min(self.calm.carries);
        schedule.idle = self.idle.of_pods(p.version());
        schedule.slowed = version.pod.slower != 1.0 || p.slowdown(&version.pod.warmup, now) > 1.0;
        let open = p.phase == Phase::Ready
            && !p.left_a_table
            && version.calm
            && p.queue.is_empty()
            && p.workers.free() == workers as usize;
        if !open {
            schedule.close();
        }
        open
    }
}

/// From when to when a request is served that arrives at `arrive`, by a pod with this schedule, or one that is `slowed`; `None` where that
/// is not sure.
#[inline(always)]
pub(super) fn served(
    schedule: &Schedule,
    version: &Version,
    slowed: Option<&Pod>,
    family: Family,
    ordinal: u64,
    arrive: SimTime,
) -> Option<(SimTime, SimTime)> {
    let start = schedule.start(arrive)?;
    let work = match slowed {
        Some(pod) => pod.work(version, family, ordinal, start),
        None => version.service.sample(&mut family.stream(ordinal), ordinal),
    };
    // Work of no time may yet have to wait for what arrives with it; and nothing is known of what never ends.
    (work.nanos().wrapping_sub(1) < FOREVER.nanos()).then(|| (start, start.plus(work)))
}

/// A client's connection `c`, which could be used until now, can be again from `free` on: its available ones stand in the order of that,
/// and none that has to come before it stands behind those that are taken longer.
#[inline(always)]
fn frees_later(available: &mut List, connections: &mut Arena<Connection>, c: u32, free: SimTime) {
    let own = &mut connections[c];
    own.idle_since = free;
    let (mut prev, mut next) = (c, own.available.next());
    while next != NIL && connections[next].idles_before(next, free, c) {
        (prev, next) = (next, connections[next].available.next());
    }
    if prev != c {
        available.remove(&mut Available(connections), c);
        available.insert_behind(&mut Available(connections), c, prev);
    }
}

/// The same of one that others may have been put in front of meanwhile, as it was not known when it would be free.
#[inline(always)]
pub(super) fn frees(available: &mut List, connections: &mut Arena<Connection>, c: u32, free: SimTime) {
    let own = &mut connections[c];
    own.idle_since = free;
    let (prev, mut behind) = (own.available.prev(), available.tail());
    while behind != c && !connections[behind].idles_before(behind, free, c) {
        behind = connections[behind].available.prev();
    }
    // It stays where it is, as a rule (60 instructions).
    if behind == c && (prev == NIL || connections[prev].idles_before(prev, free, c)) {
        return;
    }
    available.remove(&mut Available(connections), c);
    let before = |slots: &Available<'_>, other: u32| slots.0[other].idles_before(other, free, c);
    available.insert_by(&mut Available(connections), c, before);
}

impl Calm {
    /// Keeps what is known of a request that arrives at its pod at `arrive`, is served at `end`, and answered at `answered`.
    #[inline(always)]
    pub(super) fn remember(&mut self, known: Known, arrive: SimTime, end: SimTime, answered: SimTime) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.known.push(known);
            self.known.len() as u32 - 1
        });
        self.known[slot as usize] = known;
        self.schedule_at(known.pod, slot, arrive, end, answered);
    }
}
