//! What was measured of real balancers.

use std::collections::BTreeSet;

use dryroll::fleet::fact::{Cause, Fact, Outcome, PodStep, Side};

use super::{count, dropped, ended, facts, opened, rolling};

#[test]
fn a_close_without_an_answer_is_for_later_requests_of_a_connection() {
    // Pods exit at once, with two requests in each on average.
    let outcomes = |connections: u32| {
        let yaml = rolling(
            "status: {connectFailure: 503, reset: 502, resetLater: close}",
            &format!("connections: {connections}"),
        );
        let yaml = yaml.replace("serviceTime: 20ms", "serviceTime: 400ms, termination: {onSigterm: exit}");
        let facts = facts(&yaml);
        (ended(&facts, Outcome::S502), ended(&facts, Outcome::Reset))
    };
    let (answered, closed) = outcomes(20_000);
    assert!(answered > 15 && closed < 5, "nearly all are the first on their connection: {answered} and {closed}");
    let (answered, closed) = outcomes(50);
    assert!(closed > 15 && answered < 10, "nearly none are: {answered} and {closed}");
}

#[test]
fn the_same_pod_is_asked_again_after_each_wait() {
    let backoff = "backoff: {base: 1s, factor: 1, jitter: none}";
    let same = format!("status: {{connectFailure: 503}}, retries: {{attempts: 3, samePod: true, {backoff}}}");
    let facts = facts(&rolling(&same, "connections: 500"));
    let failed: Vec<(f64, u16)> = facts
        .iter()
        .filter_map(|(t, f)| match f {
            Fact::Ended { outcome: Outcome::S503, born, attempts, .. } => Some((t - born.secs(), *attempts)),
            _ => None,
        })
        .collect();
    assert!((50..110).contains(&failed.len()), "that the pod leaves the table rescues none: {}", failed.len());
    assert!(failed.iter().all(|&(took, attempts)| attempts == 4 && (2.9..3.1).contains(&took)), "{failed:?}");
}

#[test]
fn a_lost_request_is_sent_to_the_same_pod_at_once_and_gets_no_answer_where_its_connection_was_in_use_before() {
    // Pods exit at once, with two requests in each on average: the retry of those cannot connect.
    let (base, status) =
        ("backoff: {base: 1s, factor: 1, jitter: none}", "status: {connectFailure: 503, resetLater: close}");
    let ends = |connections: u32, reuse: u32| {
        let balancer =
            format!("{status}, upstream: {{connections: {reuse}}}, retries: {{attempts: 2, samePod: true, {base}}}");
        let yaml = rolling(&balancer, &format!("connections: {connections}"))
            .replace("serviceTime: 20ms", "serviceTime: 400ms, termination: {onSigterm: exit}");
        let facts = facts(&yaml);
        let lost: Vec<(f64, Outcome)> = facts
            .iter()
            .filter_map(|(t, f)| match f {
                Fact::Ended { outcome: outcome @ (Outcome::S503 | Outcome::Reset), born, attempts: 3, .. } => {
                    Some((t - born.secs(), *outcome))
                }
                _ => None,
            })
            .collect();
        let closed = lost.iter().filter(|(took, outcome)| *outcome == Outcome::Reset && *took < 0.5).count();
        (closed, lost.iter().filter(|(took, outcome)| *outcome == Outcome::S503 && *took > 1.9).count())
    };
    // Pooled connections carry them; those that come to the dead pod later are made to wait, twice, and told.
    let (closed, told) = ends(20_000, 64);
    assert!(closed > 15 && told > 50, "{closed} and {told}");
    let (closed, told) = ends(20_000, 0);
    assert!(closed == 0 && told > 70, "each on a connection of its own: {closed} and {told}");
}

#[test]
fn a_pod_that_has_left_the_table_is_not_tried_again_where_some_retries_go_elsewhere() {
    let slowest = |redispatch: u32| {
        let retries = format!(
            "status: {{connectFailure: 503}}, \
             retries: {{attempts: 3, samePod: true, redispatch: {redispatch}, backoff: {{base: 1s, factor: 1, jitter: none}}}}"
        );
        let facts = facts(&rolling(&retries, "connections: 500"));
        let took = facts.iter().filter_map(|(t, f)| match f {
            Fact::Ended { born, attempts: 2.., .. } => Some(t - born.secs()),
            _ => None,
        });
        (took.fold(0.0, f64::max), ended(&facts, Outcome::S503))
    };
    // Removed after a second: the second attempt comes when it has left, or just before.
    let (took, failed) = slowest(3);
    assert!((1.0..1.2).contains(&took) && failed == 0, "{took}, {failed}");
    let (took, failed) = slowest(0);
    assert!((2.9..3.2).contains(&took) && failed > 50, "{took}, {failed}");
}

#[test]
fn a_retry_holds_its_place_among_the_concurrent_ones_until_the_answer() {
    let lost = |max: u32| {
        let retries = format!("retries: {{attempts: 1, maxConcurrent: {max}, backoff: {{base: 25ms}}}}");
        dropped(&facts(&rolling(&retries, "connections: 500")), Cause::StaleRoute)
    };
    // 20 retries/s of about 32 ms each: 0.64 at once on average.
    assert_eq!(lost(0), 0);
    let one = lost(1);
    assert!((10..50).contains(&one), "{one} of about 80");
    assert!(lost(3) < one / 2);
}

#[test]
fn ejections_take_effect_with_the_tables_next_change_or_when_the_window_is_over() {
    let lost = |window: &str, share: &str| {
        let passive =
            format!("passiveHealth: {{maxFails: 3, failTimeout: 1m, mergeWindow: {window}, maxEjected: {share}}}");
        dropped(&facts(&rolling(&passive, "connections: 500")), Cause::StaleRoute)
    };
    // And where a request that was under way before succeeds in between, the count begins anew.
    let at_once = lost("0s", "100%");
    assert!((4 * 3..4 * 3 + 3).contains(&at_once), "{at_once}");
    // One of five would be 20 %.
    assert_eq!(lost("0s", "20%"), at_once);
    let all = lost("0s", "19%");
    assert!((60..100).contains(&all), "nothing may be ejected: {all}");
    // A pod dies with the addition of its successor: the window of 0.5 s has just begun.
    let held = lost("500ms", "100%");
    assert!((30..60).contains(&held), "{held}");
    assert_eq!(lost("1h", "100%"), all);
}

#[test]
fn connections_that_were_never_used_stay_with_the_old_process_and_its_table() {
    // A preStop that is long enough, but for those who do not learn of the removal.
    let lost = |preconnect: bool| {
        let yaml = rolling("membership: reload", &format!("connections: 3000, preconnect: {preconnect}"));
        let facts = facts(&yaml.replace("serviceTime: 20ms", "serviceTime: 20ms, termination: {preStop: 1500ms}"));
        dropped(&facts, Cause::StaleRoute)
    };
    assert_eq!(lost(false), 0);
    assert!(lost(true) > 50, "{}", lost(true));
}

#[test]
fn a_reload_closes_the_idle_connections_that_have_been_used() {
    let reconnects = |spread: &str| {
        let clients = "connections: 500, timeout: 0s, reconnect: {when: eager}";
        let yaml = rolling(&format!("reload: {{takes: 100ms, closeSpread: {spread}}}"), clients);
        let facts = facts(&yaml.replace("deploy: {", "deploy: {rolls: loadBalancer, "));
        (opened(&facts, Side::Client, 0.05, 0.15), opened(&facts, Side::Client, 0.05, 5.0))
    };
    // 500 × (1 − e^−1.02) have carried a request by then, in 5.1 s at 100/s.
    let (at_once, _) = reconnects("0s");
    assert!((290..350).contains(&at_once), "{at_once}");
    let (at_once, all) = reconnects("4s");
    assert!(at_once < 40 && (290..600).contains(&all), "{at_once} of {all}");
}

#[test]
fn changes_that_come_during_a_reload_are_one_reload_after_it() {
    let yaml = rolling("membership: reload, reload: {takes: 100ms}", "connections: 100")
        .replace("maxSurge: 1, maxUnavailable: 0", "maxSurge: 0, maxUnavailable: 4")
        .replace("remove: 1s", "remove: 50ms");
    let times: BTreeSet<i64> = facts(&yaml)
        .iter()
        .filter(|(_, f)| matches!(f, Fact::Table { routed: false, .. }))
        .map(|(t, _)| (t * 1e3).round() as i64)
        .collect();
    let [first, second] = times.into_iter().collect::<Vec<_>>()[..] else { panic!("four removals in two reloads") };
    assert_eq!(second - first, 100);
}

#[test]
fn what_an_old_process_has_after_its_timeout_is_severed() {
    let cut = |timeout: &str| {
        let yaml = "\
workload: {replicas: 4}
pod: {concurrency: 1000, serviceTime: {distribution: uniform, min: 5s, max: 15s}, onReaderGone: stop}
loadBalancer: {proxies: 1, reload: {shutdownTimeout: TIMEOUT}}
network: {latency: 0s}
clients: [{rate: 20/s, connections: 2000, preconnect: false, response: streamed, timeout: 0s}]
deploy: {at: 30s, rolls: loadBalancer}
observe: {warmup: 20s, after: 20s}
";
        let facts = facts(&yaml.replace("TIMEOUT", timeout));
        assert_eq!(ended(&facts, Outcome::Truncated), dropped(&facts, Cause::SeveredByDeregistration));
        ended(&facts, Outcome::Truncated)
    };
    assert_eq!(cut("0s"), 0);
    // λ · ∫ (1 − F) from 3 s on: 20 × (2 + 5).
    let cut = cut("3s");
    assert!((105..175).contains(&cut), "{cut}");
}

#[test]
fn a_draining_proxy_lets_its_clients_go_by_and_by_and_listens_no_more_at_the_end() {
    let yaml =
        rolling("reload: {drain: 4s}", "connections: 200, whenBusy: wait, reconnect: {when: eager}, timeout: 0s")
            .replace("deploy: {", "deploy: {rolls: loadBalancer, ");
    let facts = facts(&yaml);
    assert_eq!(opened(&facts, Side::Client, 0.0, 1.0), 0, "nothing is closed in the first second");
    let (second, third) = (opened(&facts, Side::Client, 1.0, 2.0), opened(&facts, Side::Client, 2.0, 3.0));
    assert!((30..70).contains(&second) && (80..120).contains(&third), "half of them, then all: {second}, {third}");
    assert_eq!(count(&facts, |t, f| t < 4.0 && matches!(f, Fact::ConnectFailed(Side::Client))), 0);
    assert!(ended(&facts, Outcome::Refused) > 0);
}

#[test]
fn a_drain_that_is_not_gradual_lets_every_client_go_with_its_next_answer() {
    let yaml = rolling("reload: {drain: 4s, gradual: false}", "connections: 50, timeout: 0s")
        .replace("deploy: {", "deploy: {rolls: loadBalancer, ");
    let opened = opened(&facts(&yaml), Side::Client, 0.0, 1.0);
    // Of 100 requests those that are not the first of one of 50 clients: 100 − 50 × (1 − e^−2).
    assert!((40..75).contains(&opened), "{opened}");
}

#[test]
fn a_request_cuts_an_eager_reconnects_backoff_short_where_it_may() {
    let slow = |on_request: &str| {
        let clients = format!(
            "connections: 20, whenBusy: wait, timeout: 0s, \
             reconnect: {{when: eager, onRequest: {on_request}, backoff: {{base: 3s, factor: 1, jitter: none}}}}"
        );
        let yaml = rolling("layer: 4", &clients).replace("remove: 1s", "remove: 0s");
        count(
            &facts(&yaml),
            |t, f| matches!(f, Fact::Ended { born, outcome: Outcome::Ok, .. } if t - born.secs() > 1.0),
        )
    };
    assert_eq!(slow("now"), 0);
    assert!(slow("wait") > 20, "{}", slow("wait"));
}

#[test]
fn a_pool_of_each_clients_own_is_used_by_nobody_else() {
    let opened = |share: &str| {
        let yaml = rolling(&format!("upstream: {{share: {share}}}"), "connections: 20, whenBusy: wait")
            .replace("deploy: {at: 5s, controller: {qps: 0}}", "deploy: none");
        opened(&facts(&yaml), Side::Upstream, 0.0, 60.0)
    };
    let (shared, own) = (opened("all"), opened("client"));
    assert!(shared < 40, "{shared}");
    assert!((75..=80).contains(&own), "one for each of 20 clients and 4 pods: {own}");
}

#[test]
fn what_no_pod_has_room_for_waits_in_the_proxy() {
    let overflows = |max: u32| {
        let yaml = rolling(&format!("upstream: {{maxBusy: {max}}}"), "connections: 500")
            .replace(
                "serviceTime: 20ms",
                "concurrency: 1, queue: 0, serviceTime: {distribution: exponential, mean: 20ms}",
            )
            .replace("remove: 1s", "remove: 0s");
        let facts = facts(&yaml);
        assert!(ended(&facts, Outcome::Ok) > 800);
        dropped(&facts, Cause::Overflow)
    };
    assert!(overflows(0) > 50);
    assert_eq!(overflows(1), 0);
}

#[test]
fn each_worker_finds_out_by_itself() {
    let lost = |workers: u32| {
        let balancer = format!("workers: {workers}, passiveHealth: {{maxFails: 1, failTimeout: 1m}}");
        dropped(&facts(&rolling(&balancer, "connections: 500")), Cause::StaleRoute)
    };
    assert_eq!(lost(1), 4);
    assert_eq!(lost(4), 16);
    let together = "workers: 4, passiveHealth: {maxFails: 1, failTimeout: 1m, shared: true}";
    assert_eq!(dropped(&facts(&rolling(together, "connections: 500")), Cause::StaleRoute), 4);
}

#[test]
fn a_readiness_gate_opens_when_the_last_proxy_has_been_told() {
    let first_deletion = |gate: bool| {
        let yaml = rolling(&format!("readinessGate: {gate}"), "connections: 10").replace("add: 0s", "add: 5s");
        let facts = facts(&yaml);
        facts
            .iter()
            .find_map(|(t, f)| matches!(f, Fact::Pod { step: PodStep::DeletionRequested, .. }).then_some(*t))
            .expect("pods are deleted")
    };
    let (open, gated) = (first_deletion(false), first_deletion(true));
    assert!((2.0..2.2).contains(&open) && (7.0..7.2).contains(&gated), "{open} and {gated}");
}

#[test]
fn pods_are_deleted_in_order_of_creation_where_that_is_asked_for() {
    let yaml = rolling("algorithm: random", "connections: 10").replace("deploy: {", "deploy: {deletion: oldestFirst, ");
    let order: Vec<u32> = facts(&yaml)
        .iter()
        .filter_map(|(_, f)| match f {
            Fact::Pod { pod, step: PodStep::DeletionRequested, .. } => Some(pod.0),
            _ => None,
        })
        .collect();
    assert_eq!(order, [0, 1, 2, 3]);
}

#[test]
fn clients_in_turn_each_ask_at_their_own_regular_moments() {
    let opened = |assignment: &str| {
        let clients = format!(
            "arrivals: {{distribution: constant}}, connections: 100, preconnect: false, assignment: {assignment}"
        );
        let yaml = rolling("algorithm: random", &clients);
        opened(&facts(&yaml), Side::Client, -5.0, -3.995)
    };
    assert_eq!(opened("inTurn"), 100);
    assert!(opened("random") < 90);
}

#[test]
fn a_handshake_crosses_the_network_as_often_as_it_is_told_to() {
    for (round_trips, crossings) in [(0, 2.0), (1, 4.0), (3, 8.0)] {
        let yaml = rolling("layer: 4", "connections: 100000, preconnect: false")
            .replace("handshake: {time: 0s}", &format!("handshake: {{time: 0s, roundTrips: {round_trips}}}"))
            .replace("network: {latency: 0s}", "network: {latency: 10ms}");
        let facts = facts(&yaml);
        let first = facts.iter().find_map(|(t, f)| match f {
            Fact::Ended { outcome: Outcome::Ok, born, .. } => Some(t - born.secs()),
            _ => None,
        });
        let took = first.expect("it is answered");
        assert!((took - (0.02 + 0.01 * crossings)).abs() < 1e-6, "{round_trips}: {took}");
    }
}

#[test]
fn each_proxy_may_have_a_delay_of_its_own() {
    let yaml = rolling("algorithm: random", "connections: 10")
        .replace("proxies: 1", "proxies: 3")
        .replace("remove: 1s", "remove: [0s, 2s]");
    let facts = facts(&yaml);
    let deleted =
        facts.iter().find(|(_, f)| matches!(f, Fact::Pod { step: PodStep::DeletionRequested, .. })).expect("one is").0;
    let late: Vec<i64> = facts
        .iter()
        .filter(|(_, f)| matches!(f, Fact::Table { routed: false, .. }))
        .map(|(t, _)| ((t - deleted) * 1e3).round() as i64)
        .take(3)
        .collect();
    assert_eq!(late, [0, 2000, 2000]);
}

#[test]
fn a_server_that_streams_stops_when_its_reader_has_gone() {
    let drained = |gone: &str| {
        let yaml = rolling("algorithm: random", "connections: 500, timeout: 100ms, response: streamed")
            .replace("serviceTime: 20ms", &format!("concurrency: 1000, serviceTime: 8s, onReaderGone: {gone}"));
        let facts = facts(&yaml);
        let at =
            |step| facts.iter().find_map(|(t, f)| matches!(f, Fact::Pod { step: s, .. } if *s == step).then_some(*t));
        at(PodStep::Exited).expect("it exits") - at(PodStep::ListenerClosed).expect("it drains")
    };
    assert!(drained("finish") > 7.0);
    assert!(drained("stop") < 0.2);
}

#[test]
fn a_weight_that_rises_in_steps_gives_nothing_in_the_first() {
    let served = |slow: &str| {
        let facts = facts(&rolling(&format!("slowStart: {slow}"), "connections: 500"));
        let served = |from: f64, to: f64| {
            count(&facts, |t, f| {
                matches!(f, Fact::Ended { outcome: Outcome::Ok, pod: Some(pod), .. } if pod.0 == 4)
                    && (from..to).contains(&t)
            })
        };
        [served(2.1, 3.0), served(4.1, 5.0)]
    };
    let [first, third] = served("{window: 4s, step: 1s}");
    // Half a share of what four pods have; a whole one would be 20.
    assert!(first <= 1 && (8..17).contains(&third), "{first}, then {third}");
    let [at_once, _] = served("0s");
    assert!(at_once > 14, "{at_once}");
}

#[test]
fn a_request_does_not_wait_for_an_eager_client_to_try_again() {
    let yaml = "\
workload: {replicas: 1, strategy: Recreate}
pod: {startup: 5s, serviceTime: 10ms, readinessProbe: none}
loadBalancer: {layer: 4, proxies: 1, propagation: {shared: 0s, add: 0s, remove: 1h}}
network: {latency: 0s}
handshake: {time: 0s}
clients: [{rate: 20/s, connections: 50, whenBusy: wait, timeout: 20s, reconnect: {when: eager}}]
deploy: {at: 5s}
observe: {warmup: 0s, after: 5s}
";
    let facts = facts(yaml);
    assert!(ended(&facts, Outcome::Refused) > 60, "{} refused", ended(&facts, Outcome::Refused));
}

#[test]
fn a_hook_that_overruns_the_grace_period_leaves_so_much_more() {
    let gone = |termination: &str| {
        let yaml = rolling("algorithm: random", "connections: 10, timeout: 0s")
            .replace("serviceTime: 20ms", &format!("serviceTime: 20ms, termination: {{{termination}}}"));
        let facts = facts(&yaml);
        let at =
            |step| facts.iter().find_map(|(t, f)| matches!(f, Fact::Pod { step: s, .. } if *s == step).then_some(*t));
        let deleted = at(PodStep::DeletionRequested).expect("it is deleted");
        (at(PodStep::Sigterm).map(|t| t - deleted), at(PodStep::Killed).map(|t| t - deleted))
    };
    let overrun = "preStop: 9s, terminationGracePeriodSeconds: 5, onSigterm: ignore";
    let near = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() < 1e-6);
    let (sigterm, killed) = gone(overrun);
    assert!(sigterm.is_none() && near(killed, 5.0), "{sigterm:?} {killed:?}");
    let (sigterm, killed) = gone(&format!("{overrun}, preStopExtension: 2s"));
    assert!(near(sigterm, 5.0) && near(killed, 7.0), "{sigterm:?} {killed:?}");
    let (sigterm, killed) = gone(&format!("{}, preStopExtension: 2s", overrun.replace("9s", "4s")));
    assert!(near(sigterm, 4.0) && near(killed, 6.0), "{sigterm:?} {killed:?}");
}

#[test]
fn the_address_of_an_exited_pod_refuses_before_nothing_answers() {
    let ends = |kept: &str| {
        let pod =
            format!("serviceTime: 20ms, termination: {{onSigterm: exit, afterExit: unreachable, addressKept: {kept}}}");
        let yaml = rolling("algorithm: random, connectTimeout: 300ms", "connections: 10, timeout: 0s")
            .replace("serviceTime: 20ms", &pod);
        let mut ends = [0, 0];
        for (_, fact) in facts(&yaml) {
            if let Fact::Ended { cause: Some(Cause::StaleRoute), outcome, .. } = fact {
                ends[usize::from(outcome == Outcome::S504)] += 1;
            }
        }
        ends
    };
    let ([at_once_refused, at_once_lost], [late_refused, late_lost], [kept_refused, kept_lost]) =
        (ends("0s"), ends("500ms"), ends("1h"));
    assert!(at_once_refused == 0 && at_once_lost > 0, "{at_once_refused} {at_once_lost}");
    assert!(late_refused > 0 && late_lost > 0, "{late_refused} {late_lost}");
    assert!(kept_refused > 0 && kept_lost == 0, "{kept_refused} {kept_lost}");
}

/// Clients that open a connection for each request, through a proxy that passes on connections.
fn by_connection(balancer: &str) -> Vec<(f64, Fact)> {
    let clients = "connections: 500, preconnect: false, keepAlive: {maxRequests: 1}, timeout: 0s";
    facts(&rolling(&format!("layer: 4, {balancer}"), clients))
}

#[test]
fn a_proxy_that_connects_by_itself_has_accepted_its_client_before() {
    let refused = by_connection("status: {connectFailure: 502}");
    let closed = by_connection("status: {connectFailure: close}");
    let lost = ended(&refused, Outcome::Refused);
    assert!((50..110).contains(&lost) && ended(&refused, Outcome::Reset) == 0, "{lost}");
    assert_eq!(
        (ended(&closed, Outcome::Refused), ended(&closed, Outcome::Reset)),
        (0, lost),
        "another name for the same"
    );
}

#[test]
fn a_connect_that_failed_is_tried_again_by_its_proxy_elsewhere_or_in_the_same_place_until_that_is_over() {
    let lost = |retries: &str| {
        let facts = by_connection(&format!("status: {{connectFailure: close}}, retries: {{{retries}}}"));
        ended(&facts, Outcome::Reset)
    };
    let none = lost("attempts: 0");
    assert_eq!(lost("attempts: 1"), 0, "one pod is dead at a time, and that is avoided");
    assert_eq!(lost("attempts: 1, on: [reset]"), none, "no retry of a connect");
    let same = "samePod: true, backoff: {base: 300ms, factor: 1, jitter: none}";
    assert_eq!(lost(&format!("attempts: 3, {same}")), none, "the same pod stays dead");
    // The second of three goes elsewhere.
    assert_eq!(lost(&format!("attempts: 3, redispatch: 2, {same}")), 0);
}

#[test]
fn a_time_out_of_what_was_sent_does_not_run_while_a_request_waits_for_its_connection() {
    // One connection for 8 requests a second of 200 ms: they wait for it longer and longer.
    let yaml = |from: &str, patience: &str| {
        "\
workload: {replicas: 1}
pod: {serviceTime: 200ms, concurrency: 10, readinessProbe: none}
loadBalancer: {proxies: 1}
network: {latency: 0s, client: 0s}
handshake: {time: 0s}
clients: [{rate: 8/s, arrivals: {distribution: constant}, connections: 1, whenBusy: wait, timeout: PATIENCE, timeoutFrom: FROM}]
deploy: none
observe: {warmup: 0s, for: 30s}
"
        .replace("FROM", from)
        .replace("PATIENCE", patience)
    };
    let of = |from: &str, patience: &str| {
        let facts = facts(&yaml(from, patience));
        (ended(&facts, Outcome::Ok), ended(&facts, Outcome::Timeout))
    };
    // Nearly all that come up have waited for most of the second.
    let (answered, gave_up) = of("birth", "1s");
    assert!(answered < 30 && gave_up > 200, "{answered} {gave_up}");
    // Each is answered 200 ms after it was sent, however long it has waited.
    let (answered, gave_up) = of("sent", "1s");
    assert!((145..=150).contains(&answered) && gave_up == 0, "{answered} {gave_up}");
    // And each gives up 150 ms after it was sent, so that the next one follows it then.
    let (answered, gave_up) = of("sent", "150ms");
    assert!(answered == 0 && (195..=200).contains(&gave_up), "{answered} {gave_up}");
}
