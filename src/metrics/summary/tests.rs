use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};

use super::*;
use crate::metrics::recovery::Recovery;
use crate::metrics::replication::CapacityTally;
use crate::metrics::{Results, sample};

/// JSON with its keys in the order of the text, which `serde_json::Value` would sort.
#[derive(Debug)]
enum Ordered {
    Leaf,
    List,
    Map(Vec<(String, Ordered)>),
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Ordered;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Ordered, E> {
                Ok(Ordered::Leaf)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Ordered, E> {
                Ok(Ordered::Leaf)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Ordered, E> {
                Ok(Ordered::Leaf)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Ordered, E> {
                Ok(Ordered::Leaf)
            }
            fn visit_str<E>(self, _: &str) -> Result<Ordered, E> {
                Ok(Ordered::Leaf)
            }
            fn visit_unit<E>(self) -> Result<Ordered, E> {
                Ok(Ordered::Leaf)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ordered, A::Error> {
                while seq.next_element::<Ordered>()?.is_some() {}
                Ok(Ordered::List)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Ordered {
    /// The keys of the object at a dotted path, in the order of the text.
    fn keys(&self, path: &str) -> String {
        let object = path.split('.').filter(|n| !n.is_empty()).fold(self, |at, name| match at {
            Self::Map(entries) => &entries.iter().find(|(k, _)| k == name).expect("the path exists").1,
            _ => panic!("{name} of {path} is in no object"),
        });
        match object {
            Self::Map(entries) => entries.iter().map(|(k, _)| k.as_str()).collect::<Vec<_>>().join(" "),
            _ => panic!("{path} is no object"),
        }
    }
}

#[test]
fn the_json_has_every_key_of_the_interface_in_its_order() {
    const OUTCOMES: &str = "500 502 503 504 refused reset truncated timeout";
    const CONNECTIONS: &str = "opened reconnects peakReconnectsPerSecond baselineReconnectsPerSecond spikeRatio failed";
    let text = serde_json::to_string(&sample::results(10)).expect("it serialises");
    let json: Ordered = serde_json::from_str(&text).expect("it parses");
    let expected = [
        (
            "",
            "schema scenario version seed replications assumptions beyondMeasured simulated digest summary timeseries decisions pods",
        ),
        ("simulated", "requests events"),
        (
            "summary",
            "requests succeeded dropped excess unfinished availability before during after outcomes causes retried \
             answers connections capacity latency rollout recovery",
        ),
        ("summary.requests", "mean ci95 min max"),
        ("summary.before", "requests dropped outcomes seconds"),
        ("summary.during", "requests dropped outcomes seconds"),
        ("summary.after", "requests dropped outcomes seconds"),
        ("summary.during.outcomes", OUTCOMES),
        ("summary.outcomes", OUTCOMES),
        (
            "summary.causes",
            "staleRoute severedByDrain severedByKill severedByDeregistration keepAliveRace overflow noEndpoints slow \
             appError crash",
        ),
        ("summary.answers", "200 500 502 503 504"),
        ("summary.connections", &format!("{CONNECTIONS} upstream")),
        ("summary.connections.upstream", CONNECTIONS),
        ("summary.capacity", "minReady minReadyFraction minHeadroom secondsBelowDemand"),
        ("summary.latency", "before during after"),
        ("summary.latency.during", "mean p50 p90 p99 p999 max"),
        ("summary.rollout", "durationSeconds surgePodSeconds complete peakPods completed"),
        ("summary.recovery", "attemptsPerRequest recovered recoveredDeploys deploys recoverySeconds"),
        ("summary.recovery.attemptsPerRequest", "before during after"),
        ("timeseries", "binSeconds columns rows"),
    ];
    for (path, keys) in expected {
        assert_eq!(json.keys(path), keys, "keys of {path:?}");
    }
}

#[test]
fn pods_and_series_have_the_columns_of_the_interface() {
    let results = sample::results(1);
    assert_eq!(
        results.timeseries.columns.join(" "),
        "t demand capacity ready pods inFlight queued ok 500 502 503 504 refused reset truncated timeout reconnects p50 p99"
    );
    let width = results.timeseries.columns.len();
    assert!(results.timeseries.rows.iter().all(|row| row.len() == width));
    let pod = serde_json::to_string(&results.pods[0]).expect("it serialises");
    let pod: Ordered = serde_json::from_str(&pod).expect("it parses");
    assert_eq!(pod.keys(""), "name revision created ready deletionRequested sigterm listenerClosed gone killed");
}

fn mean(figure: Figure) -> f64 {
    figure.expect("a figure").mean
}

fn merge(replications: &[Replication]) -> Summary {
    Results::new(&sample::meta(), replications).summary
}

#[test]
fn counts_are_those_of_during_and_after() {
    let mut r = sample::clean(0);
    for (i, n) in [(0, 3), (1, 50), (2, 7)] {
        sample::drop_requests(&mut r.phases[i], n, 1, 0);
    }
    let s = merge(&[r]);
    assert_eq!((mean(s.dropped), mean(s.requests), mean(s.before.dropped)), (57.0, 344_000.0, 3.0));
    assert_eq!(
        (mean(s.outcomes.get("502")), mean(s.causes.get("staleRoute")), mean(s.answers.get("502"))),
        (57.0, 57.0, 57.0)
    );
    // 3 in 30 s before, 172 s counted: 17.2 would have been dropped anyway.
    assert!((mean(s.excess) - (57.0 - 17.2)).abs() < 1e-9);
    assert_eq!(mean(s.availability), (224_000.0 - 50.0) / 224_000.0);
    assert_eq!(s.dropped.and_then(|d| d.ci95), None, "one replication has no interval");
}

#[test]
fn a_steady_fleet_counts_what_was_before_and_has_no_rollout() {
    let s = sample::steady_results(4).summary;
    assert_eq!((mean(s.requests), mean(s.before.requests)), (120_000.0, 120_000.0));
    assert_eq!((s.during.requests, s.after.dropped, s.latency.during.p99, s.excess), (None, None, None, None));
    assert_eq!((s.rollout.complete, s.rollout.duration_seconds, s.rollout.peak_pods), (None, None, None));
    assert!(s.latency.before.p99.is_some() && s.availability.is_some());
}

#[test]
fn what_never_happened_carries_its_exact_bound() {
    let s = sample::clean_results(10).summary;
    let bound = poisson_upper(10);
    assert_eq!(s.dropped.and_then(|d| d.ci95), Some([0.0, bound]));
    assert_eq!(s.causes.get("crash").and_then(|d| d.ci95), Some([0.0, bound]));
    let [lo, hi] = s.availability.and_then(|a| a.ci95).expect("an interval");
    assert!((1.0 - lo - bound / 228_000.0).abs() < 1e-12 && hi == 1.0, "{lo}");
}

#[test]
fn a_rollout_that_once_stands_still_has_no_duration() {
    let r = sample::stuck_results(4).summary.rollout;
    assert_eq!((r.duration_seconds, r.complete, r.completed), (None, Some(false), Some(2)));
}

#[test]
fn a_fleet_that_once_stays_down_has_no_time_to_recover_in() {
    let down =
        Replication { recovery: Some(Recovery { recovered: false, seconds: None, ..back(0.0) }), ..sample::clean(0) };
    let slow = Replication { recovery: Some(back(6.0)), ..sample::clean(0) };
    let unknown = Replication { recovery: None, ..sample::clean(0) };
    let of = |all: &[Replication]| {
        let r = merge(all).recovery;
        (r.recovered, r.recovered_deploys, r.deploys, r.recovery_seconds.map(|f| f.mean))
    };
    assert_eq!(of(&[slow.clone(), unknown.clone(), sample::clean(0)]), (Some(true), Some(2), Some(2), Some(3.0)));
    assert_eq!(of(&[slow, down]), (Some(false), Some(1), Some(2), None));
    assert_eq!(of(&[unknown]), (None, None, None, None));
}

fn back(seconds: f64) -> Recovery {
    Recovery { recovered: true, seconds: Some(seconds), dropped_before: 0.0, headroom_before: Some(2.0) }
}

#[test]
fn attempts_are_of_the_requests_that_ended_in_a_phase() {
    let mut r = sample::clean(0);
    r.phases[1].attempts = r.phases[1].requests * 3 / 2;
    r.phases[2].unfinished = r.phases[2].requests / 2;
    r.phases[2].succeeded -= r.phases[2].unfinished;
    r.phases[2].attempts = r.phases[2].succeeded;
    let a = merge(&[r]).recovery.attempts_per_request;
    assert_eq!([a.before, a.during, a.after].map(mean), [1.0, 1.5, 1.0]);
    assert_eq!(sample::steady_results(2).summary.recovery.attempts_per_request.during, None);
}

#[test]
fn the_spike_is_held_against_the_baseline_of_all_replications() {
    let mut quiet = sample::clean(0);
    quiet.phases[0].connections[1].reconnects = 0;
    let up = merge(&[sample::clean(0), quiet]).connections.upstream;
    assert_eq!(mean(up.baseline_reconnects_per_second), 0.2);
    assert_eq!(mean(up.spike_ratio), 300.0 / 0.2);
    let silent = |mut r: Replication| {
        r.phases[0].connections[1].reconnects = 0;
        r
    };
    let up = merge(&[silent(sample::clean(0)), silent(sample::clean(1))]).connections.upstream;
    assert_eq!(up.spike_ratio, None);
}

#[test]
fn without_proxies_there_is_no_upstream() {
    let meta = Meta { proxied: false, ..sample::meta() };
    let connections = Results::new(&meta, &[sample::clean(0)]).summary.connections;
    assert_eq!(connections.upstream, ConnectionFigures::default());
    assert!(connections.clients.opened.is_some());
}

#[test]
fn quantiles_never_exceed_the_longest_latency() {
    let l = sample::clean_results(1).summary.latency.before;
    assert_eq!((mean(l.max), mean(l.p999)), (0.12, 0.12));
    assert!((mean(l.p50) - 0.04).abs() < 0.0001 && (mean(l.mean) - 0.0416).abs() < 1e-9);
}

#[test]
fn the_share_of_ready_pods_and_its_interval_are_at_most_all_of_them() {
    let ready = |i, min_ready| {
        let r = sample::clean(i);
        let min_ready_fraction = f64::from(min_ready) / 20.0;
        Replication { capacity: CapacityTally { min_ready, min_ready_fraction, ..r.capacity }, ..r }
    };
    let of = |pods: &[u32]| {
        let replications: Vec<_> = (0..).zip(pods).map(|(i, &n)| ready(i, n)).collect();
        let capacity = merge(&replications).capacity;
        let end = |figure: Figure| figure.and_then(|f| f.ci95).expect("an interval")[1];
        (end(capacity.min_ready), end(capacity.min_ready_fraction))
    };
    // Student's t of two goes to 49 pods, 2.4 times as many as there are.
    assert_eq!(of(&[15, 20]), (20.0, 1.0));
    let (pods, share) = of(&[15, 16, 15, 16, 15, 16]);
    assert!(16.0 < pods && pods < 17.0 && (share - pods / 20.0).abs() < 1e-12, "{pods} {share}");
    // Scaled up before the deploy there are more than `replicas`.
    assert!(of(&[22, 25]).1 > 1.25);
}
