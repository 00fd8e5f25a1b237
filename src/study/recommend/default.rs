//! Which settings are worth trying for a scenario, and at which values: each follows from what it has to wait out.

use std::collections::BTreeMap;

use crate::scenario::{
    Canary, ConnectionClose, IntOrPercent, Layer, Load, OnDrain, OnSigterm, PropagationOrder, Scenario, Strategy,
    WarmupOver,
};

/// A setting with values to try.
#[derive(Clone, Debug, Default)]
pub(super) struct Proposed {
    /// Its path; of several that move together, all.
    pub(super) paths: Vec<String>,
    /// What is tried, as `--vary` has it.
    values: Vec<String>,
    /// Which of these the search begins with.
    pub(super) coarse: Vec<usize>,
    pub(super) numbers: Option<Vec<f64>>,
    pub(super) now: String,
    pub(super) now_number: Option<f64>,
}

/// The longest wait that is proposed (s): beyond it nobody waits for a rollout.
const LONGEST: f64 = 600.0;
/// Values between those that the search begins with, at most.
const STEPS: f64 = 240.0;

impl Proposed {
    pub(super) fn vary(&self) -> String {
        format!("{}={}", self.paths.join(","), self.values.join(","))
    }

    /// Whole seconds: all of them up to the longest of `coarse`, or as many as `STEPS`, written as `unit` says.
    fn seconds(path: &str, now: f64, coarse: &[f64], unit: &str) -> Option<Self> {
        let whole = |s: f64| libm::ceil(s).clamp(0.0, LONGEST);
        let mut wanted: Vec<f64> = coarse.iter().map(|&s| whole(s)).filter(|&s| s != now).collect();
        wanted.sort_by(f64::total_cmp);
        wanted.dedup();
        let most = *wanted.last()?;
        let step = libm::ceil(most / STEPS).max(1.0);
        let mut all = wanted.clone();
        let mut s = 0.0;
        while s < most {
            all.push(s);
            s += step;
        }
        all.retain(|&s| s != now);
        all.sort_by(f64::total_cmp);
        all.dedup();
        let coarse = (0..all.len()).filter(|&n| wanted.contains(&all[n])).collect();
        let text = |s: f64| format!("{s}{unit}");
        Some(Self {
            paths: vec![path.to_owned()],
            values: all.iter().map(|&s| text(s)).collect(),
            coarse,
            numbers: Some(all),
            now: text(now),
            now_number: Some(now),
        })
    }

    /// Numbers of pods out of `replicas`, each once, by the shortest way to write it.
    fn pods(path: &str, now: &IntOrPercent, replicas: u32, shares: &[&str], up: bool) -> Option<Self> {
        let pods = |n: &IntOrPercent| if up { n.rounded_up(replicas) } else { n.rounded_down(replicas) };
        let of = |text: &str| match text.strip_suffix('%') {
            Some(p) => p.parse().ok().map(IntOrPercent::Percent),
            None => text.parse().ok().map(IntOrPercent::Int),
        };
        let now_pods = pods(now);
        let mut found: BTreeMap<u32, String> = BTreeMap::new();
        for &text in shares {
            let n = of(text).map_or(now_pods, |value| pods(&value));
            if n != now_pods {
                found.entry(n).or_insert_with(|| text.to_owned());
            }
        }
        if found.is_empty() {
            return None;
        }
        Some(Self {
            paths: vec![path.to_owned()],
            coarse: (0..found.len()).collect(),
            numbers: Some(found.keys().map(|&n| f64::from(n)).collect()),
            values: found.into_values().collect(),
            now: now.to_string(),
            now_number: Some(f64::from(now_pods)),
        })
    }

    /// Values without an order.
    fn words(paths: &[&str], now: &str, values: &[&str]) -> Self {
        Self {
            paths: paths.iter().map(|&p| p.to_owned()).collect(),
            values: values.iter().map(|&v| v.to_owned()).collect(),
            coarse: (0..values.len()).collect(),
            numbers: None,
            now: now.to_owned(),
            now_number: None,
        }
    }
}

/// The settings that may help `scenario`. What only the application's own code can change is left out for a manifest, which
/// could not hold it.
pub(super) fn proposed(scenario: &Scenario, manifest: bool) -> Vec<Proposed> {
    let mut all = vec![listening(scenario, manifest)];
    all.extend(strategy(scenario).into_iter().map(Some));
    all.push(min_ready(scenario));
    if !manifest {
        all.push(drain_window(scenario));
        all.push(close_jitter(scenario));
    }
    all.into_iter().flatten().collect()
}

/// How long a pod goes on listening: until every proxy has heard. Where it dies at SIGTERM, what is in flight must end before,
/// too.
fn listening(scenario: &Scenario, manifest: bool) -> Option<Proposed> {
    let (p, t) = (&scenario.load_balancer.propagation, &scenario.pod.termination);
    // There the shutdown waits by itself; and a process that ignores SIGTERM serves to the end.
    if p.order == PropagationOrder::DrainThenStop || t.on_sigterm == OnSigterm::Ignore {
        return None;
    }
    let (p50, p99) = p.median_and_p99(p.remove.slowest());
    let in_flight = 3.0 * scenario.pod.service_time.quantile(0.99);
    let end = if t.on_sigterm == OnSigterm::Exit { in_flight.min(LONGEST) } else { 0.0 };
    // A deploy draws once for each pod and proxy, and the worst of them counts: the quantile that is looked for lies
    // beyond the 99th percentile.
    let mut ladder = vec![p50 + end, p99 + end, 1.5 * p99 + end, 2.0 * p99 + end, 4.0 * p99 + end];
    // With a heavy tail that may be further out than all of these: what is exceeded by any of them in one deploy of a hundred.
    let draws = f64::from(scenario.workload.replicas) * f64::from(scenario.load_balancer.proxies);
    let worst = p.remove.slowest().quantile(1.0 - 0.01 / draws.max(1.0)) + p.shared.quantile(0.99) + end;
    if worst > 4.0 * p99 + end {
        ladder.extend([worst, 1.5 * worst]);
    }
    if end > 0.0 {
        ladder.push(end);
    }
    let by_lame_duck = t.lame_duck.secs() > 0.0 && t.pre_stop.mean() == 0.0 && t.on_sigterm == OnSigterm::Drain;
    if by_lame_duck && !manifest {
        Proposed::seconds("pod.termination.lameDuck", t.lame_duck.secs(), &ladder, "s")
    } else {
        Proposed::seconds("pod.termination.preStop", t.pre_stop.quantile(0.5), &ladder, "s")
    }
}

/// Sizes of the surge, and of what may be missing.
const SURGES: [&str; 6] = ["0", "10%", "25%", "50%", "100%", "1"];
const MISSING: [&str; 4] = ["0", "10%", "25%", "1"];

fn strategy(scenario: &Scenario) -> Vec<Proposed> {
    let w = &scenario.workload;
    let both = |surge: &str, missing: &str, now: (&IntOrPercent, &IntOrPercent)| {
        let surge = Proposed::pods(surge, now.0, w.replicas, &SURGES, true);
        let missing = Proposed::pods(missing, now.1, w.replicas, &MISSING, false);
        surge.into_iter().chain(missing).collect()
    };
    match &w.strategy {
        Strategy::RollingUpdate { max_surge, max_unavailable } => both(
            "workload.strategy.rollingUpdate.maxSurge",
            "workload.strategy.rollingUpdate.maxUnavailable",
            (max_surge, max_unavailable),
        ),
        Strategy::Canary(Canary { max_surge, max_unavailable, .. }) => both(
            "workload.strategy.canary.maxSurge",
            "workload.strategy.canary.maxUnavailable",
            (max_surge, max_unavailable),
        ),
        Strategy::Recreate => {
            let rolling = |surge: &str| {
                format!("{{type: RollingUpdate, rollingUpdate: {{maxSurge: {surge}, maxUnavailable: 0}}}}")
            };
            let values = ["25%", "100%"].map(rolling);
            vec![Proposed::words(&["workload.strategy"], "Recreate", &values.each_ref().map(String::as_str))]
        }
        Strategy::DaemonSet(d) if !d.on_delete => {
            let (surge, missing) = (
                "workload.updateStrategy.rollingUpdate.maxSurge",
                "workload.updateStrategy.rollingUpdate.maxUnavailable",
            );
            let now = format!("{}, {}", d.max_surge, d.max_unavailable);
            let other: Vec<&str> =
                ["[1, 0]", "[25%, 0]", "[0, 25%]"].into_iter().filter(|v| v.trim_matches(['[', ']']) != now).collect();
            vec![Proposed::words(&[surge, missing], &now, &other)]
        }
        Strategy::BlueGreen(b) => {
            let p = &scenario.load_balancer.propagation;
            let (p50, p99) = p.median_and_p99(p.remove.slowest());
            let path = "workload.strategy.blueGreen.scaleDownDelaySeconds";
            let ladder = [p50, p99, 2.0 * p99, 4.0 * p99, 30.0];
            Proposed::seconds(path, b.scale_down_delay.secs(), &ladder, "").into_iter().collect()
        }
        Strategy::Ecs(e) => {
            let both = [
                "workload.deploymentConfiguration.minimumHealthyPercent",
                "workload.deploymentConfiguration.maximumPercent",
            ];
            let now = format!("{}, {}", e.minimum_healthy, e.maximum);
            let values = ["[100, 125]", "[100, 150]", "[100, 200]"];
            let other: Vec<&str> = values.into_iter().filter(|v| v.trim_matches(['[', ']']) != now).collect();
            vec![Proposed::words(&both, &now, &other)]
        }
        Strategy::DaemonSet(_) | Strategy::StatefulSet(_) | Strategy::Nomad(_) | Strategy::InstanceRefresh(_) => {
            Vec::new()
        }
    }
}

/// How long a new pod is waited for before it counts: until every proxy has heard of it, and until it is warm.
fn min_ready(scenario: &Scenario) -> Option<Proposed> {
    let w = &scenario.workload;
    let path = match w.strategy {
        Strategy::RollingUpdate { .. } | Strategy::StatefulSet(_) | Strategy::DaemonSet(_) => {
            "workload.minReadySeconds"
        }
        _ => return None,
    };
    let p = &scenario.load_balancer.propagation;
    let (_, added) = p.median_and_p99(p.add.slowest());
    let warmup = scenario.new_pod.warmup;
    let warm = match warmup.over {
        _ if warmup.slowdown <= 1.0 => 0.0,
        WarmupOver::Time(time) => time.secs(),
        WarmupOver::Requests(n) => {
            // At its share of the pod's own pace.
            let pace = f64::from(scenario.new_pod.concurrency) / scenario.new_pod.service_time.mean().max(1e-4);
            f64::from(n) / pace
        }
    };
    let mut ladder = vec![added, 2.0 * added];
    if warm > 0.0 {
        ladder.extend([warm / 2.0, warm, added + warm]);
    }
    Proposed::seconds(path, w.min_ready.secs(), &ladder, "")
}

/// How long what is in flight may take to end: three times the 99th percentile; for streams that are waited for, their own.
fn drain_window(scenario: &Scenario) -> Option<Proposed> {
    let t = &scenario.pod.termination;
    if t.on_sigterm != OnSigterm::Drain {
        return None;
    }
    let now = t.drain_window.secs();
    let mut ladder =
        vec![3.0 * scenario.pod.service_time.quantile(0.99), 3.0 * scenario.pod.service_time.quantile(0.999)];
    for clients in &scenario.clients {
        if let Load::Streams { duration, on_drain: OnDrain::Finish, .. } = &clients.load {
            ladder.extend([duration.quantile(0.99), 1.5 * duration.quantile(0.99)]);
        }
    }
    ladder.push(now + t.close_jitter.secs());
    ladder.retain(|&s| libm::ceil(s) > now && s <= LONGEST);
    Proposed::seconds("pod.termination.drainWindow", now, &ladder, "s")
}

/// Over how long connections are closed, where they come back by themselves or each costs something.
fn close_jitter(scenario: &Scenario) -> Option<Proposed> {
    let t = &scenario.pod.termination;
    let streams = scenario.clients.iter().any(|c| matches!(c.load, Load::Streams { .. }));
    let eager = scenario.clients.iter().any(|c| c.reconnect.eager);
    let matters = streams || eager || scenario.load_balancer.layer == Layer::L4;
    if !matters || t.on_sigterm != OnSigterm::Drain {
        return None;
    }
    let (now, window) = (t.close_jitter.secs(), t.drain_window.secs());
    let mut ladder = vec![5.0, 15.0, 30.0, window / 2.0];
    ladder.retain(|&s| s > now && s <= window);
    Proposed::seconds("pod.termination.closeJitter", now, &ladder, "s")
}

/// Everything that is tried of `scenario` in one way or another.
pub(super) fn known(scenario: &Scenario) -> Vec<Proposed> {
    let mut all = proposed(scenario, false);
    all.extend(relaxed(scenario));
    all
}

/// What else can be told apart from the others, one at a time: retries, the grace period, how a process ends.
pub(super) fn relaxed(scenario: &Scenario) -> Vec<Proposed> {
    let t = &scenario.pod.termination;
    let mut all = vec![drain_window(scenario), close_jitter(scenario), grace(scenario)];
    let counts = |path: String, now: u32| {
        let values: Vec<u32> = [1, 2].into_iter().filter(|&n| n > now).collect();
        (!values.is_empty()).then(|| Proposed {
            paths: vec![path],
            coarse: (0..values.len()).collect(),
            numbers: Some(values.iter().map(|&n| f64::from(n)).collect()),
            values: values.iter().map(u32::to_string).collect(),
            now: now.to_string(),
            now_number: Some(f64::from(now)),
        })
    };
    if scenario.load_balancer.layer == Layer::L7 {
        all.push(counts("loadBalancer.retries.attempts".to_owned(), scenario.load_balancer.retries.attempts));
    }
    for clients in scenario.clients.iter().filter(|c| !matches!(c.load, Load::Streams { .. }) && !c.name.contains('.'))
    {
        all.push(counts(format!("clients.{}.retries.attempts", clients.name), clients.retries.attempts));
    }
    match t.on_sigterm {
        OnSigterm::Drain => {}
        OnSigterm::Exit => all.push(Some(Proposed::words(&["pod.termination.onSigterm"], "exit", &["drain"]))),
        OnSigterm::Ignore => all.push(Some(Proposed::words(&["pod.termination.onSigterm"], "ignore", &["drain"]))),
    }
    if t.connection_close == ConnectionClose::Idle {
        all.push(Some(Proposed::words(&["pod.termination.connectionClose"], "idle", &["response", "both"])));
    }
    let (pod, proxy) =
        (scenario.pod.keep_alive.idle_timeout.secs(), scenario.load_balancer.upstream.idle_timeout.secs());
    if scenario.load_balancer.layer == Layer::L7 && pod > 0.0 && pod <= proxy {
        all.push(Proposed::seconds("pod.keepAlive.idleTimeout", pod, &[1.25 * proxy], "s"));
    }
    all.into_iter().flatten().collect()
}

/// The grace period, where what must fit into it does not.
fn grace(scenario: &Scenario) -> Option<Proposed> {
    let t = &scenario.pod.termination;
    let now = t.grace_period.secs();
    let needs = t.pre_stop.quantile(0.999) + t.lame_duck.secs() + t.drain_window.secs() + t.cleanup.secs();
    let ladder: Vec<f64> = [needs, 1.5 * needs, 2.0 * now].into_iter().filter(|&s| libm::ceil(s) > now).collect();
    Proposed::seconds("pod.termination.terminationGracePeriodSeconds", now, &ladder, "")
}
