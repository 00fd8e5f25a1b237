//! What a policy costs: five figures, and what one of each is worth.

use serde::Serialize;

use crate::metrics::summary::Summary;
use crate::stats::paired::Kind;

/// A cost of a deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// Minutes of pods above `replicas`, terminating ones included.
    Surge,
    /// Minutes until the rollout is complete.
    Duration,
    /// Dropped requests.
    Dropped,
    /// The 99 % quantile of latency while it rolls (s).
    P99,
    /// Reconnects that reach the pods in the worst second.
    Reconnects,
}

impl Cost {
    /// All of them, in the order of a table's columns.
    pub const ALL: [Self; 5] = [Self::Surge, Self::Duration, Self::Dropped, Self::P99, Self::Reconnects];

    /// What `--price` calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Surge => "surge",
            Self::Duration => "duration",
            Self::Dropped => "dropped",
            Self::P99 => "p99",
            Self::Reconnects => "reconnects",
        }
    }

    /// Its name in results.
    pub const fn figure(self) -> &'static str {
        match self {
            Self::Surge => "surgePodMinutes",
            Self::Duration => "durationMinutes",
            Self::Dropped => "dropped",
            Self::P99 => "p99",
            Self::Reconnects => "peakReconnectsPerSecond",
        }
    }

    /// Differences up to this are none, in its unit: a second of a pod or of a person, one request, a millisecond, one
    /// reconnect.
    pub const fn floor(self) -> f64 {
        match self {
            Self::Surge | Self::Duration => 1.0 / 60.0,
            Self::Dropped | Self::Reconnects => 1.0,
            Self::P99 => 0.001,
        }
    }

    /// Whether it counts events.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Dropped | Self::Reconnects => Kind::Count,
            Self::Surge | Self::Duration | Self::P99 => Kind::Value,
        }
    }

    /// Its value in one deploy; 0 where there was nothing of it.
    pub fn of(self, deploy: &Summary) -> f64 {
        let mean = |figure: crate::metrics::Figure| figure.map_or(0.0, |f| f.mean);
        match self {
            Self::Surge => mean(deploy.rollout.surge_pod_seconds) / 60.0,
            Self::Duration => mean(deploy.rollout.duration_seconds) / 60.0,
            Self::Dropped => mean(deploy.dropped),
            Self::P99 => mean(deploy.latency.during.p99),
            Self::Reconnects => mean(deploy.connections.to_pods().peak_reconnects_per_second),
        }
    }
}

/// What one of each cost is worth, in minutes of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Prices {
    /// A pod-minute above `replicas`.
    pub surge: f64,
    /// A minute for which somebody waits for the rollout.
    pub duration: f64,
    /// A dropped request, of those that the objectives allow.
    pub dropped: f64,
    /// A second of p99.
    pub p99: f64,
    /// A reconnect in the worst second.
    pub reconnects: f64,
}

/// A minute of waiting and a dropped request are worth a pod-minute each, p99 and reconnects nothing while the objectives
/// hold. There is no source for such prices: they decide between policies that all hold, and no more.
impl Default for Prices {
    fn default() -> Self {
        Self { surge: 1.0, duration: 1.0, dropped: 1.0, p99: 0.0, reconnects: 0.0 }
    }
}

impl Prices {
    /// That of one cost.
    pub const fn of(&self, cost: Cost) -> f64 {
        match cost {
            Cost::Surge => self.surge,
            Cost::Duration => self.duration,
            Cost::Dropped => self.dropped,
            Cost::P99 => self.p99,
            Cost::Reconnects => self.reconnects,
        }
    }

    /// Sets that of one cost.
    pub const fn set(&mut self, cost: Cost, price: f64) {
        match cost {
            Cost::Surge => self.surge = price,
            Cost::Duration => self.duration = price,
            Cost::Dropped => self.dropped = price,
            Cost::P99 => self.p99 = price,
            Cost::Reconnects => self.reconnects = price,
        }
    }

    /// What a deploy with these costs costs in all.
    pub fn total(&self, costs: &[f64; Cost::ALL.len()]) -> f64 {
        Cost::ALL.iter().zip(costs).map(|(&cost, value)| self.of(cost) * value).sum()
    }
}
