//! By a hash of the client modulo the number of pods, as nginx's `ip_hash`: a pod more or less moves nearly every client.

use super::{Algorithm, Hosts};
use crate::engine::{Stream, mix};

/// After so many pods that are out it takes the next one that is not (nginx falls back to round robin).
const TRIES: u64 = 20;

/// No state.
#[derive(Clone, Debug)]
pub(super) struct IpHash;

impl Algorithm for IpHash {
    fn pick(&mut self, hosts: &Hosts<'_>, key: u64, _draw: &mut Stream) -> Option<u32> {
        let n = hosts.len();
        if n == 0 {
            return None;
        }
        let at = |k: u64| (mix(mix(key).wrapping_add(k)) % u64::from(n)) as u32;
        let first = (0..TRIES).map(at).find(|&i| hosts.usable(i));
        first.or_else(|| (0..n).map(|k| (at(0) + k) % n).find(|&i| hosts.usable(i)))
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
