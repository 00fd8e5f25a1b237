//! How an objective stands, as results hold it.

use serde::{Deserialize, Serialize};

use crate::stats::share::Decision;

/// What can be said of an objective, or of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// One can be as sure as was asked that enough deploys meet it.
    Holds,
    /// It can't be told at this many replications.
    Undecided,
    /// One can be as sure that too few do.
    Broken,
}

impl Verdict {
    /// The word in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Undecided => "undecided",
            Self::Broken => "broken",
        }
    }
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Holds => Self::Holds,
            Decision::Undecided => Self::Undecided,
            Decision::Broken => Self::Broken,
        }
    }
}

/// The verdict over several: broken with the first that is, and holding only where all hold. `None` over none.
pub fn overall(verdicts: impl Iterator<Item = Verdict>) -> Option<Verdict> {
    verdicts.max()
}

/// An objective, the deploys that met it, and what can be said from that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its name in the scenario.
    pub objective: String,
    /// The limit as the scenario has it.
    pub limit: String,
    /// Simulated deploys.
    pub deploys: u32,
    /// Those that met it.
    pub met: u32,
    /// Between which the share of all deploys that meet it lies, each end with the confidence that was asked for.
    pub share: [f64; 2],
    /// The worst that one deploy had; `None` where nothing was measured.
    pub worst: Option<f64>,
    /// The replication in which it had, from 1, as `explain --replication` counts them.
    #[serde(rename = "worstReplication")]
    pub worst_replication: Option<u32>,
    /// What can be said.
    pub verdict: Verdict,
}
