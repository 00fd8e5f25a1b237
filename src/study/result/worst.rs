//! The worst rollout that was found, and how likely an error is.

use serde::Serialize;

use crate::metrics::summary::Summary;

/// The name and version of the JSON format.
pub const SCHEMA: &str = "dryroll.worst/1";

/// One deploy, and what brings it about again.
#[derive(Clone, Debug, Serialize)]
pub struct Extreme {
    /// Its seed, of which it is the first replication.
    pub seed: u64,
    /// Its uncertain inputs, as `PATH=VALUE`.
    pub set: Vec<String>,
    /// Over what happened in it.
    pub digest: String,
    /// Its figures.
    pub summary: Summary,
}

/// What a search for the worst came to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Worst {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of dryroll.
    pub version: String,
    /// The scenario's name.
    pub scenario: String,
    /// The paths of the inputs that are uncertain.
    pub uncertain: Vec<String>,
    /// Simulated deploys in all.
    pub deploys: u32,
    /// Those of them that were spread evenly over seeds and ranges.
    pub spread: u32,
    /// Those of the spread ones in which a client was told of a server's error.
    pub with_error: u32,
    /// The probability of at least one such error in a deploy lies between, with 95 % confidence (Clopper and Pearson).
    pub probability: [f64; 2],
    /// The worst.
    pub worst: Extreme,
}
