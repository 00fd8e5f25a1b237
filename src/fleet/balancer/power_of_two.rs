//! Of two distinct random hosts the one with fewer requests under way (Mitzenmacher, 2001). A dead pod, which has none, wins
//! every draw it is in.

use super::{Algorithm, Hosts};
use crate::engine::Stream;

/// No state.
#[derive(Clone, Debug)]
pub(in super::super) struct PowerOfTwo;

impl PowerOfTwo {
    /// The pick where all of at least two hosts may be picked, and weigh the same, by what is under way at each.
    #[inline(always)]
    pub(in super::super) fn of_all(active: &[u32], draw: &mut Stream) -> u32 {
        let n = active.len() as u32;
        let a = draw.below(n);
        // The second is uniform among the others.
        let b = draw.below(n - 1);
        let b = b + u32::from(b >= a);
        if active[b as usize] < active[a as usize] { b } else { a }
    }
}

impl Algorithm for PowerOfTwo {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        if hosts.len() > 1 && !hosts.restricted && hosts.slow_start.window.is_zero() {
            return Some(Self::of_all(hosts.active, draw));
        }
        let a = hosts.draw(draw)?;
        let b = (0..16).filter_map(|_| hosts.draw(draw)).find(|&b| b != a).unwrap_or(a);
        Some(if hosts.active[b as usize] < hosts.active[a as usize] { b } else { a })
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
