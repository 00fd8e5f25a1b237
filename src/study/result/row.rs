//! One combination of a sweep, as its results hold it: what a journal keeps, what parts are made of, what reports read.

use serde::{Deserialize, Serialize};

use super::effort::Stopped;
use super::finding::{Finding, Verdict};
use crate::metrics::summary::Summary;
use crate::metrics::{Simulated, digest_of};

/// A row of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its place in the grid, from 0.
    pub row: u64,
    /// The varied settings' values, in the order of the axes' columns.
    pub values: Vec<String>,
    /// Simulated deploys.
    pub replications: u32,
    /// Why so many.
    pub stopped: Stopped,
    /// What the objectives amount to; `None` where there are none.
    pub verdict: Option<Verdict>,
    /// How each stands.
    pub objectives: Vec<Finding>,
    /// Over what happened.
    pub digest: String,
    /// Everything that was simulated for it, warm-up included.
    pub simulated: Simulated,
    /// The figures; `None` where it could not be simulated.
    pub summary: Option<Summary>,
    /// The figures of each replication alone, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<Summary>,
    /// Why it could not be simulated.
    pub error: Option<String>,
}

impl Row {
    /// A row that could not be.
    pub fn failed(row: u64, values: Vec<String>, error: String) -> Self {
        Self {
            row,
            values,
            replications: 0,
            stopped: Stopped::Failed,
            verdict: None,
            objectives: Vec::new(),
            digest: digest_of(&[]),
            simulated: Simulated::of(&[]),
            summary: None,
            each: Vec::new(),
            error: Some(error),
        }
    }
}
