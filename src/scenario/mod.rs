//! What a scenario says, as plain data: every field filled in, every unit in its type. Nothing here simulates.

pub mod dist;

use crate::engine::Dur;
use dist::Dist;

/// One deploy under one traffic: everything that a run depends on but the replication's number.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What the forecast calls itself.
    pub name: String,
    /// The root of all randomness.
    pub seed: u64,
    /// What is rolled.
    pub workload: Workload,
    /// The pods before the deploy.
    pub pod: Pod,
    /// The pods of the new version: `pod` with the fields of `newVersion` laid over it.
    pub new_pod: Pod,
    /// The balancer in front of the pods.
    pub load_balancer: LoadBalancer,
    /// Constant latencies.
    pub network: Network,
    /// What a new connection costs a pod.
    pub handshake: Dur,
    /// The populations of clients.
    pub clients: Vec<Clients>,
    /// The deploy; `None` measures a steady fleet.
    pub deploy: Option<Deploy>,
    /// What is measured.
    pub observe: Observe,
}

/// A number or a percentage of `replicas`, as in Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IntOrPercent {
    /// So many pods.
    Int(u32),
    /// So many per cent of `replicas`.
    Percent(f64),
}

/// What is rolled, in the words of `apps/v1` Deployment.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Desired pods.
    pub replicas: u32,
    /// How old pods are replaced.
    pub strategy: Strategy,
    /// How long a pod must have been Ready to count as available.
    pub min_ready: Dur,
    /// How long the rollout may stand still before it is reported as failed.
    pub progress_deadline: Dur,
}

/// How old pods are replaced by new ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strategy {
    /// All old pods are gone before the first new one is created.
    Recreate,
    /// Step by step, within bounds.
    RollingUpdate {
        /// Pods allowed above `replicas`; a percentage rounds up.
        max_surge: IntOrPercent,
        /// Pods allowed to be unavailable; a percentage rounds down.
        max_unavailable: IntOrPercent,
    },
}

/// How one version's pods behave.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Workers: requests and handshakes served at once.
    pub concurrency: u32,
    /// Requests that may wait for a worker.
    pub queue: u32,
    /// What a request beyond the queue gets.
    pub on_overflow: OnOverflow,
    /// Connections that may wait for their handshake; beyond it a connect gets no answer.
    pub backlog: u32,
    /// A worker's time for one request [s].
    pub service_time: Dist,
    /// From creation until the pod listens and can pass a probe [s].
    pub startup: Dist,
    /// When the pod itself closes a connection.
    pub keep_alive: PodKeepAlive,
    /// Slowness of a new pod.
    pub warmup: Warmup,
    /// `None`: Ready as soon as started.
    pub readiness_probe: Option<Probe>,
    /// Whether a worker answers the readiness probe, in turn, like a request.
    pub probes_through_queue: bool,
    /// From deletion to exit.
    pub termination: Termination,
    /// Share of requests answered 500.
    pub error_rate: f64,
    /// Whether the readiness probe never passes.
    pub never_ready: bool,
}

/// What a request gets that finds the pod's queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnOverflow {
    /// The pod answers 503.
    Status503,
    /// The pod refuses it, as if the connect had failed.
    Refuse,
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

/// A readiness probe, in Kubernetes' words.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// From the container's start to the first probe.
    pub initial_delay: Dur,
    /// Between probes.
    pub period: Dur,
    /// A probe slower than this has failed.
    pub timeout: Dur,
    /// So many in a row make it Ready.
    pub success_threshold: u32,
    /// So many failures in a row make it not Ready.
    pub failure_threshold: u32,
}

/// A pod's way from deletion to exit.
#[derive(Clone, Debug)]
pub struct Termination {
    /// The hook before SIGTERM, during which the pod serves as before [s].
    pub pre_stop: Dist,
    /// What SIGTERM does.
    pub on_sigterm: OnSigterm,
    /// What the address of a gone pod does to a connect.
    pub after_exit: AfterExit,
    /// After SIGTERM the listener stays open this long.
    pub lame_duck: Dur,
    /// After the listener has closed, what is in flight may go on this long.
    pub drain_window: Dur,
    /// After the drain: closing of datastores and the like, then the exit.
    pub cleanup: Dur,
    /// The window over which connections are closed; zero = all at once.
    pub close_jitter: Dur,
    /// How connections are closed.
    pub connection_close: ConnectionClose,
    /// From deletion to SIGKILL, preStop included.
    pub grace_period: Dur,
}

/// What SIGTERM does to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSigterm {
    /// Lame duck, listener closed, drain, exit.
    Drain,
    /// Dies at once.
    Exit,
    /// Serves until SIGKILL.
    Ignore,
}

/// What the address of a gone pod does to a connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterExit {
    /// Refuses at once.
    Refused,
    /// Never answers.
    Unreachable,
}

/// How a draining pod closes its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionClose {
    /// Idle ones are closed; a busy one after its answer.
    Idle,
    /// Each after its next answer, announced by `Connection: close`.
    Response,
    /// Both: idle ones are closed, the others announced.
    Both,
    /// They stay open until the exit.
    None,
}

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

/// From a pod's Ready or deletion until a proxy acts on it: `shared` + (`add` or `remove`).
#[derive(Clone, Debug)]
pub struct Propagation {
    /// One draw for each change [s].
    pub shared: Dist,
    /// One draw for each addition and proxy [s].
    pub add: Dist,
    /// One draw for each removal and proxy [s].
    pub remove: Dist,
    /// The control plane commits once in this long; zero = at once.
    pub batch: Dur,
    /// What waits for what.
    pub order: PropagationOrder,
}

/// What waits for what when a pod goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropagationOrder {
    /// Removal and shutdown start together.
    Parallel,
    /// The shutdown starts `deregistration_delay` after the last proxy has acted.
    DrainThenStop,
    /// No addition is delivered while a removal is under way.
    RemoveThenAdd,
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

/// A proxy's retries of a failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct ProxyRetries {
    /// After the first attempt.
    pub attempts: u32,
    /// After a connect that was refused or got no answer.
    pub on_connect_failure: bool,
    /// After a connection that ended before the answer.
    pub on_reset: bool,
    /// Whether what was sent and is not idempotent may be sent again.
    pub non_idempotent: bool,
    /// Whether a pod that failed this request is avoided.
    pub other_pod: bool,
    /// Retries under way at once, per proxy; 0 = no limit.
    pub max_concurrent: u32,
}

/// What a proxy tells the client: 500, 502, 503 or 504.
#[derive(Clone, Copy, Debug)]
pub struct ProxyStatus {
    /// The connect was refused.
    pub connect_failure: u16,
    /// The connect got no answer.
    pub connect_timeout: u16,
    /// The connection ended before the answer.
    pub reset: u16,
    /// No pod was left to send it to.
    pub no_endpoints: u16,
    /// `request_timeout` was over.
    pub timeout: u16,
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

/// Constant one-way latencies.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// Each hop.
    pub latency: Dur,
    /// The clients' hop.
    pub client: Dur,
}

/// One population of clients.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Its name.
    pub name: String,
    /// What it does.
    pub load: Load,
    /// Clients, each with its own connections (`Load::Users`, `Load::Streams`: as many as users or streams).
    pub connections: u32,
    /// Whether connections are open before the start.
    pub preconnect: bool,
    /// Requests that may be under way on one connection (1 = HTTP/1.1).
    pub multiplex: u32,
    /// What a request does that finds its client's connections busy.
    pub when_busy: WhenBusy,
    /// When the client itself closes a connection.
    pub keep_alive: ClientKeepAlive,
    /// Share of requests that may be sent twice.
    pub idempotent: f64,
    /// Whether a cut answer is `truncated` rather than `reset`.
    pub streamed_response: bool,
    /// From a request's birth, retries included; zero = none.
    pub timeout: Dur,
    /// The client's retries.
    pub retries: ClientRetries,
    /// How lost connections come back.
    pub reconnect: Reconnect,
}

/// What a population does.
#[derive(Clone, Debug)]
pub enum Load {
    /// Requests arrive whatever becomes of the earlier ones.
    Open(Arrivals),
    /// Long-lived connections.
    Streams {
        /// How many at any time.
        count: u32,
        /// How long each lives [s].
        duration: Dist,
        /// What a draining pod does to them.
        on_drain: OnDrain,
    },
    /// Think, ask, wait for the end of it, think.
    Users {
        /// How many.
        count: u32,
        /// Time between an answer and the next request [s].
        think_time: Dist,
    },
}

/// What a draining pod does to its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDrain {
    /// Ends them, over `close_jitter`.
    Close,
    /// Lets them go on to their end.
    Finish,
}

/// When requests of an open-loop population arrive.
#[derive(Clone, Debug)]
pub enum Arrivals {
    /// Independent users: exponential gaps, at a rate that may vary.
    Poisson(Profile),
    /// Equal gaps, at a rate that may vary.
    Constant(Profile),
    /// These moments [since the start of the simulation].
    Trace(Vec<Dur>),
}

/// A rate over time: straight lines between the points, constant before the first and after the last.
#[derive(Clone, Debug)]
pub struct Profile {
    /// (time since the start of the simulation, requests per second), in order of time, at least one.
    pub points: Vec<(Dur, f64)>,
}

/// What a request does that finds its client's connections busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenBusy {
    /// Opens one more, which is kept.
    Open,
    /// Waits its turn.
    Wait,
}

/// When a client closes a connection by itself; zero means never.
#[derive(Clone, Copy, Debug)]
pub struct ClientKeepAlive {
    /// After so long without a request.
    pub idle_timeout: Dur,
    /// After so many requests.
    pub max_requests: u32,
}

/// A client's retries of a failed request.
#[derive(Clone, Debug)]
pub struct ClientRetries {
    /// After the first attempt.
    pub attempts: u32,
    /// The failures that are retried.
    pub on: Vec<RetryOn>,
    /// How long to wait.
    pub backoff: Backoff,
    /// Retries as a share of requests, a token bucket 10 s deep; `None` = no limit.
    pub budget: Option<f64>,
}

/// A class of failure that a client retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryOn {
    /// The connect was refused or got no answer.
    ConnectFailure,
    /// The connection ended before the answer.
    Reset,
    /// This status: 500, 502, 503 or 504.
    Status(u16),
}

/// How a wait grows: base × factor^(k−1) up to `cap`, then jittered.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The first wait.
    pub base: Dur,
    /// By which it grows.
    pub factor: f64,
    /// Its limit.
    pub cap: Dur,
    /// How it is spread.
    pub jitter: Jitter,
}

/// How a wait w is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// w itself.
    None,
    /// uniform(0, w).
    Full,
    /// w/2 + uniform(0, w/2).
    Equal,
    /// min(cap, uniform(base, 3 × the wait before)).
    Decorrelated,
}

/// How a lost connection comes back.
#[derive(Clone, Copy, Debug)]
pub struct Reconnect {
    /// Eagerly, or with the next request.
    pub eager: bool,
    /// The wait before the k-th try; the first waits too.
    pub backoff: Backoff,
}

/// The change.
#[derive(Clone, Debug)]
pub struct Deploy {
    /// When the template changes [since the start of the simulation].
    pub at: Dur,
    /// What else happens.
    pub events: Vec<DeployEvent>,
    /// The controller that carries it out.
    pub controller: Controller,
}

/// The controllers' own pace.
#[derive(Clone, Copy, Debug)]
pub struct Controller {
    /// API requests a second, for each controller; 0 = no limit.
    pub qps: f64,
    /// API requests that may be made at once after a quiet time.
    pub burst: u32,
    /// From a change to the decision that follows from it.
    pub reaction: Dur,
    /// Whose availability rule.
    pub release: Release,
}

/// Which Kubernetes' availability rule: they differ in when `minReadySeconds` is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// As recorded: timers a second late, checks dropped.
    V1_28,
    /// Checked at the exact moment.
    V1_34,
}

/// Something done to the workload during the simulation.
#[derive(Clone, Debug)]
pub struct DeployEvent {
    /// After `deploy.at` [s, may be negative].
    pub at_secs: f64,
    /// What.
    pub action: DeployAction,
}

/// What is done to the workload.
#[derive(Clone, Debug, PartialEq)]
pub enum DeployAction {
    /// `spec.replicas` changes.
    Scale(u32),
    /// The template changes to this revision.
    Template(String),
    /// `spec.paused` becomes true.
    Pause,
    /// `spec.paused` becomes false.
    Resume,
    /// The template goes back to the one before.
    Undo,
    /// These pods, by order of creation from 0, turn not Ready.
    Unready(Vec<u32>),
    /// These pods turn Ready again.
    Ready(Vec<u32>),
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
