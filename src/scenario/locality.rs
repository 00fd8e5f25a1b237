//! Whether a balancer prefers what is near.

use super::read::At;
use super::schema::Json;
use super::tree::Value;

/// Pods of a proxy's own zone come first, as with `trafficDistribution: PreferClose` (`PreferSameZone`) of a Service: all of its traffic
/// stays there while enough of them are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locality {
    /// So many healthy ones are enough.
    pub min_pods: u32,
}

impl Locality {
    /// Default: none. `zone` is one pod, as kube-proxy has it (`trafficDistribution` in Kubernetes' *Virtual IPs and Service Proxies*).
    pub(super) fn read(at: &At<'_>) -> Option<Self> {
        at.takes_words(&["zone", "none"]);
        at.needs_fields();
        at.is_by_default(|| Json::text("none"));
        if at.is_word("zone") {
            return Some(Self { min_pods: 1 });
        }
        match at.node.map(|node| &node.value) {
            None => None,
            Some(Value::Map(_)) => {
                let mut f = At { cx: at.cx, path: at.path.clone(), node: at.node }.fields();
                let locality = Self { min_pods: f.within("minPods", 1, 1..=1_000_000) };
                f.end();
                Some(locality)
            }
            Some(_) => {
                if !at.is_word("none") {
                    at.wrong_type("`zone`, `none`, or a map with `minPods`");
                }
                None
            }
        }
    }
}
