//! Where those hosts of a table stand that have something in common: their zone, or their version.

/// Positions by what their hosts have in common, which is a small number.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups(Vec<Vec<u32>>);

impl Groups {
    /// The positions of a group, in ascending order.
    pub(super) fn of(&self, group: u16) -> &[u32] {
        self.0.get(usize::from(group)).map_or(&[], Vec::as_slice)
    }

    /// The host at `position`, behind all others, is one of `group`.
    pub(super) fn push(&mut self, group: u16, position: u32) {
        let group = usize::from(group);
        if self.0.len() <= group {
            self.0.resize(group + 1, Vec::new());
        }
        self.0[group].push(position);
    }

    /// The host at `position` is no more: those behind it move up.
    pub(super) fn remove(&mut self, position: u32) {
        for group in &mut self.0 {
            let at = group.partition_point(|&other| other < position);
            if group.get(at) == Some(&position) {
                group.remove(at);
            }
            group[at..].iter_mut().for_each(|other| *other -= 1);
        }
    }

    /// What they take beside themselves (bytes).
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|group| group.capacity() * size_of::<u32>()).sum()
    }
}
