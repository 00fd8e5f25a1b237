//! What people have lying about: manifests as projects publish them, request counts as load balancers export them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use dryroll::metrics::replication::Replication;
use dryroll::scenario::load_str;
use dryroll::simulate;

/// `dryroll run` from the project's folder with these arguments and this standard input: status, stdout, stderr.
fn run(line: &str, stdin: &[u8]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("dryroll").expect("the binary is built");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("run").args(line.split_whitespace());
    let output = command.env("NO_COLOR", "1").write_stdin(stdin).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it exits"), text(output.stdout), text(output.stderr))
}

/// A forecast that reads as one: what is rolled, the answer, then the reasons, then what was assumed.
#[track_caller]
fn assert_forecast(line: &str, title: &str) -> (String, String) {
    let (status, out, err) = run(&format!("{line} --replications 4"), b"");
    assert_eq!(status, 0, "{line}: {err}");
    let lines: Vec<&str> = out.lines().filter(|l| !l.trim().is_empty()).collect();
    assert!(lines[0].starts_with(title), "{line}: expected `{title}`, found `{}`", lines[0]);
    let place = |what: &str| out.find(what).unwrap_or_else(|| panic!("{line}: no {what:?} in\n{out}"));
    let order = ["A deploy drops ", "before  ", "Next", "Assumed"].map(place);
    assert!(
        order.is_sorted(),
        "{line}: not the answer first, then the figures, then what to do and what was assumed:\n{out}"
    );
    assert!(!out.contains("NaN") && !out.contains("inf"), "{out}");
    (out, err)
}

#[test]
fn a_deployment_among_services_is_forecast_with_what_it_leaves_open() {
    let (out, err) = assert_forecast("tests/data/manifests/frontend.yaml", "storefront · Deployment, 1 replica · ");
    assert!(out.contains("stale route"), "no preStop hook, so a pod's last second is lost:\n{out}");
    assert!(
        err.contains("skipped Service storefront, Service storefront-external, ServiceAccount storefront"),
        "{err}"
    );
}

#[test]
fn a_deployment_with_hooks_and_several_containers_drops_nothing() {
    let (out, err) =
        assert_forecast("tests/data/manifests/checkout.yaml", "checkout · Deployment, 6 replicas · maxSurge 1, ");
    assert!(out.contains("A deploy drops nothing"), "{out}");
    assert!(err.contains("ConfigMap checkout-config"), "{err}");
}

#[test]
fn of_several_workloads_one_is_picked_by_name() {
    let (status, out, err) = run("tests/data/manifests/cart.yaml", b"");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("pick one by --workload NAME: cart, cart-cache"), "{err}");
    let (out, _) =
        assert_forecast("tests/data/manifests/cart.yaml --workload cart", "cart · Deployment, 3 replicas · ");
    assert!(out.contains("--workload cart "), "what to type next picks it too:\n{out}");
    let (_, err) = assert_forecast(
        "tests/data/manifests/cart.yaml --workload cart-cache",
        "cart-cache · Deployment, 1 replica · ",
    );
    assert!(err.contains("Deployment cart"), "{err}");
    let (status, _, err) = run("tests/data/manifests/cart.yaml --workload basket", b"");
    assert_eq!(status, 2);
    assert!(err.contains("`basket`") && err.contains("cart, cart-cache"), "{err}");
}

#[test]
fn a_stateful_set_rolls_down_to_its_partition() {
    let told = "tests/data/manifests/database.yaml --rate 100/s";
    let (out, err) = assert_forecast(told, "database · StatefulSet, 5 replicas · Parallel, partition 2 · ");
    assert!(err.contains("skipped Service database"), "{err}");
    assert!(!out.contains("not complete"), "three of five pods roll, and that is all:\n{out}");
}

#[test]
fn a_daemon_set_rolls_on_as_many_nodes_as_are_assumed() {
    let told = "tests/data/manifests/agent.yaml --set replicas=4 --rate 100/s";
    assert_forecast(told, "agent · DaemonSet, 4 replicas · maxSurge 30 %, maxUnavailable 0 · ");
}

#[test]
fn traffic_is_told_on_the_command_line() {
    let told = "tests/data/manifests/cart.yaml --workload cart --rate 50/s --service-time p50=5ms,p99=40ms";
    let (out, _) = assert_forecast(told, "cart · Deployment, 3 replicas · ");
    assert!(!out.contains("clients.traffic.rate"), "what is told is not assumed:\n{out}");
    assert!(out.contains("--rate 50/s --service-time p50=5ms,p99=40ms"), "{out}");
}

#[test]
fn stdin_gives_the_same_forecast_as_the_file() {
    let file = "tests/data/manifests/frontend.yaml";
    let manifest = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the manifest is there");
    let options = "--format csv --replications 2";
    let (status, piped, err) = run(&format!("- {options}"), &manifest);
    assert_eq!(status, 0, "{err}");
    assert_eq!(piped, run(&format!("{file} {options}"), b"").1);
}

#[test]
fn an_argo_canary_waits_for_whoever_promotes_it() {
    let told = "tests/data/manifests/rollout.yaml --rate 100/s --set promoteAfter=45s";
    let (out, _) = assert_forecast(told, "guestbook · Rollout, 5 replicas · canary 20 % · ");
    assert!(!out.contains("promoteAfter 1m"), "what is told is not assumed:\n{out}");
    let (_, out, _) = run("tests/data/manifests/rollout.yaml --rate 100/s --assumptions --replications 2", b"");
    assert!(out.contains("workload.promoteAfter 1m"), "{out}");
}

#[test]
fn a_blue_green_rollout_switches_all_at_once() {
    let told = "tests/data/manifests/blue-green.yaml --rate 100/s";
    assert_forecast(told, "guestbook · Rollout, 3 replicas · blue-green, promoted by hand · ");
}

/// A single pod is replaced without a gap where its successor's endpoint stands in the list that no longer has its own.
#[test]
fn the_endpoints_of_a_manifest_are_heard_of_as_a_whole() {
    let manifest = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: single}
spec:
  replicas: 1
  selector: {matchLabels: {app: single}}
  template:
    metadata: {labels: {app: single}}
    spec:
      containers:
        - name: web
          image: web:1
          lifecycle: {preStop: {exec: {command: [sleep, '10']}}}
";
    let lost = |more: &str| {
        let options = format!("- --rate 50/s --replications 20 --format csv {more}");
        let (status, out, err) = run(&options, manifest.as_bytes());
        assert_eq!(status, 0, "{err}");
        let mut lines = out.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let head = lines.next().expect("a head");
        let at = head.iter().position(|name| name == "noEndpoints").expect("a column");
        lines.map(|row| row[at].parse::<f64>().expect("a number")).sum::<f64>()
    };
    assert_eq!(lost(""), 0.0);
    assert!(lost("--set propagation.snapshots=false") > 0.0, "by itself each change overtakes others");
    // Targets are registered one by one.
    assert!(lost("--preset alb") > 0.0);
}

const SERIES: &str = "tests/data/series/requests-per-5m.csv";

/// Its busiest hour: twelve buckets of 5 minutes, the fullest the seventh, a deploy in the middle.
const BUSIEST_HOUR: &str = "
workload: {replicas: 4, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
pod: {concurrency: 4, startup: 8s, termination: {preStop: 10s}}
clients:
  - name: web
    profile: {file: tests/data/series/requests-per-5m.csv, per: 5m, around: busiest, duration: 1h}
deploy: {at: 30m}
observe: {warmup: 0s, after: 25m}
";

/// Requests in buckets of 5 minutes, those around the fullest one; a bucket that the series leaves out held none.
fn busiest_buckets() -> [f64; 12] {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SERIES)).expect("the series is there");
    let row = |line: &str| -> (i64, f64) {
        // 2024-03-05 19:12:00,3415.0: all in one month.
        let number = |from: usize| line[from..from + 2].parse::<i64>().expect("two digits");
        let minutes = (number(8) * 24 + number(11)) * 60 + number(14);
        (minutes / 5, line.split_once(',').expect("two columns").1.parse().expect("a count"))
    };
    let counts: BTreeMap<i64, f64> = text.lines().skip(1).map(row).collect();
    let fullest = *counts.iter().max_by(|a, b| a.1.total_cmp(b.1)).expect("rows").0;
    let hour: [f64; 12] = std::array::from_fn(|n| counts.get(&(fullest + n as i64 - 6)).copied().unwrap_or(0.0));
    assert!(hour.contains(&0.0), "the hour has a gap, too");
    hour
}

/// Requests up to `until` [s], where the rate runs straight from the middle of one bucket to the middle of the next.
fn integral(buckets: &[f64; 12], until: f64) -> f64 {
    let rate = |t: f64| {
        let place = (t / 300.0 - 0.5).clamp(0.0, 11.0);
        let (left, part) = (libm::floor(place) as usize, place - libm::floor(place));
        (buckets[left] * (1.0 - part) + buckets[(left + 1).min(11)] * part) / 300.0
    };
    let steps = (until * 10.0) as usize + 1;
    (0..steps).map(|n| rate((n as f64 + 0.5) * until / steps as f64)).sum::<f64>() * until / steps as f64
}

#[test]
fn a_series_of_request_counts_is_replayed_around_its_busiest_hour() {
    let loaded = load_str("busiest-hour.yaml", BUSIEST_HOUR, &[]);
    let scenario =
        loaded.unwrap_or_else(|d| panic!("{}", d.iter().map(|d| d.render(false)).collect::<String>())).scenario;
    let buckets = busiest_buckets();
    let runs: Vec<Replication> = (0..6).map(|k| simulate::run(&scenario, 1, k)).collect();

    // A Poisson count scatters by the root of its mean; 4.5 of that is a false alarm in 100,000.
    let simulated: f64 = runs.iter().map(|r| r.simulated_requests as f64).sum();
    let seconds = |r: &Replication| r.phases.iter().map(|p| p.seconds).sum::<f64>();
    let expected: f64 = runs.iter().map(|r| integral(&buckets, seconds(r))).sum();
    let slack = 4.5 * expected.sqrt();
    assert!((simulated - expected).abs() < slack, "{simulated} requests, the series has {expected:.0} ± {slack:.0}");
    assert!(expected > 100_000.0, "the busiest hour has more than {expected}");

    for r in &runs {
        assert_eq!(r.phases.iter().map(|p| p.requests).sum::<u64>(), r.simulated_requests);
        assert_eq!(r.phases[0].seconds, 1_800.0);
        assert!(r.rollout.is_some_and(|t| t.duration.is_some()), "the rollout completes");
    }

    // And each five minutes has its own share: the deploy, which begins with the seventh, hides none.
    for five in 0..10 {
        let ended = |r: &Replication| r.bins[five * 300..(five + 1) * 300].iter().map(|b| b.ok).sum::<u64>();
        let ended: f64 = runs.iter().map(|r| ended(r) as f64).sum();
        let expected = 6.0 * (integral(&buckets, (five + 1) as f64 * 300.0) - integral(&buckets, five as f64 * 300.0));
        assert!((ended - expected).abs() < 4.5 * expected.sqrt(), "five minutes {five}: {ended}, not {expected:.0}");
    }
}
