//! Of two distinct random hosts the one with fewer requests under way (Mitzenmacher, 2001). A dead pod, which has none, wins
//! every draw it is in.

use super::{Algorithm, Hosts};
use crate::engine::Stream;

/// No state.
#[derive(Clone, Debug)]
pub(super) struct PowerOfTwo;

impl Algorithm for PowerOfTwo {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        let n = hosts.len();
        if n > 1 && !hosts.restricted && hosts.slow_start.window.is_zero() {
            let a = draw.below(n);
            // The second is uniform among the others.
            let b = draw.below(n - 1);
            let b = b + u32::from(b >= a);
            let (x, y) = (&hosts.table[a as usize], &hosts.table[b as usize]);
            return Some(if y.active < x.active { b } else { a });
        }
        let a = hosts.draw(draw)?;
        let b = (0..16).filter_map(|_| hosts.draw(draw)).find(|&b| b != a).unwrap_or(a);
        Some(if hosts.table[b as usize].active < hosts.table[a as usize].active { b } else { a })
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
