//! What would have kept pods in rotation, in the settings of the workload's own strategy.

use crate::fleet::rollout::resolve;
use crate::scenario::{Canary, Rolled, Strategy};

/// The setting with which a proxy would have had a pod left; `None` where the strategy has none. `balancer` is where that of the proxy
/// stands in a scenario.
pub(super) fn against_no_endpoints(rolled: &Rolled<'_>, balancer: &str) -> Option<String> {
    let strategy = &rolled.workload.strategy;
    // By what the controller makes of both bounds: where neither lets a pod move, one may be missing all the same.
    let all_are_kept = resolve(strategy, rolled.workload.replicas).unavailable == 0;
    let said = match strategy {
        Strategy::BlueGreen(_) => format!(
            "strategy.canary, which replaces a few at a time, or {balancer}.propagation.add no later than \
             {balancer}.propagation.remove"
        ),
        Strategy::Recreate => "strategy.type: RollingUpdate".to_owned(),
        Strategy::StatefulSet(_) | Strategy::Nomad(_) | Strategy::Canary(Canary { traffic_routing: true, .. }) => {
            return None;
        }
        Strategy::RollingUpdate { .. } | Strategy::DaemonSet(_) | Strategy::Canary(_) if all_are_kept => {
            "a minReadySeconds in which every proxy hears of a new pod".to_owned()
        }
        Strategy::RollingUpdate { .. } | Strategy::DaemonSet(_) | Strategy::Canary(_) => {
            "maxUnavailable: 0 with a surge".to_owned()
        }
        Strategy::Ecs(_) => "minimumHealthyPercent: 100".to_owned(),
        Strategy::InstanceRefresh(_) => "minHealthyPercentage: 100".to_owned(),
    };
    Some(said)
}

/// The setting with which those that are Ready would have had room for all requests; `None` where the strategy has none.
pub(super) fn against_overflow(strategy: &Strategy) -> Option<String> {
    let more = match strategy {
        Strategy::RollingUpdate { .. } | Strategy::DaemonSet(_) | Strategy::Canary(_) => {
            "a smaller maxUnavailable, a larger maxSurge, minReadySeconds"
        }
        Strategy::Recreate => "strategy.type: RollingUpdate",
        Strategy::Ecs(_) => "a larger minimumHealthyPercent, a larger maximumPercent",
        Strategy::InstanceRefresh(_) => "a larger minHealthyPercentage, a larger maxHealthyPercentage",
        Strategy::StatefulSet(_) => "more replicas, minReadySeconds",
        Strategy::Nomad(_) => "a smaller max_parallel",
        Strategy::BlueGreen(_) => return None,
    };
    Some(format!("more capacity while it rolls: {more}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    fn against(workload: &str) -> [Option<String>; 2] {
        let yaml = format!(
            "workload: {{replicas: 4, {workload}}}\nclients: [{{name: web, rate: 10/s}}]\ndeploy: {{at: 30s}}\n"
        );
        let scenario = Scenario::from_yaml(&yaml).expect("a valid scenario");
        let rolled = scenario.rolled();
        [against_no_endpoints(&rolled, "loadBalancer"), against_overflow(&rolled.workload.strategy)]
    }

    #[test]
    fn what_is_named_is_a_setting_of_the_strategy_that_has_not_done_it() {
        for (workload, endpoints) in [
            ("kind: Deployment", "maxUnavailable: 0 with a surge"),
            (
                "strategy: {rollingUpdate: {maxUnavailable: 20%}}",
                "a minReadySeconds in which every proxy hears of a new pod",
            ),
            ("strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 20%}}", "maxUnavailable: 0 with a surge"),
            ("strategy: {type: Recreate}", "strategy.type: RollingUpdate"),
            ("kind: DaemonSet", "maxUnavailable: 0 with a surge"),
            (
                "kind: Rollout, strategy: {blueGreen: {}}",
                "strategy.canary, which replaces a few at a time, or loadBalancer.propagation.add no later than \
                 loadBalancer.propagation.remove",
            ),
            ("kind: InstanceRefresh", "minHealthyPercentage: 100"),
        ] {
            assert_eq!(against(workload)[0].as_deref(), Some(endpoints), "{workload}");
        }
        assert_eq!(against("kind: StatefulSet")[0], None);
        assert_eq!(against("kind: Rollout, strategy: {blueGreen: {}}")[1], None);
        assert!(against("kind: StatefulSet")[1].as_ref().is_some_and(|told| !told.contains("maxSurge")));
    }
}
