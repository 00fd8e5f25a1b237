//! What a strategy is that replaces pods place by place: a pure function from the pods at their places to the next requests.
//!
//! A StatefulSet's places are its ordinals, a DaemonSet's its nodes. A new strategy of this kind is a file with an
//! `impl PlacePolicy` and a line in [`policy`].

use crate::fleet::fact::PodId;
use crate::scenario::Strategy;

/// A pod as its controller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacePod {
    /// Which.
    pub pod: PodId,
    /// Whether it has the wanted template.
    pub new: bool,
    /// Whether it is Ready.
    pub ready: bool,
    /// Whether it has been Ready for `minReadySeconds`.
    pub available: bool,
    /// Whether it has a deletion timestamp.
    pub terminating: bool,
}

/// All places, and who is there.
#[derive(Clone, Copy, Debug)]
pub struct PlacesView<'a> {
    /// `spec.replicas`, or the number of nodes: pods at places from here on have to go.
    pub replicas: u32,
    /// Places below that which are not there (any more), in ascending order: nodes that were deleted. Nobody is to be there.
    pub absent: &'a [u32],
    /// The pods at each place that are not yet gone, oldest first.
    pub places: &'a [Vec<PlacePod>],
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceStep {
    /// Create a pod.
    Create {
        /// Where.
        place: u32,
        /// With the wanted template; otherwise with the one that was last rolled out.
        new: bool,
    },
    /// Delete a pod.
    Delete(PodId),
}

/// A way to get from the old pods to the new ones, place by place.
pub trait PlacePolicy {
    /// What to do now. Called again when all of it has come back, and whenever anything that `view` shows has changed.
    fn reconcile(&self, view: &PlacesView<'_>) -> Vec<PlaceStep>;

    /// Whether `place` keeps the version that it has.
    fn keeps(&self, _place: u32) -> bool {
        false
    }

    /// Whether every place has an available pod, of the wanted template unless it keeps its version.
    fn is_complete(&self, view: &PlacesView<'_>) -> bool {
        let settled = |(place, pods): (u32, &Vec<PlacePod>)| {
            let mut active = pods.iter().filter(|p| !p.terminating);
            match (active.next(), active.next()) {
                (Some(pod), None) => view.wants(place) && pod.available && (pod.new || self.keeps(place)),
                (None, _) => !view.wants(place),
                _ => false,
            }
        };
        view.places.len() >= view.replicas as usize && (0..).zip(view.places).all(settled)
    }
}

/// The policy that carries out `strategy` place by place; `None` where it is one of ReplicaSets.
pub fn policy(strategy: &Strategy) -> Option<&dyn PlacePolicy> {
    match strategy {
        Strategy::StatefulSet(update) => Some(update),
        Strategy::DaemonSet(update) => Some(update),
        _ => None,
    }
}

impl PlacesView<'_> {
    /// Whether `place` is to have a pod.
    pub fn wants(&self, place: u32) -> bool {
        place < self.replicas && self.absent.binary_search(&place).is_err()
    }

    /// How many places are to have one: what a DaemonSet's percentages are of (`desiredNumberScheduled`).
    pub fn desired(&self) -> u32 {
        self.replicas - self.absent.iter().filter(|&&place| place < self.replicas).count() as u32
    }

    /// The pod at `place`, where there is at most one.
    pub fn only(&self, place: u32) -> Option<PlacePod> {
        self.places.get(place as usize).and_then(|pods| pods.first()).copied()
    }
}
