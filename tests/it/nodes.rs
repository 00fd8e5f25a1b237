//! Nodes that die, are drained, or are full: what controllers and proxies hear of it, when, and what it costs.

use std::collections::BTreeMap;

use dryroll::engine::SimTime;
use dryroll::fleet::fact::{Cause, Fact, NodeStep, PodStep, Revision};
use dryroll::fleet::{Observer, simulate};
use dryroll::metrics::replication::{PhaseTally, Replication};
use dryroll::scenario::{BudgetBound, IntOrPercent, Scenario, load_str};

/// Nine pods on three nodes of three zones, three a node; each Ready 2 s after its creation, a request takes 20 ms.
const BASE: &str = "
workload: {replicas: 9, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
pod: {concurrency: 8, startup: 2s, serviceTime: 20ms, readinessProbe: none, termination: {preStop: 3s}}
nodes: {count: 3, zones: [a, b, c]}
loadBalancer: {proxies: 2, connectTimeout: 1s, propagation: {shared: 0s, add: 0s, remove: 1s}}
clients: [{name: web, rate: 90/s, timeout: 2s}]
deploy: {at: 10s, rolls: loadBalancer}
observe: {warmup: 5s, after: 20s}
";

fn scenario(more: &[&str]) -> Scenario {
    let set: Vec<String> = more.iter().map(|s| (*s).to_owned()).collect();
    let told = |diags: Vec<dryroll::scenario::Diag>| diags.iter().map(|d| d.render(false)).collect::<String>();
    load_str("nodes.yaml", BASE, &set).unwrap_or_else(|d| panic!("{}", told(d))).scenario
}

fn play(more: &[&str]) -> Replication {
    dryroll::simulate::run(&scenario(more), 1, 0)
}

fn by(r: &Replication, cause: Cause) -> u64 {
    r.phases.iter().map(|p| p.causes[cause as usize]).sum()
}

fn dropped(r: &Replication) -> u64 {
    r.phases.iter().map(PhaseTally::dropped).sum()
}

/// When something first happened to a node [s].
fn first(r: &Replication, step: NodeStep) -> Option<f64> {
    r.nodes.iter().find(|n| n.2 == step).map(|n| n.0.secs())
}

fn count(r: &Replication, step: NodeStep) -> usize {
    r.nodes.iter().filter(|n| n.2 == step).count()
}

#[test]
fn a_dead_node_is_a_black_hole_until_it_is_noticed() {
    let r = play(&["deploy.events=[{at: 5s, nodeFailure: 1}]", "pod.serviceTime=200ms"]);
    let noticed = first(&r, NodeStep::NotReady).expect("it is noticed");
    assert!((35.0..=50.0).contains(&noticed), "{noticed}");
    // A third of 90 requests a second, until each proxy has heard, a second after. What was there when it died is little.
    let lost = (noticed - 5.0 + 1.0) * 30.0;
    let stale = by(&r, Cause::StaleRoute) as f64;
    assert!((stale - lost).abs() < 5.0 * lost.sqrt(), "{stale} of {lost}");
    // A third of λ·E[S] (Little) is in service when it dies.
    assert!((1..16).contains(&by(&r, Cause::Crash)), "{} were there", by(&r, Cause::Crash));
    assert_eq!(dropped(&r), by(&r, Cause::StaleRoute) + by(&r, Cause::Crash));
    // All of them wait in vain: nobody refuses.
    assert_eq!(r.pods.iter().filter(|p| p.lost).count(), 3);
    assert!(r.pods.iter().filter(|p| p.lost).all(|p| p.gone == Some(SimTime::from_nanos(5_000_000_000))));
}

#[test]
fn proxies_that_find_out_by_themselves_lose_little() {
    let dies = "deploy.events=[{at: 5s, nodeFailure: 1}]";
    let believing = dropped(&play(&[dies]));
    let wary = play(&[dies, "loadBalancer.passiveHealth={maxFails: 1, failTimeout: 60s}"]);
    assert!(dropped(&wary) * 5 < believing, "{} of {believing}", dropped(&wary));
}

#[test]
fn its_pods_are_replaced_after_their_toleration_on_the_nodes_that_are_left() {
    let observe = "observe={warmup: 5s, after: 400s}";
    let r = play(&["deploy.events=[{at: 5s, nodeFailure: 1}]", observe]);
    let (noticed, evicted) = (first(&r, NodeStep::NotReady), first(&r, NodeStep::Evicted));
    assert!((evicted.expect("it is cleared") - noticed.expect("it is noticed") - 300.0).abs() < 1e-6);
    let created: Vec<f64> = r.pods.iter().filter_map(|p| p.created).map(SimTime::secs).collect();
    assert_eq!(created.len(), 3, "{created:?}");
    assert!(created.iter().all(|&t| (t - evicted.expect("it is cleared")).abs() < 0.2), "{created:?}");
    assert!(r.pods.iter().filter(|p| p.created.is_some()).all(|p| p.ready.is_some()));

    let sooner = play(&["deploy.events=[{at: 5s, nodeFailure: 1}]", observe, "nodes.tolerationSeconds=10"]);
    let wait =
        first(&sooner, NodeStep::Evicted).expect("cleared") - first(&sooner, NodeStep::NotReady).expect("noticed");
    assert!((wait - 10.0).abs() < 1e-6, "{wait}");

    let deleted = play(&["deploy.events=[{at: 5s, nodeFailure: 1}]", observe, "nodes.deletedAfter=60s"]);
    let created = deleted.pods.iter().filter_map(|p| p.created).map(SimTime::secs).fold(0.0, f64::max);
    assert!((65.0..66.0).contains(&created), "{created}");
}

#[test]
fn a_zone_is_lost_with_all_its_nodes_and_cleared_one_after_the_other() {
    let more = [
        "nodes.count=6",
        "nodes.zones=[a, b]",
        "deploy.events=[{at: 5s, zoneFailure: b}]",
        "observe={warmup: 5s, after: 400s}",
    ];
    let r = play(&more);
    let failed: Vec<u32> = r.nodes.iter().filter(|n| n.2 == NodeStep::Failed).map(|n| n.1.0).collect();
    assert_eq!(failed, [1, 3, 5]);
    let evicted: Vec<f64> = r.nodes.iter().filter(|n| n.2 == NodeStep::Evicted).map(|n| n.0.secs()).collect();
    assert_eq!(evicted.len(), 3);
    // One every ten seconds (`--node-eviction-rate`).
    assert!(evicted.windows(2).all(|w| w[1] - w[0] >= 10.0 - 1e-6), "{evicted:?}");
    // With three of five nodes of a zone gone the node controller takes it for its own fault, and clears none.
    let most = ["nodes.count=5", "nodes.zones=[a]", "observe={warmup: 5s, after: 400s}"];
    let events = "deploy.events=[{at: 5s, nodeFailure: 0}, {at: 5s, nodeFailure: 1}, {at: 5s, nodeFailure: 2}]";
    let partial = play(&[most[0], most[1], most[2], events]);
    assert!(count(&partial, NodeStep::NotReady) == 3 && count(&partial, NodeStep::Evicted) < 3);
}

#[test]
fn a_drain_without_a_budget_takes_all_pods_of_a_node_at_once() {
    let r = play(&["deploy.events=[{at: 5s, drain: 1}]"]);
    let asked: Vec<f64> = r.pods.iter().filter_map(|p| p.deletion_requested).map(SimTime::secs).collect();
    assert_eq!(asked, [5.0; 3]);
    assert_eq!(count(&r, NodeStep::EvictionRefused), 0);
    // preStop lets every proxy hear: nothing is dropped, but three of nine pods are missing for their start-up.
    assert_eq!((dropped(&r), r.capacity.min_ready), (0, 6));
    let drained = first(&r, NodeStep::Drained).expect("it is over");
    assert!((8.0..9.0).contains(&drained), "{drained}");
}

#[test]
fn a_budget_makes_a_drain_wait_for_each_replacement() {
    let budget = "workload.podDisruptionBudget={maxUnavailable: 1}";
    let r = play(&["deploy.events=[{at: 5s, drain: 1}]", budget]);
    let asked: Vec<f64> = r.pods.iter().filter_map(|p| p.deletion_requested).map(SimTime::secs).collect();
    // Each new pod is Ready after 2 s, and kubectl asks every 5 s.
    assert_eq!(asked, [5.0, 10.0, 15.0]);
    assert_eq!((dropped(&r), r.capacity.min_ready), (0, 8));
    assert_eq!(count(&r, NodeStep::EvictionRefused), 3, "two, then one");
    let drained = first(&r, NodeStep::Drained).expect("it is over");
    assert!((r.phases[1].seconds - drained).abs() < 1e-6, "with the drain *during* is over");
}

#[test]
fn a_budget_that_allows_none_blocks_the_drain_and_the_forecast_ends() {
    let budget = "workload.podDisruptionBudget={minAvailable: 100%}";
    let r = play(&["deploy.events=[{at: 5s, drain: 1}]", budget]);
    assert!(first(&r, NodeStep::DrainBlocked).is_some() && first(&r, NodeStep::Drained).is_none());
    assert!(r.pods.iter().all(|p| p.deletion_requested.is_none()));
}

#[test]
fn pods_that_are_not_ready_are_evicted_by_policy() {
    let unready = "deploy.events=[{at: 1s, unready: [0, 1, 2, 3, 4, 5, 6, 7, 8]}, {at: 5s, drain: 1}]";
    let limit = "observe.limit=60s";
    let kept = play(&[unready, limit, "workload.podDisruptionBudget={maxUnavailable: 1}"]);
    assert!(kept.pods.iter().all(|p| p.deletion_requested.is_none()), "too few are healthy");
    let always = "workload.podDisruptionBudget={maxUnavailable: 1, unhealthyPodEvictionPolicy: AlwaysAllow}";
    let gone = play(&[unready, limit, always]);
    assert_eq!(gone.pods.iter().filter(|p| p.deletion_requested.is_some()).count(), 3);
}

#[test]
fn full_nodes_take_no_surge_until_an_old_pod_has_gone() {
    let rolls = "deploy.rolls=pods";
    let roomy = play(&[rolls]);
    // With places for nine pods alone nothing can surge, and nothing may be unavailable: the rollout never begins.
    let full = play(&[rolls, "nodes.maxPods=3", "workload.progressDeadlineSeconds=30"]);
    assert!(roomy.rollout.and_then(|r| r.duration).is_some());
    assert!(full.rollout.and_then(|r| r.duration).is_none(), "{:?}", full.rollout);
    let gives = play(&[rolls, "nodes.maxPods=3", "workload.strategy.rollingUpdate.maxUnavailable=1"]);
    assert!(gives.rollout.and_then(|r| r.duration).is_some());
}

#[test]
fn a_stateful_set_waits_for_ever_for_a_pod_on_a_dead_node_until_the_node_is_deleted() {
    let set = ["workload={replicas: 3, kind: StatefulSet, progressDeadlineSeconds: 60}", "deploy.rolls=pods"];
    let dies = "deploy.events=[{at: -1s, nodeFailure: 1}]";
    let stuck = play(&[set[0], set[1], dies]);
    assert!(stuck.rollout.and_then(|r| r.duration).is_none());
    let goes_on = play(&[set[0], set[1], dies, "nodes.deletedAfter=50s"]);
    assert!(goes_on.rollout.and_then(|r| r.duration).is_some());
}

/// Who was asked to go, and which of the pods of each node were created when.
#[derive(Default)]
struct Spread {
    created: BTreeMap<u32, f64>,
}

impl Observer for Spread {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        if let Fact::Pod { pod, step: PodStep::Created, revision: Revision(1) } = fact {
            self.created.insert(pod.0, now.secs());
        }
    }
}

#[test]
fn pods_that_are_created_for_a_node_that_nobody_knows_to_be_dead_never_start() {
    // Nine new pods are spread over three nodes, one of which is dead and not noticed to be.
    let more = [
        "deploy.rolls=pods",
        "workload.strategy.rollingUpdate.maxSurge=100%",
        "deploy.events=[{at: -1s, nodeFailure: 0}]",
    ];
    let (spread, _) = simulate(&scenario(&more), 1, 0, Spread::default());
    let soon = spread.created.values().filter(|&&t| t < 5.0).count();
    assert_eq!(soon, 9);
    let r = play(&more);
    let never = r.pods.iter().filter(|p| p.revision == Revision(1) && p.lost && p.ready.is_none()).count();
    assert_eq!(never, 3, "as many as their share");
    assert!(r.rollout.and_then(|r| r.duration).expect("it ends") > 300.0, "when they have been evicted");
}

#[test]
fn streams_to_a_dead_node_are_given_up_after_a_silence() {
    let clients = "clients=[{name: feed, streams: {count: 30, duration: 1h}}]";
    let r = play(&[clients, "deploy.events=[{at: 5s, nodeFailure: 1}]", "nodes.silence=15s"]);
    assert_eq!(by(&r, Cause::Crash), 10, "a third");
    let at = r.bins.iter().position(|b| b.outcomes.iter().sum::<u64>() > 0).expect("they end") as f64 + r.first_bin;
    assert!((19.0..=20.0).contains(&at), "{at}");
}

#[test]
fn errors_name_what_there_is() {
    let refused = |more: &[&str]| {
        let set: Vec<String> = more.iter().map(|s| (*s).to_owned()).collect();
        let diags = load_str("nodes.yaml", BASE, &set).expect_err("it is wrong");
        diags.iter().map(|d| d.render(false)).collect::<String>()
    };
    assert!(refused(&["deploy.events=[{at: 5s, drain: 3}]"]).contains("expected 0 to 2"));
    assert!(refused(&["deploy.events=[{at: 5s, zoneFailure: d}]"]).contains("no such zone"));
    assert!(refused(&["nodes=none", "deploy.events=[{at: 5s, drain: 0}]"]).contains("there are no nodes"));
    assert!(refused(&["nodes.maxPods=2"]).contains("6 pods fit"));
    assert!(refused(&["nodes.zones=[a, a]"]).contains("named twice"));
}

#[test]
fn a_budget_beside_a_deployment_is_its_own() {
    let manifest = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  replicas: 6
  template:
    metadata: {labels: {app: checkout, tier: web}}
    spec: {containers: [{name: app, lifecycle: {preStop: {sleep: {seconds: 10}}}}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: other}
spec: {minAvailable: 1, selector: {matchLabels: {app: other}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: checkout}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: checkout}}, unhealthyPodEvictionPolicy: AlwaysAllow}
";
    let loaded = load_str("checkout.yaml", manifest, &[]).expect("a manifest");
    let budget = loaded.scenario.workload.budget.expect("the one that selects its pods");
    assert_eq!(budget.bound, BudgetBound::MaxUnavailable(IntOrPercent::Int(1)));
    assert!(budget.always_allow_unhealthy);
    let told: String = loaded.warnings.iter().map(|d| d.render(false)).collect();
    assert!(told.contains("PodDisruptionBudget other") && !told.contains("PodDisruptionBudget checkout"), "{told}");
}

/// Requests that each proxy sent to each pod.
#[derive(Default)]
struct Served(BTreeMap<(u32, u32), u64>);

impl Observer for Served {
    fn observe(&mut self, _: SimTime, fact: Fact) {
        if let Fact::Ended { proxy, pod: Some(pod), .. } = fact {
            *self.0.entry((proxy.0, pod.0)).or_default() += 1;
        }
    }
}

/// Each pod's share of the requests, the greatest first, and whether proxies have a pod in common.
fn shares(more: &[&str]) -> (Vec<f64>, bool) {
    let steady = ["deploy=none", "observe.for=100s", "loadBalancer.proxies=3", "clients.0.connections=300"];
    let served = simulate(&scenario(&[&steady[..], more].concat()), 1, 0, Served::default()).0.0;
    let mut pods: BTreeMap<u32, (u64, u32)> = BTreeMap::new();
    for (&(_, pod), n) in &served {
        let (count, proxies) = pods.entry(pod).or_default();
        (*count, *proxies) = (*count + n, *proxies + 1);
    }
    let all: u64 = served.values().sum();
    let mut shares: Vec<f64> = pods.values().map(|(n, _)| *n as f64 / all as f64).collect();
    shares.sort_by(|a, b| b.total_cmp(a));
    (shares, pods.values().any(|(_, proxies)| *proxies > 1))
}

/// A third of the traffic is each zone's, however many pods are there: that is the price of staying near.
#[test]
fn proxies_keep_to_their_zone_while_enough_pods_are_there() {
    let near = |shares: &[f64], expected: &[f64]| {
        let apart = shares.iter().zip(expected).any(|(a, b)| (a - b).abs() > 0.02);
        assert!(shares.len() == expected.len() && !apart, "{shares:?}, {expected:?} expected");
    };
    let (third, sixth) = (1.0 / 3.0, 1.0 / 6.0);
    let uneven = "workload.replicas=4";
    for algorithm in ["roundRobin", "random", "leastRequest"] {
        let algorithm = format!("loadBalancer.algorithm={algorithm}");
        let (all, mixed) = shares(&[uneven, &algorithm]);
        assert!(mixed, "anywhere, where nothing is preferred");
        if !algorithm.ends_with("leastRequest") {
            near(&all, &[0.25; 4]);
        }
        // Two pods in one zone, one in each other.
        let (kept, mixed) = shares(&[uneven, &algorithm, "loadBalancer.locality=zone"]);
        near(&kept, &[third, third, sixth, sixth]);
        assert!(!mixed, "none is another zone's");
    }
    // Where one is not enough the others' proxies spread over all four: 1/6 + 2 × 1/12 each of the two, 2 × 1/12 each other.
    near(&shares(&[uneven, "loadBalancer.locality={minPods: 2}"]).0, &[third, third, sixth, sixth]);
    near(&shares(&[uneven, "loadBalancer.locality={minPods: 3}"]).0, &[0.25; 4]);
}

/// A zone that dies is a black hole to its own proxy alone, which goes elsewhere once it has heard.
#[test]
fn a_proxy_without_pods_in_its_zone_goes_elsewhere() {
    let r = play(&["loadBalancer.proxies=3", "loadBalancer.locality=zone", "deploy.events=[{at: 5s, zoneFailure: b}]"]);
    let noticed = first(&r, NodeStep::NotReady).expect("it is noticed");
    let stale = by(&r, Cause::StaleRoute) as f64;
    let lost = (noticed - 5.0 + 1.0) * 30.0;
    assert!((stale - lost).abs() < 5.0 * lost.sqrt(), "{stale} of {lost}");
    assert_eq!(dropped(&r), by(&r, Cause::StaleRoute) + by(&r, Cause::Crash));
}

#[test]
fn a_machine_in_the_place_of_a_dead_one_has_its_pods_replaced_as_soon_as_it_is_there() {
    let more = ["deploy.events=[{at: 5s, nodeFailure: 1}]", "observe={warmup: 5s, after: 400s}"];
    let r = play(&[more[0], more[1], "nodes.returnsAfter=90s"]);
    assert_eq!(first(&r, NodeStep::Returned), Some(95.0));
    assert_eq!(count(&r, NodeStep::Evicted), 0, "long before the toleration is over");
    let created: Vec<f64> = r.pods.iter().filter_map(|p| p.created).map(SimTime::secs).collect();
    assert!(created.len() == 3 && created.iter().all(|t| (95.0..95.5).contains(t)), "{created:?}");
    assert!(r.pods.iter().filter(|p| p.created.is_some()).all(|p| p.ready.is_some()));
    // Back before anybody has noticed: proxies sent there until they were told by its pods' end.
    let soon = play(&[more[0], more[1], "nodes.returnsAfter=10s"]);
    assert_eq!((count(&soon, NodeStep::NotReady), count(&soon, NodeStep::Returned)), (0, 1));
    assert!(dropped(&soon) * 2 < dropped(&r), "{} of {}", dropped(&soon), dropped(&r));
    // It dies again, and is noticed again.
    let twice = "deploy.events=[{at: 5s, nodeFailure: 1}, {at: 200s, nodeFailure: 1}]";
    let twice = play(&[twice, more[1], "nodes.returnsAfter=90s"]);
    assert_eq!((count(&twice, NodeStep::NotReady), count(&twice, NodeStep::Returned)), (2, 2));
}

#[test]
fn nodes_join_while_pods_find_no_room_and_no_more_than_there_may_be() {
    // Nine pods fill three nodes, and the first of the surge has to wait.
    let full = ["deploy.rolls=pods", "nodes.maxPods=3"];
    let stuck = play(&[full[0], full[1], "workload.progressDeadlineSeconds=60"]);
    assert!(stuck.rollout.is_some_and(|t| t.duration.is_none()), "there is no room for a surge");
    let r = play(&[full[0], full[1], "nodes.maxCount=5"]);
    let joined: Vec<f64> = r.nodes.iter().filter(|n| n.2 == NodeStep::Joined).map(|n| n.0.secs()).collect();
    assert!(joined.len() == 1 && (120.0..120.2).contains(&joined[0]), "one is enough for a surge of one: {joined:?}");
    let ready = r.pods.iter().filter(|p| p.revision != Revision(0)).filter_map(|p| p.ready).map(SimTime::secs);
    let ready = ready.fold(f64::INFINITY, f64::min);
    assert!((122.0..122.5).contains(&ready), "{ready}");
    assert!(r.rollout.is_some_and(|t| t.duration.is_some()), "then it goes on");
    let quick = ["nodes.maxCount=4", "nodes.provisionTime=20s"];
    let ten = play(&[full[0], full[1], "workload.strategy.rollingUpdate.maxSurge=9", quick[0], quick[1]]);
    assert_eq!(count(&ten, NodeStep::Joined), 1, "9 pods want three nodes, one is allowed");
}

/// A DaemonSet on the three nodes, which rolls when node 1 is dead already.
const DAEMON: [&str; 3] =
    ["workload={kind: DaemonSet, replicas: 3}", "deploy.rolls=pods", "observe={warmup: 5s, after: 60s}"];

fn daemon(events: &str, more: &[&str]) -> Replication {
    let events = format!("deploy.events={events}");
    play(&[&DAEMON[..], &[&events], more].concat())
}

/// Until the rollout is complete [s].
fn duration(r: &Replication) -> Option<f64> {
    r.rollout.as_ref().and_then(|r| r.duration)
}

/// When pods were created that were not there from the start [s].
fn created(r: &Replication) -> Vec<f64> {
    r.pods.iter().filter_map(|p| p.created).map(SimTime::secs).collect()
}

#[test]
fn a_daemon_set_has_no_pod_on_a_node_that_was_deleted_and_its_rollout_completes() {
    let r = daemon("[{at: 2s, nodeFailure: 1}]", &["nodes.deletedAfter=60s"]);
    // Its old pod on the dead node cannot end, so that the rollout waits until the node and with it the pod are deleted.
    let complete = duration(&r).expect("it completes");
    assert!((62.0..70.0).contains(&complete), "{complete}");
    assert!(created(&r).len() == 2, "one each on the two nodes that are left: {:?}", created(&r));

    let for_ever = daemon("[{at: 2s, nodeFailure: 1}]", &["workload.progressDeadlineSeconds=120"]);
    assert!(duration(&for_ever).is_none(), "kubelets that are gone confirm nothing");
}

#[test]
fn a_node_that_joins_gets_its_pod_of_a_daemon_set() {
    let r = daemon("[{at: 30s, scale: 5}]", &[]);
    assert_eq!(count(&r, NodeStep::Joined), 2);
    let late: Vec<f64> = created(&r).into_iter().filter(|&t| t >= 30.0).collect();
    assert!(late.len() == 2 && late.iter().all(|&t| t < 30.5), "{late:?}");
    let ready = r.pods.iter().filter(|p| p.created.is_some_and(|t| t.secs() >= 30.0)).filter_map(|p| p.ready);
    assert!(ready.map(SimTime::secs).all(|t| t < 32.5), "they start within 2 s");

    // A machine that takes the place of one whose node has been deleted is another that joins.
    let back = daemon(
        "[{at: 30s, nodeFailure: 1}, {at: 150s, resume: true}]",
        &["nodes.deletedAfter=60s", "nodes.returnsAfter=90s"],
    );
    let late: Vec<f64> = created(&back).into_iter().filter(|&t| t >= 30.0).collect();
    assert!(late.len() == 1 && (120.0..120.5).contains(&late[0]), "{late:?}");
    assert!(back.pods.last().is_some_and(|p| p.ready.is_some()), "and its pod serves");
}

/// When the pods of a node that dies are given up, of six nodes in a zone of which three died before.
fn given_up(more: &[&str], second: f64) -> Option<f64> {
    let events = format!(
        "deploy.events=[{{at: 10s, nodeFailure: 0}}, {{at: 10s, nodeFailure: 1}}, {{at: 10s, nodeFailure: 2}}, {{at: {second}s, nodeFailure: 3}}]"
    );
    let nodes = "nodes={count: 6, maxPods: 3, tolerationSeconds: 30, deletedAfter: 400s}";
    let settings =
        [&[nodes, events.as_str(), "workload.replicas=6", "deploy.rolls=pods", "observe.after=400s"], more].concat();
    let r = play(&settings);
    r.nodes.iter().filter(|n| n.2 == NodeStep::Evicted).map(|n| n.0.secs()).find(|&at| at > second)
}

#[test]
fn a_node_that_was_deleted_is_none_of_its_zone() {
    // Its heartbeats are missed within 50 s, then its pods are tolerated: three of three are left, one of which is dead.
    let at = given_up(&[], 450.0).expect("they are given up");
    assert!((510.0..535.0).contains(&at), "{at}");
}

#[test]
fn a_zone_that_recovers_is_cleared_at_its_new_rate() {
    // Four of six are dead, so that nothing is done; then three of them are deleted, and one of three is left.
    let at = given_up(&[], 200.0).expect("they are given up");
    assert!((440.0..441.0).contains(&at), "{at}");
}
