//! The network in between, and what is measured.

use super::read::At;
use crate::engine::Dur;

/// Constant one-way latencies.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// Of each hop behind the first proxy: from proxy to pod, from tier to tier.
    pub latency: Dur,
    /// Of the clients' hop; at layer 4 the only one.
    pub client: Dur,
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Observe {
    /// Discarded at the start.
    pub warmup: Dur,
    /// Measured on after *during* has ended.
    pub after: Dur,
    /// The simulation ends here at the latest [since its start].
    pub limit: Dur,
    /// With no deploy: measured for this long after the warm-up.
    pub steady: Dur,
}

impl Network {
    /// Default: 0.5 ms one way, as within a region; the clients' hop the same.
    pub(super) fn read(at: At<'_>) -> Self {
        if at.node.is_none() {
            at.cx.assume("network.latency 500us (one way, within a region)".to_owned());
        }
        let mut f = at.fields();
        let latency = f.or("latency", Dur::from_nanos(500_000));
        let network = Self { latency, client: f.or("client", latency) };
        f.end();
        network
    }
}

/// What a new connection costs.
#[derive(Clone, Copy, Debug)]
pub struct Handshake {
    /// A worker's time at the pod, slowed by its warm-up.
    pub time: Dur,
    /// Times that the network is crossed both ways before the opener may use it.
    pub round_trips: u32,
}

impl Handshake {
    /// Defaults: 0.25 ms, a TLS 1.3 handshake with an ECDSA certificate; one round trip, TCP's own (TLS 1.3 adds one, 1.2
    /// two). None: something near answers on the pod's behalf.
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let why = "a TLS 1.3 handshake with an ECDSA certificate; RSA takes 600us";
        let handshake = Self {
            time: f.assume("time", Dur::from_nanos(250_000), why),
            round_trips: f.within("roundTrips", 1, 0..=10),
        };
        f.end();
        handshake
    }
}

impl Observe {
    /// Defaults: 30 s discarded, 60 s after the end, 6 h at most, 60 s where there is no deploy.
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let observe = Self {
            warmup: f.or("warmup", Dur::from_secs(30)),
            after: f.or("after", Dur::from_secs(60)),
            limit: f.or("limit", Dur::from_secs(6 * 3600)),
            steady: f.or("for", Dur::from_secs(60)),
        };
        f.end();
        observe
    }
}
