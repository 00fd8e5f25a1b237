//! Servers in a line: whoever has the least of a number first.

use std::collections::VecDeque;

/// Slots of servers in ascending order of a number, of those with the same one first who came first.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(VecDeque<(i64, u32)>);

impl Line {
    /// As a rule the last of all.
    #[inline]
    pub(super) fn insert(&mut self, key: i64, slot: u32) {
        if self.0.back().is_none_or(|last| last.0 <= key) {
            return self.0.push_back((key, slot));
        }
        let at = self.0.partition_point(|other| other.0 <= key);
        self.0.insert(at, (key, slot));
    }

    /// As a rule the first of all.
    #[inline]
    pub(super) fn remove(&mut self, slot: u32) {
        let at = self.0.iter().position(|other| other.1 == slot);
        if let Some(at) = at {
            self.0.remove(at);
        }
    }

    #[inline]
    pub(super) fn first(&self) -> Option<u32> {
        self.0.front().map(|first| first.1)
    }

    /// About what it takes (bytes).
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(i64, u32)>()
    }
}
