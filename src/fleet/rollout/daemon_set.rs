//! A DaemonSet: every node has its pod, and a version rolls node by node.

use super::fenceposts::Fenceposts;
use super::place::{PlacePod, PlacePolicy, PlaceStep, PlacesView};
use crate::scenario::DaemonSetUpdate;

/// The controller of that name, after `update.go` and `daemon_controller.go` of Kubernetes 1.28.
///
/// Without surge a node's next pod is created when the one before is gone, so that termination counts fully; with surge
/// the old pod goes when the new one is available. Nodes are taken in order, which in Kubernetes is arbitrary. A node that has
/// joined is like any other without a pod, one that is deleted has none, and percentages are of those that are there
/// (`updatedDesiredNodeCounts`).
impl PlacePolicy for DaemonSetUpdate {
    fn reconcile(&self, view: &PlacesView<'_>) -> Vec<PlaceStep> {
        let mut steps = self.manage(view);
        if steps.is_empty() && !self.on_delete {
            let surge = self.max_surge.rounded_up(view.desired());
            steps = if surge == 0 { self.replace(view) } else { Self::surge(view, surge as usize) };
        }
        steps
    }
}

/// Pods beyond one a node, and nodes without an available one: one of both is always 0.
pub(super) fn fenceposts(update: &DaemonSetUpdate, nodes: u32) -> Fenceposts {
    match update.max_surge.rounded_up(nodes) {
        _ if update.on_delete => Fenceposts { surge: 0, unavailable: 0 },
        0 => Fenceposts { surge: 0, unavailable: update.most_unavailable(nodes).min(nodes) },
        surge => Fenceposts { surge, unavailable: 0 },
    }
}

/// The pods of a node that count, old and new.
fn active(pods: &[PlacePod]) -> (Option<PlacePod>, Option<PlacePod>) {
    let of = |new: bool| pods.iter().find(|p| p.new == new && !p.terminating).copied();
    (of(false), of(true))
}

/// The nodes that are to have a pod, and who is there.
fn wanted<'a>(view: &'a PlacesView<'_>) -> impl Iterator<Item = (u32, &'a Vec<PlacePod>)> {
    (0..).zip(view.places).filter(|&(place, _)| view.wants(place))
}

impl DaemonSetUpdate {
    fn most_unavailable(&self, nodes: u32) -> u32 {
        self.max_unavailable.rounded_up(nodes).max(1)
    }

    fn surges(&self, view: &PlacesView<'_>) -> bool {
        self.max_surge.rounded_up(view.desired()) > 0
    }

    /// Every node gets its pod, and what runs beyond that goes.
    fn manage(&self, view: &PlacesView<'_>) -> Vec<PlaceStep> {
        let mut steps = Vec::new();
        for place in 0..view.replicas.max(view.places.len() as u32) {
            let pods = view.places.get(place as usize).map_or(&[][..], Vec::as_slice);
            let mut running = pods.iter().filter(|p| !p.terminating);
            if !view.wants(place) {
                steps.extend(running.map(|p| PlaceStep::Delete(p.pod)));
                continue;
            }
            // Without surge a terminating pod still fills its node.
            let vacant = if self.surges(view) { running.clone().next().is_none() } else { pods.is_empty() };
            if vacant {
                steps.push(PlaceStep::Create { place, new: true });
            } else if !self.surges(view) {
                // All but the oldest.
                steps.extend(running.by_ref().skip(1).map(|p| PlaceStep::Delete(p.pod)));
            }
        }
        steps
    }

    /// Old pods that go, to be replaced when they are gone: all that are not available, and as many others as may be.
    fn replace(&self, view: &PlacesView<'_>) -> Vec<PlaceStep> {
        let most = self.most_unavailable(view.desired());
        let (mut unavailable, mut broken, mut candidates) = (0, Vec::new(), Vec::new());
        for (_, pods) in wanted(view) {
            match active(pods) {
                (None, Some(new)) if new.available => {}
                (Some(old), None) if old.available => candidates.push(PlaceStep::Delete(old.pod)),
                (Some(old), None) => broken.push(PlaceStep::Delete(old.pod)),
                _ => unavailable += 1,
            }
        }
        candidates.truncate((most as usize).saturating_sub(unavailable));
        broken.into_iter().chain(candidates).collect()
    }

    /// Old pods that have an available successor, or are not available themselves, go; others get a successor beside them.
    fn surge(view: &PlacesView<'_>, most: usize) -> Vec<PlaceStep> {
        let (mut surging, mut steps, mut candidates) = (0, Vec::new(), Vec::new());
        for (place, pods) in wanted(view) {
            let create = PlaceStep::Create { place, new: true };
            match active(pods) {
                (None, _) => {}
                (Some(old), None) if old.available => candidates.push(create),
                (Some(_), None) => steps.push(create),
                (Some(old), Some(new)) if !old.available || new.available => steps.push(PlaceStep::Delete(old.pod)),
                (Some(_), Some(_)) => surging += 1,
            }
        }
        candidates.truncate(most.saturating_sub(surging));
        steps.into_iter().chain(candidates).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::fact::PodId;
    use crate::scenario::IntOrPercent::{Int, Percent};

    const PLAIN: DaemonSetUpdate = DaemonSetUpdate { max_surge: Int(0), max_unavailable: Int(1), on_delete: false };

    /// Nodes in words: `o` old, `n` new; capital: available; `t` terminating, old; `-` first: deleted. Pods are numbered through.
    fn steps(update: DaemonSetUpdate, nodes: &[&str]) -> Vec<PlaceStep> {
        let mut id = 0;
        let mut pod = |word: char| {
            id += 1;
            let (ready, new) = (word.is_uppercase(), word.eq_ignore_ascii_case(&'n'));
            PlacePod { pod: PodId(id - 1), new, ready, available: ready, terminating: word == 't' }
        };
        let places: Vec<Vec<_>> =
            nodes.iter().map(|words| words.trim_start_matches('-').chars().map(&mut pod).collect()).collect();
        let absent: Vec<u32> = (0..).zip(nodes).filter(|(_, words)| words.starts_with('-')).map(|(n, _)| n).collect();
        update.reconcile(&PlacesView { replicas: nodes.len() as u32, absent: &absent, places: &places })
    }

    fn delete(pods: &[u32]) -> Vec<PlaceStep> {
        pods.iter().map(|&p| PlaceStep::Delete(PodId(p))).collect()
    }

    #[test]
    fn without_surge_a_node_is_empty_until_its_pod_is_gone() {
        assert_eq!(steps(PLAIN, &["O", "O", "O"]), delete(&[0]));
        assert_eq!(steps(PLAIN, &["t", "O", "O"]), []);
        assert_eq!(steps(PLAIN, &["", "O", "O"]), [PlaceStep::Create { place: 0, new: true }]);
        assert_eq!(steps(PLAIN, &["n", "O", "O"]), []);
        assert_eq!(steps(PLAIN, &["N", "O", "O"]), delete(&[1]));
    }

    #[test]
    fn percentages_round_up_and_broken_pods_go_beyond_them() {
        let half = DaemonSetUpdate { max_unavailable: Percent(40.0), ..PLAIN };
        assert_eq!(steps(half, &["O", "O", "O"]), delete(&[0, 1]));
        assert_eq!(steps(half, &["n", "O", "O"]), delete(&[1]));
        assert_eq!(steps(PLAIN, &["n", "o", "o", "O"]), delete(&[1, 2]));
    }

    #[test]
    fn with_surge_the_old_pod_stays_until_the_new_one_is_available() {
        let surge = DaemonSetUpdate { max_surge: Int(1), max_unavailable: Int(0), ..PLAIN };
        assert_eq!(steps(surge, &["O", "O"]), [PlaceStep::Create { place: 0, new: true }]);
        assert_eq!(steps(surge, &["On", "O"]), []);
        assert_eq!(
            steps(surge, &["ON", "O"]),
            [PlaceStep::Delete(PodId(0)), PlaceStep::Create { place: 1, new: true }]
        );
        assert_eq!(steps(surge, &["tN", "On"]), []);
        assert_eq!(steps(surge, &["o", "O"]).len(), 2, "a broken old pod gets its successor beyond the bound");
        assert_eq!(steps(surge, &["on", "N"]), delete(&[0]));
        assert_eq!(steps(surge, &["t", "N"]), [PlaceStep::Create { place: 0, new: true }]);
    }
    #[test]
    fn a_deleted_node_gets_no_pod_and_counts_for_no_percentage() {
        assert_eq!(steps(PLAIN, &["-", "O", "O"]), delete(&[0]), "nor is it one of the unavailable");
        assert_eq!(steps(PLAIN, &["-n", "N"]), delete(&[0]), "what is left of it goes");
        // 34 % of three nodes are two, of two one.
        let third = DaemonSetUpdate { max_unavailable: Percent(34.0), ..PLAIN };
        assert_eq!(steps(third, &["O", "O", "O"]), delete(&[0, 1]));
        assert_eq!(steps(third, &["O", "-", "O"]), delete(&[0]));
        let surge = DaemonSetUpdate { max_surge: Percent(34.0), max_unavailable: Int(0), ..PLAIN };
        assert_eq!(steps(surge, &["O", "-", "O"]), [PlaceStep::Create { place: 0, new: true }]);
    }
}
