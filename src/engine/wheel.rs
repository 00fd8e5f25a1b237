//! A hierarchical timing wheel that keeps the exact order (Varghese & Lauck, "Hashed and hierarchical timing wheels",
//! 1987): O(1) an entry whatever the delays, from bursts in one instant to a few entries over hours, with no tuning.
//!
//! Time is cut into ticks of 2^17 ns. The wheel stands at one tick. What is due later lies unsorted in a slot: that of
//! its own tick if it shares all but the last 12 bits of the wheel's; otherwise that of the highest group of 6 bits in
//! which the ticks differ. What is due in the wheel's tick (or, rarely, before it) is the *run*, sorted.
//! So the run is due before the ticks' slots, those before the first group's, and so on: the earliest slot is found by
//! counting zeros. When its time has come, the wheel moves into it, and its entries move down.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::entry::{Entry, Key};
use super::list::NIL;

/// A tick is 2^this ns, 131 µs: at 28 000 drawn delays a second 3.7 entries a tick (66 µs cost 20 instructions a request
/// more, turning more often).
const TICK_BITS: u32 = 17;
/// Slots of one tick: 2^this, together 537 ms.
const NEAR_BITS: u32 = 12;
const NEAR: usize = 1 << NEAR_BITS;
/// Each further group's slots: 2^this, each as long as all of the group before.
const FAR_BITS: u32 = 6;
const FAR: usize = 1 << FAR_BITS;
/// Groups that it takes to reach the end of time.
const GROUPS: usize = ((64 - TICK_BITS - NEAR_BITS) as usize).div_ceil(FAR_BITS as usize);
/// An entry that belongs further than this from the run's end goes to the heap instead of moving the others.
const STEPS: usize = 16;

/// An entry in a slot, or a free node.
#[derive(Clone, Copy, Debug)]
struct Node<E> {
    key: Key,
    event: E,
    next: u32,
}

/// Entries in their total order; the empty wheel takes 18 KB.
#[derive(Clone, Debug)]
pub(super) struct Wheel<E> {
    /// The tick at which the wheel stands.
    tick: u64,
    len: usize,
    /// What is due at the tick or before, latest first.
    run: Vec<Entry<E>>,
    /// More of that: what would have had to move much of the run.
    late: BinaryHeap<Reverse<Entry<E>>>,
    /// The entries in slots, as singly linked lists.
    nodes: Vec<Node<E>>,
    free: u32,
    near: Box<[u32; NEAR]>,
    /// Which words of `near_used` are not 0.
    near_words: u64,
    near_used: Box<[u64; NEAR / 64]>,
    far: Box<[[u32; FAR]; GROUPS]>,
    far_used: [u64; GROUPS],
}

impl<E: Copy> Wheel<E> {
    /// An empty wheel that stands at `ordinal` (see [`Key::ordinal`]).
    pub(super) fn new(ordinal: u64) -> Self {
        Self {
            tick: ordinal >> TICK_BITS,
            len: 0,
            run: Vec::new(),
            late: BinaryHeap::new(),
            nodes: Vec::new(),
            free: NIL,
            near: Box::new([NIL; NEAR]),
            near_words: 0,
            near_used: Box::new([0; NEAR / 64]),
            far: Box::new([[NIL; FAR]; GROUPS]),
            far_used: [0; GROUPS],
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// What it takes beside itself (bytes).
    pub(super) fn bytes(&self) -> usize {
        (self.run.capacity() + self.late.capacity()) * size_of::<Entry<E>>()
            + self.nodes.capacity() * size_of::<Node<E>>()
            + size_of_val(&*self.near)
            + size_of_val(&*self.near_used)
            + size_of_val(&*self.far)
    }

    /// Adds `event`. The answer is its key, or a bound below it while it lies in a slot.
    ///
    /// # Panics
    /// Beyond 2^32 − 1 entries.
    #[inline(always)]
    pub(super) fn insert(&mut self, key: Key, event: E) -> Key {
        self.len += 1;
        if key.ordinal() >> TICK_BITS <= self.tick {
            self.insert_in_run(Entry { key, event });
            return key;
        }
        let n = self.free;
        let Some(node) = self.nodes.get_mut(n as usize) else {
            return self.insert_in_new_node(key, event);
        };
        self.free = node.next;
        node.key = key;
        node.event = event;
        self.link(n, key)
    }

    #[cold]
    #[inline(never)]
    fn insert_in_new_node(&mut self, key: Key, event: E) -> Key {
        let n = u32::try_from(self.nodes.len()).ok().filter(|&n| n != NIL).expect("fewer than 2^32 entries at once");
        self.nodes.push(Node { key, event, next: NIL });
        self.link(n, key)
    }

    /// Puts node `n` into the slot of its key, which lies after the wheel's tick; the bound of that slot.
    #[inline]
    fn link(&mut self, n: u32, key: Key) -> Key {
        let tick = key.ordinal() >> TICK_BITS;
        let differ = (tick ^ self.tick) >> NEAR_BITS;
        if differ != 0 {
            return self.link_far(n, tick, differ);
        }
        let slot = tick as usize % NEAR;
        self.nodes[n as usize].next = std::mem::replace(&mut self.near[slot], n);
        self.near_used[slot / 64] |= 1 << (slot % 64);
        self.near_words |= 1 << (slot / 64);
        Key::bound(tick << TICK_BITS)
    }

    #[inline(never)]
    fn link_far(&mut self, n: u32, tick: u64, differ: u64) -> Key {
        let group = (differ.ilog2() / FAR_BITS) as usize;
        let shift = NEAR_BITS + FAR_BITS * group as u32;
        let slot = (tick >> shift) as usize % FAR;
        self.nodes[n as usize].next = std::mem::replace(&mut self.far[group][slot], n);
        self.far_used[group] |= 1 << slot;
        Key::bound(tick >> shift << (shift + TICK_BITS))
    }

    #[inline(never)]
    fn insert_in_run(&mut self, entry: Entry<E>) {
        // Most runs are shorter than the steps taken here.
        let near_end = self.run.iter().rev().take(STEPS).position(|e| e.key > entry.key);
        match near_end {
            Some(steps) => self.run.insert(self.run.len() - steps, entry),
            None if self.run.len() <= STEPS => self.run.insert(0, entry),
            None => self.late.push(Reverse(entry)),
        }
    }

    /// Removes the first entry, which its key has told: its event, and the key of the next or a bound below it.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> (E, Key) {
        self.len -= 1;
        if !self.late.is_empty() {
            return self.pop_late();
        }
        let last = self.run.len() - 1;
        let event = self.run[last].event;
        self.run.truncate(last);
        (event, self.run.last().map_or_else(|| self.bound(), |first| first.key))
    }

    #[cold]
    #[inline(never)]
    fn pop_late(&mut self) -> (E, Key) {
        let is_late = self.late.peek().is_some_and(|late| self.run.last().is_none_or(|run| late.0 < *run));
        let first = if is_late { self.late.pop().map(|Reverse(e)| e) } else { self.run.pop() };
        let event = first.expect("of the two, one had an entry").event;
        let run = self.run.last().map(|e| e.key);
        let late = self.late.peek().map(|Reverse(e)| e.key);
        (event, run.into_iter().chain(late).min().unwrap_or_else(|| self.bound()))
    }

    /// A bound below the key of every entry in a slot.
    #[inline]
    fn bound(&self) -> Key {
        if self.near_words != 0 {
            return Key::bound(self.first_near() << TICK_BITS);
        }
        self.first_far().map_or(Key::NEVER, |(_, _, tick)| Key::bound(tick << TICK_BITS))
    }

    /// The earliest tick that has a slot of its own with something in it.
    #[inline]
    fn first_near(&self) -> u64 {
        // The remainder spares the check of the index.
        let word = self.near_words.trailing_zeros() as usize % 64;
        let slot = word * 64 + self.near_used[word].trailing_zeros() as usize;
        self.tick >> NEAR_BITS << NEAR_BITS | slot as u64
    }

    /// The earliest slot of the others with something in it: its group, its number and its first tick.
    #[inline(never)]
    fn first_far(&self) -> Option<(usize, usize, u64)> {
        let group = self.far_used.iter().position(|&used| used != 0)?;
        let slot = self.far_used[group].trailing_zeros() as usize;
        let shift = NEAR_BITS + FAR_BITS * group as u32;
        // Bits above the group are the wheel's; the topmost group has none.
        let above = (self.tick >> shift) as usize / FAR * FAR;
        Some((group, slot, ((above | slot) as u64) << shift))
    }

    /// Whether the earliest slot is one of a single tick.
    #[inline]
    pub(super) fn is_near(&self) -> bool {
        self.near_words != 0
    }

    /// Moves to the earliest slot, of a single tick, which is known by its bound; the run is empty. The first key.
    pub(super) fn turn(&mut self, bound: Key) -> Key {
        self.tick = bound.ordinal() >> TICK_BITS;
        let slot = self.tick as usize % NEAR;
        let head = std::mem::replace(&mut self.near[slot], NIL);
        self.near_used[slot / 64] &= !(1 << (slot % 64));
        if self.near_used[slot / 64] == 0 {
            self.near_words &= !(1 << (slot / 64));
        }
        self.take(head);
        self.first()
    }

    /// Moves to the earliest slot, of many ticks, and on towards the earliest entry in it, but not past `limit`, before
    /// which nothing happens; the run is empty. What the first key or a bound below it has become.
    pub(super) fn turn_far(&mut self, limit: Key) -> Key {
        let Some((group, slot, start)) = self.first_far() else { return Key::NEVER };
        let head = std::mem::replace(&mut self.far[group][slot], NIL);
        self.far_used[group] &= !(1 << slot);
        // Straight to the first entry: of a few entries over hours, most never pass through a finer slot.
        let mut first = limit;
        let mut n = head;
        while n != NIL {
            let node = &self.nodes[n as usize];
            first = first.min(node.key);
            n = node.next;
        }
        self.tick = start.max(first.ordinal() >> TICK_BITS);
        n = head;
        while n != NIL {
            let Node { key, event, next } = self.nodes[n as usize];
            if key.ordinal() >> TICK_BITS == self.tick {
                self.run.push(Entry { key, event });
                self.nodes[n as usize].next = std::mem::replace(&mut self.free, n);
            } else {
                self.link(n, key);
            }
            n = next;
        }
        self.first()
    }

    /// Sorts the run, filled anew. The first key, or a bound below it.
    #[inline]
    fn first(&mut self) -> Key {
        if self.run.len() > 1 {
            self.run.sort_unstable_by_key(|e| Reverse(e.key));
        }
        self.run.last().map_or_else(|| self.bound(), |first| first.key)
    }

    /// Moves a list to the run.
    #[inline]
    fn take(&mut self, head: u32) {
        let mut n = head;
        loop {
            let node = &mut self.nodes[n as usize];
            self.run.push(Entry { key: node.key, event: node.event });
            if node.next == NIL {
                node.next = std::mem::replace(&mut self.free, head);
                return;
            }
            n = node.next;
        }
    }
}
