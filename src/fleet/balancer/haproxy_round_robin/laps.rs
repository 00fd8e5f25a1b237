//! The turns of servers by their weight, lap by lap: a lap is as many turns as all weigh together.

use super::line::Line;
use crate::engine::SimTime;

/// What a server weighs that has started; HAProxy reckons a weight of 1 in so many parts.
pub(super) const WHOLE: i64 = 16;

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

/// Who takes turns: which host of the table it is, and when it is to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    pub(super) pod: u32,
    pub(super) added: SimTime,
    /// Where in the table.
    pub(super) position: u32,
    /// In sixteenths.
    weight: i64,
    place: In,
    /// At which turn it is to come, and came last; 0 before its first.
    next: i64,
    last: i64,
    /// What was left when its way to the next turn was rounded down, in parts of its weight.
    rest: i64,
}

impl Server {
    /// One that stands nowhere yet.
    pub(super) const fn new(pod: u32, added: SimTime) -> Self {
        Self { pod, added, position: 0, weight: 0, place: In::Nowhere, next: 0, last: 0, rest: 0 }
    }

    /// Whether it takes turns.
    #[inline]
    pub(super) fn is_up(&self) -> bool {
        self.place != In::Nowhere
    }

    /// Whether it weighs as much as it ever will.
    pub(super) const fn is_whole(&self) -> bool {
        self.weight == WHOLE
    }
}

/// The servers of a proxy, by their slots, and whose turn it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Laps {
    pub(super) servers: Vec<Server>,
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

/// What happens to servers.
impl Laps {
    /// It takes turns no more; whether it did.
    pub(super) fn goes_down(&mut self, slot: u32) -> bool {
        let server = self.servers[slot as usize];
        if server.is_up() {
            self.weight -= server.weight;
            self.leaves(slot);
            self.servers[slot as usize].place = In::Nowhere;
        }
        server.is_up()
    }

    /// It takes turns from now on, and weighs so much. Until the first lap begins all stand in the line of those that wait for a turn; later
    /// it is to come when a part of what is left of this lap is over, as of one with the weight that all have now.
    pub(super) fn comes_up(&mut self, slot: u32, weight: i64) {
        self.weight += weight;
        let server = &mut self.servers[slot as usize];
        server.weight = weight;
        if self.turn == 0 {
            return self.waits(slot, self.fresh);
        }
        server.next = self.turn + (self.weight + self.lap_weight - self.turn) / weight;
        self.queue(slot);
    }

    /// Those that the proxy starts with are up.
    pub(super) const fn begin(&mut self) {
        if self.turn == 0 {
            self.begin_lap();
        }
    }

    /// It weighs so much from now on: it comes as much earlier as that makes its way shorter.
    pub(super) fn weighs(&mut self, slot: u32, weight: i64) {
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
impl Laps {
    /// The next in turn that may be picked, by its position.
    #[inline]
    pub(super) fn take_turn(&mut self, usable: impl Fn(u32) -> bool) -> Option<u32> {
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
                self.begin_lap();
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

    const fn begin_lap(&mut self) {
        (self.turn, self.lap_weight) = (self.weight, self.weight);
    }

    /// Who is due; else somebody who has had no turn in this lap; else who is due next.
    #[inline]
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
    #[inline]
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
    #[inline]
    fn leaves(&mut self, slot: u32) {
        match self.servers[slot as usize].place {
            In::Nowhere => {}
            In::Lap => self.lap.remove(slot),
            In::Waits(line) => self.waiting[line].remove(slot),
        }
    }

    /// To where it comes next: in this lap, or after it.
    #[inline]
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
    #[inline]
    fn waits(&mut self, slot: u32, line: usize) {
        let server = &mut self.servers[slot as usize];
        server.place = In::Waits(line);
        self.waiting[line].insert(-server.weight, slot);
    }

    /// About what it keeps (bytes).
    pub(super) fn bytes(&self) -> usize {
        let [one, other] = &self.waiting;
        self.servers.capacity() * size_of::<Server>()
            + self.passed.capacity() * size_of::<u32>()
            + [&self.lap, one, other].map(Line::bytes).iter().sum::<usize>()
    }
}
