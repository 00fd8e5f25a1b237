//! One combination of a sweep, as its results hold it: what a journal keeps, what parts are made of, what reports read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::effort::Stopped;
use super::finding::{Finding, Verdict};
use crate::metrics::summary::Summary;
use crate::metrics::{Figure, Simulated, digest_of};

/// Takes a figure from a summary.
pub type Pick = fn(&Summary) -> Figure;

/// The figures by which rows are told apart: their columns, and what stands there. Of the two kinds of connections those are taken that
/// reach the pods.
pub const DECIDING: [(&str, Pick); 6] = [
    ("dropped", |s| s.dropped),
    ("p99_during", |s| s.latency.during.p99.or(s.latency.before.p99)),
    ("peakReconnectsPerSecond", |s| s.connections.to_pods().peak_reconnects_per_second),
    ("minReady", |s| s.capacity.min_ready),
    ("minHeadroom", |s| s.capacity.min_headroom),
    ("durationSeconds", |s| s.rollout.duration_seconds),
];

/// What each deploy of a row came to, in order, by the figures of [`DECIDING`]: deploy k of every row met the same random numbers.
pub type Deploys = BTreeMap<String, Vec<Option<f64>>>;

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
    /// What each deploy came to by the figures that decide, so that rows can be compared deploy by deploy.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deploys: Deploys,
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
            deploys: Deploys::new(),
            each: Vec::new(),
            error: Some(error),
        }
    }

    /// What a deploy came to is kept beside those before it.
    pub fn keep(&mut self, deploy: &Summary) {
        for (column, pick) in DECIDING {
            self.deploys.entry(column.to_owned()).or_default().push(pick(deploy).map(|f| f.mean));
        }
    }
}
