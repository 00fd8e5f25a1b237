//! nginx's round robin: at each turn every host that may be picked gains its weight, and the one that has gained most pays for all
//! of them. Without failures its turns are those of plain round robin. A pod that this request has tried already gains nothing
//! at the next try, though, so that a retry does not simply take the next pod's turn: where several pods are dead it hits
//! another of them less often, or more often, by where they stand.

use super::{Algorithm, Host, Hosts};
use crate::engine::{Round, Stream, Tournament};

/// What a host has gained (nginx's `current_weight`); of those that have as much the first is picked.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Gain(f64);

impl Round for Gain {
    const NOBODY: Self = Self(f64::NEG_INFINITY);

    #[inline]
    fn of(left: Self, right: Self) -> Self {
        if right.0 > left.0 { right } else { left }
    }
}

/// What each has gained beyond what all have: a turn in which all may be picked changes one of them.
#[derive(Clone, Debug, Default)]
pub(super) struct SmoothRoundRobin {
    /// By position in the table.
    gained: Tournament<Gain>,
    all: f64,
    /// The table's pods.
    pods: Vec<u32>,
}

impl Algorithm for SmoothRoundRobin {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, _draw: &mut Stream) -> Option<u32> {
        if self.pods.len() != hosts.table.len() {
            self.table_changed(hosts.table);
        }
        if !hosts.is_flat() {
            return self.pick_by_weight(hosts);
        }
        // As a rule few may not be picked: they gain nothing, and are out of it for this turn.
        let out = hosts.not_usable();
        let turns = hosts.len() - out.len() as u32;
        if turns == 0 {
            return None;
        }
        let held: Vec<Gain> = out.iter().map(|&i| self.gained.replace(i as usize, Gain::NOBODY)).collect();
        let most = self.gained.all();
        let i = self.gained.descend(|left| left.0 < most.0);
        self.all += 1.0;
        self.gained.set(i, Gain(most.0 - f64::from(turns)));
        for (&i, &Gain(gained)) in out.iter().zip(&held) {
            self.gained.set(i as usize, Gain(gained - 1.0));
        }
        Some(i as u32)
    }

    fn table_changed(&mut self, table: &[Host]) {
        let (before, gained, all) = (std::mem::take(&mut self.pods), &self.gained, std::mem::take(&mut self.all));
        // Those that stay keep their order, as a rule.
        let mut next = 0;
        let of = |host: &Host| {
            let (behind, ahead) = before.split_at(next);
            let known = |pods: &[u32]| pods.iter().position(|&pod| pod == host.pod);
            let at = known(ahead).map(|at| at + behind.len()).or_else(|| known(behind));
            next = at.map_or(next, |at| at + 1);
            Gain(at.map_or(0.0, |at| gained.value(at).0 + all))
        };
        let gains: Vec<Gain> = table.iter().map(of).collect();
        self.gained = Tournament::of(gains.into_iter());
        self.pods = table.iter().map(|host| host.pod).collect();
    }

    fn bytes(&self) -> usize {
        self.gained.bytes() + self.pods.capacity() * size_of::<u32>()
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}

impl SmoothRoundRobin {
    /// A turn in which some may weigh less than others.
    fn pick_by_weight(&mut self, hosts: &Hosts<'_>) -> Option<u32> {
        let (mut total, mut most) = (0.0, None);
        for i in (0..hosts.len()).filter(|&i| hosts.usable(i)) {
            let weight = hosts.weight(i);
            let gained = self.gained.value(i as usize).0 + weight;
            self.gained.set(i as usize, Gain(gained));
            total += weight;
            if most.is_none_or(|(_, before)| gained > before) {
                most = Some((i, gained));
            }
        }
        let (i, gained) = most?;
        self.gained.set(i as usize, Gain(gained - total));
        Some(i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, SimTime, Streams};
    use crate::fleet::balancer::round_robin::RoundRobin;

    fn hosts<'a>(table: &'a [Host], active: &'a [u32], avoid: &'a [u32], restricted: bool) -> Hosts<'a> {
        let pods = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12][..table.len()];
        Hosts { avoid, restricted, ..Hosts::alike(table, pods, active) }
    }

    /// `requests` requests of two tries each, one after the other, of which those fail that meet one of `dead` twice.
    fn failures(algorithm: &mut dyn Algorithm, n: u32, dead: &[u32], requests: u32) -> u32 {
        let table: Vec<Host> = (0..n).map(|pod| Host::new(pod, SimTime::ZERO)).collect();
        let active = vec![0; n as usize];
        let mut draw = Streams::new(1, 0).stream(Purpose::Balance, 0);
        algorithm.table_changed(&table);
        let mut fails = |avoid: &[u32]| {
            let hosts = hosts(&table, &active, avoid, !avoid.is_empty());
            let pod = algorithm.pick(&hosts, 0, &mut draw).expect("all may be picked");
            (dead.contains(&pod), pod)
        };
        let mut failed = 0;
        for _ in 0..requests {
            let (first, pod) = fails(&[]);
            failed += u32::from(first && fails(&[pod]).0);
        }
        failed
    }

    #[test]
    fn a_retry_meets_a_dead_pod_as_often_as_with_nginx() {
        // Counts of ngx_http_upstream_get_peer's arithmetic (1.22.1), worked out apart from this.
        for (n, dead, smooth, plain) in [
            (6, &[0, 2, 4][..], 249, 0),
            (6, &[0, 1, 2], 250, 250),
            (9, &[0, 1, 2, 3, 4, 5], 260, 501),
            (7, &[0, 1], 165, 167),
        ] {
            assert_eq!(failures(&mut SmoothRoundRobin::default(), n, dead, 1000), smooth, "{dead:?} of {n}");
            assert_eq!(failures(&mut RoundRobin::default(), n, dead, 1000), plain, "{dead:?} of {n}");
        }
    }

    #[test]
    fn whoever_is_out_for_a_turn_it_is_the_arithmetic_of_each_by_itself() {
        let mut dice = Streams::new(3, 0).stream(Purpose::Balance, 0);
        let mut table: Vec<Host> = (0..13).map(|pod| Host::new(pod, SimTime::ZERO)).collect();
        let active = vec![0; table.len()];
        let (mut algorithm, mut gained) = (SmoothRoundRobin::default(), vec![0_i64; table.len()]);
        for turn in 0..5_000 {
            let restricted = dice.below(3) == 0;
            let share = dice.below(5);
            for host in &mut table {
                host.unhealthy = restricted && dice.below(4) < share;
            }
            let usable = || (0..table.len()).filter(|&i| !table[i].unhealthy);
            usable().for_each(|i| gained[i] += 1);
            let expected = usable().reduce(|best, i| if gained[i] > gained[best] { i } else { best });
            if let Some(i) = expected {
                gained[i] -= usable().count() as i64;
            }
            let hosts = hosts(&table, &active, &[], restricted);
            assert_eq!(algorithm.pick(&hosts, 0, &mut dice), expected.map(|i| i as u32), "turn {turn}");
        }
    }
}
