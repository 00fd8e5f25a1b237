//! The peak of a rate: how many there were in any second.

use crate::engine::SimTime;

/// Width of the bins in which reconnects are counted for their peak, of which ten neighbours make a second.
const RECONNECT_BIN: i64 = 100_000_000;

/// Reconnects in the last ten neighbouring bins.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeakMeter {
    bins: [u64; 10],
    bin: i64,
}

impl PeakMeter {
    /// Before any bin of a simulation, whose times begin below 0.
    pub(super) const EMPTY: Self = Self { bins: [0; 10], bin: i64::MIN / 2 };

    /// Counts one, and returns how many there are now.
    pub(super) fn count(&mut self, now: SimTime) -> u64 {
        let bin = now.nanos().div_euclid(RECONNECT_BIN);
        for passed in (self.bin + 1).max(bin - 9)..=bin {
            self.bins[passed.rem_euclid(10) as usize] = 0;
        }
        self.bin = self.bin.max(bin);
        self.bins[bin.rem_euclid(10) as usize] += 1;
        self.bins.iter().sum()
    }
}
