//! What no part of a scenario can see alone: fields that contradict each other, and settings that cannot work.

use super::diag::Diag;
use super::endless;
use super::events;
use super::read::Cx;
use super::size::{self, peak};
use super::tree::{Node, Span};
use super::{DeployAction, OnSigterm, Scenario, Strategy, Termination};
use crate::engine::Dur;

/// Reports what is wrong with a scenario that could be read.
pub(super) fn check(cx: &Cx, root: &Node, scenario: &Scenario) {
    for rule in [
        names,
        deadline,
        partition,
        pre_stop,
        drain_window,
        overload,
        size::requests,
        size::seconds,
        endless::streams,
        endless::users,
        processes,
        locality,
        deploy_time,
        events::times,
        events::pods,
        events::nodes,
        nodes,
        connections,
    ] {
        rule(&Check { cx, root, scenario });
    }
}

/// What a rule looks at.
pub(super) struct Check<'a> {
    cx: &'a Cx,
    root: &'a Node,
    pub(super) scenario: &'a Scenario,
}

impl Check<'_> {
    /// Where the value at `path` stands, if the file or an option gives it.
    pub(super) fn span(&self, path: &str) -> Option<&Span> {
        self.root.at(path).map(|n| &n.span).filter(|span| !span.text().is_empty())
    }

    /// Points at `path`, or at the first of the others that stands somewhere; where none does, at what they are the defaults of.
    pub(super) fn report(&self, diag: Diag, path: &str, label: &str, others: &[(&str, String)]) {
        let mut diag = diag.path(path);
        let all = || std::iter::once((path, label)).chain(others.iter().map(|(path, label)| (*path, label.as_str())));
        let mut given = all().filter_map(|(path, label)| Some((self.span(path)?, label)));
        diag = match given.next() {
            Some((span, label)) => diag.at(span, label),
            None => match all().find_map(|(path, label)| Some((self.root.at(path)?, label))) {
                Some((default, label)) => diag.at(&default.span.of_word(), format!("by default {label}")),
                None => diag,
            },
        };
        let diag = given.fold(diag, |diag, (span, label)| diag.and(span, label));
        self.cx.report(diag);
    }

    /// A span of time that the file may leave to its default, in the unit of its field's name.
    fn seconds(&self, path: &str, value: Dur) -> String {
        let default = if self.span(path).is_some() { "" } else { ", the default" };
        format!("{}s{default}", value.secs())
    }
}

/// Names end up in terminals, paths and CSV files.
fn names(c: &Check<'_>) {
    let clients = c.scenario.clients.iter().enumerate();
    let named = clients.map(|(n, client)| (format!("clients.{n}.name"), client.name.as_str()));
    let tiers = c.scenario.tiers().map(|tier| (format!("{}.name", tier.path), tier.name.as_str()));
    for (path, name) in std::iter::once(("name".to_owned(), c.scenario.name.as_str())).chain(named).chain(tiers) {
        let what = if name.trim().is_empty() {
            "a name must not be empty"
        } else if name.chars().any(char::is_control) {
            "a name must not hold control characters"
        } else if name.chars().count() > 253 {
            "a name must not be longer than 253 characters"
        } else {
            continue;
        };
        c.report(Diag::error("bad-name", what), &path, "this name", &[]);
    }
}

/// Such a rollout would always be reported as failed; of a Deployment Kubernetes refuses it.
fn deadline(c: &Check<'_>) {
    let workload = &c.scenario.workload;
    if workload.progress_deadline <= workload.min_ready {
        let [path, ready] = ["workload.progressDeadlineSeconds", "workload.minReadySeconds"];
        let text = format!(
            "`progressDeadlineSeconds` ({}) must be greater than `minReadySeconds` ({})",
            c.seconds(path, workload.progress_deadline),
            c.seconds(ready, workload.min_ready)
        );
        let others = [(ready, "a pod is available only after this".to_owned())];
        c.report(Diag::error("contradiction", text), path, "over before a pod can be available", &others);
    }
}

/// A StatefulSet replaces the pods from its partition up, of which there may be none.
fn partition(c: &Check<'_>) {
    let workload = &c.scenario.workload;
    let Strategy::StatefulSet(update) = &workload.strategy else { return };
    let scales =
        c.scenario.deploy.as_ref().is_none_or(|d| d.events.iter().any(|e| matches!(e.action, DeployAction::Scale(_))));
    if update.on_delete || update.partition < workload.replicas || scales {
        return;
    }
    let text = format!(
        "no pod is rolled: `partition` is {}, and the pods' ordinals end at {}",
        update.partition,
        workload.replicas - 1
    );
    let diag = Diag::warning("nothing-rolled", text).help("Kubernetes rolls the pods from `partition` up: lower it");
    let others = [("workload.replicas", format!("{} pods, from 0 up", workload.replicas))];
    c.report(diag, "workload.updateStrategy.rollingUpdate.partition", "above all of them", &others);
}

/// The grace period runs from the deletion, preStop included.
fn pre_stop(c: &Check<'_>) {
    for (path, termination) in terminations(c.scenario) {
        pre_stop_of(c, &path, termination);
    }
}

/// How the pods go, and the proxies of a tier behind another one, each with its path.
fn terminations(scenario: &Scenario) -> Vec<(String, &Termination)> {
    let tiers = scenario.front.iter().zip(scenario.tiers().skip(1));
    let tiers = tiers.map(|(before, tier)| (format!("{}.pod.termination", tier.path), &before.next.pod.termination));
    std::iter::once(("pod.termination".to_owned(), &scenario.pod.termination)).chain(tiers).collect()
}

fn pre_stop_of(c: &Check<'_>, path: &str, termination: &Termination) {
    let pre_stop = termination.usual_pre_stop();
    if !pre_stop.is_zero() && pre_stop >= termination.grace_period {
        let (hook, killed) = termination.cut(pre_stop, termination.grace_period);
        let left = killed.saturating_sub(hook);
        let grace = format!("{path}.terminationGracePeriodSeconds");
        let whole = c.seconds(&grace, termination.grace_period);
        let takes = format!("preStop ({}s) takes the whole grace period ({whole})", pre_stop.secs());
        let (text, label) = if left.is_zero() {
            (format!("{takes}: pods are killed in it, without SIGTERM"), "sleeps until the SIGKILL")
        } else if pre_stop > hook {
            let text = format!("{takes}: the hook is cut at {hook}; {left} are left for the drain");
            (text, "cut at the end of the grace period")
        } else {
            (format!("{takes}: {left} are left for the drain"), "until the end of the grace period")
        };
        let diag = Diag::warning("prestop-exceeds-grace", text)
            .help("raise terminationGracePeriodSeconds above preStop + lameDuck + drainWindow");
        let others = [(grace.as_str(), "the grace period includes it".to_owned())];
        c.report(diag, &format!("{path}.preStop"), label, &others);
    }
}

/// So long a window is none: the grace period alone ends it.
const NO_WINDOW: Dur = Dur::from_secs(86_400);

/// What the grace period leaves of a drain window that the file asks for.
fn drain_window(c: &Check<'_>) {
    for (path, termination) in terminations(c.scenario) {
        drain_window_of(c, &format!("{path}.drainWindow"), termination);
    }
}

fn drain_window_of(c: &Check<'_>, path: &str, t: &Termination) {
    let (pre_stop, killed) = t.cut(t.usual_pre_stop(), t.grace_period);
    let left = killed.saturating_sub(pre_stop).saturating_sub(t.lame_duck);
    let is_cut = t.drain_window > left && t.drain_window < NO_WINDOW;
    // What is spelled out by `import` counts as asked for.
    let is_asked_for = c.root.at(path).is_some();
    if t.on_sigterm == OnSigterm::Drain && !left.is_zero() && is_cut && is_asked_for {
        let text = format!("drainWindow ({}) is cut to {left} by the grace period", t.drain_window);
        let before = if t.lame_duck.is_zero() {
            format!("{killed} less {pre_stop} of preStop")
        } else {
            format!("{killed} less {pre_stop} of preStop and {} of lameDuck", t.lame_duck)
        };
        let diag = Diag::warning("drain-exceeds-grace", text).help("raise terminationGracePeriodSeconds");
        c.report(diag, path, &format!("the grace period leaves {left}: {before}"), &[]);
    }
}

/// ρ = λ E[S] / (replicas × concurrency), with each open-loop population at its highest rate.
fn overload(c: &Check<'_>) {
    let rate: f64 = c.scenario.clients.iter().map(|clients| peak(&clients.load)).sum();
    let workers = f64::from(c.scenario.workload.replicas) * f64::from(c.scenario.pod.concurrency);
    let busy = rate * c.scenario.pod.service_time.mean() * c.scenario.pod.slower;
    if busy < workers {
        return;
    }
    let text = format!(
        "more is asked than the pods can serve: {busy:.0} workers would be busy, and there are {workers:.0} \
         ({} {} × {})",
        c.scenario.workload.replicas,
        if c.scenario.workload.replicas == 1 { "replica" } else { "replicas" },
        c.scenario.pod.concurrency
    );
    let diag =
        Diag::warning("overload", text).help("the queues fill before the deploy begins; raise replicas or concurrency");
    let mean = format!("{:.3} s each on average", c.scenario.pod.service_time.mean());
    c.report(diag, &size::heaviest(c), &mean, &[]);
}

/// Processes are numbered, those that a rollout makes among them.
fn processes(c: &Check<'_>) {
    const MOST: u64 = u16::MAX as u64;
    let rolled = c.scenario.rolled().tier.map(|tier| tier.path.as_str());
    let changes = c.scenario.deploy.as_ref().map_or(0, |deploy| deploy.events.len() as u64);
    for tier in c.scenario.tiers() {
        // Each change of the template may replace all of them.
        let times = if rolled == Some(tier.path.as_str()) { 2 + changes } else { 1 };
        let processes = u64::from(tier.proxies) * u64::from(tier.workers) * times;
        if processes > MOST {
            let text = format!("a balancer of {processes} processes, {MOST} at most");
            let diag = Diag::error("out-of-range", text).help("fewer proxies, or fewer workers in each");
            let others = [(format!("{}.workers", tier.path), "workers in each".to_owned())];
            let others = others.each_ref().map(|(path, label)| (path.as_str(), label.clone()));
            c.report(diag, &format!("{}.proxies", tier.path), "so many proxies", &others);
        }
    }
}

/// Zones are those of the pods' nodes.
fn locality(c: &Check<'_>) {
    let zones = c.scenario.nodes.as_ref().map_or(1, |nodes| nodes.zones.len());
    let pods = &c.scenario.load_balancer.path;
    for tier in c.scenario.tiers().filter(|tier| tier.locality.is_some()) {
        let (text, help) = if tier.path != *pods {
            ("the proxies of a tier have no zones", "give the tier that faces the pods, the last one, a locality")
        } else if zones < 2 {
            ("all pods are in one zone", "add `nodes: {count: 6, zones: [a, b, c]}`")
        } else {
            continue;
        };
        let diag = Diag::warning("ignored-field", text).help(help);
        c.report(diag, &format!("{}.locality", tier.path), "without effect", &[]);
    }
}

/// The deploy has to begin after the warm-up, and before the end.
fn deploy_time(c: &Check<'_>) {
    let (Some(deploy), observe) = (&c.scenario.deploy, &c.scenario.observe) else { return };
    if deploy.at < observe.warmup {
        let text = format!("the deploy begins at {}, while the first {} are discarded", deploy.at, observe.warmup);
        let diag = Diag::error("contradiction", text).help("let it begin later, or shorten `observe.warmup`");
        let others = [("observe.warmup", "discarded until then".to_owned())];
        c.report(diag, "deploy.at", "before the warm-up has ended", &others);
    } else if deploy.at == observe.warmup {
        let diag = Diag::warning("no-baseline", "nothing is measured before the deploy");
        let others = [("observe.warmup", "discarded until then".to_owned())];
        c.report(diag, "deploy.at", "the warm-up ends when the deploy begins", &others);
    }
    if observe.limit <= deploy.at {
        let text = format!("the simulation ends at {}, and the deploy begins at {}", observe.limit, deploy.at);
        let others = [("deploy.at", "begins here".to_owned())];
        c.report(Diag::error("contradiction", text), "observe.limit", "ends too early", &others);
    }
}

/// The fleet before the deploy has its connections, and somebody serves them.
fn connections(c: &Check<'_>) {
    let pool = c.scenario.pod.connection_pool.or(c.scenario.new_pod.connection_pool);
    match (c.scenario.dependency, pool) {
        (Some(_), None) => {
            let diag = Diag::warning("ignored-field", "no pod has a connection to this dependency");
            c.report(diag.help("add `pod.connectionPool: {size: 10}`"), "dependency", "without effect", &[]);
        }
        (Some(dependency), Some(_)) => {
            let size = c.scenario.pod.connection_pool.map_or(0, |pool| pool.size);
            let held = u64::from(size) * u64::from(c.scenario.workload.replicas);
            if held > u64::from(dependency.max_connections) {
                let text = format!(
                    "the pods hold {held} connections before the deploy begins, and there are {}",
                    dependency.max_connections
                );
                let diag = Diag::error("contradiction", text).help("a smaller pool, or fewer replicas");
                let others = [
                    ("pod.connectionPool.size", format!("{size} in each pod")),
                    ("workload.replicas", "pods".to_owned()),
                ];
                c.report(diag, "dependency.maxConnections", "too few", &others);
            }
        }
        (None, _) => {}
    }
}

/// What has no Kubernetes nodes is not rolled on any.
fn nodes(c: &Check<'_>) {
    match &c.scenario.nodes {
        Some(nodes) => on_nodes(c, nodes),
        None if c.scenario.pod.image.is_some() => {
            let diag = Diag::warning("ignored-field", "images are pulled to nodes, and there are none");
            c.report(diag.help("add `nodes: {count: 6}`"), "pod.image", "taken as there already", &[]);
        }
        None => {}
    }
}

fn on_nodes(c: &Check<'_>, nodes: &super::Nodes) {
    let workload = &c.scenario.workload;
    let others = [("workload.kind", "of this kind".to_owned())];
    match &workload.strategy {
        Strategy::Ecs(_) | Strategy::Nomad(_) | Strategy::InstanceRefresh(_) => {
            let text = "nodes are those of Kubernetes, and this workload is of another orchestrator";
            c.report(Diag::error("not-supported", text), "nodes", "not simulated for it", &others);
        }
        Strategy::DaemonSet(_) if nodes.count != workload.replicas => {
            let text =
                format!("a DaemonSet has a pod on each node: {} replicas, {} nodes", workload.replicas, nodes.count);
            let others = [("workload.replicas", "as many as nodes".to_owned())];
            c.report(Diag::error("contradiction", text), "nodes.count", "one pod each", &others);
        }
        _ => {
            let places = u64::from(nodes.count) * u64::from(nodes.max_pods);
            if places < u64::from(workload.replicas) {
                let text = format!("{places} pods fit on these nodes, and there are {}", workload.replicas);
                let diag = Diag::error("out-of-range", text).help("more nodes, or more `maxPods`");
                c.report(diag, "nodes.maxPods", "so many on each", &[("nodes.count", "so many nodes".to_owned())]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Diag, Draft};

    /// What is said of a Deployment with these fields, and these of its pods.
    fn told(spec: &str, pod: &str) -> Diag {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 4\n  {spec}\n  template:\n    \
             spec: {{containers: [{{name: web, image: web}}], {pod}}}\n"
        );
        let all = Draft::open_str("web.yaml", &text, &[]).and_then(|d| d.read()).map_or_else(|d| d, |l| l.warnings);
        all.into_iter().next().expect("it has a contradiction")
    }

    #[test]
    fn of_a_default_and_a_value_the_value_is_pointed_at() {
        let diag = told("minReadySeconds: 700", "");
        assert_eq!((diag.line, diag.column, diag.label.as_str()), (6, 20, "a pod is available only after this"));
        assert!(diag.message.contains("(600s, the default)") && diag.message.contains("(700s)"), "{}", diag.message);
        let diag = told("progressDeadlineSeconds: 0", "");
        assert_eq!((diag.line, diag.label.as_str()), (6, "over before a pod can be available"));
        assert_eq!(diag.render(false).matches('^').count(), 1, "nothing else is pointed at:\n{diag}");
    }

    #[test]
    fn the_grace_period_is_said_to_be_the_default() {
        let hook = "containers: [{name: web, lifecycle: {preStop: {sleep: {seconds: 30}}}}]";
        let text = format!("kind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    spec:\n      {hook}\n");
        let loaded = Draft::open_str("web.yaml", &text, &[]).and_then(|d| d.read()).expect("it is read");
        let diag = loaded.warnings.first().expect("a warning");
        assert!(diag.message.contains("preStop (30s)") && diag.message.contains("(30s, the default)"), "{diag}");
        assert_eq!((diag.line, diag.label.as_str()), (6, "until the end of the grace period"));
    }
}
