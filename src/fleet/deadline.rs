//! Deadlines of constant length: each class is a list in order of expiry, of which only the head has a calendar entry.

use crate::engine::{Arena, Dur, Linked, Links, List, NIL, SimTime};
use crate::scenario::{Clients, Layer, Scenario};

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
    const fn is_on(&self) -> bool {
        !self.span.is_zero()
    }
}

/// The proxies' request time-out; then each population's.
const PROXY: usize = 0;
const POPULATIONS: usize = 1;

/// All classes.
#[derive(Clone, Debug)]
pub(super) struct Deadlines {
    classes: Vec<Class>,
}

impl Deadlines {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let lb = &scenario.load_balancer;
        // A proxy's time-out cannot fire where every client gives up first: then it need not be kept.
        let patient = |c: &Clients| c.timeout.is_zero() || lb.request_timeout < c.timeout;
        let proxy = lb.layer == Layer::L7 && scenario.clients.iter().any(patient);
        let mut spans = vec![if proxy { lb.request_timeout } else { Dur::ZERO }];
        spans.extend(scenario.clients.iter().map(|c| c.timeout));
        Self { classes: spans.into_iter().map(Class::new).collect() }
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
        let class = POPULATIONS + usize::from(self.requests[r].population);
        if self.deadlines.classes[class].is_on() {
            self.deadlines.classes[class].list.push_back(&mut ByClient(&mut self.requests), r);
            self.arm(class, self.requests[r].born, cal);
        }
    }

    #[inline]
    pub(super) fn stop_client_deadline(&mut self, r: u32) {
        let class = POPULATIONS + usize::from(self.requests[r].population);
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

    /// When the head of the class was set.
    fn head_since(&self, class: usize, head: u32) -> SimTime {
        if class == PROXY { self.requests[head].at_proxy } else { self.requests[head].born }
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
            if class == PROXY {
                self.proxy_gives_up(head, cal);
            } else {
                self.client_gives_up(head, cal);
            }
        }
    }
}
