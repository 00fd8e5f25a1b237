//! An ECS service: tasks come and go within two percentages, and a circuit breaker may call the new version off.

use super::fenceposts::Fenceposts;
use super::policy::{Policy, Step, View};
use super::rolling_update;
use crate::engine::Dur;
use crate::scenario::EcsDeployment;
use crate::scenario::IntOrPercent::Percent;

/// The service scheduler's rolling update, as AWS documents it.
///
/// Starts and stops follow from the same arithmetic as a Deployment's, with other rounding. A task that does not become
/// healthy is stopped and started anew after `fails_after`; half the desired count of such failures (at least 3, at most
/// 200) trip the circuit breaker.
impl Policy for EcsDeployment {
    fn reconcile(&self, view: &View<'_>) -> Step {
        if let Some(trips) = self.trips_at(view) {
            if view.now >= trips {
                // Without a rollback the deployment has failed, and no further task is replaced.
                return if self.rollback { Step::Revert } else { Step::Wait };
            }
            return match rolling_update::reconcile_up_to(view, view.replicas) {
                Step::Wait => Step::WakeAt(trips),
                step => step,
            };
        }
        rolling_update::reconcile_up_to(view, view.replicas)
    }
}

impl EcsDeployment {
    /// When so many tasks will have failed that the circuit breaker trips.
    fn trips_at(&self, view: &View<'_>) -> Option<crate::engine::SimTime> {
        let new = view.new_set().filter(|_| self.circuit_breaker && view.new != view.stable)?;
        let since = new.unready_since?;
        let threshold = view.replicas.div_ceil(2).clamp(3, 200);
        // Each unhealthy task fails again and again, side by side.
        let rounds = threshold.div_ceil(new.unready.max(1));
        Some(since + Dur::from_nanos(self.fails_after.nanos().saturating_mul(u64::from(rounds))))
    }
}

/// The bounds of a deployment.
pub(super) fn fenceposts(deployment: &EcsDeployment, replicas: u32) -> Fenceposts {
    let surge = Percent(deployment.maximum).rounded_down(replicas).saturating_sub(replicas);
    let unavailable = replicas.saturating_sub(Percent(deployment.minimum_healthy).rounded_up(replicas));
    Fenceposts { surge, unavailable }
}
