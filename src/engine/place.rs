//! What the calendar calls things by: lanes and singles, and places among what is due.

use super::entry::Key;
use super::time::SimTime;

/// A constant delay by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(pub u8);

/// Which single; the model numbers its own from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Single(pub u8);

/// One place in the order of scheduling, for an event that may never be scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub(super) u64);

/// A moment, and a place among all that is due then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(pub(super) Key);

impl Place {
    /// Behind all others: of what is not to come.
    pub const NEVER: Self = Self(Key::NEVER);

    /// The moment.
    #[inline(always)]
    pub const fn at(self) -> SimTime {
        self.0.at()
    }

    /// Whether it comes before the other one.
    #[inline(always)]
    pub fn is_before(self, other: Self) -> bool {
        self.0 < other.0
    }
}

/// Places in the order of scheduling, set aside for events that are to be named later.
#[derive(Clone, Copy, Debug)]
pub struct Reserved {
    pub(super) first: u64,
    pub(super) count: u64,
}
