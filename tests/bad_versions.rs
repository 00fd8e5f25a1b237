//! Versions that are bad in one way or another: what becomes of the deploy, of the old pods, and of the requests.

use dryroll::engine::SimTime;
use dryroll::fleet::fact::{Cause, Fact, PodStep, Revision};
use dryroll::fleet::{Observer, simulate};
use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Scenario, load_str};

/// Four pods, replaced one by one, each Ready 2 s after its creation; a request takes 20 ms.
const BASE: &str = "
workload: {replicas: 4, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}, progressDeadlineSeconds: 120}
pod: {concurrency: 4, startup: 2s, serviceTime: 20ms, readinessProbe: none, termination: {preStop: 5s}}
loadBalancer: {proxies: 2, propagation: {shared: 0s, add: 0s, remove: 1s}}
clients: [{name: web, rate: 100/s}]
deploy: {at: 10s}
observe: {warmup: 5s, after: 10s}
";

fn scenario(more: &[&str]) -> Scenario {
    let set: Vec<String> = more.iter().map(|s| (*s).to_owned()).collect();
    let told = |diags: Vec<dryroll::scenario::Diag>| diags.iter().map(|d| d.render(false)).collect::<String>();
    load_str("bad.yaml", BASE, &set).unwrap_or_else(|d| panic!("{}", told(d))).scenario
}

fn play(more: &[&str]) -> Replication {
    dryroll::simulate::run(&scenario(more), 1, 0)
}

fn dropped(r: &Replication) -> u64 {
    r.phases.iter().map(|p| p.causes.iter().sum::<u64>()).sum()
}

fn by(r: &Replication, cause: Cause) -> u64 {
    r.phases.iter().map(|p| p.causes[cause as usize]).sum()
}

/// When pods of the new version took a step [s].
#[derive(Default)]
struct Steps {
    step: Option<PodStep>,
    times: Vec<f64>,
    /// Of which version the last Ready pod was.
    last_ready: Revision,
}

impl Observer for Steps {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        let Fact::Pod { revision, step, .. } = fact else { return };
        if revision != Revision(0) && Some(step) == self.step {
            self.times.push(now.secs());
        }
        if step == PodStep::Ready {
            self.last_ready = revision;
        }
    }
}

fn steps(step: PodStep, more: &[&str]) -> Steps {
    simulate(&scenario(more), 1, 0, Steps { step: Some(step), ..Steps::default() }).0
}

/// The mean latency of requests that were answered in the last seconds of a run, when all has settled [s].
fn late_latency(more: &[&str]) -> f64 {
    #[derive(Default)]
    struct Latencies(Vec<(f64, f64)>);
    impl Observer for Latencies {
        fn observe(&mut self, now: SimTime, fact: Fact) {
            if let Fact::Ended { born, cause: None, .. } = fact {
                self.0.push((now.secs(), now.since(born).secs()));
            }
        }
    }
    let (seen, end) = simulate(&scenario(more), 1, 0, Latencies::default());
    let late: Vec<f64> = seen.0.iter().filter(|(at, _)| *at > end.secs() - 5.0).map(|l| l.1).collect();
    late.iter().sum::<f64>() / late.len() as f64
}

#[test]
fn a_version_that_crashes_at_start_is_started_again_ever_more_slowly() {
    let times = steps(PodStep::Crashed, &["newVersion.crash.atStart=100%"]).times;
    let gaps: Vec<f64> = times.windows(2).map(|t| t[1] - t[0]).collect();
    // Start-up takes 2 s: at once, then after 10 s, 20 s, 40 s.
    for (gap, expected) in gaps.iter().zip([2.0, 12.0, 22.0, 42.0]) {
        assert!((gap - expected).abs() < 1e-6, "{gaps:?}");
    }
    assert!(gaps.len() >= 4, "{gaps:?}");
}

#[test]
fn a_crash_loop_stops_the_rollout_and_hurts_nobody() {
    let r = play(&["newVersion.crash.atStart=100%"]);
    assert!(r.rollout.is_some_and(|t| t.duration.is_none()), "it cannot complete");
    assert_eq!((dropped(&r), r.capacity.min_ready), (0, 4), "maxUnavailable 0 keeps the old pods");
}

#[test]
fn a_crash_cuts_what_the_pod_has_and_the_pod_comes_back() {
    let every = "newVersion.crash.uptime={distribution: exponential, mean: 3s}";
    let r = play(&[every, "workload.progressDeadlineSeconds=20"]);
    assert!(by(&r, Cause::Crash) > 0, "{:?}", r.phases);
    // Between a crash and the proxies' hearing of it, a second, its address refuses.
    assert!(by(&r, Cause::StaleRoute) > by(&r, Cause::Crash), "{:?}", r.phases);
    let ready = steps(PodStep::Ready, &[every, "workload.progressDeadlineSeconds=20"]).times;
    assert!(ready.len() > 4, "more often Ready than there are pods: {ready:?}");
}

#[test]
fn memory_that_runs_out_topples_pods_that_are_too_slow() {
    let fine = play(&["newVersion.crash.inFlight=20"]);
    assert_eq!((by(&fine, Cause::Crash), dropped(&fine)), (0, 0), "a fast pod never holds as many");
    let slow = play(&["newVersion.crash.inFlight=20", "newVersion.slower=20"]);
    assert!(by(&slow, Cause::Crash) > 20, "{:?}", slow.phases);
}

#[test]
fn slower_is_a_factor_of_every_service() {
    // 20 ms more, and hardly any queueing at a fifth of capacity.
    let difference = late_latency(&["newVersion.slower=2"]) - late_latency(&[]);
    assert!((0.019..0.026).contains(&difference), "{difference} s");
}

#[test]
fn an_analysis_calls_a_failing_version_off() {
    let bad = ["newVersion.errorRate=50%"];
    let analysis = "deploy.analysis={interval: 2s, failureLimit: 0, errorRate: 5%, minRequests: 10}";
    let (blind, watched) = (play(&bad), play(&[bad[0], analysis]));
    assert!(by(&watched, Cause::AppError) > 0, "it has to see failures to count them");
    assert!(by(&watched, Cause::AppError) * 4 < by(&blind, Cause::AppError), "{:?}", watched.phases);
    assert_eq!(steps(PodStep::Ready, &bad).last_ready, Revision(1));
    assert_eq!(steps(PodStep::Ready, &[bad[0], analysis]).last_ready, Revision(0));
}

#[test]
fn an_analysis_lets_a_good_version_and_a_few_failures_pass() {
    let analysis = "deploy.analysis={interval: 2s, failureLimit: 0, errorRate: 5%, p99: 500ms}";
    let r = play(&[analysis, "newVersion.errorRate=0.5%"]);
    assert!(r.rollout.is_some_and(|t| t.duration.is_some()), "it completes");
    let latency = late_latency(&[analysis, "newVersion.slower=40"]);
    assert!(latency < 0.1, "called off, the old version serves again: {latency} s");
}
