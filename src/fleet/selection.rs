//! Which version's pods a Service selects: a blue-green deploy keeps the others ready and without traffic.

use super::control::Control;
use super::fact::Revision;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Whether new pods of `revision` are to get traffic.
    pub(super) fn is_selected(&self, revision: Revision) -> bool {
        self.control.as_ref().is_none_or(|control: &Control| control.selects(revision))
    }

    /// From now on only the pods of `revision` are to get traffic: the Service's selector changes. That is one change of one
    /// `EndpointSlice`, whose controller puts new endpoints into the slice that it takes the old ones from (`reconcileByPortMapping`), so each
    /// proxy hears of all pods at once – unless additions take it another time than removals, as where targets are registered one by
    /// one.
    pub(super) fn select(&mut self, revision: Revision, cal: &mut Cal) {
        let mut change = None;
        for coming in [!self.removes_first(), self.removes_first()] {
            for pod in 0..self.pods.len() as u32 {
                let p = &mut self.pods[pod as usize];
                if (p.revision == revision) != coming || std::mem::replace(&mut p.selected, coming) == coming {
                    continue;
                }
                if p.phase.is_ready() || p.lost && !coming {
                    let own = self.change(pod);
                    self.propagate_as(*change.get_or_insert(own), pod, coming, cal);
                }
            }
        }
    }
}
