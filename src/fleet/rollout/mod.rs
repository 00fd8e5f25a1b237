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

mod analysis;
mod availability;
mod blue_green;
mod canary;
mod daemon_set;
mod deployment;
mod disruption;
mod ecs;
mod event_recorder;
mod fenceposts;
mod instance_refresh;
mod memory;
mod nomad;
pub mod place;
mod places;
pub mod policy;
mod progress;
mod proportional;
mod protocol;
mod queue;
mod ranking;
mod rate_limit;
mod recreate;
mod replica_set;
mod report;
mod rolling_update;
mod routed_canary;
mod stateful_set;
mod wall_clock;

use crate::engine::{Purpose, SimTime, Streams};
use crate::fleet::fact::{PodId, Revision};
use crate::scenario::{PodReplacement, Strategy};
use deployment::Deployment;
pub use disruption::{Eviction, desired_healthy, may_evict};
use event_recorder::EventRecorder;
pub use fenceposts::{Fenceposts, leaves_none, resolve};
pub use memory::{Memory, Weights};
use places::Places;
pub use progress::{Condition, ConditionKind, ConditionStatus, Reason};
pub use protocol::{Action, Command, Event, InitialPod, PodState, Route, Spec};
use rate_limit::TokenBucket;
use replica_set::{Pod, ReplicaSet};
use wall_clock::WallClock;

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
    /// And its reports, with clients as those that recorded 1.20.
    status_requests: TokenBucket,
    recorder: EventRecorder,
    /// What a controller that gives pods places of their own keeps in mind.
    places: Places,
    /// Whether pods alike are deleted in order of creation rather than at random.
    oldest_first: bool,
}

impl Rollout {
    /// The controllers at rest: revision 0 rolled out, `initial` its `spec.replicas` pods, oldest first, with ids from 0.
    ///
    /// Those that are Ready are taken as available. If all are, the Deployment is complete; otherwise it is in the middle
    /// of its first rollout. Pods' unique ids, by which Kubernetes breaks ties of deletion, are drawn from `streams`.
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
            status_requests: bucket,
            recorder: EventRecorder::default(),
            places: Places::new(),
            oldest_first: false,
        };
        for pod in initial {
            let place = rollout.pods_left;
            let id = rollout.add_pod(0, pod.created, Some(place));
            rollout.sets[0].spam_filter.reserve_if_ready(pod.created);
            let record = &mut rollout.pods[id.0 as usize];
            record.ready_since = pod.ready.map(|t| clock.floor(t));
            record.node = pod.node;
        }
        if place::policy(&rollout.spec.strategy).is_some() {
            rollout.settle_places();
        } else {
            rollout.settle();
        }
        if matches!(rollout.spec.strategy, Strategy::BlueGreen(_)) {
            rollout.deployment.memory.active = Some(Revision(0));
        }
        rollout
    }

    /// From now on pods that are alike to a ReplicaSet are deleted in order of creation, where Kubernetes lets their random
    /// unique ids decide.
    pub fn delete_oldest_first(&mut self) {
        self.oldest_first = true;
        for (id, pod) in (0..).zip(&mut self.pods) {
            pod.uid = id;
        }
    }

    /// Something is done to the Deployment.
    pub fn act(&mut self, now: SimTime, action: &Action, out: &mut Vec<Command>) {
        // Anything but a template for a Deployment at rest.
        self.deployment.disturbed |= !self.deployment.complete || !matches!(action, Action::Template(_) | Action::Undo);
        let wanted = self.deployment.template;
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
            Action::Promote => self.deployment.memory.promoted = true,
            Action::Abort => self.deployment.template = self.deployment.stable,
        }
        if self.deployment.template != wanted {
            self.deployment.memory.begin(now);
        }
        self.deployment.complete = false;
        self.deployment.generation += 1;
        if place::policy(&self.spec.strategy).is_some() {
            self.begin_watch(now, out);
        }
        self.trigger_deployment(now, out);
    }

    /// One of the controllers' timers is due.
    pub fn on_event(&mut self, now: SimTime, event: Event, out: &mut Vec<Command>) {
        match event {
            Event::RetryDeployment => self.queue_deployment(now, out),
            Event::LookAtDeployment => self.look_at_deployment(now, out),
            Event::SyncDeployment => {
                let strategy = self.spec.strategy.clone();
                match place::policy(&strategy) {
                    None => self.sync_deployment(now, out),
                    Some(policy) => self.sync_places(policy, now, out),
                }
            }
            Event::LookAgain => self.look_again_at(now, out),
            Event::Place(step) => self.carry_out_place(now, step, out),
            Event::PlacesReturned => self.places_returned(now, out),
            Event::ProgressDeadline => match place::policy(&self.spec.strategy) {
                None => self.check_progress(now, out),
                Some(_) => self.check_places(now, out),
            },
            Event::SyncReplicaSet(revision) => self.on_set(revision, |r, set| r.sync_replica_set(now, set, out)),
            Event::CheckAvailability(revision) => self.on_set(revision, |r, set| r.check_availability(now, set, out)),
            Event::Create(revision) => self.on_set(revision, |r, set| r.create_pod(now, set, out)),
            Event::Delete(pod) => self.delete_pod(now, pod, out),
            Event::RequestsReturned(revision) => self.on_set(revision, |r, set| r.requests_returned(now, set, out)),
            Event::ReadReplicaSet(revision) => self.on_set(revision, |r, set| r.replica_set_read(now, set, out)),
            Event::WriteStatus(revision) => self.on_set(revision, |r, set| r.write_status(now, set, out)),
            Event::EventRecorded => self.event_recorded(now, out),
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
            if place::policy(&self.spec.strategy).is_none() {
                self.watch_availability(now, set, out);
            }
            self.trigger_owner(now, set, out);
        }
    }

    /// A pod turned not Ready.
    pub fn pod_unready(&mut self, now: SimTime, pod: PodId, out: &mut Vec<Command>) {
        let Some(record) = self.pods.get_mut(pod.0 as usize) else { return };
        if record.ready_since.take().is_some() && record.is_active() {
            let set = record.set;
            self.deployment.disturbed = true;
            self.trigger_owner(now, set, out);
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
            self.forget_place(set);
        }
        if was_active || place::policy(&self.spec.strategy).is_none() {
            self.trigger_owner(now, set, out);
        }
        // The Deployment controller hears of pods under Recreate, when the last one has gone, and where they take up room.
        let last_of_recreate = self.spec.strategy == Strategy::Recreate && self.pods_left == 0;
        let takes_up_room = self.spec.replacement == PodReplacement::TerminationComplete
            || place::policy(&self.spec.strategy).is_some()
            // A replacement waits for its predecessor.
            || matches!(self.spec.strategy, Strategy::Nomad(_));
        if last_of_recreate || takes_up_room {
            self.trigger_deployment(now, out);
        }
    }

    /// A pod was bound to a node. Pods on a node that carries many of this Deployment are deleted first.
    pub fn pod_bound(&mut self, pod: PodId, node: u32) {
        if let Some(record) = self.pods.get_mut(pod.0 as usize) {
            record.node = Some(node);
        }
    }

    /// The container of a pod was started anew. Of two that are alike the one with more restarts is deleted first.
    pub fn pod_restarted(&mut self, pod: PodId) {
        if let Some(record) = self.pods.get_mut(pod.0 as usize) {
            record.restarts += 1;
        }
    }

    /// The pods that are not yet gone, in order of creation.
    pub fn pods(&self) -> impl Iterator<Item = PodState> + '_ {
        (0..self.pods.len() as u32).filter_map(|id| self.pod(PodId(id)))
    }

    /// What the controllers know of `pod`; `None` once it is gone.
    pub fn pod(&self, pod: PodId) -> Option<PodState> {
        let record = self.pods.get(pod.0 as usize).filter(|p| !p.gone)?;
        Some(PodState {
            pod,
            revision: self.sets[record.set].revision,
            ordinal: record.ordinal,
            ready: record.ready_since.is_some(),
            terminating: record.terminating,
        })
    }

    /// Every pod that is not gone, in order of creation.
    fn living(&self) -> impl Iterator<Item = (PodId, &Pod)> + '_ {
        (0u32..).map(PodId).zip(&self.pods).filter(|(_, p)| !p.gone)
    }

    /// Whether a pod is left that the rollout has still to replace, or that is on its way out.
    pub fn has_leftovers(&self) -> bool {
        let policy = place::policy(&self.spec.strategy);
        let keeps = |p: &Pod| policy.zip(p.place).is_some_and(|(policy, place)| policy.keeps(place));
        let old = |p: &Pod| self.sets[p.set].revision != self.template() && !keeps(p);
        self.living().any(|(_, p)| !p.lost && (p.terminating || old(p)))
    }

    /// Each ReplicaSet's template and desired size, oldest first.
    pub fn desired(&self) -> impl Iterator<Item = (Revision, u32)> + '_ {
        self.sets.iter().map(|s| (s.revision, s.size))
    }

    /// `spec.replicas` of the Deployment.
    pub fn replicas(&self) -> u32 {
        self.spec.replicas
    }

    /// The only template whose pods get traffic; `None` where all do.
    pub fn selected(&self) -> Option<Revision> {
        self.deployment.memory.active
    }

    /// The template that the Deployment wants.
    pub fn template(&self) -> Revision {
        self.deployment.template
    }

    /// The template and the number of pods that are wanted.
    pub const fn wanted(&self) -> (Revision, u32) {
        (self.deployment.template, self.spec.replicas)
    }

    /// Whether the test of `kubectl rollout status` has been met since the last action.
    pub fn is_complete(&self) -> bool {
        self.deployment.complete
    }

    /// Whoever watches the pods of ReplicaSet (or revision) `set` hears of a change.
    fn trigger_owner(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        if place::policy(&self.spec.strategy).is_some() {
            self.trigger_deployment(now, out);
        } else {
            self.trigger_replica_set(now, set, out);
        }
    }

    fn on_set(&mut self, revision: Revision, handle: impl FnOnce(&mut Self, usize)) {
        if let Some(set) = self.sets.iter().position(|s| s.revision == revision) {
            handle(self, set);
        }
    }

    /// Enters a pod into the books of ReplicaSet `set`.
    fn add_pod(&mut self, set: usize, created: SimTime, place: Option<u32>) -> PodId {
        let id = PodId(self.pods.len() as u32);
        let owner = &mut self.sets[set];
        self.pods.push(Pod {
            set,
            place,
            ordinal: owner.created,
            created: self.clock.floor(created),
            ready_since: None,
            node: None,
            restarts: 0,
            uid: if self.oldest_first {
                u64::from(id.0)
            } else {
                self.streams.stream(Purpose::PodUid, u64::from(id.0)).bits()
            },
            terminating: false,
            lost: false,
            gone: false,
        });
        owner.created += 1;
        owner.pods.push(id);
        self.pods_left += 1;
        id
    }
}
