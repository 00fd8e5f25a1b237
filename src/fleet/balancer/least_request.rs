//! The host with the fewest requests of this proxy under way, over all of them; ties at random.

use super::{Algorithm, Hosts};
use crate::engine::Stream;

/// No state.
#[derive(Clone, Debug)]
pub(super) struct LeastRequest;

impl Algorithm for LeastRequest {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        if let Some(least) = hosts.least
            && !hosts.restricted
            && hosts.is_flat()
        {
            return least.draw(draw);
        }
        let usable = || (0..hosts.len()).filter(|&i| hosts.usable(i));
        let load = |i: u32| f64::from(hosts.active[i as usize] + 1) / hosts.weight(i);
        let least = usable().map(load).reduce(f64::min)?;
        let ties = || usable().filter(|&i| load(i) == least);
        ties().nth(draw.below(ties().count() as u32) as usize)
    }

    fn weighs_load(&self) -> bool {
        true
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
