//! What a replication keeps account of: requests under way, and memory.

use crate::engine::SimTime;

use super::fact::Fact;
use super::link::Link;
use super::node::Cluster;
use super::pod::Pod;
use super::population::Population;
use super::process::Proxy;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// A request is born.
    #[inline(always)]
    pub(super) fn count_birth(&mut self, now: SimTime) {
        self.in_system += 1;
        self.in_system_moments -= i128::from(now.since(self.start).nanos());
    }

    /// A request that was born at `born` ends at `at`, which may lie somewhat back.
    #[inline(always)]
    pub(super) fn count_end(&mut self, born: SimTime, at: SimTime) {
        self.in_system -= 1;
        self.in_system_moments += i128::from(at.since(self.start).nanos());
        self.sojourn_sum += u128::from(at.since(born).nanos());
    }

    /// The integral over time of the number of requests under way, from the start (ns).
    pub(super) fn in_system_area(&self, now: SimTime) -> u128 {
        let whole = i128::from(self.in_system) * i128::from(now.since(self.start).nanos());
        (whole + self.in_system_moments) as u128
    }

    /// What must hold in every run, whatever the scenario.
    ///
    /// # Panics
    /// If a request was lost or counted twice, by Little's law as the identity that it is: the integral of the number
    /// under way equals the sum of the times under way.
    pub(super) fn assert_accounts(&mut self, now: SimTime) {
        self.catch_up_and_tell(now);
        self.assert_circuits();
        let under_way = self.births().into_iter();
        let (count, times) =
            under_way.fold((0, 0), |(n, sum), born| (n + 1, sum + u128::from(now.since(born).nanos())));
        assert_eq!(count, self.in_system, "requests under way: found and counted");
        let sojourn = self.sojourn_sum + times;
        assert_eq!(
            sojourn,
            self.in_system_area(now),
            "Little's law: sum of times under way and integral of their number"
        );
    }

    pub(super) fn tell_unfinished(&mut self, cal: &Cal) {
        for born in self.births() {
            self.tell(cal, Fact::Unfinished { born });
        }
    }

    /// When those were born that are under way.
    fn births(&self) -> Vec<SimTime> {
        let ordinary = self.requests.iter().filter(|r| !r.abandoned).map(|r| r.born);
        ordinary.chain(self.calm_births()).collect()
    }

    /// About what it takes beside itself and its observer (bytes): what grows with connections, pods or requests.
    pub(super) fn bytes(&self) -> usize {
        let links = self.links.iter().map(|l| size_of::<Link>() + l.idle.capacity() * size_of::<u32>());
        self.requests.bytes()
            + self.calm.bytes()
            + self.connections.bytes()
            + self.populations.iter().map(Population::bytes).sum::<usize>()
            + self.proxies.iter().map(Proxy::bytes).sum::<usize>()
            + self.pods.iter().map(Pod::bytes).sum::<usize>()
            + links.sum::<usize>()
            + self.idle.bytes()
            + self.circuits.bytes()
            + self.bindings.bytes()
            + self.addresses.bytes()
            + self.cluster.as_ref().map_or(0, Cluster::bytes)
    }
}
