//! The balancer between clients and pods.

use super::affinity::{Pinning, Sticky};
use super::dist::Dist;
use super::duration;
use super::health::{ActiveHealth, PanicMode, PassiveHealth};
use super::locality::Locality;
use super::presets::{self, Applies};
use super::propagation::Propagation;
use super::proxy::{ProxyRetries, ProxyStatus};
use super::read::{At, Fields, Read};
use super::reload::Reload;
use super::resolve::Resolve;
use super::schema::Written;
use super::tree::Value;
use super::units::Share;
use crate::engine::Dur;

/// The balancer between clients and pods.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    /// What it is called, where there are several in series.
    pub name: String,
    /// Its path in the scenario.
    pub path: String,
    /// 7: proxies own the connections to pods; 4: clients' connections reach a pod.
    pub layer: Layer,
    /// Proxies (layer 4: nodes), each of which learns of changes on its own.
    pub proxies: u32,
    /// Worker processes of each proxy, each with a table, pools and marks of its own; a client's connection is one worker's.
    pub workers: u32,
    /// How a pod is picked.
    pub algorithm: Algorithm,
    /// Whether pods of a proxy's own zone come first.
    pub locality: Option<Locality>,
    /// How late a proxy learns.
    pub propagation: Propagation,
    /// What a new pod that is Ready has to wait for until it is so to its controller.
    pub readiness_gate: ReadinessGate,
    /// Whether a change of the table is told to the running processes, or read by new ones.
    pub membership: Membership,
    /// How processes are replaced.
    pub reload: Reload,
    /// The pool that each proxy keeps to each pod.
    pub upstream: Upstream,
    /// How long what is in flight to a removed pod may go on.
    pub deregistration_delay: Dur,
    /// The proxy's own retries.
    pub retries: ProxyRetries,
    /// What the client is told.
    pub status: ProxyStatus,
    /// Ejection by failures seen.
    pub passive_health: PassiveHealth,
    /// Ejection by probes; `None` = none.
    pub active_health: Option<ActiveHealth>,
    /// When a proxy disbelieves its own marks of health.
    pub panic: PanicMode,
    /// Whether pods that terminate but still pass their probes are picked where no other is left (kube-proxy's
    /// `ProxyTerminatingEndpoints`).
    pub terminating_fallback: bool,
    /// Whether clients are bound to pods.
    pub sticky: Option<Sticky>,
    /// Whether what tracks connections outlives them.
    pub pinning: Option<Pinning>,
    /// Whether proxies ask for their table rather than being told.
    pub resolve: Option<Resolve>,
    /// How a new pod's weight rises to that of any other, which is 1.
    pub slow_start: SlowStart,
    /// What an address that does not answer costs whoever connects.
    pub connect_timeout: Dur,
    /// From the proxy's receipt of a request to the end of the answer, retries included.
    pub request_timeout: Dur,
}

/// Where the balancer works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Connections.
    L4,
    /// Requests.
    L7,
}

/// How a change of its table reaches a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// The running process is told: a runtime API, EDS, DNS.
    Api,
    /// New processes read a new configuration (at layer 7).
    Reload,
}

/// How a pod is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// In turn, each proxy by itself.
    RoundRobin,
    /// Uniformly at random.
    Random,
    /// The one with the fewest requests of this proxy in flight.
    LeastRequest,
    /// The better of two distinct random ones.
    PowerOfTwo,
    /// By a hash of the client's connection, on a ring: a change of one pod moves that pod's share alone.
    RingHash,
    /// By a hash of the client modulo the number of pods, hashed again where that one is out: nginx's `ip_hash`.
    IpHash,
    /// The better of two random ones, which may be the same: Envoy's `LEAST_REQUEST`.
    EnvoyLeastRequest,
    /// In turn, where a request that is tried again does not take the next pod's turn: nginx's round robin.
    SmoothRoundRobin,
    /// The one with the fewest, of several the one that has had no more for the longest time: HAProxy's `leastconn`.
    HaproxyLeastRequest,
    /// In turn, where a pod that is added comes in between the others: HAProxy's `roundrobin`.
    HaproxyRoundRobin,
}

/// The idle connections that a proxy keeps to a pod.
#[derive(Clone, Copy, Debug)]
pub struct Upstream {
    /// At most so many idle ones.
    pub connections: u32,
    /// Closed after so long without a request; zero = never.
    pub idle_timeout: Dur,
    /// Which idle one is taken first.
    pub reuse: Reuse,
    /// Whose requests an idle one may carry.
    pub share: Sharing,
    /// Requests that a proxy has at a pod at most, the others waiting in the proxy for any pod; 0 = no limit.
    pub max_busy: u32,
    /// Connections that a proxy has to all pods together at most, but for one to each (Envoy's `max_connections`); 0 = no limit.
    pub max_connections: u32,
    /// Requests that wait in a proxy for a connection, its own that is being opened or one that others use, at most: what comes beyond is
    /// answered at once (Envoy's `max_pending_requests`); 0 = no limit.
    pub max_pending_requests: u32,
    /// Requests that a proxy has on connections to all pods together at most: what comes beyond is answered at once (Envoy's
    /// `max_requests`); 0 = no limit.
    pub max_requests: u32,
    /// Closed by the proxy with the answer to its so many-th request (nginx' `keepalive_requests`); 0 = never.
    pub keepalive_requests: u32,
    /// Closed by the proxy with the first answer after so long (nginx' `keepalive_time`); zero = never.
    pub keepalive_time: Dur,
    /// Requests that may be under way on one connection (HTTP/2); 1 = HTTP/1.1.
    pub max_streams: u32,
    /// Once in so long, half of the idle ones that go beyond the need are closed (HAProxy's `pool-purge-delay`); zero =
    /// never.
    pub purge: Dur,
    /// Whether one that was busy when its pod left the table is kept after its answer, and one of a client's own in any case
    /// (HAProxy up to 3.2).
    pub keeps_removed: bool,
}

/// Whose requests an idle connection may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Anybody's.
    All,
    /// Those of the client's connection for which it was opened (`http-reuse never`).
    Client,
    /// Anybody's but the first of a client's connection, which goes over a new one (`http-reuse safe`).
    Later,
}

/// Which idle connection is taken first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// The most recently used.
    Mru,
    /// The least recently used.
    Lru,
}

/// How a new pod's weight rises to that of any other, which is 1.
#[derive(Clone, Copy, Debug)]
pub struct SlowStart {
    /// In this time; zero = at once.
    pub window: Dur,
    /// From this share on.
    pub least: f64,
    /// Once in this long, and its turns come as regularly as its weight lets them (HAProxy); zero = all the time, and each
    /// turn is its own by that probability.
    pub step: Dur,
}

/// What a pod's readiness waits for at the balancer (`spec.readinessGates` of a pod, or whoever deploys).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadinessGate {
    /// Nothing: Ready is what the probe says.
    #[default]
    None,
    /// Every proxy has it in its table.
    Added,
    /// That, and every proxy that checks has found it healthy, as AWS' and Google's controllers wait for the target's health.
    Healthy,
}

impl LoadBalancer {
    /// The median and the 99 % quantile (s) from a change until a proxy acts on it, where `own` is the part of
    /// `propagation` that is the proxy's: with the time until it asks, if it does.
    pub fn median_and_p99(&self, own: &Dist) -> (f64, f64) {
        let (median, p99) = self.propagation.median_and_p99(own);
        let (later, longest) = self.resolve.map_or((0.0, 0.0), |resolve| resolve.delay());
        (median + later, p99 + longest)
    }

    /// Reads the fields of a balancer that `name` is called where it gives itself no other name.
    pub(super) fn of(f: &mut Fields<'_>, name: &str) -> Self {
        // Already laid under what stands here.
        f.at("preset").takes("preset", || presets::shape(Applies::LoadBalancer));
        let retries = ProxyRetries::read(f.at("retries"));
        let layer = f.choice("layer", Layer::L7, &[("7", Layer::L7), ("4", Layer::L4)]);
        if layer == Layer::L4 && retries.attempts > 0 && !retries.on_connect_failure {
            no_retries_of_requests(&f.at("retries"));
        }
        Self {
            name: f.opt("name").unwrap_or_else(|| name.to_owned()),
            path: f.at.path.clone(),
            layer,
            proxies: f.within("proxies", 3, 1..=1000),
            workers: f.within("workers", 1, 1..=100),
            algorithm: f.choice("algorithm", Algorithm::RoundRobin, &ALGORITHMS),
            locality: Locality::read(&f.at("locality")),
            propagation: Propagation::read(f.at("propagation")),
            readiness_gate: f.choice(
                "readinessGate",
                ReadinessGate::None,
                &[("false", ReadinessGate::None), ("added", ReadinessGate::Added), ("true", ReadinessGate::Healthy)],
            ),
            membership: f.choice(
                "membership",
                Membership::Api,
                &[("api", Membership::Api), ("reload", Membership::Reload)],
            ),
            reload: Reload::read(f.at("reload")),
            upstream: Upstream::read(f.at("upstream")),
            deregistration_delay: f.or("deregistrationDelay", Dur::from_secs(300)),
            retries,
            status: ProxyStatus::read(f.at("status")),
            passive_health: PassiveHealth::read(f.at("passiveHealth"), retries.on_status),
            active_health: ActiveHealth::read(f.at("activeHealth")),
            panic: PanicMode::read(f),
            terminating_fallback: f.or("terminatingFallback", false),
            sticky: Sticky::read(f.at("sticky")),
            pinning: Pinning::read(f.at("pinning"), layer),
            resolve: Resolve::read(f.at("resolve")),
            slow_start: SlowStart::read(&f.at("slowStart")),
            connect_timeout: above_zero(&f.at("connectTimeout"), Dur::from_secs(5)),
            request_timeout: above_zero(&f.at("requestTimeout"), Dur::from_secs(60)),
        }
    }
}

/// At layer 4 a balancer sees connects fail and no requests.
fn no_retries_of_requests(at: &At<'_>) {
    let diag = at.warning("ignored-field", "`retries` at layer 4 are of connects, and `connectFailure` is not in `on`");
    at.report(diag.label("without effect").help("on: [connectFailure], or layer: 7"));
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::RoundRobin,
        Self::Random,
        Self::LeastRequest,
        Self::PowerOfTwo,
        Self::RingHash,
        Self::IpHash,
        Self::EnvoyLeastRequest,
        Self::SmoothRoundRobin,
        Self::HaproxyLeastRequest,
        Self::HaproxyRoundRobin,
    ];
}

const ALGORITHMS: [(&str, Algorithm); 10] = [
    ("roundRobin", Algorithm::RoundRobin),
    ("random", Algorithm::Random),
    ("leastRequest", Algorithm::LeastRequest),
    ("powerOfTwo", Algorithm::PowerOfTwo),
    ("ringHash", Algorithm::RingHash),
    ("ipHash", Algorithm::IpHash),
    ("envoyLeastRequest", Algorithm::EnvoyLeastRequest),
    ("smoothRoundRobin", Algorithm::SmoothRoundRobin),
    ("haproxyLeastRequest", Algorithm::HaproxyLeastRequest),
    ("haproxyRoundRobin", Algorithm::HaproxyRoundRobin),
];

/// A duration above 0.
pub(super) fn above_zero(at: &At<'_>, default: Dur) -> Dur {
    at.takes("above 0", || Dur::shape().above_zero());
    at.is_by_default(|| default.written());
    let Some(value) = at.value::<Dur>() else { return default };
    if value.is_zero() {
        at.out_of_range(&format!("`{}` is 0", at.name()), "a duration above 0");
        return default;
    }
    value
}

impl Upstream {
    /// With so many requests under way a pod is full; [`u32::MAX`] without a limit.
    pub const fn full_at(&self) -> u32 {
        if self.max_busy == 0 { u32::MAX } else { self.max_busy }
    }

    /// The limits of a proxy's at all pods together that there are, by their names.
    pub fn limits(&self) -> impl Iterator<Item = (&'static str, u32)> {
        let all = [
            ("maxConnections", self.max_connections),
            ("maxPendingRequests", self.max_pending_requests),
            ("maxRequests", self.max_requests),
        ];
        all.into_iter().filter(|&(_, most)| most > 0)
    }

    /// Default: 64 idle connections a pod, kept for 60 s (ingress-nginx), the most recently used first.
    fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let upstream = Self {
            connections: f.within("connections", 64, 0..=1_000_000),
            idle_timeout: duration::idle(&mut f, Dur::from_secs(60)),
            reuse: f.choice("reuse", Reuse::Mru, &[("mru", Reuse::Mru), ("lru", Reuse::Lru)]),
            share: f.choice(
                "share",
                Sharing::All,
                &[("all", Sharing::All), ("client", Sharing::Client), ("later", Sharing::Later)],
            ),
            max_busy: f.or("maxBusy", 0),
            max_connections: f.or("maxConnections", 0),
            max_pending_requests: f.or("maxPendingRequests", 0),
            max_requests: f.or("maxRequests", 0),
            keepalive_requests: f.or("keepaliveRequests", 0),
            keepalive_time: f.or("keepaliveTime", Dur::ZERO),
            max_streams: f.within("maxConcurrentStreams", 1, 1..=1_000_000),
            purge: f.or("purge", Dur::ZERO),
            keeps_removed: f.or("keepsRemoved", false),
        };
        f.end();
        upstream
    }
}

impl SlowStart {
    /// A new pod weighs as much as any other.
    pub(crate) const NONE: Self = Self { window: Dur::ZERO, least: 0.01, step: Dur::ZERO };

    /// Default: none. A duration is the window.
    fn read(at: &At<'_>) -> Self {
        let none = Self::NONE;
        at.takes_a::<Dur>();
        at.needs_fields();
        at.is_by_default(|| none.window.written());
        match at.node.map(|n| &n.value) {
            None => none,
            Some(Value::Map(_)) => {
                let mut f = At { cx: at.cx, path: at.path.clone(), node: at.node }.fields();
                let slow = Self {
                    window: f.or("window", Dur::ZERO),
                    least: f.or("least", Share(none.least)).0,
                    step: f.or("step", Dur::ZERO),
                };
                f.end();
                slow
            }
            Some(_) => Self { window: at.value().unwrap_or(Dur::ZERO), ..none },
        }
    }
}
