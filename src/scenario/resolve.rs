//! Proxies and clients that are told nothing and ask a name server instead.

use super::read::At;
use crate::engine::Dur;

/// How a proxy (layer 4: a node, which stands for a client and its resolver) asks who the pods are. `propagation` says how
/// late the name server knows; what it answers is in force until the next time it is asked. An empty answer is none: the
/// old one stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolve {
    /// When it asks.
    pub refresh: Refresh,
    /// No sooner than so long after the last time (`poll`: every so long).
    pub min_interval: Dur,
    /// The answers come out of a cache that all share, and may be so old; zero = no cache.
    pub ttl: Dur,
}

/// When a name is asked for anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// When a connection to a pod has failed or was ended by the pod: gRPC.
    Disconnect,
    /// When a pod is to be picked and the last answer is older than the interval: the JVM's cache, nginx' `resolver`.
    Use,
    /// All the time, from a moment of its own on: routers that poll.
    Poll,
}

impl Resolve {
    /// By how much (s) asking makes a change later than the name server knows of it: the median, and what it stays below.
    /// Whoever asks on a disconnect has none before, so it counts from there.
    pub(super) fn delay(&self) -> (f64, f64) {
        let longest = self.min_interval.secs() + self.ttl.secs();
        (longest / 2.0, longest)
    }

    /// Default: none; where there is any, gRPC's: when a connection ends, every 30 s at the most.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        let wanted = at.node.is_some() && !at.is_word("none");
        let mut f = At { node: at.node.filter(|_| wanted), ..at }.fields();
        let words = [("disconnect", Refresh::Disconnect), ("use", Refresh::Use), ("poll", Refresh::Poll)];
        let resolve = Self {
            refresh: f.choice("refresh", Refresh::Disconnect, &words),
            min_interval: super::load_balancer::above_zero(&f.at("minInterval"), Dur::from_secs(30)),
            ttl: f.or("ttl", Dur::ZERO),
        };
        f.end();
        wanted.then_some(resolve)
    }
}
