//! Who comes in the order of joining, kept beside the calendar: for what a handler goes on with by itself.

use super::entry::Key;
use super::place::Place;
use super::ring::Ring;

/// A queue of those whose places follow each other.
#[derive(Clone, Debug)]
pub struct Line<T> {
    ring: Ring<T>,
    first: Key,
}

impl<T: Copy> Default for Line<T> {
    fn default() -> Self {
        Self { ring: Ring::new(), first: Key::NEVER }
    }
}

impl<T: Copy> Line<T> {
    /// `who` joins, in a place behind all others'.
    #[inline(always)]
    pub fn join(&mut self, place: Place, who: T) {
        if self.first == Key::NEVER {
            self.first = place.0;
        }
        self.ring.push(place.0, who);
    }

    /// The place of the first, or [`Place::NEVER`].
    #[inline(always)]
    pub const fn first(&self) -> Place {
        Place(self.first)
    }

    /// The first one leaves.
    ///
    /// # Panics
    /// If there is none.
    #[inline(always)]
    pub fn leave(&mut self) -> T {
        let (who, next) = self.ring.pop();
        self.first = next;
        who
    }

    /// All that are in it.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        self.ring.iter().map(|(_, who)| who)
    }

    /// Puts what `change` gives in each one's stead.
    pub fn change(&mut self, mut change: impl FnMut(T) -> T) {
        for (key, who) in std::mem::take(self).ring.iter() {
            self.join(Place(key), change(who));
        }
    }

    /// What it takes beside itself (bytes).
    pub const fn bytes(&self) -> usize {
        self.ring.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimTime;
    use crate::engine::entry::Turn;

    #[test]
    fn who_joins_first_leaves_first() {
        let place = |n: i64| Place(Key::new(SimTime::from_nanos(n), Turn::Then, n as u64, 0));
        let mut line = Line::default();
        assert_eq!(line.first(), Place::NEVER);
        (1..=20).for_each(|n| line.join(place(n), n));
        assert_eq!((line.leave(), line.first()), (1, place(2)));
        line.change(|n| 10 * n);
        assert_eq!(line.iter().sum::<i64>(), 2090);
        assert!((2..=20).all(|n| line.first() == place(n) && line.leave() == 10 * n));
        assert_eq!(line.first(), Place::NEVER);
    }
}
