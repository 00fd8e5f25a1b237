//! What a strategy with steps keeps in mind from one sync to the next, as Argo Rollouts does in a `Rollout`'s status.

use crate::engine::SimTime;
use crate::fleet::fact::Revision;

/// How far a strategy has come with the template that is wanted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory {
    /// Which of its steps is under way, from 0.
    pub stage: u32,
    /// Since when.
    pub since: SimTime,
    /// Whether somebody has promoted the new version since that step began.
    pub promoted: bool,
    /// The template whose pods alone get traffic; `None` where all do.
    pub active: Option<Revision>,
    /// What a router sends elsewhere than to the stable version; `None` = nothing.
    pub weights: Option<Weights>,
    /// When the analysis that this step waits for passed; `None` = not yet.
    pub passed: Option<SimTime>,
    /// Since when an analysis that came to no conclusion holds this step up, until somebody promotes.
    pub held: Option<SimTime>,
}

/// How a router splits the traffic: the rest is the stable version's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weights {
    /// Whose pods get a share.
    pub canary: Revision,
    /// How large, 1 to 100.
    pub percent: u32,
}

impl Memory {
    /// Nothing has happened yet.
    pub const fn new() -> Self {
        Self { stage: 0, since: SimTime::ZERO, promoted: false, active: None, weights: None, passed: None, held: None }
    }

    /// Another template is wanted: the steps begin anew. Who gets traffic stays as it is, until the next sync.
    pub(super) const fn begin(&mut self, now: SimTime) {
        *self = self.at(0, now);
    }

    /// The same at another step, which begins `now`.
    #[must_use]
    pub const fn at(self, stage: u32, now: SimTime) -> Self {
        let Self { active, weights, .. } = self;
        Self { stage, since: now, promoted: false, active, weights, passed: None, held: None }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}
