//! How a request ends: after a last attempt, or because its client has waited long enough.

use crate::engine::{Handle, NIL, Purpose};
use crate::scenario::{Layer, Load, RetryOn};

use super::backoff::wait;
use super::event::Event;
use super::fact::{Cause, Fact, Outcome, PodId, ProxyId};
use super::request::{Place, Request};
use super::transport::OnConnection;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Whether request `r` may be sent twice: its own lot, drawn only when asked for.
    pub(super) fn is_idempotent(&self, r: u32) -> bool {
        let request = &self.requests[r];
        let share = self.populations[usize::from(request.population)].config.idempotent;
        share >= 1.0 || self.streams.stream(Purpose::Idempotent, request.identity()).chance(share)
    }

    /// An attempt of request `r` has failed, perhaps before it was sent: its client tries again, or is left with `outcome`.
    pub(super) fn attempt_failed(
        &mut self,
        r: u32,
        outcome: Outcome,
        class: RetryOn,
        unsent: bool,
        cause: Cause,
        cal: &mut Cal,
    ) {
        self.requests[r].cause = Some(cause);
        let request = self.requests[r];
        let config = &self.populations[usize::from(request.population)].config.retries;
        // An answer that was cut has begun: nobody may ask for it again behind the reader's back.
        let allowed = u32::from(request.client_retries) < config.attempts
            && outcome != Outcome::Truncated
            && config.covers(class)
            && (unsent || self.is_idempotent(r));
        if !allowed || !self.populations[usize::from(request.population)].spend_token(cal.now()) {
            let (population, client) = (request.population, request.client);
            return self.finish(r, population, client, outcome, Some(cause), cal);
        }
        let k = u32::from(request.client_retries) + 1;
        let backoff = &self.populations[usize::from(request.population)].config.retries.backoff;
        let family = self.streams.family(Purpose::ClientBackoff, request.identity());
        let wait = wait(backoff, k, |k| family.stream(u64::from(k)));
        let request = &mut self.requests[r];
        request.client_retries += 1;
        request.place = Place::Backoff;
        cal.at(cal.now() + wait, Event::RetryDue(self.requests.handle(r)));
    }

    pub(super) fn on_retry_due(&mut self, request: Handle, cal: &mut Cal) {
        if let Some(r) = self.requests.live(request) {
            self.begin_attempt(r, cal);
        }
    }

    /// The client of request `r` has waited long enough: it closes its connection and is left with nothing.
    pub(super) fn client_gives_up(&mut self, r: u32, cal: &mut Cal) {
        let cause = self.cause_of_timeout(r);
        if O::TIERED {
            self.note_behind(r);
        }
        let Request { population, client, place, connection: c, close, .. } = self.requests[r];
        if place == Place::Waiting {
            let upkeep = &mut self.populations[usize::from(population)].upkeep;
            upkeep[client as usize].waiting.remove(&mut OnConnection(&mut self.requests), r);
        }
        // On its way to the pod it will be worked on all the same.
        let on_the_way = place == Place::ToPod;
        let multiplexed = c != NIL && self.populations[usize::from(population)].config.multiplex > 1;
        match self.layer {
            Layer::L7 => {
                self.leave_upstream_of_abandoned(r, on_the_way, cal);
                if place == Place::Connecting {
                    self.alight(r, c);
                } else if c != NIL {
                    self.connections[c].in_use -= 1;
                }
            }
            Layer::L4 if c != NIL => {
                // A pod that has closed it counts no longer what is on it.
                if matches!(place, Place::Queued | Place::Serving) && !self.connections[c].pod_closed {
                    self.connections.upkeep_mut(c).in_pod -= 1;
                }
                self.alight(r, c);
            }
            Layer::L4 => {}
        }
        self.requests[r].connection = NIL;
        if multiplexed {
            if self.layer == Layer::L4 && place == Place::Returning && close {
                // The answer that nobody reads any more was to tell of the connection's end.
                self.pod_hop.send(cal, Event::PeerClosed(self.connections.handle(c)));
            }
            self.offer(c, cal);
        } else if c != NIL {
            self.close_by_owner(c, cal);
        }
        self.end(r, Outcome::Timeout, Some(cause), cal);
        if on_the_way {
            self.requests[r].abandoned = true;
        } else {
            self.drop_request(r);
        }
        self.after_end(population, client, cal);
        self.serve_waiting(population, client, cal);
    }

    pub(super) fn leave_upstream_of_abandoned(&mut self, r: u32, on_the_way: bool, cal: &mut Cal) {
        self.release_retry(r);
        let pod = self.requests[r].pod;
        self.leave_upstream(r, cal);
        if on_the_way {
            self.requests[r].pod = pod;
        }
    }

    /// Request `r` of this client is over.
    #[inline(always)]
    pub(super) fn finish(
        &mut self,
        r: u32,
        population: u16,
        client: u32,
        outcome: Outcome,
        cause: Option<Cause>,
        cal: &mut Cal,
    ) {
        self.end(r, outcome, cause, cal);
        self.drop_request(r);
        self.after_end(population, client, cal);
    }

    /// Request `r` is no more.
    #[inline]
    pub(super) fn drop_request(&mut self, r: u32) {
        self.requests.remove(r).place = Place::Over;
    }

    /// Accounts for the end of request `r`, once.
    #[inline(always)]
    pub(super) fn end(&mut self, r: u32, outcome: Outcome, cause: Option<Cause>, cal: &Cal) {
        self.count_end(self.requests[r].born, cal.now());
        let request = &self.requests[r];
        let own = || ((request.pod != NIL).then_some(PodId(request.pod)), ProxyId(u32::from(request.proxy)));
        let (pod, proxy) = if O::TIERED { self.told_whereabouts(r) } else { own() };
        let fact = Fact::Ended {
            born: request.born,
            sent: request.at_proxy,
            outcome,
            cause,
            attempts: request.attempts,
            stream: request.place == Place::Streaming,
            identity: request.identity(),
            pod,
            proxy,
            client: request.client,
        };
        let (pod, latency) = (request.pod, cal.now().since(request.born));
        self.note_for_analysis(pod, outcome, latency, cal.now());
        self.tell(cal, fact);
    }

    /// A user thinks again after the end of a request.
    #[inline(always)]
    fn after_end(&mut self, population: u16, client: u32, cal: &mut Cal) {
        if matches!(self.populations[usize::from(population)].load(), Load::Users { .. }) {
            self.think(population, client, cal);
        }
    }
}
