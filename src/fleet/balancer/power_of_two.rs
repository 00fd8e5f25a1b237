//! Of two distinct random hosts the one with fewer requests under way (Mitzenmacher, 2001). A dead pod, which has none, wins
//! every draw it is in.

use super::{Algorithm, Choices, Hosts};
use crate::engine::Stream;

/// No state.
#[derive(Clone, Debug)]
pub(super) struct PowerOfTwo;

impl Algorithm for PowerOfTwo {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        if hosts.len() > 1 && !hosts.restricted && hosts.is_flat() {
            return Some(hosts.less_busy(Choices::Distinct.of(hosts.len(), draw)));
        }
        let a = hosts.draw(draw)?;
        let b = (0..16).filter_map(|_| hosts.draw(draw)).find(|&b| b != a).unwrap_or(a);
        Some(hosts.less_busy((a, b)))
    }

    fn choices(&self) -> Option<Choices> {
        Some(Choices::Distinct)
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
