//! Calm requests become ordinary ones, because something is about to happen to their pod, or to their proxies.

use crate::engine::{Dur, NIL, SimTime};
use crate::scenario::Layer;

use super::super::event::Event;
use super::super::proxy::STATUS_OK;
use super::super::request::{Job, Place, Request};
use super::super::transport::Available;
use super::super::world::{Cal, Observer, World};
use super::job::KnownJob;
use super::schedule::Schedule;
use super::{Coming, Known, Young};

impl<O: Observer> World<O> {
    /// Something is about to happen to `pod`: its calm requests are ordinary ones from now on.
    #[inline]
    pub(in super::super) fn disturb(&mut self, pod: u32, cal: &mut Cal) {
        if O::IN_ORDER {
            return;
        }
        self.calm.pods[pod as usize].close();
        if !self.calm.pods[pod as usize].ends.is_empty() {
            self.wake_all_at(pod, cal);
        }
    }

    /// Settings have changed that were looked at before.
    pub(in super::super) fn look_again(&mut self) {
        self.calm.pods.iter_mut().for_each(Schedule::close);
    }

    /// Nothing is calm any more, nor will be.
    pub(in super::super) fn end_calm(&mut self, cal: &mut Cal) {
        if O::IN_ORDER || !std::mem::take(&mut self.calm.on) {
            return;
        }
        self.populations.iter_mut().for_each(|p| p.calm = false);
        for pod in 0..self.pods.len() as u32 {
            self.disturb(pod, cal);
        }
        self.tell_returned(cal.now());
        for (over, slot) in std::mem::take(&mut self.calm.returning) {
            self.calm.free.push(slot);
            let known = self.calm.known[slot as usize];
            let r = self.record(Known { upstream: NIL, ..known }, cal);
            self.requests[r].place = Place::Returning;
            self.requests[r].status = STATUS_OK;
            cal.end_next(over, Event::AnswerAtClient(self.requests.handle(r)));
        }
        let mut on_the_way = std::mem::take(&mut self.calm.on_the_way);
        on_the_way.change(|who| {
            let Coming::Young(young) = who else { return who };
            let r = self.record_of_young(&young, young.born, cal);
            self.requests[r].place = Place::ToProxy;
            Coming::Woken(self.requests.handle(r))
        });
        self.calm.on_the_way = on_the_way;
    }

    /// The record of a request that is with its proxy since `at_proxy`, or on its way there.
    pub(super) fn record_of_young(&mut self, young: &Young, at_proxy: SimTime, cal: &mut Cal) -> u32 {
        let &Young { born, ordinal, client, connection, population, proxy } = young;
        let of_client = &mut self.populations[usize::from(population)].clients[client as usize];
        of_client.available.remove(&mut Available(&mut self.connections), connection);
        let request = Request::new(born, population, client, proxy, ordinal);
        let r = self.requests.insert(Request { at_proxy, attempts: 1, connection, ..request });
        self.connections[connection].in_use = 1;
        self.watch_from_now(r, cal);
        r
    }

    #[cold]
    #[inline(never)]
    fn wake_all_at(&mut self, pod: u32, cal: &mut Cal) {
        self.catch_up(pod, cal.now());
        let schedule = &mut self.calm.pods[pod as usize];
        schedule.due = SimTime::MAX;
        schedule.close();
        let mut woken = std::mem::take(&mut schedule.ends);
        self.calm.waits[pod as usize].clear();
        // As they began, or would: so they stand in the queue, and so the calendar has their ends.
        woken.sort_unstable_by_key(|(_, whose)| match whose.slot() {
            Ok(slot) => {
                let known = &self.calm.known[slot as usize];
                (known.start, known.arrives(self.pod_hop.delay), known.order, known.order)
            }
            Err(slot) => {
                let KnownJob { start, arrived, came, order, .. } = self.calm.jobs[slot];
                // What has a way to go was scheduled with the ticket with which it comes.
                (start, arrived, if self.pod_hop.is_instant() { order } else { came }, order)
            }
        });
        for (end, whose) in woken {
            match whose.slot() {
                Ok(slot) => {
                    self.calm.free.push(slot);
                    self.wake(self.calm.known[slot as usize], end, cal);
                }
                Err(slot) => {
                    let job = *self.calm.jobs.remove(slot);
                    self.find_out(job, end, cal);
                }
            }
        }
    }

    /// The record of a request that was calm, with the connections that carry it.
    fn record(&mut self, known: Known, cal: &mut Cal) -> u32 {
        let Known { born, sent, ordinal, client, connection, upstream, pod, population, proxy, .. } = known;
        let request = Request::new(born, population, client, proxy, ordinal);
        let r = self.requests.insert(Request { at_proxy: sent, attempts: 1, connection, upstream, pod, ..request });
        let of_client = &mut self.populations[usize::from(population)].clients[client as usize];
        of_client.available.remove(&mut Available(&mut self.connections), connection);
        match self.layer {
            Layer::L4 => self.board(r, connection),
            Layer::L7 => {
                self.connections[connection].in_use = 1;
                if upstream != NIL {
                    self.requests[r].counted = true;
                    self.connections[upstream].in_use = 0;
                    self.board(r, upstream);
                }
            }
        }
        self.watch_from_now(r, cal);
        r
    }

    /// A calm request becomes an ordinary one, in the state that it has now.
    pub(super) fn wake(&mut self, known: Known, end: SimTime, cal: &mut Cal) {
        let Known { start, ordinal, pod, population, order, .. } = known;
        let r = self.record(known, cal);
        let (now, hop) = (cal.now(), self.pod_hop.delay);
        let carrier = self.carrier(r);
        let request = self.requests.handle(r);
        let job = Job::Serve { request, population, ordinal };
        let ends_later = now < end || (now == end && pod >= self.calm.ends_from);
        let p = &mut self.pods[pod as usize];
        if is_on_the_way(&known, hop, cal) {
            self.requests[r].place = Place::ToPod;
            cal.at_ticket(known.arrives(hop), order, Event::AtPod(request));
        } else if now < start || ends_later && !p.workers.any_free() {
            // Of two ends at one moment this may be the first, and the worker's, which is to begin this then, be still to come.
            self.requests[r].place = Place::Queued;
            self.connections.upkeep_mut(carrier).in_pod = 1;
            p.queue.push_back(job);
            p.waiting_requests += 1;
            p.in_flight += 1;
            self.levels.queued += 1;
        } else if ends_later {
            self.requests[r].place = Place::Serving;
            self.connections.upkeep_mut(carrier).in_pod = 1;
            p.in_flight += 1;
            let worker = p.workers.begin(job);
            cal.end_at(end, p.next_rank(pod), Event::JobDone { pod, worker });
        } else {
            self.requests[r].place = Place::Returning;
            self.requests[r].status = STATUS_OK;
            let event = match self.layer {
                Layer::L7 => Event::AnswerAtProxy(request),
                Layer::L4 => Event::AnswerAtClient(request),
            };
            cal.end_next(end + hop, event);
        }
    }

    /// A job becomes one of which nothing is known, in the state that it has now.
    fn find_out(&mut self, known: KnownJob, end: SimTime, cal: &mut Cal) {
        let KnownJob { job, pod, start, .. } = known;
        let p = &mut self.pods[pod as usize];
        if start <= cal.now() && p.workers.any_free() {
            let worker = p.workers.begin(job);
            cal.end_at(end, p.next_rank(pod), Event::JobDone { pod, worker });
            return self.begun(job);
        }
        p.queue.push_back(job);
        match job {
            Job::Serve { .. } => {
                p.waiting_requests += 1;
                self.levels.queued += 1;
            }
            Job::Handshake(_) => p.waiting_handshakes += 1,
            _ => {}
        }
    }

    /// Those that are on their way to their proxies.
    pub(super) fn young(&self) -> impl Iterator<Item = Young> {
        let young = |who| if let Coming::Young(young) = who { Some(young) } else { None };
        self.calm.on_the_way.iter().filter_map(young)
    }
}

/// Whether a request is not at its pod yet, which is a `hop` away from its proxy.
pub(super) fn is_on_the_way(known: &Known, hop: Dur, cal: &Cal) -> bool {
    let arrive = known.arrives(hop);
    cal.now() < arrive || (cal.now() == arrive && !hop.is_zero() && !cal.has_come(known.order))
}
