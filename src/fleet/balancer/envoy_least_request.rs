//! Envoy's `LEAST_REQUEST` with its two choices: two random hosts, drawn independently, so that they may be the same; the
//! second wins only with fewer requests under way.

use super::{Algorithm, Choices, Hosts};
use crate::engine::Stream;

/// No state.
#[derive(Clone, Debug)]
pub(super) struct EnvoyLeastRequest;

impl Algorithm for EnvoyLeastRequest {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        let (a, b) = (hosts.draw(draw)?, hosts.draw(draw)?);
        Some(hosts.less_busy((a, b)))
    }

    fn choices(&self) -> Option<Choices> {
        Some(Choices::Independent)
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
