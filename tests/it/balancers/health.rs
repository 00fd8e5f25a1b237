//! Who is believed alive: what counts as a failure, and what a proxy does when too many fail.

use std::collections::BTreeSet;

use dryroll::fleet::fact::{Cause, Fact, Outcome};
use dryroll::scenario::load_str;
use dryroll::simulate;

use super::{dropped, ended, facts, rolling, share};

#[test]
fn a_status_is_retried_where_it_is_named_and_the_request_may_be_sent_again() {
    // A fifth of all attempts at the new version end in a 500, each by a lot of its own.
    let failed = |retries: &str, clients: &str| {
        let yaml = rolling(&format!("retries: {{{retries}}}"), &format!("connections: 500, {clients}"))
            .replace("deploy: {", "newVersion: {errorRate: 20%}\ndeploy: {")
            .replace("after: 5s", "after: 120s");
        share(&facts(&yaml), 20.0, 120.0, Outcome::S500)
    };
    let near = |found: f64, expected: f64| {
        // Five standard errors of a binomial share of some 10,000.
        let error = (expected * (1.0 - expected) / 10_000.0).sqrt();
        assert!((found - expected).abs() < 5.0 * error, "{found}, not {expected}");
    };
    near(failed("attempts: 2", "idempotent: 100%"), 0.2);
    near(failed("attempts: 1, on: [500]", "idempotent: 100%"), 0.04);
    near(failed("attempts: 2, on: [500]", "idempotent: 100%"), 0.008);
    near(failed("attempts: 2, on: [502, 503, 504]", "idempotent: 100%"), 0.2);
    near(failed("attempts: 1, on: [500]", "idempotent: 50%"), 0.5 * 0.2 + 0.5 * 0.04);
    near(failed("attempts: 1, on: [500], nonIdempotent: true", "idempotent: 50%"), 0.04);
}

#[test]
fn a_status_marks_a_pod_where_it_is_a_failure() {
    let failed = |passive: &str| {
        let yaml = rolling(&format!("passiveHealth: {{{passive}}}"), "connections: 500")
            // Half old, and paused: whoever is marked leaves the others their work.
            .replace("deploy: {", "newVersion: {errorRate: 100%}\ndeploy: {events: [{at: 3s, pause: true}], ")
            .replace("after: 5s", "after: 30s, limit: 40s");
        share(&facts(&yaml), 10.0, 30.0, Outcome::S500)
    };
    assert!(failed("maxFails: 1") > 0.2);
    assert!(failed("maxFails: 1, failTimeout: 5s, statuses: [500]") < 0.02);
}

#[test]
fn an_attempt_that_takes_too_long_is_made_again_elsewhere() {
    let outcomes = |retries: &str| {
        let yaml =
            rolling(&format!("algorithm: random, retries: {{{retries}}}"), "connections: 2000, idempotent: 100%")
                .replace("serviceTime: 20ms", "concurrency: 10000, serviceTime: {distribution: sequence, values: [5s]}")
                .replace("deploy: {", "newVersion: {serviceTime: 20ms}\ndeploy: {")
                .replace("after: 5s", "after: 30s");
        let facts = facts(&yaml);
        (share(&facts, -4.0, 0.0, Outcome::S504), share(&facts, 25.0, 40.0, Outcome::Ok), facts)
    };
    let (given_up, served, facts) = outcomes("attempts: 2, on: [timeout], perTryTimeout: 100ms");
    assert!(given_up > 0.99 && served > 0.99, "{given_up} {served}");
    let tries: BTreeSet<u16> = facts
        .iter()
        .filter_map(|(t, f)| match f {
            Fact::Ended { outcome: Outcome::S504, attempts, .. } if *t < 0.0 => Some(*attempts),
            _ => None,
        })
        .collect();
    assert_eq!(tries, BTreeSet::from([3]), "each is tried three times, and told so after 300 ms");
    let (given_up, ..) = outcomes("attempts: 2, on: [timeout], perTryTimeout: 6s");
    assert!(given_up < 0.01, "{given_up}");
}

/// Four pods that go at once and stay in the table, while four new ones come into it five seconds later: checked by the
/// proxy.
fn half_dead(balancer: &str) -> String {
    rolling(
        &format!("activeHealth: {{interval: 500ms, timeout: 400ms, unhealthyThreshold: 2}}, {balancer}"),
        "connections: 500",
    )
    .replace("strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", "strategy: Recreate")
    .replace("remove: 1s", "remove: 1h")
    .replace("after: 5s", "after: 40s, limit: 60s")
}

#[test]
fn below_the_panic_threshold_marks_of_health_are_disbelieved() {
    let failed = |balancer: &str| share(&facts(&half_dead(balancer)), 12.0, 40.0, Outcome::S502);
    assert_eq!(failed("retries: {attempts: 0}"), 0.0);
    assert_eq!(failed("panicThreshold: 50%"), 0.0, "half of them is not below a half");
    let half = failed("panicThreshold: 60%");
    assert!((0.49..0.51).contains(&half), "round robin over all eight, four of them dead: {half}");
    assert_eq!(failed("failOpen: true"), 0.0, "some are healthy");
}

#[test]
fn with_none_healthy_a_balancer_that_fails_open_asks_them_all_the_same() {
    let outcomes = |balancer: &str| {
        // Checks queue behind requests, and time out on pods that are merely busy.
        let health = "activeHealth: {interval: 1s, timeout: 10ms, unhealthyThreshold: 1, healthyThreshold: 2}";
        let yaml = rolling(&format!("{health}, {balancer}"), "connections: 500")
            .replace("serviceTime: 20ms", "concurrency: 1, serviceTime: 38ms");
        let facts = facts(&yaml);
        (share(&facts, -3.0, 0.0, Outcome::S503), share(&facts, -3.0, 0.0, Outcome::Ok))
    };
    let (unrouted, _) = outcomes("failOpen: false");
    let (open, served) = outcomes("failOpen: true");
    assert!(unrouted > 0.1, "nobody left to ask: {unrouted}");
    assert!(open < 1e-9 && served > 0.9, "{open} {served}");
    let (panic, _) = outcomes("panicThreshold: 50%");
    assert!(panic < 1e-9, "a panic includes it: {panic}");
}

#[test]
fn successes_in_between_forget_failures_or_do_not() {
    // Of the new version's answers 30 % are a 500: five in a row are rare, five without a pause of a second are not.
    let failed = |more: &str| {
        let passive = format!("passiveHealth: {{maxFails: 5, failTimeout: 1s, statuses: [500]{more}}}");
        let yaml = rolling(&passive, "connections: 500")
            .replace("deploy: {", "newVersion: {errorRate: 30%}\ndeploy: {events: [{at: 3s, pause: true}], ")
            .replace("after: 5s", "after: 60s, limit: 70s");
        share(&facts(&yaml), 10.0, 60.0, Outcome::S500)
    };
    let (in_a_row, within) = (failed(""), failed(", inARow: false"));
    assert!(in_a_row > 0.08 && within < in_a_row * 0.7, "{in_a_row} and {within}");
}

#[test]
fn an_ejection_lasts_longer_each_time_where_it_may() {
    let failed = |passive: &str| {
        let yaml = half_dead("passiveHealth: PASSIVE")
            .replace("activeHealth: {interval: 500ms, timeout: 400ms, unhealthyThreshold: 2}, ", "");
        ended(&facts(&yaml.replace("PASSIVE", passive)), Outcome::S502)
    };
    // Four dead pods over some 45 s: one failure in each second, or after 1, 2, 3 … seconds.
    let (same, growing) =
        (failed("{maxFails: 1, failTimeout: 1s}"), failed("{maxFails: 1, failTimeout: 1s, maxFailTimeout: 5m}"));
    assert!((140..210).contains(&same) && (28..60).contains(&growing), "{same} and {growing}");
}

#[test]
fn every_so_many_th_retry_goes_elsewhere_and_at_once() {
    let retries = "retries: {attempts: 3, samePod: true, redispatch: 3, backoff: {base: 1s, factor: 1, jitter: none}}";
    // Six seconds from pod to pod, each in the table for three: after two no other one is on its way out.
    let facts = facts(
        &rolling(retries, "connections: 500").replace("startup: 2s", "startup: 6s").replace("remove: 1s", "remove: 3s"),
    );
    assert_eq!(ended(&facts, Outcome::S502), 0, "the last one finds a pod that lives");
    let late: Vec<f64> = facts
        .iter()
        .filter_map(|(t, f)| match f {
            Fact::Ended { outcome: Outcome::Ok, born, attempts: 4, .. } => Some(t - born.secs()),
            _ => None,
        })
        .collect();
    assert!(late.len() > 50 && late.iter().all(|t| (t - 2.02).abs() < 1e-6), "{late:?}");
}

#[test]
fn a_share_of_what_is_under_way_may_be_retries_or_the_least_number_of_them() {
    let lost = |retries: &str| {
        let yaml =
            rolling(&format!("retries: {{attempts: 1, backoff: {{base: 25ms}}, {retries}}}"), "connections: 500");
        ended(&facts(&yaml.replace("serviceTime: 20ms", "serviceTime: 400ms, concurrency: 1000")), Outcome::S502)
    };
    // A fifth of the traffic meets a dead pod, so a fifth of what is under way are retries, forty requests at a time.
    let (all, some, none) = (lost("concurrentShare: 100%"), lost("concurrentShare: 10%"), lost("concurrentShare: 1%"));
    assert!(all == 0 && some > 10 && none > some, "{all}, {some} and {none}");
    assert!(lost("concurrentShare: 1%, maxConcurrent: 100") == 0);
}

/// Checks every 300 ms, two failures in a row.
fn checked(more: &str) -> String {
    rolling(
        &format!("activeHealth: {{interval: 300ms, timeout: 200ms, unhealthyThreshold: 2{more}"),
        "connections: 500, idempotent: 100%",
    )
}

#[test]
fn a_pod_that_discovery_no_longer_knows_gets_requests_until_its_checks_fail_where_they_are_trusted_more() {
    let refused = |more: &str| ended(&facts(&checked(more).replace("remove: 1s", "remove: 0s")), Outcome::S502);
    assert_eq!(refused("}"), 0, "removed in the moment in which it dies");
    // 20 requests a second for 300 to 600 ms, of each of four pods.
    let kept = refused(", keepsRemoved: true}");
    assert!((20..56).contains(&kept), "{kept}");
}

#[test]
fn what_checks_find_soon_after_a_change_of_the_table_waits_as_long_as_the_window() {
    let refused = |window: &str| {
        let passive = format!("}}, passiveHealth: {{mergeWindow: {window}}}");
        ended(
            &facts(&checked(&passive).replace("remove: 1s", "remove: 5s").replace("startup: 2s", "startup: 8s")),
            Outcome::S502,
        )
    };
    let at_once = refused("0s");
    assert!((20..56).contains(&at_once), "{at_once}");
    // A pod dies with the addition of its successor, and is found out after 0.45 s: 20 a second for 1.5 s more.
    let held = refused("1500ms");
    assert!((135..180).contains(&held), "{held}");
}

#[test]
fn connections_to_a_pod_that_its_checks_have_given_up_are_closed_with_what_is_on_them_where_that_is_asked_for() {
    let severed = |more: &str| {
        let yaml = checked(more)
            .replace("remove: 1s", "remove: 10s")
            .replace("serviceTime: 20ms", "concurrency: 1000, serviceTime: 2s");
        let facts = facts(&yaml);
        (dropped(&facts, Cause::SeveredByDeregistration), dropped(&facts, Cause::StaleRoute))
    };
    let (none, stale) = severed("}");
    // 50 requests are under way at each of four pods, of which 1.4 to 1.7 s remain.
    let (cut, as_stale) = severed(", closeConnections: true}");
    assert_eq!(none, 0);
    assert!((95..165).contains(&cut), "{cut}");
    assert!(stale > 20 && as_stale.abs_diff(stale) < 20, "{stale} and {as_stale}");
}

/// The p99 of what was answered, and the share that was not, of a fleet that nothing happens to.
fn steady(balancer: &str) -> (f64, f64) {
    let yaml = format!(
        "workload: {{replicas: 2}}\npod: {{concurrency: 4, serviceTime: 1s, errorRate: 40%}}\n\
         loadBalancer: {{proxies: 1, {balancer}}}\nclients: [{{rate: 1/s, connections: 500, timeout: 60s, idempotent: 100%}}]\n\
         deploy: none\nobserve: {{warmup: 10s, for: 100s}}"
    );
    let scenario = load_str("steady.yaml", &yaml, &[]).unwrap_or_else(|d| panic!("{}", d[0])).scenario;
    let phase = &simulate::run(&scenario, 1, 0).phases[0];
    (phase.latency_max_ns as f64 / 1e9, phase.dropped() as f64 / phase.requests as f64)
}

#[test]
fn the_time_out_of_a_request_runs_while_it_waits_in_its_proxy() {
    let retries = "retries: {attempts: 1, on: [500], backoff: {base: 3s, factor: 1, cap: 3s, jitter: none}}";
    let (longest, dropped) = steady(&format!("{retries}, requestTimeout: 60s"));
    assert!((5.0..5.2).contains(&longest) && dropped < 0.25, "1 s, 3 s and 1 s: {longest}, {dropped}");
    // Over while it waits to be tried again.
    let (longest, dropped) = steady(&format!("{retries}, requestTimeout: 2s"));
    assert!(longest < 1.2 && (0.3..0.5).contains(&dropped), "{longest}, {dropped}");
    // Over while it waits for a pod with room: half of the capacity is one request a pod.
    let (longest, _) = steady("upstream: {maxBusy: 1}, requestTimeout: 2s");
    assert!(longest < 2.1, "{longest}");
}

#[test]
fn nginx_tries_each_pod_once_and_never_marks_an_only_one() {
    // The pod is started anew, which takes a second, and nobody hears of it.
    let yaml = "\
workload: {replicas: 1}
pod: {serviceTime: 20ms, startup: 1s, readinessProbe: none, crash: {uptime: 95s}}
loadBalancer: {preset: nginx, membership: api, propagation: {shared: 0s, add: 60s, remove: 60s}}
clients: [{rate: 50/s, connections: 500}]
deploy: none
observe: {warmup: 90s, for: 30s}
";
    let fails = |settings: &[&str]| {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        let scenario = load_str("nginx.yaml", yaml, &settings).unwrap_or_else(|d| panic!("{}", d[0])).scenario;
        let phase = &simulate::run(&scenario, 1, 0).phases[0];
        (phase.causes[Cause::StaleRoute as usize], phase.causes[Cause::NoEndpoints as usize])
    };
    let (refused, unpicked) = fails(&[]);
    assert!(refused > 20 && unpicked == 0, "each is told that this one refused it: {refused}, {unpicked}");
    // Any other balancer of these settings marks it, and has none.
    let (_, unpicked) = fails(&["loadBalancer.passiveHealth.sparesOnly=false"]);
    assert!(unpicked > 200, "{unpicked}");
    // Nobody outlasts a dead second by asking the same pod a thousand times.
    let unmarked = "loadBalancer.passiveHealth.maxFails=0";
    assert_eq!(fails(&[unmarked]), (refused, 0));
    assert_eq!(fails(&[unmarked, "loadBalancer.retries.eachPodOnce=false"]).0, 0, "as if it did");
}

#[test]
fn those_that_came_together_are_checked_together() {
    // Of four pods one dies every three seconds: by when the last connect to any of them has failed, since then.
    let found_out = |phase: &str| {
        let balancer = format!(
            "activeHealth: {{interval: 1s, timeout: 200ms, unhealthyThreshold: 1, phase: {phase}}}, retries: {{attempts: 0}}"
        );
        let yaml = rolling(&balancer, "connections: 500")
            .replace("remove: 1s", "remove: 20s")
            .replace("startup: 2s", "startup: 3s");
        let facts = facts(&yaml);
        let fails = facts.iter().filter(|(_, f)| matches!(f, Fact::ConnectFailed(_))).map(|(t, _)| *t);
        fails.map(|t| t.rem_euclid(3.0)).fold(0.0, f64::max)
    };
    let told = found_out("300ms");
    assert!((0.2..0.32).contains(&told), "found out at 300 ms of a second: {told}");
    let others = found_out("each");
    assert!((0.35..1.3).contains(&others), "{others}");
}
