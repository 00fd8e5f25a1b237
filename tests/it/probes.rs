//! Probes that wait behind requests, liveness and startup probes that restart: when each acts, to the moment.

use dryroll::engine::SimTime;
use dryroll::fleet::fact::{Cause, Fact, Outcome, PodStep, Revision};
use dryroll::fleet::{Observer, simulate};
use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Scenario, load_str};

/// One pod is replaced by another that listens 60 s after its container began to start.
const SLOW_START: &str = "
workload: {replicas: 1, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}, progressDeadlineSeconds: 300}
pod: {startup: 60s, serviceTime: 20ms, readinessProbe: {periodSeconds: 7}, termination: {preStop: 5s}}
loadBalancer: {propagation: {shared: 0s, add: 0s, remove: 1s}}
clients: [{name: web, rate: 10/s}]
deploy: {at: 10s}
observe: {warmup: 5s, after: 5s}
";

/// One pod that is asked twice as much as it can do, from a second before anything is measured.
const OVERLOAD: &str = "
workload: {replicas: 1}
pod:
  concurrency: 1
  queue: 1000
  serviceTime: 100ms
  readinessProbe: {periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1}
  probes: {throughQueue: true}
loadBalancer: {propagation: {shared: 0s, add: 0s, remove: 10s}}
handshake: {time: 0s}
clients: [{name: web, rate: 20/s, arrivals: {distribution: constant}, connections: 1000, timeout: 100s}]
deploy: none
observe: {warmup: 1s, for: 30s}
";

fn scenario(base: &str, more: &[&str]) -> Scenario {
    let set: Vec<String> = more.iter().map(|s| (*s).to_owned()).collect();
    let told = |diags: Vec<dryroll::scenario::Diag>| diags.iter().map(|d| d.render(false)).collect::<String>();
    load_str("probes.yaml", base, &set).unwrap_or_else(|d| panic!("{}", told(d))).scenario
}

fn play(base: &str, more: &[&str]) -> Replication {
    dryroll::simulate::run(&scenario(base, more), 1, 0)
}

fn by(r: &Replication, cause: Cause) -> u64 {
    r.phases.iter().map(|p| p.causes[cause as usize]).sum()
}

/// Every step of every pod of one version, with its moment [s].
struct Steps(Revision, Vec<(PodStep, f64)>);

impl Observer for Steps {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        let Fact::Pod { revision, step, .. } = fact else { return };
        if revision == self.0 {
            self.1.push((step, now.secs()));
        }
    }
}

fn steps(revision: u16, base: &str, more: &[&str]) -> Vec<(PodStep, f64)> {
    simulate(&scenario(base, more), 1, 0, Steps(Revision(revision), Vec::new())).0.1
}

fn times(steps: &[(PodStep, f64)], step: PodStep) -> Vec<f64> {
    steps.iter().filter(|(s, _)| *s == step).map(|(_, at)| *at).collect()
}

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
}

#[test]
fn a_pod_turns_not_ready_after_so_many_probes_that_waited_too_long() {
    let unready = |threshold: u32| {
        let set = format!("pod.readinessProbe.failureThreshold={threshold}");
        *times(&steps(0, OVERLOAD, &[&set]), PodStep::Unready).first().expect("it is overloaded")
    };
    // The queue grows by 10 requests a second, each of 0.1 s: once a probe waits for too long, so do all after it.
    assert_close(unready(3) - unready(1), 2.0);
    assert_close(unready(6) - unready(1), 5.0);
}

#[test]
fn a_longer_time_out_is_met_later() {
    // From the start of the load, a second before 0.
    let unready = |timeout: u32| {
        let set = format!("pod.readinessProbe.timeoutSeconds={timeout}");
        1.0 + times(&steps(0, OVERLOAD, &[&set]), PodStep::Unready).first().expect("it is overloaded")
    };
    // After t seconds a probe waits t seconds. One that is let pass is followed by the next when it is over, at 2 t at the
    // latest; one that is not has failed T later.
    for timeout in [1.0, 2.0, 4.0] {
        let at = unready(timeout as u32);
        assert!((2.0 * timeout..3.0 * timeout + 1.0).contains(&at), "{at} with a time-out of {timeout} s");
    }
}

#[test]
fn probes_beside_the_queue_feel_no_load() {
    assert!(times(&steps(0, OVERLOAD, &["pod.probes.throughQueue=false"]), PodStep::Unready).is_empty());
}

#[test]
fn out_of_rotation_a_pod_works_its_queue_off_and_comes_back() {
    let set = ["loadBalancer.propagation.remove=1s", "pod.readinessProbe.successThreshold=2"];
    let seen = steps(0, OVERLOAD, &set);
    let (unready, ready) = (times(&seen, PodStep::Unready), times(&seen, PodStep::Ready));
    assert!(unready.len() >= 2 && ready.len() > unready.len() - 1, "{seen:?}");
    // Two probes in a row, a second apart, each answered within its second.
    assert!(ready.iter().skip(1).zip(&unready).all(|(up, down)| up - down > 1.0), "{seen:?}");
}

#[test]
fn overload_spreads_from_pod_to_pod() {
    let fleet = "
workload: {replicas: 4, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}}
pod:
  concurrency: 4
  queue: 500
  startup: 8s
  serviceTime: 100ms
  readinessProbe: {periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1}
  termination: {preStop: 5s}
loadBalancer: {propagation: {shared: 0s, add: 0s, remove: 1s}}
handshake: {time: 0s}
clients: [{name: web, rate: 132/s, timeout: 10s}]
deploy: {at: 20s}
observe: {warmup: 5s, after: 10s}
";
    let (blind, felt) = (play(fleet, &[]), play(fleet, &["pod.probes.throughQueue=true"]));
    assert_eq!(blind.capacity.min_ready, 3, "one is replaced at a time");
    assert!(
        felt.capacity.min_ready <= 1,
        "{}: three cannot carry what four could, two still less",
        felt.capacity.min_ready
    );
    assert!(felt.phases[1].latency.p99 > blind.phases[1].latency.p99, "and it only gets worse");
}

#[test]
fn liveness_kills_what_starts_slowly_ever_more_seldom_and_it_is_never_ready() {
    let seen = steps(1, SLOW_START, &["pod.livenessProbe={periodSeconds: 10, failureThreshold: 3}"]);
    let (killed, ended) = (times(&seen, PodStep::Condemned), times(&seen, PodStep::Crashed));
    assert!(killed.len() >= 5 && times(&seen, PodStep::Started).is_empty(), "{seen:?}");
    let created = times(&seen, PodStep::Created)[0];
    // A phase of its own within a period, and two more periods.
    let first = killed[0] - created;
    assert!((20.0..30.0).contains(&first), "{first}");
    for (n, wait) in [0.0, 10.0, 20.0, 40.0].into_iter().enumerate() {
        assert_close(ended[n] - killed[n], 5.0); // the hook; then there is nothing to drain
        assert_close(killed[n + 1] - ended[n], wait + first);
    }
}

#[test]
fn a_probes_own_grace_period_goes_before_the_pods() {
    let probe = "pod.livenessProbe={periodSeconds: 10, failureThreshold: 3, terminationGracePeriodSeconds: 2}";
    let seen = steps(1, SLOW_START, &[probe]);
    let (killed, ended) = (times(&seen, PodStep::Condemned), times(&seen, PodStep::Crashed));
    assert_close(ended[0] - killed[0], 2.0);
    let deaf = steps(1, SLOW_START, &["pod.livenessProbe={}", "pod.termination.onSigterm=ignore"]);
    assert_close(times(&deaf, PodStep::Crashed)[0] - times(&deaf, PodStep::Condemned)[0], 30.0);
}

#[test]
fn a_startup_probe_holds_liveness_off_and_readiness_is_asked_at_once() {
    let set = ["pod.livenessProbe={periodSeconds: 10}", "pod.startupProbe={periodSeconds: 4, failureThreshold: 30}"];
    let seen = steps(1, SLOW_START, &set);
    assert!(times(&seen, PodStep::Condemned).is_empty(), "{seen:?}");
    let (started, ready) = (times(&seen, PodStep::Started)[0], times(&seen, PodStep::Ready)[0]);
    assert!((0.0..4.0).contains(&(ready - started)), "at the next startup probe, not at the next readiness probe");
    let r = play(SLOW_START, &set);
    assert!(r.rollout.is_some_and(|t| t.duration.is_some()), "it completes");
}

#[test]
fn a_startup_probe_of_too_few_failures_kills_too() {
    let seen = steps(1, SLOW_START, &["pod.startupProbe={periodSeconds: 5, failureThreshold: 4}"]);
    let first = times(&seen, PodStep::Condemned)[0] - times(&seen, PodStep::Created)[0];
    assert!((15.0..20.0).contains(&first), "{first}");
    assert!(times(&seen, PodStep::Ready).is_empty());
}

#[test]
fn liveness_behind_the_requests_restarts_a_busy_pod_and_cuts_what_it_has() {
    let set = ["pod.livenessProbe={periodSeconds: 1, failureThreshold: 3}", "pod.startup=1s"];
    let set = [set[0], set[1], "pod.termination={preStop: 1s, drainWindow: 2s, cleanup: 0s}"];
    let (seen, r) = (steps(0, OVERLOAD, &set), play(OVERLOAD, &set));
    let (killed, ended) = (times(&seen, PodStep::Condemned), times(&seen, PodStep::Crashed));
    assert_close(ended[0] - killed[0], 3.0); // the hook, and the whole drain window
    // Every second 20 came and 10 were served, until it stopped listening.
    assert!((25..200).contains(&by(&r, Cause::Crash)), "{:?}", r.phases);
    assert!(times(&seen, PodStep::Started)[0] - ended[0] >= 1.0 - 1e-6, "{seen:?}");
    assert_eq!(by(&r, Cause::SeveredByDrain) + by(&r, Cause::SeveredByKill), 0, "no deletion cut them");
}

#[test]
fn a_pod_that_is_deleted_while_its_container_is_stopped_does_not_come_back() {
    let fleet = SLOW_START.replace("deploy: {at: 10s}", "deploy: {at: 10s, events: [{at: 27s, undo: true}]}");
    for grace in [3, 60] {
        let set = format!("pod.termination={{preStop: 20s, terminationGracePeriodSeconds: {grace}}}");
        let seen = steps(1, &fleet, &[&set, "pod.livenessProbe={periodSeconds: 8}"]);
        let last = seen.last().expect("it was there").0;
        assert!(matches!(last, PodStep::Exited | PodStep::Killed), "{seen:?}");
    }
}

/// The pods of `gated.yaml`, with or without its gates, behind proxies that send to a new pod 30 s after it passed its probe:
/// from then until the first old pod is deleted [s], and what is told of the manifest.
fn from_ready_to_deletion(gates: bool) -> (f64, String) {
    let text = std::fs::read_to_string("tests/data/manifests/gated.yaml").expect("it is there");
    let text = if gates { text } else { text.replace("readinessGates", "x-readinessGates") };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("gated.yaml");
    std::fs::write(&file, text).expect("it is written");
    let set = ["loadBalancer.propagation={shared: 0s, add: 30s, remove: 1s}", "pod.startup=2s", "rate=20/s"]
        .map(str::to_owned);
    let loaded = dryroll::scenario::load(&dryroll::scenario::Request {
        set: &set,
        rate: Some("20/s"),
        ..dryroll::scenario::Request::new(&file)
    });
    let loaded = loaded.unwrap_or_else(|d| panic!("{}", d[0].render(false)));
    let r = dryroll::simulate::run(&loaded.scenario, 1, 0);
    assert!(r.rollout.is_some_and(|t| t.duration.is_some()), "it completes");
    let first = |times: Vec<dryroll::engine::SimTime>| times.iter().map(|t| t.secs()).fold(f64::INFINITY, f64::min);
    let new = first(r.pods.iter().filter(|p| p.revision.0 > 0).filter_map(|p| p.ready).collect());
    let old = first(r.pods.iter().filter(|p| p.revision.0 == 0).filter_map(|p| p.deletion_requested).collect());
    (old - new, loaded.warnings.iter().map(|d| d.render(false)).collect())
}

#[test]
fn the_readiness_gates_of_a_manifest_hold_the_rollout_until_the_balancer_sends() {
    let (gated, told) = from_ready_to_deletion(true);
    assert!((30.0..31.0).contains(&gated), "{gated} s");
    assert!(told.contains("only the readiness gates of load balancers are simulated"), "{told}");
    assert_eq!(told.matches("taken as open").count(), 1, "the balancer's own is none of those:\n{told}");
    let (free, told) = from_ready_to_deletion(false);
    assert!(free < 1.0 && !told.contains("readiness gates"), "{free} s\n{told}");
}

#[test]
fn a_sidecar_counts_for_readiness_and_an_init_container_for_the_start() {
    let manifest = |policy: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{replicas: 2, template: {{spec: {{\
             initContainers: [{{name: proxy{policy}, readinessProbe: {{periodSeconds: 20}}}}], \
             containers: [{{name: app, readinessProbe: {{periodSeconds: 3}}}}]}}}}}}\n"
        )
    };
    let read = |policy| {
        let loaded = load_str("a.yaml", &manifest(policy), &[]).unwrap_or_else(|d| panic!("{}", d[0].render(false)));
        let period = loaded.scenario.pod.readiness_probe.map(|p| p.period.secs());
        (period, loaded.warnings.iter().any(|w| w.to_string().contains("initContainers")))
    };
    assert_eq!(read(", restartPolicy: Always"), (Some(20.0), false));
    assert_eq!(read(""), (Some(3.0), true));
}

/// Four pods that sleep 10 s before they drain, behind proxies that have heard of a removal after a second.
const SIDECAR: &str = "
workload: {replicas: 4, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
pod: {concurrency: 64, startup: 2s, serviceTime: 2s, readinessProbe: none, termination: {preStop: 10s}}
loadBalancer: {proxies: 2, propagation: {shared: 0s, add: 0s, remove: 1s}}
clients: [{name: web, rate: 40/s, arrivals: {distribution: constant}, connections: 400}]
deploy: {at: 10s}
observe: {warmup: 5s, after: 20s}
";

#[test]
fn a_proxy_that_exits_before_its_container_cuts_what_goes_through_it() {
    let play = |more: &str| {
        let set = [more.to_owned()];
        let loaded = load_str("sidecar.yaml", SIDECAR, &set).unwrap_or_else(|d| panic!("{}", d[0].render(false)));
        dryroll::simulate::run(&loaded.scenario, 1, 0)
    };
    let by = |r: &Replication, cause: Cause| r.phases.iter().map(|p| p.causes[cause as usize]).sum::<u64>();
    let dropped = |r: &Replication| r.phases.iter().map(|p| p.causes.iter().sum::<u64>()).sum::<u64>();
    assert_eq!(dropped(&play("pod.termination.preStop=10s")), 0, "none of its own, or one that ends last");
    assert_eq!(
        dropped(&play("pod.termination.sidecarExit=4s")),
        0,
        "the removal and the longest request are over by then"
    );
    // Of each pod what 10 requests a second have there for 2 s, less those that have gone elsewhere for a second.
    let early = play("pod.termination.sidecarExit=2s");
    let cut = by(&early, Cause::SeveredByKill);
    assert!((28..=52).contains(&cut), "{cut} in flight, four times 10/s of the second that is left");
    // Before proxies have heard, it refuses.
    let first = play("pod.termination.sidecarExit=0s");
    let (cut, stale) = (by(&first, Cause::SeveredByKill), by(&first, Cause::StaleRoute));
    assert!((60..=100).contains(&cut) && (24..=48).contains(&stale), "{cut} cut, {stale} refused");
    // The container still takes its time: pods are gone as late as ever.
    assert!(gone(&first).len() == 4 && gone(&first).iter().all(|s| (10.0..10.1).contains(s)), "{:?}", gone(&first));
}

/// How long each pod took from its deletion on (s).
fn gone(r: &Replication) -> Vec<f64> {
    r.pods.iter().filter_map(|p| Some(p.gone?.since(p.deletion_requested?).secs())).collect()
}

#[test]
fn a_proxy_that_outlives_its_container_answers_in_its_place_and_retries_of_connects_do_not_see_it() {
    let play = |more: &[&str]| {
        let base = ["pod.termination.preStop=0s", "pod.serviceTime=10ms", "pod.termination.sidecarExit=5s"];
        let set: Vec<String> = base.iter().chain(more).map(|s| (*s).to_owned()).collect();
        let loaded = load_str("sidecar.yaml", SIDECAR, &set).unwrap_or_else(|d| panic!("{}", d[0].render(false)));
        dryroll::simulate::run(&loaded.scenario, 1, 0)
    };
    let retries = "loadBalancer.retries={attempts: 2, on: [connectFailure]}";
    let (status, refused) = ("pod.termination.sidecarStatus=503", "loadBalancer.status.connectFailure=502");
    let stale = |r: &Replication| {
        let by = |outcome: Outcome| r.phases.iter().map(|p| p.outcomes[outcome as usize - 1]).sum::<u64>();
        let cause = r.phases.iter().map(|p| p.causes[Cause::StaleRoute as usize]).sum::<u64>();
        (cause, by(Outcome::S503), by(Outcome::S502))
    };
    // Four times what goes to one of four pods, or five, in the second until proxies have heard: 40/s.
    let (all, by_sidecar, by_proxy) = stale(&play(&[status, refused]));
    assert!((28..=46).contains(&all) && by_sidecar == all && by_proxy == 0, "{all}, {by_sidecar}, {by_proxy}");
    let without = stale(&play(&[refused]));
    assert!((28..=46).contains(&without.0) && without.2 == without.0, "{without:?}");
    // A retry of failed connects helps against a refusal, and not against an answer.
    assert_eq!(stale(&play(&[retries])).0, 0);
    let (retried, answered, _) = stale(&play(&[retries, status]));
    assert!((28..=46).contains(&retried) && answered == retried, "{retried}");
    assert_eq!(
        stale(&play(&["loadBalancer.retries={attempts: 2, on: [connectFailure, 503], nonIdempotent: true}", status])).0,
        0
    );
    // The pod is there as long as either, and who ends last says how long.
    for (more, expected) in [(&[status][..], 5.0), (&[], 0.0), (&[status, "pod.termination.sidecarExit=1h"], 0.0)] {
        let seen = gone(&play(more));
        assert!(seen.len() == 4 && seen.iter().all(|s| (expected..expected + 0.1).contains(s)), "{more:?}: {seen:?}");
    }
    // What a container leaves behind at the end of its drain is answered, too.
    let cut = ["pod.serviceTime=3s", "pod.termination.drainWindow=1s", status];
    let cut = play(&cut);
    let severed = cut.phases.iter().map(|p| p.causes[Cause::SeveredByDrain as usize]).sum::<u64>();
    assert!(severed > 40 && gone(&cut).iter().all(|s| (5.0..5.1).contains(s)), "{severed}, {:?}", gone(&cut));
    let by_503 = cut.phases.iter().map(|p| p.outcomes[Outcome::S503 as usize - 1]).sum::<u64>();
    assert_eq!(by_503, cut.phases.iter().map(|p| p.causes.iter().sum::<u64>()).sum::<u64>());
}
