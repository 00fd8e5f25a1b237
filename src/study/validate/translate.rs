//! The one translation from the lab's parameters to a scenario, which serves every case: it says what was configured and
//! nothing of what came out. What a scenario cannot say of the lab itself – its hops, the pace of its orchestrator – are
//! the constants of this file, the same for all.

use std::fmt::Write as _;

use super::lab_case::{Balancer, LabCase, Parameters, Time};
use super::translate_balancer;

/// Sleeps of the lab's pods end about a millisecond late (its README, §5).
const TIMER: f64 = 0.001;
/// A relay sleeps in each direction, and passes the bytes through two more sockets: 5 ms measure about 6 to 7 (its README, §5).
pub(super) const RELAY: f64 = 0.0015;
/// A proxy adds 0.2 to 1 ms to a request (its README, §5): so much a way.
const PROXY: f64 = 0.0003;
/// Workers of a pod without a limit: more than are ever busy.
pub(super) const UNLIMITED: u32 = 1_000;

/// The scenario of `case`, as a file.
pub fn scenario(case: &LabCase) -> String {
    let p = &case.parameters;
    let mut out = String::new();
    let mut put = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    put("name: lab".to_owned());
    put(workload(p));
    put(pod(p));
    put(translate_balancer::load_balancer(p));
    put(network(p));
    // A relay accepts by itself, at once, on behalf of the pod behind it.
    put(format!("handshake: {{time: 0s, roundTrips: {}}}", u8::from(p.relay_delay_s == 0.0)));
    put(clients(p));
    put(deploy(p));
    out
}

/// Seconds as a duration.
pub(super) fn s(secs: f64) -> String {
    format!("{secs}s")
}

/// A time as the scenario writes it, `late` by so many seconds.
pub(super) fn time(time: &Time, late: f64) -> String {
    let lognormal = |median: f64, sigma: f64| {
        let mean = median * libm::exp(sigma * sigma / 2.0);
        format!("{{distribution: lognormal, mean: {}, sigma: {sigma}}}", s(mean + late))
    };
    match time {
        Time::Const { s: secs } => s(secs + late),
        Time::Exp { mean } => format!("{{distribution: exponential, mean: {}}}", s(mean + late)),
        Time::Uniform { lo, hi } => format!("{{distribution: uniform, min: {}, max: {}}}", s(lo + late), s(hi + late)),
        Time::Lognormal { median, sigma } => lognormal(*median, *sigma),
        Time::Bimodal { p_long, short_median, short_sigma, long_median, long_sigma } => format!(
            "{{distribution: mixture, of: [[{}, {}], [{p_long}, {}]]}}",
            1.0 - p_long,
            lognormal(*short_median, *short_sigma),
            lognormal(*long_median, *long_sigma)
        ),
        Time::PerProxy { s: each } => {
            let each: Vec<String> = each.iter().map(|&secs| s(secs + late)).collect();
            format!("[{}]", each.join(", "))
        }
    }
}

fn workload(p: &Parameters) -> String {
    // All new pods at once, and all old ones told to go in the same moment: a rolling update whose surge is the whole
    // fleet.
    let (surge, unavailable) = if p.strategy == "bluegreen" { (p.n, 0) } else { (p.max_surge, p.max_unavailable) };
    format!(
        "workload:\n  replicas: {}\n  strategy: {{type: RollingUpdate, rollingUpdate: {{maxSurge: {surge}, maxUnavailable: \
         {unavailable}}}}}\n  minReadySeconds: 0\n  progressDeadlineSeconds: 600",
        p.n
    )
}

fn pod(p: &Parameters) -> String {
    let concurrency = if p.conc == 0 { UNLIMITED } else { p.conc };
    // Under blue/green the switch of the membership is a removal at once, and the wait after it a preStop.
    let switch = if p.strategy == "bluegreen" { p.switch_wait_s } else { 0.0 };
    let (close, jitter) = match p.drain_mode.as_str() {
        "jitter" => ("idle", p.jitter_s),
        "conn_close" => ("response", 0.0),
        "ignore" => ("none", 0.0),
        _ => ("idle", 0.0),
    };
    format!(
        "pod:\n  concurrency: {concurrency}\n  queue: {}\n  onReaderGone: {}\n  serviceTime: {}\n  startup: {}\n  readinessProbe: none\n  keepAlive: \
         {{idleTimeout: {}}}\n  termination:\n    preStop: {}\n    drainWindow: {}\n    connectionClose: {close}\n    closeJitter: \
         {}\n    terminationGracePeriodSeconds: {}\nnewVersion:\n  warmup: {{slowdown: {}, duration: {}}}",
        p.queue,
        // A pod that streams finds the pipe broken; one that sleeps finds out when it has slept.
        if p.chunk_s > 0.0 { "stop" } else { "finish" },
        time(&p.service, TIMER),
        s(p.startup_s),
        s(p.idle_s),
        s(p.prestop_s + switch),
        s(p.drain_s),
        s(jitter),
        p.grace_s + switch,
        p.warm_mult.max(1.0),
        s(p.warm_s),
    )
}

fn network(p: &Parameters) -> String {
    let relay = if p.relay_delay_s > 0.0 { p.relay_delay_s + RELAY } else { 0.0 };
    let client = if p.lb == Balancer::Direct { relay } else { PROXY };
    format!("network: {{latency: {}, client: {}}}", s(relay), s(client))
}

fn clients(p: &Parameters) -> String {
    let mut out = format!(
        "clients:\n  - name: web\n    rate: {}/s\n    connections: {}\n    preconnect: {}\n    whenBusy: wait\n    keepAlive: \
         {{idleTimeout: 0s}}\n    idempotent: 100%\n    timeout: {}\n    \
         timeoutFrom: sent\n",
        p.rate,
        p.clients,
        p.preconnect > 0,
        s(p.client_timeout_s)
    );
    if p.arrivals == "constant" {
        out += "    arrivals: {distribution: constant}\n    assignment: inTurn\n";
    }
    if p.chunk_s > 0.0 {
        out += "    response: streamed\n";
    }
    if p.retry_reused > 0 {
        out += "    retries: {attempts: 1, on: [resetOnReused], backoff: {base: 0s}, budget: none}\n";
    }
    let when = if p.reconnect == "eager" { "eager" } else { "onDemand" };
    let delay = s(p.reconnect_delay_s);
    let _ = write!(
        out,
        "    reconnect: {{when: {when}, onRequest: now, backoff: {{base: {delay}, factor: 1, jitter: full}}}}"
    );
    out
}

fn deploy(p: &Parameters) -> String {
    if p.strategy == "none" {
        return format!(
            "deploy: none\nobserve: {{warmup: 0s, for: {}}}",
            s(p.before_s + watched(p) + p.after_s + p.linger_s)
        );
    }
    let after = p.after_s + p.linger_s + p.remove_delay.long() + watched(p);
    let at = s(p.before_s + phase(&p.arrivals, p.rate));
    if !changes_pods(p) {
        return format!("deploy: {{at: {at}, rolls: loadBalancer}}\nobserve: {{warmup: 0s, after: {}}}", s(after));
    }
    format!(
        "deploy:\n  at: {at}\n  deletion: oldestFirst\n  controller: {{qps: 0, reaction: 0s, release: \"1.34\"}}\nobserve: {{warmup: 0s, after: {}}}",
        s(after)
    )
}

/// How much later the deploy is for requests that come in equal steps (s): the lab's first one comes after half a step, a scenario's
/// after a whole one. Else what the deploy does in its whole tenths of a second would meet requests in the very moment.
pub(super) fn phase(arrivals: &str, rate: f64) -> f64 {
    if arrivals == "constant" { 0.5 / rate } else { 0.0 }
}

/// Whether pods are replaced.
pub(super) fn changes_pods(p: &Parameters) -> bool {
    matches!(p.strategy.as_str(), "rolling" | "bluegreen")
}

/// How long the lab watches after what it did at once (s).
pub(super) fn watched(p: &Parameters) -> f64 {
    match p.strategy.as_str() {
        "rolling" => 0.0,
        "bluegreen" => p.bluegreen_watch_s,
        "none" => p.watch_s.unwrap_or(20.0),
        _ => p.watch_s.unwrap_or(8.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When the deploy of these parameters begins (s).
    fn begins(parameters: Parameters) -> f64 {
        let text = scenario(&LabCase { parameters, summary: serde_json::Value::Null });
        let scenario = crate::scenario::Scenario::from_yaml(&text).expect("a scenario");
        scenario.deploy.expect("a deploy").at.secs()
    }

    #[test]
    fn a_deploy_begins_between_two_requests_that_come_in_equal_steps() {
        let constant = Parameters { arrivals: "constant".into(), rate: 100.0, before_s: 5.0, ..Parameters::default() };
        let steps = begins(constant.clone()) * constant.rate;
        assert!((steps.fract() - 0.5).abs() < 1e-6, "{steps}");
        assert_eq!(begins(Parameters { before_s: 5.0, ..Parameters::default() }), 5.0);
    }
}
