//! What the lab's settings of a balancer are in the words of a scenario: one file a balancer.

mod envoy;
mod haproxy;
mod nginx;

pub(super) use haproxy::is_of_connections;

use super::lab_case::{Balancer, Parameters};
use super::translate::{s, time};

/// The lab's balancers wait so long for a connect to be answered.
const CONNECT_TIMEOUT: &str = "2s";
/// From here on a limit is none: the lab is far too small for it.
pub(super) const NO_LIMIT: u32 = 1_000_000;
/// Longer than any run.
const NEVER: &str = "1h";

/// The `loadBalancer` block.
pub(super) fn load_balancer(p: &Parameters) -> String {
    let mut lines =
        vec![format!("proxies: {}", p.proxies), propagation(p), format!("connectTimeout: {CONNECT_TIMEOUT}")];
    lines.push(format!("readinessGate: {}", if p.wait_add { "added" } else { "false" }));
    // HAProxy marks down what goes to maintenance, too.
    let severs = p.lb == Balancer::Haproxy && haproxy::shuts_sessions(&p.lb_settings);
    lines.push(format!("deregistrationDelay: {}", if severs { "0s" } else { NEVER }));
    lines.push(format!("requestTimeout: {}", request_timeout(p)));
    lines.extend(match p.lb {
        Balancer::Haproxy => haproxy::lines(&p.lb_settings),
        Balancer::Nginx => nginx::lines(&p.lb_settings),
        Balancer::Envoy => envoy::lines(p),
        Balancer::Direct => vec!["layer: 4".to_owned(), "algorithm: random".to_owned()],
    });
    format!("loadBalancer:\n  {}", lines.join("\n  "))
}

/// What ends a request that takes too long. HAProxy's and nginx's time-outs begin anew with every piece of an answer, so
/// that a stream never meets them.
fn request_timeout(p: &Parameters) -> String {
    let set = &p.lb_settings;
    let streamed = p.chunk_s > 0.0;
    match p.lb {
        // It is the attempt's where that is tried again.
        Balancer::Haproxy if !streamed && !haproxy::retries_timeouts(set) => haproxy::server_timeout(set),
        Balancer::Nginx if !streamed => "120s".to_owned(),
        Balancer::Envoy if set.route_timeout_s.is_some_and(|t| t > 0.0) => s(set.route_timeout_s.unwrap_or(0.0)),
        _ => NEVER.to_owned(),
    }
}

fn propagation(p: &Parameters) -> String {
    // Blue/green changes the membership in one moment.
    let at_once = p.strategy == "bluegreen";
    let (add, remove) = if at_once { (s(0.0), s(0.0)) } else { (time(&p.add_delay, 0.0), time(&p.remove_delay, 0.0)) };
    format!("propagation: {{shared: 0s, add: {add}, remove: {remove}}}")
}

#[cfg(test)]
mod tests {
    use super::super::lab_case::{Outlier, Parameters, Settings};
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
