//! `RollingUpdate`: one direction a sync. Grow the new ReplicaSet into the room that surge leaves; if there is none, shrink
//! the old ones as far as availability allows.

use super::policy::{Policy, Step, View};

/// ReplicaSets, by index, and sizes.
type Sizes = Vec<(usize, u32)>;

/// The strategy of that name, after `rolling.go` of Kubernetes 1.20 to 1.28 (unchanged between them).
pub(super) struct RollingUpdate;

impl Policy for RollingUpdate {
    fn reconcile(&self, view: &View<'_>) -> Step {
        step(view, view.replicas)
    }
}

/// The same arithmetic with no more than `most` new pods, and old ones for the rest, for controllers that simply wait for reports.
pub(super) fn reconcile_up_to(view: &View<'_>, most: u32) -> Step {
    match step(view, most) {
        Step::Fail => Step::Wait,
        step => step,
    }
}

fn step(view: &View<'_>, most: u32) -> Step {
    let grown = grown(view).min(most.min(view.replicas));
    match view.new {
        None => Step::Create(grown),
        Some(new) if grown != view.sets[new].size => Step::Resize(vec![(new, grown)]),
        Some(_) => match shrink_old(view, view.replicas.saturating_sub(most)) {
            Ok(sizes) if sizes.is_empty() => Step::Wait,
            Err(sizes) if sizes.is_empty() => Step::Fail,
            Ok(sizes) | Err(sizes) => Step::Resize(sizes),
        },
    }
}

/// The size that the new ReplicaSet should have, given the room below `replicas + surge`.
fn grown(view: &View<'_>) -> u32 {
    let size = view.new_set().map_or(0, |s| s.size);
    // Also cuts a new ReplicaSet that is too large, as after a scale-down.
    size.saturating_add(view.room()).min(view.replicas)
}

/// The old ReplicaSets that become smaller; as an error, where the sync fails after that.
///
/// Unhealthy pods go first, since removing them costs no availability; then healthy ones, down to `replicas −
/// maxUnavailable` available pods. New pods that are not yet available count against the budget of the first, so that a
/// broken new version cannot eat up the old one.
///
/// At least `kept` old pods stay in any case.
fn shrink_old(view: &View<'_>, kept: u32) -> Result<Sizes, Sizes> {
    let new_unavailable = view.new_set().map_or(0, |s| i64::from(s.size) - i64::from(s.available));
    let budget = i64::from(view.total_size()) - i64::from(view.min_available()) - new_unavailable;
    let mut old: Sizes = view.old_sets().map(|(i, s)| (i, s.size)).collect();
    let spare = old.iter().map(|(_, size)| size).sum::<u32>().saturating_sub(kept);
    let mut left = budget.min(i64::from(spare));
    if left <= 0 {
        return Ok(Vec::new());
    }
    for (i, size) in &mut old {
        if left == 0 {
            break;
        }
        let unhealthy = i64::from(*size) - i64::from(view.sets[*i].available);
        if *size == 0 || unhealthy == 0 {
            continue;
        }
        if unhealthy < 0 {
            // This set's last shrinking is not yet reported. The real controller calls that an invalid scale-down and
            // gives up the rest of the sync, which keeps it from removing available pods twice.
            return Err(changed(view, old));
        }
        let cut = unhealthy.min(left);
        *size -= cut as u32;
        left -= cut;
    }
    let spare = old.iter().map(|(_, size)| size).sum::<u32>().saturating_sub(kept);
    // Old ReplicaSets that are wanted empty are not looked at, whatever they still report (`FilterActiveReplicaSets`): their available
    // pods are on their way out.
    let staying = view.sets.iter().enumerate().filter(|(i, set)| set.size > 0 || Some(*i) == view.new);
    let available: u32 = staying.map(|(_, set)| set.available).sum();
    let mut excess = available.saturating_sub(view.min_available()).min(spare);
    for (_, size) in &mut old {
        let cut = excess.min(*size);
        *size -= cut;
        excess -= cut;
    }
    Ok(changed(view, old))
}

fn changed(view: &View<'_>, mut sizes: Sizes) -> Sizes {
    sizes.retain(|&(i, size)| size != view.sets[i].size);
    sizes
}

#[cfg(test)]
mod tests {
    use super::super::fenceposts::Fenceposts;
    use super::super::policy::SetView;
    use super::*;

    /// Sets as (size, available), the last one new.
    fn reconciled(replicas: u32, surge: u32, unavailable: u32, sets: &[(u32, u32)]) -> Step {
        let sets: Vec<_> =
            sets.iter().map(|&(size, available)| SetView { size, available, ..SetView::default() }).collect();
        let fenceposts = Fenceposts { surge, unavailable };
        RollingUpdate.reconcile(&View::new(replicas, fenceposts, &sets, Some(sets.len() - 1)))
    }

    #[test]
    fn ten_replicas_with_defaults_open_with_3_8_5() {
        assert_eq!(reconciled(10, 3, 2, &[(10, 10), (0, 0)]), Step::Resize(vec![(1, 3)]));
        assert_eq!(reconciled(10, 3, 2, &[(10, 10), (3, 0)]), Step::Resize(vec![(0, 8)]));
        assert_eq!(reconciled(10, 3, 2, &[(8, 10), (3, 0)]), Step::Resize(vec![(1, 5)]));
        assert_eq!(reconciled(10, 3, 2, &[(8, 8), (5, 0)]), Step::Wait);
        assert_eq!(reconciled(10, 3, 2, &[(8, 8), (5, 1)]), Step::Resize(vec![(0, 7)]));
    }

    #[test]
    fn a_shrinking_that_is_not_yet_reported_is_not_repeated() {
        assert_eq!(reconciled(10, 3, 2, &[(8, 10), (5, 3)]), Step::Fail);
    }

    #[test]
    fn what_an_old_set_still_reports_that_is_wanted_empty_keeps_nothing_up() {
        // Eight wanted, five available at the least: five are, besides three of a set that is on its way out.
        assert_eq!(reconciled(8, 2, 3, &[(0, 3), (5, 4), (2, 1)]), Step::Resize(vec![(2, 5)]));
        assert_eq!(reconciled(8, 2, 3, &[(0, 3), (5, 5), (5, 0)]), Step::Wait);
        assert_eq!(reconciled(8, 2, 3, &[(5, 5), (5, 3)]), Step::Resize(vec![(0, 2)]), "those of the new one do count");
    }

    #[test]
    fn unready_old_pods_go_first_within_the_budget() {
        assert_eq!(reconciled(10, 0, 2, &[(10, 6), (0, 0)]), Step::Resize(vec![(0, 8)]));
        assert_eq!(reconciled(10, 2, 0, &[(10, 5), (2, 0)]), Step::Wait, "new pods use up the budget");
        assert_eq!(reconciled(10, 2, 0, &[(10, 5), (2, 1)]), Step::Resize(vec![(0, 9)]));
    }

    #[test]
    fn a_broken_middle_version_goes_before_the_healthy_old_one() {
        assert_eq!(reconciled(20, 5, 5, &[(15, 15), (10, 0), (0, 0)]), Step::Resize(vec![(1, 0)]));
    }

    #[test]
    fn a_new_set_that_is_too_large_is_cut() {
        assert_eq!(reconciled(5, 1, 0, &[(0, 0), (8, 8)]), Step::Resize(vec![(1, 5)]));
    }
}
