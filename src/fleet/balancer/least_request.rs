//! The host with the fewest requests of this proxy under way, over all of them; ties at random, as nginx draws them. One that has none
//! comes before all others, however slow its start (HAProxy's `fwlc_queue_srv`; nginx's `least_conn`, which multiplies weights with what
//! is under way).

use super::{Algorithm, Hosts};
use crate::engine::Stream;
use crate::fleet::least::Least;

/// No state.
#[derive(Clone, Debug)]
pub(super) struct LeastRequest;

impl Algorithm for LeastRequest {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        // Only hosts that are not like any other are looked at one by one, where it is known which those are.
        let first = if hosts.least.is_some() && hosts.knows_who_is_out() { hosts.grown } else { 0 };
        let grown = hosts.least.filter(|_| first > 0).and_then(Least::all);
        let n = hosts.within.map_or(hosts.len(), |within| within.len() as u32);
        let at = |k: u32| hosts.within.map_or(k, |within| within[k as usize]);
        let usable = || (first..n).map(at).filter(|&i| hosts.usable(i));
        let load_of = |i: u32| load(hosts.active[i as usize], hosts.weight(i));
        let of_grown = grown.map(|(least, _)| load(least, 1.0));
        let least = usable().map(load_of).chain(of_grown).reduce(f64::min)?;
        let ties = || usable().filter(|&i| load_of(i) == least);
        // They stand before all others.
        let grown = grown.filter(|_| of_grown == Some(least)).map_or(0, |(_, ties)| ties);
        let k = draw.below(grown + ties().count() as u32);
        if k < grown {
            return hosts.least.map(|least| least.nth(k));
        }
        ties().nth((k - grown) as usize)
    }

    fn weighs_load(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}

/// How busy a host of this weight is with `active` requests: the more, the busier, whatever the weight; with none, not at all.
pub(super) fn load(active: u32, weight: f64) -> f64 {
    if active == 0 { 0.0 } else { f64::from(active + 1) / weight }
}
