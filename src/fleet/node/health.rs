//! How the node controller learns that a node is gone, and how fast it clears nodes: arithmetic of `node-lifecycle-controller`.

use crate::engine::{Dur, Purpose, SimTime, Streams};
use crate::scenario::Nodes;

/// When a node that died at `death` is found to be silent: a monitor notes when it last saw a new heartbeat, and looks again
/// every `nodeMonitorPeriod`. With Kubernetes' defaults that is 30 s to 45 s after the death.
pub(super) fn noticed(config: &Nodes, node: u32, death: SimTime, streams: Streams) -> SimTime {
    let phase = |period: Dur, identity: u64| period.scale(streams.stream(Purpose::NodeClock, identity).open01());
    let heartbeat = last(death, config.heartbeat, phase(config.heartbeat, u64::from(node) + 1));
    let first = phase(config.monitor_period, 0);
    let seen = next(heartbeat, config.monitor_period, first);
    next(seen + config.monitor_grace_period, config.monitor_period, first).max(death)
}

/// The last moment up to `t` of those that lie `period` apart, one of which is `phase`.
fn last(t: SimTime, period: Dur, phase: Dur) -> SimTime {
    let past = (t.nanos() - phase.nanos() as i64).rem_euclid(period.nanos() as i64);
    t - Dur::from_nanos(past as u64)
}

/// The first such moment from `t` on.
fn next(t: SimTime, period: Dur, phase: Dur) -> SimTime {
    let before = last(t, period, phase);
    if before == t { t } else { before + period }
}

/// How a zone is, by how many of its nodes are not Ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ZoneState {
    Normal,
    /// At least 55 % of its nodes, and more than two, are not Ready.
    Partial,
    /// All of them.
    Full,
}

/// `--unhealthy-zone-threshold`.
const UNHEALTHY: f64 = 0.55;
/// `--large-cluster-size-threshold`: in a zone that is no larger, a partial disruption stops evictions.
const LARGE: usize = 50;
/// `--secondary-node-eviction-rate` (1/s), for larger ones.
const SECONDARY_RATE: f64 = 0.01;

/// The state of a zone with so many nodes not Ready, of so many.
pub(super) fn zone_state(not_ready: usize, nodes: usize) -> ZoneState {
    if not_ready > 0 && not_ready == nodes {
        ZoneState::Full
    } else if not_ready > 2 && not_ready as f64 >= UNHEALTHY * nodes as f64 {
        ZoneState::Partial
    } else {
        ZoneState::Normal
    }
}

/// Nodes that are cleared a second in a zone of `nodes`; `all_full` if every zone is down: then it is the controller that is cut
/// off, and nothing is cleared.
pub(super) fn rate(state: ZoneState, nodes: usize, all_full: bool, usual: f64) -> f64 {
    match state {
        ZoneState::Full if all_full => 0.0,
        ZoneState::Normal | ZoneState::Full => usual,
        ZoneState::Partial if nodes > LARGE => SECONDARY_RATE.min(usual),
        ZoneState::Partial => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn silence_is_noticed_within_30_to_45_seconds() {
        let text = "clients: [{rate: 1/s}]\nnodes: {count: 3}\n";
        let nodes = Scenario::from_yaml(text).expect("a scenario").nodes.expect("nodes");
        let mut spans = Vec::new();
        for replication in 0..500 {
            let streams = Streams::new(1, replication);
            let death = SimTime::ZERO + Dur::from_millis(replication * 37);
            spans.push(noticed(&nodes, 2, death, streams).since(death).secs());
        }
        let mean = spans.iter().sum::<f64>() / 500.0;
        assert!(spans.iter().all(|s| (30.0..=45.0).contains(s)), "{spans:?}");
        // The grace period, less half a heartbeat, plus half a look.
        assert!((mean - 37.5).abs() < 0.6, "{mean}");
    }

    #[test]
    fn a_zone_that_is_lost_is_cleared_unless_all_are() {
        assert_eq!(zone_state(2, 2), ZoneState::Full);
        assert_eq!((rate(ZoneState::Full, 2, false, 0.1), rate(ZoneState::Full, 2, true, 0.1)), (0.1, 0.0));
    }

    #[test]
    fn most_of_a_small_zone_lost_stops_evictions() {
        assert_eq!(
            (zone_state(2, 3), zone_state(3, 5), zone_state(3, 6)),
            (ZoneState::Normal, ZoneState::Partial, ZoneState::Normal)
        );
        assert_eq!((rate(ZoneState::Partial, 50, false, 0.1), rate(ZoneState::Partial, 51, false, 0.1)), (0.0, 0.01));
    }
}
