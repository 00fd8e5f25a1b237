//! The host with the fewest requests of this proxy under way, over all of them; ties at random.

use super::{Algorithm, Hosts};
use crate::engine::Stream;

/// No state.
#[derive(Clone, Debug)]
pub(super) struct LeastRequest;

impl Algorithm for LeastRequest {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        let mut best: Option<(u32, f64)> = None;
        let mut ties = 0;
        for i in (0..hosts.len()).filter(|&i| hosts.usable(i)) {
            let load = f64::from(hosts.active[i as usize] + 1) / hosts.weight(i);
            match best {
                Some((_, least)) if load > least => {}
                // Reservoir sampling over the ties.
                Some((_, least)) if load == least => {
                    ties += 1;
                    if draw.below(ties) == 0 {
                        best = Some((i, load));
                    }
                }
                _ => {
                    ties = 1;
                    best = Some((i, load));
                }
            }
        }
        best.map(|(i, _)| i)
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
