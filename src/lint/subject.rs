//! What a rule looks at, and how it points at what it finds.

use crate::engine::Dur;
use crate::fleet::rollout::{Fenceposts, leaves_none, resolve};
use crate::scenario::tree::Node;
use crate::scenario::{Diag, Draft, Loaded, OnSigterm, PropagationOrder, Rolled, Scenario, Strategy};

/// What a rule looks at.
#[derive(Debug)]
pub struct Subject<'a> {
    draft: &'a Draft,
    loaded: &'a Loaded,
    /// Every document of the manifest, if there is one.
    pub manifest: &'a [Node],
}

impl<'a> Subject<'a> {
    /// A file that could be read.
    pub const fn new(draft: &'a Draft, loaded: &'a Loaded, manifest: &'a [Node]) -> Self {
        Self { draft, loaded, manifest }
    }

    /// What it says, defaults filled in.
    pub const fn scenario(&self) -> &'a Scenario {
        &self.loaded.scenario
    }

    /// Whether the file says what its clients do.
    pub fn tells_traffic(&self) -> bool {
        self.draft.assumed_rate().is_none()
    }

    /// Whether the file gives the value at a path, rather than a default.
    pub fn gives(&self, path: &str) -> bool {
        self.draft.gives(path)
    }

    /// What is rolled: the pods, or the proxies of a tier.
    pub fn rolled(&self) -> Rolled<'a> {
        self.scenario().rolled()
    }

    /// What those are called.
    pub fn what(&self) -> String {
        self.rolled().tier.map_or_else(|| "pods".to_owned(), |tier| format!("proxies of `{}`", tier.name))
    }

    /// The path of a field of theirs, as `pod.startup` or `workload.minReadySeconds`.
    pub fn path(&self, field: &str) -> String {
        self.rolled().path(field)
    }

    /// The path of a field of the balancer that learns of them.
    pub fn balancer_path(&self, field: &str) -> String {
        format!("{}.{field}", self.rolled().balancer.path)
    }

    /// How far the rollout goes above and below `replicas`.
    pub fn fenceposts(&self) -> Fenceposts {
        let workload = self.rolled().workload;
        resolve(&workload.strategy, workload.replicas)
    }

    /// Within how long 99 % of all removals have reached a proxy.
    pub fn removal_p99(&self) -> Dur {
        let balancer = self.rolled().balancer;
        Dur::from_secs_f64(balancer.median_and_p99(balancer.propagation.remove.slowest()).1)
    }

    /// The median of the preStop hook.
    pub fn pre_stop(&self) -> Dur {
        self.rolled().pod.termination.usual_pre_stop()
    }

    /// From a pod's deletion until it takes no new connection. `None` where it never stops before SIGKILL, or where its
    /// shutdown waits for the removal.
    pub fn listens_for(&self) -> Option<Dur> {
        let rolled = self.rolled();
        let t = &rolled.pod.termination;
        if rolled.balancer.propagation.order == PropagationOrder::DrainThenStop {
            return None;
        }
        let (hook, killed) = t.cut(self.pre_stop(), t.grace_period);
        let own = match t.on_sigterm {
            OnSigterm::Drain => hook + t.lame_duck,
            OnSigterm::Exit => hook,
            OnSigterm::Ignore => killed,
        };
        let first = t.sidecar_exit.map_or(killed, |exit| exit.min(killed));
        Some(own.min(first))
    }

    /// Whether the rollout may take all of them away at once: those that are on their way down have nobody to wait for, then.
    pub fn empties(&self) -> bool {
        let workload = self.rolled().workload;
        leaves_none(&workload.strategy, workload.replicas)
    }

    /// Whether the file has a preStop hook whose length cannot be read from it.
    pub fn has_unread_hook(&self) -> bool {
        let at = self.draft.nearest(&self.path("pod.termination.preStop"));
        let place = at.source.position(at.range.start);
        let unread = |d: &Diag| d.code == "prestop-unknown" && d.file == at.source.name && (d.line, d.column) == place;
        self.loaded.warnings.iter().any(unread)
    }

    /// Whether pods stop listening before the proxies have heard: of a blue-green deployment and of a canary with a router, of the switch.
    pub fn stops_too_early(&self) -> bool {
        // What a hook does for nobody knows how long may well be to wait for them.
        !self.has_unread_hook() && self.listens_for().is_some_and(|listens| self.stays() + listens < self.heard_p99())
    }

    /// How long old pods stay after proxies have been told to send them nothing more: of a blue-green deployment and of a canary with a
    /// router, after the switch.
    pub fn stays(&self) -> Dur {
        match &self.rolled().workload.strategy {
            Strategy::BlueGreen(switch) => switch.scale_down_delay,
            other => other.stays_unasked().unwrap_or(Dur::ZERO),
        }
    }

    /// Within how long 99 % of all proxies have heard that they are to send nothing more to an old pod: of its removal, or of a router's
    /// split, which arrives as a new pod does.
    pub fn heard_p99(&self) -> Dur {
        let rolled = self.rolled();
        if rolled.workload.strategy.stays_unasked().is_none() {
            return self.removal_p99();
        }
        Dur::from_secs_f64(rolled.balancer.median_and_p99(rolled.balancer.propagation.add.slowest()).1)
    }

    /// A finding at the value of `path`, or at what is nearest to it in the file, where `label` has no meaning; `also` are other places that have to do
    /// with it, where they stand in the file.
    pub fn find(&self, code: &'static str, message: String, path: &str, label: &str, also: &[(&str, String)]) -> Diag {
        let missing = !self.gives(path);
        let name = path.rsplit('.').next().unwrap_or(path);
        let label = if missing { format!("no `{name}` here") } else { label.to_owned() };
        let diag = Diag::warning(code, message).at(&self.draft.nearest(path), label).path(path);
        also.iter().fold(diag, |diag, (path, label)| self.also(diag, path, label.as_str()))
    }

    /// The same finding, pointing at the value of `path` as well, where that stands in the file.
    pub fn also(&self, diag: Diag, path: &str, label: impl Into<String>) -> Diag {
        if self.gives(path) { diag.and(&self.draft.nearest(path), label) } else { diag }
    }
}
