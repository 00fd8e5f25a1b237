//! Image pulls against arithmetic: who waits for what, and what it adds to the start-up of new pods.

use dryroll::engine::SimTime;
use dryroll::fleet::fact::{PodStep, Revision};
use dryroll::fleet::{Observer, simulate};
use dryroll::scenario::{Scenario, load_str};

/// Eight pods on four nodes, all replaced at once; a pod is Ready 1 s after its image is there.
const BASE: &str = "
workload: {replicas: 8, strategy: Recreate}
pod: {startup: 1s, serviceTime: 20ms, readinessProbe: none, termination: {onSigterm: exit}}
nodes: {count: 4, zones: [a, b]}
deploy: {at: 2s, controller: {qps: 0}}
clients: [{name: web, rate: 10/s}]
observe: {warmup: 1s, after: 1s}
";

/// When the new pods turned Ready, since they were created [s], in order.
#[derive(Default)]
struct Starts {
    created: Vec<(u32, f64)>,
    ready: Vec<f64>,
}

impl Observer for Starts {
    fn observe(&mut self, now: SimTime, fact: dryroll::fleet::fact::Fact) {
        let dryroll::fleet::fact::Fact::Pod { pod, revision, step } = fact else { return };
        match step {
            PodStep::Created if revision != Revision(0) => self.created.push((pod.0, now.secs())),
            PodStep::Ready if revision != Revision(0) => {
                let created = self.created.iter().find(|c| c.0 == pod.0).expect("it was created").1;
                self.ready.push(now.secs() - created);
            }
            _ => {}
        }
    }
}

fn scenario(more: &[&str]) -> Scenario {
    let set: Vec<String> = more.iter().map(|s| (*s).to_owned()).collect();
    let told = |diags: Vec<dryroll::scenario::Diag>| diags.iter().map(|d| d.render(false)).collect::<String>();
    load_str("pulls.yaml", BASE, &set).unwrap_or_else(|d| panic!("{}", told(d))).scenario
}

/// The spans from creation to Ready, less the start-up of 1 s.
fn pulls(more: &[&str]) -> Vec<f64> {
    let (starts, _) = simulate(&scenario(more), 1, 0, Starts::default());
    let mut spans: Vec<f64> = starts.ready.iter().map(|span| span - 1.0).collect();
    spans.sort_by(f64::total_cmp);
    spans
}

/// The controller creates pods within some tens of milliseconds.
#[track_caller]
fn assert_about(found: &[f64], expected: &[f64]) {
    let near = |(f, e): (&f64, &f64)| (f - e).abs() < 0.15;
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(near), "{found:?}, not {expected:?}");
}

#[test]
fn without_an_image_nothing_is_pulled() {
    assert_about(&pulls(&[]), &[0.0; 8]);
}

#[test]
fn the_first_pod_on_a_node_pulls_and_the_second_waits_for_the_same() {
    // 1 GB at 100 MB/s a node; the registry gives as much as is asked for.
    assert_about(&pulls(&["pod.image={size: 1GB}"]), &[10.0; 8]);
}

#[test]
fn a_node_that_has_the_image_has_nothing_to_wait_for() {
    // Back to the old version in the middle: all nodes have run it.
    let more = ["pod.image={size: 1GB}", "deploy.events=[{at: 30s, template: old}]", "observe.after=20s"];
    let (starts, end) = simulate(&scenario(&more), 1, 0, Starts::default());
    assert_eq!(starts.ready.len(), 8);
    // 30 s, a second of start-up, 20 s of watching: no pull.
    assert!((51.0..52.0).contains(&end.at.secs()), "{}", end.at.secs());
}

#[test]
fn all_nodes_share_the_registry() {
    // 200 MB/s for four nodes: 50 each, and 20 s.
    let shared = ["pod.image={size: 1GB}", "nodes.registryBandwidth=200MB/s"];
    assert_about(&pulls(&shared), &[20.0; 8]);
    // Eight nodes, 25 each, and 40 s, though each could take four times as much.
    assert_about(&pulls(&[shared[0], shared[1], "nodes.count=8"]), &[40.0; 8]);
}

#[test]
fn asking_for_every_pod_takes_its_turn_where_pulls_are_serialised() {
    // Two pods a node, each of which asks the registry, which takes a second; the bytes come once.
    let asks = "pod.image={size: 1GB, pull: 1s, pullPolicy: Always}";
    assert_about(&pulls(&[asks]), &[11.0, 11.0, 11.0, 11.0, 12.0, 12.0, 12.0, 12.0]);
    assert_about(&pulls(&[asks, "nodes.serializeImagePulls=false"]), &[11.0; 8]);
    let eight = ["pod.image={pull: 1s, pullPolicy: Always}", "nodes.count=1", "nodes.zones=[a]"];
    assert_about(&pulls(&eight), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    let two = [eight[0], eight[1], eight[2], "nodes={count: 1, serializeImagePulls: false, maxParallelImagePulls: 2}"];
    // The first one is waited for by all others; then there is nothing to share, and two ask at a time.
    let found = pulls(&two);
    assert!(found.first().is_some_and(|f| (f - 1.0).abs() < 0.15) && found.iter().all(|f| *f < 5.0), "{found:?}");
}

#[test]
fn a_pod_that_may_not_pull_never_starts() {
    let never = ["pod.image={size: 1GB, pullPolicy: Never}", "workload.progressDeadlineSeconds=20"];
    assert!(pulls(&never).is_empty());
}

#[test]
fn a_node_that_dies_leaves_the_registry_to_the_others() {
    // 100 MB/s for four; two of them die after 10 s, when 750 MB are left of each: the other two have 50 each from then on.
    let more = [
        "pod.image={size: 1GB}",
        "nodes.registryBandwidth=100MB/s",
        "deploy.events=[{at: 10s, zoneFailure: b}]",
        "observe.limit=60s",
    ];
    assert_about(&pulls(&more), &[25.0; 4]);
}

#[test]
fn amounts_need_units() {
    let set = ["pod.image={size: 400}".to_owned()];
    let diags = load_str("pulls.yaml", BASE, &set).expect_err("it is wrong");
    let text: String = diags.iter().map(|d| d.render(false)).collect();
    assert!(text.contains("did you mean 400MB?"), "{text}");
}
