//! What goes into the controllers, and what they want done.

use super::memory::Weights;
use super::place::PlaceStep;
use super::progress::Condition;
use crate::engine::{Dur, SimTime};
use crate::fleet::fact::{PodId, Revision};
use crate::scenario::{Controller, PodReplacement, Strategy};

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
    /// Whether a terminating pod still takes up room.
    pub replacement: PodReplacement,
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
    /// Somebody lets a canary or a preview go on.
    Promote,
    /// Somebody calls the new version off: the template becomes the one that was last rolled out.
    Abort,
}

/// A timer of the controllers. Hand it back by [`Rollout::on_event`](super::Rollout::on_event) at its time; those of one time in the order in
/// which they were scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A worker of the Deployment controller takes the Deployment from the queue and sees what is reported.
    LookAtDeployment,
    /// The Deployment is put back into the queue after a sync that failed.
    RetryDeployment,
    /// What it makes of that reaches the API.
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
    /// A ReplicaSet whose status was refused has been read anew.
    ReadReplicaSet(Revision),
    /// A ReplicaSet's status reaches the API.
    WriteStatus(Revision),
    /// An event about a ReplicaSet has been written.
    EventRecorded,
    /// Time alone may have changed what a controller that gives pods places of their own wants.
    LookAgain,
    /// One of its requests reaches the API.
    Place(PlaceStep),
    /// All of them have returned.
    PlacesReturned,
}

/// What the controllers want done, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Call [`Rollout::on_event`](super::Rollout::on_event) with `event` at `at`.
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
        /// The node that its controller has chosen for it, if it does that.
        place: Option<u32>,
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
    /// From now on traffic goes to the pods of this template alone.
    Select {
        /// Whose.
        revision: Revision,
    },
    /// From now on a router splits the traffic so.
    Route(Route),
    /// A condition of the Deployment changed its status or its reason.
    Condition(Condition),
    /// The test of `kubectl rollout status` is met for the first time since the last action.
    Complete,
}

/// How a router splits the traffic. Pods of other templates get none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Whose pods get what is not the canary's.
    pub stable: Revision,
    /// Who gets a share of its own.
    pub canary: Option<Weights>,
}

impl Route {
    /// Before any rollout: everything is the first template's.
    pub const FIRST: Self = Self { stable: Revision(0), canary: None };
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
