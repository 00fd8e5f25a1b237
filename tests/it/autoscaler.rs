//! An autoscaler while the deploy goes on: what it sees of pods that come and go, and what comes of it.

use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Request, ScaleMetric, Scenario, load, load_str};

/// Ten pods of eight workers; 64 requests a second for each keep half of its workers busy, at 62.5 ms a request.
const BASE: &str = "
workload:
  replicas: 10
  strategy: {rollingUpdate: {maxSurge: 2, maxUnavailable: 0}}
  horizontalPodAutoscaler: {minReplicas: 2, maxReplicas: 40, targetCPUUtilizationPercentage: 50}
pod: {concurrency: 8, startup: 2s, serviceTime: 62500us, readinessProbe: none, termination: {preStop: 3s}}
loadBalancer: {proxies: 2, algorithm: leastRequest, propagation: {shared: 0s, add: 0s, remove: 500ms}}
clients: [{name: web, rate: 640/s, timeout: 5s}]
deploy: {at: 10s}
observe: {warmup: 5s, after: 60s}
";

fn scenario(more: &[&str]) -> Scenario {
    let set: Vec<String> = more.iter().map(|s| (*s).to_owned()).collect();
    load_str("autoscaler.yaml", BASE, &set).unwrap_or_else(|d| panic!("{}", d[0])).scenario
}

fn play(more: &[&str]) -> Replication {
    dryroll::simulate::run(&scenario(more), 1, 0)
}

fn sizes(r: &Replication) -> Vec<u32> {
    r.scaled.iter().map(|&(_, n)| n).collect()
}

#[test]
fn on_target_a_rollout_changes_nothing() {
    assert!(sizes(&play(&[])).is_empty());
}

#[test]
fn too_much_load_is_met_by_pods_times_the_ratio() {
    // Half as much again: 75 % of all workers are busy, and 50 % are wanted.
    let r = play(&["rate=960/s", "deploy.rolls=loadBalancer"]);
    let sizes = sizes(&r);
    assert!(matches!(sizes[..], [14..=16, ..]), "{sizes:?}");
    let last = *sizes.last().expect("it grows");
    assert!((14..=16).contains(&last), "15 pods are on target, give or take the tolerance: {sizes:?}");
    assert!(r.scaled[0].0.secs() <= 15.0 + 1e-9, "within one period: {:?}", r.scaled);
}

#[test]
fn it_grows_no_faster_and_no_further_than_it_may() {
    let slow =
        "workload.horizontalPodAutoscaler.behavior={scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 15}]}}";
    let r = play(&["rate=960/s", "deploy.rolls=loadBalancer", slow]);
    let steps = sizes(&r);
    assert!(steps.len() > 2 && steps.windows(2).all(|w| w[1] == w[0] + 1), "one at a time: {steps:?}");
    let few = play(&["rate=960/s", "deploy.rolls=loadBalancer", "workload.horizontalPodAutoscaler.maxReplicas=12"]);
    assert_eq!(sizes(&few), [12]);
}

#[test]
fn it_shrinks_only_after_its_window() {
    let idle = ["rate=160/s", "deploy.rolls=loadBalancer", "observe.after=6m"];
    let r = play(&idle);
    let (first, _) = *r.scaled.first().expect("it shrinks in the end");
    assert!((300.0..=315.0).contains(&first.secs()), "{first:?}");
    let window = "workload.horizontalPodAutoscaler.behavior.scaleDown.stabilizationWindowSeconds=30";
    let soon = play(&[idle[0], idle[1], idle[2], window]);
    assert!((30.0..=45.0).contains(&soon.scaled[0].0.secs()), "{:?}", soon.scaled);
}

#[test]
fn outside_of_its_bounds_it_asks_no_metric() {
    let r = play(&["deploy.events=[{at: 1s, scale: 1}]", "rate=60/s"]);
    assert_eq!(sizes(&r)[0], 2);
}

#[test]
fn requests_in_the_pods_are_a_metric_too() {
    let metrics = "workload.horizontalPodAutoscaler.metrics=[{type: Pods, pods: {metric: {name: in_flight}, target: {type: AverageValue, averageValue: 2}}}]";
    // Little: 640/s × 62.5 ms are 40 requests in service, and two a pod are wanted.
    let r = play(&[metrics, "deploy.rolls=loadBalancer"]);
    let sizes = sizes(&r);
    assert!(matches!(sizes[..], [19..=21, ..]), "{sizes:?}");
    // What was measured while the new pods came still has the load of before: it overshoots, as the real one does.
    assert!((19..=24).contains(sizes.last().expect("it grows")), "{sizes:?}");
}

#[test]
fn the_same_seed_scales_the_same() {
    let more = ["rate=960/s"];
    assert_eq!(play(&more).scaled, play(&more).scaled);
}

#[test]
fn an_autoscaler_beside_a_deployment_is_read() {
    let request = Request::new(std::path::Path::new("tests/data/manifests/autoscaled.yaml"));
    let loaded = load(&request).unwrap_or_else(|d| panic!("{}", d[0]));
    let autoscaler = loaded.scenario.workload.autoscaler.expect("it stands beside the Deployment");
    assert_eq!((autoscaler.min_replicas, autoscaler.max_replicas), (3, 12));
    assert_eq!(autoscaler.metrics, [ScaleMetric::Cpu { utilization: 65 }]);
    assert_eq!(autoscaler.up.policies.len(), 1);
    let told: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|w| w.contains("not simulated") && w.contains("name: memory")), "{told:?}");
}
