//! Clients at layer 4 that keep a back-off for each address, as gRPC does for each of its subchannels: one that failed is left alone for
//! a while, others are asked at once, and a request that waits does so for whichever of them answers first.

use std::collections::BTreeMap;

use crate::engine::{Dur, NIL, Purpose, SimTime};
use crate::scenario::Layer;

use super::backoff::{MIN_REOPEN, wait};
use super::connection::Owner;
use super::pick::{Pick, pick_by};
use super::world::{Observer, World};

/// The addresses that clients leave alone, by population, client and pod.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(BTreeMap<(u16, u32, u32), BackingOff>);

#[derive(Clone, Copy, Debug)]
struct BackingOff {
    /// Tries that failed since a connection stood.
    tries: u32,
    until: SimTime,
}

impl Addresses {
    /// About what they take (bytes).
    pub(super) fn bytes(&self) -> usize {
        self.0.len() * (size_of::<(u16, u32, u32)>() + size_of::<BackingOff>())
    }

    /// Those that a client leaves alone at `now`, with their ends.
    fn of(&self, population: u16, client: u32, now: SimTime) -> Vec<(u32, SimTime)> {
        let all = (population, client, 0)..=(population, client, NIL);
        self.0.range(all).filter(|(_, off)| off.until > now).map(|(&(.., pod), off)| (pod, off.until)).collect()
    }
}

impl<O: Observer> World<O> {
    /// Whether clients of `population` keep a back-off for each address.
    #[inline]
    pub(super) fn keeps_addresses(&self, population: u16) -> bool {
        self.layer == Layer::L4 && self.populations[usize::from(population)].config.reconnect.per_address
    }

    /// A client's connection `c` could not be opened: its address is left alone for a while, from the beginning of the try.
    pub(super) fn address_failed(&mut self, c: u32, now: SimTime) {
        let connection = &self.connections[c];
        let (Owner::Client { population, client }, pod, began) = (connection.owner, connection.pod, connection.opened)
        else {
            return;
        };
        if pod == NIL || !self.keeps_addresses(population) {
            return;
        }
        let backoff = self.populations[usize::from(population)].config.reconnect.backoff;
        let off = self.addresses.0.entry((population, client, pod)).or_insert(BackingOff { tries: 0, until: now });
        off.tries = off.tries.saturating_add(1);
        let owner = (u64::from(population) << 32) | u64::from(client);
        let family = self.streams.family(Purpose::ReconnectBackoff, owner);
        let draw = |k: u32| family.stream((1 << 63) | (u64::from(pod) << 16) | u64::from(k & 0xFFFF));
        // Never again in the same moment, whatever is set.
        off.until = (began + wait(&backoff, off.tries, draw)).max(now + MIN_REOPEN);
    }

    /// A client's connection `c` stands: nothing is held against its address any more.
    pub(super) fn address_stands(&mut self, c: u32) {
        if let Owner::Client { population, client } = self.connections[c].owner
            && self.keeps_addresses(population)
        {
            self.addresses.0.remove(&(population, client, self.connections[c].pod));
        }
    }

    /// How long a client has to wait until there is an address that it may try.
    pub(super) fn wait_for_address(&self, population: u16, client: u32, now: SimTime) -> Dur {
        let left_alone = self.addresses.of(population, client, now);
        let table = &self.proxies[usize::from(self.proxy_of(client))].process.table;
        let end = |pod: u32| left_alone.iter().find(|(other, _)| *other == pod).map_or(now, |&(_, until)| until);
        let soonest = table.iter().filter(|h| h.is_healthy(now)).map(|h| end(h.pod)).min();
        soonest.map_or(MIN_REOPEN, |at| at.saturating_since(now))
    }

    /// The node of a client picks a pod for it among those that it does not leave alone.
    pub(super) fn pick_address(&mut self, proxy: u16, pick: Pick, now: SimTime) -> Option<u32> {
        let avoid: Vec<u32> =
            self.addresses.of(pick.population, pick.member, now).into_iter().map(|(pod, _)| pod).collect();
        if avoid.is_empty() {
            return self.pick_bound(proxy, pick, now);
        }
        let limits = self.limits(proxy, None);
        let family = self.populations[usize::from(pick.population)].balance;
        let process = &mut self.proxies[usize::from(proxy)].process;
        pick_by(process, None, pick, &avoid, family, now, limits).filter(|pod| !avoid.contains(pod))
    }
}
