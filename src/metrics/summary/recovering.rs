//! What retries made of the load, and whether the fleet came back.

use serde::{Deserialize, Serialize};

use super::{Figure, Reps};
use crate::metrics::recovery::Recovery;
use crate::stats::Range;

/// Signs of a failure that keeps itself up: more attempts than requests, and a fleet that stays down when the rollout is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovering {
    /// What clients' and proxies' retries make of the requests.
    pub attempts_per_request: Attempts,
    /// Whether the fleet was in the end as it was before, after all deploys of which that can be told.
    pub recovered: Option<bool>,
    /// After how many of them it was.
    pub recovered_deploys: Option<u32>,
    /// How many that are.
    pub deploys: Option<u32>,
    /// From the end of the rollout until everything stays as it was before (s); `None` where it once did not come to that.
    pub recovery_seconds: Figure,
}

/// Attempts of the requests that ended, over those requests, by phase: 1 where nobody retries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attempts {
    /// Up to the deploy.
    pub before: Figure,
    /// While it rolls.
    pub during: Figure,
    /// From then on.
    pub after: Figure,
}

impl Reps<'_> {
    pub(super) fn recovering(&self) -> Recovering {
        let attempts = |phase: usize| {
            self.values(Range::NotNegative, |r| {
                let p = &r.phases[phase];
                let ended = p.succeeded + p.dropped();
                (ended > 0).then(|| p.attempts as f64 / ended as f64)
            })
        };
        let told: Vec<Recovery> = self.replications.iter().filter_map(|r| r.recovery).collect();
        let recovered = told.iter().filter(|r| r.recovered).count();
        let any = !told.is_empty();
        let all = recovered == told.len();
        let seconds = || self.values(Range::NotNegative, |r| r.recovery.and_then(|r| r.seconds));
        Recovering {
            attempts_per_request: Attempts { before: attempts(0), during: attempts(1), after: attempts(2) },
            recovered: any.then_some(all),
            recovered_deploys: any.then_some(recovered as u32),
            deploys: any.then_some(told.len() as u32),
            recovery_seconds: if all { seconds() } else { None },
        }
    }
}
