//! Clients with a back-off for each address.

use dryroll::fleet::fact::{Cause, Fact, Side};

use super::{count, dropped, facts, rolling};

const GRPC: &str =
    "reconnect: {when: eager, perAddress: true, backoff: {base: 1s, factor: 1.6, cap: 120s, jitter: 20%}}";

fn refused(facts: &[(f64, Fact)]) -> usize {
    count(facts, |_, f| matches!(f, Fact::ConnectFailed(Side::Client)))
}

/// A pod that is gone and believed in costs a client that can go elsewhere a try, and its requests nothing.
#[test]
fn an_address_that_fails_is_left_alone_and_others_are_asked_at_once() {
    let of = |clients: &str| {
        facts(
            &rolling(
                "layer: 4, algorithm: random",
                &format!("connections: 80, keepAlive: {{idleTimeout: 0s}}, {clients}"),
            )
            .replace("remove: 1s", "remove: 1900ms"),
        )
    };
    let (grpc, plain) = (of(GRPC), of("idempotent: 0%"));
    assert!(dropped(&plain, Cause::StaleRoute) > 20, "{}", dropped(&plain, Cause::StaleRoute));
    assert_eq!(dropped(&grpc, Cause::StaleRoute), 0);
    // 80 ((1 + 1/4)^4 − 1) clients lose their pod, and meet it with one of five tries; in a back-off of 1 s or more they may once more.
    let displaced = 80.0 * (libm::pow(1.25, 4.0) - 1.0);
    let tries = refused(&grpc) as f64;
    assert!((0.12 * displaced..0.45 * displaced).contains(&tries), "{tries} of {displaced}");
}

/// Where there is no other address the waits are those of gRPC's connection-backoff.md, from the beginning of each try.
#[test]
fn an_only_address_is_tried_at_growing_intervals() {
    let facts = facts(&format!(
        "\
workload: {{replicas: 1, strategy: Recreate}}
pod: {{startup: 200s, serviceTime: 5ms, readinessProbe: none, termination: {{onSigterm: exit}}}}
loadBalancer: {{layer: 4, proxies: 1, propagation: {{shared: 0s, add: 0s, remove: 1h}}}}
network: {{latency: 0s, client: 0s}}
clients: [{{rate: 1/s, connections: 1, whenBusy: wait, timeout: 1s, {GRPC}}}]
deploy: {{at: 5s}}
observe: {{warmup: 0s, after: 1s, limit: 175s}}
"
    ));
    let tries: Vec<f64> =
        facts.iter().filter(|(_, f)| matches!(f, Fact::ConnectFailed(Side::Client))).map(|(t, _)| *t).collect();
    // 1 + 1.6 + … + 1.6^8 is 113 s, and the next wait reaches beyond the end.
    assert!((9..=11).contains(&tries.len()), "{tries:?}");
    for (k, pair) in tries.windows(2).enumerate() {
        let expected = libm::pow(1.6, k as f64);
        let wait = (pair[1] - pair[0]) / expected;
        assert!((0.8 - 1e-6..=1.2 + 1e-6).contains(&wait), "wait {k}: {wait} times {expected} s");
    }
}
