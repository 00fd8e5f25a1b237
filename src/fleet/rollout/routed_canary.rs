//! A canary behind a router that splits the traffic: a weight decides what the new version gets, not the number of its pods.

use super::canary::{finished, share, take_step};
use super::memory::{Memory, Weights};
use super::policy::{SetView, Step, View};
use crate::scenario::{Canary, CanaryScale, CanaryStep};

/// One sync, after Argo Rollouts' `trafficrouting.go`: first the weight, as far as the pods that are there carry it, then the
/// pods.
pub(super) fn reconcile(canary: &Canary, view: &View<'_>) -> Step {
    let Some(new) = view.new else { return Step::Create(0) };
    let weights = weights(canary, view, new);
    if weights != view.memory.weights {
        // With the promotion the wait begins after which the old pods go.
        let promoted = view.stable == Some(new) && sends_to(view, new);
        let memory = if promoted { view.memory.at(finished(canary) + 1, view.now) } else { view.memory };
        return Step::Remember(Memory { weights, ..memory });
    }
    let sizes = sizes(canary, view, new);
    let changed: Vec<_> = sizes.into_iter().filter(|&(i, size)| size != view.sets[i].size).collect();
    if !changed.is_empty() {
        return Step::Resize(changed);
    }
    if view.stable == Some(new) {
        let due = view.memory.since + old_stay(canary, view);
        let left = view.old_sets().any(|(_, s)| s.size > 0);
        return if left && due > view.now { Step::WakeAt(due) } else { Step::Wait };
    }
    take_step(canary, view, || is_reached(canary, view, new))
}

/// The new version has all its pods and all the traffic; or it was called off, and the old one has. Pods that stay for a
/// while hold nothing up.
pub(super) fn is_complete(canary: &Canary, view: &View<'_>) -> bool {
    let Some(new) = view.new else { return false };
    let set = &view.sets[new];
    let full = [set.size, set.available, set.replicas].iter().all(|&n| n == view.replicas);
    let traffic = match view.memory.weights {
        None => view.stable == Some(new),
        Some(weights) => weights == Weights { canary: set.revision, percent: 100 } && done(canary, view),
    };
    full && traffic
}

fn done(canary: &Canary, view: &View<'_>) -> bool {
    view.memory.stage >= finished(canary)
}

/// Whether the router sends anything to the wanted version by weight.
fn sends_to(view: &View<'_>, new: usize) -> bool {
    view.memory.weights.is_some_and(|w| w.canary == view.sets[new].revision)
}

/// The weight that the first `steps` steps have set.
fn set_by(canary: &Canary, steps: usize) -> u32 {
    let set = |s: &CanaryStep| if let CanaryStep::SetWeight(weight) = s { Some(*weight) } else { None };
    canary.steps.iter().take(steps).rev().find_map(set).unwrap_or(0)
}

/// The weight that this step asks for.
fn target(canary: &Canary, view: &View<'_>) -> u32 {
    if done(canary, view) { 100 } else { set_by(canary, view.memory.stage as usize + 1) }
}

/// How the traffic is to be split now.
fn weights(canary: &Canary, view: &View<'_>, new: usize) -> Option<Weights> {
    let set = &view.sets[new];
    if view.stable.is_none_or(|stable| stable == new) {
        return called_off(canary, view, set);
    }
    if set.available == 0 {
        return None;
    }
    // The weight of the steps before, until this one's pods are there; what has been reached stays so.
    let (target, now) = (target(canary, view), if sends_to(view, new) { view.memory.weights } else { None });
    let reached = now.map_or(0, |w| w.percent) == target || is_reached(canary, view, new);
    let percent = if reached { target } else { set_by(canary, view.memory.stage as usize) };
    (percent > 0).then_some(Weights { canary: set.revision, percent })
}

/// All traffic goes back to the stable version at once; only where that has been scaled down it goes as fast as its pods
/// come back.
fn called_off(canary: &Canary, view: &View<'_>, stable: &SetView) -> Option<Weights> {
    let now = view.memory.weights.filter(|w| canary.dynamic_stable_scale && w.canary != stable.revision)?;
    let carried = 100 * stable.available.min(view.replicas) / view.replicas.max(1);
    let percent = now.percent.min(100 - carried);
    (percent > 0).then_some(Weights { percent, ..now })
}

/// New and stable pods that this step asks for.
fn wanted(canary: &Canary, view: &View<'_>, new: usize) -> (u32, u32) {
    let target = target(canary, view);
    let pods = match scale(canary, view) {
        Some(CanaryScale::Replicas(pods)) => pods,
        Some(CanaryScale::Weight(weight)) => share(view.replicas, weight),
        _ => share(view.replicas, target),
    };
    if !canary.dynamic_stable_scale {
        return (pods, view.replicas);
    }
    // Neither side gives up pods before the traffic has left them.
    let actual = if sends_to(view, new) { view.memory.weights.map_or(0, |w| w.percent) } else { 0 };
    (pods.max(share(view.replicas, actual)), share(view.replicas, 100 - target.min(actual)))
}

/// The canary's scale apart from its weight, if a step has set one.
fn scale(canary: &Canary, view: &View<'_>) -> Option<CanaryScale> {
    let so_far = canary.steps.get(..=view.memory.stage as usize)?;
    let set = |s: &CanaryStep| if let CanaryStep::SetCanaryScale(scale) = s { Some(*scale) } else { None };
    so_far.iter().rev().find_map(set).filter(|scale| *scale != CanaryScale::MatchTrafficWeight)
}

/// Whether the pods are those that this step asks for, and available.
fn is_reached(canary: &Canary, view: &View<'_>, new: usize) -> bool {
    let (pods, stable_pods) = wanted(canary, view, new);
    let at = |set: &SetView, wanted: u32| set.size == wanted && set.available == wanted;
    let stable = view.stable.filter(|&stable| stable != new).map(|i| &view.sets[i]);
    let others = view.old_sets().filter(|(i, _)| Some(*i) != view.stable).all(|(_, s)| s.available == 0);
    // A stable set that follows the traffic has to have what its share needs, which only a weight that falls makes it wait for.
    let left = share(view.replicas, 100 - target(canary, view));
    let carries = |s: &SetView| if canary.dynamic_stable_scale { s.available >= left } else { at(s, stable_pods) };
    at(&view.sets[new], pods) && others && stable.is_none_or(carries)
}

/// How long the pods stay that get no traffic any more.
fn old_stay(canary: &Canary, view: &View<'_>) -> crate::engine::Dur {
    if view.memory.stage > finished(canary) { canary.scale_down_delay } else { canary.abort_scale_down_delay }
}

/// What each set is to have now.
fn sizes(canary: &Canary, view: &View<'_>, new: usize) -> Vec<(usize, u32)> {
    let stable = view.stable.filter(|&stable| stable != new);
    if stable.is_some() {
        let (pods, stable_pods) = wanted(canary, view, new);
        let others = view.old_sets().filter(|(i, _)| Some(*i) != stable).map(|(i, _)| (i, 0));
        return others.chain(stable.map(|i| (i, stable_pods))).chain([(new, pods)]).collect();
    }
    let promoted = view.memory.stage > finished(canary);
    let stays = view.now < view.memory.since + old_stay(canary, view);
    let kept = |set: &SetView| match view.memory.weights {
        // Called off, and as many pods as there is traffic left.
        Some(weights) if weights.canary == set.revision => set.size.min(share(view.replicas, weights.percent)),
        None if stays && (promoted || !canary.dynamic_stable_scale) => set.size,
        _ => 0,
    };
    view.old_sets().map(|(i, s)| (i, kept(s))).chain([(new, view.replicas)]).collect()
}
