//! The event calendar: one total order, (time, turn, sequence of scheduling), whatever kept an entry meanwhile.
//!
//! Of what is due at one moment the *ends* have their turn first, whoever was scheduled before whom: a worker that is done at
//! the moment at which a request comes is free. So what happens at a moment does not depend on when its end became known. And
//! time-outs come last, by who they are: what is there at that very moment is in time.
//!
//! Entries whose delay is drawn are kept by a timing *wheel*. Entries of one constant delay come due in the order in
//! which they were made, so they are kept by a *lane*, a plain ring: they cost no comparison with the rest. Of what is scheduled
//! anew only when it has happened there is one entry at a time: a *single*, which is no more than its key.

use super::entry::{Fronts, Key, Turn};
use super::place::{Lane, Place, Reserved, Single, Ticket};
use super::ring::Ring;
use super::time::{Dur, SimTime};
use super::wheel::Wheel;

/// Above all sequence numbers.
const RANKED: u64 = 1 << 57;

/// The keeper of drawn delays; lane i is keeper i + 1, and the singles follow the lanes.
const WHEEL: usize = 0;

/// Pending events in their total order.
#[derive(Clone, Debug)]
pub struct Calendar<E> {
    now: SimTime,
    /// The key of the event being handled.
    current: Key,
    sequence: u64,
    /// Up to when events are asked for.
    horizon: SimTime,
    /// Each keeper's earliest key, side by side so that finding the next event touches a cache line or two. The wheel's
    /// may be a bound below its earliest key.
    fronts: Fronts,
    wheel: Wheel<E>,
    /// Those of the constant delays, and these.
    lanes: Vec<(Dur, Ring<E>)>,
    /// What each single is an entry of.
    singles: Vec<E>,
}

impl<E: Copy> Calendar<E> {
    /// An empty calendar at `start` with a lane for each of these delays, and a single of each of these events.
    ///
    /// # Panics
    /// If these are more than 15 together.
    pub fn new(start: SimTime, lanes: &[Dur], singles: Vec<E>) -> Self {
        let keepers = 1 + lanes.len() + singles.len();
        assert!(keepers <= Key::KEEPERS, "{} lanes and singles are more than a key can name", keepers - 1);
        let ordinal = Key::new(start, Turn::First, 0, WHEEL).ordinal();
        Self {
            now: start,
            current: Key::bound(ordinal),
            sequence: 0,
            horizon: start,
            fronts: Fronts::new(keepers),
            wheel: Wheel::new(ordinal),
            lanes: lanes.iter().map(|&delay| (delay, Ring::new())).collect(),
            singles,
        }
    }

    /// The moment of the event being handled.
    #[inline]
    pub const fn now(&self) -> SimTime {
        self.now
    }

    #[inline]
    fn key(&mut self, at: SimTime, turn: Turn, keeper: usize) -> Key {
        if at < self.now {
            refuse(at, self.now);
        }
        self.sequence += 1;
        Key::new(at, turn, self.sequence, keeper)
    }

    /// Schedules `event` at `at`: O(1).
    ///
    /// # Panics
    /// If `at` lies in the past.
    #[inline(always)]
    pub fn at(&mut self, at: SimTime, event: E) {
        let key = self.key(at, Turn::Then, WHEEL);
        self.insert(key, event);
    }

    /// Schedules `event` at `at`, after all else that is due then: O(1). For time-outs: what comes just then is in time. They come
    /// by `rank`, below 2^57, which no two of them share that are anything to each other: whenever it was that they were scheduled.
    ///
    /// # Panics
    /// If `at` lies in the past.
    pub fn at_last(&mut self, at: SimTime, rank: u64, event: E) {
        if at < self.now {
            refuse(at, self.now);
        }
        debug_assert!(rank < RANKED, "rank {rank} is too large");
        self.insert(Key::new(at, Turn::Last, rank, WHEEL), event);
    }

    /// Schedules `event`, the end of something, at `at`: O(1). Of ends at one moment those that are scheduled so come last, and
    /// among themselves by `rank`, below 2^57, which no two of them share: whenever it was that they were scheduled.
    ///
    /// # Panics
    /// If `at` lies in the past.
    #[inline(always)]
    pub fn end_at(&mut self, at: SimTime, rank: u64, event: E) {
        if at < self.now {
            refuse(at, self.now);
        }
        debug_assert!(rank < RANKED, "rank {rank} is too large");
        self.insert(Key::new(at, Turn::First, RANKED | rank, WHEEL), event);
    }

    /// Schedules `event`, the end of something, at `at` as [a lane does](Self::end_after): O(1).
    ///
    /// # Panics
    /// If `at` lies in the past.
    pub fn end_next(&mut self, at: SimTime, event: E) {
        let key = self.key(at, Turn::First, WHEEL);
        self.insert(key, event);
    }

    #[inline(always)]
    fn insert(&mut self, key: Key, event: E) {
        let bound = self.wheel.insert(key, event);
        // A branch, not a minimum: it is hardly ever taken, and so the next pop does not wait for a delay being drawn.
        if bound < *self.fronts.of(WHEEL) {
            self.lower_front(bound);
        }
    }

    /// Sets `count` places in the order of scheduling aside: what is [put into one](Self::at_reserved) comes, among all
    /// that is due at its moment, as if it were scheduled now.
    pub const fn reserve(&mut self, count: u64) -> Reserved {
        let first = self.sequence + 1;
        self.sequence += count;
        Reserved { first, count }
    }

    /// Sets one place aside.
    #[inline(always)]
    pub const fn ticket(&mut self) -> Ticket {
        self.sequence += 1;
        Ticket(self.sequence)
    }

    /// Sets aside the place that what is due at `at` would have, were it scheduled now.
    #[inline(always)]
    pub const fn place(&mut self, at: SimTime) -> Place {
        self.sequence += 1;
        Place(Key::new(at, Turn::Then, self.sequence, WHEEL))
    }

    /// The ticket with which something would come when what comes now does.
    pub const fn present(&self) -> Ticket {
        Ticket(self.current.sequence())
    }

    /// Whether what would be scheduled for this very moment with that ticket would have come by now.
    #[inline]
    pub fn has_come(&self, ticket: Ticket) -> bool {
        Key::new(self.now, Turn::Then, ticket.0, WHEEL) < self.current
    }

    /// Schedules `event` in a place that was set aside, and is used once.
    ///
    /// # Panics
    /// If it lies in the past.
    pub fn at_place(&mut self, place: Place, event: E) {
        if place.at() < self.now {
            refuse(place.at(), self.now);
        }
        self.insert(place.0.kept_by(WHEEL), event);
    }

    /// Schedules `event` at `at`, among all that is due then as if it had been when the ticket was drawn, which is used once.
    ///
    /// # Panics
    /// If `at` lies in the past.
    pub fn at_ticket(&mut self, at: SimTime, ticket: Ticket, event: E) {
        if at < self.now {
            refuse(at, self.now);
        }
        self.insert(Key::new(at, Turn::Then, ticket.0, WHEEL), event);
    }

    /// Schedules `event` at `at`, in the `n`-th of the places set aside, from 0, each of which takes one event: O(1).
    ///
    /// # Panics
    /// If `at` lies in the past, or fewer places were set aside.
    pub fn at_reserved(&mut self, at: SimTime, places: Reserved, n: u64, event: E) {
        if at < self.now {
            refuse(at, self.now);
        }
        assert!(n < places.count, "place {n} of {} that were set aside", places.count);
        self.insert(Key::new(at, Turn::Then, places.first + n, WHEEL), event);
    }

    #[cold]
    #[inline(never)]
    fn lower_front(&mut self, bound: Key) {
        *self.fronts.of(WHEEL) = bound;
    }

    /// Schedules `event` after the delay of a lane: O(1). It is due neither before now nor before what is in the lane already.
    #[inline(always)]
    pub fn after(&mut self, lane: Lane, event: E) {
        let i = usize::from(lane.0);
        let (delay, ring) = &mut self.lanes[i];
        self.sequence += 1;
        let key = Key::new(self.now + *delay, Turn::Then, self.sequence, i + 1);
        if ring.len() == 0 {
            *self.fronts.of(i + 1) = key;
        }
        ring.push(key, event);
    }

    /// Schedules `event`, the end of something, after the delay of a lane: O(1).
    #[inline(always)]
    pub fn end_after(&mut self, lane: Lane, event: E) {
        let i = usize::from(lane.0);
        let (delay, ring) = &mut self.lanes[i];
        self.sequence += 1;
        let key = Key::new(self.now + *delay, Turn::First, self.sequence, i + 1);
        ring.push(key, event);
        // What is due with it, and was put there before it, is all that there can be behind its turn.
        if ring.is_out_of_order() {
            ring.settle();
        }
        if key < *self.fronts.of(i + 1) {
            *self.fronts.of(i + 1) = key;
        }
    }

    /// Schedules the event of a single at `at`: O(1), and half as dear as in a lane.
    ///
    /// # Panics
    /// If `at` lies in the past, or the single is pending.
    #[inline(always)]
    pub fn once(&mut self, single: Single, at: SimTime) {
        let keeper = 1 + self.lanes.len() + usize::from(single.0);
        let key = self.key(at, Turn::Then, keeper);
        let front = self.fronts.of(keeper);
        assert!(*front == Key::NEVER, "a single is scheduled twice");
        *front = key;
    }

    /// As [`Self::once`], in a place drawn before.
    ///
    /// # Panics
    /// If `at` lies in the past, or the single is pending.
    pub fn once_at(&mut self, single: Single, place: Place) {
        let keeper = 1 + self.lanes.len() + usize::from(single.0);
        if place.at() < self.now {
            refuse(place.at(), self.now);
        }
        let front = self.fronts.of(keeper);
        assert!(*front == Key::NEVER, "a single is scheduled twice");
        *front = place.0.kept_by(keeper);
    }

    /// Takes the event of a single back, and says which place it had, or [`Place::NEVER`]. For a handler that goes on with it by itself,
    /// as long as [nothing comes before it](Self::goes_on).
    #[inline(always)]
    pub fn take_back(&mut self, single: Single) -> Place {
        let keeper = 1 + self.lanes.len() + usize::from(single.0);
        Place(std::mem::replace(self.fronts.of(keeper), Key::NEVER))
    }

    /// Whether nothing that is scheduled comes before what has this place, which does not lie in the past; then its moment is the
    /// present.
    #[inline(always)]
    pub fn goes_on(&mut self, place: Place) -> bool {
        debug_assert!(place.at() >= self.now, "what was due at {} comes at {}", place.at(), self.now);
        let next = self.fronts.are_behind(place.0, Key::end_of(self.horizon));
        if next {
            (self.now, self.current) = (place.at(), place.0);
        }
        next
    }

    /// Removes and returns the next event that is due at `horizon` or before.
    #[inline]
    pub fn pop_until(&mut self, horizon: SimTime) -> Option<(SimTime, E)> {
        let next = self.next_until(horizon)?;
        let event = self.take(next);
        Some((self.now, event))
    }

    /// The key of the next event that is due at `horizon` or before, which [`Self::take`] removes. In two steps, since
    /// an event within an `Option` is copied in odd pieces (9 instructions an event); and without turning the wheel, which
    /// would need registers that the loop around it has other uses for (50 instructions an event).
    #[inline(always)]
    pub(super) fn next_until(&mut self, horizon: SimTime) -> Option<Key> {
        self.horizon = horizon;
        loop {
            let next = self.fronts.first();
            if next > Key::end_of(horizon) {
                return None;
            }
            if !next.is_bound() {
                return Some(next);
            }
            self.turn(next, horizon);
        }
    }

    /// The wheel's earliest slot, known by `bound`, has its turn.
    #[inline(never)]
    fn turn(&mut self, bound: Key, horizon: SimTime) {
        *self.fronts.of(WHEEL) = if self.wheel.is_near() { self.wheel.turn(bound) } else { self.turn_far(horizon) };
    }

    /// Turns the wheel towards entries that are far off, without passing by what may still be scheduled before them.
    #[cold]
    #[inline(never)]
    fn turn_far(&mut self, horizon: SimTime) -> Key {
        // Nothing happens before the lanes' next entry or, as the caller may stop there, the horizon.
        *self.fronts.of(WHEEL) = Key::NEVER;
        let limit = self.fronts.first().min(Key::end_of(horizon));
        self.wheel.turn_far(limit)
    }

    /// Removes the event of `next`, the key just found, and makes its moment the present.
    #[inline(always)]
    pub(super) fn take(&mut self, next: Key) -> E {
        self.now = next.at();
        self.current = next;
        match next.keeper() {
            WHEEL => {
                let (event, front) = self.wheel.pop();
                *self.fronts.of(WHEEL) = front;
                event
            }
            lane if lane <= self.lanes.len() => {
                let (event, front) = self.lanes[lane - 1].1.pop();
                *self.fronts.of(lane) = front;
                event
            }
            single => {
                *self.fronts.of(single) = Key::NEVER;
                self.singles[single - 1 - self.lanes.len()]
            }
        }
    }

    /// Who keeps the entry of this key: 0 the wheel, 1 a lane, 2 a single.
    #[cfg(test)]
    pub(super) const fn kind(&self, key: Key) -> usize {
        match key.keeper() {
            WHEEL => 0,
            lane if lane <= self.lanes.len() => 1,
            _ => 2,
        }
    }

    /// When the next event is due, if at `horizon` or before.
    pub fn next_moment(&mut self, horizon: SimTime) -> Option<SimTime> {
        self.next_until(horizon).map(Key::at)
    }

    /// Makes `to` the present, for something that comes from outside this calendar.
    ///
    /// # Panics
    /// If that lies in the past. Something that is due before it must not be pending.
    pub fn advance(&mut self, to: SimTime) {
        if to < self.now {
            refuse(to, self.now);
        }
        debug_assert!(self.next_moment(to).is_none_or(|at| at >= to), "something was due before {to}");
        self.now = to;
    }

    /// Entries pending.
    pub fn len(&self) -> usize {
        let singles = 1 + self.lanes.len()..1 + self.lanes.len() + self.singles.len();
        let pending = singles.filter(|&keeper| self.fronts.get(keeper) != Key::NEVER).count();
        self.wheel.len() + self.lanes.iter().map(|(_, ring)| ring.len()).sum::<usize>() + pending
    }

    /// What it takes beside itself (bytes).
    pub fn bytes(&self) -> usize {
        self.wheel.bytes()
            + self.lanes.iter().map(|(_, ring)| size_of::<(Dur, Ring<E>)>() + ring.bytes()).sum::<usize>()
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cold]
#[inline(never)]
fn refuse(at: SimTime, now: SimTime) -> ! {
    panic!("an event at {at} was scheduled at {now}, after it")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::engine::{Purpose, Stream, Streams};

    #[test]
    fn order_is_time_then_turn_then_scheduling_whatever_the_keeper() {
        let t = SimTime::from_nanos;
        let mut c = Calendar::new(t(0), &[Dur::from_nanos(5), Dur::from_nanos(4)], vec!['f']);
        c.at(t(5), 'a');
        c.after(Lane(0), 'b');
        c.after(Lane(1), 'c');
        c.at(t(5), 'd');
        c.once(Single(0), t(5));
        c.end_after(Lane(0), 'x');
        c.end_at(t(5), 1, 'z');
        c.end_at(t(5), 0, 'y');
        c.end_next(t(5), 'w');
        c.at_last(t(5), 1, 'v');
        c.at_last(t(5), 0, 'u');
        c.at(t(5), 'g');
        assert_eq!(c.pop_until(t(8)), Some((t(4), 'c')));
        c.after(Lane(0), 'e');
        let order: String = std::iter::from_fn(|| c.pop_until(t(8)).map(|(_, e)| e)).collect();
        assert_eq!((order.as_str(), c.len()), ("xwyzabdfguv", 1));
    }

    #[test]
    fn a_place_set_aside_keeps_its_turn() {
        let t = SimTime::from_nanos;
        let mut c = Calendar::new(t(0), &[Dur::from_nanos(5)], Vec::new());
        c.at(t(5), 'a');
        let places = c.reserve(2);
        c.after(Lane(0), 'd');
        c.at(t(5), 'e');
        assert_eq!(c.pop_until(t(4)), None);
        c.at_reserved(t(5), places, 1, 'c');
        c.at_reserved(t(5), places, 0, 'b');
        let order: String = std::iter::from_fn(|| c.pop_until(t(5)).map(|(_, e)| e)).collect();
        assert_eq!(order, "abcde");
    }

    #[test]
    #[should_panic(expected = "scheduled twice")]
    fn a_single_is_one() {
        let mut c = Calendar::new(SimTime::ZERO, &[], vec![()]);
        c.once(Single(0), SimTime::ZERO);
        c.once(Single(0), SimTime::ZERO);
    }

    #[test]
    #[should_panic(expected = "place 2 of 2")]
    fn no_more_places_than_were_set_aside() {
        let mut c = Calendar::new(SimTime::ZERO, &[], Vec::new());
        let places = c.reserve(2);
        c.at_reserved(SimTime::ZERO, places, 2, ());
    }

    /// The calendar beside what it must agree with: a set of (time, whether it is no end, sequence).
    struct Pair {
        calendar: Calendar<u64>,
        model: BTreeSet<(SimTime, bool, u64)>,
        sequence: u64,
        /// Places set aside, and the sequence number of the first.
        places: Vec<(Reserved, u64)>,
        /// The delay of each lane.
        delays: Vec<Dur>,
        /// The sequence number of each single that is pending.
        singles: [Option<u64>; 2],
        draw: Stream,
    }

    impl Pair {
        fn new(seed: u64, start: SimTime) -> Self {
            let mut draw = Streams::new(seed, 0).stream(Purpose::Balance, 0);
            // Of any order of magnitude, and none at all.
            let delays: Vec<Dur> =
                (0..5).map(|n| Dur::from_nanos(if n == 0 { 0 } else { draw.bits() >> (1 + draw.below(63)) })).collect();
            Self {
                calendar: Calendar::new(start, &delays, vec![u64::MAX, u64::MAX - 1]),
                model: BTreeSet::new(),
                sequence: 0,
                places: Vec::new(),
                delays,
                singles: [None; 2],
                draw,
            }
        }

        /// A span of any order of magnitude below 2^`bits` ns, and often none at all.
        fn span(&mut self, bits: u32) -> Dur {
            let width = self.draw.below(bits + 1);
            Dur::from_nanos(if width == 0 { 0 } else { self.draw.bits() >> (64 - width) })
        }

        fn push(&mut self, bits: u32) {
            let at = self.calendar.now() + self.span(bits);
            self.sequence += 1;
            let lane = self.draw.below(10) as usize;
            let ends = self.draw.below(3) == 0;
            if let Some(&delay) = self.delays.get(lane) {
                self.model.insert((self.calendar.now() + delay, !ends, self.sequence));
                let after = if ends { Calendar::end_after } else { Calendar::after };
                after(&mut self.calendar, Lane(lane as u8), self.sequence);
            } else if let Some(single @ None) = self.singles.get_mut(lane - 5) {
                *single = Some(self.sequence);
                self.model.insert((at, true, self.sequence));
                self.calendar.once(Single(lane as u8 - 5), at);
            } else {
                self.model.insert((at, !ends, self.sequence));
                let schedule = if ends { Calendar::end_next } else { Calendar::at };
                schedule(&mut self.calendar, at, self.sequence);
            }
        }

        /// Sets places aside, or fills one: later than now, where what is due now may have gone by.
        fn push_reserved(&mut self, bits: u32) {
            let at = self.calendar.now() + Dur::from_nanos(1) + self.span(bits);
            if self.draw.below(2) == 0 {
                self.places.push((self.calendar.reserve(1), self.sequence + 1));
                self.sequence += 1;
            } else if let Some((places, sequence)) = self.places.pop()
                && at > self.calendar.now()
            {
                self.model.insert((at, true, sequence));
                self.calendar.at_reserved(at, places, 0, sequence);
            }
        }

        fn pop(&mut self, bits: u32) {
            let horizon = self.calendar.now() + self.span(bits);
            let expected = self.model.first().copied().filter(|&(at, ..)| at <= horizon);
            let popped = self.calendar.pop_until(horizon);
            let expected_event = expected.map(|(at, _, sequence)| (at, sequence));
            assert_eq!(popped.map(|(at, event)| (at, self.sequence_of(event))), expected_event);
            if expected.is_some() {
                self.model.pop_first();
            }
            assert_eq!(self.calendar.len(), self.model.len());
        }

        /// The sequence number that `event` is, or that of the single whose it is.
        fn sequence_of(&mut self, event: u64) -> u64 {
            let single = self.singles.get_mut((u64::MAX - event) as usize);
            single.map_or(event, |single| single.take().expect("only a pending one comes"))
        }

        fn drain(mut self) {
            while let Some((at, _, sequence)) = self.model.pop_first() {
                let popped = self.calendar.pop_until(SimTime::MAX);
                assert_eq!(popped.map(|(at, event)| (at, self.sequence_of(event))), Some((at, sequence)));
            }
            assert!(self.calendar.is_empty() && self.calendar.pop_until(SimTime::MAX).is_none());
        }
    }

    #[test]
    fn it_agrees_with_a_sorted_set_over_every_scale_of_time() {
        for seed in 0..300 {
            let start = SimTime::from_nanos([0, -1, -3_600_000_000_000, i64::MIN, i64::MAX - 5][seed as usize % 5]);
            let mut pair = Pair::new(seed, start);
            for _ in 0..40 {
                // Phases that fill and phases that empty, each on a scale of its own.
                let (push, bits) = (1 + pair.draw.below(9), pair.draw.below(63));
                for _ in 0..pair.draw.below(100) {
                    match pair.draw.below(20) {
                        0 => pair.push_reserved(bits),
                        n if n / 2 < push => pair.push(bits),
                        _ => pair.pop(bits),
                    }
                }
                pair.calendar = pair.calendar.clone();
            }
            pair.drain();
        }
    }

    #[test]
    fn a_crowd_in_one_instant_that_schedules_for_that_instant_is_no_square() {
        let mut pair = Pair::new(1, SimTime::ZERO);
        let at = SimTime::from_nanos(7_200_000_000_000);
        for n in 1..=100_000 {
            pair.calendar.at(at, n);
            pair.model.insert((at, true, n));
        }
        for n in 100_001..=200_000 {
            assert_eq!(pair.calendar.pop_until(at), pair.model.pop_first().map(|(at, _, n)| (at, n)));
            pair.calendar.at(at, n);
            pair.model.insert((at, true, n));
        }
        pair.drain();
    }

    #[test]
    fn both_ends_of_time_can_be_scheduled() {
        let mut c = Calendar::new(SimTime::MIN, &[Dur::ZERO; 14], vec!['e']);
        c.at(SimTime::MAX, 'd');
        c.once(Single(0), SimTime::MAX);
        c.at(SimTime::MIN, 'a');
        c.after(Lane(13), 'b');
        c.at(SimTime::ZERO, 'c');
        let order: String = std::iter::from_fn(|| c.pop_until(SimTime::MAX).map(|(_, e)| e)).collect();
        assert_eq!(order, "abcde");
    }

    #[test]
    #[should_panic(expected = "scheduled at")]
    fn the_past_is_refused() {
        let mut c = Calendar::new(SimTime::ZERO, &[], Vec::new());
        c.at(SimTime::from_nanos(-1), ());
    }
}
