//! What is rolled, in the words of a Deployment.

use super::argo::{self, BlueGreen, Canary};
use super::autoscaler::Autoscaler;
use super::diag::Diag;
use super::disruption_budget::DisruptionBudget;
use super::duration::Seconds;
use super::placed::{DaemonSetUpdate, StatefulSetUpdate};
use super::platforms::{EcsDeployment, InstanceRefresh, NomadUpdate, Pace};
use super::read::{At, Fields, Read, choose};
use super::schema::Written;
use crate::engine::Dur;

/// What is rolled, in the words of `apps/v1` Deployment.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Desired pods.
    pub replicas: u32,
    /// How old pods are replaced.
    pub strategy: Strategy,
    /// How long a pod must have been Ready to count as available.
    pub min_ready: Dur,
    /// How long the rollout may stand still before it is reported as failed.
    pub progress_deadline: Dur,
    /// Whether a terminating pod still takes up room.
    pub replacement: PodReplacement,
    /// What evictions must leave; rollouts heed none.
    pub budget: Option<DisruptionBudget>,
    /// Who changes `replicas` while the deploy goes on.
    pub autoscaler: Option<Autoscaler>,
}

/// When a pod may be created in place of one that terminates: `podReplacementPolicy`, an alpha feature of Deployments
/// (KEP-5882) that no recorded release has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PodReplacement {
    /// As soon as the other has its deletion timestamp.
    #[default]
    TerminationStarted,
    /// When the other is gone: until then it counts against `replicas` + `maxSurge`.
    TerminationComplete,
}

/// A number or a percentage of `replicas`, as in Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IntOrPercent {
    /// So many pods.
    Int(u32),
    /// So many per cent of `replicas`.
    Percent(f64),
}

impl IntOrPercent {
    /// So many of `of` pods, a percentage not rounded yet.
    pub fn of(self, of: u32) -> f64 {
        match self {
            Self::Int(pods) => f64::from(pods),
            // In this order, so that what is whole comes out whole: 7 % of 100 pods, say.
            Self::Percent(percent) => percent * f64::from(of) / 100.0,
        }
    }

    /// So many of `of` pods, a percentage rounded up.
    pub fn rounded_up(self, of: u32) -> u32 {
        libm::ceil(self.of(of)) as u32
    }

    /// So many of `of` pods, a percentage rounded down.
    pub fn rounded_down(self, of: u32) -> u32 {
        libm::floor(self.of(of)) as u32
    }
}

/// How old pods are replaced by new ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Strategy {
    /// All old pods are gone before the first new one is created.
    Recreate,
    /// Step by step, within bounds.
    RollingUpdate {
        /// Pods allowed above `replicas`; a percentage rounds up.
        max_surge: IntOrPercent,
        /// Pods allowed to be unavailable; a percentage rounds down.
        max_unavailable: IntOrPercent,
    },
    /// One ordinal after the other.
    StatefulSet(StatefulSetUpdate),
    /// Node by node.
    DaemonSet(DaemonSetUpdate),
    /// A share of pods at a time, step by step.
    Canary(Canary),
    /// All new pods beside the old ones, then a switch.
    BlueGreen(BlueGreen),
    /// An ECS service's rolling update.
    Ecs(EcsDeployment),
    /// A Nomad job's update.
    Nomad(NomadUpdate),
    /// A scaling group's instance refresh.
    InstanceRefresh(InstanceRefresh),
}

/// What the workload is, which decides about the fields that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
    Rollout,
    EcsService,
    NomadJob,
    InstanceRefresh,
}

const KINDS: [(&str, Kind); 7] = [
    ("Deployment", Kind::Deployment),
    ("StatefulSet", Kind::StatefulSet),
    ("DaemonSet", Kind::DaemonSet),
    ("Rollout", Kind::Rollout),
    ("EcsService", Kind::EcsService),
    ("NomadJob", Kind::NomadJob),
    ("InstanceRefresh", Kind::InstanceRefresh),
];

/// Whether Kubernetes' `EndpointSlice` controller tells of its pods.
pub(super) fn is_of_kubernetes(kind: &str) -> bool {
    ["Deployment", "StatefulSet", "DaemonSet", "Rollout"].contains(&kind)
}

/// This kind of workload by its name in a scenario, if it is one.
pub(super) fn kind_called(name: &str) -> Option<&'static str> {
    KINDS.iter().find(|(kind, _)| *kind == name).map(|(kind, _)| *kind)
}

impl std::fmt::Display for IntOrPercent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(n) => write!(f, "{n}"),
            Self::Percent(p) => write!(f, "{p}%"),
        }
    }
}

impl IntOrPercent {
    /// Whether it is written as nothing, which is not the same as rounding to nothing.
    pub const fn is_zero(self) -> bool {
        match self {
            Self::Int(n) => n == 0,
            Self::Percent(p) => p == 0.0,
        }
    }
}

/// The most replicas that a scenario may ask for.
pub(super) const MAX_REPLICAS: u32 = 100_000;
/// `apps/v1` Deployment: 25 % of `replicas`, for both bounds.
const QUARTER: IntOrPercent = IntOrPercent::Percent(25.0);

impl Workload {
    /// Reads `workload`. All defaults are Kubernetes' own.
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        f.read_elsewhere("manifest", String::shape);
        let replicas = f.at("replicas");
        if replicas.node.is_none() {
            replicas.cx.assume("workload.replicas 1 (Kubernetes' default)".to_owned());
        }
        let count = f.within("replicas", 1, 1..=MAX_REPLICAS);
        Self::of(f, count)
    }

    /// The same for so many replicas as stand elsewhere.
    pub(super) fn of_replicas(at: At<'_>, count: u32) -> Self {
        Self::of(at.fields(), count)
    }

    fn of(mut f: Fields<'_>, count: u32) -> Self {
        let kind = f.variant("kind", Kind::Deployment, &KINDS);
        let (strategy, pace) = Strategy::of_kind(kind, count, &mut f);
        let (min_ready, deadline) = pace.map_or_else(
            || {
                let min_ready = f.or("minReadySeconds", Seconds(Dur::ZERO)).0;
                let deadline = f.or("progressDeadlineSeconds", Seconds(Dur::from_secs(600))).0;
                // Others have no such field: there it is how long a rollout may stand beside what it has to wait for.
                let has_one = matches!(kind, Kind::Deployment | Kind::Rollout);
                (min_ready, if has_one { deadline } else { deadline + min_ready })
            },
            |pace| (pace.min_ready, pace.progress_deadline),
        );
        let workload = Self {
            replicas: count,
            strategy,
            min_ready,
            progress_deadline: deadline,
            replacement: PodReplacement::read(kind, &mut f),
            budget: DisruptionBudget::read(f.at("podDisruptionBudget")),
            autoscaler: Autoscaler::read(f.at("horizontalPodAutoscaler")),
        };
        f.end();
        workload
    }
}

impl PodReplacement {
    /// A Deployment's alone: other controllers have rules of their own.
    fn read(kind: Kind, f: &mut Fields<'_>) -> Self {
        let words =
            [("TerminationStarted", Self::TerminationStarted), ("TerminationComplete", Self::TerminationComplete)];
        if kind == Kind::Deployment { f.choice("podReplacementPolicy", words[0].1, &words) } else { words[0].1 }
    }
}

impl Strategy {
    /// The strategy of a workload of this kind, and its pace where that is said in words of its own.
    fn of_kind(kind: Kind, replicas: u32, f: &mut Fields<'_>) -> (Self, Option<Pace>) {
        let strategy = match kind {
            Kind::Deployment => Self::read(f.at("strategy")),
            Kind::StatefulSet => Self::StatefulSet(StatefulSetUpdate::read(f)),
            Kind::DaemonSet => Self::DaemonSet(DaemonSetUpdate::read(f)),
            Kind::Rollout => match argo::Rollout::read(f) {
                argo::Rollout::Canary(canary) => Self::Canary(canary),
                argo::Rollout::BlueGreen(blue_green) => Self::BlueGreen(blue_green),
            },
            Kind::EcsService => Self::Ecs(EcsDeployment::read(f, replicas)),
            Kind::NomadJob => {
                let (update, pace) = NomadUpdate::read(f);
                return (Self::Nomad(update), Some(pace));
            }
            Kind::InstanceRefresh => {
                let (refresh, pace) = InstanceRefresh::read(f);
                return (Self::InstanceRefresh(refresh), Some(pace));
            }
        };
        (strategy, None)
    }

    /// Whether `minReadySeconds` means something beside it: others say it in words of their own, or have no old pods that could stay
    /// until new ones are available.
    pub const fn has_min_ready(&self) -> bool {
        match self {
            Self::RollingUpdate { .. }
            | Self::StatefulSet(_)
            | Self::DaemonSet(_)
            | Self::Canary(_)
            | Self::BlueGreen(_) => true,
            Self::Recreate | Self::Ecs(_) | Self::Nomad(_) | Self::InstanceRefresh(_) => false,
        }
    }

    /// How long old pods stay that a router sends nothing any more; `None` where they go with the traffic that they get, or no router
    /// splits it. They need not wait for removals: the split is heard of as a new pod is.
    pub const fn stays_unasked(&self) -> Option<Dur> {
        match self {
            Self::Canary(canary) if canary.traffic_routing && !canary.dynamic_stable_scale => {
                Some(canary.scale_down_delay)
            }
            _ => None,
        }
    }

    /// Whether a Deployment has it, whose controller scales ReplicaSets in proportion and reports conditions.
    pub const fn is_deployment(&self) -> bool {
        matches!(self, Self::Recreate | Self::RollingUpdate { .. })
    }

    fn read(at: At<'_>) -> Self {
        at.takes_words(&["RollingUpdate", "Recreate"]);
        if at.node.is_some_and(|n| n.text().is_some()) {
            return Self::read_word(&at);
        }
        let mut f = at.fields();
        let rolling = f.choice("type", true, &[("RollingUpdate", true), ("Recreate", false)]);
        let bounds = f.at("rollingUpdate");
        if !rolling {
            if bounds.node.is_some_and(|n| !n.is_null()) {
                let diag = bounds.warning("ignored-field", "`rollingUpdate` means nothing with `type: Recreate`");
                bounds.report(diag.label("ignored").help("Kubernetes refuses a Deployment that has both"));
            }
            f.end();
            return Self::Recreate;
        }
        if bounds.node.is_none() {
            let path = bounds.path.trim_end_matches(".rollingUpdate");
            bounds.cx.assume(format!("{path} RollingUpdate, maxSurge 25%, maxUnavailable 25% (Kubernetes' default)"));
        }
        let strategy = Self::read_rolling(bounds);
        f.end();
        strategy
    }

    /// `strategy: Recreate`, which is short for its `type`.
    fn read_word(at: &At<'_>) -> Self {
        let rolling = Self::RollingUpdate { max_surge: QUARTER, max_unavailable: QUARTER };
        choose(at, &[("RollingUpdate", rolling.clone()), ("Recreate", Self::Recreate)]).unwrap_or(rolling)
    }

    fn read_rolling(at: At<'_>) -> Self {
        let mut f = at.fields();
        let max_surge = f.or("maxSurge", QUARTER);
        let unavailable = f.at("maxUnavailable");
        unavailable.takes("up to all", IntOrPercent::shape_up_to_all);
        unavailable.is_by_default(|| QUARTER.written());
        let max_unavailable: IntOrPercent = unavailable.value().unwrap_or(QUARTER);
        if matches!(max_unavailable, IntOrPercent::Percent(p) if p > 100.0) {
            unavailable.out_of_range("`maxUnavailable` is more than all pods", "a percentage up to 100%");
        }
        if max_surge.is_zero() && max_unavailable.is_zero() {
            f.at.cx.report(stuck(&f.at));
        }
        f.end();
        Self::RollingUpdate { max_surge, max_unavailable }
    }
}

/// Both bounds written as 0, which Kubernetes refuses too, and Argo of a canary.
pub(super) fn stuck(at: &At<'_>) -> Diag {
    let diag = Diag::error("stuck-rollout", "the rollout can never make progress")
        .path(at.path.clone())
        .help("set one of them above 0, as in maxSurge: 25%");
    let node = |name| at.node.and_then(|n| n.get(name));
    let (Some(surge), Some(unavailable)) = (node("maxSurge"), node("maxUnavailable")) else { return diag };
    diag.at(&surge.span, "no extra pod may be started").and(&unavailable.span, "and none may be stopped")
}
