//! Proxies that prefer the pods of their own zone.

use crate::engine::SimTime;

use super::table::Table;
use super::world::{Observer, World};

/// What a proxy prefers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    zone: u16,
    /// So many pods there are enough.
    min_pods: u32,
}

impl Near {
    /// Its zone, if enough pods of `table` are there that may be picked.
    #[cold]
    pub(super) fn zone(self, table: &Table, panics: bool, now: SimTime) -> Option<u16> {
        let all = table.zone(self.zone).len();
        let marked = table.unhealthy(now).filter(|host| host.zone == self.zone).count();
        let there = if panics { all } else { all - marked };
        (there >= self.min_pods as usize).then_some(self.zone)
    }
}

impl<O: Observer> World<O> {
    /// What `proxy` prefers, where it prefers anything. Proxies are dealt to the zones in turn, as nodes are.
    #[inline(always)]
    pub(super) fn near(&self, proxy: u16) -> Option<Near> {
        let locality = self.balancer.locality?;
        let zones = self.cluster.as_ref()?.zones();
        let zone = proxy / self.balancer.workers as u16 % zones;
        Some(Near { zone, min_pods: locality.min_pods })
    }

    /// The zone of `pod`; of one without a node the first.
    pub(super) fn zone_of(&self, pod: u32) -> u16 {
        self.cluster.as_ref().map_or(0, |cluster| cluster.zone_of(pod))
    }
}
