//! The figures by which policies are told apart: which way is better, and how much of a difference is none.

use crate::metrics::summary::Summary;
use crate::stats::paired::{Better, Kind};

/// A figure that is compared, by its column.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// The column of the summary: `dropped`, `p99_during`.
    pub figure: String,
    /// Which way is better.
    pub better: Better,
    /// Counts may be rare events of which none was seen.
    pub kind: Kind,
    /// Differences up to this are none, whatever the margin says, in the figure's unit.
    floor: f64,
    /// Whether the margin is of what is missing to the whole: of 99.9 % available, of 0.1 %.
    of_rest: bool,
}

/// What is compared where nothing is said of it, in this order. Of the two kinds of connections those are taken that reach
/// the pods.
const USUAL: [&str; 7] =
    ["dropped", "availability", "p99_during", "peakReconnectsPerSecond", "minReady", "minHeadroom", "durationSeconds"];

/// Of these more is better.
const MORE: [&str; 6] = ["succeeded", "availability", "minReady", "minReadyFraction", "minHeadroom", "200_answers"];

/// Spans of time (s): a millisecond more or less is none.
const MILLISECOND: f64 = 0.001;

impl Measure {
    /// The usual ones; `proxied` says whether proxies own the connections to the pods.
    pub fn usual(proxied: bool) -> Vec<Self> {
        let upstream = |name: &'static str| match name {
            "peakReconnectsPerSecond" if proxied => "peakReconnectsPerSecond_upstream",
            name => name,
        };
        USUAL.into_iter().map(|name| Self::of(upstream(name))).collect()
    }

    /// The figure of a column. Unless it is known for better, less of it is.
    pub fn of(column: &str) -> Self {
        let first = column.split('_').next().unwrap_or(column);
        let latency = ["mean", "p50", "p90", "p99", "p999", "max"].contains(&first) && column != first;
        let seconds = latency || column.to_lowercase().contains("seconds");
        let share = ["availability", "minReadyFraction"].contains(&first);
        let ratio = ["minHeadroom", "spikeRatio", "attemptsPerRequest"].contains(&first);
        let pods = ["minReady", "peakPods"].contains(&first);
        let (kind, floor) = match (seconds, share, ratio, pods) {
            (true, ..) => (Kind::Value, MILLISECOND),
            (_, true, ..) => (Kind::Value, 1e-5),
            (_, _, true, _) => (Kind::Value, 0.01),
            (.., true) => (Kind::Value, 0.5),
            // Requests and connections: what happens to some of very many.
            _ => (Kind::Count, 1.0),
        };
        Self {
            figure: column.to_owned(),
            better: if MORE.contains(&column) { Better::Higher } else { Better::Lower },
            kind,
            floor,
            of_rest: first == "availability",
        }
    }

    /// Its value in one deploy; `None` where it was not measured.
    pub fn value(&self, deploy: &Summary) -> Option<f64> {
        deploy.columns().into_iter().find(|c| c.0 == self.figure).and_then(|(_, f)| f).map(|f| f.mean)
    }

    /// Differences smaller than this are none, where the baseline's mean is `baseline`: `margin` of it, and not less than
    /// one request or connection, half a pod, a millisecond, a hundredth of a ratio, or 0.001 % of availability.
    pub fn margin(&self, baseline: f64, margin: f64) -> f64 {
        let of = if self.of_rest { 1.0 - baseline } else { baseline.abs() };
        (margin * of).max(self.floor)
    }
}
