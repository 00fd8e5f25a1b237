//! The Deployment controller's queue: when a worker looks at the Deployment, and what it sees.
//!
//! A sync takes time, and acts on what it saw when it began: reports that come until its requests have reached the API are
//! for the next one. In the recorded rollouts a report of 12 available pods is acted upon though one of 62 follows it within
//! 20 ms.

use super::policy::{SetView, Step};
use super::progress::Counts;
use super::{Command, Event, Rollout};
use crate::engine::{Dur, SimTime};

/// After a sync that failed the next comes this much later, after two in a row twice as much, and so on up to 1,000 s, if nothing
/// happens before (`DefaultControllerRateLimiter` of client-go).
const FIRST_BACKOFF: Dur = Dur::from_millis(5);
/// 5 ms doubled so often is the last below 1,000 s.
const MOST_DOUBLINGS: u32 = 17;

/// Where the Deployment is in its controller's queue.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Idle,
    /// In the queue.
    Queued,
    /// A worker has seen this, when the Deployment was of this generation, and acts on it.
    Busy {
        seen: Seen,
        generation: u64,
        /// Something happened meanwhile: start over when done.
        again: bool,
    },
}

/// What a sync begins with.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) sets: Vec<SetView>,
    /// What it will report (`calculateStatus` adds up the ReplicaSets that were listed at its start).
    pub(super) counts: Counts,
}

impl Rollout {
    /// What there is to see now.
    pub(super) fn see(&self) -> Seen {
        Seen { sets: self.views(), counts: self.count() }
    }

    /// Something that the Deployment controller watches has changed.
    pub(super) fn trigger_deployment(&mut self, now: SimTime, out: &mut Vec<Command>) {
        self.queue_deployment(now + self.notice(), out);
    }

    /// A worker will take the Deployment from the queue at `at`, unless it will be taken before.
    pub(super) fn queue_deployment(&mut self, at: SimTime, out: &mut Vec<Command>) {
        match &mut self.deployment.work {
            Work::Idle => {
                self.deployment.work = Work::Queued;
                out.push(Command::Schedule { at, event: Event::LookAtDeployment });
            }
            Work::Queued => {}
            Work::Busy { again, .. } => *again = true,
        }
    }

    /// A worker takes the Deployment from the queue. It acts on what it sees now: what is reported until its own requests
    /// have reached the API is for the next sync.
    pub(super) fn look_at_deployment(&mut self, now: SimTime, out: &mut Vec<Command>) {
        let at = self.deployment.requests.ready_at(now);
        if at > now {
            out.push(Command::Schedule { at, event: Event::LookAtDeployment });
            return;
        }
        let (seen, generation) = (self.see(), self.deployment.generation);
        if self.next_step(&self.view(&seen.sets, now)) == Step::Fail {
            self.deployment.work = Work::Idle;
            let backoff = FIRST_BACKOFF.nanos() << self.deployment.failures.min(MOST_DOUBLINGS);
            self.deployment.failures += 1;
            out.push(Command::Schedule { at: now + Dur::from_nanos(backoff), event: Event::RetryDeployment });
            return;
        }
        self.deployment.failures = 0;
        self.deployment.work = Work::Busy { seen, generation, again: false };
        let at = now + self.spec.controller.reaction.saturating_sub(self.notice());
        out.push(Command::Schedule { at, event: Event::SyncDeployment });
    }

    /// The worker is done; what it saw, unless the Deployment has changed since, and whether anything has happened meanwhile.
    pub(super) fn finish_look(&mut self) -> (Option<Seen>, bool) {
        match std::mem::replace(&mut self.deployment.work, Work::Idle) {
            Work::Busy { seen, generation, again } => {
                (Some(seen).filter(|_| generation == self.deployment.generation), again)
            }
            Work::Idle | Work::Queued => (None, false),
        }
    }
}
