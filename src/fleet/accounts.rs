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
    /// Keeps the integral of the number of requests under way, before that number changes.
    #[inline]
    pub(super) fn integrate(&mut self, now: SimTime) {
        self.in_system_area += u128::from(self.in_system) * u128::from(now.since(self.in_system_since).nanos());
        self.in_system_since = now;
    }

    /// What must hold in every run, whatever the scenario.
    ///
    /// # Panics
    /// If a request was lost or counted twice, by Little's law as the identity that it is: the integral of the number
    /// under way equals the sum of the times under way.
    pub(super) fn assert_accounts(&mut self, now: SimTime) {
        self.integrate(now);
        let under_way = self.requests.iter().filter(|r| !r.abandoned);
        let (count, times) = under_way.fold((0, 0), |(n, sum), r| (n + 1, sum + u128::from(now.since(r.born).nanos())));
        assert_eq!(count, self.in_system, "requests under way: found and counted");
        let sojourn = self.sojourn_sum + times;
        assert_eq!(sojourn, self.in_system_area, "Little's law: sum of times under way and integral of their number");
    }

    pub(super) fn tell_unfinished(&mut self, cal: &Cal) {
        let births: Vec<SimTime> = self.requests.iter().filter(|r| !r.abandoned).map(|r| r.born).collect();
        for born in births {
            self.tell(cal, Fact::Unfinished { born });
        }
    }

    /// About what it takes beside itself and its observer (bytes): what grows with connections, pods or requests.
    pub(super) fn bytes(&self) -> usize {
        let links = self.links.iter().map(|l| size_of::<Link>() + l.idle.capacity() * size_of::<u32>());
        self.requests.bytes()
            + self.connections.bytes()
            + self.populations.iter().map(Population::bytes).sum::<usize>()
            + self.proxies.iter().map(Proxy::bytes).sum::<usize>()
            + self.pods.iter().map(Pod::bytes).sum::<usize>()
            + links.sum::<usize>()
            + self.idle.bytes()
            + self.bindings.bytes()
            + self.addresses.bytes()
            + self.cluster.as_ref().map_or(0, Cluster::bytes)
    }
}
