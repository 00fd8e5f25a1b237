//! The result of a forecast: what `--format json` prints and every report reads.

use serde::{Deserialize, Serialize};

use super::replication::Replication;
use super::series::{self, NodeRow, PodRow, Timeseries};
use super::summary::{Looks, Summary};
use crate::engine::mix;

/// The name and version of the JSON format.
pub const SCHEMA: &str = "dryroll.result/1";

/// What a result says of its run beside what was measured.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    /// The scenario's name.
    pub scenario: String,
    /// The root of all randomness.
    pub seed: u64,
    /// Of dryroll.
    pub version: String,
    /// What the scenario left open, one sentence each, with its source.
    pub assumptions: Vec<String>,
    /// What of the scenario lies outside of what was held against measurements.
    pub beyond: Vec<String>,
    /// The workload's name, with which pods' names begin.
    pub workload: String,
    /// Whether proxies own the connections to the pods (layer 7); without them, `connections.upstream` is `null`s.
    pub proxied: bool,
    /// Names of the templates after "old" and "new", in order of first use.
    pub templates: Vec<String>,
}

/// A forecast, merged over its replications. Times are in s since the deploy's start, rates per second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA`].
    pub schema: String,
    /// The scenario's name.
    pub scenario: String,
    /// The version of dryroll that made it.
    pub version: String,
    /// The root of all randomness.
    pub seed: u64,
    /// Simulated deploys.
    pub replications: u32,
    /// What the scenario left open, one sentence each.
    pub assumptions: Vec<String>,
    /// What of the scenario lies outside of what was held against measurements, each with the range, or that it never was.
    #[serde(rename = "beyondMeasured", default)]
    pub beyond: Vec<String>,
    /// Everything that was simulated, warm-up and all replications included.
    pub simulated: Simulated,
    /// Over what happened, in hexadecimal: equal digests mean equal histories.
    pub digest: String,
    /// The figures, per deploy.
    pub summary: Summary,
    /// Levels and rates over time, mean over the replications.
    pub timeseries: Timeseries,
    /// (time, revision, desired size) in the first replication.
    pub decisions: Vec<(f64, String, u32)>,
    /// The pods of the first replication, by order of creation.
    pub pods: Vec<PodRow>,
    /// What happened to nodes in the first replication, in order; left out where nothing did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeRow>,
    /// (time, replicas) that an autoscaler set in the first replication; left out where it set none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaled: Vec<(f64, u32)>,
    /// What analyses of the new version came to over all replications; left out where there was none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub analyses: Vec<AnalysisRow>,
}

/// What an analysis came to, in some of the deploys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalysisRow {
    /// Which, in the scenario's words: `deploy.analysis`, `analysis`, `steps.analysis.0`, `prePromotionAnalysis`.
    pub analysis: String,
    /// `passed`, `failed` or `inconclusive`.
    pub verdict: String,
    /// In how many of the simulated deploys.
    pub deploys: u32,
    /// When, after the deploy's start, on average over those (s).
    pub at: f64,
}

/// The size of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulated {
    /// Requests born.
    pub requests: u64,
    /// Facts digested.
    pub events: u64,
}

impl Results {
    /// Merges replications whose number was fixed beforehand, in their order.
    pub fn new(meta: &Meta, replications: &[Replication]) -> Self {
        Self::of(meta, replications, Looks::Once)
    }

    /// Merges replications, in their order, that were looked at so often before it was enough.
    pub fn of(meta: &Meta, replications: &[Replication], looks: Looks) -> Self {
        let first = replications.first();
        Self {
            schema: SCHEMA.to_owned(),
            scenario: meta.scenario.clone(),
            version: meta.version.clone(),
            seed: meta.seed,
            replications: replications.len() as u32,
            assumptions: meta.assumptions.clone(),
            beyond: meta.beyond.clone(),
            simulated: Simulated::of(replications),
            digest: digest_of(replications),
            summary: Summary::of(meta, replications, looks),
            timeseries: Timeseries::new(replications),
            decisions: first.map(|r| series::decisions(meta, r)).unwrap_or_default(),
            pods: first.map(|r| series::pods(meta, r)).unwrap_or_default(),
            nodes: first.map(series::nodes).unwrap_or_default(),
            scaled: first.map(series::scaled).unwrap_or_default(),
            analyses: series::analyses(replications),
        }
    }

    /// Whether no deploy was simulated (`deploy: none`): everything lies *before*.
    pub fn is_steady(&self) -> bool {
        self.summary.rollout.complete.is_none()
    }

    /// When, in s since the deploy's start, the last bin of the time series begins in which some outcome was more than
    /// twice as frequent as before the deploy; `None` where there is no such bin.
    pub fn last_trouble(&self) -> Option<f64> {
        let series = &self.timeseries;
        let columns: Vec<(f64, Vec<Option<f64>>)> = self
            .summary
            .outcomes
            .iter()
            .map(|(name, _)| (series.mean(name, f64::NEG_INFINITY, 0.0).unwrap_or(0.0), series.column(name)))
            .collect();
        let failed =
            |i: usize| columns.iter().any(|(usual, c)| c.get(i).copied().flatten().is_some_and(|v| v > 2.0 * usual));
        let times = series.column("t");
        (0..times.len()).rev().find(|&i| failed(i)).and_then(|i| times[i])
    }
}

impl Simulated {
    /// What these replications come to.
    pub fn of(replications: &[Replication]) -> Self {
        Self {
            requests: replications.iter().map(|r| r.simulated_requests).sum(),
            events: replications.iter().map(|r| r.simulated_events).sum(),
        }
    }
}

/// The replications' digests, one after the other.
pub fn digest_of(replications: &[Replication]) -> String {
    let folded = replications.iter().fold(0, |d, r| mix(mix(d) ^ r.digest));
    format!("{folded:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;

    #[test]
    fn a_result_survives_the_trip_through_json() {
        for results in [sample::results(10), sample::results(1), sample::steady_results(3)] {
            let text = serde_json::to_string(&results).expect("it serialises");
            let back: Results = serde_json::from_str(&text).expect("it parses");
            assert_eq!(results, back);
            assert_eq!(serde_json::to_string(&back).expect("it serialises"), text);
        }
    }

    #[test]
    fn the_digest_depends_on_each_replication_and_their_order() {
        let rep = |digest| Replication { digest, ..sample::clean(0) };
        let d = |digests: &[u64]| digest_of(&digests.iter().map(|&d| rep(d)).collect::<Vec<_>>());
        assert_ne!(d(&[1, 2]), d(&[2, 1]));
        assert_ne!(d(&[1, 2]), d(&[1, 3]));
        assert_eq!(d(&[1, 2]).len(), 16);
    }

    #[test]
    fn steadiness_is_told_by_the_result_alone() {
        assert!(sample::steady_results(2).is_steady());
        assert!(!sample::results(2).is_steady());
        assert!(!sample::stuck_results(2).is_steady());
    }
}
