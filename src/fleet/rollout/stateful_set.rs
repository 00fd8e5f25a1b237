//! A StatefulSet: every ordinal has its pod, and a version rolls from the highest one down.

use super::fenceposts::Fenceposts;
use super::place::{PlacePod, PlacePolicy, PlaceStep, PlacesView};
use crate::scenario::StatefulSetUpdate;

/// The controller of that name, after `stateful_set_control.go` of Kubernetes 1.28.
///
/// An ordinal's next pod is created only when the one before is gone: termination counts fully. With `OrderedReady` each
/// step waits until all pods before it are available, also the steps of an update: where a new pod never turns Ready,
/// nothing moves any more, not even back (kubernetes#67250).
impl PlacePolicy for StatefulSetUpdate {
    fn reconcile(&self, view: &PlacesView<'_>) -> Vec<PlaceStep> {
        let (mut steps, waits) = self.fill(view);
        if waits {
            return steps;
        }
        let (condemned, waits) = self.condemn(view);
        steps.extend(condemned);
        if !waits && !self.on_delete {
            steps.extend(self.update(view));
        }
        steps
    }

    fn keeps(&self, place: u32) -> bool {
        place < self.partition
    }
}

/// How many pods an update takes away at once; none beyond `replicas` is ever started.
pub(super) fn fenceposts(update: &StatefulSetUpdate, replicas: u32) -> Fenceposts {
    let unavailable = if update.on_delete { 0 } else { update.most_unavailable(replicas).min(replicas) };
    Fenceposts { surge: 0, unavailable }
}

impl StatefulSetUpdate {
    /// Pods for ordinals that have none, in order; whether everything else has to wait.
    fn fill(&self, view: &PlacesView<'_>) -> (Vec<PlaceStep>, bool) {
        let mut steps = Vec::new();
        for place in 0..view.replicas {
            match view.only(place) {
                None => steps.push(PlaceStep::Create { place, new: place >= self.partition }),
                Some(pod) if pod.available && !pod.terminating => continue,
                Some(_) => {}
            }
            if self.ordered {
                return (steps, true);
            }
        }
        (steps, false)
    }

    /// Pods beyond the last ordinal go, highest first; whether the update has to wait.
    fn condemn(&self, view: &PlacesView<'_>) -> (Vec<PlaceStep>, bool) {
        let mut steps = Vec::new();
        let sick = |pod: &PlacePod| !pod.ready || pod.terminating;
        let beyond: Vec<PlacePod> =
            (view.replicas..view.places.len() as u32).filter_map(|place| view.only(place)).collect();
        let first_sick = beyond.iter().find(|p| sick(p)).map(|p| p.pod);
        for pod in beyond.iter().rev() {
            // Ordered, a sick pod holds up those above it, unless it is the one to go.
            let held = self.ordered && !pod.terminating && !pod.ready && first_sick != Some(pod.pod);
            if !pod.terminating && !held {
                steps.push(PlaceStep::Delete(pod.pod));
            }
            if self.ordered {
                return (steps, true);
            }
        }
        (steps, false)
    }

    /// So many pods may be missing at once; one where nothing is said.
    fn most_unavailable(&self, replicas: u32) -> u32 {
        self.max_unavailable.map_or(1, |most| most.rounded_down(replicas).max(1))
    }

    /// Pods of another version that may go now, highest ordinal first.
    fn update(&self, view: &PlacesView<'_>) -> Vec<PlaceStep> {
        let healthy = |pod: Option<PlacePod>| pod.is_some_and(|p| p.ready && !p.terminating);
        let old = |pod: Option<PlacePod>| pod.filter(|p| !p.new && !p.terminating);
        let targets = (self.partition.min(view.replicas)..view.replicas).rev().map(|place| view.only(place));
        if self.max_unavailable.is_none() {
            // One at a time: the first that is not what it should be either goes, or is waited for.
            for pod in targets {
                if let Some(pod) = old(pod) {
                    return vec![PlaceStep::Delete(pod.pod)];
                }
                if !healthy(pod) {
                    return Vec::new();
                }
            }
            return Vec::new();
        }
        let most = self.most_unavailable(view.replicas);
        let unavailable = (0..view.replicas).filter(|&place| !healthy(view.only(place))).count();
        let room = (most as usize).saturating_sub(unavailable);
        targets.filter_map(old).take(room).map(|pod| PlaceStep::Delete(pod.pod)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::fact::PodId;
    use crate::scenario::IntOrPercent;

    const ORDERED: StatefulSetUpdate =
        StatefulSetUpdate { ordered: true, partition: 0, max_unavailable: None, on_delete: false };
    const PARALLEL: StatefulSetUpdate = StatefulSetUpdate { ordered: false, ..ORDERED };

    /// Places in words: `o` old, `n` new; capital: available; `.` none, `t` terminating, old.
    fn steps(update: StatefulSetUpdate, replicas: u32, words: &str) -> Vec<PlaceStep> {
        let place = |(i, word): (usize, char)| {
            let ready = word.is_uppercase();
            let new = word.eq_ignore_ascii_case(&'n');
            let pod = PlacePod { pod: PodId(i as u32), new, ready, available: ready, terminating: word == 't' };
            if word == '.' { Vec::new() } else { vec![pod] }
        };
        let places: Vec<_> = words.chars().enumerate().map(place).collect();
        update.reconcile(&PlacesView { replicas, absent: &[], places: &places })
    }

    fn delete(pods: &[u32]) -> Vec<PlaceStep> {
        pods.iter().map(|&p| PlaceStep::Delete(PodId(p))).collect()
    }

    #[test]
    fn the_highest_ordinal_goes_first_and_the_next_waits_until_its_successor_is_available() {
        assert_eq!(steps(ORDERED, 3, "OOO"), delete(&[2]));
        assert_eq!(steps(ORDERED, 3, "OOt"), []);
        assert_eq!(steps(ORDERED, 3, "OO."), [PlaceStep::Create { place: 2, new: true }]);
        assert_eq!(steps(ORDERED, 3, "OOn"), []);
        assert_eq!(steps(ORDERED, 3, "OON"), delete(&[1]));
        assert_eq!(steps(ORDERED, 3, "NNN"), []);
    }

    #[test]
    fn ordered_is_stuck_on_a_pod_that_is_not_ready_where_parallel_goes_on() {
        assert_eq!(steps(ORDERED, 3, "oOO"), []);
        assert_eq!(steps(PARALLEL, 3, "oOO"), delete(&[2]));
        // A rollback: the broken pod is of another version than wanted, and yet ordered does not touch it.
        assert_eq!(steps(ORDERED, 3, "NNo"), []);
        assert_eq!(steps(PARALLEL, 3, "NNo"), delete(&[2]));
    }

    #[test]
    fn a_partition_keeps_the_lower_ordinals_and_their_version() {
        let update = StatefulSetUpdate { partition: 2, ..ORDERED };
        assert_eq!(steps(update, 3, "OOO"), delete(&[2]));
        assert_eq!(steps(update, 3, "OON"), []);
        assert_eq!(steps(update, 3, "O.N"), [PlaceStep::Create { place: 1, new: false }]);
    }

    #[test]
    fn max_unavailable_takes_several_from_the_top() {
        let most = |n| StatefulSetUpdate { max_unavailable: Some(IntOrPercent::Int(n)), ..PARALLEL };
        assert_eq!(steps(most(2), 4, "OOOO"), delete(&[3, 2]));
        assert_eq!(steps(most(2), 4, "OOOn"), delete(&[2]));
        assert_eq!(steps(most(2), 4, "oOOn"), []);
        let few = StatefulSetUpdate { max_unavailable: Some(IntOrPercent::Percent(10.0)), ..PARALLEL };
        assert_eq!(steps(few, 4, "OOOO"), delete(&[3]), "at least one");
    }

    #[test]
    fn scaling_down_takes_the_highest_first_and_up_fills_in_order() {
        assert_eq!(steps(ORDERED, 1, "NNN"), delete(&[2]));
        assert_eq!(steps(ORDERED, 1, "NNt"), []);
        assert_eq!(steps(PARALLEL, 1, "NNN"), delete(&[2, 1]));
        assert_eq!(steps(ORDERED, 3, "N"), [PlaceStep::Create { place: 1, new: true }]);
        assert_eq!(steps(PARALLEL, 3, "N").len(), 2);
    }

    #[test]
    fn on_delete_replaces_nothing_by_itself() {
        assert_eq!(steps(StatefulSetUpdate { on_delete: true, ..ORDERED }, 3, "OOO"), []);
    }
}
