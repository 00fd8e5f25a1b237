//! Slots that are used again, and handles that notice: a stale one finds nothing, in one place rather than in each
//! event's handler.

/// A slot as it was at one use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    /// Which slot.
    pub index: u32,
    /// Which use of it.
    pub epoch: u32,
}

impl Handle {
    /// To nothing: for a field in which an `Option` would take four bytes more. It is looked up nowhere.
    pub const NONE: Self = Self { index: super::NIL, epoch: 0 };

    /// Whether it is one to something.
    pub const fn is_some(self) -> bool {
        self.index != super::NIL
    }
}

/// A vector of slots with a free list.
#[derive(Clone, Debug)]
pub struct Arena<T> {
    slots: Vec<T>,
    /// Beside the slots, so that these can be whole cache lines.
    epochs: Vec<u32>,
    free: Vec<u32>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), epochs: Vec::new(), free: Vec::new() }
    }
}

impl<T> Arena<T> {
    /// Puts `value` into a free slot.
    ///
    /// # Panics
    /// Beyond 2^32 − 2 slots.
    #[inline]
    pub fn insert(&mut self, value: T) -> u32 {
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = value;
            return index;
        }
        let index = u32::try_from(self.slots.len()).ok().filter(|&index| index < super::NIL - 1);
        let index = index.expect("fewer than 2^32 − 2 things at once");
        self.slots.push(value);
        self.epochs.push(0);
        index
    }

    /// There will be so many more in it soon.
    pub fn reserve(&mut self, more: usize) {
        let more = more.saturating_sub(self.free.len());
        self.slots.reserve(more);
        self.epochs.reserve(more);
    }

    /// Frees slot `index`: every handle to it is stale from now on. What it held is at hand until it is used again.
    #[inline]
    pub fn remove(&mut self, index: u32) -> &mut T {
        self.free.push(index);
        self.outdate(index);
        &mut self.slots[index as usize]
    }

    /// Makes every handle to slot `index` stale while its content lives on.
    #[inline]
    pub fn outdate(&mut self, index: u32) {
        let epoch = &mut self.epochs[index as usize];
        *epoch = epoch.wrapping_add(1);
    }

    /// A handle to what is in slot `index` now.
    #[inline]
    pub fn handle(&self, index: u32) -> Handle {
        Handle { index, epoch: self.epochs[index as usize] }
    }

    /// The slot of `handle`, unless it is stale.
    #[inline]
    pub fn live(&self, handle: Handle) -> Option<u32> {
        (self.epochs[handle.index as usize] == handle.epoch).then_some(handle.index)
    }

    /// What is in the slot of `handle`, unless it is stale.
    #[inline(always)]
    pub fn live_mut(&mut self, handle: Handle) -> Option<&mut T> {
        self.live(handle).map(|index| &mut self.slots[index as usize])
    }

    /// What is in slot `index`, and a handle to it.
    #[inline(always)]
    pub fn with_handle(&mut self, index: u32) -> (&mut T, Handle) {
        (&mut self.slots[index as usize], Handle { index, epoch: self.epochs[index as usize] })
    }

    /// What is in the slots in use, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let mut free = vec![false; self.slots.len()];
        for &index in &self.free {
            free[index as usize] = true;
        }
        self.slots.iter().zip(free).filter(|(_, free)| !free).map(|(value, _)| value)
    }

    /// Slots in use and free: all indices are below this.
    pub const fn capacity(&self) -> u32 {
        self.slots.len() as u32
    }

    /// Slots in use.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// What it takes beside itself (bytes), without what its members own.
    pub const fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<T>() + (self.epochs.capacity() + self.free.capacity()) * size_of::<u32>()
    }

    /// Whether no slot is in use.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> std::ops::Index<u32> for Arena<T> {
    type Output = T;
    #[inline]
    fn index(&self, index: u32) -> &T {
        &self.slots[index as usize]
    }
}

impl<T> std::ops::IndexMut<u32> for Arena<T> {
    #[inline]
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.slots[index as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_handle_finds_nothing() {
        let mut arena = Arena::default();
        let a = arena.insert('a');
        let old = arena.handle(a);
        arena.remove(a);
        let b = arena.insert('b');
        assert_eq!((a, arena.live(old), arena.live(arena.handle(b)), arena.len()), (b, None, Some(b), 1));
        let before = arena.handle(b);
        arena.outdate(b);
        assert_eq!((arena.live(before), arena[b]), (None, 'b'));
    }
}
