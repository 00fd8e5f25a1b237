//! Connections that carry several requests at once, and how they end.

use dryroll::fleet::fact::{Cause, Side};

use super::{dropped, facts, opened, rolling};

#[test]
fn requests_share_a_connection_to_their_pod() {
    let opened_by = |upstream: &str| {
        let yaml = rolling(&format!("upstream: {{{upstream}}}"), "connections: 500")
            .replace("serviceTime: 20ms", "serviceTime: 400ms, concurrency: 100");
        let facts = facts(&yaml);
        (opened(&facts, Side::Upstream, -5.0, 0.0), dropped(&facts, Cause::Overflow))
    };
    // 40 requests under way at once, ten a pod.
    assert_eq!(opened_by("maxConcurrentStreams: 100"), (4, 0));
    let (few, _) = opened_by("maxConcurrentStreams: 5");
    let (one, _) = opened_by("idleTimeout: 60s");
    assert!((8..25).contains(&few) && one > 35, "{few} for five each, {one} for one each");
}

/// A busy fleet whose pods end connections that are a second old, ten milliseconds away.
fn ageing(balancer: &str, keep_alive: &str, clients: &str) -> String {
    rolling(balancer, &format!("connections: 20, {clients}"))
        .replace("rate: 100/s", "rate: 1000/s")
        .replace("latency: 0s", "latency: 10ms")
        .replace(
            "serviceTime: 20ms",
            &format!("serviceTime: 5ms, keepAlive: {{maxAge: 1s, {keep_alive}}}, termination: {{preStop: 2s}}"),
        )
}

#[test]
fn an_announced_end_costs_nothing_and_an_end_without_a_word_what_was_on_its_way() {
    for (balancer, clients) in [
        ("upstream: {maxConcurrentStreams: 100}", "idempotent: 100%"),
        ("layer: 4, algorithm: roundRobin", "multiplex: 100"),
    ] {
        let lost = |keep_alive: &str| dropped(&facts(&ageing(balancer, keep_alive, clients)), Cause::KeepAliveRace);
        assert!(lost("goAway: false") > 5, "{balancer}: {}", lost("goAway: false"));
        assert_eq!(lost("goAway: true"), 0, "{balancer}");
    }
}

#[test]
fn a_drain_that_announces_itself_waits_for_what_was_on_its_way() {
    let lost = |go_away: &str| {
        let yaml = ageing("layer: 4, algorithm: roundRobin", go_away, "multiplex: 100").replace("maxAge: 1s, ", "");
        let facts = facts(&yaml);
        dropped(&facts, Cause::KeepAliveRace) + dropped(&facts, Cause::SeveredByDrain)
    };
    assert!(lost("goAway: false") > 5, "{}", lost("goAway: false"));
    assert_eq!(lost("goAway: true"), 0);
}

#[test]
fn connections_still_age_and_come_back_elsewhere() {
    let reconnects = |go_away: &str| {
        opened(&facts(&ageing("layer: 4, algorithm: roundRobin", go_away, "multiplex: 100")), Side::Client, -4.0, 0.0)
    };
    // Twenty connections of a second each.
    let (announced, silent) = (reconnects("goAway: true"), reconnects("goAway: false"));
    assert!((60..100).contains(&announced) && (60..100).contains(&silent), "{announced} and {silent}");
}
