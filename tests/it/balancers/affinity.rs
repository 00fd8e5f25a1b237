//! Clients that are bound to pods, and pods that serve on though they go.

use std::collections::{BTreeMap, BTreeSet};

use dryroll::fleet::fact::{Cause, Outcome};

use super::{answers, dropped, ended, facts, rolling, share};

#[test]
fn a_sticky_client_stays_until_its_pod_goes_and_the_first_new_pods_fill_up() {
    let yaml = rolling("algorithm: random, sticky: {}", "connections: 400, whenBusy: wait")
        .replace("replicas: 4,", "replicas: 4, minReadySeconds: 30,")
        .replace("serviceTime: 20ms", "serviceTime: 20ms, termination: {preStop: 2s}")
        .replace("at: 5s", "at: 60s")
        .replace("after: 5s", "after: 30s");
    let facts = facts(&yaml);
    let mut pods: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (_, client, pod) in answers(&facts) {
        let had = pods.entry(client).or_default();
        if had.last() != Some(&pod) {
            had.push(pod);
        }
    }
    // It moves when its pod leaves the table, and never back.
    assert!(pods.values().all(|had| had.iter().collect::<BTreeSet<_>>().len() == had.len()), "{pods:?}");
    assert_eq!(ended(&facts, Outcome::S502), 0);
    // Each pod that goes spreads its clients over all that are there, the last new pod only those of the last old one:
    // 144, 119, 88 and 49 of 400.
    let at_the_end = |pod: u32| pods.values().filter(|had| had.last() == Some(&pod)).count();
    let found = [4, 5, 6, 7].map(at_the_end);
    let expected = [144.0, 119.0, 88.0, 49.0];
    let near = |(found, expected): (&usize, &f64)| (*found as f64 - expected).abs() < 4.0 * expected.sqrt();
    assert!(found.iter().zip(&expected).all(near), "{found:?}");
}

#[test]
fn stickiness_ends_when_a_client_has_not_asked_for_so_long() {
    // 400 clients that ask every four seconds on average.
    let moves = |sticky: &str| {
        let facts = facts(
            &rolling(&format!("algorithm: random, sticky: {sticky}"), "connections: 400, whenBusy: wait")
                .replace("at: 5s", "at: 40s"),
        );
        let mut last = BTreeMap::new();
        let before = |a: &&(f64, u32, u32)| a.0 < 0.0;
        answers(&facts).iter().filter(before).filter(|a| last.insert(a.1, a.2).is_some_and(|pod| pod != a.2)).count()
    };
    let (bound, short, free) = (moves("{}"), moves("{lifetime: 1s}"), moves("none"));
    assert_eq!(bound, 0);
    // A gap beats a second with probability e^(-1/4); three of four picks are another pod.
    let ratio = short as f64 / free as f64;
    assert!((0.72..0.84).contains(&ratio), "{short} of {free}, not e^(-1/4) = 0.78");
}

#[test]
fn an_ip_hash_moves_nearly_everybody_and_a_ring_one_pods_share() {
    let moved = |algorithm: &str| {
        let yaml = rolling(&format!("algorithm: {algorithm}"), "connections: 200")
            .replace("deploy: {at: 5s", "deploy: {at: 20s, events: [{at: 0s, pause: true}, {at: 1s, scale: 5}]");
        let answers = answers(&facts(&yaml));
        let pod = |client: u32, from: f64, to: f64| {
            answers.iter().find(|a| a.1 == client && (from..to).contains(&a.0)).map(|a| a.2)
        };
        let both = (0..200).filter_map(|c| Some((pod(c, -20.0, 0.0)?, pod(c, 6.0, 20.0)?)));
        let (mut n, mut changed) = (0, 0);
        for (before, after) in both {
            n += 1;
            changed += u32::from(before != after);
        }
        f64::from(changed) / f64::from(n)
    };
    // Of four pods to five: a modulus moves 4 in 5, a ring 1 in 5.
    let (modulus, ring) = (moved("ipHash"), moved("ringHash"));
    assert!((0.68..0.92).contains(&modulus) && (0.08..0.34).contains(&ring), "{modulus} {ring}");
}

#[test]
fn with_no_ready_endpoint_left_terminating_ones_serve_on() {
    let dropped_ones = |fallback: bool, pre_stop: &str| {
        let yaml =
            rolling(&format!("layer: 4, terminatingFallback: {fallback}"), "connections: 5000, preconnect: false")
                .replace(
                    "strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
                    "strategy: {rollingUpdate: {maxSurge: 4, maxUnavailable: 4}}",
                )
                .replace("remove: 1s", "remove: 100ms")
                .replace("serviceTime: 20ms", &format!("serviceTime: 20ms, termination: {{preStop: {pre_stop}}}"));
        let facts = facts(&yaml);
        (dropped(&facts, Cause::NoEndpoints), dropped(&facts, Cause::StaleRoute))
    };
    // From the removal, 100 ms after the deletion, to the new pods' start after 2 s: some 190 requests.
    let (none, _) = dropped_ones(false, "10s");
    assert!((150..230).contains(&none), "{none}");
    assert_eq!(dropped_ones(true, "10s"), (0, 0));
    // A pod that has gone is fallen back on no longer than it takes to hear of that.
    let (none, stale) = dropped_ones(true, "1s");
    assert!((70..130).contains(&none) && (3..20).contains(&stale), "{none} {stale}");
}

#[test]
fn a_flow_is_pinned_to_its_pod_for_as_long_as_packets_keep_its_entry() {
    // 40 sockets that send every 400 ms on average to pods of which the address goes with the exit.
    let lost = |pinning: &str| {
        let yaml = rolling(
            &format!("layer: 4, algorithm: random, connectTimeout: 200ms, pinning: {pinning}"),
            "connections: 40, timeout: 1s",
        )
        .replace("serviceTime: 20ms", "serviceTime: 20ms, termination: {afterExit: unreachable}")
        .replace("after: 5s", "after: 30s");
        share(&facts(&yaml), 25.0, 40.0, Outcome::Timeout)
    };
    assert_eq!(lost("none"), 0.0);
    assert!(lost("{}") > 0.99, "each entry is kept alive by what is lost");
    // Gaps of more than 2 s, five of the mean, come about once in 60 s a socket: after 25 s a good part is free.
    let some = lost("{entryTimeout: 1s}");
    assert!((0.0..0.7).contains(&some), "{some}");
    // With a port for each connection nothing is ever reused in time.
    assert_eq!(lost("{ports: 60000}"), 0.0);
}
