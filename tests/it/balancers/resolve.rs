//! Proxies and clients that ask a name server.

use std::collections::{BTreeMap, BTreeSet};

use dryroll::fleet::fact::{Cause, Fact};

use super::{dropped, facts, rolling};

/// As [`rolling`] at layer 4, with a client a proxy that knows pods by asking.
fn asking(resolve: &str, more: &str) -> String {
    rolling(&format!("layer: 4, algorithm: random, resolve: {resolve}, {more}"), "connections: 50, timeout: 1s")
        .replace("proxies: 1", "proxies: 50")
        .replace("remove: 1s", "remove: 0s")
        .replace("after: 5s", "after: 60s")
}

/// When tables changed.
fn table_times(facts: &[(f64, Fact)], routed: bool) -> Vec<(f64, u32)> {
    let change = |(t, f): &(f64, Fact)| match f {
        Fact::Table { proxy, routed: r, .. } if *r == routed => Some((*t, proxy.0)),
        _ => None,
    };
    facts.iter().filter_map(change).collect()
}

#[test]
fn a_client_that_asks_on_disconnect_does_so_no_more_often_than_it_may() {
    let seldom = facts(&asking("{refresh: disconnect, minInterval: 10s}", "connectTimeout: 5s"));
    let mut asked: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (t, proxy) in table_times(&seldom, true).into_iter().chain(table_times(&seldom, false)) {
        asked.entry(proxy).or_default().push(t);
    }
    assert!(asked.len() > 40, "nearly everybody has lost a connection: {}", asked.len());
    for times in asked.values_mut() {
        times.sort_by(f64::total_cmp);
        // What one answer brings comes in one moment.
        times.dedup_by(|a, b| *a == *b);
        assert!(times.windows(2).all(|w| w[1] - w[0] > 10.0 - 1e-6), "{times:?}");
    }
    // A second loss within the interval finds the list of before: pods that have gone.
    let at_once = facts(&asking("{refresh: disconnect, minInterval: 1ms}", "connectTimeout: 5s"));
    let stale = [dropped(&seldom, Cause::StaleRoute), dropped(&at_once, Cause::StaleRoute)];
    assert!(stale[0] > 5 && 3 * stale[1] < stale[0], "{stale:?}");
}

#[test]
fn a_shared_cache_makes_answers_old_and_a_poll_comes_at_its_own_moments() {
    let polled = facts(&asking("{refresh: poll, minInterval: 4s}", "connectTimeout: 5s"));
    // From the first new pod's addition, at 2 s, each table has it within an interval, uniformly.
    let mut seen = BTreeSet::new();
    let late: Vec<f64> =
        table_times(&polled, true).into_iter().filter(|&(_, proxy)| seen.insert(proxy)).map(|(t, _)| t - 2.0).collect();
    assert_eq!(late.len(), 50);
    let mean = late.iter().sum::<f64>() / 50.0;
    assert!(late.iter().all(|t| (0.0..4.0).contains(t)) && (1.5..2.5).contains(&mean), "{mean}: {late:?}");
    // Through a cache of 4 s the answer is older by up to that.
    let cached = facts(&asking("{refresh: poll, minInterval: 4s, ttl: 4s}", "connectTimeout: 5s"));
    let mut seen = BTreeSet::new();
    let older: Vec<f64> =
        table_times(&cached, true).into_iter().filter(|&(_, p)| seen.insert(p)).map(|(t, _)| t - 2.0).collect();
    let old = older.iter().sum::<f64>() / 50.0;
    assert!(older.iter().all(|t| (0.0..8.0).contains(t)) && old > mean + 0.2, "{old} and {mean}");
}

#[test]
fn an_answer_in_use_is_asked_for_anew_when_it_is_too_old() {
    let stale = |resolve: &str| {
        let yaml =
            asking(resolve, "connectTimeout: 5s").replace("connections: 50", "connections: 5000, preconnect: false");
        dropped(&facts(&yaml), Cause::StaleRoute)
    };
    let (fresh, old) = (stale("{refresh: use, minInterval: 1ms}"), stale("{refresh: use, minInterval: 4s}"));
    // Rate / members x the mean age of an answer, two seconds, for each of four pods.
    assert_eq!(fresh, 0);
    assert!((120..260).contains(&old), "{old}, not 200");
}

#[test]
fn an_empty_answer_leaves_the_old_list() {
    let yaml = asking("{refresh: poll, minInterval: 500ms}", "connectTimeout: 5s")
        .replace("strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", "strategy: Recreate");
    let facts = facts(&yaml);
    assert_eq!(dropped(&facts, Cause::NoEndpoints), 0);
    assert!(dropped(&facts, Cause::StaleRoute) > 50);
}
