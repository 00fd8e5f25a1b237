//! Chance without a shared generator: every draw belongs to a purpose and an identity.
//!
//! A [`Stream`] is a pure function of (seed, replication, purpose, identity): adding a draw somewhere moves no other
//! draw, and the same request carries the same work under every policy (common random numbers).
//! The n-th number of a stream is `mix(key + n × γ)`, that is SplitMix64 (Steele, Lea & Flood, 2014) started at a
//! hashed key: counter-based, one multiply-xorshift round a draw.

use std::convert::Infallible;

/// The odd constant by which SplitMix64 steps, 2^64 / golden ratio.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64: a bijection on 64 bits in which each input bit moves half of the output's.
#[inline]
pub const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What a draw is for. The numbers are part of every result: append, never renumber (a test holds them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Gaps between the arrivals of a population.
    Arrival = 1,
    /// The work of a request.
    Service = 2,
    /// Which client of its population a request belongs to.
    Client = 3,
    /// Whether a request is idempotent.
    Idempotent = 4,
    /// Whether the new version answers a request with an error.
    AppError = 5,
    /// Jitter of a client's retry.
    ClientBackoff = 6,
    /// Jitter of a reconnect.
    ReconnectBackoff = 7,
    /// How long a stream lives.
    Stream = 8,
    /// A closed-loop user's think time.
    Think = 9,
    /// A pod's start-up time.
    Startup = 10,
    /// The phase of a pod's probes.
    ProbePhase = 11,
    /// A pod's preStop hook.
    PreStop = 12,
    /// When a draining pod closes one of its connections.
    CloseJitter = 13,
    /// The part of a propagation delay that all proxies share.
    PropagationShared = 14,
    /// A proxy's own part of a propagation delay.
    PropagationOwn = 15,
    /// The phase of the control plane's batches.
    BatchPhase = 16,
    /// A balancing decision.
    Balance = 17,
    /// The phase of active health checks.
    HealthCheckPhase = 18,
    /// The maximum age of a connection.
    ConnectionAge = 19,
    /// A pod's unique id, by which Kubernetes breaks ties of deletion.
    PodUid = 20,
    /// Where in its life a stream is when the simulation starts.
    StreamResidual = 21,
    /// A fraction of a second by which the cluster's wall clock is past a whole second at the start.
    WallClock = 22,
    /// Jitter of a proxy's retry.
    ProxyBackoff = 23,
    /// Whether an answer of a draining proxy closes its connection.
    DrainClose = 24,
    /// When an old process closes a client's idle connection.
    CloseSpread = 25,
    /// Whether a start of a pod ends in a crash.
    CrashAtStart = 26,
    /// How long a pod listens before it crashes.
    CrashAfter = 27,
    /// When a proxy that polls its name server first does.
    ResolvePhase = 28,
    /// Whether a controller sees its own last report in time.
    StatusRace = 29,
    /// Where in its period a pod's startup probe begins.
    StartupProbePhase = 30,
    /// Where in its period a pod's liveness probe begins.
    LivenessProbePhase = 31,
    /// Which of several equal nodes a pod gets.
    Placement = 40,
    /// The phases of a node's heartbeats, and of the looks at them.
    NodeClock = 41,
    /// Whose pods a router sends a request to.
    RouterWeight = 42,
    /// How late a proxy hears of a router's weights.
    RouteDelay = 43,
    /// What a pull takes beside the transfer.
    ImagePull = 44,
    /// How long an exited pod's address still refuses.
    AddressKept = 50,
    /// When an autoscaler first looks, and pods are first scraped for it.
    AutoscalerPhase = 60,
    /// How a hash lays out its ring.
    Ring = 61,
    /// When a proxy first looks whose ejection is over.
    EjectionLook = 62,
}

impl Purpose {
    /// Whether it belongs to pods and their balancer, rather than to clients and what they ask.
    const fn is_of_hosts(self) -> bool {
        match self {
            Self::Arrival
            | Self::Service
            | Self::Client
            | Self::Idempotent
            | Self::ClientBackoff
            | Self::ReconnectBackoff
            | Self::Stream
            | Self::Think
            | Self::ConnectionAge
            | Self::StreamResidual => false,
            Self::AppError
            | Self::Startup
            | Self::ProbePhase
            | Self::PreStop
            | Self::CloseJitter
            | Self::PropagationShared
            | Self::PropagationOwn
            | Self::BatchPhase
            | Self::Balance
            | Self::HealthCheckPhase
            | Self::PodUid
            | Self::WallClock
            | Self::ProxyBackoff
            | Self::DrainClose
            | Self::CloseSpread
            | Self::CrashAtStart
            | Self::CrashAfter
            | Self::ResolvePhase
            | Self::StartupProbePhase
            | Self::LivenessProbePhase
            | Self::Placement
            | Self::NodeClock
            | Self::RouterWeight
            | Self::RouteDelay
            | Self::ImagePull
            | Self::AddressKept
            | Self::AutoscalerPhase
            | Self::Ring
            | Self::EjectionLook
            | Self::StatusRace => true,
        }
    }
}

/// All randomness of one replication of one scenario.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    /// Of clients and what they ask, which is the same in every tier.
    key: u64,
    /// Of pods and their balancer.
    hosts: u64,
}

impl Streams {
    /// The streams of replication `replication` under `seed`.
    pub const fn new(seed: u64, replication: u64) -> Self {
        let key = mix(mix(seed.wrapping_add(GAMMA)) ^ replication);
        Self { key, hosts: key }
    }

    /// The same for another tier of balancers in series, whose proxies and pods have lots of their own; tier 0 faces the pods.
    #[must_use]
    pub const fn of_tier(self, tier: u64) -> Self {
        let hosts = if tier == 0 { self.key } else { mix(self.key.wrapping_add(GAMMA) ^ tier) };
        Self { hosts, ..self }
    }

    /// The family of streams for one purpose and one owner, for instance one population of clients.
    #[inline]
    pub const fn family(&self, purpose: Purpose, owner: u64) -> Family {
        let key = if purpose.is_of_hosts() { self.hosts } else { self.key };
        Family { key: mix(mix(key ^ (purpose as u64)).wrapping_add(GAMMA) ^ owner) }
    }

    /// The stream for one purpose and one identity.
    #[inline]
    pub const fn stream(&self, purpose: Purpose, identity: u64) -> Stream {
        self.family(purpose, 0).stream(identity)
    }
}

/// Streams that share a purpose and an owner, told apart by an ordinal.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    key: u64,
}

impl Family {
    /// The stream of member `ordinal`.
    #[inline]
    pub const fn stream(&self, ordinal: u64) -> Stream {
        Stream { state: mix(self.key ^ ordinal.wrapping_mul(GAMMA)) }
    }
}

/// A stream of random numbers; cheap to make, eight bytes, never shared.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The next 64 random bits.
    #[inline]
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// Uniform in the open interval (0, 1): 52 random bits and a half, so never 0 and never 1.
    #[inline]
    pub fn open01(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// Uniform in `0..n`, by multiplication (Lemire, 2019) without the rejection: the bias is below n / 2^64.
    #[inline]
    pub const fn below(&mut self, n: u32) -> u32 {
        ((self.bits() as u128 * n as u128) >> 64) as u32
    }

    /// True with probability `p`.
    #[inline]
    pub fn chance(&mut self, p: f64) -> bool {
        self.open01() < p
    }
}

impl rand::TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.bits() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.bits().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chi-square of 256 equally likely cells against its 0.1 % and 99.9 % points (190 and 330 for 255 degrees).
    fn assert_uniform(draws: impl Iterator<Item = u64>) {
        let mut cells = [0u32; 256];
        let mut n = 0.0;
        for d in draws {
            cells[(d >> 56) as usize] += 1;
            n += 1.0;
        }
        let chi: f64 =
            cells.iter().map(|&c| (f64::from(c) - n / 256.0) * (f64::from(c) - n / 256.0) / (n / 256.0)).sum();
        assert!((190.0..330.0).contains(&chi), "chi-square {chi}");
    }

    #[test]
    fn first_draws_of_consecutive_identities_are_uniform() {
        let streams = Streams::new(1, 0);
        let family = streams.family(Purpose::Service, 3);
        assert_uniform((0..100_000).map(|n| family.stream(n).bits()));
        assert_uniform((0..100_000).map(|n| streams.family(Purpose::Service, n).stream(0).bits()));
        assert_uniform((0..100_000).map(|n| Streams::new(n, 0).stream(Purpose::Client, 7).bits()));
        assert_uniform((0..100_000).map(|n| Streams::new(7, n).stream(Purpose::Client, 7).bits()));
    }

    #[test]
    fn one_stream_is_uniform_and_open01_never_touches_its_ends() {
        let mut s = Streams::new(9, 9).stream(Purpose::Arrival, 0);
        assert_uniform((0..100_000).map(|_| s.bits()));
        assert!((0..100_000).all(|_| (0.0..1.0).contains(&s.open01())));
    }

    #[test]
    fn published_vectors_of_splitmix64_hold() {
        // The reference program's first outputs from seed 1234567.
        let mut s = Stream { state: 1_234_567 };
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(expected.map(|_| s.bits()), expected);
    }

    #[test]
    fn purposes_keep_their_numbers() {
        assert_eq!((Purpose::Arrival as u64, Purpose::Service as u64, Purpose::WallClock as u64), (1, 2, 22));
    }
}
