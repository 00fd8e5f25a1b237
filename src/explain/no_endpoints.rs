//! Why a proxy had no pod to pick: a rollout that it had not followed is only one way to get there.

use super::chain::{Teller, load};
use super::remedy::against_no_endpoints;
use super::tracer::Ending;
use crate::fleet::fact::PodId;
use crate::metrics::PodRow;
use crate::scenario::{DeployAction, LoadBalancer, Membership};

impl Teller<'_> {
    /// What had become of the pods of the proxy of `e`, and what would have left it one, where that is known.
    pub(super) fn no_endpoints(&self, e: &Ending) -> (String, Option<String>) {
        let proxy = self.proxy(e);
        // The pods that are known by their lives are those of what is rolled.
        let rolled = self.scenario.rolled();
        if e.proxy.tier().is_some_and(|tier| tier != rolled.behind) {
            return (format!("{proxy} had no pod left; {}", load(e)), None);
        }
        let balancer = self.balancer(e);
        let rolls = self.scenario.deploy.is_some() && self.has_lost_any(e);
        if balancer.membership == Membership::Reload && rolls && e.levels.ready > 1 {
            let text = format!(
                "the table from before a reload, which an old process of {proxy} keeps while it serves its connections, had no pod \
                 left in it; {}",
                load(e)
            );
            return (text, Some(format!("{}.membership: api", balancer.path)));
        }
        let known = (0..self.pods.len()).filter(|&n| self.is_known(PodId(n as u32), e)).count();
        if let Some(health) = ejecting(balancer).filter(|_| known > 0) {
            let pods = if known == 1 { "the pod".to_owned() } else { format!("any of the {known} pods") };
            let text = format!("{proxy} might not pick {pods} in its table, ejected by {health}; {}", load(e));
            let at_most = (balancer.passive_health.max_fails > 0 && balancer.active_health.is_none())
                .then(|| format!("a smaller {}.passiveHealth.maxEjected", balancer.path));
            return (text, at_most);
        }
        let troubles = self.troubles(e);
        if !troubles.is_empty() {
            return (format!("{proxy} had no pod left: {}; {}", troubles.join(", "), load(e)), None);
        }
        let at = e.at.secs();
        let was = |t: Option<f64>| t.is_some_and(|t| t <= at);
        let prevented = rolls.then(|| against_no_endpoints(&rolled, &balancer.path)).flatten();
        let replaced = self.pods.iter().any(|p| p.created.is_some() && was(p.ready));
        let text = if rolls && replaced {
            format!("{proxy} had let go of the last old pod before it heard of a new one; {}", load(e))
        } else {
            format!("{proxy} had no pod left; {}", load(e))
        };
        (text, prevented)
    }

    /// Whether pods had been deleted by then, or the proxy of `e` had taken any out of its table: at a switch they stay for a while.
    fn has_lost_any(&self, e: &Ending) -> bool {
        let at = e.at.secs();
        let mut changes = self.trace.tables.iter().filter(|((_, proxy), _)| *proxy == e.proxy).flat_map(|(_, all)| all);
        self.pods.iter().any(|p| p.deletion_requested.is_some_and(|t| t <= at))
            || changes.any(|&(t, routed)| !routed && t <= e.at)
    }

    /// Whether the proxy of `e` had `pod` in its table at that time. Of those that it had from the beginning only the removal is told.
    fn is_known(&self, pod: PodId, e: &Ending) -> bool {
        let changes = self.trace.tables.get(&(pod, e.proxy)).map_or(&[][..], Vec::as_slice);
        let last = changes.iter().rev().find(|(t, _)| *t <= e.at).map(|&(_, routed)| routed);
        last.unwrap_or_else(|| self.pods.get(pod.0 as usize).is_some_and(|p| p.created.is_none()))
    }

    /// What had befallen the pods by then that is no part of a rollout.
    fn troubles(&self, e: &Ending) -> Vec<String> {
        let at = e.at.secs();
        let count = |of: &dyn Fn(&PodRow) -> bool| self.pods.iter().filter(|p| of(p)).count();
        let pods = |n: usize, what: &str, one: &str| match n {
            0 => None,
            1 => Some(format!("1 pod {one}")),
            n => Some(format!("{n} pods {what}")),
        };
        let lost = count(&|p| p.lost && p.gone.is_some_and(|t| t <= at));
        let crashed = count(&|p| p.restarts > 0);
        let (scaled, unready) = self.done_to_pods(at);
        [
            pods(lost, "were lost with their nodes", "was lost with its node"),
            pods(crashed, "had their containers started anew (restarts)", "had its container started anew (restarts)"),
            pods(unready, "were made unready", "was made unready"),
            scaled.then(|| "the workload was scaled to 0".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether the workload had been scaled to 0, and how many pods events had made unready.
    fn done_to_pods(&self, at: f64) -> (bool, usize) {
        let mut unready: Vec<u32> = Vec::new();
        let mut replicas = self.scenario.rolled().workload.replicas;
        let mut events: Vec<_> = self.scenario.deploy.iter().flat_map(|d| &d.events).collect();
        events.sort_by(|a, b| a.at_secs.total_cmp(&b.at_secs));
        for event in events.iter().filter(|event| event.at_secs <= at) {
            match &event.action {
                DeployAction::Scale(n) => replicas = *n,
                DeployAction::Unready(pods) => unready.extend(pods),
                DeployAction::Ready(pods) => unready.retain(|pod| !pods.contains(pod)),
                _ => {}
            }
        }
        unready.sort_unstable();
        unready.dedup();
        (replicas == 0, unready.len())
    }
}

/// What lets a proxy keep away from pods that are in its table.
fn ejecting(balancer: &LoadBalancer) -> Option<String> {
    let passive = (balancer.passive_health.max_fails > 0).then_some("passiveHealth");
    let active = balancer.active_health.map(|_| "activeHealth");
    let by: Vec<String> =
        passive.into_iter().chain(active).map(|health| format!("{}.{health}", balancer.path)).collect();
    (!by.is_empty()).then(|| by.join(" or "))
}
