//! What the lab's settings of a balancer are in the words of a scenario.

use super::lab_case::{Balancer, Parameters, Settings};
use super::notation;
use super::translate::{s, time};

/// The lab's balancers wait so long for a connect to be answered.
const CONNECT_TIMEOUT: &str = "2s";
/// HAProxy's turn-around before it asks the same server again: its time-out for connects, 1 s at most.
const TURN_AROUND: &str = "1s";
/// From the start of a process that is to replace another until that one is told to finish, HAProxy's (measured: 50 to
/// 100 ms), and the lab's pause before it starts the next.
const HAPROXY_TAKES: &str = "75ms";
const HAPROXY_GAP: &str = "75ms";
/// HAProxy raises the weight of a server that starts slowly once a second.
const HAPROXY_STEP: &str = "1s";
/// After `hard-stop-after` HAProxy's old process lives so much longer.
const HAPROXY_LINGER: &str = "1s";
/// HAProxy purges its pools so often.
const HAPROXY_PURGE: &str = "5s";
/// nginx's master waits so long between starting new workers and telling the old ones to quit.
const NGINX_TAKES: &str = "100ms";
/// nginx's marks know whole seconds.
const NGINX_TICK: &str = "1s";
/// Envoy's waits before a retry: up to 25 ms, then twice as long.
const ENVOY_BACKOFF: &str = "{base: 25ms, factor: 2, cap: 250ms, jitter: full}";
/// Envoy's circuit breakers, each of them, unless they are told otherwise.
const ENVOY_LIMIT: u32 = 1024;
/// From here on it is none: the lab is far too small for it.
pub(super) const NO_LIMIT: u32 = 1_000_000;
/// Envoy disbelieves its marks of health below this share of healthy hosts, and takes any answer from 500 on for a failure.
const ENVOY_PANIC: &str = "50%";
const ENVOY_FAILURES: &str = "[500, 502, 503, 504]";
/// Envoy holds changes of health back for so long after a change of the membership.
const ENVOY_MERGE_WINDOW: &str = "1s";
/// Envoy's slow start begins at a tenth, and its scheduler takes weights as they are at each turn.
const ENVOY_SLOW_START: &str = "least: 10%, step: 1ms";
/// Envoy's first checks come right before it listens, and the lab's clients take a second from then on to connect (s).
const ENVOY_CHECKS_BEFORE: f64 = 1.03;
/// Longer than any run.
const NEVER: &str = "1h";

/// The `loadBalancer` block.
pub(super) fn load_balancer(p: &Parameters) -> String {
    let mut lines =
        vec![format!("proxies: {}", p.proxies), propagation(p), format!("connectTimeout: {CONNECT_TIMEOUT}")];
    lines.push(format!("readinessGate: {}", if p.wait_add { "added" } else { "false" }));
    // HAProxy marks down what goes to maintenance, too.
    let severs = p.lb == Balancer::Haproxy && shuts_sessions(&p.lb_settings);
    lines.push(format!("deregistrationDelay: {}", if severs { "0s" } else { NEVER }));
    lines.push(format!("requestTimeout: {}", request_timeout(p)));
    let set = &p.lb_settings;
    match p.lb {
        Balancer::Haproxy => haproxy(set, &mut lines),
        Balancer::Nginx => nginx(set, &mut lines),
        Balancer::Envoy => envoy(p, &mut lines),
        Balancer::Direct => lines.extend(["layer: 4".to_owned(), "algorithm: random".to_owned()]),
    }
    format!("loadBalancer:\n  {}", lines.join("\n  "))
}

/// What ends a request that takes too long. HAProxy's and nginx's time-outs begin anew with every piece of an answer, so
/// that a stream never meets them.
fn request_timeout(p: &Parameters) -> String {
    let set = &p.lb_settings;
    let streamed = p.chunk_s > 0.0;
    match p.lb {
        // It is the attempt's where that is tried again.
        Balancer::Haproxy if !streamed && !retries_timeouts(set) => server_timeout(set),
        Balancer::Nginx if !streamed => "120s".to_owned(),
        Balancer::Envoy if set.route_timeout_s.is_some_and(|t| t > 0.0) => s(set.route_timeout_s.unwrap_or(0.0)),
        _ => NEVER.to_owned(),
    }
}

/// HAProxy's `timeout server`.
fn server_timeout(set: &Settings) -> String {
    notation::haproxy(set.timeout_server.as_deref().unwrap_or("120s"))
}

/// Whether HAProxy tries again what no answer has come to within that time.
fn retries_timeouts(set: &Settings) -> bool {
    let on = set.retry_on.as_deref().unwrap_or_default();
    ["response-timeout", "all-retryable-errors"].iter().any(|word| on.contains(word))
}

fn propagation(p: &Parameters) -> String {
    // Blue/green changes the membership in one moment.
    let at_once = p.strategy == "bluegreen";
    let (add, remove) = if at_once { (s(0.0), s(0.0)) } else { (time(&p.add_delay, 0.0), time(&p.remove_delay, 0.0)) };
    format!("propagation: {{shared: 0s, add: {add}, remove: {remove}}}")
}

/// Whether HAProxy passes on connections, whatever is on them.
pub(super) fn is_of_connections(set: &Settings) -> bool {
    set.mode.as_deref() == Some("tcp")
}

fn haproxy(set: &Settings, lines: &mut Vec<String>) {
    let balance = set.balance.as_deref().unwrap_or("roundrobin");
    // By a hash the way to a pod is one: a retry is none of another's turn.
    let hashes = balance.starts_with("hash");
    lines.push(format!(
        "algorithm: {}",
        match balance {
            "leastconn" => "haproxyLeastRequest",
            "random" => "envoyLeastRequest",
            _ if hashes => "ringHash",
            _ => "haproxyRoundRobin",
        }
    ));
    let share = match set.http_reuse.as_deref() {
        None | Some("safe") => "later",
        Some("never") => "client",
        Some(_) => "all",
    };
    let busy = set.maxconn.unwrap_or(0);
    let purge = notation::haproxy(set.pool_purge_delay.as_deref().unwrap_or(HAPROXY_PURGE));
    // Without a delay nothing is pooled (`srv_add_to_idle_list`).
    let pooled = if purge.starts_with('0') { 0 } else { 1000 };
    lines.push(format!(
        "upstream: {{connections: {pooled}, idleTimeout: 0s, reuse: mru, share: {share}, maxBusy: {busy}, purge: {purge}, \
         keepsRemoved: true}}"
    ));
    if is_of_connections(set) {
        lines.push("layer: 4".to_owned());
        lines.push("status: {connectFailure: close, connectTimeout: close}".to_owned());
    } else {
        lines.push(
            "status: {connectFailure: 503, connectTimeout: 503, reset: 502, resetLater: close, noEndpoints: 503, timeout: 504}"
                .to_owned(),
        );
    }
    let attempts = set.retries.unwrap_or(3);
    let on = set.retry_on.as_deref().unwrap_or("conn-failure");
    let all = on.contains("all-retryable-errors");
    let classes = [
        (all || on.contains("conn-failure"), "connectFailure"),
        (all || on.contains("empty-response"), "reset"),
        (retries_timeouts(set), "timeout"),
        // Of these a pod's own are 500 and 503; all-retryable-errors has 500, 502, 503 and 504.
        (all || on.contains("500"), "500"),
        (all || on.contains("502"), "502"),
        (all || on.contains("503"), "503"),
        (all || on.contains("504"), "504"),
    ];
    let on: Vec<&str> = classes.into_iter().filter_map(|(given, class)| given.then_some(class)).collect();
    let on = on.join(", ");
    let connect = set.timeout_connect.as_deref().map(notation::haproxy);
    let turn_around = match connect.as_deref() {
        // Shorter than a second where it is in milliseconds.
        Some(timeout) if timeout.ends_with("ms") && timeout.len() <= "999ms".len() => timeout,
        _ => TURN_AROUND,
    };
    let elsewhere = haproxy_elsewhere(set, hashes, attempts, turn_around);
    let each = if retries_timeouts(set) { format!(", perTryTimeout: {}", server_timeout(set)) } else { String::new() };
    // `assign_server` is told to avoid `prev_srv`, and no other.
    lines.push(format!("retries: {{attempts: {attempts}, on: [{on}], avoids: 1, {elsewhere}{each}}}"));
    if set.membership.as_deref() == Some("reload") {
        lines.push("membership: reload".to_owned());
    }
    let spread = s(set.close_spread_s.unwrap_or(0.0));
    let stop = s(set.hard_stop_after_s.unwrap_or(0.0));
    lines.push(format!(
        "reload: {{takes: {HAPROXY_TAKES}, gap: {HAPROXY_GAP}, closeSpread: {spread}, closesLate: false, shutdownTimeout: {stop}, linger: \
         {HAPROXY_LINGER}}}"
    ));
    if let Some(check) = &set.check {
        let interval = notation::haproxy(notation::after(check, "inter").unwrap_or("2s"));
        let fall = notation::after(check, "fall").unwrap_or("3");
        let rise = notation::after(check, "rise").unwrap_or("2");
        lines.push(format!(
            "activeHealth: {{interval: {interval}, healthyThreshold: {rise}, unhealthyThreshold: {fall}, closeConnections: {}}}",
            shuts_sessions(set)
        ));
    }
    if let (Some(_), Some(observe)) = (&set.check, &set.observe) {
        lines.extend(observed(observe));
    }
    if let Some(window) = &set.slowstart {
        let window = notation::haproxy(window);
        lines.push(format!("slowStart: {{window: {window}, step: {HAPROXY_STEP}}}"));
    }
}

/// Whether HAProxy ends what goes on at a server that it marks down. All of a server's words may stand in one setting.
fn shuts_sessions(set: &Settings) -> bool {
    let with_others = [&set.check, &set.observe].into_iter().flatten();
    let mut told = with_others.filter_map(|words| notation::after(words, "on-marked-down"));
    set.on_marked_down.as_deref().or_else(|| told.next()) == Some("shutdown-sessions")
}

/// What HAProxy takes note of beside its checks (`observe`), without which there is nothing that it would amount to.
fn observed(observe: &str) -> Option<String> {
    let word = |name: &str| notation::after(observe, name);
    let amounts_to = match word("on-error").unwrap_or("fail-check") {
        "fail-check" => "failedCheck",
        "sudden-death" => "allButLastCheck",
        "mark-down" => "allChecks",
        // `fastinter` alone asks earlier, and the lab sets no such interval.
        _ => return None,
    };
    let on = match word("observe") {
        Some("layer7") => "on: [connectFailure, reset, timeout], statuses: [500, 502, 503, 504]",
        _ => "on: [connectFailure], statuses: []",
    };
    let limit = word("error-limit").unwrap_or("10");
    Some(format!("passiveHealth: {{maxFails: {limit}, failTimeout: {NEVER}, amountsTo: {amounts_to}, {on}}}"))
}

/// Where HAProxy's retries go: to the same server while it is to be asked again, and that after a wait.
fn haproxy_elsewhere(set: &Settings, hashes: bool, attempts: u32, turn_around: &str) -> String {
    let waits = format!("backoff: {{base: {turn_around}, factor: 1, jitter: none}}");
    match set.redispatch {
        Some(None) => format!("samePod: true, {waits}"),
        // Below zero it counts from the last retry.
        every if hashes => {
            let every = every.flatten().unwrap_or(-1);
            let nth = if every > 0 { every } else { (attempts.cast_signed() + 1 + every).max(1) };
            format!("samePod: true, redispatch: {nth}, {waits}")
        }
        _ => "otherPod: true".to_owned(),
    }
}

fn nginx(set: &Settings, lines: &mut Vec<String>) {
    let algorithm = match set.balance.as_deref().unwrap_or("roundrobin") {
        "leastconn" => "leastRequest",
        "random two least_conn" => "powerOfTwo",
        balance if balance.starts_with("hash") => "ringHash",
        _ => "smoothRoundRobin",
    };
    lines.push(format!("algorithm: {algorithm}"));
    let idle = notation::nginx(set.upstream_keepalive_timeout.as_deref().unwrap_or("60s"));
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
    let next = set.next_upstream.as_deref().unwrap_or("error timeout");
    let has = |word: &str| next.split_whitespace().any(|other| other == word);
    let error: &[&str] = if has("error") || off { &["connectFailure", "reset"] } else { &[] };
    // A `timeout` is one of 120 s in the lab, or that of a connect, which no pod of the lab leaves without an answer.
    let statuses = ["500", "502", "503", "504"].into_iter().filter(|status| has(&format!("http_{status}")));
    let on: Vec<&str> = error.iter().copied().chain(statuses).collect();
    lines.push(format!("retries: {{attempts: {attempts}, eachPodOnce: true, on: [{}]}}", on.join(", ")));
    lines.push("membership: reload".to_owned());
    lines.push(format!("workers: {}", set.workers.unwrap_or(1)));
    let stop = notation::nginx(set.worker_shutdown_timeout.as_deref().unwrap_or("0s"));
    lines.push(format!("reload: {{takes: {NGINX_TAKES}, shutdownTimeout: {stop}}}"));
    let timeout = notation::nginx(set.fail_timeout.as_deref().unwrap_or("10s"));
    lines.push(format!(
        "passiveHealth: {{maxFails: {}, failTimeout: {timeout}, tick: {NGINX_TICK}, inARow: false, sparesOnly: true}}",
        set.max_fails.unwrap_or(1)
    ));
}

fn envoy(p: &Parameters, lines: &mut Vec<String>) {
    let set = &p.lb_settings;
    let algorithm = match set.lb_policy.as_deref() {
        Some("LEAST_REQUEST") => "envoyLeastRequest",
        Some("RANDOM") => "random",
        Some("RING_HASH" | "MAGLEV") => "ringHash",
        _ => "roundRobin",
    };
    lines.push(format!("algorithm: {algorithm}"));
    lines.push(format!("workers: {}", set.concurrency.unwrap_or(1)));
    let idle = s(set.upstream_idle_s.unwrap_or(3600.0));
    let limit = |set: Option<u32>| Some(set.unwrap_or(ENVOY_LIMIT)).filter(|&most| most < NO_LIMIT).unwrap_or(0);
    lines.push(format!(
        "upstream: {{connections: 1000, idleTimeout: {idle}, reuse: mru, maxConnections: {}, maxPendingRequests: {}, maxRequests: {}}}",
        limit(set.max_connections),
        limit(set.max_pending_requests),
        limit(set.max_requests)
    ));
    lines.push(
        "status: {connectFailure: 503, connectTimeout: 503, reset: 503, noEndpoints: 503, timeout: 504}".to_owned(),
    );
    lines.push(format!(
        "panicThreshold: {}",
        set.panic_percent.map_or(ENVOY_PANIC.to_owned(), |share| format!("{share}%"))
    ));
    if let Some(on) = &set.retry_on {
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
        lines.push(format!(
            "retries: {{attempts: {}, on: [{}], otherPod: {}, maxConcurrent: {}, backoff: {ENVOY_BACKOFF}}}",
            set.num_retries.unwrap_or(1),
            classes.join(", "),
            set.previous_hosts.unwrap_or(false),
            set.max_retries.unwrap_or(3)
        ));
    }
    let merge_window = set.update_merge_window.as_deref().unwrap_or(ENVOY_MERGE_WINDOW);
    if let Some(outlier) = &set.outlier {
        lines.push(format!(
            "passiveHealth: {{maxFails: {}, window: 0s, failTimeout: {}, maxFailTimeout: {}, interval: {}, mergeWindow: {}, maxEjected: {}%, \
             shared: true, statuses: {ENVOY_FAILURES}}}",
            outlier.in_a_row(),
            outlier.base_ejection_time,
            outlier.max_ejection_time,
            outlier.interval,
            merge_window,
            outlier.max_ejection_percent
        ));
    }
    if let Some(check) = &set.health_check {
        lines.push(format!(
            "activeHealth: {{interval: {}, timeout: {}, healthyThreshold: {}, unhealthyThreshold: {}, keepsRemoved: true, phase: {}}}",
            check.interval,
            check.timeout,
            check.healthy_threshold,
            check.unhealthy_threshold,
            checked_first(&check.interval)
        ));
        if set.outlier.is_none() {
            lines.push(format!("passiveHealth: {{maxFails: 0, mergeWindow: {merge_window}}}"));
        }
    }
    if p.strategy == "envoy_drain" {
        let gradual = set.drain_strategy.as_deref() != Some("immediate");
        lines.push(format!("reload: {{drain: {}, gradual: {gradual}}}", s(set.drain_time_s.unwrap_or(600.0))));
    }
    if let Some(window) = set.slow_start_s {
        lines.push(format!("slowStart: {{window: {}, {ENVOY_SLOW_START}}}", s(window)));
    }
}

/// When Envoy first checks the pods of the start, all at once, after the first request may have come.
fn checked_first(interval: &str) -> String {
    let seconds = match interval.strip_suffix("ms") {
        Some(ms) => ms.parse().map(|ms: f64| ms / 1e3),
        None => interval.trim_end_matches('s').parse(),
    };
    match seconds {
        // To a millisecond, lest the remainder of two floats be a third.
        Ok(seconds) if seconds > 0.0 => s(((-ENVOY_CHECKS_BEFORE).rem_euclid(seconds) * 1e3).round() / 1e3),
        _ => "together".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab_case::{Outlier, Parameters};
    use super::*;

    /// The line of this field with these settings.
    fn line(lb: Balancer, lb_settings: Settings, field: &str) -> String {
        let block = load_balancer(&Parameters { lb, lb_settings, ..Parameters::default() });
        let found = block.lines().find(|line| line.trim().starts_with(field));
        found.unwrap_or_else(|| panic!("no {field} in {block}")).trim().to_owned()
    }

    #[test]
    fn nginx_tries_again_what_it_is_told_to() {
        let on = |next: Option<&str>| {
            let set = Settings { next_upstream: next.map(ToOwned::to_owned), ..Settings::default() };
            line(Balancer::Nginx, set, "retries:")
        };
        assert!(on(None).ends_with("on: [connectFailure, reset]}"), "{}", on(None));
        assert!(on(Some("timeout http_503")).ends_with("on: [503]}"), "{}", on(Some("timeout http_503")));
        assert!(on(Some("error http_503")).ends_with("on: [connectFailure, reset, 503]}"));
    }

    #[test]
    fn haproxys_time_out_is_the_attempts_where_that_is_tried_again() {
        let set = |on: &str| Settings {
            retry_on: Some(on.to_owned()),
            timeout_server: Some("800ms".to_owned()),
            ..Settings::default()
        };
        let lines = |on: &str| {
            let of = |field| line(Balancer::Haproxy, set(on), field);
            (of("retries:"), of("requestTimeout:"))
        };
        let (retries, whole) = lines("conn-failure response-timeout");
        assert!(
            retries.contains("on: [connectFailure, timeout]") && retries.contains("perTryTimeout: 800ms"),
            "{retries}"
        );
        assert_eq!(whole, "requestTimeout: 1h");
        let (retries, whole) = lines("conn-failure empty-response");
        assert!(retries.contains("on: [connectFailure, reset]") && !retries.contains("perTryTimeout"), "{retries}");
        assert_eq!(whole, "requestTimeout: 800ms");
    }

    #[test]
    fn envoys_looks_and_longest_ejection_are_read() {
        let outlier = Some(Outlier { interval: "3s".into(), max_ejection_time: "70s".into(), ..Outlier::default() });
        let passive = line(Balancer::Envoy, Settings { outlier, ..Settings::default() }, "passiveHealth:");
        assert!(passive.contains("window: 0s, failTimeout: 30s, maxFailTimeout: 70s, interval: 3s"), "{passive}");
    }

    #[test]
    fn the_failures_in_a_row_that_eject_are_those_that_are_enforced() {
        let passive = |outlier: &str| {
            let outlier = Some(serde_json::from_str(outlier).expect("outlier detection"));
            line(Balancer::Envoy, Settings { outlier, ..Settings::default() }, "passiveHealth:")
        };
        let gateway = r#""consecutive_gateway_failure": 3, "enforcing_consecutive_gateway_failure": 100"#;
        assert!(passive("{}").contains("{maxFails: 5,"));
        assert!(passive(&format!("{{{gateway}}}")).contains("{maxFails: 3,"));
        assert!(passive(&format!("{{{gateway}, \"consecutive_5xx\": 2}}")).contains("{maxFails: 2,"));
        let off = r#"{"enforcing_consecutive_5xx": 0, "consecutive_5xx": 2}"#;
        assert!(passive(off).contains("{maxFails: 0,"));
    }

    #[test]
    fn envoy_retries_a_connect_that_fails_as_a_reset_before_the_request() {
        let set = Settings { retry_on: Some("reset-before-request".into()), ..Settings::default() };
        assert!(line(Balancer::Envoy, set, "retries:").contains("on: [connectFailure],"));
    }

    #[test]
    fn times_without_a_unit_are_read_as_their_balancer_does() {
        let of = |settings: &str| -> Settings { serde_json::from_str(settings).expect("settings") };
        let timeout = line(Balancer::Haproxy, of(r#"{"timeout_server": 800}"#), "requestTimeout:");
        assert_eq!(timeout, "requestTimeout: 800ms");
        let passive = line(Balancer::Nginx, of(r#"{"fail_timeout": "3"}"#), "passiveHealth:");
        assert!(passive.contains("failTimeout: 3s"), "{passive}");
        let upstream = line(Balancer::Haproxy, of(r#"{"pool_purge_delay": "0"}"#), "upstream:");
        assert!(upstream.contains("connections: 0,"), "{upstream}");
    }

    #[test]
    fn what_haproxy_marks_down_with_its_sessions_ends_in_maintenance_too() {
        let of = |set: Settings| {
            (
                line(Balancer::Haproxy, set.clone(), "activeHealth:"),
                line(Balancer::Haproxy, set, "deregistrationDelay:"),
            )
        };
        let told = Settings { check: Some("inter 1s".into()), ..Settings::default() };
        let kept = of(told.clone());
        assert!(kept.0.ends_with("closeConnections: false}") && kept.1 == "deregistrationDelay: 1h", "{kept:?}");
        let beside = Settings { on_marked_down: Some("shutdown-sessions".into()), ..told };
        let within =
            Settings { check: Some("inter 1s on-marked-down shutdown-sessions".into()), ..Settings::default() };
        for set in [beside, within] {
            let shut = of(set);
            assert!(shut.0.ends_with("closeConnections: true}") && shut.1 == "deregistrationDelay: 0s", "{shut:?}");
        }
    }
}
