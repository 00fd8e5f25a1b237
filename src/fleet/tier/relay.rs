//! The observer of a fleet among others: keeps what it is told until all of them are listened to.

use crate::engine::SimTime;

use super::super::fact::Fact;
use super::super::world::Observer;

/// What happened in one fleet at the present moment.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Relay {
    facts: Vec<Fact>,
}

impl Relay {
    /// What was heard since the last time.
    pub(super) fn drain(&mut self) -> std::vec::Drain<'_, Fact> {
        self.facts.drain(..)
    }
}

impl Observer for Relay {
    const TIERED: bool = true;

    fn observe(&mut self, _: SimTime, fact: Fact) {
        self.facts.push(fact);
    }
}
