//! The instance refresh of a scaling group: a rolling update within two percentages, with checkpoints to wait at.

use super::fenceposts::Fenceposts;
use super::policy::{Policy, Step, View};
use super::rolling_update;
use crate::scenario::InstanceRefresh;
use crate::scenario::IntOrPercent::Percent;

/// EC2 Auto Scaling's, as AWS documents it. A replacement is launched as the old instance begins to terminate, or before
/// where more than 100 % are allowed; it counts when it is healthy and its warm-up is over.
///
/// Stage 2k is the way to checkpoint k, stage 2k + 1 the wait there.
impl Policy for InstanceRefresh {
    fn reconcile(&self, view: &View<'_>) -> Step {
        let memory = view.memory;
        let share = self.checkpoints.get(memory.stage as usize / 2).copied().filter(|_| view.new != view.stable);
        let Some(share) = share else { return rolling_update::reconcile_up_to(view, view.replicas) };
        let target = Percent(share).rounded_up(view.replicas);
        let next = Step::Remember(memory.at(memory.stage + 1, view.now));
        if memory.stage % 2 == 1 {
            let due = memory.since + self.checkpoint_delay;
            return if due > view.now { Step::WakeAt(due) } else { next };
        }
        match rolling_update::reconcile_up_to(view, target) {
            Step::Wait if view.new_set().is_some_and(|s| s.size >= target && s.available >= target) => next,
            step => step,
        }
    }
}

/// The bounds of a refresh; where they leave nothing to do, one instance at a time may be missing.
pub(super) fn fenceposts(refresh: &InstanceRefresh, replicas: u32) -> Fenceposts {
    let surge = Percent(refresh.max_healthy).rounded_down(replicas).saturating_sub(replicas);
    let unavailable = replicas.saturating_sub(Percent(refresh.min_healthy).rounded_up(replicas));
    let stuck = surge == 0 && unavailable == 0;
    Fenceposts { surge, unavailable: if stuck { replicas.min(1) } else { unavailable } }
}
