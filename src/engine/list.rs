//! A doubly linked list through the slots of a vector: members leave from anywhere in constant time.
//!
//! Deadlines of one constant length expire in the order in which they were set. So a class of them is such a list, of
//! which only the head has a calendar entry: a time-out that does not fire, or an idle timer that is armed anew, costs
//! two pointer swaps and no calendar entry, and memory goes with what is pending rather than with rate × time-out.

/// No slot.
pub const NIL: u32 = u32::MAX;

/// A member's neighbours in one list.
#[derive(Clone, Copy, Debug)]
pub struct Links {
    /// [`UNLINKED`] in no list.
    prev: u32,
    next: u32,
}

/// No slot either: what stands before a slot that is in no list. In a flag of its own it would take four bytes a record.
const UNLINKED: u32 = NIL - 1;

impl Links {
    /// In no list.
    pub const NONE: Self = Self { prev: UNLINKED, next: NIL };

    /// Whether it is in a list.
    #[inline]
    pub const fn is_linked(&self) -> bool {
        self.prev != UNLINKED
    }

    /// The member after this one, or [`NIL`].
    #[inline]
    pub const fn next(&self) -> u32 {
        self.next
    }

    /// The member before this one, which is in a list, or [`NIL`].
    #[inline]
    pub const fn prev(&self) -> u32 {
        self.prev
    }
}

/// Slots that can be linked: `links(i)` are those of slot `i` for the list in question.
pub trait Linked {
    /// The links of slot `i`.
    fn links(&mut self, i: u32) -> &mut Links;
}

/// A list's ends.
#[derive(Clone, Copy, Debug)]
pub struct List {
    head: u32,
    tail: u32,
}

impl Default for List {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl List {
    /// No member.
    pub const EMPTY: Self = Self { head: NIL, tail: NIL };

    /// The first member, or [`NIL`].
    #[inline]
    pub const fn head(&self) -> u32 {
        self.head
    }

    /// The last member, or [`NIL`].
    #[inline]
    pub const fn tail(&self) -> u32 {
        self.tail
    }

    /// Whether it has no member.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.head == NIL
    }

    /// Appends slot `i`, which is in no such list.
    #[inline(always)]
    pub fn push_back(&mut self, slots: &mut impl Linked, i: u32) {
        debug_assert!(!slots.links(i).is_linked(), "slot {i} is already linked");
        *slots.links(i) = Links { prev: self.tail, next: NIL };
        match self.tail {
            NIL => self.head = i,
            last => slots.links(last).next = i,
        }
        self.tail = i;
    }

    /// Puts slot `i`, which is in no such list, behind the last member that comes `before` it, looking from the end.
    #[inline(always)]
    pub fn insert_by<S: Linked>(&mut self, slots: &mut S, i: u32, before: impl Fn(&S, u32) -> bool) {
        debug_assert!(!slots.links(i).is_linked(), "slot {i} is already linked");
        let mut prev = self.tail;
        while prev != NIL && !before(slots, prev) {
            prev = slots.links(prev).prev;
        }
        self.insert_behind(slots, i, prev);
    }

    /// Puts slot `i`, which is in no such list, behind the member `prev`, or first of all.
    #[inline(always)]
    pub fn insert_behind(&mut self, slots: &mut impl Linked, i: u32, prev: u32) {
        let next = match prev {
            NIL => std::mem::replace(&mut self.head, i),
            p => std::mem::replace(&mut slots.links(p).next, i),
        };
        *slots.links(i) = Links { prev, next };
        match next {
            NIL => self.tail = i,
            n => slots.links(n).prev = i,
        }
    }

    /// Takes slot `i` out, if it is in.
    #[inline(always)]
    pub fn remove(&mut self, slots: &mut impl Linked, i: u32) {
        let own = slots.links(i);
        let Links { prev, next } = *own;
        if !own.is_linked() {
            return;
        }
        *own = Links::NONE;
        match prev {
            NIL => self.head = next,
            p => slots.links(p).next = next,
        }
        match next {
            NIL => self.tail = prev,
            n => slots.links(n).prev = prev,
        }
    }

    /// Appends slot `i`, whose links are at hand, if it is the first one: then no other slot is looked for. False if not.
    #[inline(always)]
    pub const fn begin(&mut self, own: &mut Links, i: u32) -> bool {
        let empty = self.head == NIL;
        if empty {
            *own = Links { prev: NIL, next: NIL };
            (self.head, self.tail) = (i, i);
        }
        empty
    }

    /// Takes slot `i`, whose links are at hand, out if it is the only one: then no other slot is looked for. False if not.
    #[inline(always)]
    pub const fn end(&mut self, own: &mut Links, i: u32) -> bool {
        let only = self.head == i && self.tail == i;
        if only {
            *own = Links::NONE;
            *self = Self::EMPTY;
        }
        only
    }

    /// Takes the first member out.
    #[inline]
    pub fn pop_front(&mut self, slots: &mut impl Linked) -> Option<u32> {
        let first = self.head;
        if first == NIL {
            return None;
        }
        self.remove(slots, first);
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Slots(Vec<Links>);
    impl Linked for Slots {
        fn links(&mut self, i: u32) -> &mut Links {
            &mut self.0[i as usize]
        }
    }

    #[test]
    fn members_leave_from_anywhere() {
        let mut slots = Slots(vec![Links::NONE; 5]);
        let mut list = List::default();
        for i in [3, 1, 4, 0] {
            list.push_back(&mut slots, i);
        }
        list.remove(&mut slots, 1);
        list.remove(&mut slots, 1);
        list.remove(&mut slots, 3);
        list.push_back(&mut slots, 3);
        list.remove(&mut slots, 3);
        let rest: Vec<u32> = std::iter::from_fn(|| list.pop_front(&mut slots)).collect();
        assert_eq!(rest, [4, 0]);
        assert!(list.is_empty() && list.tail() == NIL);
    }
}
