//! A number over what happened, whatever the order in which the engine came by it: a sum of hashes, one a fact.

use crate::engine::{SimTime, mix};
use crate::fleet::fact::Fact;

/// An odd number with many bits, to keep identities and moments apart.
const SPREAD: u64 = 0xD6E8_FEB8_6659_FD93;

/// The sum so far, and of how many facts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Digest {
    pub(super) sum: u64,
    pub(super) facts: u64,
}

impl Digest {
    /// Adds a fact, if it is one that a result rests on: a request's end, a change of a pod, a table, a desired size.
    #[inline(always)]
    pub(super) fn add(&mut self, now: SimTime, fact: &Fact) {
        let (kind, a, b) = match *fact {
            Fact::Ended { born, outcome, cause, attempts, identity, pod, stream: _, sent: _, proxy: _, client: _ } => {
                let what = (outcome as u64) | (cause.map_or(0xFF, |c| c as u64) << 8) | (u64::from(attempts) << 16);
                (
                    1,
                    identity ^ (born.nanos() as u64).rotate_left(20),
                    what | (u64::from(pod.map_or(u32::MAX, |p| p.0)) << 32),
                )
            }
            Fact::Pod { pod, revision, step } => (2, u64::from(pod.0), u64::from(revision.0) << 8 | step as u64),
            Fact::Table { proxy, pod, routed } => (3, u64::from(pod.0), u64::from(proxy.0) << 1 | u64::from(routed)),
            Fact::Desired { revision, size } => (4, u64::from(revision.0), u64::from(size)),
            Fact::Complete => (5, 0, 0),
            Fact::Node { node, step } => (6, u64::from(node.0), step as u64),
            Fact::Scaled { replicas } => (7, u64::from(replicas), 0),
            // What follows from the above, or only samples it.
            Fact::Born
            | Fact::Unfinished { .. }
            | Fact::Severed { .. }
            | Fact::Analysis { .. }
            | Fact::Deaf { .. }
            | Fact::Answer(_)
            | Fact::Opened { .. }
            | Fact::ConnectFailed(_)
            | Fact::SpecChanged
            | Fact::Settled
            | Fact::Levels(_) => return,
        };
        let when = mix(now.nanos() as u64 ^ (kind << 56) ^ a.wrapping_mul(SPREAD));
        self.sum = self.sum.wrapping_add(mix(when ^ b));
        self.facts += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::fact::{PodId, ProxyId};

    fn table(proxy: u32, pod: u32) -> Fact {
        Fact::Table { proxy: ProxyId(proxy), pod: PodId(pod), routed: true }
    }

    #[test]
    fn order_does_not_matter_and_everything_else_does() {
        let sum = |facts: &[(i64, Fact)]| {
            let mut d = Digest::default();
            for (t, f) in facts {
                d.add(SimTime::from_nanos(*t), f);
            }
            d.sum
        };
        let (a, b) = ((1, table(1, 2)), (1, table(2, 1)));
        assert_eq!(sum(&[a, b]), sum(&[b, a]));
        assert_ne!(sum(&[a]), sum(&[b]));
        assert_ne!(sum(&[a]), sum(&[(2, table(1, 2))]));
        assert_ne!(sum(&[a, a]), sum(&[a]));
    }
}
