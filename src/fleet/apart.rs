//! Which hosts of a table may not be picked as any other, kept up to date as that changes, so that no pick looks at all of them.

use crate::engine::SimTime;
use crate::scenario::SlowStart;

use super::balancer::Host;

/// Its health speaks against it.
const MARKED: u8 = 1;
/// It has as many requests under way as it may have.
const FULL: u8 = 2;
/// It has not come to its full weight yet.
const YOUNG: u8 = 4;
/// Of these one is enough not to be picked at all.
const OUT: u8 = MARKED | FULL;

/// The hosts of a table that stand apart, by position.
#[derive(Clone, Debug)]
pub(super) struct Apart {
    /// By position: what is special.
    reasons: Vec<u8>,
    /// Those that may not be picked, in ascending order.
    out: Vec<u32>,
    /// How many of them for their health.
    marked: usize,
    /// All before this one have come to their full weight: hosts stand in the order in which they were added.
    grown: u32,
    /// With so many requests under way a host is full.
    full: u32,
    slow_start: SlowStart,
}

impl Apart {
    /// Of a table without a host.
    pub(super) const fn new(full: u32, slow_start: SlowStart) -> Self {
        Self { reasons: Vec::new(), out: Vec::new(), marked: 0, grown: 0, full, slow_start }
    }

    /// Those that may not be picked, in ascending order, as of when it was last brought up to date.
    #[inline]
    pub(super) fn out(&self) -> &[u32] {
        &self.out
    }

    /// How many of them for their health.
    pub(super) const fn marked(&self) -> usize {
        self.marked
    }

    /// All hosts before this one have come to their full weight.
    pub(super) const fn grown(&self) -> u32 {
        self.grown
    }

    /// Whether the host at `position` is one like any other.
    #[inline]
    pub(super) fn is_plain(&self, position: u32) -> bool {
        self.reasons[position as usize] == 0
    }

    /// There is one more, at the end.
    pub(super) fn push(&mut self) {
        // Whether it is young is looked at with the first pick.
        self.reasons.push(if self.slow_start.window.is_zero() { 0 } else { YOUNG });
        self.grown += u32::from(self.slow_start.window.is_zero());
    }

    /// The host at `position` is no more: those behind it move up.
    pub(super) fn remove(&mut self, position: u32) {
        let reasons = self.reasons.remove(position as usize);
        self.marked -= usize::from(reasons & MARKED != 0);
        self.grown -= u32::from(position < self.grown);
        self.out.retain(|&at| at != position);
        self.out.iter_mut().filter(|at| **at > position).for_each(|at| *at -= 1);
    }

    /// Health speaks against the host at `position`.
    pub(super) fn mark(&mut self, position: u32) {
        self.marked += usize::from(self.reasons[position as usize] & MARKED == 0);
        self.add(position, MARKED);
    }

    /// The host at `position` has so many requests under way now. Whether it is another one than before in this.
    #[inline]
    pub(super) fn has(&mut self, position: u32, active: u32) -> bool {
        if self.full == u32::MAX {
            return false;
        }
        let was_full = self.reasons[position as usize] & FULL != 0;
        match active >= self.full {
            true if !was_full => self.add(position, FULL),
            false if was_full => self.take(position, FULL),
            _ => return false,
        }
        true
    }

    fn add(&mut self, position: u32, reason: u8) {
        let reasons = &mut self.reasons[position as usize];
        if *reasons & OUT == 0 {
            let at = self.out.partition_point(|&other| other < position);
            self.out.insert(at, position);
        }
        *reasons |= reason;
    }

    fn take(&mut self, position: u32, reason: u8) {
        let reasons = &mut self.reasons[position as usize];
        *reasons &= !reason;
        if *reasons & OUT == 0 {
            self.out.retain(|&other| other != position);
        }
    }

    /// No host is full, whatever it has under way.
    pub(super) fn lift_limit(&mut self) {
        self.full = u32::MAX;
        for position in std::mem::take(&mut self.out) {
            self.reasons[position as usize] &= !FULL;
            if self.reasons[position as usize] & OUT != 0 {
                self.out.push(position);
            }
        }
    }

    /// Brings it up to date: marks have an end, and weights grow. Calls `plain` for each host that is one like any other from now on.
    pub(super) fn bring_up_to_date(&mut self, hosts: &[Host], now: SimTime, mut plain: impl FnMut(u32)) {
        if self.marked > 0 {
            let Self { reasons, out, marked, .. } = self;
            out.retain(|&position| {
                let reasons = &mut reasons[position as usize];
                if *reasons & MARKED != 0 && hosts[position as usize].is_healthy(now) {
                    *reasons &= !MARKED;
                    *marked -= 1;
                    if *reasons == 0 {
                        plain(position);
                    }
                }
                *reasons & OUT != 0
            });
        }
        while let Some(host) = hosts.get(self.grown as usize)
            && host.weight(&self.slow_start, now) >= 1.0
        {
            let reasons = &mut self.reasons[self.grown as usize];
            *reasons &= !YOUNG;
            if *reasons == 0 {
                plain(self.grown);
            }
            self.grown += 1;
        }
    }

    /// What it takes beside itself (bytes).
    pub(super) const fn bytes(&self) -> usize {
        self.reasons.capacity() + self.out.capacity() * size_of::<u32>()
    }
}
