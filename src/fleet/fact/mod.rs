//! What happened, as flat rows: the only thing that measurement, traces and the digest ever see of the fleet.

mod calm_end;
mod ids;

use crate::engine::SimTime;

pub use calm_end::CalmEnd;
pub use ids::{NodeId, PodId, ProxyId};

/// A template, by order of first use: 0 = old, 1 = new, then later ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u16);

/// What a client was left with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// An answer 200, or a stream that ended by itself or was told to.
    Ok,
    /// Status 500.
    S500,
    /// Status 502.
    S502,
    /// Status 503.
    S503,
    /// Status 504.
    S504,
    /// The connect was refused.
    Refused,
    /// The connection ended before the answer began.
    Reset,
    /// The connection ended inside the answer.
    Truncated,
    /// The client gave up.
    Timeout,
}

impl Outcome {
    /// Every way to be dropped, in the order of the interface.
    pub const DROPPED: [Self; 8] =
        [Self::S500, Self::S502, Self::S503, Self::S504, Self::Refused, Self::Reset, Self::Truncated, Self::Timeout];

    /// Its name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::S500 => "500",
            Self::S502 => "502",
            Self::S503 => "503",
            Self::S504 => "504",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Truncated => "truncated",
            Self::Timeout => "timeout",
        }
    }
}

/// Why a request was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cause {
    /// Sent to a pod that no longer listens, because the proxy had not yet heard.
    StaleRoute,
    /// In flight when the drain window ended.
    SeveredByDrain,
    /// In flight at SIGKILL, or at SIGTERM where that means exit.
    SeveredByKill,
    /// Cut by the balancer at the end of the deregistration delay.
    SeveredByDeregistration,
    /// Written to a connection that the other side had just closed.
    KeepAliveRace,
    /// The pod's queue, or its accept queue, was full.
    Overflow,
    /// The proxy had no pod left.
    NoEndpoints,
    /// A time-out while queued or served.
    Slow,
    /// The version's own errors.
    AppError,
    /// The pod died by itself, or liveness killed it.
    Crash,
}

impl Cause {
    /// All causes, in the order of the interface.
    pub const ALL: [Self; 10] = [
        Self::StaleRoute,
        Self::SeveredByDrain,
        Self::SeveredByKill,
        Self::SeveredByDeregistration,
        Self::KeepAliveRace,
        Self::Overflow,
        Self::NoEndpoints,
        Self::Slow,
        Self::AppError,
        Self::Crash,
    ];

    /// Its name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StaleRoute => "staleRoute",
            Self::SeveredByDrain => "severedByDrain",
            Self::SeveredByKill => "severedByKill",
            Self::SeveredByDeregistration => "severedByDeregistration",
            Self::KeepAliveRace => "keepAliveRace",
            Self::Overflow => "overflow",
            Self::NoEndpoints => "noEndpoints",
            Self::Slow => "slow",
            Self::AppError => "appError",
            Self::Crash => "crash",
        }
    }
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A client: to a proxy at layer 7, to a pod at layer 4.
    Client,
    /// A proxy, to a pod.
    Upstream,
}

/// A step in a pod's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PodStep {
    /// The controller created it.
    Created,
    /// It listens.
    Started,
    /// Its readiness probe passed.
    Ready,
    /// Its readiness probe failed.
    Unready,
    /// It has a deletion timestamp.
    DeletionRequested,
    /// It was sent SIGTERM.
    Sigterm,
    /// It closed its listener.
    ListenerClosed,
    /// It exited by itself.
    Exited,
    /// It was killed.
    Killed,
    /// Its container ended, by itself or stopped for a probe, and is started again.
    Crashed,
    /// The kubelet stops its container: it failed its liveness probe, or its startup probe, too often.
    Condemned,
    /// Its node died, and it with it.
    Lost,
}

/// What happens to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum NodeStep {
    /// It died.
    Failed,
    /// The API says that it is not Ready.
    NotReady,
    /// Its pods were given deletion timestamps.
    Evicted,
    /// It was deleted from the API.
    Deleted,
    /// Its drain began: it takes no more pods.
    Cordoned,
    /// The budget refused the eviction of one of its pods.
    EvictionRefused,
    /// Nothing moves any more, and the budget still refuses.
    DrainBlocked,
    /// Nothing is left on it.
    Drained,
    /// It takes pods again.
    Uncordoned,
    /// Another machine has taken its place.
    Returned,
    /// A machine has come that was not there before.
    Joined,
}

impl NodeStep {
    /// Its name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::NotReady => "notReady",
            Self::Evicted => "evicted",
            Self::Deleted => "deleted",
            Self::Cordoned => "cordoned",
            Self::EvictionRefused => "evictionRefused",
            Self::DrainBlocked => "drainBlocked",
            Self::Drained => "drained",
            Self::Uncordoned => "uncordoned",
            Self::Returned => "returned",
            Self::Joined => "joined",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fact {
    /// A request (or a stream) came into being.
    Born,
    /// A request ended.
    Ended {
        /// When it was born.
        born: SimTime,
        /// When its last attempt was sent off: at layer 7 when the proxy had it, at layer 4 when it took its connection; its birth
        /// where it never was.
        sent: SimTime,
        /// What the client was left with.
        outcome: Outcome,
        /// Why; `None` exactly where the outcome is `Ok`.
        cause: Option<Cause>,
        /// Attempts made, retries of clients and proxies alike.
        attempts: u16,
        /// Whether it is a stream, which has no latency.
        stream: bool,
        /// Population and ordinal: the identity that the same request has under every policy.
        identity: u64,
        /// The pod of its last attempt.
        pod: Option<PodId>,
        /// Its client's proxy (layer 4: node), which made that attempt.
        proxy: ProxyId,
        /// Its client, user or stream slot, within its population.
        client: u32,
    },
    /// The simulation ends while a request is in flight.
    Unfinished {
        /// When it was born.
        born: SimTime,
    },
    /// A status was given to a client.
    Answer(u16),
    /// A connection was accepted.
    Opened {
        /// By whom it was opened.
        side: Side,
        /// Whether it replaces one that the other side had ended.
        reconnect: bool,
    },
    /// Nobody accepted an attempt to connect.
    ConnectFailed(Side),
    /// A pod took a step.
    Pod {
        /// Which.
        pod: PodId,
        /// Its version.
        revision: Revision,
        /// The step.
        step: PodStep,
    },
    /// A container that is stopped for a failed probe closed its listener; its pod stays.
    Deaf {
        /// Which pod's.
        pod: PodId,
    },
    /// A pod ended with requests in it, which are lost.
    Severed {
        /// Which pod.
        pod: PodId,
        /// Requests queued or served, and streams that were to go on to their end.
        requests: u32,
        /// Whether it was killed rather than at the end of its drain window.
        killed: bool,
    },
    /// Something happened to a node.
    Node {
        /// Which.
        node: NodeId,
        /// What.
        step: NodeStep,
    },
    /// A proxy changed its table.
    Table {
        /// Which proxy.
        proxy: ProxyId,
        /// Which pod.
        pod: PodId,
        /// Whether the pod is in it from now on.
        routed: bool,
    },
    /// The autoscaler changed the number of replicas.
    Scaled {
        /// From now on.
        replicas: u32,
    },
    /// An analysis of the new version came to an end.
    Analysis {
        /// Which of a `Rollout`'s; `None` is `deploy.analysis`.
        of: Option<AnalysisOf>,
        /// What it came to.
        verdict: AnalysisVerdict,
    },
    /// The controller changed a ReplicaSet's desired size.
    Desired {
        /// Whose.
        revision: Revision,
        /// Pods from now on.
        size: u32,
    },
    /// The deploy or one of its events changed the template or the number of pods that are wanted: the rollout is complete once that
    /// is there.
    SpecChanged,
    /// The rollout met the test of `kubectl rollout status`.
    Complete,
    /// The rollout is complete, no event is left, and the last old pod is gone: *during* ends.
    Settled,
    /// Levels that a plot shows; given whenever one of them changed, and once in each bin.
    Levels(Levels),
}

/// Where a strategy of Argo Rollouts has an analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnalysisOf {
    /// Beside the steps of a canary.
    Background,
    /// This one of those that are steps of a canary, from 0.
    Step(u32),
    /// Before the switch of a blue-green rollout.
    PrePromotion,
    /// After it.
    PostPromotion,
}

/// What an analysis came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnalysisVerdict {
    /// The new version may go on.
    Passed,
    /// It is called off.
    Failed,
    /// Somebody has to look.
    Inconclusive,
}

/// The fleet's levels at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Levels {
    /// Requests a second that the listening, routed pods can serve.
    pub capacity: f64,
    /// Requests a second that open-loop clients are set to.
    pub open_demand: f64,
    /// The closed loop's mean in *before*, requests a second; the mean so far, as long as that is not over.
    pub closed_demand: f64,
    /// Pods Ready and not being deleted.
    pub ready: u32,
    /// Pods not yet gone, terminating ones included.
    pub pods: u32,
    /// Requests waiting for a worker.
    pub queued: u32,
    /// The integral over time of the number of requests under way, from the start of the simulation (ns).
    pub under_way_area: u128,
}

impl Levels {
    /// Requests a second that the clients want.
    pub fn demand(&self) -> f64 {
        self.open_demand + self.closed_demand
    }
}
