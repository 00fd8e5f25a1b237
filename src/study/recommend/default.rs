//! Which settings are worth trying for a scenario, and at which values: each follows from what it has to wait out.

use super::proposed::{LONGEST, Proposed};
use crate::scenario::{
    Canary, ConnectionClose, IntOrPercent, Layer, Load, OnDrain, OnSigterm, PropagationOrder, Rolled, Scenario,
    Strategy, WarmupOver,
};

/// The settings that may help `scenario`: those of what is rolled, the pods or the proxies of a tier. What only the application's own
/// code can change is left out for a manifest, which could not hold it.
pub(super) fn proposed(scenario: &Scenario, manifest: bool) -> Vec<Proposed> {
    let rolled = scenario.rolled();
    let mut all = vec![listening(scenario, &rolled, manifest)];
    all.extend(strategy(&rolled).into_iter().map(Some));
    all.push(min_ready(&rolled));
    if !manifest {
        all.push(drain_window(scenario, &rolled));
        all.push(close_jitter(scenario, &rolled));
        all.push(deregistration(scenario, &rolled));
    }
    writable(all)
}

/// Those that an option can name: `=` ends a path there, and a comma parts two.
fn writable(all: Vec<Option<Proposed>>) -> Vec<Proposed> {
    all.into_iter().flatten().filter(|p| p.paths.iter().all(|path| !path.contains(['=', ',']))).collect()
}

/// How long a pod goes on listening: until every proxy has heard. Where it dies at SIGTERM, what is in flight must end before,
/// too.
fn listening(scenario: &Scenario, rolled: &Rolled<'_>, manifest: bool) -> Option<Proposed> {
    let (p, t) = (&rolled.balancer.propagation, &rolled.pod.termination);
    // There the shutdown waits by itself; and a process that ignores SIGTERM serves to the end.
    if p.order == PropagationOrder::DrainThenStop || t.on_sigterm == OnSigterm::Ignore {
        return None;
    }
    // What a proxy has in flight waits for the pods behind it.
    let in_flight = 3.0 * scenario.pod.service_time.quantile(0.99);
    let end = if t.on_sigterm == OnSigterm::Exit { in_flight.min(LONGEST) } else { 0.0 };
    // Where a router's split takes all traffic from the old pods before they go, nobody waits for their removal.
    let stay = scenario.unasked();
    let own = if stay.is_some() { p.add.slowest() } else { p.remove.slowest() };
    let (p50, p99) = p.median_and_p99(own);
    // A deploy draws once for each pod and proxy, and the worst of them counts: the quantile that is looked for lies
    // beyond the 99th percentile.
    let mut ladder = vec![p50 + end, p99 + end, 1.5 * p99 + end, 2.0 * p99 + end, 4.0 * p99 + end];
    // With a heavy tail that may be further out than all of these: what is exceeded by any of them in one deploy of a hundred.
    let draws = f64::from(rolled.workload.replicas) * f64::from(rolled.balancer.proxies);
    let worst = own.quantile(1.0 - 0.01 / draws.max(1.0)) + p.shared.quantile(0.99) + end;
    if worst > 4.0 * p99 + end {
        ladder.extend([worst, 1.5 * worst]);
    }
    if end > 0.0 {
        ladder.push(end);
    }
    if let Some(stay) = stay {
        ladder = ladder.into_iter().map(|s| (s - stay.secs()).max(0.0)).collect();
    }
    let by_lame_duck = t.lame_duck.secs() > 0.0 && t.pre_stop.mean() == 0.0 && t.on_sigterm == OnSigterm::Drain;
    if by_lame_duck && !manifest {
        Proposed::seconds(&rolled.path("pod.termination.lameDuck"), t.lame_duck.secs(), &ladder, "s")
    } else {
        Proposed::seconds(&rolled.path("pod.termination.preStop"), t.pre_stop.quantile(0.5), &ladder, "s")
    }
}

/// Sizes of the surge, and of what may be missing.
const SURGES: [&str; 6] = ["0", "10%", "25%", "50%", "100%", "1"];
const MISSING: [&str; 4] = ["0", "10%", "25%", "1"];

fn strategy(rolled: &Rolled<'_>) -> Vec<Proposed> {
    let w = rolled.workload;
    let both = |bounds: &str, now: (&IntOrPercent, &IntOrPercent)| {
        let path = |bound: &str| rolled.path(&format!("workload.strategy.{bounds}.{bound}"));
        let surge = Proposed::pods(&path("maxSurge"), now.0, w.replicas, &SURGES, true);
        let missing = Proposed::pods(&path("maxUnavailable"), now.1, w.replicas, &MISSING, false);
        surge.into_iter().chain(missing).collect()
    };
    let words = |fields: &[&str], now: &str, values: &[&str]| {
        let paths: Vec<String> = fields.iter().map(|field| rolled.path(&format!("workload.{field}"))).collect();
        Proposed::words(&paths, now, values)
    };
    match &w.strategy {
        Strategy::RollingUpdate { max_surge, max_unavailable } => both("rollingUpdate", (max_surge, max_unavailable)),
        // With a router the canary comes beside all stable pods, whatever the bounds.
        Strategy::Canary(Canary { traffic_routing: true, .. }) => Vec::new(),
        Strategy::Canary(Canary { max_surge, max_unavailable, .. }) => both("canary", (max_surge, max_unavailable)),
        Strategy::Recreate => {
            let rolling = |surge: &str| {
                format!("{{type: RollingUpdate, rollingUpdate: {{maxSurge: {surge}, maxUnavailable: 0}}}}")
            };
            let values = ["25%", "100%"].map(rolling);
            vec![words(&["strategy"], "Recreate", &values.each_ref().map(String::as_str))]
        }
        Strategy::DaemonSet(d) if !d.on_delete => {
            let both = ["updateStrategy.rollingUpdate.maxSurge", "updateStrategy.rollingUpdate.maxUnavailable"];
            let now = format!("{}, {}", d.max_surge, d.max_unavailable);
            let other: Vec<&str> =
                ["[1, 0]", "[25%, 0]", "[0, 25%]"].into_iter().filter(|v| v.trim_matches(['[', ']']) != now).collect();
            vec![words(&both, &now, &other)]
        }
        Strategy::BlueGreen(b) => {
            let p = &rolled.balancer.propagation;
            let (p50, p99) = p.median_and_p99(p.remove.slowest());
            let path = rolled.path("workload.strategy.blueGreen.scaleDownDelaySeconds");
            let ladder = [p50, p99, 2.0 * p99, 4.0 * p99, 30.0];
            Proposed::seconds(&path, b.scale_down_delay.secs(), &ladder, "").into_iter().collect()
        }
        Strategy::Ecs(e) => {
            let both = ["deploymentConfiguration.minimumHealthyPercent", "deploymentConfiguration.maximumPercent"];
            let now = format!("{}, {}", e.minimum_healthy, e.maximum);
            let values = ["[100, 125]", "[100, 150]", "[100, 200]"];
            let other: Vec<&str> = values.into_iter().filter(|v| v.trim_matches(['[', ']']) != now).collect();
            vec![words(&both, &now, &other)]
        }
        Strategy::DaemonSet(_) | Strategy::StatefulSet(_) | Strategy::Nomad(_) | Strategy::InstanceRefresh(_) => {
            Vec::new()
        }
    }
}

/// How long a new pod is waited for before it counts: until every proxy has heard of it, and until it is warm.
fn min_ready(rolled: &Rolled<'_>) -> Option<Proposed> {
    let w = rolled.workload;
    if !w.strategy.has_min_ready() {
        return None;
    }
    let p = &rolled.balancer.propagation;
    let (_, added) = p.median_and_p99(p.add.slowest());
    let new = rolled.new_pod;
    let warmup = new.warmup;
    let warm = match warmup.over {
        _ if warmup.slowdown <= 1.0 => 0.0,
        WarmupOver::Time(time) => time.secs(),
        WarmupOver::Requests(n) => {
            // At its share of the pod's own pace.
            let pace = f64::from(new.concurrency) / new.service_time.mean().max(1e-4);
            f64::from(n) / pace
        }
    };
    let mut ladder = vec![added, 2.0 * added];
    if warm > 0.0 {
        ladder.extend([warm / 2.0, warm, added + warm]);
    }
    Proposed::seconds(&rolled.path("workload.minReadySeconds"), w.min_ready.secs(), &ladder, "")
}

/// How long what is in flight may take to end: three times the 99th percentile; for streams that are waited for, their own.
fn drain_window(scenario: &Scenario, rolled: &Rolled<'_>) -> Option<Proposed> {
    let t = &rolled.pod.termination;
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
    Proposed::seconds(&rolled.path("pod.termination.drainWindow"), now, &ladder, "s")
}

/// How long the balancer lets go on what is under way at a pod that it has removed, where that may take longer.
fn deregistration(scenario: &Scenario, rolled: &Rolled<'_>) -> Option<Proposed> {
    let (balancer, t) = (rolled.balancer, &rolled.pod.termination);
    let now = balancer.deregistration_delay.secs();
    let mut ladder: Vec<f64> = [0.99, 0.999].map(|q| 3.0 * scenario.pod.service_time.quantile(q)).to_vec();
    for clients in &scenario.clients {
        match &clients.load {
            Load::Streams { duration, on_drain: OnDrain::Finish, .. } => {
                ladder.extend([duration.quantile(0.99), 1.5 * duration.quantile(0.99)]);
            }
            // Those that the pod ends itself, in its turn.
            Load::Streams { .. } => {
                let before = t.pre_stop.quantile(0.999) + t.lame_duck.secs();
                ladder.push(before + t.drain_window.secs().max(t.close_jitter.secs()));
            }
            _ => {}
        }
    }
    ladder.retain(|&s| libm::ceil(s) > now && s <= LONGEST);
    Proposed::seconds(&format!("{}.deregistrationDelay", balancer.path), now, &ladder, "s")
}

/// Over how long connections are closed, where they come back by themselves or each costs something.
fn close_jitter(scenario: &Scenario, rolled: &Rolled<'_>) -> Option<Proposed> {
    let t = &rolled.pod.termination;
    let streams = scenario.clients.iter().any(|c| matches!(c.load, Load::Streams { .. }));
    let eager = scenario.clients.iter().any(|c| c.reconnect.eager);
    let matters = streams || eager || rolled.balancer.layer == Layer::L4;
    if !matters || t.on_sigterm != OnSigterm::Drain {
        return None;
    }
    let (now, window) = (t.close_jitter.secs(), t.drain_window.secs());
    let mut ladder = vec![5.0, 15.0, 30.0, window / 2.0];
    ladder.retain(|&s| s > now && s <= window);
    Proposed::seconds(&rolled.path("pod.termination.closeJitter"), now, &ladder, "s")
}

/// Everything that is tried of `scenario` in one way or another.
pub(super) fn known(scenario: &Scenario) -> Vec<Proposed> {
    let mut all = proposed(scenario, false);
    all.extend(relaxed(scenario));
    all
}

/// What else can be told apart from the others, one at a time: retries, the grace period, how a process ends.
pub(super) fn relaxed(scenario: &Scenario) -> Vec<Proposed> {
    let rolled = scenario.rolled();
    let (t, balancer) = (&rolled.pod.termination, rolled.balancer);
    let mut all = vec![drain_window(scenario, &rolled), close_jitter(scenario, &rolled), grace(&rolled)];
    all.push(deregistration(scenario, &rolled));
    if balancer.layer == Layer::L7 {
        all.push(attempts(format!("{}.retries.attempts", balancer.path), balancer.retries.attempts));
    }
    for clients in scenario.clients.iter().filter(|c| !matches!(c.load, Load::Streams { .. }) && !c.name.contains('.'))
    {
        all.push(attempts(format!("clients.{}.retries.attempts", clients.name), clients.retries.attempts));
    }
    let words = |field: &str, now: &str, values: &[&str]| {
        Some(Proposed::words(&[rolled.path(&format!("pod.termination.{field}"))], now, values))
    };
    match t.on_sigterm {
        OnSigterm::Drain => {}
        OnSigterm::Exit => all.push(words("onSigterm", "exit", &["drain"])),
        OnSigterm::Ignore => all.push(words("onSigterm", "ignore", &["drain"])),
    }
    if t.connection_close == ConnectionClose::Idle {
        all.push(words("connectionClose", "idle", &["response", "both"]));
    }
    let (pod, proxy) = (rolled.pod.keep_alive.idle_timeout.secs(), balancer.upstream.idle_timeout.secs());
    if balancer.layer == Layer::L7 && pod > 0.0 && pod <= proxy {
        all.push(Proposed::seconds(&rolled.path("pod.keepAlive.idleTimeout"), pod, &[1.25 * proxy], "s"));
    }
    writable(all)
}

/// Retries, where there are fewer than these.
fn attempts(path: String, now: u32) -> Option<Proposed> {
    let values: Vec<u32> = [1, 2].into_iter().filter(|&n| n > now).collect();
    (!values.is_empty()).then(|| Proposed {
        paths: vec![path],
        coarse: (0..values.len()).collect(),
        numbers: Some(values.iter().map(|&n| f64::from(n)).collect()),
        values: values.iter().map(u32::to_string).collect(),
        now: now.to_string(),
        now_number: Some(f64::from(now)),
    })
}

/// The grace period, where what must fit into it does not.
fn grace(rolled: &Rolled<'_>) -> Option<Proposed> {
    let t = &rolled.pod.termination;
    let now = t.grace_period.secs();
    let needs = t.pre_stop.quantile(0.999) + t.lame_duck.secs() + t.drain_window.secs() + t.cleanup.secs();
    let ladder: Vec<f64> = [needs, 1.5 * needs, 2.0 * now].into_iter().filter(|&s| libm::ceil(s) > now).collect();
    Proposed::seconds(&rolled.path("pod.termination.terminationGracePeriodSeconds"), now, &ladder, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is tried of a scenario, by path, and the longest value of each.
    fn tried(text: &str) -> Vec<(String, String)> {
        let scenario = Scenario::from_yaml(text).expect("a valid scenario");
        let last = |p: Proposed| Some((p.paths.join(","), p.values.last()?.clone()));
        known(&scenario).into_iter().filter_map(last).collect()
    }

    fn value<'a>(tried: &'a [(String, String)], field: &str) -> Option<&'a str> {
        tried.iter().find(|t| t.0.ends_with(field)).map(|t| t.1.as_str())
    }

    #[test]
    fn old_pods_that_a_router_no_longer_asks_get_no_hook() {
        let canary = |more: &str| {
            tried(&format!(
                "workload: {{kind: Rollout, replicas: 5, strategy: {{canary: {{trafficRouting: {{nginx: {{}}}}, {more}steps: [{{setWeight: 20}}]}}}}}}\n\
                 loadBalancer: {{propagation: {{shared: 0s, add: 1s, remove: {{distribution: lognormal, p50: 20s, p99: 150s}}}}}}\n\
                 clients: [{{name: web, rate: 10/s}}]\n"
            ))
        };
        let all = canary("");
        assert_eq!(value(&all, "preStop"), None, "they stay for 30 s, and the last weight is heard of in 1 s");
        assert!(value(&all, "maxSurge").or(value(&all, "maxUnavailable")).is_none(), "the canary comes beside them");
        assert!(value(&all, "minReadySeconds").is_some());
        assert_eq!(value(&canary("scaleDownDelaySeconds: 0, "), "preStop"), Some("4s"), "not by removals");
        assert!(value(&canary("dynamicStableScale: true, "), "preStop").is_some(), "they go with their traffic");
    }

    #[test]
    fn a_balancer_that_cuts_before_the_end_may_wait_longer() {
        let slow = |delay: &str| {
            tried(&format!(
                "pod: {{serviceTime: {{distribution: lognormal, p50: 1s, p99: 10s}}}}\n\
                 loadBalancer: {{deregistrationDelay: {delay}}}\nclients: [{{name: web, rate: 10/s}}]\n"
            ))
        };
        let (short, long) = (slow("10s"), slow("300s"));
        assert!(value(&short, "loadBalancer.deregistrationDelay").is_some());
        assert_eq!(value(&long, "deregistrationDelay"), None);
    }
}
