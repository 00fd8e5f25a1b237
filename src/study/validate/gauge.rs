//! What a case asks of one simulated deploy: one number, by its name.

use std::collections::BTreeMap;

use crate::engine::SimTime;
use crate::fleet::Observer;
use crate::fleet::fact::{Cause, Fact, Outcome, PodId, PodStep};
use crate::metrics::replication::{PhaseTally, Replication};
use crate::scenario::Scenario;
use crate::simulate;

/// One number of a simulated deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gauge {
    /// Mean latency before the deploy (s).
    Latency,
    /// Requests under way, mean over the measurement.
    InFlight,
    /// Share of requests that found the pod's queue full.
    Lost,
    /// Requests dropped.
    Dropped,
    /// Requests dropped with this outcome.
    Outcome(Outcome),
    /// Requests dropped for this cause.
    Cause(Cause),
    /// Requests that ended well.
    Succeeded,
    /// Fewest pods Ready and not being deleted.
    MinReady,
    /// Most pods at once.
    PeakPods,
    /// Most reconnects in a second, of those that reach the pods.
    PeakReconnects,
    /// When the most reconnects come, after the first pod's end (s, by bins of one second).
    ReconnectsPeakAfter,
    /// How long the rollout takes (s).
    Duration,
    /// Streams that the last pod had to end, in units of what each had at first.
    PileUp,
    /// From the first dropped request to the last (s).
    FailingFor,
    /// The latest that a request was still sent to a pod after its deletion and failed by it (s).
    StaleFor,
}

/// The gauges that are not an outcome's or a cause's.
const NAMES: [(&str, Gauge); 13] = [
    ("latency", Gauge::Latency),
    ("inFlight", Gauge::InFlight),
    ("lost", Gauge::Lost),
    ("dropped", Gauge::Dropped),
    ("succeeded", Gauge::Succeeded),
    ("minReady", Gauge::MinReady),
    ("peakPods", Gauge::PeakPods),
    ("peakReconnectsPerSecond", Gauge::PeakReconnects),
    ("reconnectsPeakAfterSeconds", Gauge::ReconnectsPeakAfter),
    ("durationSeconds", Gauge::Duration),
    ("pileUp", Gauge::PileUp),
    ("failingForSeconds", Gauge::FailingFor),
    ("staleForSeconds", Gauge::StaleFor),
];

impl Gauge {
    /// The gauge of this name: one of its own, an outcome's (`502`) or a cause's (`staleRoute`).
    pub(super) fn named(name: &str) -> Option<Self> {
        let own = NAMES.iter().find(|(n, _)| *n == name).map(|(_, gauge)| *gauge);
        let outcome = || Outcome::DROPPED.into_iter().find(|o| o.name() == name).map(Self::Outcome);
        let cause = || Cause::ALL.into_iter().find(|c| c.name() == name).map(Self::Cause);
        own.or_else(outcome).or_else(cause)
    }

    /// Whether it counts dropped requests.
    pub(super) const fn counts_drops(self) -> bool {
        matches!(self, Self::Dropped | Self::Outcome(_) | Self::Cause(_))
    }
}

/// One simulated deploy, as far as gauges ask.
#[derive(Clone, Debug)]
pub(super) struct Gauged {
    replication: Replication,
    watch: Watch,
}

impl Gauged {
    /// Plays replication `replication` of `scenario`.
    pub(super) fn play(scenario: &Scenario, replication: u32) -> Self {
        let (replication, watch) = simulate::traced(scenario, scenario.seed, replication, Watch::default());
        Self { replication, watch }
    }

    /// What it shows; `None` where there was nothing of the kind.
    pub(super) fn read(&self, gauge: Gauge, scenario: &Scenario) -> Option<f64> {
        let r = &self.replication;
        if r.stood_still.is_some() {
            return None;
        }
        let sum = |of: &dyn Fn(&PhaseTally) -> u64| r.phases.iter().map(of).sum::<u64>() as f64;
        Some(match gauge {
            Gauge::Latency => {
                let before = &r.phases[0];
                (before.succeeded > 0).then(|| before.latency_sum_ns as f64 / before.succeeded as f64 / 1e9)?
            }
            Gauge::InFlight => r.bins.iter().map(|b| b.in_flight).sum::<f64>() / r.bins.len().max(1) as f64,
            Gauge::Lost => sum(&|p| p.causes[Cause::Overflow as usize]) / sum(&|p| p.requests).max(1.0),
            Gauge::Dropped => sum(&PhaseTally::dropped),
            Gauge::Outcome(outcome) => sum(&|p| p.outcomes[outcome as usize - 1]),
            Gauge::Cause(cause) => sum(&|p| p.causes[cause as usize]),
            Gauge::Succeeded => sum(&|p| p.succeeded),
            Gauge::MinReady => f64::from(r.capacity.min_ready),
            Gauge::PeakPods => f64::from(r.rollout?.peak_pods),
            Gauge::PeakReconnects => {
                let peak = |p: &PhaseTally| p.connections.iter().map(|c| c.peak_reconnects_per_second).max();
                r.phases[1..].iter().filter_map(peak).max()? as f64
            }
            Gauge::ReconnectsPeakAfter => self.reconnects_peak_after()?,
            Gauge::Duration => r.rollout?.duration?,
            Gauge::PileUp => self.watch.pile_up(scenario)?,
            Gauge::FailingFor => self.watch.failing.map_or(0.0, |(first, last)| last.since(first).secs()),
            Gauge::StaleFor => self.watch.stale,
        })
    }

    fn reconnects_peak_after(&self) -> Option<f64> {
        let end = self.replication.pods.iter().filter_map(|p| p.sigterm).min()?.secs();
        let (bin, _) =
            self.replication.bins.iter().enumerate().max_by_key(|(i, b)| (b.reconnects, std::cmp::Reverse(*i)))?;
        Some(self.replication.first_bin + bin as f64 - end)
    }
}

/// Takes note of what a replication does not keep.
#[derive(Clone, Debug, Default)]
struct Watch {
    deleted: BTreeMap<PodId, SimTime>,
    last_deleted: Option<PodId>,
    /// Streams that ended on each pod.
    streams: BTreeMap<PodId, u32>,
    /// The ends of the first and of the last dropped request.
    failing: Option<(SimTime, SimTime)>,
    stale: f64,
}

impl Watch {
    fn pile_up(&self, scenario: &Scenario) -> Option<f64> {
        let connections: u32 = scenario.clients.iter().map(|c| c.connections).sum();
        let at_first = f64::from(connections) / f64::from(scenario.workload.replicas.max(1));
        Some(f64::from(*self.streams.get(&self.last_deleted?)?) / at_first)
    }
}

impl Observer for Watch {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        match fact {
            Fact::Pod { pod, step: PodStep::DeletionRequested, .. } => {
                self.deleted.insert(pod, now);
                self.last_deleted = Some(pod);
            }
            Fact::Ended { stream, pod, cause, sent, .. } => {
                if let (true, Some(pod)) = (stream && now > SimTime::ZERO, pod) {
                    *self.streams.entry(pod).or_default() += 1;
                }
                let Some(cause) = cause else { return };
                let first = self.failing.map_or(now, |(first, _)| first);
                self.failing = Some((first, now));
                let deleted = pod.and_then(|p| self.deleted.get(&p));
                if let (Cause::StaleRoute, Some(&deleted)) = (cause, deleted) {
                    self.stale = self.stale.max(sent.saturating_since(deleted).secs());
                }
            }
            _ => {}
        }
    }
}
