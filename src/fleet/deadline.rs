//! Deadlines of constant length: each class is a list in order of expiry, of which only the head has a calendar entry.

use crate::engine::{Arena, Dur, Linked, Links, List, NIL, SimTime};
use crate::scenario::{Clients, Layer, Scenario};

use super::connection::{Connection, Owner};
use super::event::Event;
use super::request::Request;
use super::world::{Cal, Observer, World};

/// What expires together: everything of one class has the same span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    span: Dur,
    list: List,
    armed: bool,
}

impl Class {
    const fn new(span: Dur) -> Self {
        Self { span, list: List::EMPTY, armed: false }
    }

    /// Whether anything of this class can ever expire.
    pub(super) const fn is_on(&self) -> bool {
        !self.span.is_zero()
    }
}

/// The proxies' request time-out.
const PROXY: usize = 0;
/// The proxies' idle connections.
const UPSTREAM_IDLE: usize = 1;
/// The idle connections of old pods, from the pods' side; of new ones next to it.
const POD_IDLE: usize = 2;
/// The first population's time-out; next to it its idle connections, then those of the second.
const POPULATIONS: usize = 4;

/// All classes.
#[derive(Clone, Debug)]
pub(super) struct Deadlines {
    classes: Vec<Class>,
}

impl Deadlines {
    pub(super) fn new(scenario: &Scenario, pod_hop: Dur) -> Self {
        let lb = &scenario.load_balancer;
        // A proxy's time-out cannot fire where every client gives up first: then it need not be kept.
        let patient = |c: &Clients| c.timeout.is_zero() || lb.request_timeout < c.timeout;
        let proxy = if lb.layer == Layer::L7 && scenario.clients.iter().any(patient) { lb.request_timeout } else { Dur::ZERO };
        let upstream = if lb.layer == Layer::L7 { lb.upstream.idle_timeout } else { Dur::ZERO };
        // The pod's idle time-out cannot fire where whoever owns the connection closes it first, as seen from the pod.
        let owners: Vec<Dur> = match lb.layer {
            Layer::L7 => vec![lb.upstream.idle_timeout],
            Layer::L4 => scenario.clients.iter().map(|c| c.keep_alive.idle_timeout).collect(),
        };
        let can_fire = |pod: Dur| owners.iter().any(|&o| o.is_zero() || pod <= o + pod_hop + pod_hop);
        let pod_idle = |pod: Dur| if can_fire(pod) { pod } else { Dur::ZERO };
        let mut spans = vec![
            proxy,
            upstream,
            pod_idle(scenario.pod.keep_alive.idle_timeout),
            pod_idle(scenario.new_pod.keep_alive.idle_timeout),
        ];
        for c in &scenario.clients {
            spans.extend([c.timeout, c.keep_alive.idle_timeout]);
        }
        Self { classes: spans.into_iter().map(Class::new).collect() }
    }

    /// Whether the pods of a version ever close idle connections.
    pub(super) fn pod_idle_is_on(&self, version: usize) -> bool {
        self.classes[POD_IDLE + version].is_on()
    }
}

/// The requests, linked by their client's deadline.
struct ByClient<'a>(&'a mut Arena<Request>);
impl Linked for ByClient<'_> {
    #[inline]
    fn links(&mut self, i: u32) -> &mut Links {
        &mut self.0[i].client_deadline
    }
}

/// The requests, linked by their proxy's deadline.
struct ByProxy<'a>(&'a mut Arena<Request>);
impl Linked for ByProxy<'_> {
    #[inline]
    fn links(&mut self, i: u32) -> &mut Links {
        &mut self.0[i].proxy_deadline
    }
}

/// The connections, linked by their owner's idle time-out.
struct ByOwner<'a>(&'a mut Arena<Connection>);
impl Linked for ByOwner<'_> {
    #[inline]
    fn links(&mut self, i: u32) -> &mut Links {
        &mut self.0[i].owner_idle
    }
}

/// The connections, linked by their pod's idle time-out.
struct ByPod<'a>(&'a mut Arena<Connection>);
impl Linked for ByPod<'_> {
    #[inline]
    fn links(&mut self, i: u32) -> &mut Links {
        &mut self.0[i].pod_idle
    }
}

impl<O: Observer> World<O> {
    /// Gives the class a calendar entry if it has a member and no entry yet.
    #[inline]
    fn arm(&mut self, class: usize, since: SimTime, cal: &mut Cal) {
        let c = &mut self.deadlines.classes[class];
        if !c.armed {
            c.armed = true;
            cal.at((since + c.span).max(cal.now()), Event::Deadline(class as u16));
        }
    }

    /// The client's time-out of request `r` runs from its birth.
    #[inline]
    pub(super) fn start_client_deadline(&mut self, r: u32, cal: &mut Cal) {
        let class = POPULATIONS + 2 * usize::from(self.requests[r].population);
        if self.deadlines.classes[class].is_on() {
            self.deadlines.classes[class].list.push_back(&mut ByClient(&mut self.requests), r);
            self.arm(class, self.requests[r].born, cal);
        }
    }

    #[inline]
    pub(super) fn stop_client_deadline(&mut self, r: u32) {
        let class = POPULATIONS + 2 * usize::from(self.requests[r].population);
        self.deadlines.classes[class].list.remove(&mut ByClient(&mut self.requests), r);
    }

    /// The proxy's time-out of request `r` runs from now.
    #[inline]
    pub(super) fn start_proxy_deadline(&mut self, r: u32, cal: &mut Cal) {
        self.requests[r].at_proxy = cal.now();
        if self.deadlines.classes[PROXY].is_on() {
            self.deadlines.classes[PROXY].list.push_back(&mut ByProxy(&mut self.requests), r);
            self.arm(PROXY, cal.now(), cal);
        }
    }

    #[inline]
    pub(super) fn stop_proxy_deadline(&mut self, r: u32) {
        self.deadlines.classes[PROXY].list.remove(&mut ByProxy(&mut self.requests), r);
    }

    fn owner_idle_class(&self, c: u32) -> usize {
        match self.connections[c].owner {
            Owner::Proxy(_) => UPSTREAM_IDLE,
            Owner::Client { population, .. } | Owner::Stream { population, .. } => POPULATIONS + 1 + 2 * usize::from(population),
        }
    }

    /// The owner of connection `c` has no request on it from now on.
    #[inline]
    pub(super) fn start_owner_idle(&mut self, c: u32, cal: &mut Cal) {
        let class = self.owner_idle_class(c);
        self.connections[c].idle_since = cal.now();
        if self.deadlines.classes[class].is_on() {
            self.deadlines.classes[class].list.push_back(&mut ByOwner(&mut self.connections), c);
            self.arm(class, cal.now(), cal);
        }
    }

    #[inline]
    pub(super) fn stop_owner_idle(&mut self, c: u32) {
        if self.connections[c].owner_idle.is_linked() {
            let class = self.owner_idle_class(c);
            self.deadlines.classes[class].list.remove(&mut ByOwner(&mut self.connections), c);
        }
    }

    /// The pod has no request of connection `c` from now on.
    #[inline]
    pub(super) fn start_pod_idle(&mut self, c: u32, version: usize, cal: &mut Cal) {
        if self.deadlines.pod_idle_is_on(version) {
            let class = POD_IDLE + version;
            self.connections[c].pod_idle_since = cal.now();
            self.deadlines.classes[class].list.push_back(&mut ByPod(&mut self.connections), c);
            self.arm(class, cal.now(), cal);
        }
    }

    #[inline]
    pub(super) fn stop_pod_idle(&mut self, c: u32, version: usize) {
        if self.connections[c].pod_idle.is_linked() {
            self.deadlines.classes[POD_IDLE + version].list.remove(&mut ByPod(&mut self.connections), c);
        }
    }

    /// When the head of the class was set.
    fn head_since(&self, class: usize, head: u32) -> SimTime {
        match class {
            PROXY => self.requests[head].at_proxy,
            UPSTREAM_IDLE => self.connections[head].idle_since,
            c if c < POPULATIONS => self.connections[head].pod_idle_since,
            c if (c - POPULATIONS).is_multiple_of(2) => self.requests[head].born,
            _ => self.connections[head].idle_since,
        }
    }

    /// Lets everything expire that is due, then looks again when the next one is.
    pub(super) fn on_deadline(&mut self, class: u16, cal: &mut Cal) {
        let class = usize::from(class);
        self.deadlines.classes[class].armed = false;
        loop {
            let Class { span, list, .. } = self.deadlines.classes[class];
            let head = list.head();
            if head == NIL {
                return;
            }
            let since = self.head_since(class, head);
            if since + span > cal.now() {
                return self.arm(class, since, cal);
            }
            match class {
                PROXY => self.proxy_gives_up(head, cal),
                UPSTREAM_IDLE => self.close_by_owner(head, cal),
                c if c < POPULATIONS => self.close_by_pod(head, false, cal),
                c if (c - POPULATIONS).is_multiple_of(2) => self.client_gives_up(head, cal),
                _ => self.close_by_owner(head, cal),
            }
        }
    }
}
