//! Envoy's `LEAST_REQUEST` with its two choices: two random hosts, drawn independently, so that they may be the same; the
//! second wins only with fewer requests under way.

use super::{Algorithm, Hosts};
use crate::engine::Stream;

/// No state.
#[derive(Clone, Debug)]
pub(super) struct EnvoyLeastRequest;

impl Algorithm for EnvoyLeastRequest {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        let a = hosts.draw(draw)?;
        let b = hosts.draw(draw)?;
        Some(if hosts.active[b as usize] < hosts.active[a as usize] { b } else { a })
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
