//! The rules, one a file.

mod capacity_below_demand;
mod closes_before_removal;
mod cold_pods_count;
mod connections_exhausted;
mod deregistration_too_short;
mod disruption_budget_blocks;
mod drain_too_short;
mod grace_too_short;
mod host_port;
mod keep_alive_race;
mod least_request_black_hole;
mod liveness_kills_start;
mod misplaced_field;
mod prestop_exceeds_grace;
mod probe_in_tight_queue;
mod reconnect_at_once;
mod recreate_downtime;
mod registration_outrun;
mod replicas_beside_autoscaler;
mod scale_down_outrun;
mod sigterm_not_handled;
mod stuck_rollout;

use super::Rule;

/// Every rule, in the order of a pod's life.
pub const RULES: [&Rule; 22] = [
    &misplaced_field::RULE,
    &stuck_rollout::RULE,
    &host_port::RULE,
    &recreate_downtime::RULE,
    &replicas_beside_autoscaler::RULE,
    &capacity_below_demand::RULE,
    &connections_exhausted::RULE,
    &liveness_kills_start::RULE,
    &cold_pods_count::RULE,
    &registration_outrun::RULE,
    &scale_down_outrun::RULE,
    &probe_in_tight_queue::RULE,
    &closes_before_removal::RULE,
    &least_request_black_hole::RULE,
    &sigterm_not_handled::RULE,
    &prestop_exceeds_grace::RULE,
    &grace_too_short::RULE,
    &drain_too_short::RULE,
    &deregistration_too_short::RULE,
    &keep_alive_race::RULE,
    &reconnect_at_once::RULE,
    &disruption_budget_blocks::RULE,
];
