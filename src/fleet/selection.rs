//! Which version's pods a Service selects: a blue-green deploy keeps the others ready and without traffic.

use super::control::Control;
use super::fact::Revision;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Whether new pods of `revision` are to get traffic.
    pub(super) fn is_selected(&self, revision: Revision) -> bool {
        self.control.as_ref().is_none_or(|control: &Control| control.selects(revision))
    }

    /// From now on only the pods of `revision` are to get traffic: the Service's selector changes, and every proxy learns of
    /// each pod in its own time, as of any other change.
    pub(super) fn select(&mut self, revision: Revision, cal: &mut Cal) {
        for pod in 0..self.pods.len() as u32 {
            let p = &mut self.pods[pod as usize];
            let selected = p.revision == revision;
            let changed = std::mem::replace(&mut p.selected, selected) != selected;
            if changed && (p.phase.is_ready() || p.lost && !selected) {
                self.propagate(pod, selected, cal);
            }
        }
    }
}
