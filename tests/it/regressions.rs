//! Errors that were found and must not come back, each in the smallest scenario that showed it.

use dryroll::engine::SimTime;
use dryroll::fleet::fact::{Cause, Fact, Outcome, Side};
use dryroll::fleet::{Observer, simulate};
use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Scenario, load_str};

fn scenario(yaml: &str) -> Scenario {
    match load_str("regression.yaml", yaml, &[]) {
        Ok(loaded) => loaded.scenario,
        Err(diags) => panic!("{}", diags.iter().map(|d| d.render(false)).collect::<String>()),
    }
}

fn run(yaml: &str) -> Replication {
    dryroll::simulate::run(&scenario(yaml), 1, 0)
}

/// All facts with their times.
#[derive(Default)]
struct Log(Vec<(f64, Fact)>);

impl Observer for Log {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        self.0.push((now.secs(), fact));
    }
}

fn log(yaml: &str) -> (Vec<(f64, Fact)>, f64) {
    let (log, end) = simulate(&scenario(yaml), 1, 0, Log::default());
    (log.0, end.at.secs())
}

/// A deploy that changes nothing to wait for: 2 pods, a start-up of 1 s.
const QUICK: &str = "\
workload: {replicas: 2, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
pod: {startup: 1s, serviceTime: 1ms, readinessProbe: none}
clients: [{rate: 20/s}]
";

#[test]
fn a_last_event_that_changes_no_pod_does_not_keep_the_deploy_from_settling() {
    let (_, end) = log(&format!(
        "{QUICK}deploy: {{at: 1s, events: [{{at: 60s, ready: [99]}}]}}\nobserve: {{warmup: 0s, after: 1s}}"
    ));
    assert!((60.0..63.0).contains(&end), "ended at {end} s");
}

#[test]
fn an_event_after_the_progress_deadline_does_not_keep_a_stuck_rollout_going_for_ever() {
    let yaml = QUICK.replace("replicas: 2,", "replicas: 2, progressDeadlineSeconds: 20,");
    let stuck = "newVersion: {neverReady: true}\nobserve: {warmup: 0s, after: 1s}\n";
    let (_, end) = log(&format!("{yaml}{stuck}deploy: {{at: 1s, events: [{{at: 40s, ready: [99]}}]}}"));
    assert!((40.0..62.0).contains(&end), "ended at {end} s");
    // One that helps is seen to its end.
    let (facts, end) = log(&format!("{yaml}{stuck}deploy: {{at: 1s, events: [{{at: 40s, undo: true}}]}}"));
    assert!(facts.iter().any(|(_, f)| matches!(f, Fact::Settled)) && end < 80.0, "ended at {end} s");
}

#[test]
fn peaks_of_before_are_those_of_a_second() {
    // Each pod closes every connection with its first answer: 20 reconnects a second, all along.
    let yaml = QUICK.replace("startup: 1s,", "startup: 1s, keepAlive: {maxRequests: 1},");
    let r =
        run(&format!("{yaml}loadBalancer: {{proxies: 1}}\ndeploy: {{at: 60s}}\nobserve: {{warmup: 1s, after: 1s}}"));
    let before = r.phases[0].connections[Side::Upstream as usize];
    assert!(before.reconnects > 1000, "{before:?}");
    assert!((20..50).contains(&before.peak_reconnects_per_second), "{before:?}");
}

#[test]
fn reconnects_on_demand_back_off_further_with_every_failure() {
    // The only pod is gone for 100 s; its one client asks ten times a second, each request on a connection of its own.
    let yaml = "\
workload: {replicas: 1, strategy: Recreate}
pod: {startup: 100s, serviceTime: 1ms, readinessProbe: none, termination: {drainWindow: 0s}}
loadBalancer: {layer: 4, proxies: 1, propagation: {shared: 0s, add: 0s, remove: 0s}}
clients: [{rate: 10/s, connections: 1, whenBusy: wait, timeout: 0s, reconnect: {backoff: {base: 1s, factor: 2, cap: 1h}}}]
deploy: {at: 10s}
observe: {warmup: 0s, after: 1s}
";
    let (facts, _) = log(yaml);
    let failed = facts.iter().filter(|(_, f)| matches!(f, Fact::ConnectFailed(Side::Client))).count();
    // Waits of 1, 2, 4, … s reach 100 s with the seventh.
    assert!((5..=8).contains(&failed), "{failed} openings failed");
}

#[test]
fn a_pod_removed_twice_has_the_whole_deregistration_delay_each_time() {
    // Streams to pod 0, which is not Ready from −9 s to −5 s and again from −1 s on, may go on until 9 s.
    let yaml = "\
workload: {replicas: 2}
pod: {readinessProbe: none}
loadBalancer: {layer: 4, proxies: 1, deregistrationDelay: 10s, propagation: {shared: 0s, add: 0s, remove: 0s}}
clients: [{streams: {count: 20, duration: 1h}}]
deploy: {at: 10s, events: [{at: -9s, unready: [0]}, {at: -5s, ready: [0]}, {at: -1s, unready: [0]}, {at: 20s, pause: true}]}
observe: {warmup: 0s, after: 1s, limit: 30s}
newVersion: {neverReady: true}
";
    let (facts, _) = log(yaml);
    let cut = facts.iter().find(|(_, f)| matches!(f, Fact::Ended { cause: Some(Cause::SeveredByDeregistration), .. }));
    let at = cut.expect("streams are cut in the end").0;
    assert!((9.0..9.2).contains(&at), "cut at {at} s");
}

#[test]
fn a_pod_whose_last_connection_the_balancer_cuts_exits() {
    let yaml = "\
workload: {replicas: 1, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
pod:
  startup: 1s
  serviceTime: 1ms
  readinessProbe: none
  termination: {connectionClose: response, drainWindow: 20s}
loadBalancer: {layer: 4, proxies: 1, deregistrationDelay: 2s, propagation: {shared: 0s, add: 0s, remove: 0s}}
clients: [{profile: [[0s, 1/s], [1s, 0/s]], connections: 5}]
deploy: {at: 5s}
observe: {warmup: 0s, after: 1s}
";
    let gone = run(yaml).pods[0].gone.expect("the old pod goes").secs();
    assert!((3.0..4.0).contains(&gone), "gone at {gone} s");
}

#[test]
fn a_stream_that_ended_by_itself_comes_back_without_a_reconnect() {
    let streams = "clients: [{streams: {count: 20, duration: 500ms}}]\ndeploy: none\nobserve: {warmup: 0s, for: 20s}\n";
    for layer in [4, 7] {
        let r = run(&format!("pod: {{serviceTime: 1ms}}\nloadBalancer: {{layer: {layer}}}\n{streams}"));
        let side = r.phases[0].connections[Side::Client as usize];
        assert!(side.opened > 500 && side.reconnects == 0, "layer {layer}: {side:?}");
    }
}

#[test]
fn a_retry_budget_of_nothing_allows_no_retry() {
    let yaml = "\
pod: {serviceTime: 1ms, errorRate: 100%}
clients: [{rate: 20/s, retries: {attempts: 3, on: [500], budget: 0%}}]
deploy: none
observe: {warmup: 0s, for: 5s}
";
    let r = run(yaml);
    assert!(r.phases[0].requests > 0 && r.phases[0].retried == 0, "{} retried", r.phases[0].retried);
}

#[test]
fn attempts_beyond_what_is_counted_do_not_overflow() {
    let yaml = "\
workload: {replicas: 1, strategy: Recreate}
pod: {startup: 1h, serviceTime: 1ms, termination: {drainWindow: 0s}}
loadBalancer: {proxies: 1, propagation: {remove: 1h}, retries: {attempts: 1000}}
network: {latency: 0s}
clients: [{rate: 1/s, timeout: 0s, retries: {attempts: 100, budget: none, backoff: {base: 0s}}, idempotent: 100%}]
deploy: {at: 1s}
observe: {warmup: 0s, after: 0s, limit: 4s}
";
    let (facts, _) = log(yaml);
    let most = facts
        .iter()
        .filter_map(|(_, f)| if let Fact::Ended { attempts, .. } = f { Some(*attempts) } else { None })
        .max();
    assert_eq!(most, Some(u16::MAX));
}

#[test]
fn all_that_wait_for_a_multiplexed_connection_go_on_it_when_it_comes() {
    // The pod closes the client's only connection every second; the next one stands after 400 ms.
    let yaml = "\
pod: {serviceTime: 1ms, concurrency: 100, keepAlive: {maxAge: 1s}}
loadBalancer: {layer: 4}
handshake: {time: 0s}
network: {latency: 100ms}
clients: [{rate: 50/s, connections: 1, multiplex: 100, whenBusy: wait, reconnect: {when: eager, backoff: {base: 200ms, factor: 1, cap: 200ms}}}]
deploy: none
observe: {warmup: 0s, for: 30s}
";
    let r = run(yaml);
    assert!(r.phases[0].latency_max_ns < 700_000_000, "one took {} ns", r.phases[0].latency_max_ns);
}

#[test]
fn what_was_reset_before_it_was_sent_is_sent_again_though_not_idempotent() {
    // One worker a pod and slow handshakes: the accept queue is never empty when the listener closes.
    for (layer, retries) in [
        (7, "loadBalancer: {proxies: 1, retries: {attempts: 9, on: [connectFailure, reset]}"),
        (4, "loadBalancer: {proxies: 1, layer: 4"),
    ] {
        let yaml = format!(
            "\
workload: {{replicas: 4}}
pod: {{concurrency: 1, backlog: 1000, serviceTime: 1ms, startup: 1s, keepAlive: {{maxRequests: 1}}, readinessProbe: {{periodSeconds: 1}}}}
{retries}, propagation: {{shared: 0s, add: 0s, remove: 20ms}}}}
handshake: {{time: 20ms}}
clients: [{{rate: 180/s, connections: 1000, idempotent: 0%, retries: {{attempts: 9, budget: none, on: [connectFailure, reset]}}}}]
deploy: {{at: 5s}}
observe: {{warmup: 0s, after: 5s}}
"
        );
        let (facts, _) = log(&yaml);
        let stale =
            facts.iter().filter(|(_, f)| matches!(f, Fact::Ended { cause: Some(Cause::StaleRoute), .. })).count();
        let retried =
            facts.iter().filter(|(_, f)| matches!(f, Fact::Ended { outcome: Outcome::Ok, attempts: 2.., .. })).count();
        assert!(retried > 0 && stale == 0, "layer {layer}: {retried} retried, {stale} lost");
    }
}

#[test]
fn a_request_that_waited_for_an_answer_is_not_sent_on_the_connection_that_ended_with_it() {
    // Two clients, always busy and always with requests that wait; nothing is idle when the pods drain, not even
    // while an answer and the next request are on their way, which takes no time here.
    let yaml = "\
workload: {replicas: 2, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
pod: {serviceTime: 20ms, startup: 1s, readinessProbe: none, termination: {connectionClose: idle}}
loadBalancer: {layer: 4, proxies: 1, propagation: {shared: 0s, add: 0s, remove: 0s}}
network: {latency: 0s}
clients: [{rate: 110/s, connections: 2, whenBusy: wait}]
deploy: {at: 5s}
observe: {warmup: 1s, after: 5s}
";
    let (facts, _) = log(yaml);
    let races =
        facts.iter().filter(|(_, f)| matches!(f, Fact::Ended { cause: Some(Cause::KeepAliveRace), .. })).count();
    assert_eq!(races, 0);
}

#[test]
fn an_opening_that_is_given_up_before_anybody_accepts_has_failed() {
    let yaml = "\
workload: {replicas: 1, strategy: Recreate}
pod: {startup: 20s, serviceTime: 1ms, readinessProbe: none, termination: {drainWindow: 0s, afterExit: unreachable}}
loadBalancer: {layer: 4, proxies: 1, connectTimeout: 5s, propagation: {shared: 0s, add: 0s, remove: 10s}}
clients: [{rate: 10/s, timeout: 1s}]
deploy: {at: 5s}
observe: {warmup: 0s, after: 1s}
";
    let (facts, _) = log(yaml);
    let timeouts = facts
        .iter()
        .filter(|(t, f)| {
            *t < 10.0 && matches!(f, Fact::Ended { outcome: Outcome::Timeout, cause: Some(Cause::StaleRoute), .. })
        })
        .count();
    let unanswered = facts.iter().filter(|(t, f)| *t < 10.0 && matches!(f, Fact::ConnectFailed(Side::Client))).count();
    assert!(timeouts > 50 && unanswered == timeouts, "{timeouts} timeouts, {unanswered} failed openings");
}

#[test]
fn without_a_backlog_a_free_worker_still_shakes_hands() {
    for handshake in ["0s", "1ms"] {
        let r = run(&format!(
            "pod: {{backlog: 0, serviceTime: 1ms}}\nhandshake: {{time: {handshake}}}\nclients: [{{rate: 5/s}}]\ndeploy: none\nobserve: {{warmup: 0s, for: 10s}}\n"
        ));
        assert!(r.phases[0].succeeded > 20 && r.phases[0].dropped() == 0, "{} dropped", r.phases[0].dropped());
    }
}

#[test]
fn a_sequence_of_propagation_delays_is_taken_pod_by_pod() {
    let yaml = "\
workload: {replicas: 2, strategy: Recreate}
pod: {startup: 1s, serviceTime: 1ms, readinessProbe: none}
loadBalancer: {proxies: 1, propagation: {shared: 0s, add: 0s, remove: {distribution: sequence, values: [1s, 2s]}}}
clients: [{rate: 1/s}]
deploy: {at: 1s, controller: {reaction: 0s}}
observe: {warmup: 0s, after: 2s}
";
    let (facts, _) = log(yaml);
    let removed: Vec<f64> =
        facts.iter().filter(|(_, f)| matches!(f, Fact::Table { routed: false, .. })).map(|(t, _)| *t).collect();
    assert!(removed.len() == 2 && (removed[1] - removed[0] - 1.0).abs() < 0.2, "removed at {removed:?}");
}

#[test]
fn an_addition_under_way_is_not_delivered_before_a_removal_that_began_later() {
    // The new pod is Ready at 1 s and would be known at 4 s; at 2 s pod 1 turns not Ready, which is known at 12 s.
    let yaml = "\
workload: {replicas: 2, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}, minReadySeconds: 60}
pod: {startup: 1s, serviceTime: 1ms, readinessProbe: none}
loadBalancer: {proxies: 2, propagation: {shared: 0s, add: 3s, remove: 10s, order: removeThenAdd}}
clients: [{rate: 1/s}]
deploy: {at: 1s, controller: {reaction: 0s}, events: [{at: 2s, unready: [1]}]}
observe: {warmup: 0s, after: 2s, limit: 30s}
";
    let (facts, _) = log(yaml);
    let changes: Vec<(f64, bool)> = facts
        .iter()
        .filter_map(|(t, f)| if let Fact::Table { routed, .. } = f { Some((*t, *routed)) } else { None })
        .collect();
    assert_eq!(changes.iter().map(|c| c.1).collect::<Vec<_>>(), [false, false, true, true], "{changes:?}");
    assert!((12.0..12.1).contains(&changes[2].0), "{changes:?}");
}

#[test]
fn connections_that_stand_from_the_start_are_of_all_ages() {
    let yaml = "\
pod: {serviceTime: 1ms, keepAlive: {maxAge: 20s, maxAgeJitter: 0%}}
loadBalancer: {layer: 4}
clients: [{rate: 1000/s, connections: 200}]
deploy: none
observe: {warmup: 0s, for: 30s}
";
    let side = run(yaml).phases[0].connections[Side::Client as usize];
    // 200 connections that live 20 s: 10 a second.
    assert!((200..400).contains(&side.reconnects), "{side:?}");
    assert!(side.peak_reconnects_per_second < 30, "{side:?}");
}

#[test]
fn a_pod_that_has_left_all_tables_is_asked_where_nobody_else_is_there() {
    let yaml = "\
workload: {replicas: 3, strategy: {type: Recreate}}
pod: {concurrency: 8, serviceTime: 20ms, startup: 3s, termination: {preStop: 10s}}
loadBalancer: {proxies: 2, terminatingFallback: true}
clients: [{rate: 100/s, connections: 20}]
deploy: {at: 5s}
observe: {warmup: 1s, after: 5s}
";
    let (facts, end) = log(yaml);
    let measured = run(yaml);
    let ended = facts.iter().filter(|(_, f)| matches!(f, Fact::Ended { .. })).count();
    assert!(ended > 1000 && end > 15.0, "{ended} requests in {end} s");
    let traced = dryroll::simulate::traced(&scenario(yaml), 1, 0, Log::default()).0;
    assert_eq!(format!("{measured:?}"), format!("{traced:?}"));
    // For the ten seconds of the hook nothing is dropped; then nobody is left until the new pods are Ready.
    let dropped = |f: &Fact| matches!(f, Fact::Ended { outcome, .. } if *outcome != Outcome::Ok);
    assert!(facts.iter().all(|(at, f)| !dropped(f) || *at > 9.0));
}

#[test]
fn retries_for_a_share_of_what_is_under_way_count_what_has_ended_by_now() {
    let yaml = "\
workload: {replicas: 4}
pod: {concurrency: 1, serviceTime: 2ms}
loadBalancer: {proxies: 5, algorithm: leastRequest, retries: {attempts: 3, concurrentShare: 20%, maxConcurrent: 1}}
network: {latency: 100ms}
clients: [{rate: 500/s}]
deploy: {at: 700ms}
observe: {warmup: 500ms, after: 500ms, limit: 3s}
";
    let (scenario, mut retried) = (scenario(yaml), 0);
    for seed in 0..50 {
        let (traced, log) = dryroll::simulate::traced(&scenario, seed, 0, Log::default());
        assert_eq!(format!("{:?}", dryroll::simulate::run(&scenario, seed, 0)), format!("{traced:?}"), "seed {seed}");
        retried += log.0.iter().filter(|(_, f)| matches!(f, Fact::Ended { attempts: 2.., .. })).count();
    }
    assert!(retried > 0, "nothing was retried");
}

#[test]
fn of_two_that_come_to_a_pod_at_one_moment_the_first_is_served_first_whatever_was_known_of_them() {
    // Services and hops of whole milliseconds, so that much happens at one moment.
    let handshakes = "\
workload: {replicas: 8, kind: InstanceRefresh, preferences: {instanceWarmup: 0, minHealthyPercentage: 50}}
pod: {concurrency: 2, serviceTime: 48ms, startup: 300ms, readinessProbe: {periodSeconds: 1}, termination: {preStop: 200ms}}
loadBalancer: {proxies: 1, algorithm: ipHash, propagation: {shared: {distribution: exponential, mean: 100ms}, add: 1s, remove: 200ms}}
handshake: {time: 1ms}
clients: [{trace: tests/it/fast_path/arrivals.csv}]
deploy: {at: 1500ms}
observe: {warmup: 200ms, after: 500ms, limit: 6s}
";
    let retries = "\
workload: {replicas: 8, strategy: {rollingUpdate: {maxUnavailable: 0}}}
pod: {concurrency: 2, serviceTime: 9ms, onReaderGone: stop}
loadBalancer: {proxies: 5, algorithm: envoyLeastRequest}
network: {client: 5ms, latency: 1ms}
handshake: {time: 0s}
clients:
  - {trace: tests/it/fast_path/arrivals.csv, connections: 5, timeout: 20ms}
  - {rate: 1000/s, arrivals: {distribution: constant}, connections: 5}
deploy: {at: 1500ms}
observe: {warmup: 200ms, after: 300ms, limit: 3s}
";
    for (yaml, seed, replication) in [(handshakes, 28_693, 1), (retries, 28_132, 1)] {
        let scenario = scenario(yaml);
        let (traced, _) = dryroll::simulate::traced(&scenario, seed, replication, Log::default());
        let computed = dryroll::simulate::run(&scenario, seed, replication);
        assert_eq!(format!("{computed:?}"), format!("{traced:?}"), "seed {seed}");
    }
}

/// How long the rollout took [s], by what is said of the deploy.
fn duration(deploy: &str) -> Option<f64> {
    let run = run(&format!(
        "{QUICK}deploy: {deploy}\nobserve: {{warmup: 0s, after: 1s, limit: 200s}}\nnodes: {{count: 4, maxPods: 1}}"
    ));
    run.rollout.expect("there is a deploy").duration
}

#[test]
fn what_was_done_before_the_deploy_does_not_complete_it() {
    let alone = duration("{at: 30s}").expect("it completes");
    let behind = duration("{at: 30s, events: [{at: -25s, scale: 2}]}").expect("it completes");
    assert!(alone > 2.0 && (behind - alone).abs() < 2.0, "{alone} {behind}");
    // Scaled up before, and complete then.
    let scaled = duration("{at: 30s, events: [{at: -25s, scale: 3}]}").expect("it completes");
    assert!(scaled > 2.0, "{scaled}");
}

#[test]
fn a_rollout_is_complete_when_all_that_is_wanted_of_it_is() {
    // Of another template, 60 s later.
    let again = duration("{at: 1s, events: [{at: 60s, template: v3}]}").expect("it completes");
    assert!((62.0..80.0).contains(&again), "{again}");
    // There is room for four pods.
    assert_eq!(duration("{at: 1s, events: [{at: 60s, scale: 6}]}"), None);
    // What it wants already is nothing else.
    let same = duration("{at: 1s, events: [{at: 60s, scale: 2}]}").expect("it completes");
    assert!(same < 20.0, "{same}");
}

#[test]
fn a_pod_waits_for_streams_that_it_closes_one_after_the_other() {
    let fate = |jitter: &str| {
        let r = run(&format!(
            "workload: {{replicas: 3, strategy: {{rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}}}}}\n\
             pod: {{startup: 1s, readinessProbe: none, termination: {{preStop: 5s, drainWindow: 40s, terminationGracePeriodSeconds: 120, \
             connectionClose: none, closeJitter: {jitter}}}}}\n\
             loadBalancer: {{layer: 4, propagation: {{shared: 0s, add: 1s, remove: 1s}}}}\n\
             clients: [{{streams: {{count: 30, duration: 10m, onDrain: close}}}}]\ndeploy: {{at: 20s}}\nobserve: {{warmup: 5s, after: 20s}}"
        ));
        let stays = |p: &dryroll::metrics::replication::PodLife| Some(p.gone?.since(p.sigterm?).secs());
        let longest = r.pods.iter().filter_map(stays).fold(0.0, f64::max);
        (r.phases.iter().map(dryroll::metrics::replication::PhaseTally::dropped).sum::<u64>(), longest)
    };
    assert_eq!(fate("0s"), (0, 0.0));
    let (dropped, longest) = fate("3s");
    assert!(dropped == 0 && (2.0..=3.0).contains(&longest), "{dropped} cut, {longest} s");
}

#[test]
fn a_tier_that_ends_one_of_several_streams_leaves_the_others_their_connection() {
    // Pods close what is idle for 20 ms, and the tier before them ends what that costs without an answer.
    let r = run("\
clients: [{multiplex: 2, rate: 40/s, timeout: 0s, whenBusy: wait, keepAlive: {idleTimeout: 1s, maxRequests: 3}}]
loadBalancer:
- {retries: {attempts: 2}, upstream: {keepaliveRequests: 7, maxConcurrentStreams: 2}}
- {passiveHealth: {maxFails: 1, failTimeout: 100ms}, status: {resetLater: close}}
network: {latency: 5ms}
pod: {keepAlive: {idleTimeout: 20ms}}
");
    assert!(r.phases[0].attempts > r.phases[0].requests, "the first tier has tried again");
}

#[test]
fn each_template_that_is_rolled_out_is_analysed() {
    let analyses = |events: &str| {
        let slow = QUICK.replace("replicas: 2,", "replicas: 2, minReadySeconds: 5,");
        let r = run(&format!(
            "{slow}newVersion: {{errorRate: 50%}}\nobserve: {{warmup: 0s, after: 1s}}\n\
             deploy: {{at: 1s, analysis: {{initialDelay: 0s, interval: 1s, errorRate: 5%, failureLimit: 0, minRequests: 1}}, events: [{events}]}}"
        ));
        r.analyses.len()
    };
    assert_eq!(analyses(""), 1, "called off");
    assert_eq!(analyses("{at: 60s, template: v3}"), 2, "and so is the next one");
}

#[test]
fn a_container_has_two_seconds_before_the_kill_where_the_kubelet_gives_them() {
    let killed_after = |extension: &str| {
        let yaml = QUICK.replace(
            "readinessProbe: none",
            &format!(
                "readinessProbe: none, termination: {{onSigterm: ignore, terminationGracePeriodSeconds: 1{extension}}}"
            ),
        );
        let r = run(&format!("{yaml}deploy: {{at: 1s}}\nobserve: {{warmup: 0s, after: 1s}}"));
        r.pods.iter().filter_map(|p| Some(p.gone?.since(p.deletion_requested?).secs())).fold(0.0, f64::max)
    };
    assert!((killed_after("") - 1.0).abs() < 0.01);
    assert!((killed_after(", preStopExtension: 2s") - 2.0).abs() < 0.01);
}

/// Demand is the closed loop's mean in *before*, and so is that of each second of it; with no deploy all is before.
#[test]
fn what_users_ask_for_is_known_from_the_first_second() {
    let yaml = |deploy: &str| {
        format!(
            "workload: {{replicas: 4}}\npod: {{startup: 2s, serviceTime: 5ms}}\nclients: [{{users: {{count: 50, thinkTime: 1s}}}}]\n\
             observe: {{warmup: 5s, for: 60s, after: 5s}}\ndeploy: {deploy}\n"
        )
    };
    for (deploy, before) in [("{at: 15s}", 10), ("none", 60)] {
        let r = run(&yaml(deploy));
        // 50 users that think for a second and wait for 7 ms; the mean of some hundred requests.
        let demand: Vec<f64> = r.bins.iter().map(|b| b.demand).collect();
        assert!(demand[..before].iter().all(|d| (*d - demand[0]).abs() < 1e-9), "{deploy}: {demand:?}");
        assert!((demand[0] - 50.0).abs() < 5.0, "{deploy}: {demand:?}");
        let (capacity, headroom) = (4.0 * 16.0 / 0.005, r.capacity.min_headroom.expect("there is demand"));
        if deploy == "none" {
            assert!((headroom - capacity / demand[0]).abs() < 0.01 * headroom, "{headroom}");
        }
    }
}

/// A trace asks for nothing before its first request and after its last.
#[test]
fn a_trace_that_is_over_demands_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("t.csv"), "1\n2\n3\n").expect("it is written");
    let file = folder.path().join("traced.yaml");
    let yaml = "clients: [{trace: t.csv}]\ndeploy: none\nobserve: {warmup: 0s, for: 6s}\n";
    std::fs::write(&file, yaml).expect("it is written");
    let loaded = dryroll::scenario::load(&dryroll::scenario::Request::new(&file)).expect("a valid scenario");
    let r = dryroll::simulate::run(&loaded.scenario, 1, 0);
    let demand: Vec<f64> = r.bins.iter().map(|b| b.demand).collect();
    assert!(demand[1] > 0.0 && demand[2] > 0.0 && demand[0] == 0.0, "{demand:?}");
    assert_eq!(demand[4..], [0.0, 0.0], "{demand:?}");
}

/// From which moment on each request was under way, and for how long [s], of those that ended so.
fn spans(facts: &[(f64, Fact)], of: Outcome) -> Vec<(f64, f64)> {
    let span = |&(now, fact): &(f64, Fact)| match fact {
        Fact::Ended { born, outcome, .. } if outcome == of => Some((born.secs(), now - born.secs())),
        _ => None,
    };
    facts.iter().filter_map(span).collect()
}

#[test]
fn decorrelated_waits_of_retries_grow_from_the_wait_before() {
    let backoff = "on: [500], backoff: {base: 100ms, cap: 100s, jitter: decorrelated}";
    for (proxy, client) in [
        (format!("attempts: 3, nonIdempotent: true, {backoff}"), "attempts: 0".to_owned()),
        ("attempts: 0".to_owned(), format!("attempts: 3, budget: none, {backoff}")),
    ] {
        let (facts, _) = log(&format!(
            "pod: {{serviceTime: 0s, errorRate: 100%}}\nnetwork: {{latency: 0s}}\nhandshake: {{time: 0s}}\n\
             loadBalancer: {{proxies: 1, retries: {{{proxy}}}}}\n\
             clients: [{{rate: 100/s, idempotent: 100%, timeout: 0s, retries: {{{client}}}}}]\ndeploy: none\nobserve: {{warmup: 0s, for: 60s}}"
        ));
        let waits: Vec<f64> = spans(&facts, Outcome::S500).into_iter().map(|(_, span)| span).collect();
        let n = waits.len() as f64;
        let mean = waits.iter().sum::<f64>() / n;
        let error = (waits.iter().map(|w| (w - mean) * (w - mean)).sum::<f64>() / (n * n)).sqrt();
        // Of each wait 3/2 of the mean of the one before and half of the base: 0.2, 0.35 and 0.575 s.
        assert!(n > 5000.0 && (mean - 1.125).abs() < 4.5 * error, "{mean} ± {error} s by {proxy:?}, {client:?}");
    }
}

#[test]
fn decorrelated_waits_of_openings_grow_from_the_wait_before() {
    let backoff = "reconnect: {when: eager, backoff: {base: 1s, cap: 100s, jitter: decorrelated}}";
    let mut ratios = Vec::new();
    for clients in [
        format!("streams: {{count: 1, duration: 10h}}, {backoff}"),
        format!("profile: [[0s, 1/s], [1s, 0/s]], connections: 1, keepAlive: {{idleTimeout: 0s}}, {backoff}"),
    ] {
        for seed in 1..=8 {
            let yaml = format!(
                "workload: {{replicas: 1, strategy: Recreate}}\npod: {{startup: 400s, serviceTime: 1ms, readinessProbe: none, keepAlive: {{idleTimeout: 0s}}}}\n\
                 network: {{latency: 0s}}\nloadBalancer: {{layer: 4, proxies: 1, propagation: {{shared: 0s, add: 0s, remove: 0s}}}}\n\
                 clients: [{{{clients}}}]\ndeploy: {{at: 10s}}\nobserve: {{warmup: 0s, after: 1s}}"
            );
            let (facts, _) = simulate(&scenario(&yaml), seed, 0, Log::default());
            let failed = |f: &&(f64, Fact)| matches!(f.1, Fact::ConnectFailed(Side::Client));
            let at: Vec<f64> = facts.0.iter().filter(failed).map(|f| f.0).collect();
            let waits: Vec<f64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(waits.len() > 2, "{waits:?}");
            for pair in waits.windows(2) {
                assert!(pair[1] > 0.999 && pair[1] <= 3.0 * pair[0] + 1e-6, "{waits:?}");
                ratios.push((pair[1] - 1.0) / (3.0 * pair[0] - 1.0));
            }
        }
    }
    // Uniform between the two, but for the last one, whose end the new pod cuts off.
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!((mean - 0.5).abs() < 4.5 * 0.289 / (ratios.len() as f64).sqrt(), "{mean} of {}", ratios.len());
}

#[test]
fn an_address_that_does_not_answer_costs_a_check_its_timeout() {
    let last = |after_exit: &str, interval: &str| {
        let (facts, _) = log(&format!(
            "workload: {{replicas: 2, strategy: {{rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}}}}}\n\
             pod: {{startup: 30s, serviceTime: 1ms, readinessProbe: none, termination: {{onSigterm: exit, afterExit: {after_exit}, addressKept: 0s}}}}\n\
             network: {{latency: 0s}}\nloadBalancer: {{proxies: 1, connectTimeout: 100ms, propagation: {{shared: 0s, add: 0s, remove: 20s}}, \
             activeHealth: {{interval: {interval}, timeout: 1s, unhealthyThreshold: 3}}}}\n\
             clients: [{{rate: 500/s, timeout: 0s}}]\ndeploy: {{at: 10s}}\nobserve: {{warmup: 0s, after: 30s}}"
        ));
        [0, 1].map(|number| {
            let sent = |&(_, fact): &(f64, Fact)| match fact {
                Fact::Ended { sent, pod: Some(pod), cause: Some(Cause::StaleRoute), .. } if pod.0 == number => {
                    Some(sent.secs())
                }
                _ => None,
            };
            facts.iter().filter_map(sent).fold(f64::MIN, f64::max)
        })
    };
    // The third that fails takes it out: later by its time-out, or with one at a time by that of each, up to the next beat.
    for (interval, later) in [("2s", 1.0), ("700ms", 2.4)] {
        for (refused, silent) in last("refused", interval).into_iter().zip(last("unreachable", interval)) {
            let found = silent - refused;
            assert!((found - later).abs() < 0.1, "every {interval}: {found} s later, {later} s expected");
        }
    }
}

#[test]
fn a_connection_that_is_never_idle_carries_no_more_than_it_may() {
    // Twenty requests at a time on it.
    let opened = |layer: u32, pod: &str, client: &str| {
        let r = run(&format!(
            "pod: {{concurrency: 1000, serviceTime: 100ms, keepAlive: {{{pod}}}}}\nloadBalancer: {{layer: {layer}, proxies: 1}}\n\
             clients: [{{rate: 200/s, connections: 1, multiplex: 100, keepAlive: {{{client}}}, timeout: 0s}}]\n\
             deploy: none\nobserve: {{warmup: 1s, for: 100s}}"
        ));
        let phase = &r.phases[0];
        assert_eq!(phase.dropped(), 0, "layer {layer}, {pod} {client}");
        (phase.requests as f64, phase.connections[Side::Client as usize].opened as f64)
    };
    for (layer, pod, client, life) in
        [(4, "", "maxRequests: 100", 100.0), (7, "", "maxRequests: 100", 100.0), (4, "maxRequests: 100", "", 100.0)]
    {
        let (requests, opened) = opened(layer, pod, client);
        // The pod's end is heard of with the answer to the hundredth: a round trip's and a service's requests later.
        let more = if pod.is_empty() { 0.0 } else { 30.0 };
        let least = requests / (life + more) - 2.0;
        assert!((least..=requests / life + 2.0).contains(&opened), "layer {layer}: {opened} for {requests} requests");
    }
    let aged = opened(4, "maxAge: 5s, maxAgeJitter: 0%", "").1;
    assert!((18.0..=21.0).contains(&aged), "{aged} in 100 s");
}

#[test]
fn requests_that_wait_for_a_worn_connection_get_another() {
    let r = run("\
pod: {concurrency: 1000, serviceTime: 100ms}
loadBalancer: {proxies: 1}
clients: [{rate: 200/s, connections: 1, multiplex: 3, whenBusy: wait, preconnect: false, keepAlive: {maxRequests: 2}, timeout: 0s}]
network: {client: 50ms}
deploy: none
observe: {warmup: 0s, for: 20s}
");
    // Each waits for an opening at the most, and for the other's turn.
    assert!(r.phases[0].requests > 3500 && r.phases[0].latency_max_ns < 1_000_000_000, "{:?}", r.phases[0]);
}

#[test]
fn a_retry_budget_is_as_deep_as_the_present_rate_makes_it() {
    // A fleet that is away for a time; each of its requests would be tried once more.
    let retried = |clients: &str| {
        let r = run(&format!(
            "workload: {{replicas: 2, strategy: Recreate}}\npod: {{startup: 5s, serviceTime: 1ms, readinessProbe: none}}\n\
             loadBalancer: {{proxies: 1, propagation: {{shared: 0s, add: 0s, remove: 0s}}}}\n\
             clients: [{{{clients}, idempotent: 100%, timeout: 0s, retries: {{attempts: 1, on: [503], budget: 20%, backoff: {{base: 100s, cap: 100s, jitter: none}}}}}}]\n\
             deploy: {{at: 60s}}\nobserve: {{warmup: 0s, after: 120s}}"
        ));
        let failed = r.phases.iter().map(|phase| phase.dropped() + phase.retried).sum::<u64>() as f64;
        (r.phases.iter().map(|phase| phase.retried).sum::<u64>() as f64, failed)
    };
    // What 10 s pay in, and what comes in meanwhile does.
    for (clients, rate) in [
        ("rate: 100/s", 100.0),
        ("profile: [[0s, 0/s], [10s, 100/s]]", 100.0),
        ("profile: [[0s, 1000/s], [20s, 100/s]]", 100.0),
    ] {
        let (retried, failed) = retried(clients);
        let expected = 0.2 * (10.0 * rate + failed);
        assert!((retried - expected).abs() < 0.05 * expected, "{clients}: {retried} retried, {expected} expected");
    }
    // 100 users who ask once in 10 s are 10 requests a second.
    let (retried, failed) = retried("users: {count: 100, thinkTime: {distribution: exponential, mean: 10s}}");
    assert!((retried - 0.2 * (100.0 + failed)).abs() <= 2.0 && failed > 20.0, "{retried} of {failed} retried");
}

#[test]
fn the_first_request_of_a_new_pod_is_slowed_in_full() {
    let (facts, _) = log("\
workload: {replicas: 1, strategy: Recreate}
pod: {startup: 1s, serviceTime: 100ms, readinessProbe: none, warmup: {slowdown: 4, requests: 2}}
loadBalancer: {proxies: 1, propagation: {shared: 0s, add: 0s, remove: 0s}}
network: {latency: 0s}
handshake: {time: 0s}
clients: [{rate: 1/s, arrivals: {distribution: constant}}]
deploy: {at: 10s}
observe: {warmup: 0s, after: 10s}
");
    let served = spans(&facts, Outcome::Ok).into_iter().filter(|&(born, _)| born > 0.5).map(|(_, span)| span);
    for (span, expected) in served.zip([0.4, 0.25, 0.1, 0.1]) {
        assert!((span - expected).abs() < 1e-6, "{span} s, {expected} s expected");
    }
}

#[test]
fn a_client_that_comes_back_to_its_proxy_on_demand_waits_first() {
    let (facts, _) = log("\
pod: {startup: 400s, serviceTime: 1ms, readinessProbe: none}
loadBalancer: {proxies: 1}
network: {latency: 0s}
clients: [{rate: 20/s, connections: 5, whenBusy: wait, timeout: 0s, reconnect: {when: onDemand, backoff: {base: 2s}}}]
deploy: {at: 10s, events: [{at: 10s, reload: true}]}
observe: {warmup: 0s, after: 1s, limit: 60s}
");
    let longest = spans(&facts, Outcome::Ok).into_iter().map(|(_, span)| span).fold(0.0, f64::max);
    assert!((2.0..2.2).contains(&longest), "{longest} s");
}
