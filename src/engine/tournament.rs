//! Who is first of many, known without a look at all of them: each pair's first one, each pair of pairs', …
//!
//! One change costs a comparison a round, log2 of how many there are. What it says follows from the values alone, not from the order in
//! which they came about.

use super::SimTime;

/// What of two sides goes on to the next round.
pub trait Round: Copy + PartialEq {
    /// Of nobody.
    const NOBODY: Self;

    /// What stands for both, the one on the left first.
    fn of(left: Self, right: Self) -> Self;
}

/// The earliest.
impl Round for SimTime {
    const NOBODY: Self = Self::MAX;

    #[inline]
    fn of(left: Self, right: Self) -> Self {
        if right < left { right } else { left }
    }
}

/// Values by number, in a complete binary tree.
#[derive(Clone, Debug)]
pub struct Tournament<T> {
    /// Node 1 is the root, nodes 2k and 2k + 1 are below node k; the second half are the values themselves.
    nodes: Vec<T>,
}

impl<T> Default for Tournament<T> {
    fn default() -> Self {
        Self { nodes: Vec::new() }
    }
}

impl<T: Round> Tournament<T> {
    /// The values with these numbers, from 0 on.
    pub fn of(values: impl ExactSizeIterator<Item = T>) -> Self {
        let leaves = values.len().next_power_of_two();
        let mut nodes = vec![T::NOBODY; leaves];
        nodes.extend(values);
        nodes.resize(2 * leaves, T::NOBODY);
        for k in (1..leaves).rev() {
            nodes[k] = T::of(nodes[2 * k], nodes[2 * k + 1]);
        }
        Self { nodes }
    }

    /// For how many there is room.
    pub const fn capacity(&self) -> usize {
        self.nodes.len() / 2
    }

    /// What stands for all.
    #[inline]
    pub fn all(&self) -> T {
        self.nodes.get(1).copied().unwrap_or(T::NOBODY)
    }

    /// The value with this number.
    ///
    /// # Panics
    /// If there is no room for it.
    #[inline]
    pub fn value(&self, number: usize) -> T {
        self.nodes[self.capacity() + number]
    }

    /// Gives `number` another value.
    ///
    /// # Panics
    /// If there is no room for it.
    #[inline]
    pub fn set(&mut self, number: usize, value: T) {
        let mut k = self.capacity() + number;
        self.nodes[k] = value;
        while k > 1 {
            k /= 2;
            let round = T::of(self.nodes[2 * k], self.nodes[2 * k + 1]);
            if round == self.nodes[k] {
                return;
            }
            self.nodes[k] = round;
        }
    }

    /// Gives `number` another value, and returns the one that it had.
    ///
    /// # Panics
    /// If there is no room for it.
    pub fn replace(&mut self, number: usize, value: T) -> T {
        let before = self.value(number);
        self.set(number, value);
        before
    }

    /// The number to which `right` leads from the root, asked in each round with what stands for the left side whether to go right.
    #[inline]
    pub fn descend(&self, mut right: impl FnMut(T) -> bool) -> usize {
        let mut k = 1;
        while k < self.capacity() {
            k = 2 * k + usize::from(right(self.nodes[2 * k]));
        }
        k - self.capacity()
    }

    /// Appends the numbers of those that `admits`, in order; whatever stands for one that it admits must be admitted too.
    pub fn collect_into(&self, admits: impl Fn(T) -> bool, found: &mut Vec<u32>) {
        if admits(self.all()) {
            self.collect_below(1, &admits, found);
        }
    }

    fn collect_below(&self, k: usize, admits: &impl Fn(T) -> bool, found: &mut Vec<u32>) {
        if k >= self.capacity() {
            return found.push((k - self.capacity()) as u32);
        }
        for below in [2 * k, 2 * k + 1] {
            if admits(self.nodes[below]) {
                self.collect_below(below, admits, found);
            }
        }
    }

    /// What it takes beside itself (bytes).
    pub const fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Streams};

    impl Round for u32 {
        const NOBODY: Self = Self::MAX;

        fn of(left: Self, right: Self) -> Self {
            left.min(right)
        }
    }

    #[test]
    fn what_it_says_is_what_a_look_at_all_says() {
        let dice = &mut Streams::new(1, 0).stream(Purpose::Balance, 0);
        for len in [0, 1, 2, 3, 7, 64, 100] {
            let mut values: Vec<u32> = (0..len).map(|_| dice.below(50)).collect();
            let mut tournament = Tournament::of(values.iter().copied());
            for _ in 0..300 {
                assert_eq!(tournament.all(), values.iter().copied().min().unwrap_or(u32::MAX));
                let limit = dice.below(50);
                let (mut found, below) = (Vec::new(), |value: u32| value < limit);
                tournament.collect_into(below, &mut found);
                assert_eq!(found, (0..len).filter(|&i| below(values[i as usize])).collect::<Vec<_>>());
                if len == 0 {
                    break;
                }
                let least = tournament.all();
                let first = tournament.descend(|left| left > least);
                assert_eq!(Some(first), values.iter().position(|&value| value == least));
                let number = dice.below(len) as usize;
                values[number] = dice.below(50);
                tournament.set(number, values[number]);
                assert_eq!(tournament.value(number), values[number]);
            }
        }
    }
}
