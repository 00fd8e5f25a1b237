//! Chance, for what tests draw at random: the same for a seed on every machine.

use dryroll::engine::{Purpose, Stream, Streams};

/// A source of chance.
pub(crate) struct Dice(Stream);

impl Dice {
    /// That of `seed`, of which each `member` has its own.
    pub(crate) fn new(seed: u64, member: u64) -> Self {
        Self(Streams::new(seed, member).stream(Purpose::Balance, 0))
    }

    /// A number from 0 on, below `n`.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        self.0.below(n)
    }

    pub(crate) fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u32) as usize]
    }
}
