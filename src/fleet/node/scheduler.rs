//! Which node a new pod gets.

use crate::engine::{Purpose, Streams};

/// A node as the scheduler sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) node: u32,
    pub(super) zone: u32,
    /// Whether it may have another pod at all.
    pub(super) takes: bool,
    /// Pods of the same ReplicaSet on it, without those on their way out.
    pub(super) alike: u32,
    /// All pods on it.
    pub(super) pods: u32,
}

/// The node with the best score for pod `identity`, or `None` where none takes it.
///
/// kube-scheduler with its default profile filters, then adds up scores; of these, two tell apart pods that are all the same:
/// `PodTopologySpread` with its default constraints (by zone, then by node, counting the ReplicaSet's own pods without
/// terminating ones) and, of lower weight, `NodeResourcesFit` (least allocated, all pods). Here one comes before the other
/// instead of being added. Among equals it chooses at random.
pub(super) fn choose(seats: &[Seat], identity: u64, streams: Streams) -> Option<u32> {
    let mut alike_in_zone: Vec<u32> = Vec::new();
    for seat in seats {
        let zone = seat.zone as usize;
        if alike_in_zone.len() <= zone {
            alike_in_zone.resize(zone + 1, 0);
        }
        alike_in_zone[zone] += seat.alike;
    }
    let mut best = (u32::MAX, u32::MAX, u32::MAX);
    let mut equals = Vec::new();
    for seat in seats.iter().filter(|s| s.takes) {
        let score = (alike_in_zone[seat.zone as usize], seat.alike, seat.pods);
        if score < best {
            best = score;
            equals.clear();
        }
        if score == best {
            equals.push(seat.node);
        }
    }
    let lot = streams.stream(Purpose::Placement, identity).below(equals.len() as u32);
    equals.get(lot as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(node: u32, zone: u32, alike: u32, pods: u32) -> Seat {
        Seat { node, zone, takes: true, alike, pods }
    }

    fn chosen(seats: &[Seat]) -> Option<u32> {
        choose(seats, 0, Streams::new(1, 0))
    }

    #[test]
    fn zones_come_first_then_nodes_then_room() {
        // Zone 0 has three pods of the set on two nodes, zone 1 two on one.
        assert_eq!(chosen(&[seat(0, 0, 0, 0), seat(1, 0, 3, 3), seat(2, 1, 2, 2)]), Some(2));
        assert_eq!(chosen(&[seat(0, 0, 2, 2), seat(1, 0, 1, 9)]), Some(1));
        assert_eq!(chosen(&[seat(0, 0, 1, 5), seat(1, 0, 1, 4)]), Some(1));
    }

    #[test]
    fn what_takes_none_is_passed_over_and_still_counts_for_its_zone() {
        let full = Seat { takes: false, ..seat(0, 0, 0, 0) };
        assert_eq!(chosen(&[full, seat(1, 0, 1, 1), seat(2, 1, 2, 2)]), Some(1));
        assert_eq!(chosen(&[full]), None);
    }

    #[test]
    fn equals_are_chosen_at_random_and_always_alike() {
        let seats: Vec<Seat> = (0..4).map(|n| seat(n, 0, 0, 0)).collect();
        let of = |pod| choose(&seats, pod, Streams::new(1, 0)).expect("one is free");
        let mut counts = [0; 4];
        (0..4000).for_each(|pod| counts[of(pod) as usize] += 1);
        assert!(counts.iter().all(|&c| (900..1100).contains(&c)), "{counts:?}");
        assert_eq!(of(7), of(7));
    }
}
