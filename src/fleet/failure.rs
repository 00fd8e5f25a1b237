//! What a proxy does when an attempt fails: marks the pod, tries again, or tells the client.

use crate::engine::{Handle, NIL, Purpose, SimTime};
use crate::scenario::ProxyStatus;

use super::backoff::wait;
use super::connection::Owner;
use super::event::Event;
use super::fact::Cause;
use super::lifecycle::Phase;
use super::proxy::TRUNCATED;
use super::request::{Place, Request};
use super::retry_budget::TpsBudget;
use super::world::{Cal, Observer, World};

/// Why an attempt of a proxy failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    ConnectRefused,
    ConnectTimeout,
    Reset,
    /// A connection that ended before the request was sent on it.
    ResetUnsent,
    Truncated,
    NoEndpoints,
    /// Limits of the proxy's left no room for it.
    Overflow,
    /// The time-out for the request as a whole.
    Timeout,
    /// That of one attempt.
    TryTimeout,
    /// The pod has answered, with a status that is to be a failure.
    Status(u16),
}

impl<O: Observer> World<O> {
    /// The proxy's attempt of request `r`, already off its connection, has failed: own retry, or the client is told.
    pub(super) fn proxy_failed(&mut self, r: u32, failure: Failure, cause: Cause, cal: &mut Cal) {
        let proxy = self.requests[r].proxy;
        let pod = self.requests[r].pod;
        self.uncount_active(r, proxy, cal);
        self.requests[r].cause = Some(cause);
        if self.is_noted(r, failure) {
            self.mark_failure(r, proxy, pod, cal);
        }
        if self.may_retry(r, proxy, failure, cal.now()) && self.spend_budget(proxy, cal.now()) {
            let retries = &self.balancer.retries;
            let limited = retries.max_concurrent > 0 || retries.concurrent_share > 0.0;
            let request = &mut self.requests[r];
            request.proxy_retries += 1;
            request.attempts = request.attempts.saturating_add(1);
            if limited && !request.holds_retry {
                request.holds_retry = true;
                self.proxies[usize::from(proxy)].retries += 1;
            }
            if self.balancer.retries.other_pod {
                self.avoid(r, pod);
            }
            return self.retry_by_proxy(r, failure, cal);
        }
        // The first request on the client's connection, or one that came after.
        let later = self.is_later(r);
        let status = self.balancer.status;
        let closes = status.reset_later == ProxyStatus::CLOSE && self.requests[r].was_lost_on_reused();
        let status = match failure {
            // HAProxy takes no note that a retry went over a connection of its own, and answers nothing to what came over one
            // that was in use before.
            Failure::ConnectRefused | Failure::ConnectTimeout if closes => ProxyStatus::CLOSE,
            Failure::ConnectRefused => status.connect_failure,
            Failure::ConnectTimeout => status.connect_timeout,
            Failure::Reset | Failure::ResetUnsent if later => status.reset_later,
            Failure::Reset | Failure::ResetUnsent => status.reset,
            Failure::Truncated => TRUNCATED,
            Failure::NoEndpoints | Failure::Overflow => status.no_endpoints,
            Failure::Timeout | Failure::TryTimeout => status.timeout,
            Failure::Status(status) => status,
        };
        self.respond(r, status, false, cal);
    }

    /// The proxy tries request `r` again after this failure, and after its wait.
    fn retry_by_proxy(&mut self, r: u32, failure: Failure, cal: &mut Cal) {
        let k = u32::from(self.requests[r].proxy_retries);
        if self.is_redispatched(r) {
            let pod = self.requests[r].pod;
            self.avoid(r, pod);
            return self.forward(r, cal);
        }
        // HAProxy's turn-around is for pods that cannot be connected to, and only while it takes their connections for new ones.
        let connects = matches!(failure, Failure::ConnectRefused | Failure::ConnectTimeout);
        if self.balancer.retries.same_pod && (!connects || self.requests[r].lost_on_reused && k > 1) {
            return self.send_again(r, cal);
        }
        let family = self.streams.family(Purpose::ProxyBackoff, self.requests[r].identity());
        // Its retries here are the last `k` of its attempts.
        let before = u64::from(self.requests[r].attempts).saturating_sub(u64::from(k));
        let pause = wait(&self.balancer.retries.backoff, k, |k| family.stream(before + u64::from(k)));
        if pause.is_zero() {
            return self.send_again(r, cal);
        }
        if self.balancer.retries.same_pod {
            // It keeps its place there meanwhile: HAProxy's stream holds on to its server, so that this one has a request more for
            // `leastconn` and a slot of `maxconn` less.
            self.count_active(r, cal.now());
        }
        self.requests[r].place = Place::AtProxy;
        cal.at(cal.now() + pause, Event::ProxyRetryDue(self.requests.handle(r)));
    }

    /// Request `r` is to go to another pod than `pod`, and than those before it that are still avoided.
    fn avoid(&mut self, r: u32, pod: u32) {
        let most = self.balancer.retries.avoids as usize;
        let avoid = &mut self.requests[r].avoid[..most];
        avoid.rotate_right(1);
        avoid[0] = pod;
    }

    /// Request `r` counts among what its proxy has under way at its pod, if that is in the table.
    pub(super) fn count_active(&mut self, r: u32, now: SimTime) {
        let Request { proxy, pod, .. } = self.requests[r];
        let link = self.link(proxy, pod);
        let position = self.links[link].position;
        if position != NIL && self.old_process_of(r).is_none() {
            self.requests[r].counted = true;
            self.proxies[usize::from(proxy)].process.table.begins(position, now);
        }
    }

    pub(super) fn on_proxy_retry_due(&mut self, request: Handle, cal: &mut Cal) {
        if let Some(r) = self.requests.live(request) {
            self.send_again(r, cal);
        }
    }

    fn send_again(&mut self, r: u32, cal: &mut Cal) {
        let (proxy, pod) = (self.requests[r].proxy, self.requests[r].pod);
        if self.balancer.retries.same_pod && pod != NIL {
            self.uncount_active(r, proxy, cal);
            if self.old_process_of(r).is_some() {
                return self.open_upstream(r, proxy, pod, cal);
            }
            return self.forward_to(r, proxy, pod, cal);
        }
        self.forward(r, cal);
    }

    /// Whether the present retry of request `r` goes to another pod though others go to the same: its turn to do so has come, or
    /// the proxy no longer believes in the pod that has just failed it.
    fn is_redispatched(&self, r: u32) -> bool {
        let (every, same) = (self.balancer.retries.redispatch, self.balancer.retries.same_pod);
        let Request { proxy_retries, proxy, pod, .. } = self.requests[r];
        if !same || every == 0 || pod == NIL {
            return false;
        }
        u32::from(proxy_retries).is_multiple_of(every) || !self.believes_in(r, proxy, pod)
    }

    /// Whether `pod` is in the table of the process of `proxy` that has request `r`, and its checks do not speak against it.
    fn believes_in(&self, r: u32, proxy: u16, pod: u32) -> bool {
        let p = &self.proxies[usize::from(proxy)];
        let table = self.old_process_of(r).map_or(&p.process.table, |old| &p.old[old].1.table);
        table.iter().any(|host| host.pod == pod && !host.unhealthy)
    }

    /// How many retries of `proxy` may be under way at once.
    fn retry_limit(&mut self, proxy: u16, now: SimTime) -> u32 {
        let retries = &self.balancer.retries;
        if retries.concurrent_share == 0.0 {
            return if retries.max_concurrent == 0 { u32::MAX } else { retries.max_concurrent };
        }
        let (share, least) = (retries.concurrent_share, retries.max_concurrent);
        self.catch_up_all(now);
        let active: u32 = self.proxies[usize::from(proxy)].process.table.active().iter().sum();
        least.max((share * f64::from(active)) as u32)
    }

    fn may_retry(&mut self, r: u32, proxy: u16, failure: Failure, now: SimTime) -> bool {
        let retries = self.balancer.retries;
        let request = &self.requests[r];
        if u32::from(request.proxy_retries) >= retries.attempts || retries.each_pod_once && self.was_tried_at_each(r) {
            return false;
        }
        let room = request.holds_retry || self.proxies[usize::from(proxy)].retries < self.retry_limit(proxy, now);
        let class = match failure {
            Failure::ConnectRefused | Failure::ConnectTimeout => retries.on_connect_failure,
            Failure::ResetUnsent => retries.on_unsent_reset,
            Failure::Reset => retries.on_reset && self.may_be_sent_again(r),
            Failure::TryTimeout => retries.on_timeout && self.may_be_sent_again(r),
            Failure::Status(status) => retries.on_status.contains(status) && self.may_be_sent_again(r),
            Failure::Truncated | Failure::NoEndpoints | Failure::Overflow | Failure::Timeout => false,
        };
        room && class
    }

    /// Whether request `r` has been tried as often as its proxy has pods.
    fn was_tried_at_each(&self, r: u32) -> bool {
        let p = &self.proxies[usize::from(self.requests[r].proxy)];
        let table = self.old_process_of(r).map_or(&p.process.table, |old| &p.old[old].1.table);
        usize::from(self.requests[r].proxy_retries) + 1 >= table.len()
    }

    /// A request has come to `proxy`.
    #[cold]
    pub(super) fn pay_for_retries(&mut self, proxy: u16, now: SimTime) {
        let Some(config) = &self.balancer.retries.budget else { return };
        let budget = &mut self.proxies[usize::from(proxy)].budget;
        budget.get_or_insert_with(|| Box::new(TpsBudget::new(config))).deposit(now);
    }

    /// Takes a retry out of what requests have paid to `proxy`; false if there is none.
    fn spend_budget(&mut self, proxy: u16, now: SimTime) -> bool {
        let budget =
            self.proxies[usize::from(proxy)].budget.as_mut().filter(|_| self.balancer.retries.budget.is_some());
        budget.is_none_or(|budget| budget.withdraw(now))
    }

    /// Whether request `r`, which has been sent, may be sent once more.
    fn may_be_sent_again(&self, r: u32) -> bool {
        self.balancer.retries.non_idempotent || self.is_idempotent(r)
    }

    /// Whether an answer with `status` is anything to a proxy but what its client gets.
    #[cold]
    pub(super) fn is_failure(&self, status: u16) -> bool {
        let passive = &self.balancer.passive_health;
        self.balancer.retries.on_status.contains(status) || passive.max_fails > 0 && passive.statuses.contains(status)
    }

    /// An attempt of request `r` begins, and may not take longer than it is told to.
    #[cold]
    pub(super) fn watch_try(&self, r: u32, cal: &mut Cal) {
        let request = self.requests.handle(r);
        let attempt = self.requests[r].attempts;
        cal.at(cal.now() + self.balancer.retries.per_try_timeout, Event::TryOver { request, attempt });
    }

    /// An attempt of a request has taken too long, if it is still under way and its answer has not begun.
    pub(super) fn on_try_over(&mut self, request: Handle, attempt: u16, cal: &mut Cal) {
        let Some(r) = self.requests.live(request) else { return };
        let Request { population, place, attempts, upstream, .. } = self.requests[r];
        let streamed = self.populations[usize::from(population)].config.streamed_response;
        let under_way = match place {
            Place::UpConnecting | Place::ToPod | Place::Queued | Place::Returning => true,
            Place::Serving => !streamed,
            _ => false,
        };
        if attempts != attempt || !(upstream != NIL && under_way || self.is_in_line(r)) {
            return;
        }
        let cause = self.cause_of_timeout(r);
        if O::TIERED {
            self.note_behind(r);
        }
        self.leave_upstream(r, cal);
        self.requests.outdate(r);
        self.proxy_failed(r, Failure::TryTimeout, cause, cal);
    }

    /// A proxy's connection was refused, or nobody answered.
    pub(super) fn proxy_connect_failed(&mut self, c: u32, unanswered: bool, cause: Cause, cal: &mut Cal) {
        let failure = if unanswered { Failure::ConnectTimeout } else { Failure::ConnectRefused };
        if self.multiplexes() {
            self.take_from_owner(c);
        }
        let mut waited = Vec::new();
        while let Some(r) = self.next_on(c) {
            waited.push(r);
        }
        // Who waits for one of the others there could wait for ever.
        if let Owner::Proxy(proxy) = self.connections[c].owner {
            waited.extend(self.dissolve_line(proxy, self.connections[c].pod));
        }
        self.circuit_closes(c, cal);
        self.forget(c);
        for r in waited {
            self.proxy_failed(r, failure, cause, cal);
        }
    }

    /// Takes the first request off connection `c` of a proxy.
    fn next_on(&mut self, c: u32) -> Option<u32> {
        let r = self.connections[c].requests.head();
        if r == NIL {
            return None;
        }
        self.alight(r, c);
        self.requests[r].upstream = NIL;
        Some(r)
    }

    /// A pod has closed a proxy's connection.
    pub(super) fn proxy_connection_lost(&mut self, c: u32, cal: &mut Cal) {
        let Owner::Proxy(proxy) = self.connections[c].owner else { return };
        self.proxies[usize::from(proxy)].lost += 1;
        self.take_from_owner(c);
        let reused = self.connections[c].carried > 1 && !self.multiplexes();
        let mut lost = Vec::new();
        while let Some(r) = self.next_on(c) {
            let request = &mut self.requests[r];
            request.lost_on_reused = reused || request.was_lost_on_reused();
            let (truncated, cause) = self.fate_on_lost_connection(r);
            // Closed over the accept queue: nothing of it has left the proxy.
            let failure = match (truncated, self.requests[r].place) {
                (true, _) => Failure::Truncated,
                (false, Place::UpConnecting) => Failure::ResetUnsent,
                (false, _) => Failure::Reset,
            };
            self.requests.outdate(r);
            lost.push((r, failure, cause));
        }
        self.circuit_closes(c, cal);
        self.forget(c);
        for (r, failure, cause) in lost {
            self.proxy_failed(r, failure, cause, cal);
        }
    }

    /// What becomes of request `r` when its connection to the pod ends: whether inside its answer, and why.
    pub(super) fn fate_on_lost_connection(&self, r: u32) -> (bool, Cause) {
        let request = &self.requests[r];
        let streamed = self.populations[usize::from(request.population)].config.streamed_response;
        match request.place {
            // The listener closed over the accept queue, unless it was the balancer that cut it there.
            Place::Connecting | Place::UpConnecting => {
                let cut = request.cause.filter(|&cause| cause == Cause::SeveredByDeregistration);
                (false, cut.unwrap_or(Cause::StaleRoute))
            }
            Place::Queued => (false, request.cause.unwrap_or(Cause::SeveredByKill)),
            Place::Serving => (streamed, request.cause.unwrap_or(Cause::SeveredByKill)),
            _ => (false, Cause::KeepAliveRace),
        }
    }

    /// The proxy's time-out for request `r` is over.
    pub(super) fn proxy_gives_up(&mut self, r: u32, cal: &mut Cal) {
        let cause = self.cause_of_timeout(r);
        if O::TIERED {
            self.note_behind(r);
        }
        self.leave_upstream(r, cal);
        self.requests.outdate(r);
        self.proxy_failed(r, Failure::Timeout, cause, cal);
    }

    /// Takes request `r` off its connection to a pod, and closes that: its answer could come at any time.
    pub(super) fn leave_upstream(&mut self, r: u32, cal: &mut Cal) {
        let c = std::mem::replace(&mut self.requests[r].upstream, NIL);
        if c != NIL {
            self.alight(r, c);
            if self.multiplexes() {
                self.reset_stream(r, c, cal);
            } else {
                self.close_by_owner(c, cal);
            }
        }
        let proxy = self.requests[r].proxy;
        self.uncount_active(r, proxy, cal);
    }

    /// Why request `r`, which somebody has waited for too long, took so long.
    pub(super) fn cause_of_timeout(&self, r: u32) -> Cause {
        let request = &self.requests[r];
        match request.place {
            Place::Backoff | Place::AtProxy => request.cause.unwrap_or(Cause::Slow),
            Place::Connecting | Place::UpConnecting => {
                let c = self.carrier(r);
                let pod = if c == NIL { NIL } else { self.connections[c].pod };
                let gone = pod != NIL && self.pods[pod as usize].phase == Phase::Terminated;
                if gone { Cause::StaleRoute } else { Cause::Slow }
            }
            _ if self.has_tier_behind() => self.cause_behind(r),
            _ => {
                let pod = self.pods.get(request.pod as usize);
                // It was there when its machine died, or was sent there afterwards.
                if pod.is_some_and(|p| p.lost) { request.cause.unwrap_or(Cause::StaleRoute) } else { Cause::Slow }
            }
        }
    }
}
