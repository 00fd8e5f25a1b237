//! What is pending, and the key that orders it.

use std::cmp::Ordering;

use super::time::SimTime;

/// Bits of a key that say who keeps its entry.
const KEEPER_BITS: u32 = 4;

/// What comes first at one moment: what ends then, before whatever begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The end of something.
    First = 0,
    /// Nearly everything.
    Then = 1,
    /// What somebody has waited for long enough.
    Last = 2,
}

/// When an entry is due, then its turn, then the sequence of scheduling, then who keeps it, in one integer: comparing two keys is
/// two instructions, and the least of several names its keeper.
///
/// The keeper never decides: no two entries share a sequence number, of which there are 2^58.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u128);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

/// By hand: what is derived asks first which of three it is (5 instructions a comparison).
impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
    #[inline(always)]
    fn lt(&self, other: &Self) -> bool {
        self.0 < other.0
    }
    #[inline(always)]
    fn gt(&self, other: &Self) -> bool {
        self.0 > other.0
    }
}

impl Key {
    /// Before everything.
    const FIRST: Self = Self(0);
    /// After everything.
    pub(super) const NEVER: Self = Self(u128::MAX);
    /// Numbers of keepers lie below this.
    pub(super) const KEEPERS: usize = 1 << KEEPER_BITS;

    #[inline]
    pub(super) const fn new(at: SimTime, turn: Turn, sequence: u64, keeper: usize) -> Self {
        let tie = (turn as u64) << 62 | sequence << KEEPER_BITS | keeper as u64;
        Self((ordinal(at) as u128) << 64 | tie as u128)
    }

    /// Before every entry of keeper 0 that is due at `ordinal` or later.
    #[inline]
    pub(super) const fn bound(ordinal: u64) -> Self {
        Self((ordinal as u128) << 64)
    }

    /// Whether this is no entry's key but a bound: sequence numbers begin at 1.
    #[inline]
    pub(super) const fn is_bound(self) -> bool {
        self.0 as u64 == 0
    }

    /// After every entry that is due at `at` or before, and before [`Self::NEVER`].
    #[inline]
    pub(super) const fn end_of(at: SimTime) -> Self {
        Self((ordinal(at) as u128) << 64 | (u64::MAX - 1) as u128)
    }

    /// The moment, as an integer of the same order that starts at 0.
    #[inline]
    pub(super) const fn ordinal(self) -> u64 {
        (self.0 >> 64) as u64
    }

    #[inline]
    pub(super) const fn at(self) -> SimTime {
        SimTime::from_nanos((self.ordinal() ^ 1 << 63) as i64)
    }

    /// Its place among those that come in the order of scheduling: before all of them, or behind, if it is none.
    pub(super) const fn sequence(self) -> u64 {
        let (turn, tie) = ((self.0 as u64) >> 62, (self.0 as u64) << 2 >> 2);
        match turn {
            0 => 0,
            1 => tie >> KEEPER_BITS,
            _ => u64::MAX,
        }
    }

    /// The same, kept by somebody else.
    #[inline]
    pub(super) const fn kept_by(self, keeper: usize) -> Self {
        Self(self.0 & !(Self::KEEPERS as u128 - 1) | keeper as u128)
    }

    /// The lesser of two. Which one it is cannot be predicted, so there should be no branch.
    #[inline(always)]
    pub(super) fn min(self, other: Self) -> Self {
        std::hint::select_unpredictable(self < other, self, other)
    }

    #[inline]
    pub(super) const fn keeper(self) -> usize {
        self.0 as usize & (Self::KEEPERS - 1)
    }
}

#[inline]
const fn ordinal(at: SimTime) -> u64 {
    at.nanos() as u64 ^ 1 << 63
}

/// Each keeper's earliest key: the least of four or five is found without a branch that depends on them (a loop over as many would take
/// 12 instructions more, and mispredictions).
#[derive(Clone, Debug)]
pub(super) struct Fronts {
    all: [Key; Key::KEEPERS],
    /// Whatever comes before this comes before all of them: a bound that was looked for, and holds until one changes.
    clear: Key,
    /// How many there are; four or five, as a rule: the wheel, two hops, one population's arrivals, those at their proxies.
    keepers: usize,
}

impl Fronts {
    pub(super) const fn new(keepers: usize) -> Self {
        Self { all: [Key::NEVER; Key::KEEPERS], clear: Key::FIRST, keepers }
    }

    #[inline(always)]
    pub(super) const fn of(&mut self, keeper: usize) -> &mut Key {
        self.clear = Key::FIRST;
        // The remainder spares the check of the index.
        &mut self.all[keeper % Key::KEEPERS]
    }

    pub(super) const fn get(&self, keeper: usize) -> Key {
        self.all[keeper % Key::KEEPERS]
    }

    /// Whether `key` comes before all of them, and before `limit`, which is the same whenever it is asked until one of them changes
    /// (20 instructions less than [`Self::first`] where they hardly ever do).
    #[inline(always)]
    pub(super) fn are_behind(&mut self, key: Key, limit: Key) -> bool {
        if key < self.clear {
            return true;
        }
        self.clear = self.first().min(limit);
        key < self.clear
    }

    #[inline(always)]
    pub(super) fn first(&self) -> Key {
        let least = |&[a, b, c, d]: &[Key; 4]| Key::min(a.min(b), c.min(d));
        let (fours, _) = self.all.as_chunks();
        let first = least(&fours[0]).min(self.all[4]);
        if self.keepers <= 5 {
            return first;
        }
        fours.iter().skip(1).take(self.keepers.div_ceil(4) - 1).fold(first, |first, four| first.min(least(four)))
    }
}

/// An event and its key; ordered by the key alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<E> {
    pub(super) key: Key,
    pub(super) event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl<E> Eq for Entry<E> {}
impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_by_moment_then_turn_then_sequence_and_remember_both_ends_of_time() {
        let moments = [SimTime::MIN, SimTime::from_nanos(-1), SimTime::ZERO, SimTime::from_nanos(1), SimTime::MAX];
        let of =
            |at| [(Turn::First, 3, 15), (Turn::Then, 2, 0), (Turn::Last, 1, 15)].map(|(t, n, k)| Key::new(at, t, n, k));
        let keys: Vec<Key> = moments.iter().flat_map(|&at| of(at)).collect();
        assert!(keys.is_sorted());
        for (key, &at) in keys.iter().step_by(3).zip(&moments) {
            assert_eq!((key.at(), key.keeper()), (at, 15));
            assert!(Key::bound(key.ordinal()) < *key && *key < Key::end_of(at) && Key::end_of(at) < Key::NEVER);
        }
    }
}
