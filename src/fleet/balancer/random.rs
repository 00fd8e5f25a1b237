//! Uniformly at random.

use super::{Algorithm, Hosts};
use crate::engine::Stream;

/// No state.
#[derive(Clone, Debug)]
pub(super) struct Random;

impl Algorithm for Random {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        hosts.draw(draw)
    }

    fn weighs_load(&self) -> bool {
        false
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
