//! What theory says must come out: closed forms against simulated fleets.
//!
//! Tolerances are computed from the replications: a forecast agrees when the closed form lies within 4.5 standard errors
//! of the mean over the replications (a false alarm in 100,000), unless a line says why it allows more.

#![expect(clippy::disallowed_methods, reason = "a closed form is compared with a mean, not with bits")]

use dryroll::engine::SimTime;
use dryroll::fleet::fact::{Cause, Fact, Outcome, PodStep};
use dryroll::fleet::{Observer, simulate};
use dryroll::metrics::replication::{PhaseTally, Replication};
use dryroll::scenario::{Scenario, load_str};
use statrs::distribution::{ContinuousCDF, Normal};

fn scenario(yaml: &str) -> Scenario {
    match load_str("theory.yaml", yaml, &[]) {
        Ok(loaded) => loaded.scenario,
        Err(diags) => panic!("{}", diags.iter().map(|d| d.render(false)).collect::<String>()),
    }
}

fn replications(yaml: &str, n: u32) -> Vec<Replication> {
    let scenario = scenario(yaml);
    (0..n).map(|k| dryroll::simulate::run(&scenario, 7, k)).collect()
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[track_caller]
fn assert_agrees(what: &str, values: &[f64], expected: f64) {
    assert_within(what, values, expected, expected);
}

/// The mean agrees with something in `low..=high`, where theory itself leaves a range.
#[track_caller]
fn assert_within(what: &str, values: &[f64], low: f64, high: f64) {
    let (mean, error) = mean_and_error(values);
    assert!(error > 0.0 || low < high || mean == low, "{what}: {mean} without any spread, expected {low}");
    let slack = 4.5 * error;
    assert!(
        mean + slack >= low && mean - slack <= high,
        "{what}: {mean:.4} ± {error:.4} over {} replications, theory says {low:.4} to {high:.4}",
        values.len()
    );
    // A test that is too coarse to fail is no test: the tolerance must resolve a tenth of what is expected.
    assert!(slack < 0.1 * high.max(1e-9), "{what}: {error} is too coarse an error for {high}");
}

fn mean_latency(tally: &PhaseTally) -> f64 {
    tally.latency_sum_ns as f64 / tally.succeeded as f64 / 1e9
}

/// From the deploy on: the last pod's stale window may outlast *during*.
fn cause(r: &Replication, cause: Cause) -> f64 {
    r.phases.iter().map(|p| p.causes[cause as usize]).sum::<u64>() as f64
}

fn dropped(r: &Replication) -> f64 {
    r.phases.iter().map(PhaseTally::dropped).sum::<u64>() as f64
}

/// One pod, `c` workers, arrivals `rate`, nothing else: no network, no handshakes, no retries, no time-outs.
fn single_pod(c: u32, rate: f64, service: &str, queue: u32, seconds: u32) -> String {
    format!(
        "
workload: {{replicas: 1}}
pod: {{concurrency: {c}, queue: {queue}, serviceTime: {service}}}
loadBalancer: {{layer: 7, proxies: 1, requestTimeout: 5h}}
network: {{latency: 0s, client: 0s}}
handshake: {{time: 0s}}
clients: [{{name: web, rate: {rate}/s, connections: 50, timeout: 5h}}]
deploy: none
observe: {{warmup: 200s, for: {seconds}s, limit: 100h}}
"
    )
}

/// Probability that an arrival waits in M/M/c (Erlang, 1917).
fn erlang_c(c: u32, a: f64) -> f64 {
    let c_f = f64::from(c);
    let b = erlang_b(c, a);
    b / (1.0 - (a / c_f) * (1.0 - b))
}

/// Probability that an arrival is lost in M/M/c/c, by its recursion.
fn erlang_b(c: u32, a: f64) -> f64 {
    (1..=c).fold(1.0, |b, k| a * b / (f64::from(k) + a * b))
}

#[test]
fn erlang_c_gives_the_wait_of_one_pod_with_many_workers() {
    for (c, rho) in [(1, 0.6), (2, 0.8), (8, 0.85)] {
        let rate = rho * f64::from(c) / 0.1;
        let runs = replications(
            &single_pod(c, rate, "{distribution: exponential, mean: 100ms}", 1_000_000, (150_000.0 / rate) as u32),
            24,
        );
        let latencies: Vec<f64> = runs.iter().map(|r| mean_latency(&r.phases[0])).collect();
        let wait = erlang_c(c, rate * 0.1) * 0.1 / (f64::from(c) * (1.0 - rho));
        assert_agrees(&format!("M/M/{c} at {rho}"), &latencies, 0.1 + wait);
    }
}

#[test]
fn erlang_b_gives_the_loss_of_a_pod_without_a_queue() {
    for (c, rate) in [(1, 8.0), (4, 30.0), (16, 140.0)] {
        // The loss does not depend on the distribution of the service: lognormal shows it.
        let runs =
            replications(&single_pod(c, rate, "{distribution: lognormal, mean: 100ms, sigma: 0.8}", 0, 2_000), 24);
        let lost: Vec<f64> = runs.iter().map(|r| cause(r, Cause::Overflow) / r.phases[0].requests as f64).collect();
        assert_agrees(&format!("M/G/{c}/{c} at {rate}/s"), &lost, erlang_b(c, rate * 0.1));
    }
}

#[test]
fn pollaczek_khinchine_gives_the_wait_of_one_worker() {
    // (distribution of mean 100 ms, squared coefficient of variation)
    let services = [
        ("100ms", 0.0),
        ("{distribution: uniform, min: 0s, max: 200ms}", 1.0 / 3.0),
        ("{distribution: gamma, mean: 100ms, shape: 0.5}", 2.0),
        ("{distribution: mixture, of: [[0.9, 50ms], [0.1, 550ms]]}", 2.25),
    ];
    for (service, cv2) in services {
        let runs = replications(&single_pod(1, 7.0, service, 1_000_000, 15_000), 24);
        let latencies: Vec<f64> = runs.iter().map(|r| mean_latency(&r.phases[0])).collect();
        let wait = 0.7 / 0.3 * (1.0 + cv2) / 2.0 * 0.1;
        assert_agrees(&format!("M/G/1 with {service}"), &latencies, 0.1 + wait);
    }
}

/// `n` pods, rolled with what `strategy`, `termination` and `balancer` say; nothing is slow, lost or late by itself.
fn rollout(n: u32, rate: f64, strategy: &str, pod: &str, balancer: &str, deploy: &str) -> String {
    format!(
        "
workload: {{replicas: {n}, strategy: {strategy}}}
pod: {{concurrency: 1000, queue: 100000, startup: 8s, readinessProbe: none, {pod}}}
loadBalancer: {{{balancer}}}
network: {{latency: 0s, client: 0s}}
handshake: {{time: 0s}}
clients: [{{name: web, rate: {rate}/s, connections: 200, timeout: 5h, keepAlive: {{idleTimeout: 0s, maxRequests: 1}}}}]
deploy: {{at: 5s, controller: {{qps: 0, {deploy}}}}}
observe: {{warmup: 3s, after: 5s}}
"
    )
}

const ONE_BY_ONE: &str = "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}";
const EVEN: &str = "algorithm: random, proxies: 1, propagation: {shared: 0s, add: 0s, ";

#[test]
fn a_listener_that_closes_at_deletion_costs_the_rate_times_the_removal() {
    let (n, rate, removal) = (10, 200.0, 2.0);
    let pod = "serviceTime: 5ms, termination: {preStop: 0s, drainWindow: 10s}";
    let runs =
        replications(&rollout(n, rate, ONE_BY_ONE, pod, &format!("layer: 7, {EVEN}remove: {removal}s}}"), ""), 40);
    let stale: Vec<f64> = runs.iter().map(|r| cause(r, Cause::StaleRoute)).collect();
    let n = f64::from(n);
    assert_agrees("stale routes in a rollout", &stale, n * rate * removal / (n + 1.0));
    assert!(runs.iter().all(|r| dropped(r) == cause(r, Cause::StaleRoute)), "and nothing else");
}

#[test]
fn layer_4_failures_are_the_mean_of_what_the_removal_exceeds_the_listener_by() {
    let (n, rate, pre_stop, longest): (u32, f64, f64, f64) = (10, 100.0, 1.0, 4.0);
    let pod = format!("serviceTime: 5ms, termination: {{preStop: {pre_stop}s, drainWindow: 10s}}");
    let balancer = format!("layer: 4, {EVEN}remove: {{distribution: uniform, min: 0s, max: {longest}s}}}}");
    let runs = replications(&rollout(n, rate, ONE_BY_ONE, &pod, &balancer, ""), 200);
    let refused: Vec<f64> = runs.iter().map(|r| cause(r, Cause::StaleRoute)).collect();
    // E[(X − preStop)⁺] of a uniform X, which never outlasts a wave.
    let excess = (longest - pre_stop) * (longest - pre_stop) / (2.0 * longest);
    let n = f64::from(n);
    assert_agrees("refused at layer 4", &refused, n / (n + 1.0) * rate * excess);
    let outcomes = |r: &Replication| r.phases.iter().map(|p| p.outcomes[Outcome::Refused as usize - 1]).sum::<u64>();
    let by_outcome: u64 = runs.iter().map(outcomes).sum();
    assert_eq!(by_outcome as f64, refused.iter().sum::<f64>(), "at layer 4 the client itself is refused");
}

/// E[(S − w)⁺] of a lognormal (Black & Scholes' formula without its discount).
fn lognormal_excess(mu: f64, sigma: f64, w: f64) -> f64 {
    let phi = |x: f64| Normal::standard().cdf(x);
    let d = (mu - w.ln()) / sigma;
    (mu + sigma * sigma / 2.0).exp() * phi(d + sigma) - w * phi(d)
}

#[test]
fn a_drain_window_severs_the_tail_of_the_service_times() {
    let (n, rate) = (10, 1000.0);
    let sigma: f64 = 0.8;
    let mu = 0.2_f64.ln() - sigma * sigma / 2.0;
    let p99 = (mu + sigma * Normal::standard().inverse_cdf(0.99)).exp();
    for (service, window, excess) in [
        ("{distribution: exponential, mean: 200ms}".to_string(), 0.2, 0.2 * (-1.0_f64).exp()),
        (
            format!("{{distribution: lognormal, mean: 200ms, sigma: {sigma}}}"),
            p99 / 3.0,
            lognormal_excess(mu, sigma, p99 / 3.0),
        ),
    ] {
        let pod = format!("serviceTime: {service}, termination: {{preStop: 0s, drainWindow: {window}s}}");
        // A slow controller: when a pod is deleted the new one has had its share for as long as any request lasts.
        let yaml = rollout(n, rate, ONE_BY_ONE, &pod, &format!("layer: 7, {EVEN}remove: 0s}}"), "reaction: 3s")
            .replace("8s", "1s");
        let runs = replications(&yaml, 80);
        let severed: Vec<f64> = runs.iter().map(|r| cause(r, Cause::SeveredByDrain)).collect();
        let n = f64::from(n);
        assert_agrees(&format!("severed by a window of {window:.3} s"), &severed, n * rate / (n + 1.0) * excess);
    }
}

#[test]
fn three_times_p99_leaves_almost_nothing_and_the_formula_says_how_little() {
    let sigma: f64 = 0.8;
    let mu = 0.2_f64.ln() - sigma * sigma / 2.0;
    let p99 = (mu + sigma * Normal::standard().inverse_cdf(0.99)).exp();
    let pod = format!(
        "serviceTime: {{distribution: lognormal, mean: 200ms, sigma: {sigma}}}, termination: {{preStop: 0s, drainWindow: {}s}}",
        3.0 * p99
    );
    let yaml = rollout(10, 1000.0, ONE_BY_ONE, &pod, &format!("layer: 7, {EVEN}remove: 0s}}"), "reaction: 3s")
        .replace("8s", "1s");
    let runs = replications(&yaml, 40);
    let severed: f64 = runs.iter().map(|r| cause(r, Cause::SeveredByDrain)).sum();
    let expected = 40.0 * 10.0 * 1000.0 / 11.0 * lognormal_excess(mu, sigma, 3.0 * p99);
    assert!(expected < 40.0, "about one in a rollout at the most: {expected}");
    assert!((severed - expected).abs() <= 4.5 * expected.sqrt() + 1.0, "{severed} severed, theory says {expected}");
}

/// `count` streams on a single pod, which is replaced.
fn all_at_once(count: u32, jitter: &str) -> String {
    format!(
        "
workload: {{replicas: 1, strategy: {{type: RollingUpdate, rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}}}}}
pod: {{startup: 5s, readinessProbe: none, termination: {{closeJitter: {jitter}, drainWindow: 60s, terminationGracePeriodSeconds: 90}}}}
loadBalancer: {{layer: 4, proxies: 1, algorithm: random, propagation: {{shared: 0s, add: 0s, remove: 0s}}}}
network: {{latency: 1ms}}
handshake: {{time: 0s}}
clients: [{{name: devices, streams: {{count: {count}, duration: 1000h, onDrain: close}}}}]
deploy: {{at: 20s, controller: {{qps: 0}}}}
observe: {{warmup: 10s, after: 10s}}
"
    )
}

#[test]
fn connections_that_close_together_come_back_together_and_jitter_spreads_them() {
    let count = 20_000;
    let peak = |r: &Replication| r.phases[1].connections[0].peak_reconnects_per_second as f64;
    let at_once: Vec<f64> = replications(&all_at_once(count, "0s"), 4).iter().map(peak).collect();
    assert!(at_once.iter().all(|&p| p == f64::from(count)), "{at_once:?}");
    let jittered: Vec<f64> = replications(&all_at_once(count, "20s"), 4).iter().map(peak).collect();
    let rate = f64::from(count) / 20.0;
    // The peak of a Poisson count of this mean over some 200 overlapping seconds lies within 5 standard deviations.
    assert!(jittered.iter().all(|&p| (rate..rate + 5.0 * rate.sqrt()).contains(&p)), "{jittered:?}, {rate}/s expected");
}

#[test]
fn only_at_layer_4_does_the_client_see_reconnects() {
    let yaml = |layer: u32| {
        format!(
            "
workload: {{replicas: 5}}
pod: {{startup: 5s, readinessProbe: none}}
loadBalancer: {{layer: {layer}, proxies: 2, propagation: {{shared: 0s, add: 0s, remove: 1s}}}}
clients: [{{name: web, rate: 500/s, connections: 100}}]
deploy: {{at: 20s}}
observe: {{warmup: 10s, after: 10s}}
"
        )
    };
    let reconnects = |layer: u32| {
        let runs = replications(&yaml(layer), 2);
        let of = |side: usize| runs.iter().map(|r| r.phases[1].connections[side].reconnects).sum::<u64>();
        (of(0), of(1))
    };
    let (clients, _) = reconnects(4);
    assert!(clients > 0);
    let (clients, proxies) = reconnects(7);
    assert!(clients == 0 && proxies > 0, "{clients} by clients, {proxies} by proxies");
}

#[test]
fn ready_pods_stay_within_the_bounds_of_the_strategy() {
    for (surge, unavailable, floor) in [(1, 0, 6), (3, 0, 6), (0, 1, 5), (0, 2, 4), (2, 1, 5)] {
        let strategy =
            format!("{{type: RollingUpdate, rollingUpdate: {{maxSurge: {surge}, maxUnavailable: {unavailable}}}}}");
        let pod = "serviceTime: 5ms, startup: {distribution: exponential, mean: 4s}";
        let yaml =
            rollout(6, 50.0, &strategy, pod, &format!("layer: 7, {EVEN}remove: 0s}}"), "").replace("startup: 8s, ", "");
        for r in replications(&yaml, 10) {
            assert!(
                r.capacity.min_ready >= floor,
                "surge {surge}, unavailable {unavailable}: {} ready",
                r.capacity.min_ready
            );
            if surge == 0 {
                assert_eq!(r.capacity.min_ready, floor, "with no surge the floor is reached");
            }
        }
    }
}

#[test]
fn a_rollout_takes_its_waves_and_termination_adds_to_recreate_alone() {
    let duration = |strategy: &str, termination: &str| {
        let pod = format!("serviceTime: 5ms, termination: {{{termination}}}");
        let yaml = rollout(10, 20.0, strategy, &pod, &format!("layer: 7, {EVEN}remove: 0s}}"), "");
        replications(&yaml, 1)[0].rollout.expect("a deploy").duration.expect("it completes")
    };
    for (surge, unavailable) in [(1, 0), (0, 1), (2, 1), (3, 3), (10, 0)] {
        let strategy =
            format!("{{type: RollingUpdate, rollingUpdate: {{maxSurge: {surge}, maxUnavailable: {unavailable}}}}}");
        let waves = f64::from(10_u32.div_ceil(surge + unavailable));
        let quick = duration(&strategy, "preStop: 0s");
        // The controllers' own reactions come on top: some 20 ms each, a handful a wave.
        assert!((8.0 * waves..(8.0 + 0.3) * waves + 0.3).contains(&quick), "{strategy}: {quick} for {waves} waves");
        let slow = duration(&strategy, "preStop: 20s");
        assert!((slow - quick).abs() < 0.3, "termination does not count: {quick} and {slow}");
    }
    let (quick, slow) = (duration("{type: Recreate}", "preStop: 0s"), duration("{type: Recreate}", "preStop: 20s"));
    assert!((slow - quick - 20.0).abs() < 0.1, "termination counts once under Recreate: {quick} and {slow}");
}

/// Streams that each pod had to end, by order of the pods' deletion.
#[derive(Default)]
struct ClosedByPod {
    deleted: Vec<u32>,
    ended: std::collections::BTreeMap<u32, f64>,
}

impl Observer for ClosedByPod {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        match fact {
            Fact::Pod { pod, step: PodStep::DeletionRequested, .. } => self.deleted.push(pod.0),
            Fact::Ended { stream: true, pod: Some(pod), .. } if now > SimTime::ZERO => {
                *self.ended.entry(pod.0).or_default() += 1.0;
            }
            _ => {}
        }
    }
}

#[test]
fn sticky_connections_pile_up_on_the_last_pod() {
    for n in [3, 5, 8] {
        let (count, n_f) = (8000, f64::from(n));
        let yaml = format!(
            "
workload: {{replicas: {n}, strategy: {{type: RollingUpdate, rollingUpdate: {{maxSurge: 0, maxUnavailable: 1}}}}}}
pod: {{startup: 3s, readinessProbe: none}}
loadBalancer: {{layer: 4, proxies: 1, algorithm: random, propagation: {{shared: 0s, add: 0s, remove: 0s}}}}
network: {{latency: 0s}}
handshake: {{time: 0s}}
clients: [{{name: devices, streams: {{count: {count}, duration: 1000h, onDrain: close}}}}]
deploy: {{at: 10s, controller: {{qps: 0}}}}
observe: {{warmup: 5s, after: 5s}}
"
        );
        let scenario = scenario(&yaml);
        let factors: Vec<f64> = (0..20)
            .map(|k| {
                let (seen, _) = simulate(&scenario, 7, k, ClosedByPod::default());
                let last = seen.deleted.last().expect("pods were deleted");
                seen.ended[last] / (f64::from(count) / n_f)
            })
            .collect();
        // The first pod goes while no new one has come: its load, and each later one's, is spread over the n − 1 others.
        assert_agrees(&format!("load factor of the last of {n}"), &factors, (1.0 + 1.0 / (n_f - 1.0)).powf(n_f - 1.0));
    }
}

#[test]
fn a_hard_exit_loses_what_littles_law_says_is_in_flight() {
    // λ/R × E[S] a pod, as in a published incident: two replicas, 3,800 requests/s, about 105 resets.
    let pod = "serviceTime: {distribution: exponential, mean: 27ms}, termination: {onSigterm: exit}";
    let yaml = rollout(2, 3800.0, ONE_BY_ONE, pod, &format!("layer: 7, {EVEN}remove: 0s}}"), "reaction: 2s");
    let severed: Vec<f64> = replications(&yaml, 60).iter().map(|r| cause(r, Cause::SeveredByKill)).collect();
    assert_agrees("in flight at exit", &severed, 2.0 * 3800.0 / 3.0 * 0.027);
}
