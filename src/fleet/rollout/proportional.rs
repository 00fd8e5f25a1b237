//! Scaling a Deployment that is in the middle of a rollout, or paused: every ReplicaSet in proportion to its size.

use super::policy::{SetView, Step, View};

/// The step of a sync that finds `spec.replicas` changed, or the Deployment paused (`scale` in `sync.go` of Kubernetes).
///
/// A single non-empty ReplicaSet gets all replicas. If the new one is complete and available, the old ones are emptied.
/// Otherwise, where the strategy is rolling, all of them are resized so that they sum to `replicas + surge`.
pub(super) fn scale(view: &View<'_>, rolling: bool) -> Step {
    let active: Vec<usize> = (0..view.sets.len()).filter(|&i| view.sets[i].size > 0).collect();
    let only = match active[..] {
        // Nothing runs: the newest ReplicaSet takes it all.
        [] => view.new.or_else(|| view.sets.len().checked_sub(1)),
        [one] => Some(one),
        _ => None,
    };
    if let Some(i) = only {
        return single(view, i);
    }
    if view.new_set().is_some_and(|new| is_saturated(new, view.replicas)) {
        return Step::Resize(active.into_iter().filter(|&i| Some(i) != view.new).map(|i| (i, 0)).collect());
    }
    if rolling { Step::Resize(in_proportion(view, active)) } else { Step::Wait }
}

/// The one ReplicaSet that has pods gets all replicas, as far as there is room.
fn single(view: &View<'_>, i: usize) -> Step {
    let set = &view.sets[i];
    match view.leaving {
        // The real controller does not even note that the size is right for the new number of replicas, and rolls nothing
        // until that changes again.
        None if set.size == view.replicas => Step::Wait,
        None => Step::Resize(vec![(i, view.replicas)]),
        Some(leaving) => {
            let grown = set.size.saturating_add(view.replicas.saturating_sub(set.size.saturating_add(leaving)));
            let size = view.replicas.min(grown);
            if (size, set.desired) == (set.size, view.replicas) { Step::Wait } else { Step::Resize(vec![(i, size)]) }
        }
    }
}

/// Whether the new ReplicaSet has, and was meant to have, all replicas, and all are available.
const fn is_saturated(set: &SetView, replicas: u32) -> bool {
    set.size == replicas && set.desired == replicas && set.available == replicas
}

/// New sizes of the `active` sets. All of them are given, the unchanged too: each notes the size that it was scaled for.
fn in_proportion(view: &View<'_>, mut active: Vec<usize>) -> Vec<(usize, u32)> {
    let allowed = if view.replicas > 0 { i64::from(view.max_total()) } else { 0 };
    let to_add = match allowed - i64::from(view.total_size()) {
        // Terminating pods hold growth up, and are no reason to shrink.
        to_add @ 1.. => (to_add - i64::from(view.leaving.unwrap_or(0))).max(0),
        to_add => to_add,
    };
    // Largest first; of equal ones the newer when growing, the older when shrinking.
    active.sort_by_key(|&i| {
        let size = std::cmp::Reverse(view.sets[i].size);
        (size, if to_add > 0 { -(i as i64) } else { i as i64 })
    });
    let mut added = 0;
    let mut sizes: Vec<(usize, i64)> = Vec::with_capacity(active.len());
    for i in active {
        let share = share(&view.sets[i], view, to_add - added);
        added += share;
        sizes.push((i, i64::from(view.sets[i].size) + share));
    }
    if let Some((_, largest)) = sizes.first_mut() {
        *largest = (*largest + to_add - added).max(0);
    }
    sizes.into_iter().map(|(i, size)| (i, size as u32)).collect()
}

/// What one set gets (or, negative, gives) of what is left to add: its share by size, rounded half away from zero.
fn share(set: &SetView, view: &View<'_>, left: i64) -> i64 {
    if left == 0 {
        return 0;
    }
    let size = i64::from(set.size);
    let wanted = if view.replicas == 0 {
        -size
    } else {
        // A positive quotient, so that half away from zero is half up.
        let (product, max) = (size * i64::from(view.max_total()), i64::from(set.max.max(1)));
        (2 * product + max) / (2 * max) - size
    };
    if left > 0 { wanted.min(left) } else { wanted.max(left) }
}

#[cfg(test)]
mod tests {
    use super::super::fenceposts::Fenceposts;
    use super::*;

    /// Sizes of `sets` after a change from (replicas, surge) `before` to `after`; the last set is new.
    fn scaled(sets: &[u32], before: (u32, u32), after: (u32, u32)) -> Vec<u32> {
        scaled_beside(None, sets, before, after)
    }

    fn scaled_beside(leaving: Option<u32>, sets: &[u32], before: (u32, u32), after: (u32, u32)) -> Vec<u32> {
        let view_of = |&size| SetView { size, desired: before.0, max: before.0 + before.1, ..SetView::default() };
        let views: Vec<_> = sets.iter().map(view_of).collect();
        let fenceposts = Fenceposts { surge: after.1, unavailable: 0 };
        let view = View { leaving, ..View::new(after.0, fenceposts, &views, Some(sets.len() - 1)) };
        let mut sizes = sets.to_vec();
        if let Step::Resize(changes) = scale(&view, true) {
            for (i, size) in changes {
                sizes[i] = size;
            }
        }
        sizes
    }

    #[test]
    fn recorded_proportions_come_out() {
        assert_eq!(scaled(&[8, 5], (10, 3), (15, 3)), [11, 7]);
        assert_eq!(scaled(&[15, 0, 10], (20, 5), (30, 8)), [23, 0, 15]);
    }

    #[test]
    fn zero_empties_everything_and_a_single_set_takes_it_all() {
        assert_eq!(scaled(&[8, 5], (10, 3), (0, 0)), [0, 0]);
        assert_eq!(scaled(&[10, 0], (10, 3), (20, 5)), [20, 0]);
        assert_eq!(scaled(&[0, 0], (0, 0), (4, 1)), [0, 4]);
    }

    #[test]
    fn terminating_pods_that_take_up_room_hold_growth_up_but_do_not_shrink() {
        assert_eq!(scaled_beside(Some(2), &[8, 5], (10, 3), (15, 3)).iter().sum::<u32>(), 16);
        assert_eq!(scaled_beside(Some(9), &[8, 5], (10, 3), (15, 3)), [8, 5]);
        assert_eq!(scaled_beside(Some(9), &[8, 5], (10, 3), (5, 2)).iter().sum::<u32>(), 7);
        assert_eq!(scaled_beside(Some(3), &[10, 0], (10, 3), (20, 5)), [17, 0]);
        assert_eq!(scaled_beside(Some(30), &[10, 0], (10, 3), (20, 5)), [10, 0]);
    }

    #[test]
    fn the_sum_is_always_replicas_plus_surge() {
        for (old, new, replicas, surge) in (1..8u32).flat_map(|o| (1..8u32).map(move |n| (o, n, o * 3 + n, n % 3))) {
            let sizes = scaled(&[old, new], (old + new, 0), (replicas, surge));
            assert_eq!(sizes.iter().sum::<u32>(), replicas + surge, "{old}+{new} to {replicas}+{surge}");
        }
    }
}
