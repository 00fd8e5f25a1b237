//! Images: the first pod of a version on a node has it pulled, the others find it, and all nodes share the registry.

use std::collections::VecDeque;

use crate::engine::{Dur, Purpose, SimTime};
use crate::scenario::PullPolicy;

use super::super::fact::Revision;
use super::super::world::{Cal, Observer, World};
use super::NodeEvent;

/// A kubelet's image puller.
#[derive(Clone, Debug, Default)]
pub(super) struct Puller {
    /// Versions whose images the node has.
    images: Vec<Revision>,
    /// Pods whose images have not had their turn.
    queue: VecDeque<u32>,
    /// Pods for which something is being pulled now, with who waits for the same.
    active: Vec<(u32, Vec<u32>)>,
}

impl Puller {
    /// The node has the image of `revision`.
    pub(super) fn has(&mut self, revision: Revision) {
        if !self.images.contains(&revision) {
            self.images.push(revision);
        }
    }
}

/// A transfer from the registry.
#[derive(Clone, Copy, Debug)]
struct Transfer {
    node: u32,
    pod: u32,
    /// What is left (bytes), and how fast it comes now (bytes/s).
    left: f64,
    rate: f64,
}

/// All transfers, which share what the nodes and the registry can carry.
#[derive(Clone, Debug)]
pub(super) struct Transfers {
    node_bandwidth: f64,
    registry_bandwidth: f64,
    now: Vec<Transfer>,
    since: SimTime,
    /// Counts the moments at which the rates changed.
    changes: u32,
}

impl Transfers {
    pub(super) const fn new(node_bandwidth: f64, registry_bandwidth: f64) -> Self {
        Self { node_bandwidth, registry_bandwidth, now: Vec::new(), since: SimTime::MIN, changes: 0 }
    }

    /// Takes off what has come since the rates last changed.
    fn advance(&mut self, now: SimTime) {
        let span = now.saturating_since(self.since).secs();
        for transfer in &mut self.now {
            transfer.left -= transfer.rate * span;
        }
        self.since = now;
    }

    /// Gives every transfer its share: a node's own evenly to each of its transfers, the registry's to all, where what one
    /// cannot take goes to the others. When the first one is over; `None` where there is none.
    fn share(&mut self, now: SimTime) -> Option<SimTime> {
        self.changes += 1;
        let caps: Vec<f64> = self
            .now
            .iter()
            .map(|t| self.node_bandwidth / self.now.iter().filter(|o| o.node == t.node).count() as f64)
            .collect();
        for (transfer, rate) in self.now.iter_mut().zip(shares(&caps, self.registry_bandwidth)) {
            transfer.rate = rate;
        }
        let first = self.now.iter().map(|t| (t.left / t.rate).max(0.0)).min_by(f64::total_cmp)?;
        // Up to the nanosecond after, so that nothing is left by then.
        Some(now + Dur::from_secs_f64(first) + Dur::from_nanos(1))
    }
}

/// Max-min fair shares of `total` among takers that take so much each at the most.
fn shares(caps: &[f64], total: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..caps.len()).collect();
    order.sort_by(|&a, &b| caps[a].total_cmp(&caps[b]).then(a.cmp(&b)));
    let mut rates = vec![0.0; caps.len()];
    let mut left = total;
    for (n, &i) in order.iter().enumerate() {
        rates[i] = caps[i].min(left / (caps.len() - n) as f64);
        left -= rates[i];
    }
    rates
}

/// Less than this of a transfer (bytes) is nothing.
const NOTHING: f64 = 1.0;

impl<O: Observer> World<O> {
    /// Whether `pod` has to wait for its image; then it is started when that is there.
    pub(in crate::fleet) fn pulls_first(&mut self, pod: u32, cal: &mut Cal) -> bool {
        let p = &self.pods[pod as usize];
        let (revision, version) = (p.revision, p.version());
        let Some(policy) = self.versions[version].pod.image.as_ref().map(|i| i.policy) else { return false };
        let Some(cluster) = &mut self.cluster else { return false };
        let Some(node) = cluster.node_of(pod) else { return false };
        let puller = &mut cluster.nodes[node as usize].puller;
        let there = puller.images.contains(&revision);
        if policy != PullPolicy::Always && there || puller.pulled_for(pod) {
            return false;
        }
        if policy != PullPolicy::Never {
            puller.queue.push_back(pod);
            self.pull_next(node, cal);
        }
        true
    }

    /// As many of the node's pulls as may be under way are.
    fn pull_next(&mut self, node: u32, cal: &mut Cal) {
        loop {
            let Some(cluster) = &mut self.cluster else { return };
            let serialized = cluster.config.serialize_image_pulls;
            let most = match (serialized, cluster.config.max_parallel_image_pulls) {
                (true, _) => 1,
                (false, most) => most.map_or(usize::MAX, |n| n as usize),
            };
            let puller = &mut cluster.nodes[node as usize].puller;
            let Some(&pod) = puller.queue.front() else { return };
            let revision = self.pods[pod as usize].revision;
            let there = puller.images.contains(&revision);
            let same = puller.active.iter_mut().find(|(other, _)| self.pods[*other as usize].revision == revision);
            if let Some((_, waiting)) = same.filter(|_| !there && !serialized) {
                // Each layer is fetched once, whoever asks for it.
                puller.queue.pop_front();
                waiting.push(pod);
                continue;
            }
            if puller.active.len() >= most {
                return;
            }
            puller.queue.pop_front();
            if there && !self.asks_always(pod) {
                // It came while this one waited.
                self.start_container(pod, cal);
                continue;
            }
            if let Some(cluster) = &mut self.cluster {
                cluster.nodes[node as usize].puller.active.push((pod, Vec::new()));
            }
            self.begin_pull(node, pod, there, cal);
        }
    }

    /// Whether the registry is asked for every pod, whatever the node has.
    fn asks_always(&self, pod: u32) -> bool {
        let image = self.versions[self.pods[pod as usize].version()].pod.image.as_ref();
        image.is_some_and(|i| i.policy == PullPolicy::Always)
    }

    fn begin_pull(&mut self, node: u32, pod: u32, there: bool, cal: &mut Cal) {
        let size = self.versions[self.pods[pod as usize].version()].pod.image.as_ref().map_or(0.0, |i| i.size);
        if there || size < NOTHING {
            return self.finish_pull(node, pod, cal);
        }
        let Some(cluster) = &mut self.cluster else { return };
        cluster.transfers.advance(cal.now());
        cluster.transfers.now.push(Transfer { node, pod, left: size, rate: 0.0 });
        self.share_bandwidth(cal);
    }

    fn share_bandwidth(&mut self, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        if let Some(at) = cluster.transfers.share(cal.now()) {
            let change = cluster.transfers.changes;
            Self::at_node(at, NodeEvent::Transferred(change), cal);
        }
    }

    /// The first of the transfers under way is over.
    pub(super) fn on_transferred(&mut self, change: u32, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        if cluster.transfers.changes != change {
            return;
        }
        cluster.transfers.advance(cal.now());
        let (over, left): (Vec<Transfer>, Vec<Transfer>) =
            cluster.transfers.now.iter().copied().partition(|t| t.left < NOTHING);
        cluster.transfers.now = left;
        self.share_bandwidth(cal);
        for Transfer { node, pod, .. } in over {
            self.finish_pull(node, pod, cal);
        }
    }

    /// What a pull takes beside the transfer.
    fn finish_pull(&mut self, node: u32, pod: u32, cal: &mut Cal) {
        let mut draw = self.pod_stream(pod, Purpose::ImagePull);
        let p = &self.pods[pod as usize];
        let image = self.versions[p.version()].pod.image.as_ref();
        let pull = image.and_then(|i| i.pull.as_ref()).map_or(Dur::ZERO, |d| d.sample(&mut draw, u64::from(p.ordinal)));
        Self::at_node(cal.now() + pull, NodeEvent::Pulled { node, pod }, cal);
    }

    /// The image is there: whoever waited for it starts, and the next pull has its turn.
    pub(super) fn on_pulled(&mut self, node: u32, pod: u32, cal: &mut Cal) {
        let revision = self.pods[pod as usize].revision;
        let Some(cluster) = &mut self.cluster else { return };
        let puller = &mut cluster.nodes[node as usize].puller;
        let Some(n) = puller.active.iter().position(|(p, _)| *p == pod) else { return };
        puller.has(revision);
        let waiting = puller.active[n].1.clone();
        for pod in std::iter::once(pod).chain(waiting) {
            self.start_container(pod, cal);
        }
        if let Some(cluster) = &mut self.cluster {
            let puller = &mut cluster.nodes[node as usize].puller;
            puller.active.retain(|(p, _)| *p != pod);
        }
        self.pull_next(node, cal);
    }

    /// A node that dies fetches nothing any more.
    pub(super) fn stop_pulls(&mut self, node: u32, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        cluster.nodes[node as usize].puller = Puller::default();
        cluster.transfers.advance(cal.now());
        let before = cluster.transfers.now.len();
        cluster.transfers.now.retain(|t| t.node != node);
        if cluster.transfers.now.len() < before {
            self.share_bandwidth(cal);
        }
    }
}

impl Puller {
    /// Whether what is being pulled for `pod` has just come.
    fn pulled_for(&self, pod: u32) -> bool {
        self.active.iter().any(|(p, waiting)| *p == pod || waiting.contains(&pod))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_cannot_take_goes_to_the_others() {
        assert_eq!(shares(&[10.0, 10.0], 100.0), [10.0, 10.0]);
        assert_eq!(shares(&[100.0, 10.0, 100.0], 90.0), [40.0, 10.0, 40.0]);
        assert_eq!(shares(&[50.0; 4], 100.0), [25.0; 4]);
        assert_eq!(shares(&[50.0, 50.0], f64::INFINITY), [50.0, 50.0]);
        assert!(shares(&[], 1.0).is_empty());
    }

    #[test]
    fn rates_follow_who_comes_and_goes() {
        let at = |secs: f64| SimTime::ZERO + Dur::from_secs_f64(secs);
        let transfer = |node| Transfer { node, pod: node, left: 100.0, rate: 0.0 };
        let mut t = Transfers::new(10.0, 15.0);
        t.advance(at(0.0));
        t.now.push(transfer(0));
        assert_eq!(t.share(at(0.0)).map(SimTime::secs), Some(10.000_000_001));
        // After 5 s another node comes: 7.5 each, and 50 left of the first.
        t.advance(at(5.0));
        t.now.push(transfer(1));
        let over = t.share(at(5.0)).expect("something is under way").secs();
        assert!((over - (5.0 + 50.0 / 7.5)).abs() < 1e-6, "{over}");
    }
}
