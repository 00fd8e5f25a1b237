//! What theory says must come out. The closed forms themselves are cases of the corpus (`validation/theory`), which
//! `dryroll validate` shows; here each must hold, and must be able to fail.

use std::fs;
use std::path::PathBuf;

use dryroll::fleet::fact::Cause;
use dryroll::metrics::replication::{PhaseTally, Replication};
use dryroll::metrics::validation::CaseVerdict;
use dryroll::scenario::{Scenario, load_str};
use dryroll::study::validate::{Case, judge_all, shipped};

fn scenario(yaml: &str) -> Scenario {
    match load_str("theory.yaml", yaml, &[]) {
        Ok(loaded) => loaded.scenario,
        Err(diags) => panic!("{}", diags.iter().map(|d| d.render(false)).collect::<String>()),
    }
}

fn replications(yaml: &str, n: u32) -> Vec<Replication> {
    let scenario = scenario(yaml);
    (0..n).map(|k| dryroll::simulate::run(&scenario, 7, k)).collect()
}

fn verdicts() -> Vec<CaseVerdict> {
    let cases: Vec<Case> = shipped::corpus().expect("cases").into_iter().filter(|c| c.kind() == "theory").collect();
    judge_all(&cases, None, None, &|| ()).expect("scenarios")
}

fn text(case: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("validation/theory/{case}.json"));
    fs::read_to_string(file).expect("it is there")
}

/// A test that is too coarse to fail is no test: what a case allows must resolve a quarter of what is expected, or half a request.
#[test]
fn every_closed_form_holds_and_could_fail() {
    let verdicts = verdicts();
    assert!(verdicts.len() > 30, "{}", verdicts.len());
    for verdict in verdicts {
        assert!(verdict.inside, "{verdict:?}");
        for row in &verdict.rows {
            let [low, high] = row.interval.expect("something was simulated");
            let forecast = row.forecast.expect("something was simulated");
            let slack = (high - forecast).max(forecast - low);
            assert!(slack < (0.25 * row.measured).max(0.5), "{} is too coarse: {row:?}", verdict.case);
        }
    }
}

/// The law of another system, or of another scenario, lies outside.
#[test]
fn what_theory_does_not_say_is_outside() {
    for (case, from, to) in [
        ("erlang-c-8-workers", "\"erlangC\"", "\"pollaczekKhinchine\""),
        ("stale-pod", "\"stalePod\"", "\"staleRollout\""),
        ("pile-up-8", "\"pileUp\"}", "\"reconnects\"}"),
        ("ready-floor-1-0", "\"readyFloor\"", "\"waves\""),
    ] {
        let original = text(case);
        let wrong = original.replacen(from, to, 1);
        assert_ne!(original, wrong, "{case}");
        let verdict = Case::read(case, &wrong).expect("a case").judge(Some(10)).expect("a scenario");
        assert!(!verdict.inside, "{verdict:?}");
    }
}

#[test]
fn a_law_follows_its_scenario() {
    let law = |text: &str| Case::read("x", text).expect("a case").judge(Some(2)).expect("a scenario").rows[0].measured;
    let original = text("stale-rollout");
    let slower = original.replace("\"remove\": \"2s\"", "\"remove\": \"4s\"");
    assert!((law(&slower) - 2.0 * law(&original)).abs() < 1e-6, "{} and {}", law(&slower), law(&original));
}

#[test]
fn a_quantity_or_a_law_that_is_none_is_told() {
    let original = text("stale-rollout");
    let error = |from: &str, to: &str| {
        let case = Case::read("x", &original.replace(from, to));
        case.and_then(|c| c.judge(Some(1))).expect_err("it cannot be").to_string()
    };
    assert!(error("\"staleRoute\"", "\"stale\"").contains("no quantity `stale`"));
    assert!(error("\"staleRollout\"", "\"murphy\"").contains("murphy"));
}

#[test]
fn only_at_layer_4_does_the_client_see_reconnects() {
    let yaml = |layer: u32| {
        format!(
            "
workload: {{replicas: 5}}
pod: {{startup: 5s, readinessProbe: none}}
loadBalancer: {{layer: {layer}, proxies: 2, propagation: {{shared: 0s, add: 0s, remove: 1s}}}}
clients: [{{name: web, rate: 500/s, connections: 100}}]
deploy: {{at: 20s}}
observe: {{warmup: 10s, after: 10s}}
"
        )
    };
    let reconnects = |layer: u32| {
        let runs = replications(&yaml(layer), 2);
        let of = |side: usize| runs.iter().map(|r| r.phases[1].connections[side].reconnects).sum::<u64>();
        (of(0), of(1))
    };
    let (clients, _) = reconnects(4);
    assert!(clients > 0);
    let (clients, proxies) = reconnects(7);
    assert!(clients == 0 && proxies > 0, "{clients} by clients, {proxies} by proxies");
}

/// Two pods of which one takes over from the other: a proxy that heard of a part of it alone would have nobody left, or both.
#[test]
fn a_switch_of_all_traffic_is_one_change_unless_additions_are_later() {
    let dropped = |propagation: &str| {
        let yaml = format!(
            "
workload: {{replicas: 2, kind: Rollout, strategy: {{blueGreen: {{autoPromotionEnabled: true, scaleDownDelaySeconds: 30}}}}}}
pod: {{startup: 5s, concurrency: 16, queue: 1000, serviceTime: 10ms, readinessProbe: none}}
loadBalancer: {{proxies: 4, propagation: {propagation}}}
clients: [{{name: web, rate: 200/s, connections: 100, retries: {{attempts: 0}}}}]
deploy: {{at: 10s}}
observe: {{warmup: 5s, after: 20s}}
"
        );
        let runs = replications(&yaml, 10);
        let [none, all] = [true, false].map(|all| {
            let of = |r: &Replication| {
                let causes = |p: &PhaseTally| if all { p.dropped() } else { p.causes[Cause::NoEndpoints as usize] };
                r.phases.iter().map(causes).sum::<u64>()
            };
            runs.iter().map(of).sum::<u64>() as f64 / runs.len() as f64
        });
        assert_eq!(none, all, "{propagation}: nothing else fails");
        all
    };
    let late = "{distribution: lognormal, p50: 800ms, p99: 8s}";
    assert_eq!(dropped(&format!("{{shared: {late}, add: {late}, remove: {late}}}")), 0.0);
    // 200 requests a second for 2 s, within four standard errors of the mean of ten.
    let gap = dropped("{shared: 1s, add: 3s, remove: 1s}");
    assert!((gap - 400.0).abs() < 4.0 * (400.0f64 / 10.0).sqrt(), "{gap}");
    assert_eq!(dropped("{shared: 1s, add: 1s, remove: 3s}"), 0.0);
}

/// A preview stands behind no balancer whose gate could open.
#[test]
fn what_no_service_selects_yet_is_available_without_its_gate() {
    let yaml = "
workload: {replicas: 2, kind: Rollout, strategy: {blueGreen: {scaleDownDelaySeconds: 5}}}
pod: {startup: 5s, readinessProbe: none}
loadBalancer: {readinessGate: added, propagation: {shared: 0s, add: 2s, remove: 2s}}
clients: [{name: web, rate: 20/s, connections: 10}]
deploy: {at: 10s}
observe: {warmup: 5s, after: 5s}
";
    let took = replications(yaml, 1)[0].rollout.and_then(|rollout| rollout.duration).expect("it completes");
    assert!((5.0..6.0).contains(&took), "{took} s");
}
