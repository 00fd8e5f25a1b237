//! Analyses that a strategy of Argo Rollouts waits for: which are to be under way, and what comes of them. Who measures is none of
//! the controllers' business.

use super::policy::{View, policy};
use super::{Command, Rollout};
use crate::engine::{Dur, SimTime};
use crate::fleet::fact::AnalysisOf;
use crate::scenario::{Canary, RolloutAnalysis, Strategy};

/// Until when an analysis that came to no conclusion holds up whoever waits: somebody promotes after `promote_after`, or has.
pub(super) fn held_until(view: &View<'_>, promote_after: Dur) -> Option<SimTime> {
    let due = view.memory.held? + promote_after;
    (due > view.now && !view.memory.promoted).then_some(due)
}

impl Rollout {
    /// The analyses that are to be under way at `now`. One that has passed or was inconclusive stays with a canary's steps.
    pub fn analyses(&self, now: SimTime) -> Vec<AnalysisOf> {
        if !matches!(self.spec.strategy, Strategy::Canary(_) | Strategy::BlueGreen(_)) {
            return Vec::new();
        }
        let sets = self.views();
        policy(&self.spec.strategy).analyses(&self.view(&sets, now))
    }

    /// What one of them measures.
    pub fn analysis(&self, of: AnalysisOf) -> Option<&RolloutAnalysis> {
        match (&self.spec.strategy, of) {
            (Strategy::Canary(canary), AnalysisOf::Background) => canary.background.as_ref().map(|(a, _)| a),
            (Strategy::Canary(canary), AnalysisOf::Step(n)) => canary.analyses.get(n as usize),
            (Strategy::BlueGreen(switch), AnalysisOf::PrePromotion) => switch.pre_promotion.as_ref(),
            (Strategy::BlueGreen(switch), AnalysisOf::PostPromotion) => switch.post_promotion.as_ref(),
            _ => None,
        }
    }

    /// An analysis that a step waits for has passed.
    pub fn analysis_passed(&mut self, now: SimTime, of: AnalysisOf, out: &mut Vec<Command>) {
        if of != AnalysisOf::Background {
            self.deployment.memory.passed = Some(now);
            self.trigger_deployment(now, out);
        }
    }

    /// An analysis came to no conclusion: somebody has to look.
    pub fn analysis_inconclusive(&mut self, now: SimTime, out: &mut Vec<Command>) {
        self.deployment.memory.held = Some(now);
        self.trigger_deployment(now, out);
    }

    /// Whether a canary has all its pods and still steps to take.
    pub(super) fn has_steps_left(&self) -> bool {
        let Strategy::Canary(Canary { steps, .. }) = &self.spec.strategy else { return false };
        let Self { deployment, .. } = self;
        deployment.template != deployment.stable && (deployment.memory.stage as usize) < steps.len()
    }
}
