//! Connections that run out: queueing for shared slots against theory, and what pods hold during a rollout against arithmetic.

use std::collections::BTreeMap;

use dryroll::engine::SimTime;
use dryroll::fleet::fact::{Cause, Fact, Outcome, PodId, PodStep, Revision};
use dryroll::fleet::{Observer, simulate};
use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Scenario, load_str};

fn scenario(base: &str, more: &[&str]) -> Scenario {
    let set: Vec<String> = more.iter().map(|s| (*s).to_owned()).collect();
    let told = |diags: Vec<dryroll::scenario::Diag>| diags.iter().map(|d| d.render(false)).collect::<String>();
    load_str("dependency.yaml", base, &set).unwrap_or_else(|d| panic!("{}", told(d))).scenario
}

fn play(base: &str, more: &[&str]) -> Replication {
    dryroll::simulate::run(&scenario(base, more), 1, 0)
}

/// Four pods with workers enough, and nothing but the dependency to wait for.
const STEADY: &str = "
workload: {replicas: 4}
pod: {concurrency: 500, queue: 1000, readinessProbe: none, serviceTime: {distribution: exponential, mean: 100ms}}
network: {latency: 0s, client: 0s}
handshake: {time: 0s, roundTrips: 0}
clients: [{name: web, rate: 80/s, connections: 1000, timeout: 0s}]
deploy: none
observe: {warmup: 20s, for: 300s}
";

/// The mean latency over replications [s], and its standard error.
fn latency(more: &[&str]) -> (f64, f64) {
    let scenario = scenario(STEADY, more);
    let means: Vec<f64> = (0..16)
        .map(|k| {
            let r = dryroll::simulate::run(&scenario, 7, k);
            r.phases[0].latency_sum_ns as f64 / r.phases[0].succeeded as f64 / 1e9
        })
        .collect();
    let n = means.len() as f64;
    let mean = means.iter().sum::<f64>() / n;
    let variance = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[track_caller]
fn assert_agrees((mean, error): (f64, f64), expected: f64) {
    assert!((mean - expected).abs() < 4.5 * error, "{mean:.4} ± {error:.4}, theory says {expected:.4}");
    assert!(error < 0.03 * expected, "{error} is too coarse for {expected}");
}

/// Erlang's C: the mean wait of M/M/c [s].
fn erlang_wait(c: u32, rate: f64, mean: f64) -> f64 {
    let load = rate * mean;
    let blocking = (1..=c).fold(1.0, |b, k| load * b / (f64::from(k) + load * b));
    let waits = blocking / (1.0 - load / f64::from(c) * (1.0 - blocking));
    waits * mean / (f64::from(c) - load)
}

#[test]
fn slots_shared_by_all_pods_are_one_queue_before_so_many_servers() {
    let found =
        latency(&["dependency.maxConnections=10", "pod.connectionPool={size: 0, share: 100%, acquireTimeout: 0s}"]);
    assert_agrees(found, 0.1 + erlang_wait(10, 80.0, 0.1));
}

#[test]
fn a_pool_is_a_queue_of_its_pods_own() {
    let found = latency(&["workload.replicas=1", "pod.connectionPool={size: 10, share: 100%, acquireTimeout: 0s}"]);
    assert_agrees(found, 0.1 + erlang_wait(10, 80.0, 0.1));
    // Four smaller ones are worse: each has a quarter of the traffic, by chance.
    let set = ["loadBalancer.algorithm=random", "pod.connectionPool={size: 3, share: 100%, acquireTimeout: 0s}"];
    assert_agrees(latency(&set), 0.1 + erlang_wait(3, 20.0, 0.1));
}

#[test]
fn a_connection_is_held_for_its_share_of_the_service_alone() {
    // Pollaczek and Khinchine, with a constant time of 12.5 ms at the one connection: λ h² / (2 (1 − λ h)).
    let set =
        ["pod.serviceTime=50ms", "workload.replicas=1", "pod.connectionPool={size: 1, share: 25%, acquireTimeout: 0s}"];
    let (rate, hold) = (60.0, 0.0125);
    let expected = 0.05 + rate * hold * hold / (2.0 * (1.0 - rate * hold));
    assert_agrees(latency(&[set[0], set[1], set[2], "clients.0.rate=60/s"]), expected);
}

#[test]
fn connections_enough_change_nothing() {
    let plain = dryroll::simulate::run(&scenario(STEADY, &[]), 1, 0);
    let roomy = ["dependency.maxConnections=5000", "pod.connectionPool={size: 1000, share: 50%}"];
    let roomy = dryroll::simulate::run(&scenario(STEADY, &roomy), 1, 0);
    assert_eq!(plain.phases[0].latency_sum_ns / 1000, roomy.phases[0].latency_sum_ns / 1000);
}

/// Four pods of ten connections each; a new pod is Ready 2 s after its creation, an old one is gone after 20 s.
const ROLLING: &str = "
workload: {replicas: 4, strategy: {rollingUpdate: {maxSurge: 100%, maxUnavailable: 0}}, progressDeadlineSeconds: 400}
pod:
  concurrency: 10
  startup: 2s
  serviceTime: 20ms
  readinessProbe: none
  connectionPool: {size: 10, share: 50%, retry: 1s}
  termination: {preStop: 20s, drainWindow: 1s}
dependency: {maxConnections: 50}
loadBalancer: {propagation: {shared: 0s, add: 0s, remove: 1s}}
clients: [{name: web, rate: 100/s}]
deploy: {at: 10s}
observe: {warmup: 5s, after: 25s}
";

/// When each pod began to listen, and when it was gone [s]; old ones listened from the beginning.
#[derive(Default)]
struct Lives {
    started: BTreeMap<PodId, f64>,
    gone: BTreeMap<PodId, f64>,
    crashed: Vec<f64>,
    new: u32,
}

impl Observer for Lives {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        let Fact::Pod { pod, revision, step } = fact else { return };
        match step {
            PodStep::Ready if revision == Revision(0) => drop(self.started.entry(pod).or_insert(f64::NEG_INFINITY)),
            PodStep::Started => {
                self.new += 1;
                self.started.insert(pod, now.secs());
            }
            PodStep::Exited | PodStep::Killed => drop(self.gone.insert(pod, now.secs())),
            PodStep::Crashed => self.crashed.push(now.secs()),
            _ => {}
        }
    }
}

impl Lives {
    /// The most pods at once that hold all their connections.
    fn most(&self) -> usize {
        let at =
            |t: f64| self.started.iter().filter(|(p, s)| **s <= t && self.gone.get(p).is_none_or(|g| *g > t)).count();
        self.started.values().map(|&t| at(t)).max().unwrap_or(0)
    }
}

fn lives(more: &[&str]) -> Lives {
    simulate(&scenario(ROLLING, more), 1, 0, Lives::default()).0
}

#[test]
fn no_more_pods_listen_than_there_are_connections_for() {
    for (connections, most) in [(50, 5), (59, 5), (60, 6), (70, 7), (200, 8)] {
        let seen = lives(&[&format!("dependency.maxConnections={connections}")]);
        assert_eq!((seen.most(), seen.new), (most, 4), "{connections} connections");
    }
}

#[test]
fn a_terminating_pod_holds_its_connections_to_the_end() {
    let one_by_one = "workload.strategy={rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}";
    let seen = lives(&[one_by_one, "dependency.maxConnections=40"]);
    let (gone, started): (Vec<f64>, Vec<f64>) =
        (seen.gone.values().copied().collect(), seen.started.values().copied().filter(|t| t.is_finite()).collect());
    let sorted = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times
    };
    for (gone, started) in sorted(gone).into_iter().zip(sorted(started)) {
        // It asks once a second.
        assert!((gone..gone + 1.0 + 1e-9).contains(&started), "{started} after {gone}");
    }
    // With room for one more nobody waits for 20 s.
    let roomy = lives(&[one_by_one, "dependency.maxConnections=80"]);
    assert!(roomy.started.values().copied().fold(0.0, f64::max) < 12.0);
}

#[test]
fn a_start_that_fails_for_want_of_connections_is_a_crash() {
    let seen = lives(&["pod.connectionPool.onExhausted=crash", "dependency.maxConnections=49"]);
    assert!(seen.crashed.len() >= 3 && seen.new == 0, "{:?}", seen.crashed);
    let r = play(ROLLING, &["pod.connectionPool.onExhausted=crash", "dependency.maxConnections=49"]);
    assert!(r.rollout.is_some_and(|t| t.duration.is_none()), "it cannot complete: 40 are held, and 9 are too few");
    assert_eq!(r.phases.iter().map(|p| p.causes.iter().sum::<u64>()).sum::<u64>(), 0, "and the old pods serve");
}

#[test]
fn a_pod_that_serves_without_connections_fails_its_requests() {
    let failed = |connections: u32| {
        let all = format!("dependency.maxConnections={connections}");
        let set = [all.as_str(), "pod.connectionPool={size: 10, onExhausted: serve, acquireTimeout: 1s, retry: 1s}"];
        let r = play(ROLLING, &set);
        let slow: u64 = r.phases.iter().map(|p| p.causes[Cause::Slow as usize]).sum();
        let place = Outcome::DROPPED.iter().position(|o| *o == Outcome::S500).expect("a way to be dropped");
        let answered = r.phases.iter().map(|p| p.outcomes[place]).sum::<u64>();
        // The others waited in the queue behind workers that wait for a connection.
        assert!(slow >= answered, "{slow} and {answered}");
        answered
    };
    assert!(failed(40) > 100, "{}", failed(40));
    assert_eq!(failed(80), 0);
}

#[test]
fn more_connections_than_there_are_is_an_error_that_says_so() {
    let set = ["dependency.maxConnections=39".to_owned()];
    let found = load_str("dependency.yaml", ROLLING, &set).expect_err("40 are held");
    assert!(found.iter().any(|d| d.code == "contradiction" && d.message.contains("40 connections")), "{found:?}");
}
