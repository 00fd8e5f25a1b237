//! Time-outs of requests, of a constant length for each class: the client's, and the proxy's.
//!
//! Hardly any of them fires, so a request does nothing for its own. Sixteen times in a time-out's length all requests under
//! way are looked over, and one whose deadline comes before the next look gets a calendar entry at the exact moment. So a
//! request that lives 20 ms under a time-out of 10 s is seen by one look in thirty; one that lives as long as its time-out,
//! by sixteen. No list is kept, which would touch the records of two neighbours at each birth and each end (9 % of all time).

use crate::engine::{Dur, NIL, SimTime};
use crate::scenario::{Clients, Layer, Scenario, TimeoutFrom};

use super::event::Event;
use super::population::FOREVER;
use super::request::{Place, Request};
use super::world::{Cal, Observer, World};

/// Looks in a time-out's length.
const LOOKS: u64 = 16;

/// The rank of what comes after time-outs of requests at one moment.
pub(super) const BEHIND_REQUESTS: u64 = 1 << 56;
/// So many bits of an ordinal tell who of a population comes first.
const ORDINAL_BITS: u32 = 39;

/// What expires together.
#[derive(Clone, Copy, Debug)]
struct Class {
    /// Zero where nothing of this class ever expires.
    span: Dur,
    /// Whether the next look is in the calendar.
    armed: bool,
    /// Whether it runs since a request was sent, and not since its birth.
    from_sent: bool,
}

impl Class {
    const fn grain(&self) -> Dur {
        Dur::from_nanos(if self.span.nanos() < LOOKS { 1 } else { self.span.nanos() / LOOKS })
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
        // A proxy's time-out cannot fire where every client gives up first.
        let patient = |c: &Clients| c.timeout.is_zero() || lb.request_timeout < c.timeout;
        let proxy = lb.layer == Layer::L7 && scenario.clients.iter().any(patient);
        let mut spans = vec![(if proxy { lb.request_timeout } else { Dur::ZERO }, false)];
        spans.extend(scenario.clients.iter().map(|c| (c.timeout, c.timeout_from == TimeoutFrom::Sent)));
        let class = |(span, from_sent): (Dur, bool)| Class { span, armed: span.is_zero(), from_sent };
        Self { classes: spans.into_iter().map(class).collect() }
    }

    /// For how long proxies wait.
    pub(super) fn of_proxies(&self) -> Dur {
        let span = self.classes[PROXY].span;
        if span.is_zero() { FOREVER } else { span }
    }

    /// Since when the time-out of `class` runs for `request`, not before `now` where it has yet to be sent; `None` where it does not.
    fn since(&self, request: &Request, class: usize, now: SimTime) -> Option<SimTime> {
        let with_proxy = match request.place {
            Place::AtProxy => true,
            Place::UpConnecting | Place::ToPod | Place::Queued | Place::Serving | Place::Returning => {
                request.upstream != NIL
            }
            _ => false,
        };
        match request.place {
            Place::Over | Place::Streaming => None,
            _ if request.abandoned => None,
            _ if class == PROXY => with_proxy.then_some(request.at_proxy),
            _ if class != POPULATIONS + usize::from(request.population) => None,
            _ if !self.classes[class].from_sent => Some(request.born),
            Place::Waiting | Place::Connecting | Place::ToProxy | Place::Backoff => Some(now),
            _ => Some(request.at_proxy),
        }
    }
}

impl<O: Observer> World<O> {
    /// Request `r` was not watched before, and is from now on.
    #[cold]
    pub(super) fn watch_from_now(&mut self, r: u32, cal: &mut Cal) {
        let request = self.requests[r];
        for (class, since) in [(PROXY, request.at_proxy), (POPULATIONS + usize::from(request.population), request.born)]
        {
            let Class { span, armed, .. } = self.deadlines.classes[class];
            if span.is_zero() {
                continue;
            }
            // What is over before the next look at the latest is not left to that.
            if since + span < cal.now() + self.deadlines.classes[class].grain() {
                self.expects(since + span, class, r, cal);
            }
            if !armed {
                self.arm(class, cal);
            }
        }
    }

    /// A request of `population` is born: its client's time-out runs.
    #[inline]
    pub(super) fn watch_client_deadline(&mut self, population: u16, cal: &mut Cal) {
        if !self.deadlines.classes[POPULATIONS + usize::from(population)].armed {
            self.arm(POPULATIONS + usize::from(population), cal);
        }
    }

    /// A request is at its proxy: the proxy's time-out runs.
    #[inline]
    pub(super) fn watch_proxy_deadline(&mut self, cal: &mut Cal) {
        if !self.deadlines.classes[PROXY].armed {
            self.arm(PROXY, cal);
        }
    }

    #[cold]
    fn arm(&mut self, class: usize, cal: &mut Cal) {
        let c = &mut self.deadlines.classes[class];
        c.armed = true;
        cal.at(cal.now() + c.grain(), Event::DeadlineLook(class as u16));
    }

    /// Looks over all requests for deadlines before the next look.
    pub(super) fn on_deadline_look(&mut self, class: u16, cal: &mut Cal) {
        let k = &mut self.deadlines.classes[usize::from(class)];
        let (span, grain) = (k.span, k.grain());
        let next = cal.now() + grain;
        let mut any = false;
        for r in 0..self.requests.capacity() {
            let request = &self.requests[r];
            let Some(since) = self.deadlines.since(request, usize::from(class), cal.now()) else { continue };
            any = true;
            if since + span < next {
                self.expects(since + span, usize::from(class), r, cal);
            }
        }
        self.deadlines.classes[usize::from(class)].armed = any;
        if any {
            cal.at(next, Event::DeadlineLook(class));
        }
    }

    /// The deadline of request `r` comes at `at`: among others at that moment by whose it is, whoever was looked at first.
    fn expects(&self, at: SimTime, class: usize, r: u32, cal: &mut Cal) {
        let Request { population, ordinal, .. } = self.requests[r];
        // A user's number is in the upper bits of the ordinal: of those 32,768 apart either may be the first.
        let ranked = ordinal & ((1 << ORDINAL_BITS) - 1);
        let rank = u64::from(class != PROXY) << 55 | u64::from(population) << ORDINAL_BITS | ranked;
        cal.at_last(
            at.max(cal.now()),
            rank,
            Event::Deadline { class: class as u16, request: r, ordinal: ordinal as u32 },
        );
    }

    /// The deadline of a request, if it is still under way and has not begun to wait anew.
    pub(super) fn on_deadline(&mut self, class: u16, r: u32, ordinal: u32, cal: &mut Cal) {
        let request = &self.requests[r];
        let span = self.deadlines.classes[usize::from(class)].span;
        let since = self.deadlines.since(request, usize::from(class), cal.now());
        let due = since.is_some_and(|since| since + span == cal.now());
        if !due || request.ordinal as u32 != ordinal {
            return;
        }
        if usize::from(class) == PROXY {
            self.proxy_gives_up(r, cal);
        } else {
            self.client_gives_up(r, cal);
        }
    }
}
