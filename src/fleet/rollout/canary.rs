//! Canary: a share of pods at a time, step by step, with pauses between.

use super::analysis::held_until;
use super::fenceposts::Fenceposts;
use super::policy::{Policy, SetView, Step, View};
use super::routed_canary;
use crate::engine::Dur;
use crate::fleet::fact::AnalysisOf;
use crate::scenario::{Canary, CanaryStep};

/// The strategy of that name, after `canary.go` and `utils/replicaset/canary.go` of Argo Rollouts 1.x.
impl Policy for Canary {
    fn reconcile(&self, view: &View<'_>) -> Step {
        if self.traffic_routing {
            return routed_canary::reconcile(self, view);
        }
        let Some(new) = view.new else { return Step::Create(0) };
        let sizes = self.sizes(view, new);
        let changed: Vec<_> = sizes.into_iter().filter(|&(i, size)| size != view.sets[i].size).collect();
        if !changed.is_empty() {
            return Step::Resize(changed);
        }
        if view.stable == Some(new) {
            return Step::Wait;
        }
        take_step(self, view, || self.is_reached(view, new))
    }

    fn is_complete(&self, view: &View<'_>) -> Option<bool> {
        if self.traffic_routing {
            return Some(routed_canary::is_complete(self, view));
        }
        // Without steps it is what `kubectl rollout status` asks for, and the reports tell.
        let new = view.new.filter(|_| !self.steps.is_empty())?;
        let others = view.old_sets().all(|(_, s)| s.size == 0 && s.replicas == 0);
        let set = &view.sets[new];
        let full = [set.size, set.available, set.replicas].iter().all(|&n| n == view.replicas);
        let done = view.stable == Some(new) || view.memory.stage >= finished(self);
        Some(done && full && others)
    }

    fn analyses(&self, view: &View<'_>) -> Vec<AnalysisOf> {
        if view.new.is_none() || view.new == view.stable || view.memory.held.is_some() {
            return Vec::new();
        }
        let background = self.background.as_ref().is_some_and(|(_, from)| view.memory.stage >= *from);
        let step = match self.step(view) {
            Some(CanaryStep::Analysis(n)) if view.memory.passed.is_none() => Some(AnalysisOf::Step(n)),
            _ => None,
        };
        background.then_some(AnalysisOf::Background).into_iter().chain(step).collect()
    }
}

/// What is left of the step under way, whose pods are as wanted if `reached` says so.
pub(super) fn take_step(canary: &Canary, view: &View<'_>, reached: impl FnOnce() -> bool) -> Step {
    if let Some(due) = held_until(view, canary.promote_after) {
        return Step::WakeAt(due);
    }
    match canary.steps.get(view.memory.stage as usize) {
        None => Step::Wait,
        Some(CanaryStep::Pause(span)) => pause(canary, view, *span),
        Some(CanaryStep::Analysis(_)) => {
            let over = view.memory.passed.is_some() || view.memory.held.is_some() || view.memory.promoted;
            if over { next(view) } else { Step::Await }
        }
        Some(CanaryStep::SetWeight(_) | CanaryStep::SetCanaryScale(_)) => {
            if reached() {
                next(view)
            } else {
                Step::Wait
            }
        }
    }
}

/// The stage at which all steps are done.
pub(super) const fn finished(canary: &Canary) -> u32 {
    canary.steps.len() as u32
}

/// Waits for the span, or until somebody promotes.
fn pause(canary: &Canary, view: &View<'_>, span: Option<Dur>) -> Step {
    let due = view.memory.since + span.unwrap_or(canary.promote_after);
    if due > view.now && !view.memory.promoted { Step::WakeAt(due) } else { next(view) }
}

fn next(view: &View<'_>) -> Step {
    Step::Remember(view.memory.at(view.memory.stage + 1, view.now))
}

impl Canary {
    /// The step under way; `None` when all are done.
    fn step(&self, view: &View<'_>) -> Option<CanaryStep> {
        self.steps.get(view.memory.stage as usize).copied()
    }

    /// The weight that holds now: the last that was set; all when the steps are done, nothing before the first.
    fn weight(&self, view: &View<'_>) -> u32 {
        let done = self.steps.get(..=view.memory.stage as usize);
        let set = |s: &CanaryStep| if let CanaryStep::SetWeight(weight) = s { Some(*weight) } else { None };
        done.map_or(100, |done| done.iter().rev().find_map(set).unwrap_or(0))
    }

    /// New and stable pods that this step asks for.
    fn wanted(&self, view: &View<'_>, new: usize) -> (u32, u32) {
        if view.stable.is_none_or(|stable| stable == new) {
            return (view.replicas, 0);
        }
        let weight = self.weight(view);
        approximate(view.replicas, weight, view.fenceposts.surge > 0)
    }

    /// What each set is to have now, on the way to what this step asks for.
    fn sizes(&self, view: &View<'_>, new: usize) -> Vec<(usize, u32)> {
        let stable = view.stable.filter(|&stable| stable != new);
        let (wanted_new, wanted_stable) = self.wanted(view, new);
        let mut sizes = shrink_others(view, stable);
        let (new_size, stable_size) = within_bounds(view, new, stable, (wanted_new, wanted_stable));
        sizes.push((new, new_size));
        sizes.extend(stable.map(|i| (i, stable_size)));
        sizes
    }

    /// Whether the pods are those that this step asks for, and available.
    fn is_reached(&self, view: &View<'_>, new: usize) -> bool {
        let (wanted_new, wanted_stable) = self.wanted(view, new);
        let at = |set: &SetView, wanted: u32| set.size == wanted && set.available == wanted;
        let stable = view.stable.filter(|&stable| stable != new).map(|i| &view.sets[i]);
        let others = view.old_sets().filter(|(i, _)| Some(*i) != view.stable).all(|(_, s)| s.available == 0);
        at(&view.sets[new], wanted_new) && stable.is_none_or(|s| at(s, wanted_stable)) && others
    }
}

/// So many per cent of the pods, rounded up.
pub(super) fn share(replicas: u32, weight: u32) -> u32 {
    (u64::from(replicas) * u64::from(weight)).div_ceil(100) as u32
}

/// Canary and stable pods whose shares come closest to `weight`, of `replicas` in all, or of one more where there may be
/// surge. Neither is 0 while both are to have traffic, unless there is room for one pod only
/// (`approximateWeightedCanaryStableReplicaCounts`).
fn approximate(replicas: u32, weight: u32, surge: bool) -> (u32, u32) {
    if replicas == 0 {
        return (0, 0);
    }
    let (up, down) = (share(replicas, weight), (u64::from(replicas) * u64::from(weight) / 100) as u32);
    let zero_allowed = weight == 0 || weight == 100 || (replicas <= 1 && !surge);
    let off = |canary: u32, total: u32| {
        // In hundredths of a per cent and a common denominator, so that nothing is rounded.
        let (canary, total) = (i64::from(canary), i64::from(total).max(1));
        ((canary * 100 - i64::from(weight) * total).abs() * 1_000_000) / total
    };
    // A weight right between two counts takes the larger one.
    let tied = |total: u32| (u64::from(total) * u64::from(weight)) % 100 == 50;
    let mut best: Option<(u32, u32)> = None;
    for total in [replicas, replicas + 1].into_iter().take(1 + usize::from(surge)) {
        for (canary, allowed) in
            [(up, up < total || zero_allowed), (down, !tied(total) && (down > 0 || zero_allowed) && down <= total)]
        {
            if allowed && canary <= total && best.is_none_or(|(c, t)| off(canary, total) < off(c, t)) {
                best = Some((canary, total));
            }
        }
    }
    best.map_or((0, replicas), |(canary, total)| (canary, total - canary))
}

/// Versions that are neither stable nor wanted go first, as far as availability allows.
fn shrink_others(view: &View<'_>, stable: Option<usize>) -> Vec<(usize, u32)> {
    let mut budget = view.available().saturating_sub(view.min_available());
    let mut sizes = Vec::new();
    for (i, set) in view.old_sets().filter(|(i, _)| Some(*i) != stable) {
        // Those that are not available cost nothing.
        let healthy = set.size.min(set.available);
        let kept = healthy - healthy.min(budget);
        budget -= healthy - kept;
        sizes.push((i, kept));
    }
    sizes
}

/// Steps towards the wanted sizes: up as far as surge leaves room, the stable set first, then down as far as availability
/// allows, the canary first.
fn within_bounds(view: &View<'_>, new: usize, stable: Option<usize>, wanted: (u32, u32)) -> (u32, u32) {
    let (canary, old) = (&view.sets[new], stable.map(|i| &view.sets[i]));
    let (mut new_size, mut stable_size) = (canary.size, old.map_or(0, |s| s.size));
    // One more than `replicas` is allowed where the shares cannot be met otherwise.
    let most = view.max_total().max(wanted.0 + wanted.1);
    let mut room = most.saturating_sub(view.total_size());
    for (size, wanted) in [(&mut stable_size, wanted.1), (&mut new_size, wanted.0)] {
        let grown = wanted.saturating_sub(*size).min(room);
        *size += grown;
        room -= grown;
    }
    if view.old_sets().any(|(i, s)| Some(i) != stable && s.size > 0) {
        return (new_size, stable_size);
    }
    // Of the side that shrinks, pods that are not available count too: they are what is to go.
    let grows = wanted.0 >= canary.size;
    let counts = |set: &SetView, all: bool| if all { set.size } else { set.available.min(set.size) };
    let left = counts(canary, !grows) + old.map_or(0, |s| counts(s, grows));
    let mut excess = left.saturating_sub(view.min_available());
    for (size, before, wanted) in
        [(&mut new_size, canary.size, wanted.0), (&mut stable_size, old.map_or(0, |s| s.size), wanted.1)]
    {
        if before > wanted {
            let cut = (before - wanted).min(excess);
            *size = before - cut;
            excess -= cut;
        }
    }
    (new_size, stable_size)
}

/// The bounds of a canary, as a Deployment's; with a router it comes beside all stable pods.
pub(super) fn fenceposts(canary: &Canary, replicas: u32) -> Fenceposts {
    if canary.traffic_routing {
        return Fenceposts { surge: replicas, unavailable: 0 };
    }
    let (max_surge, max_unavailable) = (canary.max_surge, canary.max_unavailable);
    super::resolve(&crate::scenario::Strategy::RollingUpdate { max_surge, max_unavailable }, replicas)
}

/// Whether its steps put new pods beside stable ones before the last of these go: each step waits until its pods are available, and
/// only the next one takes more away, however many may be missing.
pub(super) fn keeps_some(canary: &Canary, replicas: u32) -> bool {
    let surge = fenceposts(canary, replicas).surge > 0;
    let set = |s: &CanaryStep| if let CanaryStep::SetWeight(weight) = s { Some(*weight) } else { None };
    let mut pods = canary.steps.iter().filter_map(set).map(|weight| approximate(replicas, weight, surge));
    // The first that asks for any new pod.
    pods.find(|&(new, _)| new > 0).is_some_and(|(_, stable)| stable > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn steps_keep_stable_pods_until_new_ones_are_there() {
        let leaves_none = |replicas: u32, canary: &str| {
            let yaml = format!(
                "workload: {{kind: Rollout, replicas: {replicas}, strategy: {{canary: {{{canary}}}}}}}\n\
                 clients: [{{name: web, rate: 1/s}}]\n"
            );
            let workload = Scenario::from_yaml(&yaml).expect("a scenario").workload;
            super::super::leaves_none(&workload.strategy, workload.replicas)
        };
        let half = "steps: [{setWeight: 50}, {pause: {duration: 10s}}]";
        assert!(!leaves_none(1, &format!("maxSurge: 1, maxUnavailable: 1, {half}")), "one of each");
        assert!(leaves_none(1, &format!("maxSurge: 0, maxUnavailable: 1, {half}")), "there is room for one only");
        assert!(!leaves_none(2, &format!("maxSurge: 0, maxUnavailable: 2, {half}")));
        assert!(leaves_none(4, "maxUnavailable: 100%"), "without steps it is a rolling update");
        assert!(leaves_none(1, "maxUnavailable: 1, steps: [{setWeight: 0}, {setWeight: 100}]"));
        assert!(!leaves_none(1, "maxUnavailable: 1, trafficRouting: {}"));
    }

    #[test]
    fn shares_come_as_close_to_the_weight_as_whole_pods_can() {
        assert_eq!(approximate(10, 10, false), (1, 9));
        assert_eq!(approximate(10, 15, false), (2, 8), "right between two counts: the larger");
        assert_eq!(approximate(5, 20, true), (1, 4));
        assert_eq!(approximate(5, 50, true), (3, 3), "one more pod meets the weight");
        assert_eq!(approximate(4, 5, false), (1, 3), "neither side is empty");
        assert_eq!(approximate(4, 95, false), (3, 1));
        assert_eq!(approximate(1, 5, false), (0, 1));
        // Argo's own examples.
        assert_eq!([5, 50, 95].map(|weight| approximate(1, weight, true)), [(1, 1); 3], "one of each beside it");
        assert_eq!((approximate(1, 0, true), approximate(1, 100, true)), ((0, 1), (1, 0)));
        assert_eq!((approximate(0, 50, true), approximate(2, 1, true)), ((0, 0), (1, 2)));
        assert_eq!((approximate(7, 0, true), approximate(7, 100, true)), ((0, 7), (7, 0)));
    }
}
