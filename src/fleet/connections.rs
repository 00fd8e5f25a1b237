//! All connections: of each what requests look at, and the rest apart from that.

use std::ops::{Deref, DerefMut};

use crate::engine::{Arena, SimTime};

use super::connection::{Connection, Upkeep};
use super::idle::IdleSide;
use super::proxy::RESET;
use super::world::{Observer, World};

/// All connections, by number; as an arena it is what requests look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    records: Arena<Connection>,
    /// By number.
    upkeep: Vec<Upkeep>,
}

impl Connections {
    /// One more.
    pub(super) fn insert(&mut self, connection: Connection) -> u32 {
        let c = self.records.insert(connection);
        if c as usize == self.upkeep.len() {
            self.upkeep.push(Upkeep::NEW);
        } else {
            self.upkeep[c as usize] = Upkeep::NEW;
        }
        c
    }

    /// There will be so many more soon, and some beside them while those are busy: whole cache lines are copied when their vector grows, so that
    /// one too many would take twice the memory. What is not used of it takes none.
    pub(super) fn reserve(&mut self, more: usize) {
        self.records.reserve(more + more / 4);
        self.upkeep.reserve(more);
    }

    /// What requests do not look at on connection `c`.
    #[inline(always)]
    pub(super) fn upkeep(&self, c: u32) -> &Upkeep {
        &self.upkeep[c as usize]
    }

    /// The same, to be changed.
    #[inline(always)]
    pub(super) fn upkeep_mut(&mut self, c: u32) -> &mut Upkeep {
        &mut self.upkeep[c as usize]
    }

    /// All of connection `c`.
    #[inline(always)]
    pub(super) fn whole_mut(&mut self, c: u32) -> (&mut Connection, &mut Upkeep) {
        (&mut self.records[c], &mut self.upkeep[c as usize])
    }

    /// Those that count.
    pub(super) fn counted(&self) -> impl Iterator<Item = &Connection> {
        let counts = |&c: &u32| self.upkeep[c as usize].counted;
        (0..self.records.capacity()).filter(counts).map(|c| &self.records[c])
    }

    /// Nothing is on connection `c` from now on, as one side sees it. Whether it has yet to be put where that side's time-out looks.
    #[inline(always)]
    pub(super) fn begins_to_idle(&mut self, c: u32, side: IdleSide, now: SimTime) -> bool {
        let (connection, upkeep) = self.whole_mut(c);
        connection.begins_to_idle(upkeep, side, now)
    }

    /// Connection `c` is a client's: whether its proxy ends it with an answer of this status.
    #[inline(always)]
    pub(super) fn ends_after_answer(&self, c: u32, status: u16, shared: bool) -> bool {
        let connection = &self.records[c];
        let told = status >= 100 && (connection.close_announced || self.upkeep(c).close_silently);
        // Of several requests on one connection one alone can be reset.
        connection.in_use == 0 && (told || (status == RESET && !shared))
    }

    /// What they take beside itself (bytes).
    pub(super) fn bytes(&self) -> usize {
        self.records.bytes() + self.upkeep.capacity() * size_of::<Upkeep>()
    }
}

impl Deref for Connections {
    type Target = Arena<Connection>;
    #[inline(always)]
    fn deref(&self) -> &Arena<Connection> {
        &self.records
    }
}

impl DerefMut for Connections {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Arena<Connection> {
        &mut self.records
    }
}

impl<O: Observer> World<O> {
    /// Puts request `r` on connection `c`.
    #[inline(always)]
    pub(super) fn board(&mut self, r: u32, c: u32) {
        self.connections[c].board(r, &mut self.requests);
    }

    /// Takes request `r` off connection `c`.
    #[inline(always)]
    pub(super) fn alight(&mut self, r: u32, c: u32) {
        self.connections[c].alight(r, &mut self.requests);
    }
}
