//! A ReplicaSet and the controller that keeps as many pods as it wants.
//!
//! One worker at a time serves a ReplicaSet: it compares, creates or deletes, waits for its requests, reports, and is
//! done. What happens meanwhile makes it start over; so it never acts on a fleet in which its own last creations and
//! deletions are still unseen, which is what Kubernetes' "expectations" are for.

use super::event_recorder::spam_filter;
use super::ranking::{AgeScale, sort_for_deletion};
use super::rate_limit::TokenBucket;
use super::report::{Copied, Reports};
use super::{Command, Event, Rollout, Spec};
use crate::engine::{Dur, SimTime};
use crate::fleet::fact::{PodId, Revision};
use std::collections::BTreeMap;

/// Creations and deletions of one sync, at most (`BurstReplicas` of Kubernetes).
const BURST_REPLICAS: u32 = 500;

/// What the controllers know of a pod.
#[derive(Clone, Debug)]
pub(super) struct Pod {
    /// Index of the ReplicaSet that owns it.
    pub(super) set: usize,
    /// Its ordinal or node, where the workload gives pods such.
    pub(super) place: Option<u32>,
    /// Its number in the order of creation within its ReplicaSet.
    pub(super) ordinal: u32,
    /// The second of its creation.
    pub(super) created: SimTime,
    /// The second in which it turned Ready; `None` if it is not.
    pub(super) ready_since: Option<SimTime>,
    /// Where it runs, as far as that is known.
    pub(super) node: Option<u32>,
    /// How often its container was started anew.
    pub(super) restarts: u32,
    /// Its unique id, in the order of which ties of deletion are broken.
    pub(super) uid: u64,
    /// Whether it has a deletion timestamp.
    pub(super) terminating: bool,
    /// Whether its machine is gone, whatever the API says of it.
    pub(super) lost: bool,
    /// Whether it is no more.
    pub(super) gone: bool,
}

impl Pod {
    /// Whether it counts: a terminating pod is in no total, not ready, not available.
    pub(super) const fn is_active(&self) -> bool {
        !self.terminating && !self.gone
    }
}

/// `status` of a ReplicaSet: what the Deployment controller gets to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SetStatus {
    pub(super) replicas: u32,
    pub(super) ready: u32,
    pub(super) available: u32,
    /// `observedGeneration`.
    pub(super) generation: u64,
}

/// A ReplicaSet and its place in its controller's queues.
#[derive(Clone, Debug)]
pub(super) struct ReplicaSet {
    pub(super) revision: Revision,
    /// The revision annotation: grows when the template is used again.
    pub(super) number: u64,
    /// `spec.replicas`.
    pub(super) size: u32,
    /// `spec.replicas` of the Deployment when this size was set.
    pub(super) desired: u32,
    /// The same plus surge.
    pub(super) max: u32,
    /// Counts changes of the spec.
    pub(super) generation: u64,
    pub(super) status: SetStatus,
    /// Its pods that are not yet gone, in order of creation.
    pub(super) pods: Vec<PodId>,
    /// Pods created so far.
    pub(super) created: u32,
    /// The entry in the delayed queue.
    pub(super) next_look: Option<SimTime>,
    /// How many events about it may be recorded.
    pub(super) spam_filter: TokenBucket,
    /// What its controller has written of it.
    pub(super) reports: Reports,
    pub(super) worker: Worker,
}

#[derive(Clone, Debug)]
pub(super) enum Worker {
    Idle,
    /// In the queue.
    Queued,
    Busy(Round),
}

/// One sync under way.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// Active pods when it began; what it has done itself shows in the next one's report.
    pub(super) replicas: u32,
    /// Since when those of them are Ready that are.
    pub(super) ready_since: Vec<SimTime>,
    /// The ReplicaSet as it was read when it began.
    pub(super) copy: Copied,
    /// Pods still to create, and how many of them next.
    left: u32,
    batch: u32,
    /// What it will report.
    pub(super) status: SetStatus,
    /// When that will be out of date, because a Ready pod has become available.
    pub(super) next_available: Option<SimTime>,
    /// Something happened meanwhile: start over when done.
    pub(super) again: bool,
}

impl ReplicaSet {
    /// An empty set of `size` desired pods, made for the Deployment as it is.
    pub(super) fn new(revision: Revision, size: u32, spec: &Spec) -> Self {
        let surge = super::resolve(&spec.strategy, spec.replicas).surge;
        Self {
            revision,
            number: 0,
            size,
            desired: spec.replicas,
            max: spec.replicas.saturating_add(surge),
            generation: 1,
            status: SetStatus::default(),
            pods: Vec::new(),
            created: 0,
            next_look: None,
            spam_filter: spam_filter(),
            reports: Reports::default(),
            worker: Worker::Idle,
        }
    }

    pub(super) fn round(&mut self) -> Option<&mut Round> {
        match &mut self.worker {
            Worker::Busy(round) => Some(round),
            Worker::Idle | Worker::Queued => None,
        }
    }
}

impl Rollout {
    /// From a change to a controller's look at it: a quarter of the Deployment controller's reaction. In the recorded
    /// rollouts a desired size and the first pod that follows from it are about 5 ms apart, two decisions 20 ms.
    pub(super) fn notice(&self) -> Dur {
        Dur::from_nanos(self.spec.controller.reaction.nanos() / 4)
    }

    /// A request's way to the API and back: half a reaction. In the recorded rollouts the batches of a burst of creations
    /// follow each other in 10 to 20 ms.
    pub(super) fn round_trip(&self) -> Dur {
        Dur::from_nanos(self.spec.controller.reaction.nanos() / 2)
    }

    /// Something that ReplicaSet `set`'s controller watches has changed.
    pub(super) fn trigger_replica_set(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        self.queue_replica_set(now + self.notice(), set, out);
    }

    /// A worker will take ReplicaSet `set` from the queue at `at`, unless it will be taken before.
    pub(super) fn queue_replica_set(&mut self, at: SimTime, set: usize, out: &mut Vec<Command>) {
        let set = &mut self.sets[set];
        match &mut set.worker {
            Worker::Idle => {
                set.worker = Worker::Queued;
                out.push(Command::Schedule { at, event: Event::SyncReplicaSet(set.revision) });
            }
            Worker::Queued => {}
            Worker::Busy(round) => round.again = true,
        }
    }

    /// A worker takes ReplicaSet `set` from the queue.
    pub(super) fn sync_replica_set(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        if !matches!(self.sets[set].worker, Worker::Queued) {
            return;
        }
        let active: Vec<PodId> =
            self.sets[set].pods.iter().copied().filter(|p| self.pods[p.0 as usize].is_active()).collect();
        let ready_since = active.iter().filter_map(|p| self.pods[p.0 as usize].ready_since).collect();
        let replicas = active.len() as u32;
        let (size, copy) = (self.sets[set].size, self.copy_of(set));
        let left = size.saturating_sub(replicas).min(BURST_REPLICAS);
        self.sets[set].worker = Worker::Busy(Round {
            replicas,
            ready_since,
            copy,
            left,
            batch: 1,
            status: SetStatus::default(),
            next_available: None,
            again: false,
        });
        if replicas > size {
            self.delete_pods(now, set, active, replicas - size, out);
        } else {
            self.requests_returned(now, set, out);
        }
    }

    /// What was under way has returned: the next batch of creations, or the report.
    pub(super) fn requests_returned(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        let Some(round) = self.sets[set].round() else { return };
        if round.left == 0 {
            self.report_replica_set(now, set, out);
            return;
        }
        // Slow start: 1, 2, 4, 8, … so that a quota or a broken admission hook meets one request first.
        let batch = round.batch.min(round.left);
        round.left -= batch;
        round.batch *= 2;
        let mut returned = now;
        for _ in 0..batch {
            let at = self.replica_set_requests.reserve(now);
            returned = returned.max(at);
            if at == now {
                self.create_pod(now, set, out);
            } else {
                out.push(Command::Schedule { at, event: Event::Create(self.sets[set].revision) });
            }
        }
        self.await_requests(returned, set, out);
    }

    fn await_requests(&self, last_sent: SimTime, set: usize, out: &mut Vec<Command>) {
        let at = last_sent + self.round_trip();
        out.push(Command::Schedule { at, event: Event::RequestsReturned(self.sets[set].revision) });
    }

    /// A creation reaches the API.
    pub(super) fn create_pod(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        let pod = self.add_pod(set, now, None);
        let ordinal = self.pods[pod.0 as usize].ordinal;
        out.push(Command::CreatePod { pod, revision: self.sets[set].revision, ordinal, place: None });
        self.record(now, set, out);
        self.trigger_replica_set(now, set, out);
    }

    /// Deletes the first `count` of `active` by rank, all in parallel.
    fn delete_pods(&mut self, now: SimTime, set: usize, mut active: Vec<PodId>, count: u32, out: &mut Vec<Command>) {
        let mut crowd: BTreeMap<u32, u32> = BTreeMap::new();
        for node in self.pods.iter().filter(|p| p.is_active()).filter_map(|p| p.node) {
            *crowd.entry(node).or_default() += 1;
        }
        sort_for_deletion(&mut active, &self.pods, &crowd, AgeScale::of(self.spec.controller.release), now);
        let mut returned = now;
        for &pod in active.iter().take(count.min(BURST_REPLICAS) as usize) {
            let at = self.replica_set_requests.reserve(now);
            returned = returned.max(at);
            if at == now {
                self.delete_pod(now, pod, out);
            } else {
                out.push(Command::Schedule { at, event: Event::Delete(pod) });
            }
        }
        self.await_requests(returned, set, out);
    }

    /// A deletion reaches the API.
    pub(super) fn delete_pod(&mut self, now: SimTime, pod: PodId, out: &mut Vec<Command>) {
        let Some(record) = self.pods.get_mut(pod.0 as usize) else { return };
        if record.is_active() {
            record.terminating = true;
            let set = record.set;
            out.push(Command::DeletePod { pod });
            self.record(now, set, out);
            self.trigger_replica_set(now, set, out);
        }
    }
}
