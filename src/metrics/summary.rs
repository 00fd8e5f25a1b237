//! The figures of a forecast, per deploy: the arithmetic from counts to estimates.

mod recovering;

use serde::{Deserialize, Serialize};

use super::figures::{Figure, Figures};
use super::replication::{ConnectionTally, LatencyTally, PhaseTally, Replication};
use super::results::Meta;
use crate::fleet::fact::{Cause, Outcome};
use crate::stats::anytime::{anytime_counts, anytime_interval};
use crate::stats::{Estimate, Range, poisson_upper};

pub use recovering::{Attempts, Recovering};

/// Of every interval.
const CONFIDENCE: f64 = 0.95;

/// Statuses that a balancer's log knows, in the order of `PhaseTally::answers`.
const ANSWERS: [&str; 5] = ["200", "500", "502", "503", "504"];

/// Figures per deploy. Counts are those of *during* and *after*; with `deploy: none`, those of *before*, where everything is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Requests, unfinished ones included.
    pub requests: Figure,
    /// Requests that ended well.
    pub succeeded: Figure,
    /// Requests that did not.
    pub dropped: Figure,
    /// `dropped`, less the drops per second of *before* times the seconds counted: what the deploy adds, or (negative) spares.
    pub excess: Figure,
    /// Requests in flight at the end of the simulation.
    pub unfinished: Figure,
    /// succeeded / (succeeded + dropped) of *during* (with `deploy: none`, of everything).
    pub availability: Figure,
    /// Up to the deploy.
    pub before: PhaseFigures,
    /// From the deploy until the rollout is complete, no event is left and the last old pod is gone.
    pub during: PhaseFigures,
    /// From then on.
    pub after: PhaseFigures,
    /// What the clients of dropped requests were left with.
    pub outcomes: Figures,
    /// Why requests were dropped.
    pub causes: Figures,
    /// Requests with more than one attempt.
    pub retried: Figure,
    /// Every status given, as in a balancer's log.
    pub answers: Figures,
    /// Connections.
    pub connections: Connections,
    /// Capacity over *during*.
    pub capacity: Capacity,
    /// Latencies of succeeded requests, from birth.
    pub latency: Latency,
    /// The rollout itself.
    pub rollout: Rollout,
    /// Retries, and whether the fleet came back.
    #[serde(default)]
    pub recovery: Recovering,
}

/// The requests of one phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseFigures {
    /// Requests, unfinished ones included.
    pub requests: Figure,
    /// Those dropped.
    pub dropped: Figure,
    /// What their clients were left with.
    pub outcomes: Figures,
    /// How long the phase lasted (s).
    pub seconds: Figure,
}

/// Connections of the clients, and of the proxies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// The clients': to the proxies at layer 7, to the pods at layer 4.
    #[serde(flatten)]
    pub clients: ConnectionFigures,
    /// The proxies', to the pods; all `null` at layer 4.
    pub upstream: ConnectionFigures,
}

/// Connections of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionFigures {
    /// Accepted.
    pub opened: Figure,
    /// Accepted in place of one that the other side had ended.
    pub reconnects: Figure,
    /// Most reconnects in ten neighbouring bins of 100 ms.
    pub peak_reconnects_per_second: Figure,
    /// Mean reconnects per second *before*.
    pub baseline_reconnects_per_second: Figure,
    /// Each peak over the mean baseline of all replications (a single one has often none); `None` where that is 0. Its
    /// interval is the peak's alone.
    pub spike_ratio: Figure,
    /// Attempts that nobody accepted.
    pub failed: Figure,
}

/// Capacity over *during* (with `deploy: none`, over everything).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// Fewest pods Ready and not being deleted.
    pub min_ready: Figure,
    /// That, as a share of `replicas`.
    pub min_ready_fraction: Figure,
    /// Smallest capacity / demand at any moment.
    pub min_headroom: Figure,
    /// Time for which capacity was below demand (s).
    pub seconds_below_demand: Figure,
}

/// Latencies by phase.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Up to the deploy.
    pub before: LatencyFigures,
    /// While it rolls.
    pub during: LatencyFigures,
    /// From then on.
    pub after: LatencyFigures,
}

/// Latencies of one phase (s): each a replication's, then the mean over those.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyFigures {
    /// The exact mean.
    pub mean: Figure,
    /// The median.
    pub p50: Figure,
    /// The 90th percentile.
    pub p90: Figure,
    /// The 99th percentile.
    pub p99: Figure,
    /// The 99.9th percentile.
    pub p999: Figure,
    /// The exact longest.
    pub max: Figure,
}

/// How the rollout went; with `deploy: none` all `null`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// What `kubectl rollout status` waits for (s); `None` where a replication never got there.
    pub duration_seconds: Figure,
    /// Pod-seconds above `replicas`, terminating pods included.
    pub surge_pod_seconds: Figure,
    /// Whether all replications got there.
    pub complete: Option<bool>,
    /// Most pods at once, terminating ones included.
    pub peak_pods: Figure,
    /// How many replications got there.
    pub completed: Option<u32>,
}

/// How often replications were looked at before somebody said "enough".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// Their number was fixed beforehand: Student's t.
    Once,
    /// After every one: intervals that hold at every look ([`crate::stats::anytime`]).
    Every,
}

impl Connections {
    /// Those that reach the pods: the proxies', or at layer 4 the clients'.
    pub fn to_pods(&self) -> &ConnectionFigures {
        if self.upstream.opened.is_some() { &self.upstream } else { &self.clients }
    }
}

impl Summary {
    /// The figures of one replication.
    pub fn alone(meta: &Meta, replication: &Replication) -> Self {
        Self::of(meta, std::slice::from_ref(replication), Looks::Once)
    }

    /// The figures over these replications.
    pub fn of(meta: &Meta, replications: &[Replication], looks: Looks) -> Self {
        let reps = Reps { replications, looks };
        Self {
            requests: reps.total(|p| p.requests),
            succeeded: reps.total(|p| p.succeeded),
            dropped: reps.total(PhaseTally::dropped),
            excess: reps.excess(),
            unfinished: reps.total(|p| p.unfinished),
            availability: reps.availability(),
            before: reps.phase(0),
            during: reps.phase(1),
            after: reps.phase(2),
            outcomes: reps.named(&Outcome::DROPPED.map(Outcome::name), |p, i| p.outcomes[i]),
            causes: reps.named(&Cause::ALL.map(Cause::name), |p, i| p.causes[i]),
            retried: reps.total(|p| p.retried),
            answers: reps.named(&ANSWERS, |p, i| p.answers[i]),
            connections: Connections {
                clients: reps.connections(0),
                upstream: if meta.proxied { reps.connections(1) } else { ConnectionFigures::default() },
            },
            capacity: reps.capacity(),
            latency: Latency { before: reps.latency(0), during: reps.latency(1), after: reps.latency(2) },
            rollout: reps.rollout(),
            recovery: reps.recovering(),
        }
    }
}

/// Replications to be merged, in their order.
struct Reps<'a> {
    replications: &'a [Replication],
    looks: Looks,
}

/// The phases that a summary counts: *during* and *after*, or everything where there is no deploy.
fn counted(r: &Replication) -> &[PhaseTally] {
    if r.rollout.is_some() { &r.phases[1..] } else { &r.phases[..1] }
}

/// Whether there was anything of this phase.
fn was(p: &PhaseTally) -> bool {
    p.seconds > 0.0 || p.requests > 0
}

impl Reps<'_> {
    fn counts(&self, f: impl Fn(&Replication) -> Option<u64>) -> Figure {
        let counts: Vec<u64> = self.replications.iter().filter_map(f).collect();
        let mut figure = Estimate::of_counts(&counts)?;
        if self.looks == Looks::Every {
            figure.ci95 = anytime_counts(&counts);
        }
        Some(figure)
    }

    fn values(&self, range: Range, f: impl Fn(&Replication) -> Option<f64>) -> Figure {
        let values: Vec<f64> = self.replications.iter().filter_map(f).collect();
        let mut figure = Estimate::of(&values, range)?;
        if self.looks == Looks::Every {
            figure.ci95 = anytime_interval(&values, range, CONFIDENCE);
        }
        Some(figure)
    }

    fn rates(&self, f: impl Fn(&Replication) -> (u64, f64)) -> Figure {
        let counts: Vec<(u64, f64)> = self.replications.iter().map(f).collect();
        let mut figure = Estimate::of_rates(&counts)?;
        // The bound of what was never seen holds at every look.
        if self.looks == Looks::Every && figure.max > 0.0 {
            let rates = counts.iter().filter(|c| c.1 > 0.0).map(|&(n, seconds)| n as f64 / seconds);
            figure.ci95 = anytime_interval(&rates.collect::<Vec<_>>(), Range::NotNegative, CONFIDENCE);
        }
        Some(figure)
    }

    /// A count over the phases that a summary counts.
    fn total(&self, f: impl Fn(&PhaseTally) -> u64) -> Figure {
        self.counts(|r| Some(counted(r).iter().map(&f).sum()))
    }

    fn named(&self, names: &[&str], f: impl Fn(&PhaseTally, usize) -> u64) -> Figures {
        Figures(names.iter().enumerate().map(|(i, n)| ((*n).to_owned(), self.total(|p| f(p, i)))).collect())
    }

    fn excess(&self) -> Figure {
        self.values(Range::Any, |r| {
            let before = &r.phases[0];
            if r.rollout.is_none() || before.seconds <= 0.0 {
                return None;
            }
            let dropped: u64 = counted(r).iter().map(PhaseTally::dropped).sum();
            let seconds: f64 = counted(r).iter().map(|p| p.seconds).sum();
            Some(dropped as f64 - before.dropped() as f64 / before.seconds * seconds)
        })
    }

    /// Where nothing was dropped at all, the interval is what the bound on `dropped` leaves: both tell of the same requests.
    fn availability(&self) -> Figure {
        let ended = |r: &Replication| (counted(r)[0].succeeded, counted(r)[0].dropped());
        let mut figure = self.values(Range::Unit, |r| {
            let (succeeded, dropped) = ended(r);
            (succeeded + dropped > 0).then(|| succeeded as f64 / (succeeded + dropped) as f64)
        })?;
        let n = self.replications.len();
        if figure.min == 1.0 && n > 1 {
            let mean = self.replications.iter().map(|r| ended(r).0).sum::<u64>() as f64 / n as f64;
            figure.ci95 = Some([(1.0 - poisson_upper(n) / mean).max(0.0), 1.0]);
        }
        Some(figure)
    }

    fn phase(&self, i: usize) -> PhaseFigures {
        let count = |f: &dyn Fn(&PhaseTally) -> u64| self.counts(|r| was(&r.phases[i]).then(|| f(&r.phases[i])));
        let outcomes = Outcome::DROPPED.iter().enumerate();
        PhaseFigures {
            requests: count(&|p| p.requests),
            dropped: count(&PhaseTally::dropped),
            outcomes: Figures(outcomes.map(|(k, o)| (o.name().to_owned(), count(&|p| p.outcomes[k]))).collect()),
            seconds: self.values(Range::NotNegative, |r| was(&r.phases[i]).then_some(r.phases[i].seconds)),
        }
    }

    fn connections(&self, side: usize) -> ConnectionFigures {
        let total = |f: fn(&ConnectionTally) -> u64| self.total(|p| f(&p.connections[side]));
        let peak = self.counts(|r| counted(r).iter().map(|p| p.connections[side].peak_reconnects_per_second).max());
        let before = |r: &Replication| (r.phases[0].connections[side].reconnects, r.phases[0].seconds);
        let baseline = self.rates(before);
        let normal = baseline.map(|b| b.mean).filter(|&b| b > 0.0);
        ConnectionFigures {
            opened: total(|c| c.opened),
            reconnects: total(|c| c.reconnects),
            peak_reconnects_per_second: peak,
            baseline_reconnects_per_second: baseline,
            spike_ratio: normal.zip(peak).map(|(normal, peak)| peak.per(normal)),
            failed: total(|c| c.failed),
        }
    }

    fn capacity(&self) -> Capacity {
        let value = |range, f: fn(&Replication) -> Option<f64>| self.values(range, f);
        let [ready, fraction] = self.ranges_of_ready();
        Capacity {
            min_ready: value(ready, |r| Some(f64::from(r.capacity.min_ready))),
            min_ready_fraction: value(fraction, |r| Some(r.capacity.min_ready_fraction)),
            min_headroom: value(Range::NotNegative, |r| r.capacity.min_headroom),
            seconds_below_demand: value(Range::NotNegative, |r| Some(r.capacity.seconds_below_demand)),
        }
    }

    /// What the fewest Ready pods, and their share of `replicas`, can be: when the deploy starts there are `replicas`, unless something
    /// before it has scaled the workload beyond them, which then is seen.
    fn ranges_of_ready(&self) -> [Range; 2] {
        let capacities = || self.replications.iter().map(|r| &r.capacity);
        if capacities().any(|c| c.min_ready_fraction > 1.0) {
            return [Range::NotNegative; 2];
        }
        let replicas = capacities()
            .find(|c| c.min_ready_fraction > 0.0)
            .map(|c| libm::round(f64::from(c.min_ready) / c.min_ready_fraction) as u32);
        // With none Ready in any of them nothing scatters.
        [replicas.map_or(Range::NotNegative, Range::Of), Range::Unit]
    }

    /// Nanoseconds are merged and seconds come out, so that sums are exact.
    fn latency(&self, i: usize) -> LatencyFigures {
        let of = |f: &dyn Fn(&PhaseTally) -> f64| {
            let phase = |r: &Replication| Some(&r.phases[i]).filter(|p| p.latency.count > 0).map(f);
            self.values(Range::NotNegative, phase).map(|ns| ns.per(1e9))
        };
        let longest = |p: &PhaseTally| p.latency_max_ns as f64;
        // The upper end of a cell can lie beyond the longest there was.
        let quantile = |us: fn(&LatencyTally) -> u64| of(&|p| (us(&p.latency) as f64 * 1e3).min(longest(p)));
        LatencyFigures {
            mean: of(&|p| p.latency_sum_ns as f64 / p.latency.count as f64),
            p50: quantile(|l| l.p50),
            p90: quantile(|l| l.p90),
            p99: quantile(|l| l.p99),
            p999: quantile(|l| l.p999),
            max: of(&longest),
        }
    }

    fn rollout(&self) -> Rollout {
        let rollouts: Vec<_> = self.replications.iter().filter_map(|r| r.rollout).collect();
        let completed = rollouts.iter().filter(|r| r.duration.is_some()).count();
        let complete = completed == rollouts.len();
        let value = |f: fn(&super::replication::RolloutTally) -> Option<f64>| {
            self.values(Range::NotNegative, |r| r.rollout.as_ref().and_then(f))
        };
        Rollout {
            duration_seconds: if complete { value(|r| r.duration) } else { None },
            surge_pod_seconds: value(|r| Some(r.surge_pod_seconds)),
            complete: (!rollouts.is_empty()).then_some(complete),
            peak_pods: value(|r| Some(f64::from(r.peak_pods))),
            completed: (!rollouts.is_empty()).then_some(completed as u32),
        }
    }
}

#[cfg(test)]
mod tests;
