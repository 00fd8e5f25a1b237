//! The machines that pods run on: how many, in which zones, and how their loss is noticed.

use super::bytes::Bandwidth;
use super::diag::Diag;
use super::duration::Seconds;
use super::load_balancer::above_zero;
use super::read::{At, Read};
use super::schema::Shape;
use super::tree::Value;
use crate::engine::Dur;

/// The machines that pods run on.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// How many.
    pub count: u32,
    /// Names of the zones, to which nodes are dealt in turn.
    pub zones: Vec<String>,
    /// Pods of this workload that a node takes, terminating ones included.
    pub max_pods: u32,
    /// How often a kubelet says that it lives (`nodeLeaseDurationSeconds` / 4).
    pub heartbeat: Dur,
    /// How often the node controller looks (`--node-monitor-period`).
    pub monitor_period: Dur,
    /// A node that has been silent for so long is not Ready (`--node-monitor-grace-period`).
    pub monitor_grace_period: Dur,
    /// Its pods are evicted so long after that (`tolerationSeconds` of `node.kubernetes.io/unreachable`).
    pub toleration: Dur,
    /// Nodes of a zone that are cleared a second (`--node-eviction-rate`).
    pub eviction_rate: f64,
    /// So long after its death the node, and with it its pods, are deleted from the API; `None` = never.
    pub deleted_after: Option<Dur>,
    /// So long after its death another machine takes its place, without its pods and images; `None` = never.
    pub returns_after: Option<Dur>,
    /// Nodes that there may be at most: while pods find no room, the cluster autoscaler asks for more; `None` = nobody does.
    pub max_count: Option<u32>,
    /// From a pod that finds no room until the node that was asked for it is Ready.
    pub provision_time: Dur,
    /// When whoever has a connection to a dead node on which nothing is asked gives it up: streams.
    pub silence: Dur,
    /// Whether a kubelet pulls one image at a time (`serializeImagePulls`, its default).
    pub serialize_image_pulls: bool,
    /// Otherwise: so many at a time (`maxParallelImagePulls`); `None` = no limit.
    pub max_parallel_image_pulls: Option<u32>,
    /// What one node fetches a second at the most (bytes).
    pub pull_bandwidth: f64,
    /// What the registry gives to all nodes together a second (bytes); infinite = as much as they take.
    pub registry_bandwidth: f64,
}

/// From a pod that finds no room to a Ready node: assumed, and told as such.
const PROVISION_TIME: Dur = Dur::from_secs(120);
const MAX_NODES: u32 = 10_000;
const MAX_ZONES: usize = 100;

impl Nodes {
    /// Reads `nodes`; without it pods run anywhere, and no node can be lost. Defaults are Kubernetes' own; a node fetches
    /// 100 MB/s, about a gigabit less what else it does, and the registry gives as much as is asked for.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        let given = at.node.is_some_and(|n| !n.is_null());
        if at.is_word("none") {
            return None;
        }
        at.takes_nothing();
        let mut f = at.fields();
        let count = f.at("count");
        if given && count.node.is_none() {
            f.at.report(f.at.error("missing-field", "how many nodes are there?").help("add `count: 6`"));
        }
        f.require("count");
        let counted = f.within("count", 1, 1..=MAX_NODES);
        let most = f.at("maxCount");
        let max_count = f.opt_within("maxCount", 1..=MAX_NODES);
        if max_count.is_some_and(|most| most < counted) {
            most.out_of_range("`maxCount` is below `count`", &format!("{counted} or more"));
        }
        let provision_time = if most.node.is_some() {
            f.assume("provisionTime", PROVISION_TIME, "a machine is ordered, boots and joins: two minutes are usual")
        } else {
            f.or("provisionTime", PROVISION_TIME)
        };
        let nodes = Self {
            count: counted,
            max_count,
            provision_time,
            returns_after: f.opt("returnsAfter"),
            zones: zones(&f.at("zones")),
            max_pods: f.within("maxPods", 110, 1..=100_000),
            heartbeat: above_zero(&f.at("nodeLeaseRenewInterval"), Dur::from_secs(10)),
            monitor_period: above_zero(&f.at("nodeMonitorPeriod"), Dur::from_secs(5)),
            monitor_grace_period: f.or("nodeMonitorGracePeriod", Dur::from_secs(40)),
            toleration: f.or("tolerationSeconds", Seconds(Dur::from_secs(300))).0,
            eviction_rate: f.within("nodeEvictionRate", 0.1, 0.0..=1e6),
            deleted_after: f.opt("deletedAfter"),
            silence: f.or("silence", Dur::from_secs(60)),
            serialize_image_pulls: f.or("serializeImagePulls", true),
            max_parallel_image_pulls: f.opt_within("maxParallelImagePulls", 1..=1000),
            pull_bandwidth: f.or("pullBandwidth", Bandwidth(100e6)).0,
            registry_bandwidth: f.opt("registryBandwidth").map_or(f64::INFINITY, |Bandwidth(bytes)| bytes),
        };
        if let (true, Some(parallel)) = (nodes.serialize_image_pulls, f.key("maxParallelImagePulls")) {
            let text = "`maxParallelImagePulls` means nothing while images are pulled one at a time";
            let diag = Diag::error("contradiction", text).at(parallel, "so many at a time").path(f.at.path.clone());
            f.at.report(diag.help("add `serializeImagePulls: false`"));
        }
        f.end();
        given.then_some(nodes)
    }

    /// The zone of node `node`.
    pub const fn zone(&self, node: u32) -> u32 {
        node % self.zones.len() as u32
    }
}

/// Names of zones, each once; without any there is one.
fn zones(at: &At<'_>) -> Vec<String> {
    let one = || vec!["a".to_owned()];
    at.takes("zones", || Shape::list(String::shape(), 1));
    let Some(node) = at.node else { return one() };
    let Value::Seq(items) = &node.value else {
        at.wrong_type("a list of names such as [a, b, c]");
        return one();
    };
    let names: Vec<String> = at.value().unwrap_or_default();
    for (n, name) in names.iter().enumerate() {
        if names[..n].contains(name) {
            let item = at.item(n);
            item.report(item.error("contradiction", format!("zone `{name}` is named twice")));
        }
    }
    if items.is_empty() || items.len() > MAX_ZONES {
        at.out_of_range("these are no zones to spread over", "1 to 100 names");
        return one();
    }
    if names.is_empty() { one() } else { names }
}
