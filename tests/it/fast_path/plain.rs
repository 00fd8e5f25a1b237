//! Plain scenarios: requests, a balancer, pods and a deploy, with nothing but what every fleet has. In half of them every time is
//! a whole number of milliseconds, so that what happens at different places happens at the same nanosecond.

use super::settings::Settings;
use crate::common::dice::Dice;

/// How large a fleet is, and how busy.
struct Fleet {
    /// Whether all times are whole milliseconds.
    whole: bool,
    populations: u32,
    /// Requests a second of all populations.
    rate: u32,
    /// Mean service time (µs).
    service: u32,
    replicas: u32,
    concurrency: u32,
}

/// A plain scenario.
pub(crate) fn plain(dice: &mut Dice) -> Settings {
    let fleet = Fleet::draw(dice);
    let mut s = Settings::default();
    s.set("workload.replicas", &fleet.replicas.to_string());
    pods(dice, &fleet, &mut s);
    termination(dice, &mut s);
    balancer(dice, &mut s);
    network(dice, &fleet, &mut s);
    clients(dice, &fleet, &mut s);
    deploy(dice, &fleet, &mut s);
    if dice.one_in(25) { in_series(dice, &s) } else { s }
}

impl Fleet {
    fn draw(dice: &mut Dice) -> Self {
        let whole = dice.one_in(2);
        let many = dice.one_in(40);
        let populations = if many { 9 + dice.below(4) } else { dice.pick(&[1, 1, 1, 2, 2, 3]) };
        let rate: u32 = dice.pick(&[50, 100, 100, 200, 200, 400, 500, 1000, 2000]);
        let replicas = dice.pick(&[1, 2, 2, 3, 3, 4, 4, 6, 8, 12, 40]);
        let concurrency = dice.pick(&[1, 1, 2, 2, 4, 10]);
        let busy = dice.pick(&[5, 30, 30, 50, 70, 70, 85, 95, 110, 130]);
        let service = match dice.below(12) {
            0 => 0,
            // As long as the gap between two arrivals of one population.
            1 | 2 => 1_000_000 * populations / rate,
            _ => (busy * replicas * concurrency * 10_000 / rate).min(400_000),
        };
        let service = if whole { service.next_multiple_of(1000) } else { service };
        Self { whole, populations, rate, service, replicas, concurrency }
    }
}

/// Sets `path` to one of `values`, in one of `n` scenarios.
fn maybe(dice: &mut Dice, s: &mut Settings, n: u32, path: &str, values: &[&str]) {
    if dice.one_in(n) {
        s.set(path, dice.pick(values));
    }
}

fn pods(dice: &mut Dice, fleet: &Fleet, s: &mut Settings) {
    s.set("pod.concurrency", &fleet.concurrency.to_string());
    maybe(dice, s, 2, "pod.queue", &["0", "1", "2", "5", "20", "100"]);
    let mean = fleet.service;
    let service = match if fleet.whole && !dice.one_in(5) { 0 } else { dice.below(7) } {
        _ if mean == 0 => "0s".to_owned(),
        0 => format!("{mean}us"),
        1 | 2 => format!("{{distribution: exponential, mean: {mean}us}}"),
        3 | 4 => format!("{{distribution: lognormal, mean: {mean}us, sigma: 1}}"),
        5 => format!("{{distribution: gamma, mean: {mean}us, shape: 3}}"),
        _ => format!("{{distribution: uniform, min: 0s, max: {}us}}", 2 * mean),
    };
    s.set("pod.serviceTime", &service);
    let startup = ["100ms", "300ms", "300ms", "1s", "{distribution: uniform, min: 50ms, max: 800ms}"];
    s.set("pod.startup", dice.pick(&startup));
    let probes = ["none", "none", "{periodSeconds: 1}", "{periodSeconds: 0.4, failureThreshold: 1}"];
    s.set("pod.readinessProbe", dice.pick(&probes));
    maybe(dice, s, 6, "pod.warmup", &["{slowdown: 3, duration: 500ms}", "{slowdown: 4, requests: 20}"]);
    maybe(dice, s, 8, "pod.errorRate", &["1%", "10%", "50%"]);
    let anew = ["{slower: 2}", "{slower: 0.5, errorRate: 20%}", "{concurrency: 1, queue: 1}", "{startup: 700ms}"];
    maybe(dice, s, 4, "newVersion", &anew);
}

fn termination(dice: &mut Dice, s: &mut Settings) {
    let hooks = ["200ms", "200ms", "1s", "{distribution: exponential, mean: 300ms}"];
    maybe(dice, s, 2, "pod.termination.preStop", &hooks);
    maybe(dice, s, 2, "pod.termination.drainWindow", &["0s", "20ms", "100ms", "1s"]);
    maybe(dice, s, 5, "pod.termination.closeJitter", &["5ms", "300ms", "1s"]);
    maybe(dice, s, 4, "pod.termination.connectionClose", &["response", "both", "none"]);
    maybe(dice, s, 6, "pod.termination.lameDuck", &["100ms", "500ms"]);
    maybe(dice, s, 8, "pod.termination.cleanup", &["50ms", "500ms"]);
    maybe(dice, s, 5, "pod.termination.onSigterm", &["exit", "ignore"]);
    maybe(dice, s, 5, "pod.termination.afterExit", &["unreachable"]);
    s.set("pod.termination.terminationGracePeriodSeconds", dice.pick(&["1", "1", "2", "30"]));
}

fn balancer(dice: &mut Dice, s: &mut Settings) {
    s.set("loadBalancer.layer", dice.pick(&["7", "7", "7", "4", "4"]));
    s.set("loadBalancer.proxies", dice.pick(&["1", "2", "3", "5"]));
    let algorithms = [
        "random",
        "leastRequest",
        "haproxyLeastRequest",
        "haproxyRoundRobin",
        "powerOfTwo",
        "ringHash",
        "ipHash",
        "envoyLeastRequest",
    ];
    maybe(dice, s, 2, "loadBalancer.algorithm", &algorithms);
    maybe(dice, s, 3, "loadBalancer.upstream.connections", &["1", "2", "4", "64"]);
    maybe(dice, s, 3, "loadBalancer.connectTimeout", &["50ms", "300ms", "1s"]);
    maybe(dice, s, 8, "loadBalancer.deregistrationDelay", &["0s", "300ms"]);
    if !dice.one_in(8) {
        let delays = ["0s", "200ms", "500ms", "1s", "{distribution: exponential, mean: 400ms}", "[50ms, 700ms]"];
        s.set(
            "loadBalancer.propagation.shared",
            dice.pick(&["0s", "50ms", "{distribution: exponential, mean: 100ms}"]),
        );
        s.set("loadBalancer.propagation.add", dice.pick(&delays));
        s.set("loadBalancer.propagation.remove", dice.pick(&delays));
    }
}

fn network(dice: &mut Dice, fleet: &Fleet, s: &mut Settings) {
    // The clients' hop, and that from proxy to pod.
    let whole = [
        ("0s", "0s"),
        ("0s", "0s"),
        ("0s", "1ms"),
        ("1ms", "0s"),
        ("1ms", "1ms"),
        ("1ms", "5ms"),
        ("5ms", "1ms"),
        ("10ms", "10ms"),
        ("100ms", "1ms"),
        ("1ms", "100ms"),
        ("100ms", "100ms"),
    ];
    let any = [("500us", "500us"), ("0s", "500us"), ("20ms", "500us"), ("700us", "0s"), ("300us", "4100us")];
    let (client, pod) = dice.pick(if fleet.whole { &whole[..] } else { &any[..] });
    s.set("network.client", client);
    s.set("network.latency", pod);
    let times: &[&str] = if fleet.whole { &["0s", "0s", "1ms", "5ms"] } else { &["0s", "100us", "250us", "3ms"] };
    s.set("handshake.time", dice.pick(times));
    maybe(dice, s, 2, "handshake.roundTrips", &["0", "0", "1", "2"]);
}

fn clients(dice: &mut Dice, fleet: &Fleet, s: &mut Settings) {
    for n in 0..fleet.populations {
        let at = format!("clients.{n}");
        s.set(&format!("{at}.name"), &format!("c{n}"));
        load(dice, fleet, &at, s);
        let connections: &[&str] =
            if fleet.populations > 8 { &["1", "2", "10"] } else { &["1", "2", "5", "10", "20", "100", "500"] };
        s.set(&format!("{at}.connections"), dice.pick(connections));
        maybe(dice, s, 8, &format!("{at}.timeout"), &["10ms", "20ms", "50ms", "300ms", "1s"]);
        let retries = [
            "{attempts: 2}",
            "{attempts: 3, backoff: {base: 10ms, jitter: none}, budget: none}",
            "{attempts: 2, on: [500, 502, 503, 504, reset, connectFailure], backoff: {base: 0s}, budget: none}",
        ];
        maybe(dice, s, 4, &format!("{at}.retries"), &retries);
        maybe(dice, s, 8, &format!("{at}.preconnect"), &["false"]);
    }
}

/// Rates (requests a second) whose gaps are whole milliseconds.
const EVEN: [u32; 10] = [1000, 500, 250, 200, 125, 100, 50, 40, 20, 10];

fn load(dice: &mut Dice, fleet: &Fleet, at: &str, s: &mut Settings) {
    let rate = (fleet.rate / fleet.populations).max(1);
    let rate = if fleet.whole { EVEN.into_iter().find(|&even| even <= rate).unwrap_or(1) } else { rate };
    let constant = if fleet.whole { !dice.one_in(4) } else { dice.one_in(4) };
    match dice.below(14) {
        0 => {
            let (low, high) = (rate / 4, rate * 3 / 2 + 1);
            s.set(&format!("{at}.profile"), &format!("[[0s, {low}/s], [1s, {high}/s], [2s, {low}/s], [4s, {rate}/s]]"));
        }
        1 => {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fast_path/arrivals.csv");
            return s.set(&format!("{at}.trace"), file);
        }
        2 | 3 => {
            // Who does not think at all may ask for ever at one instant.
            let think = dice.pick(&[5, 10, 100, 500]);
            // Each asks once in a thought and a service.
            let each = think + (fleet.service / 1000).max(5);
            let count = (rate * each / 1000).clamp(1, 50);
            let think = if fleet.whole {
                format!("{think}ms")
            } else {
                format!("{{distribution: exponential, mean: {think}ms}}")
            };
            return s.set(&format!("{at}.users"), &format!("{{count: {count}, thinkTime: {think}}}"));
        }
        4 => {
            let streams = [
                "{count: 20, duration: 300ms}",
                "{count: 30, duration: {distribution: exponential, mean: 2s}}",
                "{count: 10, duration: 3s, onDrain: finish}",
            ];
            return s.set(&format!("{at}.streams"), dice.pick(&streams));
        }
        _ => s.set(&format!("{at}.rate"), &format!("{rate}/s")),
    }
    if constant {
        s.set(&format!("{at}.arrivals.distribution"), "constant");
    }
}

fn deploy(dice: &mut Dice, fleet: &Fleet, s: &mut Settings) {
    s.set("observe.warmup", dice.pick(&["200ms", "500ms"]));
    if dice.one_in(12) {
        s.set("deploy", "none");
        return s.set("observe.for", dice.pick(&["1s", "2s", "3s"]));
    }
    s.set("deploy.at", dice.pick(&["700ms", "1s", "1s", "1500ms"]));
    s.set("observe.after", dice.pick(&["300ms", "500ms", "1s"]));
    let limits: &[&str] = match fleet.rate {
        1000.. => &["2s", "3s"],
        400.. => &["3s", "4s"],
        _ => &["4s", "6s", "6s", "20s"],
    };
    s.set("observe.limit", dice.pick(limits));
    if dice.one_in(6) {
        s.set("workload.strategy", "Recreate");
    } else {
        let (surge, unavailable) =
            dice.pick(&[("25%", "25%"), ("1", "0"), ("0", "1"), ("100%", "0"), ("0", "100%"), ("50%", "50%")]);
        s.set("workload.strategy.rollingUpdate.maxSurge", surge);
        s.set("workload.strategy.rollingUpdate.maxUnavailable", unavailable);
    }
    maybe(dice, s, 6, "workload.minReadySeconds", &["0.3", "1"]);
}

/// The same behind another balancer.
fn in_series(dice: &mut Dice, s: &Settings) -> Settings {
    let mut s = s.moved("loadBalancer.", "loadBalancer.1.");
    s.set("loadBalancer.1.layer", "7");
    s.set("loadBalancer.0.layer", dice.pick(&["4", "7"]));
    s.set("loadBalancer.0.name", "edge");
    s.set("loadBalancer.1.name", "ingress");
    s.set("loadBalancer.0.proxies", dice.pick(&["1", "2"]));
    s.set("loadBalancer.0.propagation", "{shared: 0s, add: 100ms, remove: 300ms}");
    s.set("loadBalancer.1.pod.startup", "300ms");
    s
}
