//! Pools of connections to pods.

use dryroll::fleet::fact::{Cause, Fact, PodStep, Side};

use super::{dropped, facts, opened, rolling};

#[test]
fn the_first_request_of_a_client_may_have_to_open_a_connection_of_its_own() {
    let opened_by = |share: &str| {
        let yaml = rolling(&format!("algorithm: random, upstream: {{share: {share}}}"), "connections: 20000");
        opened(&facts(&yaml), Side::Upstream, -3.0, 0.0)
    };
    let (own, pooled) = (opened_by("later"), opened_by("all"));
    assert!(own > 250 && pooled < 60, "{own} of 300 and {pooled}");
}

#[test]
fn half_of_what_is_idle_beyond_the_need_is_closed_once_in_a_while() {
    // A burst of requests at once, then silence: the pool it has opened goes in halves.
    let yaml = |purge: &str| {
        "\
workload: {replicas: 1}
pod: {serviceTime: 50ms, concurrency: 1000, readinessProbe: none, keepAlive: {idleTimeout: 1s}}
loadBalancer: {proxies: 1, upstream: {connections: 1000, idleTimeout: 0s, purge: PURGE}}
network: {latency: 20ms}
handshake: {time: 0s}
clients: [{rate: 1/s, connections: 30, timeout: 0s}]
deploy: none
observe: {warmup: 1s, for: 3000s}
"
        .replace("PURGE", purge)
    };
    let raced = |purge: &str| dropped(&facts(&yaml(purge)), Cause::KeepAliveRace);
    // One connection, a request a second: P(960 ms < gap < 1 s) = e^-0.96 - e^-1 = 1.5 % race with its end.
    let never = raced("0s");
    assert!((28..65).contains(&never), "{never} of 3,000");
    // Purged once in 400 ms it goes in the second or third round after its last use, mostly before that second is over.
    let often = raced("400ms");
    assert!(often < never && often > 3, "{often} and {never}");
    assert_eq!(raced("100ms"), 0, "gone within 300 ms");
}

#[test]
fn a_connection_has_carried_or_lived_enough_at_some_time() {
    let opened_by = |upstream: &str| {
        // One request at a time, so that one connection a pod would do.
        let yaml = rolling(&format!("algorithm: random, upstream: {{{upstream}}}"), "connections: 1, whenBusy: wait");
        opened(&facts(&yaml.replace("rate: 100/s", "rate: 20/s")), Side::Upstream, -4.0, 0.0)
    };
    assert_eq!(opened_by("idleTimeout: 0s"), 0, "they stand since the first second");
    // 80 requests at five each; connections to four pods that end with the first answer after a second.
    let (worn, old) = (opened_by("keepaliveRequests: 5"), opened_by("keepaliveTime: 1s"));
    assert!((10..22).contains(&worn) && (8..17).contains(&old), "{worn} and {old}");
}

#[test]
fn a_pod_lets_in_no_more_connections_than_it_is_told_to() {
    let facts = facts(
        &rolling("layer: 4, algorithm: random", "connections: 400, preconnect: false, keepAlive: {idleTimeout: 0s}")
            .replace("serviceTime: 20ms", "maxConnections: 10, keepAlive: {idleTimeout: 0s}, serviceTime: 20ms"),
    );
    assert_eq!(opened(&facts, Side::Client, -5.0, 0.0), 40);
    assert!(dropped(&facts, Cause::Overflow) > 50, "all others are refused");
}

#[test]
fn a_connection_that_was_busy_when_its_pod_was_removed_may_outlive_it_in_the_pool() {
    // Removed at 300 ms with some of its requests of 500 ms under way; from 1 s on each answer would end its connection, but
    // none is left to give. So the pod waits for those connections until the end of its drain window.
    let exits = |upstream: &str| {
        let yaml = rolling(&format!("algorithm: random, upstream: {{idleTimeout: 0s, {upstream}}}"), "connections: 400")
            .replace("serviceTime: 20ms", "serviceTime: 500ms, concurrency: 1000, termination: {preStop: 1s, drainWindow: 4s, connectionClose: response}")
            .replace("remove: 1s", "remove: 300ms");
        let mut begun = std::collections::BTreeMap::new();
        let mut lasted = Vec::new();
        for (t, fact) in facts(&yaml) {
            match fact {
                Fact::Pod { pod, step: PodStep::Sigterm, .. } => drop(begun.insert(pod, t)),
                Fact::Pod { pod, step: PodStep::Exited, .. } => lasted.push(t - begun[&pod]),
                _ => {}
            }
        }
        assert_eq!(lasted.len(), 4, "{upstream}");
        lasted
    };
    let longest = |upstream: &str| exits(upstream).into_iter().fold(0.0, f64::max);
    let shortest = |upstream: &str| exits(upstream).into_iter().fold(f64::INFINITY, f64::min);
    for share in ["share: all", "share: later"] {
        let closed = longest(share);
        assert!(closed < 0.1, "{share}: {closed}");
        let kept = shortest(&format!("{share}, keepsRemoved: true"));
        assert!((3.9..4.1).contains(&kept), "{share}: {kept}");
        // Those that the proxy purges hold nothing up.
        let purged = longest(&format!("{share}, keepsRemoved: true, purge: 200ms"));
        assert!((0.1..3.0).contains(&purged), "{share}: {purged}");
    }
    // A connection that is one client's own stays even if it was idle.
    assert!(longest("share: client") < 0.1);
    assert!(shortest("share: client, keepsRemoved: true") > 3.9);
}
