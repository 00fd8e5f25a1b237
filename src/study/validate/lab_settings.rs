//! What a scenario says of its balancer, in the words of the lab's settings of a real one: the inverse of
//! [`super::translate_balancer`].

use serde_json::{Map, Value, json};

use super::lab_case::Balancer;
use super::lab_parameters::Cannot;
use super::translate_balancer::NO_LIMIT;
use crate::engine::Dur;
use crate::scenario::{Algorithm, AmountsTo, LoadBalancer, Membership, PassiveHealth, Scenario, Sharing};

/// The `lb_settings` of a case.
pub(super) fn settings(scenario: &Scenario, balancer: Balancer, cannot: &mut Cannot) -> Value {
    let lb = &scenario.load_balancer;
    let mut set = Map::new();
    match balancer {
        Balancer::Haproxy => haproxy(lb, &mut set, cannot),
        Balancer::Nginx => nginx(lb, &mut set, cannot),
        Balancer::Envoy => envoy(lb, &mut set, cannot),
        Balancer::Direct => {}
    }
    Value::Object(set)
}

/// A duration in whole milliseconds, which all three balancers can read.
fn ms(d: Dur) -> String {
    format!("{}ms", (d.secs() * 1e3).round())
}

/// A field where there is something to say.
fn put(set: &mut Map<String, Value>, name: &str, value: Value, given: bool) {
    if given {
        set.insert(name.to_owned(), value);
    }
}

/// What the balancer calls the scenario's algorithm, of those that the lab plays through it; `None` for its default, the first.
fn algorithm(lb: &LoadBalancer, names: &[(Algorithm, &'static str)], cannot: &mut Cannot) -> Option<&'static str> {
    match names.iter().position(|(its, _)| *its == lb.algorithm) {
        Some(0) => None,
        Some(n) => Some(names[n].1),
        None => {
            let known: Vec<String> = names.iter().map(|(its, _)| format!("{its:?}")).collect();
            cannot.say(format!("`loadBalancer.algorithm` is none of {}, as in the lab", known.join(", ")));
            None
        }
    }
}

/// Puts it where it is not the default.
fn put_algorithm(
    set: &mut Map<String, Value>,
    field: &str,
    lb: &LoadBalancer,
    names: &[(Algorithm, &'static str)],
    cannot: &mut Cannot,
) {
    let name = algorithm(lb, names, cannot);
    put(set, field, json!(name), name.is_some());
}

const OF_HAPROXY: [(Algorithm, &str); 6] = [
    (Algorithm::HaproxyRoundRobin, "roundrobin"),
    (Algorithm::HaproxyLeastRequest, "leastconn"),
    (Algorithm::EnvoyLeastRequest, "random"),
    (Algorithm::RingHash, "hash src_port"),
    // Ties are its own, and so is where a new one comes in, and that is told.
    (Algorithm::LeastRequest, "leastconn"),
    (Algorithm::RoundRobin, "roundrobin"),
];
const OF_NGINX: [(Algorithm, &str); 5] = [
    (Algorithm::SmoothRoundRobin, "roundrobin"),
    (Algorithm::LeastRequest, "leastconn"),
    (Algorithm::PowerOfTwo, "random two least_conn"),
    (Algorithm::RingHash, "hash $remote_port consistent"),
    // It has no other, and that is told.
    (Algorithm::RoundRobin, "roundrobin"),
];
const OF_ENVOY: [(Algorithm, &str); 4] = [
    (Algorithm::RoundRobin, "ROUND_ROBIN"),
    (Algorithm::EnvoyLeastRequest, "LEAST_REQUEST"),
    (Algorithm::Random, "RANDOM"),
    (Algorithm::RingHash, "RING_HASH"),
];

fn haproxy(lb: &LoadBalancer, set: &mut Map<String, Value>, cannot: &mut Cannot) {
    put_algorithm(set, "balance", lb, &OF_HAPROXY, cannot);
    match lb.upstream.share {
        Sharing::Later => {}
        Sharing::Client => drop(set.insert("http_reuse".to_owned(), json!("never"))),
        Sharing::All => drop(set.insert("http_reuse".to_owned(), json!("always"))),
    }
    // HAProxy always purges; to do it once an hour is as good as never.
    let purge = if lb.upstream.purge.is_zero() { Dur::from_secs(3600) } else { lb.upstream.purge };
    set.insert("pool_purge_delay".to_owned(), json!(ms(purge)));
    put(set, "maxconn", json!(lb.upstream.max_busy), lb.upstream.max_busy > 0);
    set.insert("retries".to_owned(), json!(lb.retries.attempts));
    put(set, "redispatch", Value::Null, lb.retries.same_pod && lb.retries.redispatch == 0);
    put(set, "redispatch", json!(lb.retries.redispatch), lb.retries.same_pod && lb.retries.redispatch > 0);
    let on =
        [(true, "conn-failure"), (lb.retries.on_reset, "empty-response"), (lb.retries.on_timeout, "response-timeout")];
    let timeout = if lb.retries.on_timeout { lb.retries.per_try_timeout } else { lb.request_timeout };
    set.insert("timeout_server".to_owned(), json!(ms(timeout)));
    let statuses = [500u16, 502, 503, 504].into_iter().filter(|&status| lb.retries.on_status.contains(status));
    let on = on.into_iter().filter(|(on, _)| *on).map(|(_, word)| word.to_owned());
    let on: Vec<String> = on.chain(statuses.map(|status| status.to_string())).collect();
    put(set, "retry_on", json!(on.join(" ")), lb.retries.attempts > 0 && on.len() > 1);
    put(set, "membership", json!("reload"), lb.membership == Membership::Reload);
    let reload = &lb.reload;
    put(set, "close_spread_s", json!(reload.close_spread.secs()), !reload.close_spread.is_zero());
    put(set, "hard_stop_after_s", json!(reload.shutdown_timeout.secs()), !reload.shutdown_timeout.is_zero());
    if let Some(check) = lb.active_health {
        let (inter, fall, rise) = (ms(check.interval), check.unhealthy_threshold, check.healthy_threshold);
        set.insert("check".to_owned(), json!(format!("inter {inter} fall {fall} rise {rise}")));
        put(set, "on_marked_down", json!("shutdown-sessions"), check.close_connections);
    }
    observe(lb, set, cannot);
    put(set, "slowstart", json!(ms(lb.slow_start.window)), !lb.slow_start.window.is_zero());
}

fn observe(lb: &LoadBalancer, set: &mut Map<String, Value>, cannot: &mut Cannot) {
    let PassiveHealth { max_fails: limit, on, amounts_to, .. } = lb.passive_health;
    if limit == 0 {
        return;
    }
    let layer = if on.reset { 7 } else { 4 };
    let then = match amounts_to {
        AmountsTo::FailedCheck => "fail-check",
        AmountsTo::AllButLastCheck => "sudden-death",
        // Of an ejection for a time it knows nothing, and that is told.
        AmountsTo::Ejection | AmountsTo::AllChecks => "mark-down",
    };
    set.insert("observe".to_owned(), json!(format!("observe layer{layer} error-limit {limit} on-error {then}")));
    if lb.active_health.is_none() {
        cannot.say("`loadBalancer.passiveHealth`: HAProxy observes only a server that it checks (`activeHealth`)");
    }
}

fn nginx(lb: &LoadBalancer, set: &mut Map<String, Value>, cannot: &mut Cannot) {
    put_algorithm(set, "balance", lb, &OF_NGINX, cannot);
    set.insert("workers".to_owned(), json!(lb.workers));
    set.insert("keepalive".to_owned(), json!(lb.upstream.connections));
    let idle = lb.upstream.idle_timeout;
    put(set, "upstream_keepalive_timeout", json!(ms(idle)), !idle.is_zero());
    let attempts = lb.retries.attempts;
    let statuses = [500u16, 502, 503, 504].into_iter().filter(|&status| lb.retries.on_status.contains(status));
    let errors = if lb.retries.on_connect_failure || lb.retries.on_reset { "error timeout" } else { "timeout" };
    let next = statuses.fold(errors.to_owned(), |all, status| format!("{all} http_{status}"));
    put(set, "next_upstream", json!("off"), attempts == 0);
    put(set, "next_upstream", json!(next), attempts > 0 && next != "error timeout");
    put(set, "next_upstream_tries", json!(attempts + 1), (1..100).contains(&attempts));
    let stop = lb.reload.shutdown_timeout;
    put(set, "worker_shutdown_timeout", json!(ms(stop)), !stop.is_zero());
    set.insert("max_fails".to_owned(), json!(lb.passive_health.max_fails));
    // nginx counts this time in whole seconds.
    set.insert("fail_timeout".to_owned(), json!(format!("{}s", lb.passive_health.fail_timeout.secs().ceil())));
    if !lb.slow_start.window.is_zero() || lb.active_health.is_some() {
        cannot.say("`loadBalancer`: nginx as it is free has neither slow start nor active checks");
    }
}

fn envoy(lb: &LoadBalancer, set: &mut Map<String, Value>, cannot: &mut Cannot) {
    put_algorithm(set, "lb_policy", lb, &OF_ENVOY, cannot);
    put(set, "concurrency", json!(lb.workers), lb.workers > 1);
    put(set, "panic_percent", json!((lb.panic.threshold * 100.0).round()), lb.panic.threshold != 0.5);
    let idle = lb.upstream.idle_timeout;
    put(set, "upstream_idle_s", json!(idle.secs()), !idle.is_zero());
    // Where it is not told it has 1024 of each.
    let most = |limit: u32| json!(if limit == 0 { NO_LIMIT } else { limit });
    set.insert("max_connections".to_owned(), most(lb.upstream.max_connections));
    set.insert("max_pending_requests".to_owned(), most(lb.upstream.max_pending_requests));
    set.insert("max_requests".to_owned(), most(lb.upstream.max_requests));
    if lb.retries.attempts > 0 {
        let retries = &lb.retries;
        let gateway = [502u16, 503, 504].into_iter().any(|status| retries.on_status.contains(status));
        let on = [
            (retries.on_connect_failure, "connect-failure"),
            (retries.on_reset, "reset"),
            (retries.on_status.contains(500), "5xx"),
            (gateway && !retries.on_status.contains(500), "gateway-error"),
        ];
        let on: Vec<&str> = on.into_iter().filter_map(|(on, word)| on.then_some(word)).collect();
        set.insert("retry_on".to_owned(), json!(on.join(",")));
        set.insert("num_retries".to_owned(), json!(lb.retries.attempts));
        put(set, "previous_hosts", json!(true), lb.retries.other_pod);
        let most = if lb.retries.max_concurrent == 0 { 1_000_000 } else { lb.retries.max_concurrent };
        set.insert("max_retries".to_owned(), json!(most));
    }
    let eject = lb.passive_health;
    if eject.max_fails > 0 {
        let outlier = json!({
            "consecutive_5xx": eject.max_fails,
            // Envoy always looks; a short interval is as good as none.
            "interval": if eject.interval.is_zero() { "0.05s".to_owned() } else { format!("{}s", eject.interval.secs()) },
            "base_ejection_time": format!("{}s", eject.fail_timeout.secs()),
            "max_ejection_time": format!("{}s", eject.max_fail_timeout.max(eject.fail_timeout).secs()),
            "max_ejection_percent": (eject.max_ejected * 100.0).round(),
            "enforcing_consecutive_5xx": 100,
            "enforcing_success_rate": 0,
        });
        set.insert("outlier".to_owned(), outlier);
        set.insert("update_merge_window".to_owned(), json!(format!("{}s", eject.merge_window.secs())));
    }
    let drain = lb.reload.drain;
    put(set, "drain_time_s", json!(drain.secs()), !drain.is_zero());
    put(set, "drain_strategy", json!("immediate"), !drain.is_zero() && !lb.reload.gradual);
    put(set, "slow_start_s", json!(lb.slow_start.window.secs()), !lb.slow_start.window.is_zero());
    if let Some(check) = lb.active_health {
        let check = json!({
            "interval": format!("{}s", check.interval.secs()),
            "timeout": format!("{}s", check.timeout.secs()),
            "healthy_threshold": check.healthy_threshold,
            "unhealthy_threshold": check.unhealthy_threshold,
        });
        set.insert("health_check".to_owned(), check);
        set.insert("update_merge_window".to_owned(), json!(format!("{}s", eject.merge_window.secs())));
    }
}
