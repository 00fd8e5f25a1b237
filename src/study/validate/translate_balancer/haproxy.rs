//! HAProxy's settings.

use super::NEVER;
use crate::study::validate::lab_case::Settings;
use crate::study::validate::notation;
use crate::study::validate::translate::s;

/// The turn-around before it asks the same server again: its time-out for connects, 1 s at most.
const TURN_AROUND: &str = "1s";
/// From the start of a process that is to replace another until that one is told to finish (measured: 50 to 100 ms), and the lab's pause
/// before it starts the next.
const TAKES: &str = "75ms";
const GAP: &str = "75ms";
/// It raises the weight of a server that starts slowly once a second.
const STEP: &str = "1s";
/// After `hard-stop-after` an old process lives so much longer.
const LINGER: &str = "1s";
/// It purges its pools so often.
const PURGE: &str = "5s";

pub(super) fn lines(set: &Settings) -> Vec<String> {
    let balance = set.balance.as_deref().unwrap_or("roundrobin");
    // By a hash the way to a pod is one: a retry is none of another's turn.
    let hashes = balance.starts_with("hash");
    let mut lines = vec![algorithm(balance, hashes), upstream(set)];
    lines.extend(status(set));
    lines.push(retries(set, hashes));
    lines.extend((set.membership.as_deref() == Some("reload")).then(|| "membership: reload".to_owned()));
    lines.push(reload(set));
    lines.extend(set.check.as_deref().map(|check| active_health(check, set)));
    lines.extend(set.observe.as_deref().filter(|_| set.check.is_some()).and_then(observed));
    let window = set.slowstart.as_deref().map(notation::haproxy);
    lines.extend(window.map(|window| format!("slowStart: {{window: {window}, step: {STEP}}}")));
    lines
}

/// Whether it passes on connections, whatever is on them.
pub(in crate::study::validate) fn is_of_connections(set: &Settings) -> bool {
    set.mode.as_deref() == Some("tcp")
}

/// Its `timeout server`.
pub(super) fn server_timeout(set: &Settings) -> String {
    notation::haproxy(set.timeout_server.as_deref().unwrap_or("120s"))
}

/// Whether it tries again what no answer has come to within that time.
pub(super) fn retries_timeouts(set: &Settings) -> bool {
    let on = set.retry_on.as_deref().unwrap_or_default();
    ["response-timeout", "all-retryable-errors"].iter().any(|word| on.contains(word))
}

fn algorithm(balance: &str, hashes: bool) -> String {
    let algorithm = match balance {
        "leastconn" => "haproxyLeastRequest",
        "random" => "envoyLeastRequest",
        _ if hashes => "ringHash",
        _ => "haproxyRoundRobin",
    };
    format!("algorithm: {algorithm}")
}

fn upstream(set: &Settings) -> String {
    let share = match set.http_reuse.as_deref() {
        None | Some("safe") => "later",
        Some("never") => "client",
        Some(_) => "all",
    };
    let busy = set.maxconn.unwrap_or(0);
    let purge = notation::haproxy(set.pool_purge_delay.as_deref().unwrap_or(PURGE));
    // Without a delay nothing is pooled (`srv_add_to_idle_list`).
    let pooled = if purge.starts_with('0') { 0 } else { 1000 };
    format!(
        "upstream: {{connections: {pooled}, idleTimeout: 0s, reuse: mru, share: {share}, maxBusy: {busy}, purge: {purge}, \
         keepsRemoved: true}}"
    )
}

fn status(set: &Settings) -> impl Iterator<Item = String> {
    let lines: &[&str] = if is_of_connections(set) {
        &["layer: 4", "status: {connectFailure: close, connectTimeout: close}"]
    } else {
        &[
            "status: {connectFailure: 503, connectTimeout: 503, reset: 502, resetLater: close, noEndpoints: 503, timeout: 504}",
        ]
    };
    lines.iter().copied().map(str::to_owned)
}

fn retries(set: &Settings, hashes: bool) -> String {
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
    let elsewhere = elsewhere(set, hashes, attempts);
    let each = if retries_timeouts(set) { format!(", perTryTimeout: {}", server_timeout(set)) } else { String::new() };
    // `assign_server` is told to avoid `prev_srv`, and no other.
    format!("retries: {{attempts: {attempts}, on: [{on}], avoids: 1, {elsewhere}{each}}}")
}

/// Where retries go: to the same server while it is to be asked again, and that after a wait.
fn elsewhere(set: &Settings, hashes: bool, attempts: u32) -> String {
    let connect = set.timeout_connect.as_deref().map(notation::haproxy);
    let turn_around = match connect.as_deref() {
        // Shorter than a second where it is in milliseconds.
        Some(timeout) if timeout.ends_with("ms") && timeout.len() <= "999ms".len() => timeout,
        _ => TURN_AROUND,
    };
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

fn reload(set: &Settings) -> String {
    let spread = s(set.close_spread_s.unwrap_or(0.0));
    let stop = s(set.hard_stop_after_s.unwrap_or(0.0));
    format!(
        "reload: {{takes: {TAKES}, gap: {GAP}, closeSpread: {spread}, closesLate: false, shutdownTimeout: {stop}, linger: {LINGER}}}"
    )
}

fn active_health(check: &str, set: &Settings) -> String {
    let interval = notation::haproxy(notation::after(check, "inter").unwrap_or("2s"));
    let fall = notation::after(check, "fall").unwrap_or("3");
    let rise = notation::after(check, "rise").unwrap_or("2");
    let closes = shuts_sessions(set);
    format!(
        "activeHealth: {{interval: {interval}, healthyThreshold: {rise}, unhealthyThreshold: {fall}, closeConnections: {closes}}}"
    )
}

/// Whether it ends what goes on at a server that it marks down. All of a server's words may stand in one setting.
pub(super) fn shuts_sessions(set: &Settings) -> bool {
    let with_others = [&set.check, &set.observe].into_iter().flatten();
    let mut told = with_others.filter_map(|words| notation::after(words, "on-marked-down"));
    set.on_marked_down.as_deref().or_else(|| told.next()) == Some("shutdown-sessions")
}

/// What it takes note of beside its checks (`observe`), without which there is nothing that it would amount to.
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
