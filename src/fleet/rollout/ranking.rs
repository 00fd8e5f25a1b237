//! Which pods a ReplicaSet deletes first.

use super::replica_set::Pod;
use crate::engine::SimTime;
use crate::fleet::fact::PodId;
use crate::scenario::Release;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How finely ages are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AgeScale {
    /// Up to 1.21: strictly the newest first, by the second.
    Seconds,
    /// Since 1.22 (`LogarithmicScaleDown`): by the power of two in which the age lies.
    PowersOfTwo,
}

impl AgeScale {
    pub(super) const fn of(release: Release) -> Self {
        match release {
            Release::V1_20 => Self::Seconds,
            Release::V1_28 | Release::V1_34 => Self::PowersOfTwo,
        }
    }
}

/// Sorts `candidates`, first to be deleted first, by the rules of Kubernetes (`ActivePodsWithRanks`), as
/// far as they apply to pods that are running:
///
/// 0. without a node before those that have one;
/// 1. not Ready before Ready;
/// 2. on a node with more active pods of this Deployment (`crowd`) first;
/// 3. Ready (else: created) more recently first, as finely as `scale` tells;
/// 4. within the same second, or power of two: restarted more often first;
/// 5. and then by unique id, that is at random.
///
/// Kubernetes compares pods that turned Ready in the same second by creation before their id; here the id decides at
/// once, since its comparison is not transitive and its sort leaves such pods in arbitrary order.
pub(super) fn sort_for_deletion(
    candidates: &mut [PodId],
    pods: &[Pod],
    crowd: &BTreeMap<u32, u32>,
    scale: AgeScale,
    now: SimTime,
) {
    candidates.sort_by_cached_key(|id| {
        let pod = &pods[id.0 as usize];
        let neighbours = pod.node.and_then(|n| crowd.get(&n)).copied().unwrap_or(0);
        let since = pod.ready_since.unwrap_or(pod.created);
        let age = match scale {
            // Both are moments of whole seconds.
            AgeScale::Seconds => now.saturating_since(since).nanos() as i64,
            AgeScale::PowersOfTwo => i64::from(age_bucket(now, since)),
        };
        (pod.node.is_some(), pod.ready_since.is_some(), Reverse(neighbours), age, Reverse(pod.restarts), pod.uid)
    });
}

/// The integer part of log2 of the age in nanoseconds; −1 for what is not yet a nanosecond old.
fn age_bucket(now: SimTime, since: SimTime) -> i32 {
    now.saturating_since(since).nanos().checked_ilog2().map_or(-1, |log| log as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Dur;

    fn pod(age_secs: u64, ready: bool, node: Option<u32>, uid: u64) -> Pod {
        let since = SimTime::ZERO - Dur::from_secs(age_secs);
        let ready_since = ready.then_some(since);
        Pod {
            set: 0,
            place: None,
            ordinal: 0,
            created: since,
            ready_since,
            node,
            restarts: 0,
            uid,
            terminating: false,
            lost: false,
            gone: false,
        }
    }

    fn order(pods: &[Pod], crowd: &BTreeMap<u32, u32>) -> Vec<u32> {
        ordered(pods, crowd, AgeScale::PowersOfTwo)
    }

    fn ordered(pods: &[Pod], crowd: &BTreeMap<u32, u32>, scale: AgeScale) -> Vec<u32> {
        let mut ids: Vec<_> = (0..pods.len() as u32).map(PodId).collect();
        sort_for_deletion(&mut ids, pods, crowd, scale, SimTime::ZERO);
        ids.into_iter().map(|p| p.0).collect()
    }

    #[test]
    fn unready_pods_go_before_young_ones_and_those_before_old_ones() {
        let pods = [pod(100, true, None, 1), pod(3, true, None, 2), pod(1000, false, None, 3)];
        assert_eq!(order(&pods, &BTreeMap::new()), [2, 1, 0]);
    }

    #[test]
    fn within_a_power_of_two_the_unique_id_decides_not_the_age() {
        // 5 s and 8 s lie between 2^32 and 2^33 ns, 3 s below.
        let pods = [pod(5, true, None, 9), pod(8, true, None, 4), pod(3, true, None, 7)];
        assert_eq!(order(&pods, &BTreeMap::new()), [2, 1, 0]);
    }

    #[test]
    fn of_those_of_one_age_the_one_that_was_restarted_more_often_goes_first() {
        let mut pods = [pod(5, true, None, 1), pod(6, true, None, 2), pod(7, true, None, 3), pod(3, true, None, 4)];
        (pods[1].restarts, pods[2].restarts) = (1, 4);
        assert_eq!(order(&pods, &BTreeMap::new()), [3, 2, 1, 0]);
    }

    #[test]
    fn until_1_21_the_newest_goes_first() {
        let pods = [pod(5, true, None, 9), pod(8, true, None, 4), pod(3, true, None, 7)];
        assert_eq!(ordered(&pods, &BTreeMap::new(), AgeScale::Seconds), [2, 0, 1]);
    }

    #[test]
    fn the_crowded_node_is_thinned_first() {
        let pods = [pod(3, true, Some(0), 1), pod(100, true, Some(1), 2)];
        assert_eq!(order(&pods, &BTreeMap::from([(0, 1), (1, 3)])), [1, 0]);
    }
}
