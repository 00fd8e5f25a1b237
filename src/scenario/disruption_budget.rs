//! How many pods may be evicted: a `PodDisruptionBudget`.

use super::diag::Diag;
use super::read::{At, choose_or};
use super::workload::IntOrPercent;

/// What an eviction must leave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DisruptionBudget {
    /// How many.
    pub bound: BudgetBound,
    /// Whether a pod that runs and is not Ready may be evicted whatever the others do (`unhealthyPodEvictionPolicy:
    /// AlwaysAllow`), rather than only while enough of them are Ready (`IfHealthyBudget`).
    pub always_allow_unhealthy: bool,
}

/// Either of its two ways to say how many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BudgetBound {
    /// So many have to stay; a percentage is of `replicas`, and rounds up.
    MinAvailable(IntOrPercent),
    /// So many may be missing; a percentage is of `replicas`, and rounds up.
    MaxUnavailable(IntOrPercent),
}

impl DisruptionBudget {
    /// Reads `workload.podDisruptionBudget`; without one every eviction is allowed.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        let given = at.node.is_some_and(|n| !n.is_null());
        at.takes_nothing();
        let mut f = at.fields();
        let least = f.opt("minAvailable").map(BudgetBound::MinAvailable);
        let missing = f.opt("maxUnavailable").map(BudgetBound::MaxUnavailable);
        f.exclude("minAvailable", "maxUnavailable");
        f.require_any();
        let policy = f.at("unhealthyPodEvictionPolicy");
        let words = [("IfHealthyBudget", false), ("AlwaysAllow", true)];
        let always_allow_unhealthy = choose_or(&policy, false, &words);
        let bound = least.or(missing);
        if given && bound.is_none() && f.at.node.is_some_and(|n| n.entries().is_empty()) {
            let diag = Diag::error("missing-field", "this budget says nothing").path(f.at.path.clone());
            let diag = f.at.span().map_or(diag.clone(), |span| diag.at(span, "expected a bound"));
            f.at.report(diag.help("add `maxUnavailable: 1`"));
        }
        f.end();
        Some(Self { bound: bound?, always_allow_unhealthy })
    }
}
