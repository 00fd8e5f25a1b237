//! What a scenario says, as plain data: every field filled in, every unit in its type. Nothing here simulates.
//!
//! A file becomes a [`tree`] of words with their places ([`yaml`]), options and manifests are laid over and under it
//! (`overrides`), then each part reads its own fields and knows its own defaults, and `validate` looks at what no
//! part can see alone. Errors carry the place, never stop at the first, and are told by [`diag`].

mod affinity;
mod analysis;
mod argo;
mod assumptions;
mod autoscaler;
mod bytes;
mod clients;
mod crash;
mod csv_file;
mod dependency;
mod deploy;
pub mod diag;
mod disruption_budget;
pub mod dist;
mod draft;
mod duration;
pub mod edit;
mod elsewhere;
mod endless;
mod events;
mod fingerprint;
mod hcl;
mod health;
mod image;
pub mod import;
mod input;
mod kubernetes_underlay;
mod load_balancer;
mod locality;
mod names;
mod nodes;
mod objectives;
mod observe;
mod overrides;
mod placed;
mod platforms;
mod pod;
pub mod presets;
mod probe;
mod profile;
mod propagation;
mod proxy;
mod read;
mod reload;
mod resolve;
mod retry;
mod retry_budget;
mod schema;
mod size;
mod spelled;
pub mod sweep;
mod termination;
mod tiers;
mod traffic;
pub mod tree;
mod units;
mod unknown;
mod validate;
mod whereabouts;
mod workload;
mod write;
pub mod yaml;

use crate::engine::{Dur, SimTime};
use read::{At, Cx};
use tree::{Node, Span};

pub use affinity::{Pinning, Sticky};
pub use analysis::Analysis;
pub use argo::{
    AnalysisMetric, BlueGreen, Canary, CanaryScale, CanaryStep, Comparison, Condition, Figure, NoData, RolloutAnalysis,
    Term,
};
pub use autoscaler::{Autoscaler, ScaleMetric, ScalingPolicy, ScalingRules, SelectPolicy};
pub use clients::{Assignment as ClientAssignment, ClientKeepAlive, Clients, TimeoutFrom, WhenBusy};
pub use crash::Crash;
pub use dependency::{ConnectionPool, Dependency, OnExhausted};
pub use deploy::{Controller, Deletion, Deploy, DeployAction, DeployEvent, Release, Rolls};
pub use diag::{Diag, Severity};
pub use disruption_budget::{BudgetBound, DisruptionBudget};
pub use draft::{Draft, Loaded, load, load_str};
pub use duration::duration;
pub use fingerprint::fingerprint;
pub use health::{ActiveHealth, AmountsTo, CheckPhase, Noted, PanicMode, PassiveHealth};
pub use image::{Image, PullPolicy};
pub use input::Request;
pub use load_balancer::{
    Algorithm, Layer, LoadBalancer, Membership, ReadinessGate, Reuse, Sharing, SlowStart, Upstream,
};
pub use locality::Locality;
pub use names::revision_name;
pub use nodes::Nodes;
pub use objectives::Objectives;
pub use observe::{Handshake, Network, Observe};
pub use placed::{DaemonSetUpdate, StatefulSetUpdate};
pub use platforms::{EcsDeployment, InstanceRefresh, NomadUpdate};
pub use pod::{OnOverflow, OnReaderGone, Pod, PodKeepAlive, Warmup, WarmupOver};
pub use probe::{KillingProbe, Probe};
pub(crate) use profile::moment;
pub use propagation::{ByProxy, Propagation, PropagationOrder};
pub use proxy::{MOST_AVOIDED, ProxyRetries, ProxyStatus, Statuses};
pub use reload::Reload;
pub use resolve::{Refresh, Resolve};
pub use retry::{Backoff, ClientRetries, Jitter, Reconnect, RetryOn};
pub use retry_budget::RetryBudget;
pub use schema::json_schema;
pub use size::REQUESTS_PER_CORE_SECOND;
pub use sweep::{Assignment, Axis, Variant};
pub use termination::{AfterExit, ConnectionClose, OnSigterm, Termination};
pub use tiers::{FrontTier, NextTier};
pub use traffic::{Arrivals, Load, OnDrain, Profile};
pub use workload::{IntOrPercent, PodReplacement, Strategy, Workload};

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
    /// The machines that they run on; `None` = no matter where.
    pub nodes: Option<Nodes>,
    /// What all pods share; `None`: nothing that could run out.
    pub dependency: Option<Dependency>,
    /// The balancer in front of the pods; of several in series the last.
    pub load_balancer: LoadBalancer,
    /// The tiers before it, the outermost first.
    pub front: Vec<FrontTier>,
    /// Constant latencies.
    pub network: Network,
    /// What a new connection costs a pod.
    pub handshake: Handshake,
    /// The populations of clients.
    pub clients: Vec<Clients>,
    /// The deploy; `None` measures a steady fleet.
    pub deploy: Option<Deploy>,
    /// What is measured.
    pub observe: Observe,
}

impl Scenario {
    /// Reads a scenario from a text; what it assumes is in [`load_str`]'s answer.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the text.
    pub fn from_yaml(text: &str) -> Result<Self, Vec<Diag>> {
        load_str("scenario.yaml", text, &[]).map(|loaded| loaded.scenario)
    }

    /// Reads the root of a tree, and the objectives beside it.
    fn read(cx: &Cx, root: &Node, name: &str) -> (Self, Option<Objectives>) {
        let mut f = cx.root(root).fields();
        let name = f.opt("name").unwrap_or_else(|| name.to_owned());
        let seed = f.or("seed", 1);
        let workload = Workload::read(f.at("workload"));
        let pod = Pod::read(f.at("pod"));
        let new_pod = read_new_pod(cx, root, &f.at("newVersion"));
        let (load_balancer, front) = tiers::read(f.at("loadBalancer"));
        let scenario = Self {
            name,
            seed,
            workload,
            pod,
            new_pod,
            nodes: Nodes::read(f.at("nodes")),
            dependency: Dependency::read(f.at("dependency")),
            network: Network::read(f.at("network")),
            handshake: Handshake::read(f.at("handshake")),
            clients: clients::read_all(&f.at("clients")),
            deploy: Deploy::read(f.at("deploy"), &tiers::names(&load_balancer, &front)),
            load_balancer,
            front,
            observe: Observe::read(f.at("observe")),
        };
        let objectives = Objectives::read(f.at("objectives"));
        // Read by the draft, since no row of a sweep needs it.
        f.require("clients");
        f.at("sweep").takes("axes", sweep::shape);
        f.at("uncertain").takes("ranges", sweep::shape);
        f.end();
        (scenario, objectives)
    }
}

/// What is rolled, as the balancer in front of it sees it: the pods, or the proxies of a tier.
#[derive(Clone, Copy, Debug)]
pub struct Rolled<'a> {
    /// The tier whose proxies they are; `None` for the pods.
    pub tier: Option<&'a LoadBalancer>,
    /// Where its balancer stands, counted from the outermost, 0.
    pub behind: usize,
    /// How it is rolled.
    pub workload: &'a Workload,
    /// What it is like before.
    pub pod: &'a Pod,
    /// What it is like after.
    pub new_pod: &'a Pod,
    /// The balancer that learns of it.
    pub balancer: &'a LoadBalancer,
}

impl Rolled<'_> {
    /// The path of a field of it, as `pod.startup` or `workload.minReadySeconds`.
    pub fn path(&self, field: &str) -> String {
        self.tier.map_or_else(|| field.to_owned(), |tier| format!("{}.{field}", tier.path))
    }
}

impl Scenario {
    /// What is rolled; the pods, where nothing is or a balancer is only reloaded.
    pub fn rolled(&self) -> Rolled<'_> {
        let rolls = self.deploy.as_ref().map(|deploy| deploy.rolls);
        if let Some(Rolls::Tier(n)) = rolls
            && let Some(before) = n.checked_sub(1).and_then(|n| self.front.get(n))
        {
            let tier = self.front.get(n).map_or(&self.load_balancer, |t| &t.balancer);
            let NextTier { workload, pod } = &before.next;
            return Rolled { tier: Some(tier), behind: n - 1, workload, pod, new_pod: pod, balancer: &before.balancer };
        }
        let (workload, pod, balancer) = (&self.workload, &self.pod, &self.load_balancer);
        Rolled { tier: None, behind: self.front.len(), workload, pod, new_pod: &self.new_pod, balancer }
    }

    /// How long the old pods of a canary stay that its router sends nothing any more, where nothing else takes pods away: no event, no
    /// autoscaler, no analysis that may call it off.
    pub fn unasked(&self) -> Option<Dur> {
        let strategy = &self.rolled().workload.strategy;
        let judged = matches!(strategy, Strategy::Canary(c) if !c.analyses.is_empty() || c.background.is_some());
        let deploy = self.deploy.as_ref()?;
        let alone = deploy.events.is_empty() && deploy.analysis.is_none() && self.workload.autoscaler.is_none();
        strategy.stays_unasked().filter(|_| alone && !judged)
    }

    /// When the discarded warm-up ends [since the start of the deploy, where there is one].
    pub fn measured_from(&self) -> SimTime {
        let at = self.deploy.as_ref().map_or(self.observe.warmup, |d| d.at);
        SimTime::ZERO - at + self.observe.warmup
    }

    /// All balancers, the outermost first.
    pub fn tiers(&self) -> impl Iterator<Item = &LoadBalancer> {
        self.front.iter().map(|t| &t.balancer).chain([&self.load_balancer])
    }
}

/// The new version's pods: the old ones' fields with those of `newVersion` laid over them.
fn read_new_pod(cx: &Cx, root: &Node, new: &At<'_>) -> Pod {
    let mut merged = root.get("pod").cloned().unwrap_or_else(|| Node::empty_map(root.span.clone()));
    if let Some(over) = new.node {
        match over.value {
            tree::Value::Map(_) => merged.overlay(over),
            tree::Value::Null => {}
            _ => new.wrong_type("a map of fields"),
        }
    }
    pod::read_new(cx, &merged)
}

/// Two fields of a map that exclude each other.
fn report_both(at: &At<'_>, first: (&str, &Span), second: (&str, &Span)) {
    let (first, second) = if second.1.range.start < first.1.range.start { (second, first) } else { (first, second) };
    let text = format!("`{}` and `{}` cannot both be given", first.0, second.0);
    let diag = Diag::error("contradiction", text).at(second.1, "one or the other").and(first.1, "already given here");
    at.report(diag.path(at.path.clone()));
}
