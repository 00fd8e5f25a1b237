//! How a proxy picks a pod, by what it believes itself: one file an algorithm.

mod choices;
mod envoy_least_request;
mod haproxy_least_request;
mod haproxy_round_robin;
mod host;
mod hosts;
mod ip_hash;
mod least_request;
mod power_of_two;
mod random;
mod ring_hash;
mod round_robin;
mod smooth_round_robin;

#[cfg(test)]
mod contract;

pub(super) use choices::Choices;
pub(super) use host::Host;
pub(super) use hosts::Hosts;

use crate::engine::{Family, Stream};
use crate::scenario;

/// A balancing algorithm with its state in one proxy.
pub(super) trait Algorithm: std::fmt::Debug + Send + Sync {
    /// The position of a usable host in the table; `None` exactly when there is none. `key` is the identity of the client's
    /// connection, `draw` this pick's own randomness.
    fn pick(&mut self, hosts: &Hosts<'_>, key: u64, draw: &mut Stream) -> Option<u32>;

    /// The same where all of `n` hosts may be picked and weigh the same, and nothing else matters: without a look at any of them.
    /// `None` where something does.
    fn pick_of(&mut self, _n: u32, _family: Family, _lot: u64) -> Option<u32> {
        None
    }

    /// What [`Self::pick_of`] gives after `turn` others of the same kind, if nothing changes meanwhile.
    fn upcoming(&self, _turn: u32, _n: u32, _family: Family, _lot: u64) -> Option<u32> {
        None
    }

    /// Whether it looks at what is under way at all hosts.
    fn weighs_load(&self) -> bool {
        false
    }

    /// Whether it also looks at which of them has had that for the longest time.
    fn takes_turns(&self) -> bool {
        false
    }

    /// Which two hosts it looks at, where all may be picked and weigh the same, if it takes the less busy one of two at random.
    fn choices(&self) -> Option<Choices> {
        None
    }

    /// The table has changed.
    fn table_changed(&mut self, _table: &[Host]) {}

    /// About what it keeps for its table (bytes).
    fn bytes(&self) -> usize {
        0
    }

    /// A copy, for a fork of the simulation.
    fn boxed(&self) -> Box<dyn Algorithm>;
}

impl Clone for Box<dyn Algorithm> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// The algorithm that a scenario names; `salt` is another one in every replication.
pub(super) fn algorithm(name: scenario::Algorithm, salt: u64) -> Box<dyn Algorithm> {
    match name {
        scenario::Algorithm::RoundRobin => Box::new(round_robin::RoundRobin::default()),
        scenario::Algorithm::Random => Box::new(random::Random),
        scenario::Algorithm::LeastRequest => Box::new(least_request::LeastRequest),
        scenario::Algorithm::PowerOfTwo => Box::new(power_of_two::PowerOfTwo),
        scenario::Algorithm::IpHash => Box::new(ip_hash::IpHash),
        scenario::Algorithm::RingHash => Box::new(ring_hash::RingHash::new(salt)),
        scenario::Algorithm::SmoothRoundRobin => Box::new(smooth_round_robin::SmoothRoundRobin::default()),
        scenario::Algorithm::EnvoyLeastRequest => Box::new(envoy_least_request::EnvoyLeastRequest),
        scenario::Algorithm::HaproxyLeastRequest => Box::new(haproxy_least_request::HaproxyLeastRequest),
        scenario::Algorithm::HaproxyRoundRobin => Box::new(haproxy_round_robin::HaproxyRoundRobin::default()),
    }
}
