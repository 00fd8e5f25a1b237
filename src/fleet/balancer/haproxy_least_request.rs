//! HAProxy's `leastconn`: the host with the fewest requests under way, of several the one that has had no more for the longest time. Its
//! servers stand in a tree by what they have under way, and whoever gets another key is put behind all of that key (`fwlc_srv_reposition`;
//! `eb32_insert` appends duplicates, `fwlc_get_next_server` takes the first). From 3.2 on it draws among several lists of a key.

use super::{Algorithm, Hosts, least_request::load};
use crate::engine::Stream;
use crate::fleet::turns::Turns;

/// No state but the table's.
#[derive(Clone, Debug)]
pub(super) struct HaproxyLeastRequest;

impl Algorithm for HaproxyLeastRequest {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, _draw: &mut Stream) -> Option<u32> {
        // Only hosts that are not like any other are looked at one by one, where it is known which those are.
        let first = if hosts.turns.is_some() && hosts.knows_who_is_out() { hosts.grown } else { 0 };
        let grown = hosts.turns.filter(|_| first > 0).and_then(Turns::first);
        let since = |i: u32| hosts.turns.map(|turns| turns.since(i));
        let n = hosts.within.map_or(hosts.len(), |within| within.len() as u32);
        let at = |k: u32| hosts.within.map_or(k, |within| within[k as usize]);
        let looked_at = (first..n).map(at).filter(|&i| hosts.usable(i));
        let load_of = |i: u32| load(hosts.active[i as usize], hosts.weight(i));
        let place =
            |&a: &u32, &b: &u32| load_of(a).total_cmp(&load_of(b)).then_with(|| (since(a), a).cmp(&(since(b), b)));
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

#[cfg(test)]
mod tests {
    use crate::engine::{Purpose, SimTime, Streams};
    use crate::fleet::balancer::{Host, Hosts, algorithm};
    use crate::fleet::table::Table;
    use crate::scenario::{self, SlowStart};

    #[test]
    fn whoever_has_had_no_more_for_the_longest_time_is_next() {
        let at = |ms: i64| SimTime::from_nanos(ms * 1_000_000);
        let mut leastconn = algorithm(scenario::Algorithm::HaproxyLeastRequest, 0);
        let mut table = Table::new(true, leastconn.takes_turns(), u32::MAX, SlowStart::NONE);
        (0..4).for_each(|pod| table.push(Host::new(pod, SimTime::ZERO)));
        let draw = &mut Streams::new(1, 0).stream(Purpose::Balance, 0);
        let mut pick = |table: &mut Table, now: SimTime| {
            table.settle(now);
            let hosts = Hosts {
                turns: table.turns(),
                out: Some(table.apart().out()),
                now,
                ..Hosts::alike(table, table.pods(), table.active())
            };
            leastconn.pick(&hosts, 0, draw).expect("a host")
        };
        let in_turn: Vec<u32> = (1..6)
            .map(|k| {
                let picked = pick(&mut table, at(k));
                table.begins(picked, at(k));
                picked
            })
            .collect();
        assert_eq!(in_turn, [0, 1, 2, 3, 0], "as they were added, and the first of them once more");
        // Told late, as what was computed ahead is: the time counts.
        table.ends(3, at(8));
        table.ends(2, at(7));
        assert_eq!(pick(&mut table, at(9)), 2);
        // One that was added last is behind those that have been idle for longer.
        table.push(Host::new(9, at(10)));
        assert_eq!(pick(&mut table, at(11)), 2);
        table.begins(2, at(11));
        table.begins(3, at(11));
        assert_eq!(pick(&mut table, at(12)), 4);
    }
}
