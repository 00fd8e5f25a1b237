//! The event calendar: one total order, (time, sequence of scheduling), whatever kept an entry meanwhile.
//!
//! Entries whose delay is drawn live in a binary heap. Entries of one constant delay come due in the order in which
//! they were made, so they live in a *lane*, a plain ring: pushing and popping there costs no comparison with the rest.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::time::SimTime;

/// Which lane; the model numbers its own from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(pub u8);

/// When, and the tie-break: entries made earlier come first.
type Key = (SimTime, u64);

const NEVER: Key = (SimTime::MAX, u64::MAX);

#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    key: Key,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl<E> Eq for Entry<E> {}
impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

/// Pending events in their total order.
#[derive(Clone, Debug)]
pub struct Calendar<E> {
    now: SimTime,
    sequence: u64,
    heap: BinaryHeap<Reverse<Entry<E>>>,
    lanes: Vec<VecDeque<Entry<E>>>,
    /// The key at the front of each lane, beside each other so that finding the next event touches one cache line.
    fronts: Vec<Key>,
}

impl<E: Copy> Calendar<E> {
    /// An empty calendar at `start` with `lanes` lanes.
    pub fn new(start: SimTime, lanes: usize) -> Self {
        Self {
            now: start,
            sequence: 0,
            heap: BinaryHeap::new(),
            lanes: (0..lanes).map(|_| VecDeque::new()).collect(),
            fronts: vec![NEVER; lanes],
        }
    }

    /// The moment of the event being handled.
    #[inline]
    pub const fn now(&self) -> SimTime {
        self.now
    }

    #[inline]
    fn key(&mut self, at: SimTime) -> Key {
        assert!(at >= self.now, "an event at {at} was scheduled at {}, after it", self.now);
        self.sequence += 1;
        (at, self.sequence)
    }

    /// Schedules `event` at `at`: O(log n).
    ///
    /// # Panics
    /// If `at` lies in the past.
    #[inline]
    pub fn at(&mut self, at: SimTime, event: E) {
        let key = self.key(at);
        self.heap.push(Reverse(Entry { key, event }));
    }

    /// Schedules `event` at `at` in a lane: O(1).
    ///
    /// # Panics
    /// If `at` lies in the past, or before the last entry of the lane.
    #[inline]
    pub fn in_lane(&mut self, lane: Lane, at: SimTime, event: E) {
        let key = self.key(at);
        let i = usize::from(lane.0);
        match self.lanes[i].back() {
            Some(last) => assert!(last.key.0 <= at, "lane {i} runs backwards"),
            None => self.fronts[i] = key,
        }
        self.lanes[i].push_back(Entry { key, event });
    }

    /// Removes and returns the next event that is due at `horizon` or before.
    #[inline]
    pub fn pop_until(&mut self, horizon: SimTime) -> Option<(SimTime, E)> {
        let mut next = self.heap.peek().map_or(NEVER, |Reverse(e)| e.key);
        let mut from = usize::MAX;
        for (i, &front) in self.fronts.iter().enumerate() {
            if front < next {
                next = front;
                from = i;
            }
        }
        if next.0 > horizon || next == NEVER {
            return None;
        }
        let entry = if from == usize::MAX { self.heap.pop().map(|Reverse(e)| e) } else { self.pop_lane(from) }?;
        self.now = entry.key.0;
        Some((self.now, entry.event))
    }

    #[inline]
    fn pop_lane(&mut self, i: usize) -> Option<Entry<E>> {
        let entry = self.lanes[i].pop_front();
        self.fronts[i] = self.lanes[i].front().map_or(NEVER, |e| e.key);
        entry
    }

    /// Entries pending.
    pub fn len(&self) -> usize {
        self.heap.len() + self.lanes.iter().map(VecDeque::len).sum::<usize>()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Streams};

    #[test]
    fn order_is_time_then_scheduling_whatever_the_keeper() {
        let t = SimTime::from_nanos;
        let mut c = Calendar::new(t(0), 2);
        c.at(t(5), 'a');
        c.in_lane(Lane(0), t(5), 'b');
        c.in_lane(Lane(1), t(4), 'c');
        c.at(t(5), 'd');
        c.in_lane(Lane(0), t(9), 'e');
        let order: String = std::iter::from_fn(|| c.pop_until(t(8)).map(|(_, e)| e)).collect();
        assert_eq!((order.as_str(), c.len()), ("cabd", 1));
    }

    #[test]
    fn a_thousand_random_entries_come_out_sorted() {
        let mut draw = Streams::new(1, 0).stream(Purpose::Balance, 0);
        let mut c = Calendar::new(SimTime::ZERO, 1);
        for n in 0..1000u32 {
            c.at(SimTime::from_nanos(i64::from(draw.below(100))), n);
            c.in_lane(Lane(0), SimTime::from_nanos(i64::from(n / 10)), n);
        }
        let mut last = SimTime::MIN;
        let mut n = 0;
        while let Some((at, _)) = c.pop_until(SimTime::MAX) {
            assert!(at >= last);
            last = at;
            n += 1;
        }
        assert_eq!(n, 2000);
    }

    #[test]
    #[should_panic(expected = "scheduled at")]
    fn the_past_is_refused() {
        let mut c = Calendar::new(SimTime::ZERO, 0);
        c.at(SimTime::from_nanos(-1), ());
    }
}
