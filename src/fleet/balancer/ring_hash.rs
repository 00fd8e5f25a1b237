//! By a hash of the client's connection on a ring of virtual nodes (Karger et al., 1997): a change of one pod moves
//! only that pod's share.

use super::{Algorithm, Host, Hosts};
use crate::engine::{Stream, mix};

/// Points of each pod on the ring; Envoy's minimum ring of 1,024 entries gives ten pods about as many.
const POINTS: u64 = 100;

/// (point, position in the table), in order of points.
#[derive(Clone, Debug, Default)]
pub(super) struct RingHash {
    ring: Vec<(u64, u32)>,
}

impl Algorithm for RingHash {
    fn pick(&mut self, hosts: &Hosts<'_>, key: u64, _draw: &mut Stream) -> Option<u32> {
        let start = self.ring.partition_point(|&(point, _)| point < mix(key));
        let (before, after) = self.ring.split_at(start);
        after.iter().chain(before).map(|&(_, i)| i).find(|&i| hosts.usable(i))
    }

    fn table_changed(&mut self, table: &[Host]) {
        self.ring.clear();
        for (i, host) in table.iter().enumerate() {
            let pod = mix(u64::from(host.pod) ^ 0x5249_4E47);
            self.ring.extend((0..POINTS).map(|k| (mix(pod.wrapping_add(k)), i as u32)));
        }
        self.ring.sort_unstable();
    }

    fn bytes(&self) -> usize {
        self.ring.capacity() * size_of::<(u64, u32)>()
    }

    fn weighs_load(&self) -> bool {
        false
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}
