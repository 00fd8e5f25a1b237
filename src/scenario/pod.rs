//! How one version's pods behave while they serve.

use super::crash::Crash;
use super::dependency::ConnectionPool;
use super::dist::Dist;
use super::duration;
use super::image::Image;
use super::presets::{self, Applies};
use super::probe::{KillingProbe, Probe};
use super::read::{At, Cx, Fields};
use super::termination::Termination;
use super::units::Share;
use crate::engine::Dur;

/// How one version's pods behave.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Workers: requests and handshakes served at once.
    pub concurrency: u32,
    /// Requests that may wait for a worker.
    pub queue: u32,
    /// What a request beyond the queue gets.
    pub on_overflow: OnOverflow,
    /// What becomes of a request whose reader has gone.
    pub on_reader_gone: OnReaderGone,
    /// Connections that it has at most: beyond it a connect is refused, so that a wave of them is let in by and by; 0 = no limit.
    pub max_connections: u32,
    /// Connections that may wait for their handshake; beyond it a connect gets no answer.
    pub backlog: u32,
    /// A worker's time for one request (s).
    pub service_time: Dist,
    /// From creation until the pod listens and can pass a probe (s).
    pub startup: Dist,
    /// When the pod itself closes a connection.
    pub keep_alive: PodKeepAlive,
    /// Slowness of a new pod.
    pub warmup: Warmup,
    /// `None`: Ready as soon as started.
    pub readiness_probe: Option<Probe>,
    /// The kubelet stops a container that fails it, and starts it anew in its pod.
    pub liveness_probe: Option<KillingProbe>,
    /// The same for a container that has not passed it once; until then there are no other probes.
    pub startup_probe: Option<KillingProbe>,
    /// Whether a worker answers probes, in turn, like requests.
    pub probes_through_queue: bool,
    /// Its connections to the dependency; `None`: it has none.
    pub connection_pool: Option<ConnectionPool>,
    /// From deletion to exit.
    pub termination: Termination,
    /// Share of requests answered 500.
    pub error_rate: f64,
    /// Whether the readiness probe never passes.
    pub never_ready: bool,
    /// Every service takes this many times as long; 1 = as `service_time` says.
    pub slower: f64,
    /// What makes it die by itself.
    pub crash: Crash,
    /// Its image; `None` = every node has it.
    pub image: Option<Image>,
}

/// What a request gets that finds the pod's queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnOverflow {
    /// The pod answers 503.
    Status503,
    /// The pod refuses it, as if the connect had failed.
    Refuse,
}

/// What a pod does with a request when whoever asked has closed the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReaderGone {
    /// The work is done all the same.
    Finish,
    /// It stops: a server that writes as it goes finds the pipe broken.
    Stop,
}

/// When a pod closes a connection by itself; zero means never.
#[derive(Clone, Copy, Debug)]
pub struct PodKeepAlive {
    /// After so long without a request.
    pub idle_timeout: Dur,
    /// With the answer to the n-th request.
    pub max_requests: u32,
    /// With the first answer after this age.
    pub max_age: Dur,
    /// Each connection's own age limit is `max_age` × (1 ± this), uniform.
    pub max_age_jitter: f64,
    /// Whether the end of a connection that carries several requests (HTTP/2) is announced a round trip before (GOAWAY): nothing
    /// new is sent on it from then on, and everything sent before is answered.
    pub go_away: bool,
}

/// A new pod's slowness: the factor falls from `slowdown` to 1 in a straight line.
#[derive(Clone, Copy, Debug)]
pub struct Warmup {
    /// Service times are multiplied by this when the pod turns Ready; 1 = none.
    pub slowdown: f64,
    /// Until when.
    pub over: WarmupOver,
}

/// What drives a warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WarmupOver {
    /// Time since Ready.
    Time(Dur),
    /// Requests begun since Ready.
    Requests(u32),
}

/// The most workers, waiting requests or waiting connections that a pod may have.
const MAX_PLACES: u32 = 1_000_000;

impl Pod {
    /// Reads `pod`, or `newVersion` laid over it.
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        f.at("preset").takes("preset", || presets::shape(Applies::Pod));
        let pod = Self {
            concurrency: read_concurrency(&mut f),
            queue: f.within("queue", 128, 0..=MAX_PLACES),
            on_overflow: f.choice(
                "onOverflow",
                OnOverflow::Status503,
                &[("status503", OnOverflow::Status503), ("refuse", OnOverflow::Refuse)],
            ),
            on_reader_gone: f.choice(
                "onReaderGone",
                OnReaderGone::Finish,
                &[("finish", OnReaderGone::Finish), ("stop", OnReaderGone::Stop)],
            ),
            max_connections: f.or("maxConnections", 0),
            backlog: f.within("backlog", 4096, 0..=MAX_PLACES),
            service_time: Dist::assume(
                &f.at("serviceTime"),
                Dist::lognormal_quantiles(0.02, 0.12),
                "lognormal, p50 20ms, p99 120ms",
                "a web request that asks a database; tell it by --service-time",
            ),
            startup: Dist::assume(
                &f.at("startup"),
                Dist::lognormal_quantiles(8.0, 25.0),
                "lognormal, p50 8s, p99 25s",
                "image on the node; Go takes 1 s, Python 2 to 10 s, Spring 10 to 60 s",
            ),
            keep_alive: PodKeepAlive::read(f.at("keepAlive")),
            warmup: Warmup::read(f.at("warmup")),
            readiness_probe: Probe::read(f.at("readinessProbe")),
            liveness_probe: KillingProbe::read(f.at("livenessProbe")),
            startup_probe: KillingProbe::read(f.at("startupProbe")),
            probes_through_queue: read_probes(f.at("probes")),
            connection_pool: ConnectionPool::read(f.at("connectionPool")),
            termination: Termination::read(f.at("termination")),
            error_rate: f.or("errorRate", Share(0.0)).0,
            never_ready: f.or("neverReady", false),
            slower: f.within("slower", 1.0, 0.001..=1000.0),
            crash: Crash::read(f.at("crash")),
            image: Image::read(f.at("image")),
        };
        f.end();
        pod
    }
}

fn read_concurrency(f: &mut Fields<'_>) -> u32 {
    let at = f.at("concurrency");
    if at.node.is_none() {
        at.cx.assume(format!("{} 16 (workers; Puma has 5 threads a process, Tomcat 200)", at.path));
    }
    f.within("concurrency", 16, 1..=MAX_PLACES)
}

fn read_probes(at: At<'_>) -> bool {
    let mut f = at.fields();
    let through_queue = f.or("throughQueue", false);
    f.end();
    through_queue
}

impl PodKeepAlive {
    /// Default: idle connections are closed after 75 s (nginx's `keepalive_timeout`), nothing else; an age limit
    /// spreads by 10 % (gRPC's `MAX_CONNECTION_AGE`).
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let keep_alive = Self {
            idle_timeout: duration::idle(&mut f, Dur::from_secs(75)),
            max_requests: f.or("maxRequests", 0),
            max_age: f.or("maxAge", Dur::ZERO),
            max_age_jitter: f.or("maxAgeJitter", Share(0.1)).0,
            go_away: f.or("goAway", false),
        };
        f.end();
        keep_alive
    }
}

impl Warmup {
    /// Default: none (×1), as it has to be measured; over 30 s where only `slowdown` is given.
    fn read(at: At<'_>) -> Self {
        if at.node.is_none() {
            at.cx.assume(format!("{} none (a JVM starts 2 to 8 times slower, Go hardly)", at.path));
        }
        let mut f = at.fields();
        let slowdown = f.within("slowdown", 1.0, 1.0..=1000.0);
        let time = f.opt("duration");
        let requests = f.opt("requests");
        f.exclude("duration", "requests");
        f.end();
        let over = match (time, requests) {
            (_, Some(requests)) => WarmupOver::Requests(requests),
            (time, None) => WarmupOver::Time(time.unwrap_or(Dur::from_secs(30))),
        };
        Self { slowdown, over }
    }
}

/// The pods of the new version, whose assumptions are those of `pod` and need not be said twice.
pub(super) fn read_new(cx: &Cx, node: &super::tree::Node) -> Pod {
    cx.quietly(|| Pod::read(At { cx, path: "newVersion".to_owned(), node: Some(node) }))
}
