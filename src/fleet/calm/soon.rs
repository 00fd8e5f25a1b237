//! Which pods may have answers that are due, for picks that look at what is under way at all pods.

use crate::engine::{SimTime, Tournament};

use super::super::world::{Observer, World};

/// For each pod a moment before which no answer of its is due. Nothing where nobody asks that often.
#[derive(Clone, Debug, Default)]
pub(super) struct Soon {
    moments: Tournament<SimTime>,
    /// Empty; where those are put that may have some.
    found: Vec<u32>,
}

impl Soon {
    /// Of so many pods, of which nothing is known.
    pub(super) fn of(pods: usize) -> Self {
        // Of one at least, so that it is kept from now on.
        Self { moments: Tournament::of(std::iter::repeat_n(SimTime::MIN, pods.max(1))), found: Vec::new() }
    }

    /// Whether it is kept.
    pub(super) const fn is_kept(&self) -> bool {
        self.moments.capacity() > 0
    }

    /// There are so many pods now.
    pub(super) fn add_pod(&mut self, pods: usize) {
        if self.is_kept() && self.moments.capacity() < pods {
            *self = Self::of(pods);
        }
    }

    /// The first answer from `pod` is due at `at`.
    #[inline(always)]
    pub(super) fn becomes_due(&mut self, pod: u32, at: SimTime) {
        if self.is_kept() && at < self.moments.value(pod as usize) {
            self.moments.set(pod as usize, at);
        }
    }

    /// What it takes beside itself (bytes).
    pub(super) const fn bytes(&self) -> usize {
        self.moments.bytes() + self.found.capacity() * size_of::<u32>()
    }
}

impl<O: Observer> World<O> {
    /// Catches up with all pods, of which hardly any needs a look.
    pub(super) fn catch_up_soon(&mut self, now: SimTime) {
        let Soon { moments, found } = &mut self.calm.soon;
        let mut found = std::mem::take(found);
        moments.collect_into(|at| at <= now, &mut found);
        let pods = self.calm.pods.len() as u32;
        for pod in found.drain(..).filter(|&pod| pod < pods) {
            self.catch_up(pod, now);
            self.calm.soon.moments.set(pod as usize, self.calm.pods[pod as usize].due);
        }
        self.calm.soon.found = found;
    }
}
