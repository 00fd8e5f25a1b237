//! nginx' settings.

use crate::study::validate::lab_case::Settings;
use crate::study::validate::notation;

/// Its master waits so long between starting new workers and telling the old ones to quit.
const TAKES: &str = "100ms";
/// Its marks know whole seconds.
const TICK: &str = "1s";

pub(super) fn lines(set: &Settings) -> Vec<String> {
    let algorithm = match set.balance.as_deref().unwrap_or("roundrobin") {
        "leastconn" => "leastRequest",
        "random two least_conn" => "powerOfTwo",
        balance if balance.starts_with("hash") => "ringHash",
        _ => "smoothRoundRobin",
    };
    let idle = notation::nginx(set.upstream_keepalive_timeout.as_deref().unwrap_or("60s"));
    let stop = notation::nginx(set.worker_shutdown_timeout.as_deref().unwrap_or("0s"));
    let timeout = notation::nginx(set.fail_timeout.as_deref().unwrap_or("10s"));
    vec![
        format!("algorithm: {algorithm}"),
        format!("upstream: {{connections: {}, idleTimeout: {idle}, reuse: mru}}", set.keepalive.unwrap_or(64)),
        "status: {connectFailure: 502, connectTimeout: 504, reset: 502, noEndpoints: 502, timeout: 504}".to_owned(),
        retries(set),
        "membership: reload".to_owned(),
        format!("workers: {}", set.workers.unwrap_or(1)),
        format!("reload: {{takes: {TAKES}, shutdownTimeout: {stop}}}"),
        format!(
            "passiveHealth: {{maxFails: {}, failTimeout: {timeout}, tick: {TICK}, inARow: false, sparesOnly: true}}",
            set.max_fails.unwrap_or(1)
        ),
    ]
}

fn retries(set: &Settings) -> String {
    let off = set.next_upstream.as_deref() == Some("off");
    let attempts = match set.next_upstream_tries.unwrap_or(0) {
        _ if off => 0,
        // As many as there are peers.
        0 => 1000,
        tries => tries - 1,
    };
    let next = set.next_upstream.as_deref().unwrap_or("error timeout");
    let has = |word: &str| next.split_whitespace().any(|other| other == word);
    let error: &[&str] = if has("error") || off { &["connectFailure", "reset"] } else { &[] };
    // A `timeout` is one of 120 s in the lab, or that of a connect, which no pod of the lab leaves without an answer.
    let statuses = ["500", "502", "503", "504"].into_iter().filter(|status| has(&format!("http_{status}")));
    let on: Vec<&str> = error.iter().copied().chain(statuses).collect();
    format!("retries: {{attempts: {attempts}, eachPodOnce: true, on: [{}]}}", on.join(", "))
}
