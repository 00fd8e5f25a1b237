//! Envoy's settings.

use super::NO_LIMIT;
use crate::study::validate::lab_case::{HealthCheck, Outlier, Parameters, Settings};
use crate::study::validate::translate::s;

/// Its waits before a retry: up to 25 ms, then twice as long.
const BACKOFF: &str = "{base: 25ms, factor: 2, cap: 250ms, jitter: full}";
/// Its circuit breakers, each of them, unless they are told otherwise.
const LIMIT: u32 = 1024;
/// It disbelieves its marks of health below this share of healthy hosts, and takes any answer from 500 on for a failure.
const PANIC: &str = "50%";
const FAILURES: &str = "[500, 502, 503, 504]";
/// It holds changes of health back for so long after a change of the membership.
const MERGE_WINDOW: &str = "1s";
/// Its slow start begins at a tenth, and its scheduler takes weights as they are at each turn.
const SLOW_START: &str = "least: 10%, step: 1ms";
/// Its first checks come right before it listens, and the lab's clients take a second from then on to connect (s).
const CHECKS_BEFORE: f64 = 1.03;

pub(super) fn lines(p: &Parameters) -> Vec<String> {
    let set = &p.lb_settings;
    let panic = set.panic_percent.map_or(PANIC.to_owned(), |share| format!("{share}%"));
    let mut lines = vec![
        algorithm(set),
        format!("workers: {}", set.concurrency.unwrap_or(1)),
        upstream(set),
        "status: {connectFailure: 503, connectTimeout: 503, reset: 503, noEndpoints: 503, timeout: 504}".to_owned(),
        format!("panicThreshold: {panic}"),
    ];
    lines.extend(set.retry_on.as_deref().map(|on| retries(on, set)));
    let merge_window = set.update_merge_window.as_deref().unwrap_or(MERGE_WINDOW);
    lines.extend(set.outlier.as_ref().map(|outlier| passive_health(outlier, merge_window)));
    if let Some(check) = &set.health_check {
        lines.push(active_health(check));
        if set.outlier.is_none() {
            lines.push(format!("passiveHealth: {{maxFails: 0, mergeWindow: {merge_window}}}"));
        }
    }
    if p.strategy == "envoy_drain" {
        let gradual = set.drain_strategy.as_deref() != Some("immediate");
        lines.push(format!("reload: {{drain: {}, gradual: {gradual}}}", s(set.drain_time_s.unwrap_or(600.0))));
    }
    lines.extend(set.slow_start_s.map(|window| format!("slowStart: {{window: {}, {SLOW_START}}}", s(window))));
    lines
}

fn algorithm(set: &Settings) -> String {
    let algorithm = match set.lb_policy.as_deref() {
        Some("LEAST_REQUEST") => "envoyLeastRequest",
        Some("RANDOM") => "random",
        Some("RING_HASH" | "MAGLEV") => "ringHash",
        _ => "roundRobin",
    };
    format!("algorithm: {algorithm}")
}

fn upstream(set: &Settings) -> String {
    let idle = s(set.upstream_idle_s.unwrap_or(3600.0));
    let limit = |set: Option<u32>| Some(set.unwrap_or(LIMIT)).filter(|&most| most < NO_LIMIT).unwrap_or(0);
    format!(
        "upstream: {{connections: 1000, idleTimeout: {idle}, reuse: mru, maxConnections: {}, maxPendingRequests: {}, maxRequests: {}}}",
        limit(set.max_connections),
        limit(set.max_pending_requests),
        limit(set.max_requests)
    )
}

fn retries(on: &str, set: &Settings) -> String {
    let mut classes = Vec::new();
    let has = |names: &[&str]| on.split(',').any(|word| names.contains(&word.trim()));
    // A connect that fails is a reset to Envoy too, before the request was sent, and either is a 503.
    if has(&["connect-failure", "reset", "reset-before-request", "5xx", "gateway-error"]) {
        classes.push("connectFailure");
    }
    if has(&["reset", "5xx", "gateway-error"]) {
        classes.push("reset");
    }
    if has(&["5xx"]) {
        classes.push("500");
    }
    if has(&["5xx", "gateway-error"]) {
        classes.extend(["502", "503", "504"]);
    }
    format!(
        "retries: {{attempts: {}, on: [{}], otherPod: {}, maxConcurrent: {}, backoff: {BACKOFF}}}",
        set.num_retries.unwrap_or(1),
        classes.join(", "),
        set.previous_hosts.unwrap_or(false),
        set.max_retries.unwrap_or(3)
    )
}

fn passive_health(outlier: &Outlier, merge_window: &str) -> String {
    format!(
        "passiveHealth: {{maxFails: {}, window: 0s, failTimeout: {}, maxFailTimeout: {}, interval: {}, mergeWindow: {}, maxEjected: {}%, \
         shared: true, statuses: {FAILURES}}}",
        outlier.in_a_row(),
        outlier.base_ejection_time,
        outlier.max_ejection_time,
        outlier.interval,
        merge_window,
        outlier.max_ejection_percent
    )
}

fn active_health(check: &HealthCheck) -> String {
    format!(
        "activeHealth: {{interval: {}, timeout: {}, healthyThreshold: {}, unhealthyThreshold: {}, keepsRemoved: true, phase: {}}}",
        check.interval,
        check.timeout,
        check.healthy_threshold,
        check.unhealthy_threshold,
        checked_first(&check.interval)
    )
}

/// When it first checks the pods of the start, all at once, after the first request may have come.
fn checked_first(interval: &str) -> String {
    let seconds = match interval.strip_suffix("ms") {
        Some(ms) => ms.parse().map(|ms: f64| ms / 1e3),
        None => interval.trim_end_matches('s').parse(),
    };
    match seconds {
        // To a millisecond, lest the remainder of two floats be a third.
        Ok(seconds) if seconds > 0.0 => s(((-CHECKS_BEFORE).rem_euclid(seconds) * 1e3).round() / 1e3),
        _ => "together".to_owned(),
    }
}
