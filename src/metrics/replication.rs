//! What one replication leaves behind: counts, quantiles and series, in integers wherever they are added up.

use super::recovery::Recovery;
use crate::engine::SimTime;
use crate::fleet::fact::{AnalysisOf, AnalysisVerdict, NodeId, NodeStep, PodId, Revision};

/// Where a request or a moment lies relative to the deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// From the end of the discarded warm-up to the deploy.
    Before,
    /// From the deploy until the rollout is complete, no event is left and the last old pod is gone.
    During,
    /// What is measured after that.
    After,
}

/// The requests of one phase. A request in flight at any moment of *during* belongs to it.
#[derive(Clone, Debug, Default)]
pub struct PhaseTally {
    /// How long the phase lasted (s); 0 where it never was.
    pub seconds: f64,
    /// Requests that belong to it, unfinished ones included.
    pub requests: u64,
    /// Those that ended well.
    pub succeeded: u64,
    /// Those still in flight at the end of the simulation.
    pub unfinished: u64,
    /// Dropped ones by outcome, in the order of `Outcome::DROPPED`.
    pub outcomes: [u64; 8],
    /// Dropped ones by cause, in the order of `Cause::ALL`.
    pub causes: [u64; 10],
    /// Ended requests with more than one attempt.
    pub retried: u64,
    /// Attempts of all that ended, by clients and proxies: one a request where nobody retries.
    pub attempts: u64,
    /// Statuses given while the phase lasted: 200, 500, 502, 503, 504.
    pub answers: [u64; 5],
    /// Latencies of succeeded requests (not streams), from birth.
    pub latency: LatencyTally,
    /// Their exact sum (ns).
    pub latency_sum_ns: u128,
    /// The exact longest (ns).
    pub latency_max_ns: u64,
    /// Connections of clients, then of proxies.
    pub connections: [ConnectionTally; 2],
}

impl PhaseTally {
    /// Requests dropped.
    pub fn dropped(&self) -> u64 {
        self.outcomes.iter().sum()
    }
}

/// The latencies of one phase: how many, and what of their distribution a result tells (µs). A quantile is the upper edge
/// of the cell that it lies in, at most 0.1 % above, and 0 where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LatencyTally {
    /// How many.
    pub count: u64,
    /// The median.
    pub p50: u64,
    /// The 90th percentile.
    pub p90: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The 99.9th percentile.
    pub p999: u64,
}

/// Connections opened while a phase lasted.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectionTally {
    /// Accepted.
    pub opened: u64,
    /// Accepted in place of one that the other side had ended.
    pub reconnects: u64,
    /// Attempts that nobody accepted.
    pub failed: u64,
    /// Most reconnects in ten neighbouring bins of 100 ms up to a moment of the phase.
    pub peak_reconnects_per_second: u64,
}

/// Capacity over *during* (with no deploy: over the whole measurement).
#[derive(Clone, Copy, Debug)]
pub struct CapacityTally {
    /// Fewest pods Ready and not being deleted.
    pub min_ready: u32,
    /// That, as a share of `replicas`.
    pub min_ready_fraction: f64,
    /// Smallest capacity / demand at any moment; `None` where nothing was demanded.
    pub min_headroom: Option<f64>,
    /// Time for which capacity was below demand (s).
    pub seconds_below_demand: f64,
}

/// How the rollout went.
#[derive(Clone, Copy, Debug)]
pub struct RolloutTally {
    /// What `kubectl rollout status` waits for (s since the deploy); `None` where it never came.
    pub duration: Option<f64>,
    /// Pod-seconds above `replicas`, terminating pods included.
    pub surge_pod_seconds: f64,
    /// Most pods at once, terminating ones included.
    pub peak_pods: u32,
}

/// One pod's life; times count from the deploy, and are `None` for a step that it never took.
#[derive(Clone, Copy, Debug)]
pub struct PodLife {
    /// Which.
    pub pod: PodId,
    /// Its version.
    pub revision: Revision,
    /// It was created.
    pub created: Option<SimTime>,
    /// It passed its readiness probe (first time).
    pub ready: Option<SimTime>,
    /// It got its deletion timestamp.
    pub deletion_requested: Option<SimTime>,
    /// It was sent SIGTERM.
    pub sigterm: Option<SimTime>,
    /// It closed its listener.
    pub listener_closed: Option<SimTime>,
    /// It was gone.
    pub gone: Option<SimTime>,
    /// Whether by SIGKILL.
    pub killed: bool,
    /// Whether with its node.
    pub lost: bool,
    /// The kubelet stopped its container for a failed probe (first time).
    pub condemned: Option<SimTime>,
    /// How often its container ended and was started again.
    pub restarts: u32,
}

impl PodLife {
    /// Nothing has happened to it yet.
    pub(super) const fn unborn(pod: PodId, revision: Revision) -> Self {
        Self {
            pod,
            revision,
            created: None,
            ready: None,
            deletion_requested: None,
            sigterm: None,
            listener_closed: None,
            gone: None,
            killed: false,
            lost: false,
            condemned: None,
            restarts: 0,
        }
    }
}

/// One second of the plot.
#[derive(Clone, Debug, Default)]
pub struct Bin {
    /// Requests a second wanted, mean over the bin.
    pub demand: f64,
    /// Requests a second that could be served, mean over the bin.
    pub capacity: f64,
    /// Pods Ready and not being deleted, mean over the bin.
    pub ready: f64,
    /// Pods not yet gone, mean over the bin.
    pub pods: f64,
    /// Requests under way, mean over the bin.
    pub in_flight: f64,
    /// Requests waiting for a worker, mean over the bin.
    pub queued: f64,
    /// Requests that ended well in the bin.
    pub ok: u64,
    /// Requests dropped in the bin, in the order of `Outcome::DROPPED`.
    pub outcomes: [u64; 8],
    /// Reconnects that reach the pods (clients' at layer 4, proxies' at layer 7).
    pub reconnects: u64,
    /// Median latency of those that ended well in the bin (s); `None` where there were none.
    pub p50: Option<f64>,
    /// Their 99th percentile (s).
    pub p99: Option<f64>,
}

/// Everything that one replication measured.
#[derive(Clone, Debug)]
pub struct Replication {
    /// What went on without end within one instant, where time stood still, or what outgrew memory: then no figure means anything.
    pub stood_still: Option<String>,
    /// Over what happened, in whatever order.
    pub digest: u64,
    /// Requests born, warm-up included.
    pub simulated_requests: u64,
    /// Facts digested, warm-up included.
    pub simulated_events: u64,
    /// Before, during, after. With no deploy everything is in the first.
    pub phases: [PhaseTally; 3],
    /// Capacity over *during*.
    pub capacity: CapacityTally,
    /// The rollout; `None` with no deploy.
    pub rollout: Option<RolloutTally>,
    /// How the fleet came back after it; `None` where that cannot be told.
    pub recovery: Option<Recovery>,
    /// Start of the first bin (s relative to the deploy), a whole multiple of the bin.
    pub first_bin: f64,
    /// One a second, from the end of the warm-up to the end of the simulation.
    pub bins: Vec<Bin>,
    /// (time, revision, desired size) from the deploy on.
    pub decisions: Vec<(SimTime, Revision, u32)>,
    /// All pods by order of creation.
    pub pods: Vec<PodLife>,
    /// What happened to nodes, in order.
    pub nodes: Vec<(SimTime, NodeId, NodeStep)>,
    /// The numbers of replicas that an autoscaler set, in order.
    pub scaled: Vec<(SimTime, u32)>,
    /// What analyses of the new version came to, in order; `None` is `deploy.analysis`.
    pub analyses: Vec<(SimTime, Option<AnalysisOf>, AnalysisVerdict)>,
}
