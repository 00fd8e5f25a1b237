//! A fleet towards the tier behind it: its pods are proxies there, its requests are passed on.

use crate::engine::{Handle, SimTime};
use crate::scenario::Layer;

use super::super::fact::{Cause, PodId, ProxyId};
use super::super::proxy::{RESET, TRUNCATED};
use super::super::request::{Place, Request};
use super::super::world::{Cal, Observer, World};
use super::behind::Call;
use super::{Answer, Behind, Up, Whereabouts, at, put};

impl<O: Observer> World<O> {
    /// Whether its pods are the proxies of another tier.
    #[inline]
    pub(in super::super) fn has_tier_behind(&self) -> bool {
        O::TIERED && self.tier.as_ref().is_some_and(|tier| tier.behind.is_some())
    }

    /// The fleet behind, at the present moment.
    pub(super) fn behind(&mut self, now: SimTime) -> Option<&mut Behind> {
        let behind = self.tier.as_mut()?.behind.as_mut()?;
        behind.engine.calendar.advance(now);
        Some(behind)
    }

    /// Request `r` has reached a pod that is a proxy: it asks behind on its behalf.
    pub(in super::super) fn pass_on(&mut self, r: u32, cal: &Cal) {
        let Request { pod, population, client, ordinal, attempts, abandoned, .. } = self.requests[r];
        if abandoned {
            // The end of its connection is on its heels.
            return self.drop_request(r);
        }
        let c = self.carrier(r);
        if self.connections[c].pod_closed {
            return;
        }
        self.connections.upkeep_mut(c).in_pod += 1;
        self.requests[r].place = Place::Queued;
        self.pods[pod as usize].in_flight += 1;
        let request = self.requests.handle(r);
        let Some(behind) = self.behind(cal.now()) else { return };
        let Some(connection) = at(&behind.mirrors, c) else { return };
        let call = Call { request, connection, population, client, ordinal, attempts };
        let handle = behind.engine.model.begin_call(call, &mut behind.engine.calendar);
        put(&mut behind.calls, r, handle);
    }

    /// A pod that is a proxy has accepted connection `c`.
    pub(in super::super) fn connected_behind(&mut self, c: u32, cal: &Cal) {
        let (pod, connection) = (self.connections[c].pod, self.connections.handle(c));
        let Some(behind) = self.behind(cal.now()) else { return };
        if behind.accepted.len() <= pod as usize {
            behind.accepted.resize(pod as usize + 1, 0);
        }
        let accepted = &mut behind.accepted[pod as usize];
        let worker = *accepted;
        *accepted = accepted.wrapping_add(1);
        let mirror = behind.engine.model.accept(pod, worker, connection, cal.now());
        put(&mut behind.mirrors, c, Some(mirror));
    }

    /// Connection `c` to a pod that is a proxy has ended: what that does on behalf of its requests ends too.
    pub(in super::super) fn disconnected_behind(&mut self, c: u32, cal: &Cal) {
        let pod = self.connections[c].pod;
        let Some(behind) = self.behind(cal.now()) else { return };
        if at(&behind.mirrors, c).is_none() {
            return;
        }
        let Some(mirror) = put(&mut behind.mirrors, c, None) else { return };
        let cut = behind.engine.model.disconnect(mirror, &mut behind.engine.calendar);
        for (request, begun) in cut {
            let in_flight = &mut self.pods[pod as usize].in_flight;
            *in_flight = in_flight.saturating_sub(1);
            if begun && let Some(r) = self.requests.live(request) {
                // Its client has a part of the answer.
                self.requests[r].place = Place::Serving;
            }
        }
    }

    /// The controller creates a pod that is a proxy.
    pub(in super::super) fn created_behind(&mut self) {
        if let Some(behind) = self.tier.as_mut().and_then(|tier| tier.behind.as_mut()) {
            behind.engine.model.add_proxy();
        }
    }

    /// A pod that is a proxy begins to listen.
    pub(in super::super) fn started_behind(&mut self, pod: u32, cal: &Cal) {
        if let Some(behind) = self.behind(cal.now()) {
            behind.engine.model.proxy_starts(pod, &mut behind.engine.calendar);
        }
    }

    /// A pod that was a proxy is gone.
    pub(in super::super) fn gone_behind(&mut self, pod: u32, cal: &Cal) {
        if let Some(behind) = self.behind(cal.now()) {
            behind.engine.model.proxy_goes(pod, &mut behind.engine.calendar);
        }
    }

    /// Why the call on behalf of request `r` has not been answered.
    pub(in super::super) fn cause_behind(&self, r: u32) -> Cause {
        let behind = self.tier.as_ref().and_then(|tier| tier.behind.as_ref());
        let waits = self.requests[r].place == Place::Queued;
        let call = behind.filter(|_| waits).and_then(|b| Some((b, at(&b.calls, r)?)));
        let Some((behind, call)) = call else { return Cause::Slow };
        let model = &behind.engine.model;
        model.requests.live(call).map_or(Cause::Slow, |call| model.cause_of_timeout(call))
    }

    /// Somebody gives up request `r`: notes where it is behind, as far as it is there.
    pub(in super::super) fn note_behind(&mut self, r: u32) {
        let waits = self.requests[r].place == Place::Queued;
        let Some(tier) = self.tier.as_mut().filter(|_| waits) else { return };
        let Some(behind) = &tier.behind else { return };
        let model = &behind.engine.model;
        let Some(call) = at(&behind.calls, r).and_then(|call| model.requests.live(call)) else { return };
        let whereabouts = model.whereabouts(call);
        put(&mut tier.last, r, Some(whereabouts));
        self.requests[r].attempts = whereabouts.attempts;
    }

    /// Where the last attempt of request `r` was made.
    pub(super) fn whereabouts(&self, r: u32) -> Whereabouts {
        let Request { proxy, pod, attempts, .. } = self.requests[r];
        let identity = self.requests[r].identity();
        let depth = self.tier.as_ref().map_or(0, |tier| tier.depth);
        let behind = self
            .tier
            .as_ref()
            .and_then(|tier| at(&tier.last, r))
            .filter(|last| (last.identity, last.attempts) == (identity, attempts));
        behind.unwrap_or(Whereabouts { depth, proxy, pod, identity, attempts })
    }

    /// The same as facts tell it.
    pub(in super::super) fn told_whereabouts(&self, r: u32) -> (Option<PodId>, ProxyId) {
        let Whereabouts { depth, proxy, pod, .. } = self.whereabouts(r);
        let pod = (pod != crate::engine::NIL).then(|| PodId::behind_tier(depth, pod));
        (pod, ProxyId::of_tier(depth, u32::from(proxy)))
    }

    /// Hears what the fleet behind has to tell, until that is nothing.
    pub(super) fn hear(&mut self, cal: &mut Cal) {
        loop {
            let Some(behind) = self.behind(cal.now()) else { return };
            behind.engine.model.hear(&mut behind.engine.calendar);
            let ups = behind.engine.model.tell_before();
            if ups.is_empty() {
                return;
            }
            for up in ups {
                match up {
                    Up::Answer(answer) => self.on_answer_from_behind(answer, cal),
                    Up::Closes(connection) => self.on_close_from_behind(connection, cal),
                    Up::Deaf(pod) => self.pods[pod as usize].listening = false,
                    Up::StreamStands(connection) => self.on_stream_stands_behind(connection, cal),
                    Up::StreamOver(end) => self.on_stream_over_behind(end, cal),
                }
            }
        }
    }

    /// A call is over: its proxy answers, or ends the connection without an answer.
    fn on_answer_from_behind(&mut self, answer: Answer, cal: &mut Cal) {
        let Answer { request, pod, status, cause, attempts, closes, at: whereabouts } = answer;
        let p = &mut self.pods[pod as usize];
        p.in_flight = p.in_flight.saturating_sub(1);
        if let Some(r) = self.requests.live(request) {
            let c = self.carrier(r);
            self.requests[r].cause = cause;
            self.requests[r].attempts = attempts;
            if let Some(tier) = &mut self.tier {
                put(&mut tier.last, r, Some(whereabouts));
            }
            let shared = match self.layer {
                Layer::L4 => self.populations[usize::from(self.requests[r].population)].config.multiplex > 1,
                Layer::L7 => self.multiplexes(),
            };
            if matches!(status, RESET | TRUNCATED) && !shared {
                self.requests[r].place = if status == TRUNCATED { Place::Serving } else { Place::Queued };
                self.close_by_pod(c, false, cal);
            } else {
                self.connections[c].close_announced |= closes.is_some();
                let version = self.pods[self.requests[r].pod as usize].version();
                self.answer(r, version, status, false, cal);
                if self.connections[c].pod_closed {
                    self.disconnected_behind(c, cal);
                }
            }
        } else if let Some(connection) = closes {
            // Nobody waits for the answer; what is to come on the connection finds it closed.
            self.on_close_from_behind(connection, cal);
        }
        self.exit_if_drained(pod, cal);
    }

    /// A proxy behind closes an idle connection.
    fn on_close_from_behind(&mut self, connection: Handle, cal: &mut Cal) {
        let Some(c) = self.connections.live(connection) else { return };
        let pod = self.connections[c].pod;
        self.close_by_pod(c, false, cal);
        self.exit_if_drained(pod, cal);
    }
}
