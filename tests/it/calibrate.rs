//! `dryroll calibrate`: known parameters come back from what is logged of them, in every form, and what is written runs.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dryroll::engine::{Purpose, Streams};
use dryroll::scenario::dist::{Dist, Gamma};
use dryroll::scenario::{Arrivals, Load, Request, Scenario, load};

use crate::common::program::{dryroll, json_of};

/// Requests of each log, and their rate (1/s).
const REQUESTS: u64 = 10_000;
const RATE: f64 = 50.0;
/// When logs begin, 2024-03-05 12:00:00 UTC.
const START: f64 = 1_709_640_000.0;

/// Moments (s from the start) and service times (s) of a Poisson stream.
fn requests(service: &Dist) -> Vec<(f64, f64)> {
    let streams = Streams::new(11, 0);
    let (mut gaps, mut times) = (streams.stream(Purpose::Arrival, 1), streams.stream(Purpose::Service, 1));
    let mut at = 0.0;
    (0..REQUESTS)
        .map(|n| {
            at -= libm::log(gaps.open01()) / RATE;
            (at, service.sample(&mut times, n).secs())
        })
        .collect()
}

/// `12:03:20` of a moment.
fn clock(at: f64) -> String {
    let second = at as u64;
    format!("{:02}:{:02}:{:02}", 12 + second / 3600, second / 60 % 60, second % 60)
}

fn millis(at: f64) -> u64 {
    (at * 1e3) as u64 % 1000
}

/// A scenario from a log of this text, what was written, and what was said.
fn calibrated(folder: &Path, log: &str, text: &str, options: &[&str]) -> (Scenario, String, String) {
    let (log, output) = (folder.join(log), folder.join("service.yaml"));
    fs::write(&log, text).expect("it is written");
    let mut words = vec!["calibrate", log.to_str().expect("UTF-8"), "-o", output.to_str().expect("UTF-8")];
    words.extend(options);
    let (status, out, err) = dryroll(&words);
    assert_eq!((status, out.as_str()), (0, ""), "{err}");
    let written = fs::read_to_string(&output).expect("it is written");
    if !written.contains("\nclients:") {
        fs::write(&output, format!("{written}clients: [{{rate: 1/s}}]\n")).expect("it is written");
    }
    let loaded = load(&Request::new(&output)).unwrap_or_else(|diags| {
        panic!("{written}\n{}", diags.iter().map(|d| d.render(false)).collect::<String>());
    });
    assert!(loaded.warnings.is_empty(), "{written}\n{:?}", loaded.warnings);
    (loaded.scenario, written, err)
}

/// The quantiles of a distribution come back within so many per cent, which is some four standard errors of 10,000 samples.
#[track_caller]
fn assert_near(found: &Dist, known: &Dist, per_cent: [f64; 3], written: &str) {
    for (p, allowed) in [0.1, 0.5, 0.99].into_iter().zip(per_cent) {
        let off = (found.quantile(p) / known.quantile(p) - 1.0) * 100.0;
        assert!(off.abs() < allowed, "the {p}-quantile is {off:.2} % off:\n{written}");
    }
}

/// The rate comes back: 200 s of 50/s have a standard error of 0.5/s.
#[track_caller]
fn assert_rate(scenario: &Scenario, written: &str) {
    let Load::Open(Arrivals::Poisson(profile)) = &scenario.clients[0].load else { panic!("{written}") };
    let [(_, rate)] = profile.points[..] else { panic!("a steady rate is no profile:\n{written}") };
    assert!((rate - RATE).abs() < 2.0, "{rate}/s:\n{written}");
    assert!(written.contains("as of independent users (Poisson"), "{written}");
}

#[test]
fn an_access_log_of_nginx_gives_a_lognormal_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let known = Dist::lognormal_quantiles(0.02, 0.12);
    let mut log = String::new();
    for (n, (at, service)) in requests(&known).into_iter().enumerate() {
        // What failed took no service, and what is no line is none.
        let status = if n % 50 == 0 { 502 } else { 200 };
        let service = if status == 502 { 0.0 } else { service };
        let _ = writeln!(
            log,
            r#"10.0.0.{} - - [05/Mar/2024:{} +0000] "GET /cart HTTP/1.1" {status} 512 "-" "app/1.0 (x; y)" {service:.3}"#,
            n % 250,
            clock(at)
        );
        if n == 16 {
            log.push_str("2024/03/05 12:00:01 [error] upstream timed out\n");
        }
    }
    let (scenario, written, said) = calibrated(folder.path(), "access.log", &log, &[]);
    assert_near(&scenario.pod.service_time, &known, [4.0, 3.0, 6.0], &written);
    assert_rate(&scenario, &written);
    assert!(said.contains("10000 of 10001 lines read"), "{said}");
    assert!(said.contains(":18: 1 could not be read, this the first: 2024/03/05 12:00:01 [error]"), "{said}");
    assert!(written.contains("200 of them failed (499, 5xx)"), "{written}");
    assert!(written.contains("the wait for a worker are in them"), "{written}");
    assert!(written.contains("serviceTime: {distribution: lognormal, p50: "), "{written}");
}

#[test]
fn an_access_log_of_apache_gives_a_gamma_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let known = Dist::Gamma(Gamma::new(0.05, 3.0));
    let mut log = String::new();
    for (at, service) in requests(&known) {
        let micros = (service * 1e6) as u64;
        let _ = writeln!(
            log,
            r#"10.0.0.1 - bob [05/Mar/2024:{} +0000] "GET / HTTP/1.1" 200 512 "http://a/" "curl" {micros}"#,
            clock(at)
        );
    }
    let (scenario, written, _) = calibrated(folder.path(), "access_log", &log, &[]);
    assert_near(&scenario.pod.service_time, &known, [5.0, 3.0, 5.0], &written);
    assert_rate(&scenario, &written);
    assert!(written.contains("distribution: gamma") && written.contains("microseconds (Apache's %D)"), "{written}");
    // Told in another unit, they are that: nothing is guessed any more.
    let (scenario, written, _) = calibrated(folder.path(), "access_log", &log, &["--unit", "ns"]);
    assert!(scenario.pod.service_time.quantile(0.5) < 1e-4 && !written.contains("%D"), "{written}");
}

#[test]
fn a_log_of_envoy_gives_a_weibull_back_from_the_pods_own_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let known = Dist::Weibull { scale: 0.08, shape: 2.0 };
    let mut log = String::new();
    for (at, service) in requests(&known) {
        // Envoy rounds down; the proxy itself takes 30 ms that are none of the pod's.
        let (own, whole) = ((service * 1e3) as u64, ((service + 0.03) * 1e3) as u64);
        let _ = writeln!(
            log,
            r#"[2024-03-05T{}.{:03}Z] "GET / HTTP/1.1" 200 - 0 226 {whole} {own} "-" "curl" "id" "host" "10.0.2.1:80""#,
            clock(at),
            millis(at)
        );
    }
    let (scenario, written, _) = calibrated(folder.path(), "envoy.log", &log, &[]);
    assert_near(&scenario.pod.service_time, &known, [5.0, 3.0, 4.0], &written);
    assert_rate(&scenario, &written);
    assert!(written.contains("distribution: weibull") && written.contains("as their balancer saw it"), "{written}");
}

#[test]
fn a_log_of_haproxy_gives_a_lognormal_back_from_the_servers_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let known = Dist::lognormal_quantiles(0.03, 0.2);
    let mut log = String::new();
    for (at, service) in requests(&known) {
        let server = libm::round(service * 1e3) as u64;
        let _ = writeln!(
            log,
            "Mar  5 {0} lb haproxy[77]: 10.0.1.2:3331 [05/Mar/2024:{0}.{1:03}] in app/pod1 0/40/1/{server}/{2} 200 275 - - ---- 1/1/1/1/0 0/0 \"GET / HTTP/1.1\"",
            clock(at),
            millis(at),
            server + 45
        );
    }
    let (scenario, written, _) = calibrated(folder.path(), "haproxy.log", &log, &[]);
    assert_near(&scenario.pod.service_time, &known, [4.0, 3.0, 7.0], &written);
    assert_rate(&scenario, &written);
}

#[test]
fn a_log_of_json_lines_gives_an_exponential_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let known = Dist::exponential(0.04);
    let mut log = String::new();
    for (at, service) in requests(&known) {
        let _ = writeln!(log, r#"{{"ts":{:.6},"status":200,"request_time":{service:.6}}}"#, START + at);
    }
    let (scenario, written, _) = calibrated(folder.path(), "app.json", &log, &[]);
    assert_near(&scenario.pod.service_time, &known, [5.0, 5.0, 5.0], &written);
    assert_rate(&scenario, &written);
    assert!(written.contains("distribution: exponential"), "{written}");
}

/// Cumulative counts of 10,000 requests at bounds from 1 ms to 10 s, five of them a decade.
fn buckets(known: &Dist) -> Vec<(f64, u64)> {
    let times: Vec<f64> = requests(known).into_iter().map(|(_, service)| service).collect();
    let bounds = (-15..=5).map(|n| libm::pow(10.0, f64::from(n) / 5.0));
    bounds.map(|le| (le, times.iter().filter(|t| **t <= le).count() as u64)).collect()
}

#[test]
fn histograms_give_their_distributions_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let lognormal = Dist::lognormal_quantiles(0.02, 0.12);
    let mut csv = String::from("le,count\n");
    for (le, count) in buckets(&lognormal) {
        let _ = writeln!(csv, "{le},{count}");
    }
    let _ = writeln!(csv, "+Inf,{REQUESTS}");
    let (scenario, written, _) = calibrated(folder.path(), "latency.csv", &csv, &[]);
    assert_near(&scenario.pod.service_time, &lognormal, [5.0, 4.0, 7.0], &written);
    assert!(written.contains("a histogram (le,count)"), "{written}");

    let gamma = Dist::Gamma(Gamma::new(0.05, 3.0));
    let mut text = String::from("# TYPE http_seconds histogram\nup 1\n");
    for (le, count) in buckets(&gamma) {
        // Two pods have had half of them each.
        for pod in ["a", "b"] {
            let half = count / 2 + u64::from(pod == "a") * (count % 2);
            let _ = writeln!(text, "http_seconds_bucket{{pod=\"{pod}\",le=\"{le}\"}} {half}");
            let _ = writeln!(text, "other_bucket{{pod=\"{pod}\",le=\"{le}\"}} 1");
        }
    }
    let (scenario, written, _) = calibrated(folder.path(), "metrics.txt", &text, &["--metric", "http_seconds"]);
    assert_near(&scenario.pod.service_time, &gamma, [6.0, 4.0, 6.0], &written);
    let several = folder.path().join("metrics.txt");
    let (status, _, err) = dryroll(&["calibrate", several.to_str().expect("UTF-8")]);
    assert_eq!(status, 2);
    assert!(err.contains("pick one by --metric NAME: http_seconds, other"), "{err}");

    let mut hdr = String::from("       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
    for (le, count) in buckets(&lognormal) {
        let share = count as f64 / REQUESTS as f64;
        let _ = writeln!(hdr, "{:12.3} {share:14.12} {count:10} {:14.2}", le * 1e3, 1.0 / (1.0 - share).max(1e-9));
    }
    hdr.push_str("#[Mean    =       27.000, StdDeviation   =        9.000]\n");
    let (scenario, written, _) = calibrated(folder.path(), "latency.hgrm", &hdr, &[]);
    assert_near(&scenario.pod.service_time, &lognormal, [5.0, 4.0, 7.0], &written);
}

#[test]
fn what_is_of_no_family_is_written_as_it_was_recorded() {
    let folder = tempfile::tempdir().expect("a folder");
    // Half of the requests are served from a cache.
    let (fast, slow) = (Dist::lognormal_quantiles(0.002, 0.004), Dist::lognormal_quantiles(0.2, 0.4));
    let mut log = String::new();
    for ((at, fast), (_, slow)) in requests(&fast).into_iter().zip(requests(&slow)) {
        let service = if ((at * 1e4) as u64).is_multiple_of(2) { fast } else { slow };
        let _ = writeln!(log, r#"{{"time":{:.3},"duration_ms":{:.3}}}"#, START + at, service * 1e3);
    }
    let (scenario, written, _) = calibrated(folder.path(), "mixed.json", &log, &[]);
    assert!(matches!(scenario.pod.service_time, Dist::Empirical(_)), "{written}");
    for (p, of, within) in [(0.25, &fast, 0.5), (0.75, &slow, 0.5)] {
        let (found, known) = (scenario.pod.service_time.quantile(p), of.quantile(within));
        assert!((found / known - 1.0).abs() < 0.05, "{p}: {found} instead of {known}:\n{written}");
    }
    let mut names: Vec<PathBuf> =
        fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    names.sort();
    let names: Vec<_> = names.iter().filter_map(|p| p.file_name()?.to_str()).collect();
    assert_eq!(names, ["mixed.json", "service.service-time.csv", "service.yaml"]);
    // A pipe has no place for a file beside it, and says what it would say with one.
    let log = folder.path().join("mixed.json");
    let (status, out, _) = dryroll(&["calibrate", log.to_str().expect("UTF-8")]);
    assert_eq!(status, 0);
    assert!(out.contains("with `-o FILE` the times are written as they were recorded"), "{out}");
    // Whatever is asked for is written, with a word about how far it is off.
    let (_, out, _) = dryroll(&["calibrate", log.to_str().expect("UTF-8"), "--fit", "gamma"]);
    assert!(out.contains("distribution: gamma") && out.contains("it is NOT near the sample"), "{out}");
}

#[test]
fn few_samples_bound_no_tail() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut log = String::new();
    for (at, service) in requests(&Dist::lognormal_quantiles(0.02, 0.12)).into_iter().take(60) {
        let _ = writeln!(log, r#"{{"time":{:.3},"request_time":{service:.4}}}"#, START + at);
    }
    let (_, written, _) = calibrated(folder.path(), "few.json", &log, &[]);
    assert!(written.contains("so few can't bound the 99 % quantile from above: 368 are needed"), "{written}");
    assert!(written.contains("to ?]"), "{written}");
}

#[test]
fn a_rate_that_changes_is_a_profile() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut log = String::new();
    // From 20/s to 100/s in ten minutes.
    for second in 0..600_u64 {
        for n in 0..20 + second * 80 / 600 {
            let _ = writeln!(log, r#"{{"time":{},"request_time":0.0{}}}"#, 1_709_640_000 + second, 10 + n % 7);
        }
    }
    let (scenario, written, _) = calibrated(folder.path(), "rising.json", &log, &[]);
    let Load::Open(Arrivals::Poisson(profile)) = &scenario.clients[0].load else { panic!("{written}") };
    let (first, last) = (profile.points[0], profile.points[profile.points.len() - 1]);
    assert!(profile.points.len() > 50 && (first.1 - 20.0).abs() < 3.0 && (last.1 - 99.0).abs() < 3.0, "{written}");
    assert!(written.contains("more evenly than what is simulated"), "{written}");
}

#[test]
fn a_trace_has_each_request_at_its_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let requests = requests(&Dist::lognormal_quantiles(0.02, 0.12));
    let mut log = String::new();
    for (at, service) in &requests {
        let _ = writeln!(log, r#"{{"time":{:.3},"request_time":{service:.4}}}"#, START + at);
    }
    let (scenario, written, _) = calibrated(folder.path(), "traced.json", &log, &["--trace"]);
    let Load::Open(Arrivals::Trace(times)) = &scenario.clients[0].load else { panic!("{written}") };
    assert_eq!(times.len(), requests.len());
    for (time, (at, _)) in times.iter().zip(&requests) {
        assert!((time.secs() - at).abs() < 0.000_6, "{} instead of {at}", time.secs());
    }
    assert!(folder.path().join("service.arrivals.csv").exists() && written.contains("trace: \"service.arrivals.csv\""));
    // Without a place for the file, or without a moment, it says so.
    let log = folder.path().join("traced.json");
    let (status, _, err) = dryroll(&["calibrate", log.to_str().expect("UTF-8"), "--trace"]);
    assert!(status == 2 && err.contains("--output"), "{err}");
    let output = folder.path().join("none.yaml");
    let series =
        ["calibrate", "tests/data/series/requests-per-5m.csv", "--trace", "-o", output.to_str().expect("UTF-8")];
    let (status, _, err) = dryroll(&series);
    assert!(status == 2 && err.contains("nothing to replay one by one") && !output.exists(), "{err}");
}

#[test]
fn whole_seconds_of_an_access_log_are_spread_in_its_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = fs::read_to_string("tests/data/logs/access.log").expect("it is there");
    let (scenario, written, _) = calibrated(folder.path(), "access.log", &text, &["--trace"]);
    let Load::Open(Arrivals::Trace(times)) = &scenario.clients[0].load else { panic!("{written}") };
    assert!(times.len() == 500 && written.contains("where in its own each came is drawn"), "{written}");
}

#[test]
fn what_is_fitted_has_the_interval_of_its_parameters() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut log = String::new();
    for (at, service) in requests(&Dist::Gamma(Gamma::new(0.05, 3.0))) {
        let _ = writeln!(log, r#"{{"time":{:.3},"request_time":{service:.4}}}"#, START + at);
    }
    let (_, written, _) = calibrated(folder.path(), "gamma.json", &log, &["--fit", "gamma"]);
    let line = written.lines().find(|l| l.contains("# its mean ")).unwrap_or_else(|| panic!("{written}"));
    // The mean of 10,000: its standard error is 50 ms / √3 / 100.
    let bounds = line.split_once("mean ").and_then(|(_, rest)| rest.split_once(']')).expect("an interval").0;
    let bounds = bounds.split_once('[').expect("an interval").1;
    let bounds: Vec<f64> = bounds.split(" to ").map(|b| b.trim_end_matches("ms").parse().expect("ms")).collect();
    let half = (bounds[1] - bounds[0]) / 2.0;
    assert!((half / (1.96 * 50.0 / 3.0_f64.sqrt() / 100.0) - 1.0).abs() < 0.1, "{line}");
    assert!(line.contains("shape ") && line.contains("White 1982"), "{line}");
}

#[test]
fn a_series_of_counts_is_run_with_the_deploy_at_its_fullest() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("series.yaml");
    let output = output.to_str().expect("UTF-8");
    let series = "tests/data/series/requests-per-5m.csv";
    let (status, out, err) = dryroll(&["calibrate", series, "-o", output]);
    assert_eq!((status, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("a series of request counts, 858 of 858 lines read"), "{err}");
    let written = fs::read_to_string(output).expect("it is written");
    assert!(
        written.contains("per: 300s, around: busiest, duration: 3600s") && written.contains("deploy: {at: 1800s}"),
        "{written}"
    );
    let loaded = load(&Request::new(Path::new(output))).expect("a scenario");
    let Load::Open(Arrivals::Poisson(profile)) = &loaded.scenario.clients[0].load else { panic!("{written}") };
    assert_eq!(profile.points.len(), 12);
    let fullest = profile.points.iter().map(|p| p.1).fold(0.0, f64::max);
    assert_eq!(profile.points[6].1, fullest, "the deploy is at the fullest");

    let options = ["--set", "replicas=4", "--set", "serviceTime=20ms", "--replications", "2"];
    let (status, result) = json_of(&[&["run", output][..], &options].concat());
    assert_eq!(status, 0);
    // From the middle of the first bucket on in straight lines; what comes before is discarded for 30 s.
    let points: Vec<(f64, f64)> = profile.points.iter().map(|p| (p.0.secs(), p.1)).collect();
    let expected: f64 = points
        .windows(2)
        .take_while(|w| w[1].0 <= 1650.0)
        .map(|w| (w[1].0 - w[0].0) * f64::midpoint(w[0].1, w[1].1))
        .sum::<f64>()
        + 120.0 * points[0].1
        + 150.0 * f64::midpoint(points[5].1, f64::midpoint(points[5].1, points[6].1));
    let found = result["summary"]["before"]["requests"]["mean"].as_f64().expect("a number");
    assert!((found - expected).abs() < 4.5 * (expected / 2.0).sqrt(), "{found} instead of {expected:.0}");
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("it is written");
        path.to_str().expect("UTF-8").to_owned()
    };
    for (name, text, says) in [
        ("notes.txt", "\nDear diary,\ntoday nothing happened.\n", "notes.txt:2:1"),
        ("empty.log", "\n\n", "the file says nothing"),
        ("falling.csv", "le,count\n0.1,5\n0.2,4\n", "falling.csv:3:1"),
        ("endless.csv", "le,count\n+Inf,1000\n", "all of it lies above the last bound"),
    ] {
        let path = file(name, text);
        let (status, out, err) = dryroll(&["calibrate", &path]);
        assert_eq!((status, out.as_str()), (2, ""), "{name}: {err}");
        assert!(err.contains(says) && err.contains("error["), "{name}: {says} is missing from\n{err}");
    }
    let (status, _, err) = dryroll(&["calibrate", "no-such.log"]);
    assert_eq!(status, 2);
    assert!(err.contains("there is no file `no-such.log`"), "{err}");
    let (status, _, err) = dryroll(&["calibrate", "tests"]);
    assert_eq!(status, 2);
    assert!(err.contains("`tests` is a folder"), "{err}");
    assert_eq!(dryroll(&["calibrate", "README.md", "--unit", "minutes"]).0, 2);
    assert_eq!(dryroll(&["calibrate"]).0, 2);
}

#[test]
fn the_same_files_give_the_same_bytes_and_several_are_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |range: std::ops::Range<usize>| -> String {
        let mut log = String::new();
        for (at, service) in &requests(&Dist::exponential(0.04))[range] {
            let _ = writeln!(log, r#"{{"ts":{:.6},"request_time":{service:.6}}}"#, START + at);
        }
        log
    };
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("it is written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let (whole, first, second) =
        (write("all.json", of(0..4000)), write("a.json", of(0..2500)), write("b.json", of(2500..4000)));
    let values = |files: &[&str]| -> Vec<String> {
        let (status, out, err) = dryroll(&[&["calibrate"], files].concat());
        assert_eq!(status, 0, "{err}");
        out.lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect()
    };
    assert_eq!(values(&[&whole]), values(&[&first, &second]));
    assert_eq!(values(&[&whole]), values(&[&second, &first]));
}
