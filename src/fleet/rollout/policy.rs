//! What a strategy is: a pure function from what is reported to the next change of desired sizes.
//!
//! A new strategy is a file with an `impl Policy` and a line in [`policy`].

use super::fenceposts::Fenceposts;
use super::memory::Memory;
use super::recreate::Recreate;
use super::rolling_update::RollingUpdate;
use crate::engine::SimTime;
use crate::fleet::fact::{AnalysisOf, Revision};
use crate::scenario::Strategy;

/// A ReplicaSet as the Deployment controller sees it: what it asked for, and what was last reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetView {
    /// Its template.
    pub revision: Revision,
    /// `spec.replicas`.
    pub size: u32,
    /// `status.replicas`: pods without a deletion timestamp.
    pub replicas: u32,
    /// `status.availableReplicas`.
    pub available: u32,
    /// Pods not yet gone, terminating ones included, counted at this moment.
    pub pods: u32,
    /// `spec.replicas` of the Deployment when this set was last resized (an annotation).
    pub desired: u32,
    /// The same plus surge (another annotation).
    pub max: u32,
    /// Its pods without a deletion timestamp that are not Ready, counted at this moment.
    pub unready: u32,
    /// When the oldest of those was created.
    pub unready_since: Option<SimTime>,
}

/// A Deployment as its controller sees it in one sync.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// `spec.replicas`.
    pub replicas: u32,
    /// The strategy's bounds, resolved for `replicas`.
    pub fenceposts: Fenceposts,
    /// The ReplicaSets, oldest first.
    pub sets: &'a [SetView],
    /// Which of them has the Deployment's template; `None` where there is none yet.
    pub new: Option<usize>,
    /// Pods that exist beyond the desired sizes and take up room until they are gone; `None` where they do not, that is
    /// unless `podReplacementPolicy` is `TerminationComplete`.
    pub leaving: Option<u32>,
    /// Which of them has the template that was last rolled out to the end.
    pub stable: Option<usize>,
    /// Which of them alone gets traffic; `None` where all do.
    pub active: Option<usize>,
    /// What the strategy has kept in mind.
    pub memory: Memory,
    /// The present moment.
    pub now: SimTime,
}

/// What one sync does, before it reports and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing can be done, or nothing is left to do.
    Wait,
    /// The sync fails: what it would do is invalid, as long as something that it relies on is not reported.
    Fail,
    /// Create the ReplicaSet of the current template with this size.
    Create(u32),
    /// Give these ReplicaSets these sizes.
    Resize(Vec<(usize, u32)>),
    /// Keep this in mind, and go on at once.
    Remember(Memory),
    /// Nothing can be done before this moment, unless something changes.
    WakeAt(SimTime),
    /// Nothing can be done until an analysis has passed, however long that takes.
    Await,
    /// Call the new version off: the template becomes the stable one's.
    Revert,
}

/// A way to get from the old pods to the new ones.
pub trait Policy {
    /// The next step. Called again whenever anything that `view` shows has changed. What it has to remember it gives back
    /// ([`Step::Remember`]) and is shown again.
    fn reconcile(&self, view: &View<'_>) -> Step;

    /// Whether the rollout is complete, where that is not what `kubectl rollout status` asks for: all pods of the new
    /// template available, and no others left.
    fn is_complete(&self, _view: &View<'_>) -> Option<bool> {
        None
    }

    /// The analyses that are to be under way now.
    fn analyses(&self, _view: &View<'_>) -> Vec<AnalysisOf> {
        Vec::new()
    }
}

/// The policy that carries out `strategy`.
pub fn policy(strategy: &Strategy) -> &dyn Policy {
    match strategy {
        Strategy::Recreate => &Recreate,
        // The others replace pods place by place ([`place::policy`](super::place::policy)); what is left to this one is to
        // roll nothing.
        Strategy::RollingUpdate { .. } | Strategy::StatefulSet(_) | Strategy::DaemonSet(_) => &RollingUpdate,
        Strategy::Canary(canary) => canary,
        Strategy::BlueGreen(blue_green) => blue_green,
        Strategy::Ecs(deployment) => deployment,
        Strategy::Nomad(update) => update,
        Strategy::InstanceRefresh(refresh) => refresh,
    }
}

impl<'a> View<'a> {
    /// A Deployment whose terminating pods count nowhere.
    pub const fn new(replicas: u32, fenceposts: Fenceposts, sets: &'a [SetView], new: Option<usize>) -> Self {
        Self {
            replicas,
            fenceposts,
            sets,
            new,
            leaving: None,
            stable: None,
            active: None,
            memory: Memory::new(),
            now: SimTime::ZERO,
        }
    }

    /// The sum of all desired sizes.
    pub fn total_size(&self) -> u32 {
        self.sets.iter().map(|s| s.size).sum()
    }

    /// The most that the desired sizes may sum to.
    pub fn max_total(&self) -> u32 {
        self.replicas.saturating_add(self.fenceposts.surge)
    }

    /// Pods that may be added to the desired sizes.
    pub fn room(&self) -> u32 {
        self.max_total().saturating_sub(self.total_size().saturating_add(self.leaving.unwrap_or(0)))
    }

    /// The least number of available pods that a scale-down may leave.
    pub fn min_available(&self) -> u32 {
        self.replicas.saturating_sub(self.fenceposts.unavailable)
    }

    /// The sum of the reported available pods.
    pub fn available(&self) -> u32 {
        self.sets.iter().map(|s| s.available).sum()
    }

    /// The new ReplicaSet, if it exists.
    pub fn new_set(&self) -> Option<&SetView> {
        self.new.map(|i| &self.sets[i])
    }

    /// The ReplicaSets of other templates, oldest first, with their indices.
    pub fn old_sets(&self) -> impl Iterator<Item = (usize, &SetView)> {
        self.sets.iter().enumerate().filter(|(i, _)| Some(*i) != self.new)
    }
}
