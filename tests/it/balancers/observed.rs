//! What real balancers were found to do in a second round of measurements.

use dryroll::fleet::fact::{Fact, Outcome, PodStep, Side};

use super::{count, ended, facts, opened, rolling};

#[test]
fn a_request_that_waits_for_the_same_pod_again_keeps_its_place_there() {
    let failed = |attempts: u32| {
        let retries = format!(
            "algorithm: leastRequest, retries: {{attempts: {attempts}, samePod: true, backoff: {{base: 1s, factor: 1, jitter: none}}}}"
        );
        ended(&facts(&rolling(&retries, "connections: 500")), Outcome::S502)
    };
    // A dead pod has nothing under way, which draws all that come; or it has those that wait for it, as many as the others have.
    let (given_up, waiting) = (failed(0), failed(3));
    assert!(given_up > 100 && (1..60).contains(&waiting), "{given_up} and {waiting}");
}

#[test]
fn a_pod_without_any_is_picked_however_slow_its_start() {
    let of_new = |window: &str| {
        let yaml = rolling(
            &format!("algorithm: leastRequest, slowStart: {{window: {window}, least: 1%}}"),
            "connections: 500",
        );
        let facts = facts(&yaml.replace("serviceTime: 20ms", "serviceTime: 40ms, concurrency: 1000"));
        count(&facts, |t, f| {
            matches!(f, Fact::Ended { outcome: Outcome::Ok, pod: Some(pod), .. } if pod.0 == 4)
                && (2.0..3.0).contains(&t)
        })
    };
    // 4 are under way at four pods: with a hundredth of their weight it has no second one, but often a first.
    let (slow, at_once) = (of_new("1h"), of_new("0s"));
    assert!((8..at_once + 8).contains(&slow), "{slow} and {at_once}");
}

/// Six seconds between removals, and pods that stop listening six seconds before them.
fn late(passive: &str) -> Vec<(f64, Fact)> {
    let health = "activeHealth: {interval: 1h, unhealthyThreshold: 3}, status: {connectFailure: 503}";
    facts(
        &rolling(&format!("{health}, passiveHealth: {{maxFails: 4, failTimeout: 1h{passive}}}"), "connections: 500")
            .replace("startup: 2s", "startup: 7s")
            .replace("remove: 1s", "remove: 6s"),
    )
}

#[test]
fn so_many_failures_are_one_failed_check_or_several() {
    let failed = |amounts_to: &str| ended(&late(&format!(", amountsTo: {amounts_to}")), Outcome::S503);
    // Four pods, which no check speaks against in time.
    assert_eq!(failed("ejection"), 4 * 4);
    assert_eq!(failed("failedCheck"), 4 * 4 * 3);
    assert_eq!(failed("allButLastCheck"), 4 * 4 * 2);
    assert_eq!(failed("allChecks"), 4 * 4);
}

#[test]
fn what_is_no_failure_to_a_balancer_marks_nothing() {
    // Pods exit at once with some ten requests in each, none of which is its connection's first, and their addresses refuse.
    let marked = |on: &str, status: &str| {
        let yaml = rolling(
            &format!(
                "status: {{connectFailure: 503{status}}}, passiveHealth: {{maxFails: 5, failTimeout: 1h, on: [{on}]}}"
            ),
            "connections: 60, whenBusy: wait",
        )
        .replace("serviceTime: 20ms", "concurrency: 1000, serviceTime: 400ms, termination: {onSigterm: exit}");
        ended(&facts(&yaml), Outcome::S503)
    };
    assert!(marked("reset", "") < 4, "what was lost has marked them before anybody connects");
    assert!(marked("timeout", "") > 60, "nothing does");
    assert_eq!(marked("connectFailure", ""), 4 * 5);
    assert_eq!(marked("connectFailure, reset", ", resetLater: close"), 4 * 5, "and closes without an answer are none");
}

#[test]
fn a_clock_of_whole_seconds_makes_marks_longer_by_up_to_one() {
    let failed = |tick: &str| {
        let yaml = rolling(
            &format!("passiveHealth: {{maxFails: 1, failTimeout: 1s, inARow: false{tick}}}"),
            "connections: 500",
        )
        .replace("strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", "strategy: Recreate")
        .replace("remove: 1s", "remove: 1h")
        .replace("after: 5s", "after: 40s, limit: 60s");
        let ends: Vec<f64> = facts(&yaml)
            .iter()
            .filter(|(_, f)| matches!(f, Fact::ConnectFailed(Side::Upstream)))
            .map(|&(t, _)| t)
            .filter(|t| (10.0..40.0).contains(t))
            .collect();
        ends
    };
    // Four dead pods, each asked once a second, or every two of them: a mark that is made just after a second has begun.
    let (exact, whole) = (failed("").len(), failed(", tick: 1s"));
    assert!((100..=120).contains(&exact), "{exact}");
    assert!((54..=64).contains(&whole.len()), "{}", whole.len());
    let soon = |from: u32| whole.iter().all(|t| (t - f64::from(from) / 10.0).rem_euclid(1.0) < 0.5);
    assert!((0..10).any(soon), "all soon after a second has begun: {whole:?}");
}

#[test]
fn clients_send_again_what_was_lost_on_a_connection_that_had_been_used() {
    // Pods exit at once, with two requests in each on average.
    let lost = |connections: u32, on: &str| {
        let yaml = rolling(
            "layer: 4",
            &format!("connections: {connections}, retries: {{attempts: 3, on: [{on}, connectFailure], budget: none}}, idempotent: 100%"),
        )
        .replace("serviceTime: 20ms", "serviceTime: 400ms, termination: {onSigterm: exit}");
        ended(&facts(&yaml), Outcome::Reset)
    };
    assert_eq!(lost(20_000, "reset"), 0);
    let (first, later) = (lost(20_000, "resetOnReused"), lost(50, "resetOnReused"));
    assert!(
        first > 15 && later < first / 3,
        "nearly all are the first on their connection: {first}; nearly none: {later}"
    );
}

#[test]
fn a_server_that_streams_stops_where_the_balancer_cuts_its_answers() {
    let drained = |gone: &str| {
        let checks = "activeHealth: {interval: 300ms, unhealthyThreshold: 2, closeConnections: true}";
        let yaml = rolling(checks, "connections: 500, timeout: 0s, response: streamed").replace(
            "serviceTime: 20ms",
            &format!("concurrency: 1000, serviceTime: 8s, onReaderGone: {gone}, termination: {{preStop: 0s}}"),
        );
        let facts = facts(&yaml.replace("remove: 1s", "remove: 20s"));
        let at =
            |step| facts.iter().find_map(|(t, f)| matches!(f, Fact::Pod { step: s, .. } if *s == step).then_some(*t));
        at(PodStep::Exited).expect("it exits") - at(PodStep::ListenerClosed).expect("it drains")
    };
    assert!(drained("finish") > 7.0);
    assert!(drained("stop") < 1.0);
}

#[test]
fn an_answer_that_began_before_a_drain_has_not_told_of_it() {
    let come_back = |response: &str| {
        let yaml = rolling(
            "reload: {drain: 4s, gradual: false}",
            &format!("connections: 500, whenBusy: wait, reconnect: {{when: eager}}, timeout: 0s, response: {response}"),
        )
        .replace("serviceTime: 20ms", "concurrency: 1000, serviceTime: 3s")
        .replace("deploy: {", "deploy: {rolls: loadBalancer, ");
        opened(&facts(&yaml), Side::Client, 0.0, 2.9)
    };
    assert!(come_back("whole") > 100, "each that is answered: {}", come_back("whole"));
    assert_eq!(come_back("streamed"), 0, "what ends in the first three seconds had begun before");
}

#[test]
fn a_retry_avoids_as_many_of_those_that_failed_it_as_its_proxy_remembers() {
    // Three of six pods are dead at once, for a second.
    let failed = |avoids: &str| {
        let yaml = rolling(
            &format!("algorithm: random, status: {{connectFailure: 503}}, retries: {{attempts: 3, {avoids}}}"),
            "connections: 500",
        );
        ended(&facts(&yaml.replace("replicas: 4", "replicas: 3").replace("maxSurge: 1", "maxSurge: 3")), Outcome::S503)
    };
    // The fourth attempt finds none of three; or the third may come back to the first.
    assert_eq!((failed("avoids: 3"), failed("otherPod: true")), (0, 0));
    let (last, none) = (failed("avoids: 1"), failed("otherPod: false"));
    assert!((2..none).contains(&last), "{last} and {none}");
}

#[test]
fn failures_in_a_row_count_however_far_apart_where_nothing_forgets_them() {
    // A failure in 50 ms at each dead pod, for a second.
    let failed = |more: &str| {
        let passive =
            format!("passiveHealth: {{maxFails: 3, failTimeout: 60ms{more}}}, status: {{connectFailure: 503}}");
        ended(&facts(&rolling(&passive, "connections: 500")), Outcome::S503)
    };
    let (forgotten, kept, long) = (failed(""), failed(", window: 0s"), failed(", window: 0s, interval: 10s"));
    assert!(kept + 5 < forgotten, "{forgotten} and {kept}");
    // Who is out until somebody looks fails nobody meanwhile.
    assert!((12..24).contains(&long) && long < kept, "{long} and {kept}");
}
