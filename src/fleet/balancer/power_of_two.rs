//! Of two distinct random hosts the one with fewer requests under way (Mitzenmacher, 2001). A dead pod, which has none, wins
//! every draw it is in.

use super::{Algorithm, Host, Hosts};
use crate::engine::Stream;

/// No state.
#[derive(Clone, Debug)]
pub(in super::super) struct PowerOfTwo;

impl PowerOfTwo {
    /// The pick where all of at least two hosts may be picked, and weigh the same.
    #[inline(always)]
    pub(in super::super) fn of_all(table: &[Host], draw: &mut Stream) -> u32 {
        let n = table.len() as u32;
        let a = draw.below(n);
        // The second is uniform among the others.
        let b = draw.below(n - 1);
        let b = b + u32::from(b >= a);
        if table[b as usize].active < table[a as usize].active { b } else { a }
    }
}

impl Algorithm for PowerOfTwo {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        if hosts.len() > 1 && !hosts.restricted && hosts.slow_start.window.is_zero() {
            return Some(Self::of_all(hosts.table, draw));
        }
        let a = hosts.draw(draw)?;
        let b = (0..16).filter_map(|_| hosts.draw(draw)).find(|&b| b != a).unwrap_or(a);
        Some(if hosts.table[b as usize].active < hosts.table[a as usize].active { b } else { a })
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
