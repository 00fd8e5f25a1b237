//! Where two policies part ways.

use serde::{Deserialize, Serialize};

/// Something that happened in a deploy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// When (s since the deploy).
    pub t: f64,
    /// What, in words.
    pub what: String,
}

/// The first differences between the first deploys of a policy and of the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parting {
    /// So many facts are the same, to the nanosecond.
    pub facts: u64,
    /// The baseline's next fact; `None` where there is none.
    pub baseline: Option<Happened>,
    /// The policy's.
    pub policy: Option<Happened>,
    /// The first step of a pod, a proxy or the controller that the two do not take at the same moment, as the baseline takes it;
    /// `None` where it never does.
    pub baseline_step: Option<Happened>,
    /// The same step in the policy's deploy.
    pub policy_step: Option<Happened>,
}
