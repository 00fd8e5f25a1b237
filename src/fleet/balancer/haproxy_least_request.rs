//! HAProxy's `leastconn`: the host with the fewest requests under way, of several the one that has had no more for the longest time. Its
//! servers stand in a tree by what they have under way, and whoever gets another key is put behind all of that key (`fwlc_srv_reposition`;
//! `eb32_insert` appends duplicates, `fwlc_get_next_server` takes the first). From 3.2 on it draws among several lists of a key.

use super::{Algorithm, Hosts, least_request::load};
use crate::engine::Stream;

/// No state but the table's.
#[derive(Clone, Debug)]
pub(super) struct HaproxyLeastRequest;

impl Algorithm for HaproxyLeastRequest {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, _draw: &mut Stream) -> Option<u32> {
        // Only hosts that are not like any other are looked at one by one, where it is known which those are.
        let first = if hosts.least.is_some() && hosts.knows_who_is_out() { hosts.grown } else { 0 };
        let grown = hosts.least.filter(|least| first > 0 && least.all().is_some()).map(super::Least::first);
        let n = hosts.within.map_or(hosts.len(), |within| within.len() as u32);
        let at = |k: u32| hosts.within.map_or(k, |within| within[k as usize]);
        let looked_at = (first..n).map(at).filter(|&i| hosts.usable(i));
        let load_of = |i: u32| load(hosts.active[i as usize], hosts.weight(i));
        let place = |&a: &u32, &b: &u32| {
            load_of(a).total_cmp(&load_of(b)).then_with(|| (hosts.since(a), a).cmp(&(hosts.since(b), b)))
        };
        grown.into_iter().chain(looked_at).min_by(place)
    }

    fn weighs_load(&self) -> bool {
        true
    }

    fn takes_turns(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
