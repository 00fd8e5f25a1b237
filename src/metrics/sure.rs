//! The phase that most requests surely belong to, at the price of two comparisons.

use super::replication::Phase;
use crate::engine::{Dur, SimTime};

/// A stretch of time of which the phase is known: that of each request that was born in it and ends in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sure {
    from: SimTime,
    until: SimTime,
    phase: Phase,
}

impl Sure {
    /// No stretch at all.
    pub(super) const NOTHING: Self = Self { from: SimTime::MAX, until: SimTime::MIN, phase: Phase::Before };

    /// All of `phase`, in what is measured from `measured_from` on, with what is known now of when the deploy `settled`.
    pub(super) fn within(phase: Phase, measured_from: SimTime, has_deploy: bool, settled: Option<SimTime>) -> Self {
        // The moment at which it settles belongs to *during*.
        let settled = settled.map_or(SimTime::MAX, |at| at + Dur::from_nanos(1));
        let (from, until) = match phase {
            Phase::Before if has_deploy => (measured_from, SimTime::ZERO),
            Phase::Before => (measured_from, SimTime::MAX),
            Phase::During => (SimTime::ZERO, settled),
            Phase::After => (settled, SimTime::MAX),
        };
        Self { from, until, phase }
    }

    /// The phase of a request that was born at `born` and ends at `now`; `None` where it is not sure.
    #[inline(always)]
    pub(super) fn phase_of(&self, born: SimTime, now: SimTime) -> Option<Phase> {
        (born >= self.from && now < self.until).then_some(self.phase)
    }
}
