//! Strategies in a few words, for the head of a forecast.

use super::settings::written;
use crate::scenario::{
    BlueGreen, Canary, CanaryStep, DaemonSetUpdate, EcsDeployment, InstanceRefresh, NomadUpdate, StatefulSetUpdate,
};

/// `OrderedReady, partition 2`.
pub(super) fn stateful_set(update: &StatefulSetUpdate) -> String {
    let order = if update.ordered { "OrderedReady" } else { "Parallel" };
    let partition = (update.partition > 0).then(|| format!(", partition {}", update.partition));
    let most = update.max_unavailable.as_ref().map(|n| format!(", maxUnavailable {}", written(n)));
    let on_delete = if update.on_delete { ", OnDelete" } else { "" };
    format!("{order}{}{}{on_delete}", partition.unwrap_or_default(), most.unwrap_or_default())
}

/// `maxSurge 0, maxUnavailable 1`.
pub(super) fn daemon_set(update: &DaemonSetUpdate) -> String {
    if update.on_delete {
        return "OnDelete".to_owned();
    }
    format!("maxSurge {}, maxUnavailable {}", written(&update.max_surge), written(&update.max_unavailable))
}

/// `canary 20 %, 40 %, 60 %`, or `maxSurge 1, maxUnavailable 0` where it has no steps.
pub(super) fn canary(canary: &Canary) -> String {
    let weight = |step: &CanaryStep| match step {
        CanaryStep::SetWeight(weight) => Some(format!("{weight} %")),
        CanaryStep::Pause(_) | CanaryStep::SetCanaryScale(_) | CanaryStep::Analysis(_) => None,
    };
    let weights: Vec<String> = canary.steps.iter().filter_map(weight).collect();
    if weights.is_empty() {
        format!("maxSurge {}, maxUnavailable {}", written(&canary.max_surge), written(&canary.max_unavailable))
    } else {
        format!("canary {}", weights.join(", "))
    }
}

/// `blue-green, promoted by hand`.
pub(super) fn blue_green(blue_green: &BlueGreen) -> String {
    match (blue_green.auto_promotion, blue_green.auto_promotion_after) {
        (true, None) => "blue-green".to_owned(),
        (true, Some(after)) => format!("blue-green, promoted after {after}"),
        (false, _) => "blue-green, promoted by hand".to_owned(),
    }
}

/// `minimumHealthyPercent 100, maximumPercent 200`.
pub(super) fn ecs(deployment: &EcsDeployment) -> String {
    let breaker = if deployment.circuit_breaker { ", circuit breaker" } else { "" };
    format!("minimumHealthyPercent {}, maximumPercent {}{breaker}", deployment.minimum_healthy, deployment.maximum)
}

/// `max_parallel 1, canary 2`.
pub(super) fn nomad(update: &NomadUpdate) -> String {
    let canary = if update.canary > 0 { format!(", canary {}", update.canary) } else { String::new() };
    format!("max_parallel {}{canary}", update.max_parallel)
}

/// `minHealthyPercentage 90, maxHealthyPercentage 100`.
pub(super) fn instance_refresh(refresh: &InstanceRefresh) -> String {
    format!("minHealthyPercentage {}, maxHealthyPercentage {}", refresh.min_healthy, refresh.max_healthy)
}
