//! Clients bound to pods: by sticky sessions while the proxy believes in the pod, by connection tracking even beyond.

use std::collections::BTreeMap;

use crate::engine::SimTime;
use crate::scenario::Layer;

use super::pick::Pick;
use super::process::Process;
use super::world::{Observer, World};

/// Which pod each client is bound to, and until when; empty where no client ever is.
#[derive(Clone, Debug, Default)]
pub(super) struct Bindings {
    /// By population and client.
    sticky: BTreeMap<(u16, u32), Binding>,
    /// By population, client and source port.
    flows: BTreeMap<(u16, u32, u32), Binding>,
}

#[derive(Clone, Copy, Debug)]
struct Binding {
    pod: u32,
    until: SimTime,
}

impl Bindings {
    /// About what they take (bytes).
    pub(super) fn bytes(&self) -> usize {
        let entry = size_of::<(u16, u32, u32)>() + size_of::<Binding>();
        (self.sticky.len() + self.flows.len()) * entry
    }
}

impl<O: Observer> World<O> {
    /// The pod that whoever asks is bound to, if `process` believes in it and it has not failed the request before.
    pub(super) fn sticky_pod(&self, process: &Process, pick: Pick, now: SimTime) -> Option<u32> {
        let bound = self.bindings.sticky.get(&(pick.population, pick.member)).filter(|b| now < b.until)?;
        let position = process.table.position(bound.pod)? as usize;
        let host = &process.table[position];
        let believed = host.is_healthy(now) || process.panics(self.balancer.panic, now);
        let free = process.table.active()[position] < self.max_busy && !pick.avoid.contains(&host.pod);
        (believed && free).then_some(bound.pod)
    }

    /// A client is bound to `pod` from now on, until it has not asked for so long.
    pub(super) fn stick(&mut self, population: u16, member: u32, pod: u32, now: SimTime) {
        let Some(sticky) = self.balancer.sticky else { return };
        let until = if sticky.lifetime.is_zero() { SimTime::MAX } else { now + sticky.lifetime };
        self.bindings.sticky.insert((population, member), Binding { pod, until });
    }

    /// Layer 4: the pod that connection `ordinal` of a client goes to whatever the table says, since its flow has an entry.
    pub(super) fn pinned_pod(&mut self, population: u16, member: u32, ordinal: u32, now: SimTime) -> Option<u32> {
        let pinning = self.balancer.pinning.filter(|_| self.layer == Layer::L4)?;
        let flow = self.bindings.flows.get_mut(&(population, member, ordinal % pinning.ports))?;
        if flow.until <= now {
            return None;
        }
        flow.until = now + pinning.timeout;
        Some(flow.pod)
    }

    /// Connection `ordinal` of a client goes to `pod`: its flow has an entry from now on.
    pub(super) fn pin(&mut self, population: u16, member: u32, ordinal: u32, pod: u32, now: SimTime) {
        if let Some(pinning) = self.balancer.pinning.filter(|_| self.layer == Layer::L4) {
            let flow = (population, member, ordinal % pinning.ports);
            self.bindings.flows.insert(flow, Binding { pod, until: now + pinning.timeout });
        }
    }

    /// A request passes on a client's flow, and its entry lives on. Which port it has is known of a client with one alone;
    /// those of many are taken to be short-lived.
    #[cold]
    pub(super) fn flow_passes(&mut self, population: u16, member: u32, now: SimTime) {
        if let Some(pinning) = self.balancer.pinning.filter(|p| p.ports == 1)
            && let Some(flow) = self.bindings.flows.get_mut(&(population, member, 0))
            && flow.until > now
        {
            flow.until = now + pinning.timeout;
        }
    }
}
