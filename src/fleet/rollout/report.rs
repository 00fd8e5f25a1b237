//! How a ReplicaSet's status reaches the API: a write that is based on an outdated copy is refused.
//!
//! A sync reports on the copy of the ReplicaSet with which it began. If the Deployment controller has resized the
//! ReplicaSet since, or if the copy did not yet show the status that the sync before had written, the API answers
//! *conflict*; the controller reads the ReplicaSet anew and writes the same counts once more (`updateReplicaSetStatus` of
//! Kubernetes, `statusUpdateRetries` 1). That is three requests instead of one, which counts where the client is throttled: of the
//! recorded rollouts at 20 requests a second no size fits without them.

use super::availability::{is_available, next_available};
use super::replica_set::{ReplicaSet, SetStatus, Worker};
use super::{Command, Event, Rollout};
use crate::engine::{Purpose, SimTime};
use crate::scenario::Release;

/// How often a sync that follows the last one's report at once still sees the ReplicaSet as it was before that. The answer to
/// the write and the news of it come over two connections at the same time, and either may be first; in the recorded throttled
/// rollouts about half of the syncs were too early.
const SEEN_TOO_LATE: f64 = 0.5;

/// What a ReplicaSet's controller has written of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reports {
    written: u64,
    /// The status that the last write replaced.
    before: SetStatus,
    /// Whether the sync that comes next follows that write at once.
    just_now: bool,
}

/// The ReplicaSet as a sync has read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copied {
    /// Which of its specs.
    generation: u64,
    /// Its status: what a new one is compared with.
    status: SetStatus,
    /// Which generation a write is based on.
    base: u64,
    /// Whether that write cannot but be refused: the copy is older than the last report.
    outdated: bool,
    /// Whether a write has been refused already.
    refused: bool,
}

impl Rollout {
    /// What a sync of `set` that begins now has to work with.
    pub(super) fn copy_of(&mut self, set: usize) -> Copied {
        let ReplicaSet { generation, status, ref mut reports, revision, .. } = self.sets[set];
        let follows = std::mem::take(&mut reports.just_now);
        let identity = u64::from(revision.0) << 32 | reports.written;
        let outdated = follows && self.streams.stream(Purpose::StatusRace, identity).chance(SEEN_TOO_LATE);
        let status = if outdated { reports.before } else { status };
        Copied { generation, status, base: generation, outdated, refused: false }
    }

    /// The sync counts what it saw at its start, and writes it if that is news.
    pub(super) fn report_replica_set(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        let min_ready = self.spec.min_ready;
        let Some(round) = self.sets[set].round() else { return };
        round.status = SetStatus {
            replicas: round.replicas,
            ready: round.ready_since.len() as u32,
            available: round.ready_since.iter().filter(|&&t| is_available(t, min_ready, now)).count() as u32,
            generation: round.copy.generation,
        };
        round.next_available = next_available(&round.ready_since, min_ready, now);
        if round.status == round.copy.status {
            self.end_sync(now, set, out);
        } else {
            self.send_status_request(now, Event::WriteStatus(self.sets[set].revision), out);
        }
    }

    /// Sends one of the requests that a report is made of; `answered` is when it is answered.
    fn send_status_request(&mut self, now: SimTime, answered: Event, out: &mut Vec<Command>) {
        // The client that recorded 1.20 (`NewForConfigOrDie` of its client-go) had a bucket for each API group: one for pods and events, one
        // for ReplicaSets. Since then, and in that release's own kube-controller-manager, they share one.
        let shared = self.spec.controller.release > Release::V1_20;
        let bucket = if shared { &mut self.replica_set_requests } else { &mut self.status_requests };
        let sent = bucket.reserve(now);
        out.push(Command::Schedule { at: sent + self.round_trip(), event: answered });
    }

    /// A status reaches the API.
    pub(super) fn write_status(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        let (generation, revision) = (self.sets[set].generation, self.sets[set].revision);
        let Some(round) = self.sets[set].round() else { return };
        let status = round.status;
        let conflict = round.copy.outdated || round.copy.base != generation;
        if conflict && round.copy.refused {
            // Two in a row: the sync has failed, and starts over.
            round.again = true;
        } else if conflict {
            round.copy.refused = true;
            self.send_status_request(now, Event::ReadReplicaSet(revision), out);
            return;
        } else if self.sets[set].status != status {
            let set = &mut self.sets[set];
            set.reports.before = std::mem::replace(&mut set.status, status);
            set.reports.written += 1;
            set.reports.just_now = true;
            self.trigger_deployment(now, out);
        }
        self.end_sync(now, set, out);
    }

    /// The ReplicaSet has been read anew, so that its status can be written once more.
    pub(super) fn replica_set_read(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        let (generation, revision) = (self.sets[set].generation, self.sets[set].revision);
        let Some(round) = self.sets[set].round() else { return };
        (round.copy.base, round.copy.outdated) = (generation, false);
        self.send_status_request(now, Event::WriteStatus(revision), out);
    }

    /// The worker is done; what happened meanwhile makes it start over at once.
    fn end_sync(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        let Worker::Busy(round) = std::mem::replace(&mut self.sets[set].worker, Worker::Idle) else { return };
        self.plan_next_look(now, set, round.next_available, out);
        if round.again {
            self.queue_replica_set(now, set, out);
        } else {
            self.sets[set].reports.just_now = false;
        }
    }
}
