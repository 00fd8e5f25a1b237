//! Files that are right: what they are read as, what they are assumed to mean.

use std::fs;
use std::path::Path;

use dryroll::engine::{Dur, Purpose, Streams};
use dryroll::scenario::{self, Arrivals, IntOrPercent, Load, Loaded, OnSigterm, PropagationOrder, Request, Strategy};

fn load(path: &str) -> Loaded {
    load_as(&Request::new(Path::new(path)))
}

fn load_as(request: &Request<'_>) -> Loaded {
    scenario::load(request).unwrap_or_else(|diags| {
        let told: Vec<String> = diags.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n\n"))
    })
}

fn set(text: &str, set: &[&str]) -> Loaded {
    let set: Vec<String> = set.iter().map(ToString::to_string).collect();
    scenario::load_str("test.yaml", text, &set).unwrap_or_else(|diags| panic!("{}", diags[0]))
}

const LEAST: &str = "clients: [{name: web, rate: 100/s}]";

fn bounds(loaded: &Loaded) -> (IntOrPercent, IntOrPercent) {
    match loaded.scenario.workload.strategy {
        Strategy::RollingUpdate { max_surge, max_unavailable } => (max_surge, max_unavailable),
        ref other => panic!("a rolling update was expected, not {other:?}"),
    }
}

#[test]
fn every_field_is_accepted() {
    let loaded = load("tests/data/scenario/full.yaml");
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings[0]);
    let scenario = &loaded.scenario;
    assert_eq!((scenario.name.as_str(), scenario.seed), ("storefront", 7));
    assert_eq!(bounds(&loaded), (IntOrPercent::Int(2), IntOrPercent::Percent(10.0)));
    assert_eq!(scenario.workload.progress_deadline, Dur::from_millis(300_500));
    assert_eq!(scenario.pod.termination.on_sigterm, OnSigterm::Ignore);
    assert_eq!(scenario.clients.len(), 3);
    assert_eq!(scenario.deploy.as_ref().map(|d| d.events.len()), Some(7));
    let objectives = loaded.objectives.expect("the file has objectives");
    assert_eq!((objectives.share, objectives.p99), (0.9, Some(Dur::from_millis(250))));
    assert_eq!((objectives.dropped, objectives.excess), (Some(0.0), Some(12.5)));
}

#[test]
fn the_new_version_differs_only_where_it_says_so() {
    let scenario = load("tests/data/scenario/full.yaml").scenario;
    let (old, new) = (&scenario.pod, &scenario.new_pod);
    assert_eq!((old.concurrency, old.error_rate, old.never_ready), (32, 0.0, false));
    assert_eq!((new.concurrency, new.error_rate, new.never_ready), (32, 0.01, true));
    // `serviceTime: {p99: 200ms}` keeps the median of the old version.
    assert!((new.service_time.quantile(0.5) - old.service_time.quantile(0.5)).abs() < 1e-12);
    assert!((new.service_time.quantile(0.99) - 0.2).abs() < 1e-12);
    assert_eq!(new.warmup.over, scenario::WarmupOver::Requests(2000));
}

#[test]
fn what_is_not_said_is_the_documented_default() {
    let scenario = set(LEAST, &[]).scenario;
    assert_eq!(
        format!("{:?}", scenario.pod.readiness_probe.expect("Kubernetes' default probe")),
        "Probe { initial_delay: 0s, period: 10s, timeout: 1s, success_threshold: 1, failure_threshold: 3 }"
    );
    let termination = &scenario.pod.termination;
    assert_eq!(termination.grace_period, Dur::from_secs(30));
    assert_eq!((termination.drain_window, termination.close_jitter), (Dur::from_secs(30), Dur::ZERO));
    assert_eq!((scenario.pod.warmup.slowdown, scenario.pod.concurrency, scenario.pod.queue), (1.0, 16, 128));
    assert_eq!((scenario.load_balancer.proxies, scenario.load_balancer.retries.attempts), (3, 0));
    assert!(scenario.load_balancer.active_health.is_none() && scenario.load_balancer.slow_start.window.is_zero());
    assert_eq!(scenario.workload.progress_deadline, Dur::from_secs(600));
    assert_eq!(
        (scenario.network.latency, scenario.network.client),
        (Dur::from_nanos(500_000), Dur::from_nanos(500_000))
    );
    let clients = &scenario.clients[0];
    assert_eq!((clients.connections, clients.timeout, clients.retries.attempts), (100, Dur::from_secs(10), 0));
    assert_eq!(scenario.deploy.expect("a deploy").at, Dur::from_secs(60));
    let observe = scenario.observe;
    assert_eq!((observe.warmup, observe.after), (Dur::from_secs(30), Dur::from_secs(60)));
    assert_eq!((observe.limit, observe.steady), (Dur::from_secs(21_600), Dur::from_secs(60)));
    assert_eq!((scenario.name.as_str(), scenario.seed), ("test", 1));
    assert!(set("clients: [{rate: 1/s}]\ndeploy: none", &[]).scenario.deploy.is_none());
}

/// Whatever a manifest leaves open is an assumption only as long as nobody says it beside it.
#[test]
fn what_is_said_beside_a_manifest_is_not_assumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scenario.yaml");
    fs::write(folder.path().join("m.yaml"), "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a}]}}}\n")
        .expect("it is written");
    let probe = |text: &str| {
        fs::write(&path, format!("workload: {{manifest: m.yaml}}\n{text}clients: [{{rate: 10/s}}]\n"))
            .expect("it is written");
        let loaded = scenario::load(&Request::new(&path)).unwrap_or_else(|d| panic!("{}", d[0].render(false)));
        loaded.assumptions.iter().any(|a| a.starts_with("pod.readinessProbe"))
    };
    assert!(probe(""));
    assert!(!probe("pod: {readinessProbe: {periodSeconds: 10}}\n"));
}

#[test]
fn assumptions_name_the_field_the_value_and_the_source() {
    let assumptions = set(LEAST, &[]).assumptions;
    assert!(assumptions.len() >= 10, "{assumptions:#?}");
    assert!(assumptions.iter().all(|a| a.contains(" (") && a.ends_with(')')), "{assumptions:#?}");
    let said = set(LEAST, &["concurrency=8"]).assumptions;
    assert_eq!(said.len() + 1, assumptions.len(), "what is said is not assumed");
}

#[test]
fn only_what_matters_is_assumed() {
    let about = |loaded: &Loaded, path: &str| loaded.assumptions.iter().any(|a| a.starts_with(path));
    let steady = set(LEAST, &["deploy=none"]);
    for path in ["workload.strategy", "pod.startup", "pod.warmup", "pod.readinessProbe", "pod.termination"] {
        assert!(about(&set(LEAST, &[]), path) && !about(&steady, path), "{path}");
    }
    assert!(about(&steady, "pod.serviceTime"));
    let streams = set("clients: [{streams: {count: 9}}]", &[]);
    assert!(about(&streams, "pod.startup") && !about(&streams, "pod.serviceTime"));
}

#[test]
fn paths_may_be_short_where_they_are_clear() {
    let loaded = set(
        LEAST,
        &[
            "maxSurge=100%",
            "preStop=15s",
            "rate=30/m",
            "clients.0.connections=7",
            "clients.web.timeout=3s",
            "newVersion.startup=1m",
            "serviceTime={distribution: uniform, min: 10ms, max: 20ms}",
            "serviceTime.max=30ms",
        ],
    );
    let scenario = &loaded.scenario;
    assert_eq!(bounds(&loaded).0, IntOrPercent::Percent(100.0));
    assert_eq!(scenario.pod.termination.pre_stop.mean(), 15.0);
    let clients = &scenario.clients[0];
    assert_eq!((clients.connections, clients.timeout), (7, Dur::from_secs(3)));
    assert!(matches!(&clients.load, Load::Open(Arrivals::Poisson(p)) if p.points == [(Dur::ZERO, 0.5)]));
    assert_eq!(scenario.new_pod.startup.mean(), 60.0);
    assert!((scenario.pod.service_time.mean() - 0.02).abs() < 1e-12);
}

/// A field that is added must not take a short name away from those who use it: each of these stands in somebody's script.
#[test]
fn the_names_that_people_use_alone_stay_clear() {
    for set_alone in [
        "maxSurge=1",
        "maxUnavailable=0",
        "minReadySeconds=5",
        "progressDeadlineSeconds=300",
        "replicas=4",
        "concurrency=8",
        "queue=16",
        "startup=3s",
        "serviceTime=20ms",
        "preStop=5s",
        "onSigterm=exit",
        "lameDuck=5s",
        "drainWindow=10s",
        "cleanup=1s",
        "closeJitter=5s",
        "connectionClose=response",
        "terminationGracePeriodSeconds=60",
        "afterExit=unreachable",
        "layer=4",
        "proxies=2",
        "algorithm=random",
        "remove=2s",
        "add=1s",
        "deregistrationDelay=20s",
        "slowStart=10s",
        "rate=50/s",
        "idempotent=50%",
        "at=90s",
        "after=30s",
        "seed=3",
    ] {
        let loaded = set(LEAST, &[set_alone]);
        assert!(loaded.warnings.is_empty(), "{set_alone}: {}", loaded.warnings[0]);
    }
}

#[test]
fn a_manifest_is_read_and_its_traffic_assumed() {
    let loaded = load("tests/data/manifests/checkout.yaml");
    let scenario = &loaded.scenario;
    assert_eq!((scenario.name.as_str(), loaded.kind), ("checkout", Some("Deployment")));
    assert_eq!((scenario.workload.replicas, scenario.workload.min_ready), (6, Dur::from_secs(10)));
    assert_eq!(bounds(&loaded), (IntOrPercent::Int(1), IntOrPercent::Int(0)));
    assert_eq!(scenario.pod.termination.pre_stop.mean(), 15.0);
    assert_eq!(scenario.pod.termination.grace_period, Dur::from_secs(45));
    assert_eq!(scenario.pod.readiness_probe.map(|p| p.initial_delay), Some(Dur::from_secs(5)));
    let Load::Open(Arrivals::Poisson(profile)) = &scenario.clients[0].load else { panic!("open loop") };
    let busy = profile.points[0].1 * scenario.pod.service_time.mean() / (6.0 * 16.0);
    assert!((busy - 0.6).abs() < 0.001, "{busy}");
    assert!(loaded.assumptions.iter().any(|a| a.starts_with("clients.traffic.rate")));
}

/// As `helm template --include-crds` writes: the definitions of an operator's resources nest deeper than all that is read.
#[test]
fn what_is_skipped_may_be_larger_than_what_is_read() {
    let checkout = fs::read_to_string("tests/data/manifests/checkout.yaml").expect("the manifest is there");
    let deep =
        |kind: &str| format!("kind: {kind}\nmetadata: {{name: deep}}\nspec: {}{}\n", "{a: ".repeat(60), "}".repeat(60));
    let long = format!("kind: ConfigMap\nmetadata: {{name: long}}\ndata: {{x: {}}}\n", "x".repeat(5 << 20));
    let wide = format!("kind: Secret\nmetadata: {{name: wide}}\ndata: [{}]\n", "x,".repeat(200_001));
    let read = |text: &str| scenario::load_str("chart.yaml", text, &[]);
    let text = format!("{}---\n{long}---\n{wide}---\n{checkout}", deep("CustomResourceDefinition"));
    let loaded = read(&text).expect("one workload");
    assert_eq!(loaded.scenario.workload.replicas, 6);
    let note = loaded.warnings.iter().find(|w| w.code == "skipped").expect("it says so");
    assert!(
        note.message.starts_with("skipped CustomResourceDefinition deep, ConfigMap long, Secret wide"),
        "{}",
        note.message
    );
    // What would be read is refused, and so is what does not say what it is.
    for unread in
        [deep("Deployment"), deep("List"), deep("HorizontalPodAutoscaler"), deep("x").replace("kind: x\n", "")]
    {
        let diags = read(&format!("{checkout}---\n{unread}")).expect_err("too deep");
        assert_eq!(diags[0].message, "this document is nested more than 32 levels deep");
    }
    // Each document has a budget of its own.
    let many = format!("---\nkind: ConfigMap\ndata: [{}]\n", "x,".repeat(50_000)).repeat(5);
    assert!(read(&format!("{checkout}{many}")).is_ok());
}

#[test]
fn the_probes_of_a_manifest_are_read() {
    let pod = load("tests/data/manifests/paused.yaml").scenario.pod;
    let (startup, liveness) = (pod.startup_probe.expect("a probe"), pod.liveness_probe.expect("a probe"));
    let readiness = pod.readiness_probe.expect("a probe");
    assert_eq!((readiness.initial_delay, readiness.period), (Dur::from_secs(5), Dur::from_secs(3)));
    assert_eq!((startup.probe.initial_delay, startup.probe.failure_threshold), (Dur::from_secs(20), 30));
    assert_eq!((liveness.probe.period, liveness.grace_period), (Dur::from_secs(10), None));
}

#[test]
fn the_strictest_liveness_probe_of_several_containers_governs() {
    let two = "kind: Deployment\nspec: {template: {spec: {containers: [{livenessProbe: {failureThreshold: 9}}, \
               {livenessProbe: {periodSeconds: 3, terminationGracePeriodSeconds: 5}}]}}}";
    let loaded = set(two, &[]);
    let liveness = loaded.scenario.pod.liveness_probe.expect("a probe");
    assert_eq!((liveness.probe.period, liveness.grace_period), (Dur::from_secs(3), Some(Dur::from_secs(5))));
    assert!(loaded.scenario.pod.readiness_probe.is_none(), "Ready as soon as started");
}

#[test]
fn options_tell_what_a_manifest_cannot() {
    let path = Path::new("tests/data/manifests/bare.yaml");
    let loaded = load_as(&Request {
        workload: Some("api"),
        rate: Some("2000/s"),
        service_time: Some("p50=20ms,p99=120ms"),
        seed: Some(9),
        ..Request::new(path)
    });
    assert_eq!(loaded.scenario.workload.strategy, Strategy::Recreate);
    assert_eq!((loaded.scenario.workload.replicas, loaded.scenario.seed), (4, 9));
    assert!((loaded.scenario.pod.service_time.quantile(0.99) - 0.12).abs() < 1e-12);
    assert!(loaded.scenario.pod.readiness_probe.is_none());
    assert!(!loaded.assumptions.iter().any(|a| a.contains("rate") || a.contains("serviceTime")));
}

#[test]
fn files_beside_a_scenario_are_read() {
    let scenario = load("tests/data/scenario/files.yaml").scenario;
    // The manifest's six replicas are overridden, its preStop is not.
    assert_eq!((scenario.name.as_str(), scenario.workload.replicas), ("checkout", 8));
    assert_eq!(scenario.pod.termination.pre_stop.mean(), 15.0);
    assert!((scenario.pod.startup.mean() - 0.025).abs() < 1e-12);
    assert!((scenario.pod.service_time.quantile(0.5) - 0.03).abs() < 1e-12);
    let Load::Open(Arrivals::Poisson(profile)) = &scenario.clients[0].load else { panic!("a profile") };
    // Around the fullest bucket; the one after it is missing from the file, hence empty.
    let points = [(150, 1.0), (450, 10.0), (750, 0.0)].map(|(t, rate)| (Dur::from_secs(t), rate));
    assert_eq!(profile.points, points);
    let Load::Open(Arrivals::Trace(times)) = &scenario.clients[1].load else { panic!("a trace") };
    assert_eq!(*times, [250, 500, 1750].map(Dur::from_millis));
}

#[test]
fn an_ecs_service_is_read_with_its_task_definition() {
    let loaded = load("tests/data/platforms/checkout.json");
    let scenario = &loaded.scenario;
    assert_eq!((scenario.name.as_str(), scenario.workload.replicas), ("checkout", 4));
    let Strategy::Ecs(ecs) = &scenario.workload.strategy else { panic!("an ECS service") };
    assert_eq!((ecs.minimum_healthy, ecs.maximum, ecs.circuit_breaker, ecs.rollback), (100.0, 150.0, true, true));
    assert_eq!(ecs.fails_after, Dur::from_secs(80));
    assert_eq!(scenario.load_balancer.propagation.order, PropagationOrder::DrainThenStop);
    assert_eq!(scenario.pod.termination.grace_period, Dur::from_secs(60), "the container that serves governs");
}

#[test]
fn a_nomad_job_says_the_same_in_hcl_and_in_json() {
    for path in ["tests/data/platforms/shop.nomad.hcl", "tests/data/platforms/shop.nomad.json"] {
        let scenario = load_as(&Request { workload: Some("web"), ..Request::new(Path::new(path)) }).scenario;
        assert_eq!((scenario.name.as_str(), scenario.workload.replicas), ("shop", 6), "{path}");
        let Strategy::Nomad(update) = &scenario.workload.strategy else { panic!("{path}: a Nomad job") };
        assert_eq!((update.max_parallel, update.canary), (2, 1), "{path}: the group's lies over the job's");
        assert!(update.auto_revert && update.auto_promote, "{path}");
        assert_eq!(scenario.workload.min_ready, Dur::from_secs(15), "{path}");
        assert_eq!(scenario.pod.termination.pre_stop.mean(), 8.0, "{path}");
        assert_eq!(scenario.pod.termination.grace_period, Dur::from_secs(33), "{path}");
    }
    let path = Path::new("tests/data/platforms/shop.nomad.hcl");
    let diags = scenario::load(&Request::new(path)).expect_err("which group?");
    assert_eq!(diags[0].code, "several-workloads");
}

/// Damages a scenario in thousands of ways; whatever comes of it, it must be an answer.
#[test]
fn damaged_scenarios_never_panic() {
    const BITS: &[u8] = b"{}[]:,-#&*!|>'\"%@`\n\t \\0\xff\xc3~<?";
    let full = fs::read("tests/data/scenario/full.yaml").expect("the scenario is there");
    let manifest = fs::read("tests/data/manifests/checkout.yaml").expect("the manifest is there");
    let job = fs::read("tests/data/platforms/shop.nomad.hcl").expect("the job is there");
    for case in 0..3_000 {
        let mut dice = Streams::new(1, case).stream(Purpose::Balance, 0);
        let (name, text) = match case % 5 {
            0 | 1 => ("damaged.yaml", &full),
            2 | 3 => ("damaged.yaml", &manifest),
            _ => ("damaged.hcl", &job),
        };
        let mut text = text.clone();
        for _ in 0..=dice.below(6) {
            let at = dice.below(text.len() as u32) as usize;
            let other = dice.below(text.len() as u32) as usize;
            match dice.below(5) {
                0 => text[at] ^= 1 << dice.below(8),
                1 => drop(text.remove(at)),
                2 => text.insert(at, BITS[dice.below(BITS.len() as u32) as usize]),
                3 => text.truncate(at.max(1)),
                _ => {
                    let piece = text[other..(other + 40).min(text.len())].to_vec();
                    text.splice(at..at, piece);
                }
            }
        }
        let text = String::from_utf8_lossy(&text);
        match scenario::load_str(name, &text, &["maxSurge=2".to_owned()]) {
            Ok(loaded) => assert!(!loaded.scenario.clients.is_empty()),
            Err(diags) => assert!(diags.iter().all(|d| !d.render(false).is_empty())),
        }
    }
}

/// What `run` proposes can be pasted: a probe's own grace period goes by its long name where the pod has one.
#[test]
fn a_short_name_means_a_probes_field_only_where_nothing_else_has_it() {
    let yaml = format!("pod: {{livenessProbe: {{terminationGracePeriodSeconds: 20}}}}\n{LEAST}\n");
    let pod = set(&yaml, &["terminationGracePeriodSeconds=42"]).scenario.pod;
    assert_eq!(pod.termination.grace_period, Dur::from_secs(42));
    assert_eq!(pod.liveness_probe.expect("it has one").grace_period, Some(Dur::from_secs(20)));
}
