//! The balancer between clients and pods.

use super::diag::Diag;
use super::propagation::Propagation;
use super::proxy::{ProxyRetries, ProxyStatus};
use super::read::{At, Read};
use super::tree::Value;
use crate::engine::Dur;

/// The balancer between clients and pods.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    /// 7: proxies own the connections to pods; 4: clients' connections reach a pod.
    pub layer: Layer,
    /// Proxies (layer 4: nodes), each of which learns of changes on its own.
    pub proxies: u32,
    /// How a pod is picked.
    pub algorithm: Algorithm,
    /// How late a proxy learns.
    pub propagation: Propagation,
    /// Whether a new pod counts as Ready to its controller only once every proxy routes to it.
    pub readiness_gate: bool,
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
    /// A new pod's weight rises from 0 to 1 in this time.
    pub slow_start: Dur,
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
    /// By a hash of the client's connection.
    RingHash,
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
}

/// Which idle connection is taken first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// The most recently used.
    Mru,
    /// The least recently used.
    Lru,
}

/// Ejection by failures seen, as nginx's `max_fails`; 0 = none.
#[derive(Clone, Copy, Debug)]
pub struct PassiveHealth {
    /// So many failures within `fail_timeout` eject a pod.
    pub max_fails: u32,
    /// For this long.
    pub fail_timeout: Dur,
}

/// Ejection by probes.
#[derive(Clone, Copy, Debug)]
pub struct ActiveHealth {
    /// Between checks.
    pub interval: Dur,
    /// A check slower than this has failed.
    pub timeout: Dur,
    /// So many passes in a row bring a pod back.
    pub healthy_threshold: u32,
    /// So many failures in a row eject it.
    pub unhealthy_threshold: u32,
}

impl LoadBalancer {
    /// Reads `loadBalancer`: a map, or a list of one.
    pub(super) fn read(at: At<'_>) -> Self {
        let at = one_tier(at);
        let assumed = at.node.is_none();
        if assumed {
            let text = "loadBalancer layer 7, 3 proxies, round robin, no retries (an ingress controller's usual size)";
            at.cx.assume(text.to_owned());
        }
        let mut f = at.fields();
        if let Some(span) = f.key("preset") {
            let diag = Diag::error("not-supported", "presets are not simulated in this version");
            f.at.cx.report(
                diag.at(span, "to be written out")
                    .path("loadBalancer.preset")
                    .help("give the fields that it stands for"),
            );
        }
        f.ignore(&["preset"]);
        let balancer = Self {
            layer: f.choice("layer", Layer::L7, &[("7", Layer::L7), ("4", Layer::L4)]),
            proxies: f.within("proxies", 3, 1..=1000),
            algorithm: f.choice("algorithm", Algorithm::RoundRobin, &ALGORITHMS),
            propagation: Propagation::read(f.at("propagation")),
            readiness_gate: f.or("readinessGate", false),
            upstream: Upstream::read(f.at("upstream")),
            deregistration_delay: f.or("deregistrationDelay", Dur::from_secs(300)),
            retries: ProxyRetries::read(f.at("retries")),
            status: ProxyStatus::read(f.at("status")),
            passive_health: PassiveHealth::read(f.at("passiveHealth")),
            active_health: ActiveHealth::read(f.at("activeHealth")),
            slow_start: f.or("slowStart", Dur::ZERO),
            connect_timeout: above_zero(&f.at("connectTimeout"), Dur::from_secs(5)),
            request_timeout: above_zero(&f.at("requestTimeout"), Dur::from_secs(60)),
        };
        f.end();
        balancer
    }
}

const ALGORITHMS: [(&str, Algorithm); 5] = [
    ("roundRobin", Algorithm::RoundRobin),
    ("random", Algorithm::Random),
    ("leastRequest", Algorithm::LeastRequest),
    ("powerOfTwo", Algorithm::PowerOfTwo),
    ("ringHash", Algorithm::RingHash),
];

/// A list of one is that one; more of them are tiers, which this version does not simulate.
fn one_tier(at: At<'_>) -> At<'_> {
    let Some(Value::Seq(items)) = at.node.map(|n| &n.value) else { return at };
    if let Some(second) = items.get(1) {
        let diag = Diag::error("not-supported", "tiers in series are not simulated in this version");
        at.report(
            diag.at(&second.span, "the second tier")
                .path("loadBalancer")
                .help("give the tier that faces the pods, the last one, alone"),
        );
    }
    let node = items.first();
    At { node, ..at }
}

/// A duration above 0.
fn above_zero(at: &At<'_>, default: Dur) -> Dur {
    let Some(value) = at.node.and_then(|_| Dur::read(at)) else { return default };
    if value.is_zero() {
        at.out_of_range(&format!("`{}` is 0", at.name()), "a duration above 0");
        return default;
    }
    value
}

impl Upstream {
    /// Default: 64 idle connections a pod, kept for 60 s (ingress-nginx), the most recently used first.
    fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let upstream = Self {
            connections: f.within("connections", 64, 0..=1_000_000),
            idle_timeout: f.or("idleTimeout", Dur::from_secs(60)),
            reuse: f.choice("reuse", Reuse::Mru, &[("mru", Reuse::Mru), ("lru", Reuse::Lru)]),
        };
        f.end();
        upstream
    }
}

impl PassiveHealth {
    /// Default: none; nginx's 10 s where only `maxFails` is given.
    fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let health =
            Self { max_fails: f.or("maxFails", 0), fail_timeout: above_zero(&f.at("failTimeout"), Dur::from_secs(10)) };
        f.end();
        health
    }
}

impl ActiveHealth {
    /// Default: none (`interval: 0s`).
    fn read(at: At<'_>) -> Option<Self> {
        if at.is_word("none") {
            return None;
        }
        let mut f = at.fields();
        let health = Self {
            interval: f.or("interval", Dur::ZERO),
            timeout: above_zero(&f.at("timeout"), Dur::from_secs(1)),
            healthy_threshold: f.within("healthyThreshold", 2, 1..=1000),
            unhealthy_threshold: f.within("unhealthyThreshold", 3, 1..=1000),
        };
        f.end();
        (!health.interval.is_zero()).then_some(health)
    }
}
