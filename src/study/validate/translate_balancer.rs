//! What the lab's settings of a balancer are in the words of a scenario.

use super::lab_case::{Balancer, Parameters, Settings};
use super::translate::{s, time};

/// The lab's balancers wait so long for a connect to be answered.
const CONNECT_TIMEOUT: &str = "2s";
/// Longer than any run.
const NEVER: &str = "1h";

/// The `loadBalancer` block.
pub(super) fn load_balancer(p: &Parameters) -> String {
    let mut lines =
        vec![format!("proxies: {}", p.proxies), propagation(p), format!("connectTimeout: {CONNECT_TIMEOUT}")];
    lines.push(format!("readinessGate: {}", p.wait_add));
    lines.push(format!("deregistrationDelay: {NEVER}"));
    lines.push(format!("requestTimeout: {NEVER}"));
    let set = &p.lb_settings;
    match p.lb {
        Balancer::Haproxy => haproxy(set, &mut lines),
        Balancer::Nginx => nginx(set, &mut lines),
        Balancer::Envoy => envoy(set, &mut lines),
        Balancer::Direct => lines.extend(["layer: 4".to_owned(), "algorithm: random".to_owned()]),
    }
    format!("loadBalancer:\n  {}", lines.join("\n  "))
}

fn propagation(p: &Parameters) -> String {
    // Blue/green changes the membership in one moment.
    let at_once = p.strategy == "bluegreen";
    let (add, remove) = if at_once { (s(0.0), s(0.0)) } else { (time(&p.add_delay, 0.0), time(&p.remove_delay, 0.0)) };
    format!("propagation: {{shared: 0s, add: {add}, remove: {remove}}}")
}

fn haproxy(set: &Settings, lines: &mut Vec<String>) {
    let least = set.balance.as_deref() == Some("leastconn");
    lines.push(format!("algorithm: {}", if least { "leastRequest" } else { "roundRobin" }));
    lines.push("upstream: {connections: 1000, idleTimeout: 0s, reuse: mru}".to_owned());
    lines.push(
        "status: {connectFailure: 503, connectTimeout: 503, reset: 502, noEndpoints: 503, timeout: 504}".to_owned(),
    );
    let attempts = set.retries.unwrap_or(3);
    let empty = set.retry_on.as_deref().is_some_and(|on| on.contains("empty-response"));
    let on = if empty { "connectFailure, reset" } else { "connectFailure" };
    lines.push(format!("retries: {{attempts: {attempts}, on: [{on}]}}"));
    if let Some(check) = &set.check {
        let word = |name: &str| {
            let mut words = check.split_whitespace();
            words.find(|w| *w == name).and_then(|_| words.next()).map(ToOwned::to_owned)
        };
        let interval = word("inter").unwrap_or_else(|| "2s".to_owned());
        let fall = word("fall").unwrap_or_else(|| "3".to_owned());
        let rise = word("rise").unwrap_or_else(|| "2".to_owned());
        lines.push(format!(
            "activeHealth: {{interval: {interval}, healthyThreshold: {rise}, unhealthyThreshold: {fall}}}"
        ));
    }
    if let Some(observe) = &set.observe {
        let mut words = observe.split_whitespace();
        let limit = words.find(|w| *w == "error-limit").and_then(|_| words.next()).unwrap_or("10");
        // A server that was marked down comes back by its checks, which a dead one never passes.
        lines.push(format!("passiveHealth: {{maxFails: {limit}, failTimeout: {NEVER}}}"));
    }
    if let Some(window) = &set.slowstart {
        lines.push(format!("slowStart: {window}"));
    }
}

fn nginx(set: &Settings, lines: &mut Vec<String>) {
    let least = set.balance.as_deref() == Some("leastconn");
    lines.push(format!("algorithm: {}", if least { "leastRequest" } else { "roundRobin" }));
    let idle = set.upstream_keepalive_timeout.as_deref().unwrap_or("60s");
    lines.push(format!("upstream: {{connections: {}, idleTimeout: {idle}, reuse: mru}}", set.keepalive.unwrap_or(64)));
    lines.push(
        "status: {connectFailure: 502, connectTimeout: 504, reset: 502, noEndpoints: 502, timeout: 504}".to_owned(),
    );
    let off = set.next_upstream.as_deref() == Some("off");
    let attempts = match set.next_upstream_tries.unwrap_or(0) {
        _ if off => 0,
        // As many as there are peers.
        0 => 1000,
        tries => tries - 1,
    };
    lines.push(format!("retries: {{attempts: {attempts}, on: [connectFailure, reset]}}"));
    let timeout = set.fail_timeout.as_deref().unwrap_or("10s");
    lines.push(format!("passiveHealth: {{maxFails: {}, failTimeout: {timeout}}}", set.max_fails.unwrap_or(1)));
}

fn envoy(set: &Settings, lines: &mut Vec<String>) {
    let least = set.lb_policy.as_deref() == Some("LEAST_REQUEST");
    lines.push(format!("algorithm: {}", if least { "powerOfTwo" } else { "roundRobin" }));
    let idle = s(set.upstream_idle_s.unwrap_or(3600.0));
    lines.push(format!("upstream: {{connections: 1000, idleTimeout: {idle}, reuse: mru}}"));
    lines.push(
        "status: {connectFailure: 503, connectTimeout: 503, reset: 503, noEndpoints: 503, timeout: 504}".to_owned(),
    );
    if let Some(on) = &set.retry_on {
        let mut classes = Vec::new();
        if on.contains("connect-failure") || on.contains("reset") {
            classes.push("connectFailure");
        }
        if on.split(',').any(|word| word.trim() == "reset") {
            classes.push("reset");
        }
        lines.push(format!(
            "retries: {{attempts: {}, on: [{}], otherPod: {}, maxConcurrent: {}}}",
            set.num_retries.unwrap_or(1),
            classes.join(", "),
            set.previous_hosts.unwrap_or(false),
            set.max_retries.unwrap_or(3)
        ));
    }
    if let Some(outlier) = &set.outlier {
        lines.push(format!(
            "passiveHealth: {{maxFails: {}, failTimeout: {}}}",
            outlier.consecutive_5xx, outlier.base_ejection_time
        ));
    }
    if let Some(window) = set.slow_start_s {
        lines.push(format!("slowStart: {}", s(window)));
    }
}
