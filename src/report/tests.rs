use std::path::Path;

use super::settings::{OnSigterm, Spread, Strategy, Termination};
use super::*;
use crate::metrics::replication::{LatencyTally, Replication};
use crate::metrics::{Meta, sample};

pub(super) fn settings() -> Settings {
    Settings {
        source: "deployment.yaml".to_owned(),
        options: vec!["--rate 2000/s".to_owned()],
        kind: Some("Deployment".to_owned()),
        tier: None,
        replicas: 20,
        strategy: Some(Strategy::RollingUpdate {
            max_surge: "25 %".to_owned(),
            max_unavailable: "25 %".to_owned(),
            unavailable: 5,
        }),
        min_ready: 0.0,
        has_min_ready: true,
        progress_deadline: 600.0,
        watched: 21_540.0,
        proxied: true,
        proxies: 3,
        addition: Spread { p50: 1.0, p99: 2.0 },
        removal: Spread { p50: 1.1, p99: 2.4 },
        deregistration_delay: 300.0,
        upstream_idle: 60.0,
        proxy_limits: Vec::new(),
        pod_idle: 75.0,
        concurrency: 16,
        queue: 128,
        service: Spread { p50: 0.02, p99: 0.12 },
        new: settings::Version { concurrency: 16, queue: 128, service: Spread { p50: 0.02, p99: 0.12 } },
        streams: None,
        requests: true,
        switched: None,
        vacant: None,
        connections: None,
        proxy_retries: 0,
        ejects: false,
        events: Vec::new(),
        undone: Vec::new(),
        scaled_to_zero: false,
        made_unready: false,
        balancer: "loadBalancer".to_owned(),
        reloads: None,
        may_eject: true,
        ejects_all: false,
        empties: false,
        unretried: Some("web".to_owned()),
        warmup: None,
        probes_wait: false,
        image: None,
        weighted: false,
        unasked: None,
        keeps: false,
        failure_limit: None,
        error_rate: 0.0,
        termination: Termination {
            pre_stop: 0.0,
            on_sigterm: OnSigterm::Drain,
            lame_duck: 0.0,
            drain_window: 30.0,
            cleanup: 0.0,
            stays_open: false,
            close_jitter: 0.0,
            grace_period: 30.0,
            sidecar_exit: None,
            dies_in_hook: false,
        },
    }
}

/// What a report writes, colours stripped.
fn text(report: &dyn Report, results: &Results, settings: &Settings, all_assumptions: bool) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    let page = Page { all_assumptions, ..Page::plain(results, settings) };
    report.write(&page, &mut out).expect("a buffer takes everything");
    String::from_utf8(out.into_inner()).expect("UTF-8")
}

/// Compares with `tests/golden/report/<name>.txt`; `UPDATE_GOLDEN=1` rewrites it, except where `CI` is set.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report").join(format!("{name}.txt"));
    let rewrite = std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none();
    if rewrite {
        std::fs::write(&path, text).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} differs; UPDATE_GOLDEN=1 rewrites it. Now:\n{text}", path.display());
}

pub(super) fn terminal(results: &Results, settings: &Settings) -> String {
    let text = text(&terminal::Terminal, results, settings, false);
    for line in text.lines() {
        // A command stays in one piece, to be copied.
        assert!(line.contains("dryroll run") || line.chars().count() <= 100, "wider than 100 columns: {line}");
        assert_eq!(line.trim_end(), line, "blanks at the end");
    }
    text
}

pub(super) fn merged(replication: impl Fn(u32) -> Replication, n: u32) -> Results {
    Results::new(&sample::meta(), &(0..n).map(replication).collect::<Vec<_>>())
}

#[test]
fn a_deploy_that_drops() {
    golden("dropping", &terminal(&sample::results(10), &settings()));
}

#[test]
fn a_deploy_that_drops_nothing() {
    golden("clean", &terminal(&sample::clean_results(10), &settings()));
}

#[test]
fn one_replication_has_no_intervals() {
    let text = terminal(&sample::results(1), &settings());
    assert!(!text.contains('['), "{text}");
    golden("one-replication", &text);
}

#[test]
fn a_steady_fleet() {
    let steady = Settings { kind: None, strategy: None, ..settings() };
    golden("steady", &terminal(&sample::steady_results(10), &steady));
}

#[test]
fn a_rollout_that_never_completes() {
    golden("stuck", &terminal(&sample::stuck_results(10), &settings()));
    // One whose pods come and go has progress again and again, until nobody watches any longer.
    let text = terminal(&sample::stuck_results(10), &Settings { watched: 660.0, ..settings() });
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("5 of 10 simulated deploys: it still goes on when the simulation ends, after 11 m 0 s"),
        "{text}"
    );
}

/// Every cause and outcome at once, losses before and after the deploy as well.
fn everything(i: u32) -> Replication {
    let mut r = sample::dropping(i);
    for cause in 0..10 {
        sample::drop_requests(&mut r.phases[1], 400 * (10 - cause as u64) + u64::from(i), cause.min(7), cause);
    }
    sample::drop_requests(&mut r.phases[0], 30, 7, 7);
    sample::drop_requests(&mut r.phases[2], 45, 7, 7);
    r.capacity.min_headroom = Some(0.8);
    r.capacity.seconds_below_demand = 12.5;
    r.phases[1].latency = sample::phase(112.0, 900_000).latency;
    r.phases[1].latency_max_ns = 4_000_000_000;
    for (k, bin) in r.bins.iter_mut().enumerate().skip(50).take(30) {
        bin.capacity = 1_600.0;
        bin.p99 = Some(0.1 * k as f64);
    }
    r
}

#[test]
fn everything_that_can_go_wrong() {
    golden("everything", &terminal(&merged(everything, 10), &settings()));
}

#[test]
fn recreate_takes_everything_down() {
    let down = |i| {
        let mut r = sample::clean(i);
        sample::drop_requests(&mut r.phases[1], 40_000 + u64::from(i) * 10, 2, 6);
        r.capacity = crate::metrics::replication::CapacityTally {
            min_ready: 0,
            min_ready_fraction: 0.0,
            min_headroom: Some(0.0),
            seconds_below_demand: 20.0,
        };
        for bin in r.bins.iter_mut().skip(35).take(20) {
            (bin.ready, bin.capacity, bin.ok, bin.outcomes[2]) = (0.0, 0.0, 0, 2_000);
        }
        r
    };
    let settings = Settings { strategy: Some(Strategy::Recreate), ..settings() };
    golden("recreate", &terminal(&merged(down, 10), &settings));
}

#[test]
fn streams_only_have_no_latency_and_layer_4_no_proxies() {
    let streams = |i| {
        let mut r = sample::clean(i);
        for p in &mut r.phases {
            p.latency = LatencyTally::default();
            p.latency_sum_ns = 0;
        }
        sample::drop_requests(&mut r.phases[1], 1, 6, 2);
        r.phases[1].connections[0].peak_reconnects_per_second = 1_234_567;
        for bin in &mut r.bins {
            (bin.p50, bin.p99) = (None, None);
        }
        r
    };
    let meta = Meta { proxied: false, assumptions: Vec::new(), ..sample::meta() };
    let results = Results::new(&meta, &(0..3).map(streams).collect::<Vec<_>>());
    let exits = Termination { on_sigterm: OnSigterm::Exit, ..settings().termination };
    let settings = Settings { proxied: false, termination: exits, ..settings() };
    golden("streams", &terminal(&results, &settings));
}

/// What is said of, and proposed against, one cause.
pub(super) fn told(cause: usize, settings: &Settings) -> String {
    let dropping = |i| {
        let mut r = sample::clean(i);
        sample::drop_requests(&mut r.phases[1], 100, 5, cause);
        r
    };
    terminal(&merged(dropping, 3), settings)
}

#[test]
fn streams_are_severed_by_their_own_length() {
    let of = |p99, finish| {
        let streams = settings::Streams { client: "chat".to_owned(), duration: Spread { p50: 40.0, p99 }, finish };
        told(1, &Settings { streams: Some(streams), requests: false, ..settings() })
    };
    let text = of(90.0, true);
    assert!(text.contains("streams last 40 s (p99") && !text.contains("service takes"), "{text}");
    assert!(text.contains("--set drainWindow=90s --set terminationGracePeriodSeconds=95"), "{text}");
    assert!(of(5_400.0, true).contains("--set clients.chat.streams.onDrain=close"));
    assert!(of(5_400.0, false).contains("--set drainWindow=31s"));
}

#[test]
fn a_race_is_retried_rather_than_moved() {
    let text = told(4, &Settings { pod_idle: 0.0, ..settings() });
    assert!(text.contains("--set loadBalancer.retries.attempts=1"), "{text}");
    let text = told(4, &Settings { proxied: false, ..settings() });
    assert!(text.contains("(clients.web.retries.attempts=1)") && !text.contains("--set"), "{text}");
}

#[test]
fn a_proposal_takes_the_place_of_what_was_typed() {
    let options = ["--set preStop=1s".to_owned(), "--rate 5/s".to_owned()].to_vec();
    let text = told(0, &Settings { options, ..settings() });
    assert!(text.contains("dryroll run deployment.yaml --rate 5/s --set preStop=5s"), "{text}");
    assert!(text.contains("--set preStop=1s --rate 5/s --format json"), "{text}");
}

#[test]
fn a_version_that_does_not_stay_is_said_to_be_rolled_back() {
    let mut results = sample::results(1);
    let decided = |of: &[(&str, u32)]| of.iter().map(|&(name, size)| (0.0, name.to_owned(), size)).collect::<Vec<_>>();
    results.decisions = decided(&[("new", 3), ("old", 8), ("new", 0), ("old", 10)]);
    assert!(terminal(&results, &settings()).contains("The new version does not stay: it is rolled back."));
    results.decisions = decided(&[("new", 3), ("new", 0)]);
    assert!(terminal(&results, &settings()).contains("it is rolled back"), "no old pod was ever stopped");
    results.decisions = decided(&[("new", 3), ("old", 8), ("new", 10), ("old", 0)]);
    assert!(!terminal(&results, &settings()).contains("rolled back"));
}

#[test]
fn all_assumptions_on_demand() {
    let text = text(&terminal::Terminal, &sample::results(10), &settings(), true);
    assert!(sample::meta().assumptions.iter().all(|a| text.contains(a)), "{text}");
    assert!(sample::meta().beyond.iter().all(|b| text.contains(b)), "{text}");
}

#[test]
fn markdown() {
    golden("markdown", &text(&markdown::Markdown, &sample::results(10), &settings(), false));
}

#[test]
fn csv_is_a_header_and_a_row_of_one_length() {
    let text = text(&csv::Csv, &sample::results(10), &settings(), false);
    golden("csv", &text);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let rows: Vec<_> = reader.records().collect::<Result<_, _>>().expect("rows as wide as the header");
    assert_eq!(rows.len(), 1);
    let value =
        |name: &str| rows[0].get(header.iter().position(|h| h == name).expect(name)).expect("a cell").to_owned();
    for name in ["dropped_lo", "dropped_hi", "502", "staleRoute", "p99_during", "502_before", "502_answers"] {
        value(name);
    }
    assert_eq!((value("dropped"), value("seed"), value("replications")), ("1960.9".into(), "1".into(), "10".into()));
    assert_eq!(header[0], "requests");
    assert_eq!(&header[header.len() - 4..], ["complete", "recovered", "seed", "replications"]);
}

#[test]
fn json_is_the_result_itself() {
    let results = sample::results(2);
    let text = text(&json::Json, &results, &settings(), false);
    assert_eq!(serde_json::from_str::<Results>(&text).expect("it parses"), results);
}

#[test]
fn reports_are_found_by_name_and_by_ending() {
    assert_eq!(ALL.map(Report::name), ["table", "json", "csv", "markdown", "html"]);
    assert_eq!(by_ending("MD").map(Report::name), Some("markdown"));
    assert!(by_ending("pdf").is_none() && by_name("pdf").is_none());
}
