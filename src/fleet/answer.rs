//! A pod answers: what with, and whether the connection ends with it.

use crate::engine::{Purpose, SimTime};
use crate::scenario;

use super::event::Event;
use super::fact::Cause;
use super::idle::IdleSide;
use super::proxy::{REFUSED, STATUS_OK};
use super::request::Place;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// 200, or the version's own error.
    #[inline(always)]
    pub(super) fn served_status(&mut self, r: u32, version: usize) -> u16 {
        let rate = self.versions[version].pod.error_rate;
        if rate > 0.0 {
            let identity = self.requests[r].identity();
            // Each attempt has a lot of its own: a retry may succeed.
            let attempt = u64::from(self.requests[r].attempts);
            if self.streams.family(Purpose::AppError, identity).stream(attempt).chance(rate) {
                self.requests[r].cause = Some(Cause::AppError);
                return 500;
            }
        }
        STATUS_OK
    }

    /// A pod of this version answers request `r`, and closes its connection where it has to; `direct` if nothing but the end of
    /// a job has led here.
    #[inline(always)]
    pub(super) fn answer(&mut self, r: u32, version: usize, status: u16, direct: bool, cal: &mut Cal) {
        let request = &mut self.requests[r];
        request.status = status;
        request.place = Place::Returning;
        request.close = false;
        let c = request.carrier(self.layer);
        let keep_alive = &self.versions[version].pod.keep_alive;
        let (connection, upkeep) = self.connections.whole_mut(c);
        upkeep.in_pod -= 1;
        let idle = upkeep.in_pod == 0;
        let worn = keep_alive.max_requests > 0 && connection.carried >= keep_alive.max_requests;
        let ends = connection.close_announced || upkeep.close_silently || worn || status == REFUSED;
        if ends || !keep_alive.max_age.is_zero() {
            self.answer_with_end(r, version, ends, cal);
        } else if idle && self.connections.begins_to_idle(c, IdleSide::Pod, cal.now()) {
            self.time_at_pod(c, cal);
        }
        let direct = direct && self.pod_hop.is_instant();
        match self.layer {
            scenario::Layer::L7 if direct => self.answer_arrives_at_proxy(r, true, cal),
            scenario::Layer::L4 if direct => self.arrive_at_client(r, cal),
            scenario::Layer::L7 => self.pod_hop.send_end(cal, Event::AnswerAtProxy(self.requests.handle(r))),
            scenario::Layer::L4 => self.pod_hop.send_end(cal, Event::AnswerAtClient(self.requests.handle(r))),
        }
    }

    /// The connection of request `r`, which the pod has just answered, ends if it is to, or has passed its age limit.
    #[inline(never)]
    fn answer_with_end(&mut self, r: u32, version: usize, ends: bool, cal: &mut Cal) {
        let c = self.requests[r].carrier(self.layer);
        let ends = ends || self.is_overaged(c, version, cal.now());
        // With several requests on one connection the last one to be answered takes the connection with it.
        // Without a word its end follows the answer on its heels: whoever reads the one learns of the other.
        let waits = ends && self.requests[r].status != REFUSED && self.announces_end(c, cal);
        let idle = self.connections.upkeep(c).in_pod == 0;
        if idle && ends && !waits {
            self.requests[r].close = true;
            self.connections[c].pod_closed = true;
            self.leave_pod(c);
        } else if idle {
            self.pod_idles(c, cal);
        } else if ends && !waits && self.requests[r].status != REFUSED {
            self.announces_with_answer(c, cal);
        }
    }

    /// Whether connection `c` has passed its own age limit: `maxAge` × (1 ± jitter), drawn by who opened it and when.
    fn is_overaged(&self, c: u32, version: usize, now: SimTime) -> bool {
        let keep_alive = &self.versions[version].pod.keep_alive;
        let connection = &self.connections[c];
        let mut draw =
            self.streams.family(Purpose::ConnectionAge, u64::from(c)).stream(connection.opened.nanos() as u64);
        let factor = 1.0 + keep_alive.max_age_jitter * (2.0 * draw.open01() - 1.0);
        now.since(connection.opened) >= keep_alive.max_age.scale(factor)
    }

    /// The connection to the pod that carries request `r`.
    #[inline(always)]
    pub(super) fn carrier(&self, r: u32) -> u32 {
        self.requests[r].carrier(self.layer)
    }
}
