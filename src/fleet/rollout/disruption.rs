//! Evictions, which a `PodDisruptionBudget` may refuse; and pods whose machine is gone.

use super::{Command, Rollout, place};
use crate::engine::SimTime;
use crate::fleet::fact::PodId;
use crate::scenario::{BudgetBound, DisruptionBudget};

/// What becomes of a request to evict a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// The pod has its deletion timestamp.
    Allowed,
    /// The budget has no room: status 429.
    Refused,
    /// The pod is on its way out already, or gone.
    Needless,
}

/// Ready pods that an eviction must leave (`desiredHealthy` of the disruption controller): percentages of both bounds round up.
pub fn desired_healthy(budget: &DisruptionBudget, replicas: u32) -> u32 {
    match budget.bound {
        BudgetBound::MinAvailable(least) => least.rounded_up(replicas),
        BudgetBound::MaxUnavailable(most) => replicas.saturating_sub(most.rounded_up(replicas)),
    }
}

/// Whether the eviction API lets a pod go that is `ready`, or runs and is not, while `healthy` pods of `replicas` are Ready.
pub fn may_evict(budget: &DisruptionBudget, replicas: u32, healthy: u32, ready: bool) -> bool {
    let desired = desired_healthy(budget, replicas);
    if ready {
        return healthy > desired;
    }
    // One that is missing already costs nothing, as long as the others are enough.
    budget.always_allow_unhealthy || (desired > 0 && healthy >= desired) || healthy > desired
}

impl Rollout {
    /// Somebody asks for `pod` to be evicted. What has not `started` is in no budget.
    pub fn evict(
        &mut self,
        now: SimTime,
        pod: PodId,
        budget: Option<&DisruptionBudget>,
        started: bool,
        out: &mut Vec<Command>,
    ) -> Eviction {
        let Some(record) = self.pods.get(pod.0 as usize).filter(|p| p.is_active()) else { return Eviction::Needless };
        let ready = record.ready_since.is_some();
        let allowed = budget.is_none_or(|b| may_evict(b, self.spec.replicas, self.healthy(), ready));
        if started && !allowed {
            return Eviction::Refused;
        }
        self.delete_from_outside(now, pod, out);
        Eviction::Allowed
    }

    /// Ready pods that are not on their way out, for minReadySeconds or not.
    fn healthy(&self) -> u32 {
        self.living().filter(|(_, p)| p.is_active() && p.ready_since.is_some()).count() as u32
    }

    /// Somebody else than its controller deletes `pod`, and asks nobody.
    pub fn delete_from_outside(&mut self, now: SimTime, pod: PodId, out: &mut Vec<Command>) {
        let Some(record) = self.pods.get_mut(pod.0 as usize).filter(|p| p.is_active()) else { return };
        record.terminating = true;
        let set = record.set;
        self.deployment.disturbed = true;
        if place::policy(&self.spec.strategy).is_some() {
            self.forget_place(set);
        }
        out.push(Command::DeletePod { pod });
        self.trigger_owner(now, set, out);
    }

    /// The machine of `pod` is gone, which nobody has noticed yet. It will never be heard of again: not waited for at the end.
    pub fn pod_lost(&mut self, pod: PodId) {
        if let Some(record) = self.pods.get_mut(pod.0 as usize) {
            record.lost = true;
        }
    }

    /// Whether every set has as many pods as it wants, all of them Ready, and none is on its way out.
    pub fn is_quiet(&self) -> bool {
        let leaving = self.living().any(|(_, p)| p.terminating && !p.lost);
        let short = self.living().any(|(_, p)| p.is_active() && p.ready_since.is_none());
        let size: u32 = self.sets.iter().map(|s| s.size).sum();
        !leaving && !short && self.living().filter(|(_, p)| p.is_active()).count() == size as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::IntOrPercent::{Int, Percent};
    use BudgetBound::{MaxUnavailable, MinAvailable};

    fn budget(bound: BudgetBound) -> DisruptionBudget {
        DisruptionBudget { bound, always_allow_unhealthy: false }
    }

    #[test]
    fn percentages_of_both_bounds_round_up() {
        assert_eq!(desired_healthy(&budget(MinAvailable(Percent(50.0))), 7), 4);
        assert_eq!(desired_healthy(&budget(MaxUnavailable(Percent(30.0))), 7), 4, "3 may be missing");
        assert_eq!(desired_healthy(&budget(MinAvailable(Int(3))), 7), 3);
        assert_eq!(desired_healthy(&budget(MaxUnavailable(Int(9))), 7), 0);
    }

    #[test]
    fn a_ready_pod_goes_only_where_enough_are_left() {
        let b = budget(MaxUnavailable(Int(1)));
        assert!(may_evict(&b, 10, 10, true) && !may_evict(&b, 10, 9, true));
    }

    #[test]
    fn a_pod_that_is_not_ready_goes_while_the_others_are_enough_or_always() {
        let b = budget(MaxUnavailable(Int(1)));
        assert!(may_evict(&b, 10, 9, false) && !may_evict(&b, 10, 8, false));
        assert!(may_evict(&DisruptionBudget { always_allow_unhealthy: true, ..b }, 10, 0, false));
        let none = budget(MinAvailable(Int(0)));
        assert!(
            !may_evict(&none, 10, 0, false),
            "with nothing to keep the policy never applies, and no pod is to spare"
        );
    }
}
