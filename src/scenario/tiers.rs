//! Balancers in series: each tier has the proxies of the next one behind it, as a Service has pods.

use super::crash::Crash;
use super::diag::{Diag, printable};
use super::dist::Dist;
use super::load_balancer::{Layer, LoadBalancer};
use super::pod::{OnOverflow, OnReaderGone, Pod, PodKeepAlive, Warmup, WarmupOver};
use super::probe::Probe;
use super::read::{At, Fields};
use super::termination::Termination;
use super::tree::{Node, Value};
use super::workload::Workload;
use crate::engine::Dur;

/// A tier that has another one behind it.
#[derive(Clone, Debug)]
pub struct FrontTier {
    /// The tier itself.
    pub balancer: LoadBalancer,
    /// The proxies of the next tier, as its pods.
    pub next: NextTier,
}

/// The proxies of a tier as the tier before it sees them.
#[derive(Clone, Debug)]
pub struct NextTier {
    /// How they are rolled; its replicas are the tier's `proxies`.
    pub workload: Workload,
    /// How each of them starts, keeps connections and goes. It passes requests on, so that what a pod's workers do means nothing.
    pub pod: Pod,
}

/// Names that `deploy.rolls` has another meaning for.
const RESERVED: [&str; 2] = ["pods", "loadBalancer"];

/// Reads `loadBalancer`: a map, or a list of tiers, the outermost first. The answer is the one that faces the pods, and those
/// before it.
pub(super) fn read(at: At<'_>) -> (LoadBalancer, Vec<FrontTier>) {
    at.takes_list(0);
    let items = match at.node.map(|n| &n.value) {
        Some(Value::Seq(items)) if items.len() > 1 => items,
        Some(Value::Seq(items)) => return (read_alone(At { node: items.first(), ..at }), Vec::new()),
        _ => return (read_alone(at), Vec::new()),
    };
    let mut front: Vec<FrontTier> = Vec::new();
    let mut before: Option<LoadBalancer> = None;
    for (n, item) in items.iter().enumerate() {
        let mut f = at.item(n).fields();
        let tier = LoadBalancer::of(&mut f, &default_name(item, n));
        let next = (n > 0).then(|| NextTier::read(&mut f, &tier));
        if n == 0 {
            refuse_next(&mut f);
        } else if tier.layer == Layer::L4 {
            refuse_layer_4(&mut f);
        }
        f.end();
        let last = before.replace(tier);
        front.extend(last.zip(next).map(|(balancer, next)| FrontTier { balancer, next }));
    }
    let inner = before.unwrap_or_else(|| read_alone(At { cx: at.cx, path: at.path.clone(), node: None }));
    let names: Vec<&str> = front.iter().map(|t| t.balancer.name.as_str()).chain([inner.name.as_str()]).collect();
    report_names(&at, items, &names);
    (inner, front)
}

/// The names of tiers in series, the outermost first; none of a balancer alone.
pub(super) fn names(inner: &LoadBalancer, front: &[FrontTier]) -> Vec<String> {
    if front.is_empty() {
        return Vec::new();
    }
    front.iter().map(|t| t.balancer.name.clone()).chain([inner.name.clone()]).collect()
}

fn read_alone(at: At<'_>) -> LoadBalancer {
    if at.node.is_none() {
        let text = "loadBalancer layer 7, 3 proxies, round robin, no retries (an ingress controller's usual size)";
        at.cx.assume(text.to_owned());
    }
    let mut f = at.fields();
    let balancer = LoadBalancer::of(&mut f, "loadBalancer");
    f.end();
    balancer
}

/// A tier without a name goes by that of its preset, or by its place.
fn default_name(item: &Node, n: usize) -> String {
    item.get("preset").and_then(Node::text).map_or_else(|| format!("tier-{}", n + 1), ToOwned::to_owned)
}

/// What only a tier has that another one stands before.
fn refuse_next(f: &mut Fields<'_>) {
    f.pass(&["pod", "workload"]);
    for name in ["pod", "workload"] {
        if let Some(span) = f.key(name) {
            let text =
                format!("the outermost tier has no `{name}`: clients reach its proxies whatever becomes of them");
            let diag = Diag::error("contradiction", text).at(span, "no tier stands before this one");
            let help = "put what learns of these proxies before it in the list, if only the name that clients resolve: \
                        `- {name: dns, layer: 4, resolve: {refresh: disconnect}}`";
            f.at.cx.report(diag.path(f.at.path.clone()).help(help));
        }
    }
}

fn refuse_layer_4(f: &mut Fields<'_>) {
    let at = f.at("layer");
    let diag = at.error("not-supported", "only the outermost tier can work at layer 4");
    let help = "a tier behind another one passes requests on, at layer 7";
    at.report(diag.label("connections of another tier end here").help(help));
}

/// Tiers are told apart by name, and `deploy.rolls` must know which is meant.
fn report_names(at: &At<'_>, items: &[Node], names: &[&str]) {
    for (n, name) in names.iter().enumerate() {
        let span = &items[n].get("name").unwrap_or(&items[n]).span;
        if let Some(first) = names[..n].iter().position(|other| other == name) {
            let diag = Diag::error("duplicate-name", format!("two tiers are called `{}`", printable(name)));
            let first = &items[first].get("name").unwrap_or(&items[first]).span;
            at.report(diag.at(span, "again here").and(first, "first here").path("loadBalancer"));
        } else if RESERVED.contains(name) {
            let diag = Diag::error("bad-name", format!("a tier cannot be called `{name}`")).at(span, "another name");
            at.report(diag.path("loadBalancer").help("`deploy.rolls` means something else by it"));
        }
    }
}

impl NextTier {
    fn read(f: &mut Fields<'_>, tier: &LoadBalancer) -> Self {
        let workload = Workload::of_replicas(f.at("workload"), tier.proxies);
        Self { workload, pod: proxy_pod(f.at("pod")) }
    }
}

/// A proxy as a pod. Defaults: those of a pod, and a start-up of a few seconds.
fn proxy_pod(at: At<'_>) -> Pod {
    let mut f = at.fields();
    let pod = Pod {
        // Who asks after its health is answered at once; requests do not wait for a worker.
        concurrency: 1,
        queue: 0,
        on_overflow: OnOverflow::Status503,
        on_reader_gone: OnReaderGone::Finish,
        backlog: f.within("backlog", 4096, 0..=1_000_000),
        service_time: Dist::Constant(Dur::ZERO),
        startup: Dist::assume(
            &f.at("startup"),
            Dist::lognormal_quantiles(4.0, 15.0),
            "lognormal, p50 4s, p99 15s",
            "a proxy's image on the node and its first configuration; a guess",
        ),
        keep_alive: PodKeepAlive::read(f.at("keepAlive")),
        warmup: Warmup { slowdown: 1.0, over: WarmupOver::Requests(0) },
        readiness_probe: Probe::read(f.at("readinessProbe")),
        liveness_probe: None,
        startup_probe: None,
        probes_through_queue: false,
        termination: Termination::read(f.at("termination")),
        error_rate: 0.0,
        never_ready: f.or("neverReady", false),
        slower: 1.0,
        crash: Crash::default(),
        image: None,
        max_connections: 0,
        connection_pool: None,
    };
    f.end();
    pod
}
