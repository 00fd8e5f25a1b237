//! Retries that requests pay for: so many of so many, and a few besides.

use dryroll::fleet::fact::Fact;

use super::facts;

/// Retries a second of 100 requests/s, all of which fail, once the reserve of the beginning is spent.
fn retries(balancer: &str, clients: &str) -> f64 {
    let facts = facts(&format!(
        "\
workload: {{replicas: 4}}
pod: {{concurrency: 50, serviceTime: 20ms, errorRate: 100%}}
loadBalancer: {{{balancer}}}
clients: [{{rate: 100/s, arrivals: constant, connections: 50, {clients}}}]
deploy: none
observe: {{warmup: 0s, for: 100s}}
"
    ));
    let late = facts.iter().filter(|(t, _)| (20.0..100.0).contains(t));
    let more = late.map(|(_, fact)| match fact {
        Fact::Ended { attempts, .. } => u64::from(*attempts) - 1,
        _ => 0,
    });
    more.sum::<u64>() as f64 / 80.0
}

fn assert_near(rate: f64, expected: f64) {
    assert!((rate - expected).abs() < 0.03 * expected, "{rate} retries a second, {expected} expected");
}

/// ratio × λ + min, of each proxy for itself.
#[test]
fn a_proxy_retries_what_its_requests_pay_for() {
    let on = "retries: {attempts: 5, on: [500], nonIdempotent: true";
    let with = |proxies: u32, budget: &str| {
        retries(&format!("proxies: {proxies}, {on}, budget: {budget}}}"), "retries: {attempts: 0}")
    };
    assert_near(with(1, "{ratio: 20%, minPerSecond: 2}"), 22.0);
    assert_near(with(2, "{ratio: 20%, minPerSecond: 2}"), 24.0);
    assert_near(with(1, "{ratio: 50%, minPerSecond: 0, ttl: 3s}"), 50.0);
    assert_near(with(1, "none"), 500.0);
}

#[test]
fn clients_retry_what_their_requests_pay_for() {
    let with = |budget: &str| {
        let on = "idempotent: 100%, retries: {attempts: 5, on: [500], backoff: {base: 0s}";
        retries("proxies: 2", &format!("{on}, budget: {budget}}}"))
    };
    assert_near(with("{ratio: 20%, minPerSecond: 2}"), 22.0);
    assert_near(with("{ratio: 0%, minPerSecond: 7, ttl: 1s}"), 7.0);
    assert_near(with("none"), 500.0);
}
