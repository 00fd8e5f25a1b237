//! A Nomad job: allocations are replaced in place, a few at a time; canaries may come first, and a failure may turn it back.

use super::fenceposts::Fenceposts;
use super::policy::{Policy, Step, View};
use crate::scenario::NomadUpdate;

/// The steps that are kept in mind.
mod stage {
    /// Canaries start beside all old allocations.
    pub(super) const CANARIES: u32 = 0;
    /// They are healthy, and wait for their promotion.
    pub(super) const PAUSE: u32 = 1;
    /// Old allocations are replaced.
    pub(super) const REPLACE: u32 = 2;
}

/// The reconciler's deployments, after Nomad's documentation of the `update` block.
///
/// An old allocation is stopped and its replacement placed in the same plan, but the replacement starts only when its predecessor is gone (the client's
/// `alloc_watcher.go`), so that capacity is short by `max_parallel` from the stop until the replacement is healthy, and nothing runs twice. The
/// next ones follow when none of the new ones is unhealthy.
impl Policy for NomadUpdate {
    fn reconcile(&self, view: &View<'_>) -> Step {
        let Some(new) = view.new else { return Step::Create(0) };
        let set = &view.sets[new];
        let old: u32 = view.old_sets().map(|(_, s)| s.size).sum();
        let deadline = set.unready_since.map(|since| since + self.healthy_deadline);
        if deadline.is_some_and(|deadline| view.now >= deadline && view.stable != Some(new)) {
            return if self.auto_revert { Step::Revert } else { Step::Wait };
        }
        let wait = || deadline.filter(|d| *d > view.now).map_or(Step::Wait, Step::WakeAt);
        let canaries = if view.stable == Some(new) { 0 } else { self.canary.min(view.replicas) };
        if view.memory.stage < stage::REPLACE && canaries > 0 && old > 0 {
            // Canaries of a version that nobody wants any more go first.
            if old > view.replicas {
                return Step::Resize(stop_old(view, old - view.replicas));
            }
            if set.size < canaries {
                return Step::Resize(vec![(new, canaries)]);
            }
            if set.available < set.size {
                return wait();
            }
            return self.promote(view);
        }
        // Above the count, as with canaries that were promoted, old allocations just stop.
        let extra = (set.size + old).saturating_sub(view.replicas);
        if extra > 0 {
            let mut sizes = stop_old(view, extra.min(old));
            if extra > old {
                sizes.push((new, view.replicas));
            }
            return Step::Resize(sizes);
        }
        // Those that are placed and wait for their predecessors are missing here.
        let missing = view.replicas - (set.size + old);
        let leaving: u32 = view.old_sets().map(|(_, s)| s.pods.saturating_sub(s.size)).sum();
        if missing > leaving {
            return Step::Resize(vec![(new, set.size + missing - leaving)]);
        }
        let unhealthy = set.size.saturating_sub(set.available) + missing;
        let batch = self.max_parallel.saturating_sub(unhealthy).min(old);
        match batch {
            0 if old > 0 || missing > 0 => wait(),
            0 => Step::Wait,
            _ => Step::Resize(stop_old(view, batch)),
        }
    }
}

impl NomadUpdate {
    fn promote(&self, view: &View<'_>) -> Step {
        let memory = view.memory;
        if self.auto_promote || memory.promoted {
            return Step::Remember(memory.at(stage::REPLACE, view.now));
        }
        if memory.stage == stage::CANARIES {
            return Step::Remember(memory.at(stage::PAUSE, view.now));
        }
        let due = memory.since + self.promote_after;
        if due > view.now { Step::WakeAt(due) } else { Step::Remember(memory.at(stage::REPLACE, view.now)) }
    }
}

/// `count` old allocations less, those of the stable version last.
fn stop_old(view: &View<'_>, mut count: u32) -> Vec<(usize, u32)> {
    let mut sizes = Vec::new();
    let stable = view.old_sets().filter(|(i, _)| Some(*i) == view.stable);
    for (i, set) in view.old_sets().filter(|(i, _)| Some(*i) != view.stable).chain(stable) {
        let cut = set.size.min(count);
        count -= cut;
        if cut > 0 {
            sizes.push((i, set.size - cut));
        }
    }
    sizes
}

/// Allocations above the count, and those that may be missing.
pub(super) fn fenceposts(update: &NomadUpdate, replicas: u32) -> Fenceposts {
    Fenceposts { surge: update.canary.min(replicas), unavailable: update.max_parallel.min(replicas) }
}
