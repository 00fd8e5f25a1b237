//! Blue-green: all new pods beside the old ones, a switch of the Service, and the old ones go after a while.

use super::analysis::held_until;
use super::memory::Memory;
use super::policy::{Policy, Step, View};
use crate::fleet::fact::AnalysisOf;
use crate::scenario::BlueGreen;

/// The steps that are kept in mind.
mod stage {
    /// The new pods may be up already, as after an undo: then the switch needs no promotion.
    pub(super) const LOOK: u32 = 0;
    /// The new pods start, unseen.
    pub(super) const PREVIEW: u32 = 1;
    /// They are up and wait to be promoted.
    pub(super) const PAUSE: u32 = 2;
    /// They are promoted, and become as many as they have to be.
    pub(super) const GROW: u32 = 3;
    /// The Service has switched.
    pub(super) const SWITCHED: u32 = 4;
}

/// The strategy of that name, after `bluegreen.go` of Argo Rollouts.
impl Policy for BlueGreen {
    fn reconcile(&self, view: &View<'_>) -> Step {
        if let Some(step) = keep_active(view).or_else(|| scale_others(view)) {
            return step;
        }
        let Some(new) = view.new else { return Step::Create(self.wanted(view)) };
        let memory = view.memory;
        if view.active == Some(new) {
            return self.after_switch(view, new);
        }
        let set = &view.sets[new];
        let wanted = self.wanted(view);
        let up = set.size == wanted && set.available >= wanted;
        if memory.stage == stage::LOOK {
            // Pods that are still there from before the last switch get the traffic back at once.
            return if set.size == view.replicas && up { switch(view, new) } else { step(view, stage::PREVIEW) };
        }
        if set.size != wanted {
            return Step::Resize(vec![(new, wanted)]);
        }
        if !up {
            return Step::Wait;
        }
        match memory.stage {
            stage::PREVIEW => step(view, stage::PAUSE),
            stage::PAUSE => self.pause(view),
            _ => switch(view, new),
        }
    }

    /// All traffic goes to the new pods, and all of them are available. That the old ones stay for a while holds nothing up.
    fn is_complete(&self, view: &View<'_>) -> Option<bool> {
        let new = view.new.filter(|&new| view.active == Some(new));
        let judged = self.post_promotion.is_some() && view.stable != view.new;
        let proven = self.unproven(judged, view).is_none();
        Some(new.is_some_and(|new| {
            let set = &view.sets[new];
            proven && set.size == view.replicas && set.available == view.replicas && set.replicas == view.replicas
        }))
    }

    fn analyses(&self, view: &View<'_>) -> Vec<AnalysisOf> {
        let Memory { stage, passed, held, .. } = view.memory;
        if passed.is_some() || held.is_some() || view.new.is_none() || view.stable == view.new {
            return Vec::new();
        }
        let before = stage == stage::PAUSE && view.active != view.new && self.pre_promotion.is_some();
        let after = stage == stage::SWITCHED && view.active == view.new && self.post_promotion.is_some();
        let of = [(before, AnalysisOf::PrePromotion), (after, AnalysisOf::PostPromotion)];
        of.into_iter().filter_map(|(runs, of)| runs.then_some(of)).collect()
    }
}

impl BlueGreen {
    /// New pods before and after the promotion.
    fn wanted(&self, view: &View<'_>) -> u32 {
        let preview = self.preview_replicas.filter(|_| view.memory.stage < stage::GROW);
        preview.map_or(view.replicas, |pods| pods.min(view.replicas))
    }

    fn pause(&self, view: &View<'_>) -> Step {
        if let Some(step) = self.unproven(self.pre_promotion.is_some(), view) {
            return step;
        }
        let waits = if self.auto_promotion { self.auto_promotion_after } else { Some(self.promote_after) };
        // Argo pauses only when the analysis has passed (`reconcileBlueGreenPause`).
        let since = view.memory.passed.unwrap_or(view.memory.since);
        match waits.map(|span| since + span) {
            Some(due) if due > view.now && !view.memory.promoted => Step::WakeAt(due),
            _ => step(view, stage::GROW),
        }
    }

    /// What there is to wait for while an analysis has not passed, if there `is` one.
    fn unproven(&self, is: bool, view: &View<'_>) -> Option<Step> {
        if !is || view.memory.passed.is_some() {
            return None;
        }
        match view.memory.held {
            None => Some(Step::Await),
            Some(_) => held_until(view, self.promote_after).map(Step::WakeAt),
        }
    }

    /// Old pods stay `scaleDownDelaySeconds`, in case somebody wants them back.
    fn after_switch(&self, view: &View<'_>, new: usize) -> Step {
        let memory = view.memory;
        let left: Vec<_> = view.old_sets().filter(|(_, s)| s.size > 0).map(|(i, _)| (i, 0)).collect();
        if view.sets[new].size != view.replicas {
            return Step::Resize(vec![(new, view.replicas)]);
        }
        let judged = self.post_promotion.is_some() && view.stable != view.new;
        if let Some(step) = self.unproven(judged, view) {
            return step;
        }
        let due = memory.passed.unwrap_or(memory.since) + self.scale_down_delay;
        match (left.is_empty(), memory.stage) {
            (true, _) => Step::Wait,
            (false, stage::SWITCHED) if due > view.now => Step::WakeAt(due),
            (false, _) => Step::Resize(left),
        }
    }
}

fn step(view: &View<'_>, stage: u32) -> Step {
    Step::Remember(view.memory.at(stage, view.now))
}

fn switch(view: &View<'_>, new: usize) -> Step {
    Step::Remember(Memory { active: Some(view.sets[new].revision), ..view.memory.at(stage::SWITCHED, view.now) })
}

/// Whoever gets the traffic keeps all replicas.
fn keep_active(view: &View<'_>) -> Option<Step> {
    let active = view.active?;
    (view.sets[active].size != view.replicas).then(|| Step::Resize(vec![(active, view.replicas)]))
}

/// Versions that neither get traffic nor are wanted go.
fn scale_others(view: &View<'_>) -> Option<Step> {
    // What the last switch left behind stays for its delay.
    if view.new.is_some() && view.new == view.active {
        return None;
    }
    let other = |i: usize| Some(i) != view.new && Some(i) != view.active;
    let others: Vec<_> = (0..view.sets.len()).filter(|&i| other(i) && view.sets[i].size > 0).map(|i| (i, 0)).collect();
    (!others.is_empty()).then_some(Step::Resize(others))
}
