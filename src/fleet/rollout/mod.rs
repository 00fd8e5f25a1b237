//! The Deployment controller and its ReplicaSet controllers: level-triggered loops that replace one version by another.
//!
//! [`Rollout`] holds everything the controllers know. It is driven from outside – by what is done to the Deployment
//! ([`Rollout::act`]), by the fate of pods ([`Rollout::pod_ready`] and its siblings) and by its own timers
//! ([`Rollout::on_event`]) – and answers with [`Command`]s, in order. It never sees a request, a proxy or a node's
//! scheduler, so that the same code runs in a simulation and against recorded rollouts.
//!
//! Two loops meet only through ReplicaSets, as in Kubernetes: the Deployment controller (`deployment`) writes desired
//! sizes and reads the *reported* counts; a ReplicaSet controller (`replica_set`) creates and deletes pods until their
//! number is the desired one, and reports. What a strategy wants next is a pure function of what is reported
//! ([`policy::Policy`]).

mod availability;
mod deployment;
mod fenceposts;
pub mod policy;
mod progress;
mod proportional;
mod ranking;
mod rate_limit;
mod recreate;
mod replica_set;
mod rolling_update;
mod wall_clock;

use crate::engine::{Dur, Purpose, SimTime, Streams};
use crate::fleet::fact::{PodId, Revision};
use crate::scenario::{Controller, Strategy};
use deployment::Deployment;
pub use fenceposts::{Fenceposts, resolve};
pub use progress::{Condition, ConditionKind, ConditionStatus, Reason};
use rate_limit::TokenBucket;
use replica_set::{Pod, ReplicaSet};
use wall_clock::WallClock;

/// What the controllers need to know of a Deployment and of themselves.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Desired pods.
    pub replicas: u32,
    /// How old pods are replaced.
    pub strategy: Strategy,
    /// How long a pod must have been Ready to count as available.
    pub min_ready: Dur,
    /// How long the rollout may stand still before `ProgressDeadlineExceeded`.
    pub progress_deadline: Dur,
    /// Pace and release of the controllers.
    pub controller: Controller,
    /// By how much the cluster's wall clock is past a whole second at [`SimTime::ZERO`], in [0, 1): API timestamps have
    /// whole seconds, and the availability rule, the deadline and the deletion order read them.
    pub wall_clock_fraction: f64,
}

/// A pod of the fleet before the deploy.
#[derive(Clone, Copy, Debug)]
pub struct InitialPod {
    /// When it was created.
    pub created: SimTime,
    /// Since when it has been Ready; `None` if it is not.
    pub ready: Option<SimTime>,
    /// The node it runs on; `None` where placement plays no part.
    pub node: Option<u32>,
}

/// What is done to the Deployment from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The template changes to this revision, which may be an earlier one.
    Template(Revision),
    /// `spec.replicas` changes.
    Scale(u32),
    /// Both, in one patch.
    TemplateAndScale(Revision, u32),
    /// `spec.paused` becomes true.
    Pause,
    /// `spec.paused` becomes false.
    Resume,
    /// `kubectl rollout undo`: the template of the revision before; refused, as by kubectl, while paused.
    Undo,
}

/// A timer of the controllers. Hand it back by [`Rollout::on_event`] at its time; those of one time in the order in
/// which they were scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A worker of the Deployment controller takes the Deployment from the queue.
    SyncDeployment,
    /// The Deployment's progress deadline may have passed.
    ProgressDeadline,
    /// A worker of the ReplicaSet controller takes this one from the queue.
    SyncReplicaSet(Revision),
    /// Pods that were Ready may have become available.
    CheckAvailability(Revision),
    /// A creation that the rate limit had held back reaches the API.
    Create(Revision),
    /// A deletion that the rate limit had held back reaches the API.
    Delete(PodId),
    /// The creations or deletions under way have returned.
    RequestsReturned(Revision),
    /// A status that the rate limit had held back reaches the API.
    WriteStatus(Revision),
}

/// What the controllers want done, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Call [`Rollout::on_event`] with `event` at `at`.
    Schedule {
        /// When; never before now.
        at: SimTime,
        /// With what.
        event: Event,
    },
    /// A pod was created.
    CreatePod {
        /// Its id: one more than that of the pod created before it.
        pod: PodId,
        /// Its template.
        revision: Revision,
        /// Its number in the order of creation within its revision, from 0.
        ordinal: u32,
    },
    /// A pod got a deletion timestamp. It is in no count of any controller from now on.
    DeletePod {
        /// Which.
        pod: PodId,
    },
    /// The desired size of a ReplicaSet changed, or the ReplicaSet was created with it.
    Desired {
        /// Whose.
        revision: Revision,
        /// Pods from now on.
        size: u32,
    },
    /// A condition of the Deployment changed its status or its reason.
    Condition(Condition),
    /// The test of `kubectl rollout status` is met for the first time since the last action.
    Complete,
}

/// What the controllers know of one pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodState {
    /// Which.
    pub pod: PodId,
    /// Its template.
    pub revision: Revision,
    /// Its number in the order of creation within its revision, from 0.
    pub ordinal: u32,
    /// Whether it is Ready.
    pub ready: bool,
    /// Whether it has a deletion timestamp.
    pub terminating: bool,
}

/// The controllers' whole state.
#[derive(Clone, Debug)]
pub struct Rollout {
    spec: Spec,
    streams: Streams,
    clock: WallClock,
    deployment: Deployment,
    /// By age, the oldest first: the order in which the Deployment controller shrinks them.
    sets: Vec<ReplicaSet>,
    /// Every pod ever, by [`PodId`].
    pods: Vec<Pod>,
    /// Pods not yet gone.
    pods_left: u32,
    /// What the ReplicaSet controller pays its requests from.
    replica_set_requests: TokenBucket,
}

impl Rollout {
    /// The controllers at rest: revision 0 rolled out, `initial` its pods, oldest first, with ids from 0.
    ///
    /// With all pods Ready (and ready long enough) the Deployment is complete; otherwise it is in the middle of its first
    /// rollout. Pods' unique ids, by which Kubernetes breaks ties of deletion, are drawn from `streams`.
    pub fn new(spec: &Spec, streams: Streams, initial: impl IntoIterator<Item = InitialPod>) -> Self {
        let clock = WallClock::new(spec.wall_clock_fraction);
        let bucket = TokenBucket::new(spec.controller.qps, spec.controller.burst);
        let mut rollout = Self {
            spec: spec.clone(),
            streams,
            clock,
            deployment: Deployment::new(bucket),
            sets: vec![ReplicaSet::new(Revision(0), 0, spec)],
            pods: Vec::new(),
            pods_left: 0,
            replica_set_requests: bucket,
        };
        for pod in initial {
            let id = rollout.add_pod(0, pod.created);
            let record = &mut rollout.pods[id.0 as usize];
            record.ready_since = pod.ready.map(|t| clock.floor(t));
            record.node = pod.node;
        }
        rollout.settle();
        rollout
    }

    /// Something is done to the Deployment.
    pub fn act(&mut self, now: SimTime, action: &Action, out: &mut Vec<Command>) {
        // Anything but a template for a Deployment at rest.
        self.deployment.disturbed |= !self.deployment.complete || !matches!(action, Action::Template(_) | Action::Undo);
        match *action {
            Action::Template(revision) => self.deployment.template = revision,
            Action::Scale(replicas) => self.spec.replicas = replicas,
            Action::TemplateAndScale(revision, replicas) => {
                self.deployment.template = revision;
                self.spec.replicas = replicas;
            }
            Action::Pause => self.deployment.paused = true,
            Action::Resume => self.deployment.paused = false,
            Action::Undo => self.undo(),
        }
        self.deployment.complete = false;
        self.deployment.generation += 1;
        self.trigger_deployment(now, out);
    }

    /// One of the controllers' timers is due.
    pub fn on_event(&mut self, now: SimTime, event: Event, out: &mut Vec<Command>) {
        match event {
            Event::SyncDeployment => self.sync_deployment(now, out),
            Event::ProgressDeadline => self.check_progress(now, out),
            Event::SyncReplicaSet(revision) => self.on_set(revision, |r, set| r.sync_replica_set(now, set, out)),
            Event::CheckAvailability(revision) => self.on_set(revision, |r, set| r.check_availability(now, set, out)),
            Event::Create(revision) => self.on_set(revision, |r, set| r.create_pod(now, set, out)),
            Event::Delete(pod) => self.delete_pod(now, pod, out),
            Event::RequestsReturned(revision) => self.on_set(revision, |r, set| r.requests_returned(now, set, out)),
            Event::WriteStatus(revision) => self.on_set(revision, |r, set| r.write_status(now, set, out)),
        }
    }

    /// A pod turned Ready.
    pub fn pod_ready(&mut self, now: SimTime, pod: PodId, out: &mut Vec<Command>) {
        let since = self.clock.floor(now);
        let Some(record) = self.pods.get_mut(pod.0 as usize) else { return };
        if record.ready_since.is_some() || record.gone {
            return;
        }
        record.ready_since = Some(since);
        if record.is_active() {
            let set = record.set;
            self.watch_availability(now, set, out);
            self.trigger_replica_set(now, set, out);
        }
    }

    /// A pod turned not Ready.
    pub fn pod_unready(&mut self, now: SimTime, pod: PodId, out: &mut Vec<Command>) {
        let Some(record) = self.pods.get_mut(pod.0 as usize) else { return };
        if record.ready_since.take().is_some() && record.is_active() {
            let set = record.set;
            self.deployment.disturbed = true;
            self.trigger_replica_set(now, set, out);
        }
    }

    /// A pod is no more: it has terminated, or was lost without ever being asked to go.
    pub fn pod_gone(&mut self, now: SimTime, pod: PodId, out: &mut Vec<Command>) {
        let Some(record) = self.pods.get_mut(pod.0 as usize) else { return };
        if record.gone {
            return;
        }
        let was_active = record.is_active();
        record.gone = true;
        let set = record.set;
        self.pods_left -= 1;
        self.sets[set].pods.retain(|&p| p != pod);
        if was_active {
            self.deployment.disturbed = true;
            self.trigger_replica_set(now, set, out);
        }
        // The Deployment controller hears of pods in one case alone: under Recreate, when the last one has gone.
        if self.spec.strategy == Strategy::Recreate && self.pods_left == 0 {
            self.trigger_deployment(now, out);
        }
    }

    /// A pod was bound to a node. Pods on a node that carries many of this Deployment are deleted first.
    pub fn pod_bound(&mut self, pod: PodId, node: u32) {
        if let Some(record) = self.pods.get_mut(pod.0 as usize) {
            record.node = Some(node);
        }
    }

    /// The pods that are not yet gone, in order of creation.
    pub fn pods(&self) -> impl Iterator<Item = PodState> + '_ {
        self.pods.iter().enumerate().filter(|(_, p)| !p.gone).map(|(id, p)| PodState {
            pod: PodId(id as u32),
            revision: self.sets[p.set].revision,
            ordinal: p.ordinal,
            ready: p.ready_since.is_some(),
            terminating: p.terminating,
        })
    }

    /// Each ReplicaSet's template and desired size, oldest first.
    pub fn desired(&self) -> impl Iterator<Item = (Revision, u32)> + '_ {
        self.sets.iter().map(|s| (s.revision, s.size))
    }

    /// `spec.replicas` of the Deployment.
    pub fn replicas(&self) -> u32 {
        self.spec.replicas
    }

    /// The template that the Deployment wants.
    pub fn template(&self) -> Revision {
        self.deployment.template
    }

    /// Whether the test of `kubectl rollout status` has been met since the last action.
    pub fn is_complete(&self) -> bool {
        self.deployment.complete
    }

    fn on_set(&mut self, revision: Revision, handle: impl FnOnce(&mut Self, usize)) {
        if let Some(set) = self.sets.iter().position(|s| s.revision == revision) {
            handle(self, set);
        }
    }

    /// Enters a pod into the books of ReplicaSet `set`.
    fn add_pod(&mut self, set: usize, created: SimTime) -> PodId {
        let id = PodId(self.pods.len() as u32);
        let owner = &mut self.sets[set];
        self.pods.push(Pod {
            set,
            ordinal: owner.created,
            created: self.clock.floor(created),
            ready_since: None,
            node: None,
            uid: self.streams.stream(Purpose::PodUid, u64::from(id.0)).bits(),
            terminating: false,
            gone: false,
        });
        owner.created += 1;
        owner.pods.push(id);
        self.pods_left += 1;
        id
    }
}
