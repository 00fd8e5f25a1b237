//! Limits of what a proxy has at all pods together: Envoy's circuit breakers. What they let through is an M/M/c/c+K queue's, or
//! Erlang's.

use dryroll::fleet::fact::{Cause, Outcome, Side};

use super::{count, dropped, ended, facts, opened, rolling};

/// Exponential service at pods with room for all, 200 requests/s of 20 ms: four under way, were there no limits.
fn steady(pods: u32, upstream: &str) -> String {
    format!(
        "\
workload: {{replicas: {pods}}}
pod: {{concurrency: 1000, serviceTime: {{distribution: exponential, mean: 20ms}}, readinessProbe: none}}
loadBalancer: {{proxies: 1, algorithm: random, upstream: {{connections: 1000, idleTimeout: 0s, {upstream}}}}}
network: {{latency: 0s}}
handshake: {{time: 0s}}
clients: [{{rate: 200/s, connections: 1000, timeout: 0s}}]
deploy: none
observe: {{warmup: 2s, for: 200s}}
"
    )
}

/// The share of requests that are answered 503, all of them for the limits.
fn refused(yaml: &str) -> f64 {
    let facts = facts(yaml);
    assert_eq!(dropped(&facts, Cause::Overflow), ended(&facts, Outcome::S503));
    let all = count(&facts, |_, f| matches!(f, dryroll::fleet::fact::Fact::Ended { .. }));
    ended(&facts, Outcome::S503) as f64 / all as f64
}

/// The share of a Poisson stream that finds all of `c` servers and `k` places to wait taken, with a load of `a` erlangs.
fn loss(a: f64, c: u32, k: u32) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..=c + k {
        term *= a / f64::from(n.min(c));
        sum += term;
    }
    term / sum
}

fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() < 0.008, "{what}: {found} refused, {expected} expected");
}

#[test]
fn connections_and_a_line_before_them_are_servers_and_places_to_wait() {
    for (c, k) in [(5, 1), (4, 3), (6, 10)] {
        let found = refused(&steady(1, &format!("maxConnections: {c}, maxPendingRequests: {k}")));
        assert_close(found, loss(4.0, c, k), &format!("{c} connections, {k} in line"));
    }
}

#[test]
fn what_is_idle_at_one_pod_is_of_no_use_to_another() {
    // Which of two pods has how many of four connections is chance, and none gives one away: worse than four servers for all.
    let found = refused(&steady(2, "maxConnections: 4, maxPendingRequests: 4"));
    let (together, alone) = (loss(4.0, 4, 4), loss(2.0, 1, 0));
    assert!((together + 0.01..alone).contains(&found), "{found}, between {together} and {alone}");
}

#[test]
fn requests_beyond_their_limit_are_erlangs_whatever_carries_them() {
    for upstream in ["maxRequests: 5", "maxRequests: 5, maxConcurrentStreams: 100", "maxRequests: 5, reuse: lru"] {
        assert_close(refused(&steady(3, upstream)), loss(4.0, 5, 0), upstream);
    }
}

#[test]
fn limits_that_are_never_met_change_nothing() {
    let facts_of = |upstream: &str| format!("{:?}", facts(&steady(3, upstream).replace("for: 200s", "for: 5s")));
    assert_eq!(facts_of("maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024"), facts_of("purge: 0s"));
}

#[test]
fn a_pod_without_a_connection_gets_one_in_any_case() {
    let facts = facts(&steady(4, "maxConnections: 1").replace("for: 200s", "for: 5s"));
    assert_eq!(opened(&facts, Side::Upstream, -10.0, 10.0), 4, "one for each pod, though one is the limit");
    assert_eq!(dropped(&facts, Cause::Overflow), 0, "the others wait in line");
}

#[test]
fn workers_share_the_limits_of_their_process() {
    let opened_by = |workers: u32| {
        let yaml = steady(1, "maxConnections: 6").replace("proxies: 1", &format!("proxies: 1, workers: {workers}"));
        opened(&facts(&yaml.replace("for: 200s", "for: 20s")), Side::Upstream, -10.0, 30.0)
    };
    assert_eq!(opened_by(1), 6);
    // One each for the pool that has none, beyond the limit.
    assert!((6..=8).contains(&opened_by(3)), "{}", opened_by(3));
}

#[test]
fn who_waits_in_line_is_refused_with_the_pod_and_tried_again_elsewhere() {
    for upstream in ["maxConnections: 4", "maxConnections: 4, maxConcurrentStreams: 2", "maxConnections: 4, reuse: lru"]
    {
        let stale = |retries: u32| {
            let balancer = format!("upstream: {{{upstream}}}, retries: {{attempts: {retries}}}");
            let facts = facts(&rolling(&balancer, "connections: 500, idempotent: 100%"));
            assert_eq!(dropped(&facts, Cause::Slow), 0, "{upstream}: somebody is left in line for ever");
            dropped(&facts, Cause::StaleRoute)
        };
        let (none, one) = (stale(0), stale(1));
        assert!((50..120).contains(&none) && one < 8, "{upstream}: {none}, and {one} of those tried again");
    }
}
