//! Nodes that come: a machine in the place of one that died, and more of them while pods find no room.

use super::super::fact::NodeStep;
use super::super::world::{Cal, Observer, World};
use super::{Cluster, Node, NodeEvent};

impl Cluster {
    /// Machines that are to be asked for now: enough for the pods that no node takes, with those that are on their way and up
    /// to the limit, as the cluster autoscaler estimates them.
    fn missing(&self) -> u32 {
        let Some(most) = self.config.max_count else { return 0 };
        let there = self.nodes.iter().filter(|n| !n.gone).count() as u32 + self.coming;
        let needed = (self.unscheduled.len() as u32).div_ceil(self.config.max_pods);
        needed.saturating_sub(self.coming).min(most.saturating_sub(there))
    }

    /// A new machine, in the zone that has the fewest: its id.
    fn join(&mut self) -> u32 {
        let zones = self.config.zones.len() as u32;
        let of = |zone: u32| self.nodes.iter().filter(|n| n.zone == zone && !n.gone && !n.dead).count();
        let zone = (0..zones).min_by_key(|&zone| of(zone)).unwrap_or(0);
        self.nodes.push(Node::new(zone));
        self.nodes.len() as u32 - 1
    }
}

impl<O: Observer> World<O> {
    /// Asks for machines where pods find no room.
    pub(super) fn ask_for_nodes(&mut self, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        let missing = cluster.missing();
        cluster.coming += missing;
        for _ in 0..missing {
            Self::at_node(cal.now() + cluster.config.provision_time, NodeEvent::Joined, cal);
        }
    }

    /// One of them is there and Ready. Its images are not.
    pub(super) fn node_joined(&mut self, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        cluster.coming -= 1;
        self.join_node(cal);
        self.settle(cal);
    }

    /// A machine more, Ready and without images.
    fn join_node(&mut self, cal: &mut Cal) {
        let Some(cluster) = &mut self.cluster else { return };
        let node = cluster.join();
        self.tell_node(node, NodeStep::Joined, cal);
        self.plan_taints(cal);
        self.tell_daemon_of(node, cal);
        self.schedule_waiting(cal);
    }

    /// The controller of a DaemonSet hears of a node.
    fn tell_daemon_of(&mut self, node: u32, cal: &mut Cal) {
        if self.cluster.as_ref().is_some_and(|c| c.daemon) {
            self.with_rollout(cal, |rollout, now, out| rollout.node_joined(now, node, out));
        }
    }

    /// A DaemonSet is scaled by its nodes: machines that `replicas` asks for and that there never were join.
    pub(in crate::fleet) fn join_nodes_of_daemon(&mut self, replicas: u32, cal: &mut Cal) {
        let there = self.cluster.as_ref().filter(|c| c.daemon).map_or(replicas, |c| c.nodes.len() as u32);
        for _ in there..replicas {
            self.join_node(cal);
        }
    }

    /// A machine takes the place of node `node`, which died: nothing that was there is there any more, and the API gives up the pods
    /// that it still had there.
    pub(super) fn node_returned(&mut self, node: u32, cal: &mut Cal) {
        self.node_deleted(node, cal);
        let Some(cluster) = &mut self.cluster else { return };
        let Node { zone, life, .. } = cluster.nodes[node as usize];
        cluster.nodes[node as usize] = Node { life: life.wrapping_add(1), ..Node::new(zone) };
        self.tell_node(node, NodeStep::Returned, cal);
        self.plan_taints(cal);
        self.tell_daemon_of(node, cal);
        self.schedule_waiting(cal);
        self.settle(cal);
    }
}
