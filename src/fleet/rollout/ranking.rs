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
/// 3. of two that turned Ready in different seconds the more recent one first, as finely as `scale` tells, and then by unique
///    id, that is at random;
/// 4. of others, restarted more often first;
/// 5. and of those created more recently first, as finely, and then by unique id.
///
/// Kubernetes' comparison is not transitive where some pods of a power of two turned Ready in the same second, and its sort
/// leaves such in an order that depends on how they were listed. Here the ids tell which places the pods of a second take, and rules
/// 4 and 5 who of them takes which.
pub(super) fn sort_for_deletion(
    candidates: &mut [PodId],
    pods: &[Pod],
    crowd: &BTreeMap<u32, u32>,
    scale: AgeScale,
    now: SimTime,
) {
    let pod = |id: &PodId| &pods[id.0 as usize];
    let age = |since: SimTime| match scale {
        // Both are moments of whole seconds.
        AgeScale::Seconds => now.saturating_since(since).nanos() as i64,
        AgeScale::PowersOfTwo => i64::from(age_bucket(now, since)),
    };
    let rank = |id: &PodId| {
        let pod = pod(id);
        let neighbours = pod.node.and_then(|n| crowd.get(&n)).copied().unwrap_or(0);
        (pod.node.is_some(), pod.ready_since.is_some(), Reverse(neighbours), pod.ready_since.map(age))
    };
    let equals = |id: &PodId| (Reverse(pod(id).restarts), age(pod(id).created), pod(id).uid);
    candidates.sort_by_cached_key(|id| {
        let equals = if pod(id).ready_since.is_some() { (Reverse(0), 0, pod(id).uid) } else { equals(id) };
        (rank(id), equals)
    });
    for alike in candidates.chunk_by_mut(|a, b| rank(a) == rank(b)) {
        let mut seconds: BTreeMap<SimTime, Vec<usize>> = BTreeMap::new();
        for (place, id) in alike.iter().enumerate() {
            if let Some(second) = pod(id).ready_since {
                seconds.entry(second).or_default().push(place);
            }
        }
        for places in seconds.into_values() {
            let mut same: Vec<PodId> = places.iter().map(|&place| alike[place]).collect();
            same.sort_by_cached_key(equals);
            for (place, id) in places.into_iter().zip(same) {
                alike[place] = id;
            }
        }
    }
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
    fn restarts_tell_those_apart_that_turned_ready_in_one_second_or_are_not_ready() {
        let with = |restarts: u32, pod: Pod| Pod { restarts, ..pod };
        let empty = BTreeMap::new();
        // Other seconds of the same power of two: the unique id alone.
        let pods = [with(0, pod(5, true, None, 1)), with(1, pod(6, true, None, 2)), with(4, pod(7, true, None, 3))];
        assert_eq!(order(&pods, &empty), [0, 1, 2]);
        let pods = [with(0, pod(6, true, None, 1)), with(1, pod(6, true, None, 2)), with(4, pod(6, true, None, 3))];
        assert_eq!(order(&pods, &empty), [2, 1, 0]);
        // Not Ready: before their age.
        let pods =
            [with(0, pod(3, false, None, 1)), with(2, pod(100, false, None, 2)), with(2, pod(20, false, None, 3))];
        assert_eq!(order(&pods, &empty), [2, 1, 0]);
    }

    #[test]
    fn of_those_that_turned_ready_in_one_second_the_one_created_later_goes_first() {
        let created = |secs: u64, pod: Pod| Pod { created: SimTime::ZERO - Dur::from_secs(secs), ..pod };
        let pods = [created(100, pod(5, true, None, 1)), created(9, pod(5, true, None, 4)), pod(6, true, None, 2)];
        for scale in [AgeScale::PowersOfTwo, AgeScale::Seconds] {
            // The id of the third lies between theirs: they swap places around it.
            assert_eq!(
                ordered(&pods, &BTreeMap::new(), scale).iter().filter(|&&p| p < 2).collect::<Vec<_>>(),
                [&1, &0]
            );
        }
        assert_eq!(order(&pods, &BTreeMap::new()), [1, 2, 0]);
    }

    /// What `TestSortingActivePodsWithRanks` of Kubernetes has of running pods: age of readiness and of creation (s), restarts,
    /// pods on the node.
    #[test]
    fn the_pairs_that_kubernetes_tests_come_in_its_order() {
        const HOUR: u64 = 3_600;
        const MONTH: u64 = 30 * 24 * HOUR;
        type Row = (Option<u64>, u64, u32, u32);
        let now: Row = (Some(0), 0, 0, 1);
        let pairs: [(Row, Row); 8] = [
            ((None, 0, 0, 1), now),
            (now, (Some(MONTH), MONTH, 0, 1)),
            ((Some(0), 0, 0, 2), (Some(MONTH), MONTH, 0, 1)),
            ((Some(0), 0, 9_001, 1), now),
            ((Some(0), 0, 0, 2), (Some(0), 0, 9_001, 1)),
            (now, (Some(0), MONTH, 0, 1)),
            ((Some(0), MONTH, 0, 2), now),
            ((Some(2 * HOUR), MONTH, 0, 1), (Some(5 * HOUR), MONTH, 0, 1)),
        ];
        for (lesser, greater) in pairs {
            // Neither the place in the list nor the unique id has a part in it.
            for (first, uids) in [([lesser, greater], [1, 2]), ([lesser, greater], [2, 1])] {
                let ago = |secs: u64| SimTime::ZERO - Dur::from_secs(secs);
                let pods = [0, 1].map(|i| {
                    let (ready, created, restarts, _) = first[i];
                    let node = Some(i as u32);
                    Pod { ready_since: ready.map(ago), created: ago(created), restarts, ..pod(0, true, node, uids[i]) }
                });
                let crowd = BTreeMap::from([(0, lesser.3), (1, greater.3)]);
                assert_eq!(order(&pods, &crowd), [0, 1], "{lesser:?} before {greater:?}");
            }
        }
        let hours = |h: u64, uid: u64| pod(h * HOUR, true, None, uid);
        assert_eq!(order(&[hours(5, 2), hours(8, 1)], &BTreeMap::new()), [1, 0], "of one power of two the id decides");
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
