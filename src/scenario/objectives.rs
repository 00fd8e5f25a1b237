//! What a scenario asks of its deploy, and what it would vary: plain data for the commands that use it.

use super::read::At;
use super::tree::{Node, Span, Value};
use super::units::{Rate, Share};
use crate::engine::Dur;

/// Limits that a deploy meets or not; `None` is no limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Objectives {
    /// The share of deploys that must meet them. Default 95 %.
    pub share: f64,
    /// How sure one must be of it. Default 95 %.
    pub confidence: f64,
    /// Dropped requests a deploy, at most.
    pub dropped: Option<f64>,
    /// Availability of *during*, at least (0 to 1).
    pub availability: Option<f64>,
    /// The 99 % quantile of latency in *during*, at most.
    pub p99: Option<Dur>,
    /// Reconnects that reach the pods at the peak, at most [1/s].
    pub peak_reconnects: Option<f64>,
    /// Serving capacity over demand, at least.
    pub min_headroom: Option<f64>,
    /// The rollout's duration, at most.
    pub duration: Option<Dur>,
}

impl Objectives {
    /// Reads `objectives`.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        at.node?;
        let mut f = at.fields();
        let objectives = Self {
            share: f.or("share", Share(0.95)).0,
            confidence: f.or("confidence", Share(0.95)).0,
            dropped: f.opt("dropped"),
            availability: f.opt("availability").map(|Share(s)| s),
            p99: f.opt("p99"),
            peak_reconnects: f.opt("peakReconnects").map(|Rate(r)| r),
            min_headroom: f.opt("minHeadroom"),
            duration: f.opt("duration"),
        };
        f.end();
        Some(objectives)
    }
}

/// One axis of a sweep: a field and the values that it takes, as written.
#[derive(Clone, Debug)]
pub struct SweepAxis {
    /// The field, as `--set` takes it.
    pub path: String,
    /// Its values, as `--set` takes them.
    pub values: Vec<String>,
    /// Where its name stands.
    pub span: Span,
}

/// Reads `sweep`: a map from fields to lists of values, in its order.
pub(super) fn read_sweep(at: &At<'_>) -> Vec<SweepAxis> {
    let Some(node) = at.node else { return Vec::new() };
    if !matches!(node.value, Value::Map(_) | Value::Null) {
        at.wrong_type("a map from fields to lists of values");
        return Vec::new();
    }
    let axis = |entry: &super::tree::Entry| {
        let values: Vec<String> = entry.value.items().iter().map(|v: &Node| v.span.text().to_owned()).collect();
        if values.is_empty() {
            let place = At { cx: at.cx, path: format!("sweep.{}", entry.key), node: Some(&entry.value) };
            place.wrong_type("a list of values, as in [0s, 5s]");
            return None;
        }
        Some(SweepAxis { path: entry.key.clone(), values, span: entry.key_span.clone() })
    };
    node.entries().iter().filter_map(axis).collect()
}
