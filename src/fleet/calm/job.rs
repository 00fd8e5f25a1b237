//! What a pod that is otherwise calm has to do beside calm requests: ordinary requests, handshakes, probes.
//!
//! Their starts and ends follow from what is before them just as those of calm requests do. Their ends are events, since they have
//! consequences that nobody catches up with.

use crate::engine::{Dur, Handle, SimTime, Ticket};

use super::super::connection::Stage;
use super::super::event::Event;
use super::super::request::{Job, Place};
use super::super::world::{Cal, Observer, World};
use super::Wait;
use super::schedule::Whose;

/// A job of which it is known when it is begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownJob {
    pub(super) job: Job,
    pub(super) pod: u32,
    pub(super) arrived: SimTime,
    pub(super) start: SimTime,
    /// Which of those it was that came at that moment.
    pub(super) came: Ticket,
    pub(super) order: Ticket,
}

impl<O: Observer> World<O> {
    /// Takes `job` on at `pod`, if its start and end are known then; else whatever was known of the pod is to be found out step by
    /// step.
    #[inline]
    pub(in super::super) fn admits_known(&mut self, pod: u32, job: Job, cal: &mut Cal) -> bool {
        if O::IN_ORDER || !self.calm.on {
            return false;
        }
        if self.knows(pod, cal.now()) && self.takes_on(pod, job, cal) {
            return true;
        }
        self.disturb(pod, cal);
        false
    }

    fn takes_on(&mut self, pod: u32, job: Job, cal: &mut Cal) -> bool {
        let now = cal.now();
        let (start, waiting) = self.calm.pods[pod as usize].next_start(now);
        if waiting.is_none() || self.calm.pods[pod as usize].latest < now {
            return self.takes_on_at(start, waiting, pod, job, cal);
        }
        // Those that are still on their way come after it.
        let coming = self.take_out(pod, cal);
        let (start, waiting) = self.calm.pods[pod as usize].next_start(now);
        let taken_on = self.takes_on_at(start, waiting, pod, job, cal);
        self.put_back(pod, taken_on, coming, cal);
        taken_on
    }

    /// The same where it begins at `start`, and so many wait then.
    fn takes_on_at(&mut self, start: SimTime, waiting: Option<u32>, pod: u32, job: Job, cal: &mut Cal) -> bool {
        let now = cal.now();
        let p = &self.pods[pod as usize];
        let version = &self.versions[p.version()];
        let serves = matches!(job, Job::Serve { .. });
        let work = match job {
            // Of those that wait some may not count: that is for the queue itself to say.
            Job::Serve { .. } if waiting.is_some_and(|waiting| waiting >= version.pod.queue) => return false,
            Job::Serve { population, ordinal, .. } => {
                p.work(version, self.populations[usize::from(population)].service, ordinal, start)
            }
            Job::Handshake(_) => p.slowed(version, self.handshake.time, start),
            Job::Probe(..) | Job::Check { .. } => Dur::ZERO,
            Job::Query { .. } | Job::Stopped => return false,
        };
        let end = start + work;
        let p = &mut self.pods[pod as usize];
        p.in_flight += u32::from(serves);
        let rank = p.next_rank(pod);
        let order = cal.ticket();
        let slot = self.calm.jobs.insert(KnownJob { job, pod, arrived: now, start, came: cal.present(), order });
        if start > now && serves {
            self.calm.waits[pod as usize].push(Wait { from: now, until: start, comes: None });
        } else if start == now {
            self.begun(job);
        }
        if self.calm.pods[pod as usize].insert(end, Whose::job(slot)) {
            self.calm.becomes_due(pod, end + self.pod_hop.delay);
        }
        cal.end_at(end, rank, Event::KnownJobDone(self.calm.jobs.handle(slot)));
        true
    }

    /// A connection request reaches `pod`: whether its accept queue may be full is found out step by step.
    pub(in super::super) fn knows_backlog(&mut self, pod: u32, cal: &mut Cal) {
        if O::IN_ORDER || self.calm.pods[pod as usize].ends.is_empty() || self.handshake.time.is_zero() {
            return;
        }
        let (_, waiting) = self.calm.pods[pod as usize].next_start(cal.now());
        let backlog = self.versions[self.pods[pod as usize].version()].pod.backlog;
        if waiting.is_some_and(|waiting| waiting >= backlog) {
            self.disturb(pod, cal);
        }
    }

    /// A worker has begun `job`.
    pub(in super::super) fn begun(&mut self, job: Job) {
        match job {
            Job::Serve { request, .. } => {
                if let Some(request) = self.requests.live_mut(request) {
                    request.place = Place::Serving;
                }
            }
            Job::Handshake(connection) => {
                if let Some(c) = self.connections.live(connection) {
                    self.connections[c].stage = Stage::Handshaking;
                }
            }
            _ => {}
        }
    }

    /// A job of which that was known is done.
    pub(in super::super) fn on_known_job_done(&mut self, job: Handle, cal: &mut Cal) {
        if let Some(slot) = self.calm.jobs.live(job) {
            let &mut KnownJob { job, pod, .. } = self.calm.jobs.remove(slot);
            self.calm.ahead_of_ends_from(pod + 1);
            let schedule = &mut self.calm.pods[pod as usize];
            schedule.remove(Whose::job(slot));
            let due = schedule.first_answer(self.pod_hop.delay);
            self.calm.becomes_due(pod, due);
            self.catch_up(pod, cal.now());
            self.job_over(pod, job, cal);
        }
    }
}
