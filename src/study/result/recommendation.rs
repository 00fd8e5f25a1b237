//! What is recommended, why, how sure it is, and how near it breaks.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::finding::{Finding, Verdict};
use super::price::{Cost, Prices};
use crate::metrics::Figure;
use crate::stats::paired::Difference;

/// The name and version of the JSON format.
pub const SCHEMA: &str = "dryroll.recommendation/1";

/// A combination of settings, and what it costs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The values of all settings that were searched, in their order.
    pub settings: Vec<String>,
    /// How many of them are changed.
    pub changes: usize,
    /// What it costs, a deploy.
    #[serde(serialize_with = "by_name")]
    pub costs: Vec<Figure>,
    /// All of it by its price, in minutes of a pod.
    pub price: f64,
    /// Whether it meets the objectives.
    pub verdict: Verdict,
    /// Simulated deploys, and those of them that met all objectives.
    pub deploys: u32,
    /// See `deploys`.
    pub met: u32,
}

/// A setting to change, and what happens without that.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its whole path; of several that move together, all.
    pub path: String,
    /// What an option may call it: the shortest name that no other field has.
    pub name: String,
    /// Its value as it stands.
    pub now: String,
    /// Its value as recommended.
    pub value: String,
    /// The recommended policy without this one change; `None` for what only makes room for another one.
    pub without: Option<Without>,
    /// Where it breaks: the values around the recommended one up to which the objectives are met.
    pub cliff: Option<Cliff>,
}

/// What happens if one change is left out.
#[derive(Clone, Debug, Serialize)]
pub struct Without {
    /// Whether it would still meet the objectives.
    pub verdict: Verdict,
    /// Simulated deploys, and those of them that met all objectives.
    pub deploys: u32,
    /// See `deploys`.
    pub met: u32,
    /// By cost: without − with.
    #[serde(serialize_with = "differences")]
    pub costs: Vec<Option<Difference>>,
}

/// Between which values of a setting the objectives are met, with everything else as recommended.
#[derive(Clone, Debug, Serialize)]
pub struct Cliff {
    /// The smallest value that does, and the next smaller one, which does not; `None` where all smaller ones do.
    pub lower: Option<[String; 2]>,
    /// The largest value that does, and the next larger one, which does not; `None` where all larger ones that were looked at
    /// do.
    pub upper: Option<[String; 2]>,
    /// The smallest and the largest value that were looked at.
    pub range: [String; 2],
}

/// How much larger than it was said an input may be.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sensitivity {
    /// What it is.
    pub input: String,
    /// Where a scenario says it.
    pub path: String,
    /// Whether it was assumed rather than told.
    pub assumed: bool,
    /// Its size: of a time the 99 % quantile (s), of the load requests per second (or clients).
    pub size: f64,
    /// The largest factor at which the recommended settings still meet the objectives, of those looked at.
    pub holds_at: f64,
    /// The smallest at which they do not; `None` where they do at all that were looked at.
    pub breaks_at: Option<f64>,
}

/// Up to how many times the load a fleet comes back, after the rollout, to what it was before: the margin to a failure that keeps
/// itself up.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovers {
    /// The largest factor at which it does, of those looked at; below 1 where it does not as it is.
    pub up_to: f64,
    /// The smallest at which it does not; `None` where it does at all that were looked at.
    pub not_at: Option<f64>,
    /// Whether it could not have served that load without a rollout either.
    pub overloaded: bool,
}

/// A recommendation.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recommendation {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of dryroll.
    pub version: String,
    /// The scenario's name.
    pub scenario: String,
    /// The root of all randomness.
    pub seed: u64,
    /// Whether what is recommended meets the objectives, on random numbers that had no part in the choice.
    pub verdict: Verdict,
    /// How it stands there.
    pub objectives: Vec<Finding>,
    /// Combinations that were looked at.
    pub looked_at: usize,
    /// Combinations that there are.
    pub combinations: f64,
    /// Simulated deploys in all.
    pub simulated: u64,
    /// What one of each cost is worth.
    pub prices: Prices,
    /// What a further change must save, as a share.
    pub worth: f64,
    /// The paths of the settings that were searched.
    pub settings: Vec<String>,
    /// Everything as it is.
    pub now: Policy,
    /// What is recommended; where nothing holds, what misses its objectives by least.
    pub recommended: Policy,
    /// What is to be changed.
    pub changes: Vec<Change>,
    /// `PATH=VALUE`, as `--set` takes it.
    pub set: Vec<String>,
    /// Of the policies that are not broken, those that nothing else beats in every cost.
    pub front: Vec<Policy>,
    /// How much larger than said each input may be, the tightest first.
    pub inputs: Vec<Sensitivity>,
    /// Up to which load the fleet recovers from the rollout; `None` where that was not told.
    pub recovers: Option<Recovers>,
    /// Whether the work was ended before all was looked at that is told of what is recommended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

fn by_name<S: Serializer>(costs: &[Figure], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(costs.len()))?;
    for (cost, figure) in Cost::ALL.iter().zip(costs) {
        map.serialize_entry(cost.figure(), figure)?;
    }
    map.end()
}

fn differences<S: Serializer>(costs: &[Option<Difference>], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Interval {
        mean: f64,
        ci95: Option<[f64; 2]>,
    }
    let mut map = serializer.serialize_map(Some(costs.len()))?;
    for (cost, difference) in Cost::ALL.iter().zip(costs) {
        let interval = difference.map(|d| Interval { mean: d.mean, ci95: d.ci95 });
        map.serialize_entry(cost.figure(), &interval)?;
    }
    map.end()
}
