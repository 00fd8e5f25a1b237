//! Of two distinct random hosts the one with fewer requests under way (Mitzenmacher, 2001). A dead pod, which has none, wins
//! every draw it is in.

use super::{Algorithm, Hosts};
use crate::engine::Stream;

/// No state.
#[derive(Clone, Debug)]
pub(in super::super) struct PowerOfTwo;

impl PowerOfTwo {
    /// Two of `n` hosts, at least two, that weigh the same: of equally busy ones the first is picked.
    #[inline(always)]
    pub(in super::super) const fn two_of(n: u32, draw: &mut Stream) -> (u32, u32) {
        let a = draw.below(n);
        // The second is uniform among the others.
        let b = draw.below(n - 1);
        (a, b + (b >= a) as u32)
    }
}

impl Algorithm for PowerOfTwo {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        if hosts.len() > 1 && !hosts.restricted && hosts.slow_start.window.is_zero() {
            let (a, b) = Self::two_of(hosts.len(), draw);
            return Some(if hosts.active[b as usize] < hosts.active[a as usize] { b } else { a });
        }
        let a = hosts.draw(draw)?;
        let b = (0..16).filter_map(|_| hosts.draw(draw)).find(|&b| b != a).unwrap_or(a);
        Some(if hosts.active[b as usize] < hosts.active[a as usize] { b } else { a })
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
