//! HAProxy's `roundrobin`: every server has a place on a line on which the turns go by, and once it is picked it comes again as many turns
//! later as its share of all weight says (`fwrr_get_next_server` and what that calls; 2.6). One that comes up is put between the others,
//! not behind them, at a part of the way that is left of this lap: for a lap the turns are no longer those of a list. And whoever is passed
//! over, because a request has tried it or it is full, has had its turn.

use std::collections::VecDeque;

use super::{Algorithm, Host, Hosts};
use crate::engine::{Family, SimTime, Stream};

/// What a server weighs that has started; HAProxy reckons a weight of 1 in so many parts.
const WHOLE: i64 = 16;

/// Where a server stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum In {
    /// Nowhere: it is down, or has just been added.
    #[default]
    Nowhere,
    /// Among those that have a place in this lap.
    Lap,
    /// In this one of the lines of those that have none: none yet, or none any more.
    Waits(usize),
}

#[derive(Clone, Copy, Debug)]
struct Server {
    pod: u32,
    added: SimTime,
    /// Where in the table.
    position: u32,
    /// In sixteenths.
    weight: i64,
    place: In,
    /// At which turn it is to come, and came last; 0 before its first.
    next: i64,
    last: i64,
    /// What was left when its way to the next turn was rounded down, in parts of its weight.
    rest: i64,
}

/// Servers in order of a number, of those with the same one first who came first.
#[derive(Clone, Debug, Default)]
struct Line(VecDeque<(i64, u32)>);

impl Line {
    /// As a rule the last of all.
    fn insert(&mut self, key: i64, slot: u32) {
        if self.0.back().is_none_or(|last| last.0 <= key) {
            return self.0.push_back((key, slot));
        }
        let at = self.0.partition_point(|other| other.0 <= key);
        self.0.insert(at, (key, slot));
    }

    /// As a rule the first of all.
    fn remove(&mut self, slot: u32) {
        let at = self.0.iter().position(|other| other.1 == slot);
        if let Some(at) = at {
            self.0.remove(at);
        }
    }

    fn first(&self) -> Option<u32> {
        self.0.front().map(|first| first.1)
    }
}

/// The turns of a proxy.
#[derive(Clone, Debug, Default)]
pub(super) struct HaproxyRoundRobin {
    servers: Vec<Server>,
    /// Of `servers` those that are nobody's any more.
    free: Vec<u32>,
    /// By position in the table: which of them.
    slots: Vec<u32>,
    /// Those that stand nowhere, in the order in which they came to that.
    out: Vec<u32>,
    /// The first in the table that may not have come to its whole weight.
    young: usize,
    lap: Line,
    /// Those that have not had a turn in this lap, and those that have none left: which of them is which changes with each lap.
    waiting: [Line; 2],
    fresh: usize,
    /// Which turn it is. A lap begins with as many as all weighed then, and whoever would come after twice that is done.
    turn: i64,
    lap_weight: i64,
    /// What all weigh together.
    weight: i64,
    /// Those passed over in a turn: kept for its memory.
    passed: Vec<u32>,
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
        self.take_turn(|i| hosts.usable(i))
    }

    fn pick_of(&mut self, n: u32, _family: Family, _lot: u64) -> Option<u32> {
        let is_settled = self.out.is_empty() && self.slots.len() == n as usize;
        if is_settled { self.take_turn(|_| true) } else { None }
    }

    /// Whoever is gone is out of it from now on; whoever is new comes in with the next pick, which knows what it weighs.
    fn table_changed(&mut self, table: &[Host]) {
        let before = std::mem::take(&mut self.slots);
        let mut left = before.iter().copied().peekable();
        for (position, host) in table.iter().enumerate() {
            let is_it = |server: &Server| (server.pod, server.added) == (host.pod, host.added);
            // Those that stay keep their order.
            let slot = loop {
                match left.next() {
                    Some(slot) if is_it(&self.servers[slot as usize]) => break slot,
                    Some(slot) => self.forget(slot),
                    None => break self.meet(host),
                }
            };
            self.servers[slot as usize].position = position as u32;
            self.slots.push(slot);
        }
        left.for_each(|slot| self.forget(slot));
        self.young = self.slots.iter().take_while(|&&slot| self.servers[slot as usize].weight == WHOLE).count();
    }

    fn bytes(&self) -> usize {
        let [one, other] = &self.waiting;
        let lines = [&self.lap, one, other].map(|line| line.0.capacity() * size_of::<(i64, u32)>());
        let numbers = [&self.free, &self.slots, &self.out, &self.passed].map(|of| of.capacity() * size_of::<u32>());
        let servers = self.servers.capacity() * size_of::<Server>();
        servers + lines.iter().chain(&numbers).sum::<usize>()
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}

/// What happens to servers.
impl HaproxyRoundRobin {
    /// A slot for a host of the table that is not known yet.
    fn meet(&mut self, host: &Host) -> u32 {
        let Host { pod, added, .. } = *host;
        let server = Server { pod, added, position: 0, weight: 0, place: In::Nowhere, next: 0, last: 0, rest: 0 };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.servers.push(server);
            self.servers.len() as u32 - 1
        });
        self.servers[slot as usize] = server;
        self.out.push(slot);
        slot
    }

    /// It is in the table no more.
    fn forget(&mut self, slot: u32) {
        self.goes_down(slot);
        self.out.retain(|&other| other != slot);
        self.free.push(slot);
    }

    /// Health speaks against some that stood somewhere, and not against some that did not.
    fn sees_health(&mut self, hosts: &Hosts<'_>) {
        let is_up = |position: u32| hosts.panics || hosts.table[position as usize].is_healthy(hosts.now);
        let turns_down = |own: &mut Self, position: u32| {
            let slot = own.slots[position as usize];
            if own.servers[slot as usize].place != In::Nowhere && !is_up(position) {
                own.goes_down(slot);
            }
        };
        match hosts.out {
            _ if !hosts.restricted || hosts.panics => {}
            Some(out) => out.iter().for_each(|&position| turns_down(self, position)),
            None => (0..hosts.len()).for_each(|position| turns_down(self, position)),
        }
        if self.out.is_empty() {
            return;
        }
        let is_first = self.turn == 0;
        for slot in std::mem::take(&mut self.out) {
            let position = self.servers[slot as usize].position;
            if !is_up(position) {
                self.out.push(slot);
            } else if is_first {
                self.starts_with(slot, weight(hosts, position));
            } else {
                self.comes_up(slot, weight(hosts, position));
            }
        }
        if is_first {
            (self.turn, self.lap_weight) = (self.weight, self.weight);
        }
    }

    /// Those that start slowly weigh more than before.
    fn sees_weights(&mut self, hosts: &Hosts<'_>) {
        if hosts.is_flat() {
            return;
        }
        for at in self.young..self.slots.len() {
            let weight = weight(hosts, at as u32);
            self.weighs(self.slots[at], weight);
            if weight == WHOLE && at == self.young {
                self.young += 1;
            }
        }
    }

    fn goes_down(&mut self, slot: u32) {
        let server = &mut self.servers[slot as usize];
        if server.place != In::Nowhere {
            self.weight -= server.weight;
            self.leaves(slot);
            self.servers[slot as usize].place = In::Nowhere;
            self.out.push(slot);
        }
    }

    /// It is there when the proxy starts.
    fn starts_with(&mut self, slot: u32, weight: i64) {
        self.weight += weight;
        self.servers[slot as usize].weight = weight;
        self.waits(slot, self.fresh);
    }

    /// It is to come when a part of what is left of this lap is over, as of one with the weight that all have now.
    fn comes_up(&mut self, slot: u32, weight: i64) {
        self.weight += weight;
        let next = self.turn + (self.weight + self.lap_weight - self.turn) / weight;
        let server = &mut self.servers[slot as usize];
        (server.weight, server.next) = (weight, next);
        self.queue(slot);
    }

    /// It weighs so much from now on: it comes as much earlier as that makes its way shorter.
    fn weighs(&mut self, slot: u32, weight: i64) {
        let Server { weight: before, place, last, next, .. } = self.servers[slot as usize];
        if before == weight {
            return;
        }
        self.servers[slot as usize].weight = weight;
        if place == In::Nowhere {
            return;
        }
        self.weight += weight - before;
        self.leaves(slot);
        if place == In::Waits(self.fresh) {
            return self.waits(slot, self.fresh);
        }
        let next = if place == In::Lap { next } else { next + self.lap_weight };
        let way = self.weight / weight;
        let sooner = next.min(last + way);
        let server = &mut self.servers[slot as usize];
        (server.next, server.rest) = (if sooner < self.turn + 2 { self.turn + way } else { sooner }, 0);
        self.queue(slot);
    }
}

/// The turns themselves.
impl HaproxyRoundRobin {
    /// The next in turn that may be picked, by its position.
    fn take_turn(&mut self, usable: impl Fn(u32) -> bool) -> Option<u32> {
        if self.weight == 0 {
            return None;
        }
        let mut passed = std::mem::take(&mut self.passed);
        let mut is_another_lap = false;
        let taken = loop {
            let Some(slot) = self.next_in_turn() else {
                if is_another_lap {
                    break None;
                }
                is_another_lap = true;
                self.fresh = 1 - self.fresh;
                (self.turn, self.lap_weight) = (self.weight, self.weight);
                continue;
            };
            self.has_its_turn(slot);
            if usable(self.servers[slot as usize].position) {
                break Some(slot);
            }
            passed.push(slot);
        };
        if let Some(slot) = taken {
            self.queue(slot);
        }
        for slot in passed.drain(..).rev() {
            // Those passed over before the lap ended have lost their place: what counts is their weight.
            if is_another_lap { self.waits(slot, self.fresh) } else { self.queue(slot) }
        }
        self.passed = passed;
        taken.map(|slot| self.servers[slot as usize].position)
    }

    /// Who is due; else somebody who has had no turn in this lap; else who is due next.
    fn next_in_turn(&mut self) -> Option<u32> {
        let in_lap = self.lap.first();
        if in_lap.is_some_and(|slot| self.servers[slot as usize].next <= self.turn) {
            return in_lap;
        }
        let Some(slot) = self.waiting[self.fresh].first() else { return in_lap };
        let server = &mut self.servers[slot as usize];
        (server.next, server.rest) = (0, 0);
        Some(slot)
    }

    /// It comes again when as much weight has gone by as there is to each part of its own.
    fn has_its_turn(&mut self, slot: u32) {
        let server = &mut self.servers[slot as usize];
        server.last = if server.next == 0 { self.turn } else { server.next };
        server.next = server.last + self.weight / server.weight;
        server.rest += self.weight % server.weight;
        if server.rest >= server.weight {
            server.rest -= server.weight;
            server.next += 1;
        }
        self.leaves(slot);
        self.turn += 1;
    }

    /// It stands nowhere for a moment.
    fn leaves(&mut self, slot: u32) {
        match self.servers[slot as usize].place {
            In::Nowhere => {}
            In::Lap => self.lap.remove(slot),
            In::Waits(line) => self.waiting[line].remove(slot),
        }
    }

    /// To where it comes next: in this lap, or after it.
    fn queue(&mut self, slot: u32) {
        let server = &mut self.servers[slot as usize];
        if server.next < 2 * self.lap_weight && server.next < self.lap_weight + self.weight {
            server.place = In::Lap;
            return self.lap.insert(server.next, slot);
        }
        server.next -= self.lap_weight;
        self.waits(slot, 1 - self.fresh);
    }

    /// In this line, where the heaviest come first.
    fn waits(&mut self, slot: u32, line: usize) {
        let server = &mut self.servers[slot as usize];
        server.place = In::Waits(line);
        self.waiting[line].insert(-server.weight, slot);
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
