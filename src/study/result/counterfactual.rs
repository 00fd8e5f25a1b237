//! What the same deploys come to with one setting otherwise.

use serde::{Serialize, Serializer};

use super::recommendation::Recovers;
use crate::stats::paired::Difference;
use crate::stats::removed::Removed;

/// A setting that would have prevented requests of one cause from being dropped, all others as they are.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remedy {
    /// Its whole path.
    pub path: String,
    /// What an option may call it: the shortest name that no other field has.
    pub name: String,
    /// Its value as it stands.
    pub now: String,
    /// A value that suffices: the one nearest to what stands, as far as its values have an order.
    pub value: String,
    /// The smallest and the largest value that suffice, of those looked at; `None` where values have no order.
    pub range: Option<[String; 2]>,
    /// Whether a smaller one does not, and whether a larger one does not.
    pub bounded: [bool; 2],
    /// The share of the requests of this cause that it removes.
    #[serde(serialize_with = "share")]
    pub removed: Removed,
    /// The share of all dropped requests that it removes.
    #[serde(serialize_with = "share")]
    pub of_all: Removed,
    /// What it costs in other respects, where that is sure: a cost's name and value − now.
    #[serde(serialize_with = "prices")]
    pub adds: Vec<(&'static str, Difference)>,
}

/// What would have prevented the drops of one cause.
#[derive(Clone, Debug, Serialize)]
pub struct Counterfactual {
    /// The cause.
    pub cause: &'static str,
    /// Its dropped requests, a deploy.
    pub dropped: f64,
    /// What prevents it, the most effective first.
    pub remedies: Vec<Remedy>,
    /// What may prevent some of it, or nothing: the interval of what it removes holds 0.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<Remedy>,
}

/// All causes of one scenario.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counterfactuals {
    /// Deploys by which each value is told.
    pub deploys: u32,
    /// Simulated deploys in all.
    pub simulated: u64,
    /// By cause, most first.
    pub causes: Vec<Counterfactual>,
    /// Up to which load the fleet comes back from the rollout as it is; `None` where that was not told.
    pub recovers: Option<Recovers>,
    /// Whether the work was ended before all was looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

#[derive(Serialize)]
struct Interval {
    mean: f64,
    ci95: Option<[f64; 2]>,
}

fn share<S: Serializer>(removed: &Removed, serializer: S) -> Result<S::Ok, S::Error> {
    Interval { mean: removed.share, ci95: removed.ci95 }.serialize(serializer)
}

fn prices<S: Serializer>(adds: &[(&'static str, Difference)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(adds.iter().map(|(name, d)| (name, Interval { mean: d.mean, ci95: d.ci95 })))
}
