//! The settings that a forecast's sentences name, in plain numbers: what the reader could change.

/// What the scenario says of the deploy; times in s.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The file as it was typed, for commands to copy.
    pub source: String,
    /// The options beside it that change the forecast, as typed, for the same.
    pub options: Vec<String>,
    /// The kind of the workload, where a manifest or the scenario names it: `Deployment`.
    pub kind: Option<String>,
    /// The tier of balancers that is rolled, if it is not the pods.
    pub tier: Option<Tier>,
    /// Desired pods, or proxies of that tier.
    pub replicas: u32,
    /// How old pods are replaced; `None` for a steady fleet.
    pub strategy: Option<Strategy>,
    /// Whether the rollout may take all of them away at once, so that what a pod does on its way down keeps no other one in its place.
    pub empties: bool,
    /// What is done to the workload beside the deploy, in order, and when (s): `scaled to 30`.
    pub events: Vec<(f64, String)>,
    /// When the deploy is undone (s), where nothing but it has changed the template.
    pub undone: Vec<f64>,
    /// Whether an event leaves no replicas.
    pub scaled_to_zero: bool,
    /// Whether an event takes pods out of rotation.
    pub made_unready: bool,
    /// The path of the balancer that learns of what is rolled: `loadBalancer`.
    pub balancer: String,
    /// What makes its processes be replaced.
    pub reloads: Option<Reloads>,
    /// `workload.minReadySeconds`.
    pub min_ready: f64,
    /// Whether the workload has that field.
    pub has_min_ready: bool,
    /// `workload.progressDeadlineSeconds`.
    pub progress_deadline: f64,
    /// How long a rollout is watched at the most: `observe.limit`, less the time before the deploy.
    pub watched: f64,
    /// Whether proxies own the connections to pods (layer 7).
    pub proxied: bool,
    /// Proxies, or nodes at layer 4.
    pub proxies: u32,
    /// From a pod's Ready until a proxy sends to it.
    pub addition: Spread,
    /// From a pod's deletion until a proxy stops sending to it.
    pub removal: Spread,
    /// `loadBalancer.deregistrationDelay`.
    pub deregistration_delay: f64,
    /// `loadBalancer.upstream.idleTimeout`; 0 = never.
    pub upstream_idle: f64,
    /// Which limits proxies have of what is under way at all pods together, as in `upstream.maxRequests`.
    pub proxy_limits: Vec<&'static str>,
    /// `pod.keepAlive.idleTimeout`; 0 = never.
    pub pod_idle: f64,
    /// `pod.concurrency`.
    pub concurrency: u32,
    /// `pod.queue`.
    pub queue: u32,
    /// `pod.serviceTime`, as slow as these pods are.
    pub service: Spread,
    /// The same three of the new version.
    pub new: Version,
    /// The streams, if clients open any.
    pub streams: Option<Streams>,
    /// Whether clients send requests, beside streams or alone.
    pub requests: bool,
    /// How long the old pods stay after the Service has been switched away from them (s), where it is: `scaleDownDelaySeconds` of blue-green.
    pub switched: Option<f64>,
    /// How many places are empty at a time until the pod that leaves them is gone, where only then the next one is started.
    pub vacant: Option<u32>,
    /// `pod.connectionPool.size`, and `dependency.maxConnections` where there is one.
    pub connections: Option<(u32, Option<u32>)>,
    /// The retries that the proxies make already, `loadBalancer.retries.attempts`.
    pub proxy_retries: u32,
    /// Whether proxies find out by themselves who does not answer: `passiveHealth` or `activeHealth`.
    pub ejects: bool,
    /// Whether `passiveHealth`, once it counts failures, may eject any pod at all: Envoy's share of 10 % is none of nine.
    pub may_eject: bool,
    /// Whether `passiveHealth` may eject every pod, and nothing else looks at them.
    pub ejects_all: bool,
    /// A population with idempotent requests that its clients do not retry.
    pub unretried: Option<String>,
    /// How much slower new pods are when they turn Ready, and for how long (s; 0 where requests warm them).
    pub warmup: Option<(f64, f64)>,
    /// Whether a worker answers probes in turn, behind the requests (`pod.probes.throughQueue`).
    pub probes_wait: bool,
    /// What a node has to fetch before a new pod can start there (bytes).
    pub image: Option<f64>,
    /// Whether a router gives each version its share of the traffic, whatever pods it has.
    pub weighted: bool,
    /// How long the old pods stay after such a router sends them nothing more (s), where nothing else takes pods away.
    pub unasked: Option<f64>,
    /// Whether a budget lets pods be evicted one at a time at the most, or says how many have to stay (`podDisruptionBudget`).
    pub keeps: bool,
    /// `deploy.analysis.failureLimit`.
    pub failure_limit: Option<u32>,
    /// The share of requests that the new version answers 500.
    pub error_rate: f64,
    /// The way from deletion to exit.
    pub termination: Termination,
}

/// A tier of balancers in series that is rolled as pods are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// What it is called.
    pub name: String,
    /// Its path in the scenario.
    pub path: String,
}

impl Tier {
    /// `PATH=VALUE` of a pod, as it is written for the tier's proxies.
    pub fn setting(&self, set: &str) -> String {
        let path = &self.path;
        match set.split('=').next().unwrap_or_default() {
            "preStop"
            | "drainWindow"
            | "closeJitter"
            | "connectionClose"
            | "onSigterm"
            | "sidecarExit"
            | "terminationGracePeriodSeconds" => {
                format!("{path}.pod.termination.{set}")
            }
            "minReadySeconds" => format!("{path}.workload.{set}"),
            "maxSurge" | "maxUnavailable" => format!("{path}.workload.strategy.rollingUpdate.{set}"),
            "workload.strategy.type" | "pod.keepAlive.idleTimeout" => format!("{path}.{set}"),
            _ => set.to_owned(),
        }
    }
}

/// What a version has for its requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Version {
    /// `concurrency`.
    pub concurrency: u32,
    /// `queue`.
    pub queue: u32,
    /// `serviceTime`.
    pub service: Spread,
}

/// What makes a balancer's processes be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloads {
    /// Each change of its table (`membership: reload`).
    Membership,
    /// What is done to it (`deploy.rolls`, `deploy.events`).
    Event,
}

/// A random time by two of its quantiles (s).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
}

/// Long-lived connections; of several populations the one that a pod has to wait for longest.
#[derive(Clone, Debug, PartialEq)]
pub struct Streams {
    /// The population's name.
    pub client: String,
    /// How long a stream lasts.
    pub duration: Spread,
    /// Whether a draining pod waits for its end (`onDrain: finish`).
    pub finish: bool,
}

/// How old pods are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// All at once, the old ones first.
    Recreate,
    /// Within bounds, as they were written: `1`, `25 %`.
    RollingUpdate {
        /// `maxSurge`.
        max_surge: String,
        /// `maxUnavailable`.
        max_unavailable: String,
        /// Pods that it lets be unavailable, rounded as Kubernetes does.
        unavailable: u32,
    },
    /// In a way of its own, in words: `OrderedReady`.
    Other(String),
}

/// A pod's way from deletion to exit (s).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Termination {
    /// `preStop`, its mean.
    pub pre_stop: f64,
    /// What SIGTERM does.
    pub on_sigterm: OnSigterm,
    /// `lameDuck`.
    pub lame_duck: f64,
    /// `drainWindow`.
    pub drain_window: f64,
    /// `cleanup`.
    pub cleanup: f64,
    /// Whether connections stay open until the exit (`connectionClose: none`).
    pub stays_open: bool,
    /// `closeJitter`.
    pub close_jitter: f64,
    /// `terminationGracePeriodSeconds`.
    pub grace_period: f64,
    /// `sidecarExit`.
    pub sidecar_exit: Option<f64>,
    /// Whether SIGKILL comes while the hook still runs, so that there is no SIGTERM.
    pub dies_in_hook: bool,
}

impl Termination {
    /// How long a pod still listens after its deletion.
    pub fn listens(&self) -> f64 {
        let own = match self.on_sigterm {
            OnSigterm::Drain => self.pre_stop + self.lame_duck,
            OnSigterm::Exit => self.pre_stop,
            OnSigterm::Ignore => self.grace_period,
        };
        self.sidecar_exit.map_or(own, |exit| own.min(exit)).min(self.grace_period)
    }

    /// How long the steps before the drain take, were there no grace period.
    pub fn before_drain(&self) -> f64 {
        let own = self.pre_stop + self.lame_duck;
        self.sidecar_exit.map_or(own, |exit| own.min(exit))
    }

    /// How long all its steps take at the most, were there no grace period.
    pub fn needs(&self) -> f64 {
        self.before_drain() + self.drain_window + self.cleanup
    }
}

/// What SIGTERM does to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSigterm {
    /// It drains, then exits.
    Drain,
    /// It exits at once.
    Exit,
    /// Nothing.
    Ignore,
}
