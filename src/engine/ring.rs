//! A queue in a ring of 2^k places.

use super::entry::{Entry, Key};

/// First in, first out; it grows and never shrinks.
#[derive(Clone, Debug)]
pub(super) struct Ring<E> {
    places: Box<[Entry<E>]>,
    head: usize,
    len: usize,
}

impl<E: Copy> Ring<E> {
    pub(super) fn new() -> Self {
        Self { places: Box::new([]), head: 0, len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// What it takes beside itself (bytes).
    pub(super) const fn bytes(&self) -> usize {
        size_of_val::<[Entry<E>]>(&self.places)
    }

    /// Appends `event`.
    #[inline(always)]
    pub(super) fn push(&mut self, key: Key, event: E) {
        if self.len == self.places.len() {
            return self.push_growing(key, event);
        }
        // Field by field, and growing apart: no entry is made on the stack first, no register saved (71 to 56 instructions).
        let place = &mut self.places[(self.head + self.len) & (self.places.len() - 1)];
        place.key = key;
        place.event = event;
        self.len += 1;
    }

    /// Removes the first entry: its event, and the key of the one behind it.
    ///
    /// # Panics
    /// If there is none.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> (E, Key) {
        let mask = self.places.len() - 1;
        let event = self.places[self.head & mask].event;
        self.head = (self.head + 1) & mask;
        self.len -= 1;
        let next = if self.len == 0 { Key::NEVER } else { self.places[self.head].key };
        (event, next)
    }

    /// All entries, the first one first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, E)> {
        let mask = self.places.len().wrapping_sub(1);
        (0..self.len).map(move |i| self.places[(self.head + i) & mask]).map(|entry| (entry.key, entry.event))
    }

    /// Whether the last entry belongs before the one ahead of it.
    #[inline(always)]
    pub(super) fn is_out_of_order(&self) -> bool {
        let mask = self.places.len() - 1;
        let last = self.head + self.len - 1;
        self.len > 1 && self.places[last & mask].key < self.places[(last - 1) & mask].key
    }

    /// Moves the last entry to where it belongs.
    #[cold]
    #[inline(never)]
    pub(super) fn settle(&mut self) {
        let mask = self.places.len() - 1;
        let mut at = self.head + self.len - 1;
        while at > self.head && self.places[at & mask].key < self.places[(at - 1) & mask].key {
            self.places.swap(at & mask, (at - 1) & mask);
            at -= 1;
        }
    }

    /// Doubles the places. What the new ones are filled with is overwritten before it is read.
    #[cold]
    #[inline(never)]
    fn push_growing(&mut self, key: Key, event: E) {
        let mut places = Vec::with_capacity((self.places.len() * 2).max(8));
        places.extend_from_slice(&self.places[self.head..]);
        places.extend_from_slice(&self.places[..self.head]);
        places.resize(places.capacity(), Entry { key, event });
        self.places = places.into_boxed_slice();
        self.head = 0;
        self.len += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimTime;
    use crate::engine::entry::Turn;

    #[test]
    fn it_keeps_the_order_while_it_wraps_and_grows() {
        let mut ring = Ring::new();
        let (mut pushed, mut popped) = (0, 0);
        for round in 0..50u64 {
            for _ in 0..=round {
                pushed += 1;
                ring.push(Key::new(SimTime::ZERO, Turn::Then, pushed, 1), pushed);
            }
            for _ in 0..round {
                popped += 1;
                assert_eq!(ring.pop(), (popped, Key::new(SimTime::ZERO, Turn::Then, popped + 1, 1)));
            }
        }
        assert_eq!(ring.len(), 50);
        assert!(ring.places.len().is_power_of_two() && ring.places.len() <= 128);
    }
}
