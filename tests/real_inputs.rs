//! What people have lying about: manifests as projects publish them, request counts as load balancers export them.

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
    assert!(lines[1].trim_start().starts_with("A deploy drops "), "{line}: no answer first, but `{}`", lines[1]);
    let place = |what: &str| out.find(what).unwrap_or_else(|| panic!("{line}: no {what:?} in\n{out}"));
    assert!(place("before") < place("Next") && place("Next") < place("Assumed"), "{out}");
    assert!(!out.contains("NaN") && !out.contains("inf"), "{out}");
    (out, err)
}

#[test]
fn a_deployment_among_services_is_forecast_with_what_it_leaves_open() {
    let (out, err) = assert_forecast("tests/data/manifests/frontend.yaml", "storefront · 1 replica · ");
    assert!(out.contains("stale route"), "no preStop hook, so a pod's last second is lost:\n{out}");
    assert!(
        err.contains("skipped Service storefront, Service storefront-external, ServiceAccount storefront"),
        "{err}"
    );
}

#[test]
fn a_deployment_with_hooks_and_several_containers_drops_nothing() {
    let (out, err) = assert_forecast("tests/data/manifests/checkout.yaml", "checkout · 6 replicas · maxSurge 1, ");
    assert!(out.contains("A deploy drops nothing"), "{out}");
    assert!(err.contains("ConfigMap checkout-config"), "{err}");
}

#[test]
fn of_several_workloads_one_is_picked_by_name() {
    let (status, out, err) = run("tests/data/manifests/cart.yaml", b"");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("pick one by --workload NAME: cart, cart-cache"), "{err}");
    let (out, _) = assert_forecast("tests/data/manifests/cart.yaml --workload cart", "cart · 3 replicas · ");
    assert!(out.contains("--workload cart "), "what to type next picks it too:\n{out}");
    let (_, err) = assert_forecast("tests/data/manifests/cart.yaml --workload cart-cache", "cart-cache · 1 replica · ");
    assert!(err.contains("Deployment cart"), "{err}");
    let (status, _, err) = run("tests/data/manifests/cart.yaml --workload basket", b"");
    assert_eq!(status, 2);
    assert!(err.contains("`basket`") && err.contains("cart, cart-cache"), "{err}");
}

#[test]
fn traffic_is_told_on_the_command_line() {
    let told = "tests/data/manifests/cart.yaml --workload cart --rate 50/s --service-time p50=5ms,p99=40ms";
    let (out, _) = assert_forecast(told, "cart · 3 replicas · ");
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
fn an_argo_rollout_is_refused_in_so_many_words() {
    let (status, out, err) = run("tests/data/manifests/rollout.yaml", b"");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("a Rollout is not simulated in this version"), "{err}");
    assert!(err.contains("rollout.yaml:2:7"), "{err}");
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

/// Requests in buckets of 5 minutes, those around the fullest one.
fn busiest_buckets() -> [f64; 12] {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SERIES)).expect("the series is there");
    let rows = text.lines().skip(1).map(|line| line.split_once(',').expect("two columns"));
    let counts: Vec<f64> = rows.map(|(_, count)| count.parse().expect("a count")).collect();
    let fullest = (0..counts.len()).max_by(|a, b| counts[*a].total_cmp(&counts[*b])).expect("rows");
    std::array::from_fn(|n| counts[fullest + n - 6])
}

/// Requests up to `until` [s], where the rate runs straight from the middle of one bucket to the middle of the next.
fn integral(buckets: &[f64; 12], until: f64) -> f64 {
    let rate = |t: f64| {
        let place = (t / 300.0 - 0.5).clamp(0.0, 11.0);
        let (left, part) = (libm::floor(place) as usize, place - libm::floor(place));
        (buckets[left] * (1.0 - part) + buckets[(left + 1).min(11)] * part) / 300.0
    };
    let steps = (until * 10.0) as usize;
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
        // The seventh five minutes, when the deploy begins, are the fullest of the hour.
        let ended: Vec<u64> = r.bins.chunks_exact(300).map(|five| five.iter().map(|b| b.ok).sum()).collect();
        let fullest = (0..ended.len()).max_by_key(|n| ended[*n]).expect("an hour");
        assert!((5..=7).contains(&fullest), "the fullest five minutes are number {fullest}: {ended:?}");
    }
}
