//! HAProxy's `roundrobin`: every server has a place on a line on which the turns go by, and once it is picked it comes again as many turns
//! later as its share of all weight says (`fwrr_get_next_server` and what that calls; 2.6). One that comes up is put between the others,
//! not behind them, at a part of the way that is left of this lap: for a lap the turns are no longer those of a list. And whoever is passed
//! over, because a request has tried it or it is full, has had its turn.

mod laps;
mod line;

use super::{Algorithm, Host, Hosts};
use crate::engine::{Family, Stream};
use laps::{Laps, Server, WHOLE};

/// The servers of a proxy's table, and their turns.
#[derive(Clone, Debug, Default)]
pub(super) struct HaproxyRoundRobin {
    laps: Laps,
    /// Slots that are nobody's any more.
    free: Vec<u32>,
    /// By position in the table.
    slots: Vec<u32>,
    /// Those that take no turns, in the order in which they came to that.
    out: Vec<u32>,
    /// The first in the table that may not have come to its whole weight.
    young: usize,
}

impl Algorithm for HaproxyRoundRobin {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, _draw: &mut Stream) -> Option<u32> {
        if self.slots.len() != hosts.table.len() {
            self.table_changed(hosts.table);
        }
        self.sees_health(hosts);
        self.sees_weights(hosts);
        if hosts.max_busy != u32::MAX && hosts.avoid.is_empty() {
            let out = hosts.not_usable();
            if out.len() + 1 >= self.slots.len() {
                // Where all are full, whoever has room again takes the next of those that wait: that is no turn.
                let missing =
                    (0..).zip(out.iter()).find(|&(at, &out)| at != out).map_or(out.len() as u32, |(at, _)| at);
                return (out.len() < self.slots.len()).then_some(missing);
            }
        } else if hosts.restricted && !(0..hosts.len()).any(|i| hosts.usable(i)) {
            return None;
        }
        self.laps.take_turn(|i| hosts.usable(i))
    }

    fn pick_of(&mut self, n: u32, _family: Family, _lot: u64) -> Option<u32> {
        let is_settled = self.out.is_empty() && self.slots.len() == n as usize;
        if is_settled { self.laps.take_turn(|_| true) } else { None }
    }

    /// Whoever is gone is out of it from now on; whoever is new comes in with the next pick, which knows what it weighs.
    fn table_changed(&mut self, table: &[Host]) {
        let before = std::mem::take(&mut self.slots);
        let mut left = before.iter().copied();
        for (position, host) in table.iter().enumerate() {
            let is_it = |server: &Server| (server.pod, server.added) == (host.pod, host.added);
            // Those that stay keep their order.
            let slot = loop {
                match left.next() {
                    Some(slot) if is_it(&self.laps.servers[slot as usize]) => break slot,
                    Some(slot) => self.forget(slot),
                    None => break self.meet(host),
                }
            };
            self.laps.servers[slot as usize].position = position as u32;
            self.slots.push(slot);
        }
        left.for_each(|slot| self.forget(slot));
        self.young = self.slots.iter().take_while(|&&slot| self.laps.servers[slot as usize].is_whole()).count();
    }

    fn bytes(&self) -> usize {
        let numbers = [&self.free, &self.slots, &self.out].map(Vec::capacity);
        self.laps.bytes() + numbers.iter().sum::<usize>() * size_of::<u32>()
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}

/// What happens to the table.
impl HaproxyRoundRobin {
    /// A slot for a host of the table that is not known yet.
    fn meet(&mut self, host: &Host) -> u32 {
        let server = Server::new(host.pod, host.added);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.laps.servers.push(server);
            self.laps.servers.len() as u32 - 1
        });
        self.laps.servers[slot as usize] = server;
        self.out.push(slot);
        slot
    }

    /// It is in the table no more.
    fn forget(&mut self, slot: u32) {
        self.laps.goes_down(slot);
        self.out.retain(|&other| other != slot);
        self.free.push(slot);
    }

    /// Health speaks against some that took turns, and not against some that did not.
    fn sees_health(&mut self, hosts: &Hosts<'_>) {
        let Self { laps, out, slots, .. } = self;
        let is_up = |position: u32| hosts.panics || hosts.table[position as usize].is_healthy(hosts.now);
        let look_at = |position: u32| {
            let slot = slots[position as usize];
            if !is_up(position) && laps.goes_down(slot) {
                out.push(slot);
            }
        };
        match hosts.out {
            _ if !hosts.restricted || hosts.panics => {}
            Some(marked) => marked.iter().copied().for_each(look_at),
            None => (0..hosts.len()).for_each(look_at),
        }
        if out.is_empty() {
            return;
        }
        out.retain(|&slot| {
            let position = laps.servers[slot as usize].position;
            let is_up = is_up(position);
            if is_up {
                laps.comes_up(slot, weight(hosts, position));
            }
            !is_up
        });
        laps.begin();
    }

    /// Those that start slowly weigh more than before.
    fn sees_weights(&mut self, hosts: &Hosts<'_>) {
        if hosts.is_flat() {
            return;
        }
        for at in self.young..self.slots.len() {
            let weight = weight(hosts, at as u32);
            self.laps.weighs(self.slots[at], weight);
            if weight == WHOLE && at == self.young {
                self.young += 1;
            }
        }
    }
}

/// A host's weight in sixteenths, one when it starts (`server_recalc_eweight`).
fn weight(hosts: &Hosts<'_>, position: u32) -> i64 {
    if hosts.is_flat() {
        return WHOLE;
    }
    let share = hosts.weight(position);
    ((share * WHOLE as f64).floor() as i64 + 1).min(WHOLE)
}

#[cfg(test)]
mod tests;
