//! In turn. Each proxy has its own turn, and keeps it when the table changes.

use super::{Algorithm, Hosts};
use crate::engine::Stream;

/// The position after the last one picked.
#[derive(Clone, Debug, Default)]
pub(super) struct RoundRobin {
    next: u32,
}

impl Algorithm for RoundRobin {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        let n = hosts.len();
        if n == 0 {
            return None;
        }
        let mut usable = None;
        // Twice round: once for weights to let somebody through, once more for bad luck.
        for step in 0..2 * n {
            let i = (self.next % n + step) % n;
            if hosts.usable(i) {
                usable.get_or_insert(i);
                if hosts.admits(i, draw) {
                    usable = Some(i);
                    break;
                }
            }
        }
        self.next = usable? + 1;
        usable
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
