//! Recreate: every old pod is gone before the first new one is created.

use super::policy::{Policy, Step, View};

/// The strategy of that name, after `recreate.go` of Kubernetes.
pub(super) struct Recreate;

impl Policy for Recreate {
    fn reconcile(&self, view: &View<'_>) -> Step {
        let to_stop: Vec<_> = view.old_sets().filter(|(_, s)| s.size > 0).map(|(i, _)| (i, 0)).collect();
        if !to_stop.is_empty() {
            return Step::Resize(to_stop);
        }
        // Terminating pods of the set that is *now* the new one do not hold it up: an undo is immediate.
        if view.old_sets().any(|(_, s)| s.replicas > 0 || s.pods > 0) {
            return Step::Wait;
        }
        match view.new {
            None => Step::Create(view.replicas),
            Some(new) if view.sets[new].size != view.replicas => Step::Resize(vec![(new, view.replicas)]),
            Some(_) => Step::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fenceposts::Fenceposts;
    use super::super::policy::SetView;
    use super::*;

    fn step(sets: &[SetView], new: Option<usize>) -> Step {
        Recreate.reconcile(&View::new(4, Fenceposts { surge: 0, unavailable: 0 }, sets, new))
    }

    #[test]
    fn waits_for_the_last_terminating_pod() {
        let old = |size, replicas, pods| SetView { size, replicas, pods, ..SetView::default() };
        assert_eq!(step(&[old(4, 4, 4)], None), Step::Resize(vec![(0, 0)]));
        assert_eq!(step(&[old(0, 4, 4)], None), Step::Wait);
        assert_eq!(step(&[old(0, 0, 1)], None), Step::Wait);
        assert_eq!(step(&[old(0, 0, 0)], None), Step::Create(4));
    }

    #[test]
    fn undo_does_not_wait_for_its_own_terminating_pods() {
        let terminating = SetView { size: 0, replicas: 0, pods: 4, ..SetView::default() };
        assert_eq!(step(&[terminating], Some(0)), Step::Resize(vec![(0, 4)]));
    }
}
