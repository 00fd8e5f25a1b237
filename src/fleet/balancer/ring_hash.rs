//! By a hash of the client's connection on a ring of virtual nodes (Karger et al., 1997): a change of one pod moves
//! only that pod's share.

use super::{Algorithm, Host, Hosts};
use crate::engine::{NIL, Stream, mix};

/// Points of each pod on the ring; Envoy's minimum ring of 1,024 entries gives ten pods about as many.
const POINTS: u64 = 100;

/// The ring, and what its points lead to.
#[derive(Clone, Debug, Default)]
pub(super) struct RingHash {
    /// Pods have other addresses each time, and stand elsewhere on the ring; all proxies have the same one.
    salt: u64,
    /// (point, pod), in order of points.
    ring: Vec<(u64, u32)>,
    /// By pod: its position in the table, or [`NIL`].
    positions: Vec<u32>,
    /// Pods of the table.
    pods: Vec<u32>,
}

impl Algorithm for RingHash {
    fn pick(&mut self, hosts: &Hosts<'_>, key: u64, _draw: &mut Stream) -> Option<u32> {
        let start = self.first_from(mix(key));
        let (before, after) = self.ring.split_at(start);
        after.iter().chain(before).map(|&(_, pod)| self.positions[pod as usize]).find(|&i| hosts.usable(i))
    }

    /// Points of pods that stay are left where they are: all are sorted once, not for each pod that comes or goes.
    #[expect(clippy::stable_sort_primitive, reason = "the stable one makes use of what is in order already")]
    fn table_changed(&mut self, table: &[Host]) {
        let was = std::mem::take(&mut self.positions);
        let pods = table.iter().map(|host| host.pod);
        self.positions = vec![NIL; pods.clone().max().map_or(0, |pod| pod as usize + 1)];
        for (i, pod) in pods.clone().enumerate() {
            self.positions[pod as usize] = i as u32;
        }
        let is_in = |positions: &[u32], pod: u32| positions.get(pod as usize).is_some_and(|&i| i != NIL);
        if self.pods.iter().any(|&pod| !is_in(&self.positions, pod)) {
            self.ring.retain(|&(_, pod)| is_in(&self.positions, pod));
        }
        for pod in pods.clone().filter(|&pod| !is_in(&was, pod)) {
            let base = mix(u64::from(pod) ^ 0x5249_4E47 ^ self.salt);
            self.ring.extend((0..POINTS).map(|k| (mix(base.wrapping_add(k)), pod)));
        }
        self.ring.sort();
        self.pods = pods.collect();
    }

    fn bytes(&self) -> usize {
        self.ring.capacity() * size_of::<(u64, u32)>()
            + (self.positions.capacity() + self.pods.capacity()) * size_of::<u32>()
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}

impl RingHash {
    pub(super) fn new(salt: u64) -> Self {
        Self { salt, ..Self::default() }
    }

    /// Where in the ring the first point stands that does not come before `point`. Points are spread evenly: of 100,000 it stands within
    /// some hundred of where that says, which is quicker than to halve all of them.
    fn first_from(&self, point: u64) -> usize {
        let ring = &self.ring;
        let guess = ((u128::from(point) * ring.len() as u128) >> 64) as usize;
        let (mut low, mut high, mut step) = (guess, guess, 32);
        while low > 0 && ring[low - 1].0 >= point {
            (low, step) = (low.saturating_sub(step), step * 2);
        }
        while high < ring.len() && ring[high].0 < point {
            (high, step) = ((high + step).min(ring.len()), step * 2);
        }
        low + ring[low..high].partition_point(|&(other, _)| other < point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimTime;

    #[test]
    fn a_ring_that_grows_and_shrinks_is_the_one_that_is_made_at_once() {
        let mut table: Vec<Host> = Vec::new();
        let mut grown = RingHash::default();
        for step in 0..60u32 {
            if step % 3 < 2 {
                table.push(Host::new(step, SimTime::ZERO));
            } else {
                table.remove((step as usize * 7) % table.len());
            }
            grown.table_changed(&table);
            let mut fresh = RingHash::default();
            fresh.table_changed(&table);
            assert_eq!((&grown.ring, &grown.positions), (&fresh.ring, &fresh.positions));
            for point in (0..200).map(mix).chain(grown.ring.iter().map(|&(point, _)| point)).chain([0, u64::MAX]) {
                assert_eq!(grown.first_from(point), grown.ring.partition_point(|&(other, _)| other < point));
            }
        }
        grown.table_changed(&[]);
        assert_eq!((grown.ring.len(), grown.first_from(mix(7))), (0, 0));
    }
}
