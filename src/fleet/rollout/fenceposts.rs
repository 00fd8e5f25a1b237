//! The two bounds of a rolling update, resolved from numbers or percentages to pods.

use crate::scenario::Strategy;

/// How far a rolling update may go above and below `replicas`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fenceposts {
    /// Pods that the desired sizes may sum to above `replicas`.
    pub surge: u32,
    /// Available pods that a scale-down may leave `replicas` short of.
    pub unavailable: u32,
}

/// Resolves `strategy` for `replicas` pods, as Kubernetes' `ResolveFenceposts` and `MaxUnavailable` do.
///
/// A percentage of surge rounds up, one of unavailability down. If both come out 0, one pod may be unavailable, since the
/// rollout could not move at all. Unavailability is capped at `replicas`, surge is not. Recreate has neither. A StatefulSet has no
/// surge, and a DaemonSet's percentages all round up.
pub fn resolve(strategy: &Strategy, replicas: u32) -> Fenceposts {
    let (max_surge, max_unavailable) = match strategy {
        Strategy::RollingUpdate { max_surge, max_unavailable } => (max_surge, max_unavailable),
        Strategy::Recreate => return Fenceposts { surge: 0, unavailable: 0 },
        Strategy::StatefulSet(update) => return super::stateful_set::fenceposts(update, replicas),
        Strategy::DaemonSet(update) => return super::daemon_set::fenceposts(update, replicas),
        Strategy::BlueGreen(_) => return Fenceposts { surge: replicas, unavailable: 0 },
        Strategy::Canary(canary) => return super::canary::fenceposts(canary, replicas),
        Strategy::Ecs(deployment) => return super::ecs::fenceposts(deployment, replicas),
        Strategy::Nomad(update) => return super::nomad::fenceposts(update, replicas),
        Strategy::InstanceRefresh(refresh) => return super::instance_refresh::fenceposts(refresh, replicas),
    };
    let surge = max_surge.rounded_up(replicas);
    let unavailable = match (surge, max_unavailable.rounded_down(replicas)) {
        (0, 0) => 1,
        (_, unavailable) => unavailable,
    };
    Fenceposts { surge, unavailable: unavailable.min(replicas) }
}

/// Whether a rollout may take all pods away at once.
pub fn leaves_none(strategy: &Strategy, replicas: u32) -> bool {
    match strategy {
        Strategy::Recreate => true,
        Strategy::Canary(canary) if super::canary::keeps_some(canary, replicas) => false,
        _ => resolve(strategy, replicas).unavailable >= replicas,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::IntOrPercent::{self, Int, Percent};

    fn rolling(max_surge: IntOrPercent, max_unavailable: IntOrPercent, replicas: u32) -> (u32, u32) {
        let f = resolve(&Strategy::RollingUpdate { max_surge, max_unavailable }, replicas);
        (f.surge, f.unavailable)
    }

    #[test]
    fn kubernetes_defaults_round_surge_up_and_unavailable_down() {
        let expected = [(1, (1, 0)), (2, (1, 0)), (3, (1, 0)), (4, (1, 1)), (5, (2, 1)), (8, (2, 2)), (10, (3, 2))];
        for (replicas, posts) in expected {
            assert_eq!(rolling(Percent(25.0), Percent(25.0), replicas), posts, "{replicas} replicas");
        }
    }

    #[test]
    fn a_rollout_that_could_not_move_gets_one_unavailable_pod() {
        assert_eq!(rolling(Int(0), Int(0), 5), (0, 1));
        assert_eq!(rolling(Percent(0.0), Percent(10.0), 5), (0, 1));
        assert_eq!(rolling(Percent(0.0), Percent(5.0), 10), (0, 1));
        assert_eq!(rolling(Int(0), Int(0), 0), (0, 0), "nothing to be unavailable");
    }

    #[test]
    fn surge_may_exceed_the_fleet_but_unavailable_may_not() {
        assert_eq!(rolling(Percent(200.0), Int(9), 4), (8, 4));
        assert_eq!(rolling(Int(10), Percent(100.0), 5), (10, 5));
    }
}
