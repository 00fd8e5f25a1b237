//! Uniformly at random.

use super::{Algorithm, Hosts};
use crate::engine::{Family, Stream};

/// No state.
#[derive(Clone, Debug)]
pub(super) struct Random;

impl Algorithm for Random {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        hosts.draw(draw)
    }

    fn pick_of(&mut self, n: u32, family: Family, lot: u64) -> Option<u32> {
        self.upcoming(0, n, family, lot)
    }

    fn upcoming(&self, _turn: u32, n: u32, family: Family, lot: u64) -> Option<u32> {
        (n > 0).then(|| family.stream(lot).below(n))
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
