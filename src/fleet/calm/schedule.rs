//! A pod's time as far as calm requests have taken it.

use crate::engine::{Dur, SimTime};

/// Whose end of service it is: a calm request's, or a job's whose end is an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whose(u32);

impl Whose {
    const JOB: u32 = 1 << 31;

    /// A calm request's, by its slot.
    pub(super) const fn calm(slot: u32) -> Self {
        Self(slot)
    }

    /// A job's, by its slot.
    pub(super) const fn job(slot: u32) -> Self {
        Self(slot | Self::JOB)
    }

    /// The slot, of a calm request or else of a job.
    #[inline(always)]
    pub(super) const fn slot(self) -> Result<u32, u32> {
        if self.0 & Self::JOB == 0 { Ok(self.0) } else { Err(self.0 & !Self::JOB) }
    }
}

/// What is known of a pod's workers: one cache line, as each request looks at those of two pods.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Schedule {
    /// When the first of the answers is with whoever sent the request.
    pub(super) due: SimTime,
    /// Ends of service, and whose, the latest first.
    pub(super) ends: Vec<(SimTime, Whose)>,
    /// When the last calm request arrives.
    pub(super) latest: SimTime,
    /// For how long it keeps an idle connection.
    pub(super) idle: Dur,
    /// Workers, and requests that may wait for one.
    pub(super) workers: u32,
    pub(super) queue: u32,
    /// Requests that a connection to it carries at most: none where the schedule is closed.
    pub(super) keep: u32,
    /// Its version.
    pub(super) version: u8,
    /// Whether its services take longer than those of a warm pod of the plain version.
    pub(super) slowed: bool,
}

const _: () = assert!(size_of::<Schedule>() == 64);

impl Schedule {
    /// Of a pod that nothing is known of.
    pub(super) const fn new() -> Self {
        Self {
            due: SimTime::MAX,
            ends: Vec::new(),
            latest: SimTime::MIN,
            idle: Dur::ZERO,
            workers: 0,
            queue: 0,
            keep: 0,
            version: 0,
            slowed: false,
        }
    }

    /// Whether all that the pod has to do is here, so that what is sent to it now may be calm.
    #[inline(always)]
    pub(super) const fn is_open(&self) -> bool {
        self.keep > 0
    }

    /// Not all of it is here from now on; that may come again.
    pub(super) const fn close(&mut self) {
        self.keep = 0;
    }

    /// What it takes beside itself (bytes).
    pub(super) const fn bytes(&self) -> usize {
        self.ends.capacity() * size_of::<(SimTime, Whose)>()
    }

    /// When a request begins that arrives at `arrive`; `None` where so many wait that the queue may be full.
    #[inline(always)]
    pub(super) fn start(&self, arrive: SimTime) -> Option<SimTime> {
        let (start, waiting) = self.next_start(arrive);
        waiting.is_none_or(|waiting| waiting < self.queue).then_some(start)
    }

    /// When a worker begins what arrives at `arrive`, first in, first out, and how many wait then; `None` where a worker is free.
    #[inline(always)]
    pub(super) fn next_start(&self, arrive: SimTime) -> (SimTime, Option<u32>) {
        let mut under_way = self.ends.len();
        let workers = self.workers as usize;
        if under_way < workers {
            return (arrive, None);
        }
        while under_way > 0 && self.ends[under_way - 1].0 <= arrive {
            under_way -= 1;
        }
        if under_way < workers {
            return (arrive, None);
        }
        // It begins when as many are left as there are workers, less one.
        (self.ends[workers - 1].0, Some((under_way - workers) as u32))
    }

    /// When the first answer is with whoever sent the request, if answers take `hop` on their way.
    #[inline(always)]
    pub(super) fn first_answer(&self, hop: Dur) -> SimTime {
        self.ends.last().map_or(SimTime::MAX, |&(end, _)| end + hop)
    }

    /// Takes an end of service out.
    pub(super) fn remove(&mut self, whose: Whose) {
        if let Some(at) = self.ends.iter().rposition(|&(_, other)| other == whose) {
            self.ends.remove(at);
        }
    }

    /// Takes note of an end of service; whether it is the first.
    #[inline(always)]
    pub(super) fn insert(&mut self, end: SimTime, whose: Whose) -> bool {
        self.ends.push((end, whose));
        let Some((mut place, before)) = self.ends.split_last_mut() else { return true };
        let mut first = true;
        // Of two that end at one moment the one that began first is the first to be done.
        for other in before.iter_mut().rev().take_while(|other| other.0 <= end) {
            *place = *other;
            (place, first) = (other, false);
        }
        *place = (end, whose);
        first
    }
}
