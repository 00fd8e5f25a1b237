//! Workloads whose pods have a place of their own: a StatefulSet's ordinals, a DaemonSet's nodes.

use super::diag::Diag;
use super::read::{At, Fields};
use super::workload::IntOrPercent;

/// How a StatefulSet replaces its pods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatefulSetUpdate {
    /// `OrderedReady`: a pod at a time, each one available before the next. Otherwise `Parallel`.
    pub ordered: bool,
    /// Pods with a smaller ordinal keep their version.
    pub partition: u32,
    /// Pods that may be unavailable at once (a percentage rounds down, at least 1); `None`, as without the feature gate
    /// `MaxUnavailableStatefulSet`: one, from the highest ordinal down.
    pub max_unavailable: Option<IntOrPercent>,
    /// Whether only pods that somebody deletes are replaced.
    pub on_delete: bool,
}

/// How a DaemonSet replaces its pods; percentages are of the nodes, and round up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DaemonSetUpdate {
    /// Nodes that may run an old and a new pod at once.
    pub max_surge: IntOrPercent,
    /// Nodes that may be without an available pod.
    pub max_unavailable: IntOrPercent,
    /// Whether only pods that somebody deletes are replaced.
    pub on_delete: bool,
}

impl StatefulSetUpdate {
    /// Reads the fields of a StatefulSet's `spec`. Defaults: `OrderedReady`, `RollingUpdate`, partition 0.
    pub(super) fn read(f: &mut Fields<'_>) -> Self {
        let ordered = f.choice("podManagementPolicy", true, &[("OrderedReady", true), ("Parallel", false)]);
        let mut update = f.at("updateStrategy").fields();
        let on_delete = read_type(&mut update);
        let mut rolling = update.at("rollingUpdate").fields();
        let partition = rolling.or("partition", 0);
        let max_unavailable = rolling.opt("maxUnavailable");
        rolling.end();
        update.end();
        Self { ordered, partition, max_unavailable, on_delete }
    }
}

impl DaemonSetUpdate {
    /// Reads the fields of a DaemonSet's `spec`. Defaults: `RollingUpdate`, maxSurge 0, maxUnavailable 1, of which the API wants
    /// one to be 0 (`ValidateRollingUpdateDaemonSet`).
    pub(super) fn read(f: &mut Fields<'_>) -> Self {
        let mut update = f.at("updateStrategy").fields();
        let on_delete = read_type(&mut update);
        let bounds = update.at("rollingUpdate");
        let (stuck, both) = (both_zero(&bounds), neither_zero(&bounds));
        let mut rolling = bounds.fields();
        let max_surge: IntOrPercent = rolling.or("maxSurge", IntOrPercent::Int(0));
        let max_unavailable: IntOrPercent = rolling.or("maxUnavailable", IntOrPercent::Int(1));
        if max_surge.is_zero() && max_unavailable.is_zero() {
            rolling.at.report(stuck);
        } else if !on_delete && !max_surge.is_zero() && !max_unavailable.is_zero() {
            rolling.at.report(both);
        }
        rolling.end();
        update.end();
        Self { max_surge, max_unavailable, on_delete }
    }
}

fn read_type(update: &mut Fields<'_>) -> bool {
    update.choice("type", false, &[("RollingUpdate", false), ("OnDelete", true)])
}

/// Both bounds 0, which Kubernetes refuses too.
fn both_zero(at: &At<'_>) -> Diag {
    at.error("stuck-rollout", "the rollout can never make progress")
        .label("neither may a pod be added nor one be missing")
        .help("set one of them above 0, as in maxUnavailable: 1")
}

/// Both bounds above 0: a node gets its new pod beside the old one, or in its place.
fn neither_zero(at: &At<'_>) -> Diag {
    let text = "a DaemonSet's `maxSurge` may not be set while its `maxUnavailable` is not 0";
    let diag = Diag::error("contradiction", text).path(format!("{}.maxSurge", at.path));
    let field = |name| at.node.and_then(|n| n.get(name)).map(|n| &n.span);
    let diag = match (field("maxSurge"), field("maxUnavailable")) {
        (Some(surge), Some(missing)) => diag.at(surge, "Kubernetes refuses this").and(missing, "beside this"),
        (Some(surge), None) => diag.at(surge, "Kubernetes refuses this: `maxUnavailable` is 1 where nothing is said"),
        (None, other) => other.map_or(diag.clone(), |span| diag.at(span, "beside `maxSurge`")),
    };
    diag.help("set one of them to 0, as in maxSurge: 1 and maxUnavailable: 0")
}
