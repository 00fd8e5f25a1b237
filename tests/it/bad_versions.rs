//! Versions that are bad in one way or another: what becomes of the deploy, of the old pods, and of the requests.

use dryroll::engine::SimTime;
use dryroll::fleet::fact::{AnalysisOf, AnalysisVerdict, Cause, Fact, PodStep, Revision};
use dryroll::fleet::{Observer, simulate};
use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Figure, Request, Scenario, Strategy, load, load_str};

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
    let late: Vec<f64> = seen.0.iter().filter(|(at, _)| *at > end.at.secs() - 5.0).map(|l| l.1).collect();
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

/// Ten pods, a canary of two with an analysis of its errors, three looks 5 s apart.
const LOOKED_AT: &str = "workload={kind: Rollout, replicas: 10, strategy: {canary: {maxSurge: 1, maxUnavailable: 0, steps: [
    {setWeight: 20}, {analysis: {metrics: [{name: errors, measures: errorRate, interval: 5s, count: 3, successCondition: 'result < 0.05'}]}}]}}}";

/// When the rollout was complete [s].
fn complete(r: &Replication) -> Option<f64> {
    r.rollout.and_then(|t| t.duration)
}

fn verdicts(r: &Replication) -> Vec<(Option<AnalysisOf>, AnalysisVerdict)> {
    r.analyses.iter().map(|&(_, of, verdict)| (of, verdict)).collect()
}

#[test]
fn a_step_that_analyses_goes_on_when_it_has_passed() {
    let at = LOOKED_AT.find("analysis:").expect("it has one");
    let blind = format!("{}pause: {{duration: 0s}}}}]}}}}}}", &LOOKED_AT[..at]);
    let (looked, blind) = (play(&[LOOKED_AT]), play(&[&blind]));
    assert_eq!(verdicts(&looked), [(Some(AnalysisOf::Step(0)), AnalysisVerdict::Passed)]);
    // Three measurements, the first at once: 10 s.
    let longer = complete(&looked).expect("it completes") - complete(&blind).expect("it completes");
    assert!((9.9..10.5).contains(&longer), "{longer} s");
}

#[test]
fn a_step_that_analyses_calls_a_failing_version_off() {
    let bad = "newVersion.errorRate=30%";
    let r = play(&[LOOKED_AT, bad]);
    assert_eq!(verdicts(&r), [(Some(AnalysisOf::Step(0)), AnalysisVerdict::Failed)]);
    assert_eq!(steps(PodStep::Ready, &[LOOKED_AT, bad]).last_ready, Revision(0));
    assert_eq!(r.pods.iter().filter(|p| p.revision != Revision(0)).count(), 2, "no more than the canary");
    assert!(complete(&r).is_some(), "the old version is complete again");
    let patient = LOOKED_AT.replace("count: 3", "count: 3, failureLimit: 3");
    assert_eq!(verdicts(&play(&[&patient, bad])), [(Some(AnalysisOf::Step(0)), AnalysisVerdict::Passed)]);
}

#[test]
fn what_is_neither_good_nor_bad_waits_for_somebody() {
    let unclear = LOOKED_AT.replace("'result < 0.05'", "'result < 0.01', failureCondition: 'result > 0.9'");
    let held = format!("{}, promoteAfter: 20s}}", unclear.strip_suffix('}').expect("a map"));
    let bad = "newVersion.errorRate=30%";
    let r = play(&[&held, bad]);
    assert_eq!(verdicts(&r), [(Some(AnalysisOf::Step(0)), AnalysisVerdict::Inconclusive)]);
    let (at, ..) = r.analyses[0];
    // Two pods at a time: the eight others take some more waves of 2 s.
    let after = complete(&r).expect("it completes") - at.secs();
    assert!((20.0..45.0).contains(&after), "{after} s");
    let promoted = play(&[&held, bad, "deploy.events=[{at: 12s, promote: true}]"]);
    assert!(complete(&promoted).expect("it completes") + 5.0 < complete(&r).expect("it completes"));
}

#[test]
fn an_analysis_beside_the_steps_may_fail_at_any_of_them() {
    let background = "workload={kind: Rollout, replicas: 10, strategy: {canary: {maxSurge: 1, maxUnavailable: 0, analysis: {startingStep: 1, metrics: [
        {name: latency, measures: p90, interval: 5s, window: 10s, failureCondition: 'result > 0.3'}]}, steps: [{setWeight: 20}, {pause: {duration: 1m}}]}}}";
    let fine = play(&[background]);
    assert!(verdicts(&fine).is_empty() && complete(&fine).is_some_and(|t| t > 60.0), "{:?}", fine.analyses);
    let slow = play(&[background, "newVersion.slower=20"]);
    assert_eq!(verdicts(&slow), [(Some(AnalysisOf::Background), AnalysisVerdict::Failed)]);
    assert!(slow.analyses[0].0.secs() < 30.0, "{:?}", slow.analyses);
    // It begins with the first pods, and finds no data before their first requests.
    let early = background.replace("startingStep: 1, ", "");
    assert_eq!(verdicts(&play(&[&early])).len(), 0, "five in a row would be needed");
    let idle = play(&[&early, "clients=[{name: web, rate: 0.001/s}]", "deploy.events=[{at: 100s, abort: true}]"]);
    assert_eq!(verdicts(&idle), [(Some(AnalysisOf::Background), AnalysisVerdict::Failed)], "no data, five times");
}

#[test]
fn after_the_switch_an_analysis_switches_back() {
    let looks = "{metrics: [{name: errors, measures: successRate, initialDelay: 5s, interval: 5s, count: 3, successCondition: 'result >= 0.95'}]}";
    let switch = |more: &str| {
        format!("workload={{kind: Rollout, replicas: 4, strategy: {{blueGreen: {{scaleDownDelaySeconds: 10{more}}}}}}}")
    };
    let (plain, after) = (switch(""), switch(&format!(", postPromotionAnalysis: {looks}")));
    let fine = play(&[&after]);
    assert_eq!(verdicts(&fine), [(Some(AnalysisOf::PostPromotion), AnalysisVerdict::Passed)]);
    let gone =
        |r: &Replication| r.pods.iter().filter_map(|p| p.deletion_requested).map(SimTime::secs).fold(0.0, f64::max);
    let longer = gone(&fine) - gone(&play(&[&plain]));
    assert!((14.9..15.5).contains(&longer), "old pods stay until it has passed, and then for their delay: {longer} s");
    let bad = "newVersion.errorRate=50%";
    let (blind, back) = (play(&[&plain, bad]), play(&[&after, bad]));
    assert_eq!(verdicts(&back), [(Some(AnalysisOf::PostPromotion), AnalysisVerdict::Failed)]);
    assert!(by(&back, Cause::AppError) * 3 < by(&blind, Cause::AppError), "{:?}", back.phases);
    let old = |r: &Replication| r.pods.iter().filter(|p| p.revision == Revision(0) && p.gone.is_none()).count();
    assert_eq!((old(&back), old(&blind)), (4, 0));
    // Nobody sends anything to the preview: that one takes its time, and passes.
    let before = play(&[&switch(&format!(", prePromotionAnalysis: {looks}")), bad]);
    assert_eq!(verdicts(&before), [(Some(AnalysisOf::PrePromotion), AnalysisVerdict::Passed)]);
    let longer = complete(&before).expect("it completes") - complete(&blind).expect("it completes");
    assert!((14.9..15.5).contains(&longer), "{longer} s");
}

#[test]
fn templates_beside_a_rollout_are_read_with_their_arguments() {
    let request = Request::new(std::path::Path::new("tests/data/manifests/analysed.yaml"));
    let loaded = load(&request).unwrap_or_else(|d| panic!("{}", d[0].render(false)));
    let Strategy::Canary(canary) = &loaded.scenario.workload.strategy else { panic!("a canary") };
    let (background, from) = canary.background.as_ref().expect("it has one");
    assert_eq!((*from, background.metrics.len()), (2, 1));
    let rate = &background.metrics[0];
    assert_eq!((rate.figure, rate.window.secs(), rate.failure_limit), (Some(Figure::SuccessRate), 120.0, 3));
    assert_eq!(rate.success.as_ref().map(|c| c.holds(Some(0.98))), Some(Ok(false)), "the argument is 0.99");
    let step = &canary.analyses[0].metrics;
    assert_eq!((step[0].figure, step[0].scale), (Some(Figure::Latency(0.95)), 1000.0));
    assert_eq!((step[1].figure, step[1].count), (None, Some(2)), "a job: it takes its time");
    let told: Vec<String> = loaded.warnings.iter().map(|d| d.render(false)).collect();
    assert!(told.iter().any(|t| t.contains("always passes") && t.contains("name: smoke")), "{told:?}");
    assert!(!told.iter().any(|t| t.contains("skipped AnalysisTemplate success-rate")), "{told:?}");
    assert!(told.iter().any(|t| t.contains("AnalysisTemplate unused")), "{told:?}");
}
