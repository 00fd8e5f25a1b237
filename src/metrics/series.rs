//! What is there for plots: the replications' bins laid over each other, and the first replication's pods and decisions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::replication::{Bin, Replication};
use super::results::{AnalysisRow, Meta};
use crate::engine::SimTime;
use crate::fleet::fact::{AnalysisOf, AnalysisVerdict, NodeId, NodeStep, Outcome, Revision};
use crate::scenario::revision_name;

/// Rows of figures over time. A bin's row is the mean over the replications that lasted until it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeseries {
    /// The width of a bin (s).
    pub bin_seconds: u32,
    /// Names of what a row holds, the bin's start `t` (s since the deploy) first.
    pub columns: Vec<String>,
    /// One row a bin, in order of time; `None` where nothing was to be measured.
    pub rows: Vec<Vec<Option<f64>>>,
}

/// One pod's life; times in s since the deploy, `None` for a step that it never took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodRow {
    /// `<workload>-<revision>-<n>`, n counting within the revision from 0.
    pub name: String,
    /// "old", "new", or the name of a later template.
    pub revision: String,
    /// The controller created it.
    pub created: Option<f64>,
    /// It passed its readiness probe for the first time.
    pub ready: Option<f64>,
    /// It got its deletion timestamp.
    pub deletion_requested: Option<f64>,
    /// It was sent SIGTERM.
    pub sigterm: Option<f64>,
    /// It closed its listener.
    pub listener_closed: Option<f64>,
    /// It was gone.
    pub gone: Option<f64>,
    /// Whether by SIGKILL.
    pub killed: bool,
    /// Whether with its node.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// The kubelet stopped its container for a failed liveness or startup probe, for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condemned: Option<f64>,
    /// How often its container ended and was started again.
    #[serde(default, skip_serializing_if = "no_restarts")]
    pub restarts: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn no_restarts(restarts: &u32) -> bool {
    *restarts == 0
}

/// Something that happened to a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeRow {
    /// When (s since the deploy).
    pub t: f64,
    /// Which, from 0.
    pub node: u32,
    /// What: `failed`, `notReady`, `evicted`, `deleted`, `cordoned`, `evictionRefused`, `drainBlocked`, `drained`, `uncordoned`.
    pub step: String,
}

impl Timeseries {
    pub(super) fn new(replications: &[Replication]) -> Self {
        let mut bins: BTreeMap<i64, Vec<&Bin>> = BTreeMap::new();
        for r in replications {
            // `first_bin` is a whole number of bins of one second.
            for (second, bin) in (libm::round(r.first_bin) as i64..).zip(&r.bins) {
                bins.entry(second).or_default().push(bin);
            }
        }
        let columns = ["t", "demand", "capacity", "ready", "pods", "inFlight", "queued", "ok"]
            .into_iter()
            .chain(Outcome::DROPPED.map(Outcome::name))
            .chain(["reconnects", "p50", "p99"]);
        Self {
            bin_seconds: 1,
            columns: columns.map(str::to_owned).collect(),
            rows: bins.iter().map(|(&second, bins)| row(second, bins)).collect(),
        }
    }

    /// The values of one column, bin by bin; empty where there is no such column.
    pub fn column(&self, name: &str) -> Vec<Option<f64>> {
        let Some(i) = self.columns.iter().position(|c| c == name) else { return Vec::new() };
        self.rows.iter().map(|row| row.get(i).copied().flatten()).collect()
    }

    /// Mean of a column over the bins that start in `from..to`; `None` where nothing was measured.
    pub fn mean(&self, name: &str, from: f64, to: f64) -> Option<f64> {
        let within = |t: &Option<f64>| t.is_some_and(|t| (from..to).contains(&t));
        let bins = self.column("t").into_iter().zip(self.column(name));
        let chosen: Vec<f64> = bins.filter(|(t, _)| within(t)).filter_map(|(_, v)| v).collect();
        (!chosen.is_empty()).then(|| chosen.iter().sum::<f64>() / chosen.len() as f64)
    }

    /// Mean capacity over mean demand in the bins that start in `from..to`; `None` where nothing was demanded.
    pub fn headroom(&self, from: f64, to: f64) -> Option<f64> {
        let demand = self.mean("demand", from, to).filter(|&d| d > 0.0)?;
        Some(self.mean("capacity", from, to)? / demand)
    }
}

/// The mean of the bins that start at one second.
fn row(second: i64, bins: &[&Bin]) -> Vec<Option<f64>> {
    let n = bins.len() as f64;
    let level = |f: fn(&Bin) -> f64| {
        // Rounding must not put the mean of equal levels beside them.
        let (least, most) = bins.iter().map(|b| f(b)).fold((f64::MAX, f64::MIN), |(l, m), x| (l.min(x), m.max(x)));
        Some((bins.iter().map(|b| f(b)).sum::<f64>() / n).max(least).min(most))
    };
    let count = |f: &dyn Fn(&Bin) -> u64| Some(bins.iter().map(|b| f(b)).sum::<u64>() as f64 / n);
    let quantile = |f: fn(&Bin) -> Option<f64>| {
        // In whole nanoseconds, so that the mean of equal values is that value.
        let seen: Vec<f64> = bins.iter().filter_map(|b| f(b)).map(|s| libm::round(s * 1e9)).collect();
        (!seen.is_empty()).then(|| seen.iter().sum::<f64>() / seen.len() as f64 / 1e9)
    };
    let mut row = vec![
        Some(second as f64),
        level(|b| b.demand),
        level(|b| b.capacity),
        level(|b| b.ready),
        level(|b| b.pods),
        level(|b| b.in_flight),
        level(|b| b.queued),
        count(&|b| b.ok),
    ];
    row.extend((0..Outcome::DROPPED.len()).map(|i| count(&|b| b.outcomes[i])));
    row.extend([count(&|b| b.reconnects), quantile(|b| b.p50), quantile(|b| b.p99)]);
    row
}

/// A revision's name in results.
fn revision(meta: &Meta, Revision(n): Revision) -> String {
    revision_name(&meta.templates, n)
}

pub(super) fn decisions(meta: &Meta, r: &Replication) -> Vec<(f64, String, u32)> {
    r.decisions.iter().map(|&(at, of, size)| (at.secs(), revision(meta, of), size)).collect()
}

/// What each analysis came to, in how many of the deploys, and when on average; in order of time.
pub(super) fn analyses(replications: &[Replication]) -> Vec<AnalysisRow> {
    let mut found: BTreeMap<(Option<AnalysisOf>, AnalysisVerdict), (u32, f64)> = BTreeMap::new();
    for r in replications {
        let mut seen: Vec<(Option<AnalysisOf>, AnalysisVerdict)> = Vec::new();
        for &(at, of, verdict) in &r.analyses {
            // A version that is rolled twice is analysed twice; the first time tells.
            if !seen.contains(&(of, verdict)) {
                seen.push((of, verdict));
                let (deploys, secs) = found.entry((of, verdict)).or_default();
                (*deploys, *secs) = (*deploys + 1, *secs + at.secs());
            }
        }
    }
    let row = |((of, verdict), (deploys, secs)): ((Option<AnalysisOf>, AnalysisVerdict), (u32, f64))| AnalysisRow {
        analysis: match of {
            None => "deploy.analysis".to_owned(),
            Some(AnalysisOf::Background) => "analysis".to_owned(),
            Some(AnalysisOf::Step(n)) => format!("steps.analysis.{n}"),
            Some(AnalysisOf::PrePromotion) => "prePromotionAnalysis".to_owned(),
            Some(AnalysisOf::PostPromotion) => "postPromotionAnalysis".to_owned(),
        },
        verdict: match verdict {
            AnalysisVerdict::Passed => "passed",
            AnalysisVerdict::Failed => "failed",
            AnalysisVerdict::Inconclusive => "inconclusive",
        }
        .to_owned(),
        deploys,
        at: secs / f64::from(deploys),
    };
    let mut rows: Vec<AnalysisRow> = found.into_iter().map(row).collect();
    rows.sort_by(|a, b| a.at.total_cmp(&b.at));
    rows
}

pub(super) fn scaled(r: &Replication) -> Vec<(f64, u32)> {
    r.scaled.iter().map(|&(at, replicas)| (at.secs(), replicas)).collect()
}

pub(super) fn nodes(r: &Replication) -> Vec<NodeRow> {
    let row = |&(at, node, step): &(SimTime, NodeId, NodeStep)| NodeRow {
        t: at.secs(),
        node: node.0,
        step: step.name().to_owned(),
    };
    r.nodes.iter().map(row).collect()
}

pub(super) fn pods(meta: &Meta, r: &Replication) -> Vec<PodRow> {
    let mut born: BTreeMap<Revision, u32> = BTreeMap::new();
    let secs = |t: Option<SimTime>| t.map(SimTime::secs);
    let row = |p: &super::replication::PodLife| {
        let n = born.entry(p.revision).or_default();
        let revision = revision(meta, p.revision);
        let name = format!("{}-{revision}-{n}", meta.workload);
        *n += 1;
        PodRow {
            name,
            revision,
            created: secs(p.created),
            ready: secs(p.ready),
            deletion_requested: secs(p.deletion_requested),
            sigterm: secs(p.sigterm),
            listener_closed: secs(p.listener_closed),
            gone: secs(p.gone),
            killed: p.killed,
            lost: p.lost,
            condemned: secs(p.condemned),
            restarts: p.restarts,
        }
    };
    r.pods.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;

    #[test]
    fn bins_are_aligned_by_time_and_averaged_over_those_that_reach_it() {
        let bin = |ready: f64, ok| Bin { ready, ok, p50: (ok > 0).then_some(0.5), ..Bin::default() };
        let a = Replication { first_bin: -1.0, bins: vec![bin(4.0, 10), bin(3.0, 0)], ..sample::clean(0) };
        let b = Replication { first_bin: 0.0, bins: vec![bin(4.0, 5), bin(2.0, 7)], ..sample::clean(1) };
        let series = Timeseries::new(&[a, b]);
        let of = |name: &str| series.column(name);
        assert_eq!(of("t"), [Some(-1.0), Some(0.0), Some(1.0)]);
        assert_eq!(of("ready"), [Some(4.0), Some(3.5), Some(2.0)]);
        assert_eq!(of("ok"), [Some(10.0), Some(2.5), Some(7.0)]);
        assert_eq!(of("p50"), [Some(0.5), Some(0.5), Some(0.5)]);
        assert_eq!(of("p99"), [None, None, None]);
        assert_eq!(of("no such"), []);
        assert_eq!((series.mean("ready", 0.0, 2.0), series.mean("ready", 9.0, 10.0)), (Some(2.75), None));
        assert_eq!(series.headroom(0.0, 2.0), None, "nothing is demanded");
    }

    #[test]
    fn pods_are_named_by_workload_revision_and_number() {
        let names: Vec<String> = sample::results(1).pods.into_iter().map(|p| p.name).collect();
        assert_eq!(names.first().map(String::as_str), Some("checkout-old-0"));
        assert_eq!(names.last().map(String::as_str), Some("checkout-new-19"));
        let meta = Meta { templates: vec!["v3".to_owned()], ..Meta::default() };
        assert_eq!([2, 3].map(|n| revision(&meta, Revision(n))), ["v3", "revision-3"]);
    }
}
