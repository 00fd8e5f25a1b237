//! Balancers in series: what theory says, and what must come out exactly.

use std::collections::BTreeMap;

use dryroll::engine::SimTime;
use dryroll::fleet::fact::{Cause, Fact, Outcome, PodId, ProxyId};
use dryroll::fleet::{Observer, simulate};
use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Scenario, load_str};

fn scenario(yaml: &str) -> Scenario {
    match load_str("tiers.yaml", yaml, &[]) {
        Ok(loaded) => loaded.scenario,
        Err(diags) => panic!("{}", diags.iter().map(|d| d.render(false)).collect::<String>()),
    }
}

fn run(yaml: &str, replication: u32) -> Replication {
    dryroll::simulate::run(&scenario(yaml), 7, replication)
}

fn cause(r: &Replication, cause: Cause) -> u64 {
    r.phases.iter().map(|p| p.causes[cause as usize]).sum()
}

fn dropped(r: &Replication) -> u64 {
    r.phases.iter().map(dryroll::metrics::replication::PhaseTally::dropped).sum()
}

/// The mean, and four and a half standard errors of it.
fn mean(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values: Vec<f64> = values.collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean, 4.5 * (variance / n).sqrt())
}

/// What a client was left with, when, and at which pod.
type End = (SimTime, SimTime, Outcome, Option<Cause>, u16, Option<PodId>);

/// The ends of all requests by identity, and what each pod and table went through.
#[derive(Default)]
struct Story {
    ends: BTreeMap<u64, End>,
    pods: Vec<String>,
    proxies: BTreeMap<Option<ProxyId>, u64>,
}

impl Observer for Story {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        match fact {
            Fact::Ended { born, outcome, cause, attempts, identity, pod, proxy, .. } => {
                self.ends.insert(identity, (born, now, outcome, cause, attempts, pod));
                if cause.is_some() {
                    *self.proxies.entry(Some(proxy)).or_default() += 1;
                }
            }
            Fact::Pod { pod, step, .. } if pod.tier().is_none() => self.pods.push(format!("{now:?} {pod:?} {step:?}")),
            _ => {}
        }
    }
}

fn ends(yaml: &str) -> Story {
    simulate(&scenario(yaml), 3, 0, Story::default()).0
}

/// Everything at once: pools that open in no time, a single proxy in front that only passes on. `client` is that hop, `latency` each
/// further one, and `streams` how many answers a user's connection may carry at once.
fn rollout(balancer: &str, client: &str, latency: &str, streams: u32) -> String {
    format!(
        "
workload: {{replicas: 8}}
pod:
  concurrency: 4
  serviceTime: {{distribution: lognormal, p50: 20ms, p99: 120ms}}
  startup: {{distribution: uniform, min: 1s, max: 5s}}
  readinessProbe: {{periodSeconds: 1}}
  termination: {{drainWindow: 50ms}}
loadBalancer:
{balancer}
network: {{latency: {latency}, client: {client}}}
handshake: {{time: 0s, roundTrips: 0}}
clients:
  - {{name: web, rate: 300/s, connections: 40, multiplex: 100, timeout: 30s, retries: {{attempts: 1, on: [502, 503]}}}}
  - {{name: users, users: {{count: 20, thinkTime: 200ms}}, response: streamed, multiplex: {streams}, timeout: 30s}}
deploy: {{at: 5s}}
observe: {{warmup: 1s, after: 5s, limit: 60s}}
"
    )
}

/// A tier that adds nothing but its hop is not there: every request ends alike, at the same moment, for the same reason. Where hops
/// take time clients keep their connections whatever becomes of an answer (`multiplex`): to open one anew takes the way to the
/// first proxy alone, which is nearer where there are two.
#[test]
fn a_tier_that_only_passes_on_adds_its_hop_and_nothing_else() {
    for settings in [
        "proxies: 1, propagation: {remove: 300ms, add: 100ms}",
        "proxies: 1, retries: {attempts: 2}, passiveHealth: {maxFails: 1, failTimeout: 1s}, algorithm: random",
        "proxies: 1, requestTimeout: 90ms, algorithm: leastRequest, upstream: {maxBusy: 6}",
    ] {
        only_passes_on(settings, ("5ms", "4ms", "1ms"), 100);
        only_passes_on(settings, ("0s", "0s", "0s"), 1);
    }
}

/// Compares one tier with two, where the client's hop is the first of `hops`, and the second.
fn only_passes_on(settings: &str, (alone, client, latency): (&str, &str, &str), streams: u32) {
    let one = ends(&rollout(&format!("  {{{settings}}}"), alone, latency, streams));
    // Its pool must hold what clients open: no connection is then opened in the middle, nor closed by time.
    let outer = "name: edge, proxies: 1, upstream: {connections: 10000, idleTimeout: 0s}, requestTimeout: 1h";
    let inner = format!("name: ingress, pod: {{keepAlive: {{idleTimeout: 0s}}}}, {settings}");
    let two = ends(&rollout(&format!("  - {{{outer}}}\n  - {{{inner}}}"), client, latency, streams));
    let settings = format!("{settings}, hops of {latency}");
    let failed = one.ends.values().filter(|e| e.3.is_some()).count();
    let again = one.ends.values().filter(|e| e.4 > 1).count();
    // Without a hop retries at once hide all that goes wrong.
    let wrong = if latency == "0s" { failed + again } else { failed };
    assert!(one.ends.len() > 5_000 && wrong > 0, "something goes wrong: {settings}");
    let apart = one.pods.iter().zip(&two.pods).find(|(a, b)| a != b);
    assert!(apart.is_none() && one.pods.len() == two.pods.len(), "{settings}: {apart:?}");
    for (identity, end) in &one.ends {
        assert_eq!(Some(end), two.ends.get(identity), "request {identity:x}, {settings}");
    }
    assert_eq!(one.ends.len(), two.ends.len());
    assert!(two.proxies.keys().all(|p| p.and_then(ProxyId::tier).is_some_and(|tier| tier < 2)));
    let inner: u64 = two.proxies.iter().filter(|(p, _)| p.and_then(ProxyId::tier) == Some(1)).map(|(_, n)| n).sum();
    assert!(inner > 0 || failed == 0, "the tier that faces the pods fails: {:?}", two.proxies);
}

/// An ingress of `n` proxies is rolled one at a time, each closing its listener at its deletion, behind a balancer that learns
/// `removal` later.
fn ingress_rollout(n: u32, rate: u32, removal: &str, layer: &str, pod: &str) -> String {
    format!(
        "
workload: {{replicas: 4}}
pod: {{concurrency: 64, serviceTime: 5ms}}
loadBalancer:
  - name: edge
    layer: {layer}
    proxies: 2
    algorithm: random
    propagation: {{shared: 0s, add: 0s, remove: {removal}}}
    upstream: {{idleTimeout: 0s}}
  - name: ingress
    proxies: {n}
    workload: {{strategy: {{rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}}}}}
    pod:
      startup: 3s
      readinessProbe: none
      keepAlive: {{idleTimeout: 0s}}
      {pod}
network: {{latency: 0s, client: 0s}}
handshake: {{time: 0s}}
clients: [{{name: web, rate: {rate}/s, connections: 50}}]
deploy: {{at: 5s, rolls: ingress, controller: {{qps: 0, reaction: 0s}}}}
observe: {{warmup: 2s, after: 5s, limit: 300s}}
"
    )
}

/// λ·d/R for each proxy that goes, R with the dead one: N·λ·d/(N+1) in all.
#[test]
fn proxies_that_go_cost_the_rate_times_the_removal_before_them() {
    let (n, rate, removal) = (5, 400, 0.8);
    let yaml = ingress_rollout(n, rate, "800ms", "7", "termination: {drainWindow: 10s}");
    let runs: Vec<Replication> = (0..12).map(|k| run(&yaml, k)).collect();
    let expected = f64::from(n * rate) * removal / f64::from(n + 1);
    let (stale, slack) = mean(runs.iter().map(|r| cause(r, Cause::StaleRoute) as f64));
    assert!((stale - expected).abs() < slack && slack < 0.1 * expected, "{stale} ± {slack}, theory says {expected}");
    // What a proxy has under way is finished in its drain window, and nothing else goes wrong.
    assert!(runs.iter().all(|r| dropped(r) == cause(r, Cause::StaleRoute)));
    assert!(
        runs.iter().all(|r| r.rollout.is_some_and(|t| t.duration.is_some() && t.peak_pods > n)),
        "{:?}",
        runs[0].rollout
    );
}

/// A preStop that outlasts the removal costs nothing; one that does not, what is missing.
#[test]
fn a_pre_stop_of_the_proxies_covers_the_removal() {
    let dropped_with = |pre_stop: &str| {
        let pod = format!("termination: {{preStop: {pre_stop}, drainWindow: 10s}}");
        let yaml = ingress_rollout(5, 400, "800ms", "7", &pod);
        mean((0..12).map(|k| cause(&run(&yaml, k), Cause::StaleRoute) as f64))
    };
    let (half, slack) = dropped_with("400ms");
    let expected = 5.0 * 400.0 * 0.4 / 6.0;
    assert!((half - expected).abs() < slack, "{half} ± {slack}, theory says {expected}");
    assert_eq!(dropped_with("801ms").0, 0.0);
}

/// Clients at layer 4 that lose their proxy with every rolled one, each a request a second over a connection that lasts: how many of
/// their requests meet one that is gone, where it goes on being believed in for `windows` (s, equally likely).
///
/// The k-th proxy of n to go has C/n (1 + 1/n)^(k − 1) of the C clients, those before it having spread theirs evenly: C ((1 + 1/n)^n − 1)
/// in all. Each asks for a pod of n + 1 with every request until it has one that is there, so that with p = 1/(n + 1) it fails
/// p/(1 − p) times, were there no end to it; it ends after d, by when N ~ Poisson(d) requests have come: E[p + … + p^N] =
/// p/(1 − p) (1 − e^(−d (1 − p))).
fn refused(clients: f64, n: i32, windows: &[f64]) -> f64 {
    let p = 1.0 / f64::from(n + 1);
    let displaced = clients * (libm::pow(1.0 + 1.0 / f64::from(n), f64::from(n)) - 1.0);
    let each = |d: &f64| p / (1.0 - p) * (1.0 - libm::exp(-d * (1.0 - p)));
    displaced * windows.iter().map(each).sum::<f64>() / windows.len() as f64
}

/// λ is a request a second of each client, and d the removal delay, or the time that active checks need: a phase of their own,
/// then as many failures in a row as it takes.
#[test]
fn a_proxy_that_is_gone_costs_its_clients_their_connects_until_it_is_found_out() {
    let (n, clients) = (5, 400);
    let refused_with = |settings: &str| {
        let yaml = ingress_rollout(n, clients, "2s", "4", "termination: {drainWindow: 10s}")
            .replace("startup: 3s", "startup: 5s")
            .replace("workload: {strategy", "workload: {minReadySeconds: 5, strategy")
            .replace("proxies: 2\n", "proxies: 40\n")
            .replace("connections: 50", "connections: 400, keepAlive: {idleTimeout: 0s}")
            .replace("propagation: {shared: 0s, add: 0s, remove: 2s}", settings);
        let runs: Vec<Replication> = (0..16).map(|k| run(&yaml, k)).collect();
        assert!(runs.iter().all(|r| dropped(r) == cause(r, Cause::StaleRoute)), "{:?}", runs[0].phases);
        mean(runs.iter().map(|r| dropped(r) as f64))
    };
    let told = refused_with("propagation: {shared: 0s, add: 0s, remove: 2s}");
    let checked = "propagation: {shared: 0s, add: 0s, remove: 1m}
    activeHealth: {interval: 1s, timeout: 500ms, healthyThreshold: 1, unhealthyThreshold: 3}";
    let uniform = |from: f64, to: f64| -> Vec<f64> {
        (0..1000).map(|i| from + (to - from) * (f64::from(i) + 0.5) / 1000.0).collect()
    };
    // The outermost tier is rolled behind the name that its clients know, each for itself.
    let named = "propagation: {shared: 0s, add: 0s, remove: 0s}
    resolve: {refresh: poll, minInterval: 4s}";
    let cases =
        [(told, vec![2.0]), (refused_with(checked), uniform(2.0, 3.0)), (refused_with(named), uniform(0.0, 4.0))];
    for ((count, slack), windows) in &cases {
        let expected = refused(f64::from(clients), n as i32, windows);
        assert!(
            (count - expected).abs() < *slack && *slack < 0.25 * expected,
            "{count} ± {slack}, theory says {expected}"
        );
    }
}

/// At layer 4 a client is pinned to a proxy: those that lose theirs ask again, and may be sent to the same one while that is
/// believed in.
#[test]
fn clients_pinned_to_a_proxy_come_back_when_it_goes() {
    let yaml = ingress_rollout(5, 400, "800ms", "4", "termination: {drainWindow: 10s}");
    let r = run(&yaml, 0);
    let clients = &r.phases[1].connections[0];
    assert!(clients.reconnects >= 50, "each of 50 clients is on a proxy that goes: {clients:?}");
    let refused = r.phases.iter().map(|p| p.outcomes[4]).sum::<u64>();
    assert!(refused > 0 && refused == cause(&r, Cause::StaleRoute), "they see the refusal themselves");
    let right = run(&ingress_rollout(5, 400, "800ms", "4", "termination: {preStop: 1s, connectionClose: response}"), 0);
    assert_eq!(dropped(&right), 0, "{:?}", right.phases);
}

/// A proxy that is killed takes with it what it has under way: Little's law.
#[test]
fn a_hard_exit_of_proxies_loses_what_is_under_way() {
    let yaml = ingress_rollout(5, 400, "0s", "7", "termination: {onSigterm: exit}")
        .replace("serviceTime: 5ms", "serviceTime: {distribution: exponential, mean: 100ms}");
    let (severed, slack) = mean((0..40).map(|k| cause(&run(&yaml, k), Cause::SeveredByKill) as f64));
    // Each of 5 has had a fifth of the rate until then: the new one is Ready at that very moment.
    let expected = 400.0 * 0.1;
    assert!(
        (severed - expected).abs() < slack && slack < 0.2 * expected,
        "{severed} ± {slack}, theory says {expected}"
    );
}

/// A tier that is reloaded closes the outer tier's connections; a reset is the outer tier's to answer or to retry.
#[test]
fn a_reloaded_tier_is_seen_as_ends_of_connections() {
    let reload = |settings: &str| {
        let yaml = ingress_rollout(3, 400, "0s", "7", "termination: {drainWindow: 1s}")
            .replace("rolls: ingress", "rolls: loadBalancer")
            .replace("network: {latency: 0s", "network: {latency: 2ms")
            .replace("    proxies: 3\n", &format!("    proxies: 3\n    {settings}\n"));
        run(&yaml, 0)
    };
    let r = reload("reload: {takes: 100ms}");
    assert!(
        r.phases.iter().all(|p| p
            .causes
            .iter()
            .enumerate()
            .all(|(i, &n)| n == 0 || i == Cause::KeepAliveRace as usize))
    );
    let upstream = |r: &Replication| r.phases[1].connections[1].opened + r.phases[2].connections[1].opened;
    assert!(upstream(&r) > 0, "pools of the proxies that were replaced are gone");
    let cut = reload("reload: {takes: 100ms, shutdownTimeout: 1ms}");
    assert!(cause(&cut, Cause::SeveredByDeregistration) > 0, "what the old processes had is severed");
}

/// A client that waits for an inner tier that waits for a pod that is gone was sent on a stale route, not slowly served.
#[test]
fn a_time_out_has_the_cause_that_it_has_behind() {
    let yaml = rollout(
        "  - {name: edge, proxies: 1}\n  - {name: ingress, proxies: 2, connectTimeout: 5s, propagation: {remove: 2s}}",
        "1ms",
        "1ms",
        1,
    )
    .replace("timeout: 30s", "timeout: 1s")
    .replace("termination: {drainWindow: 50ms}", "termination: {onSigterm: exit, afterExit: unreachable}");
    let r = run(&yaml, 0);
    let timeouts: u64 = r.phases.iter().map(|p| p.outcomes[7]).sum();
    assert!(timeouts > 50, "a connect to nobody takes longer than a client waits: {timeouts}");
    assert!(cause(&r, Cause::StaleRoute) >= timeouts, "{:?}", r.phases);
    assert_eq!(cause(&r, Cause::Slow), 0);
}

/// `count` streams for ever through a balancer at `layer` and an ingress of 5 proxies to 4 pods, all of which end at SIGTERM as they
/// are told to; `rolls` is replaced.
fn streams(count: u32, layer: &str, rolls: &str, termination: &str, streams: &str) -> String {
    ingress_rollout(5, 1, "0s", layer, &format!("termination: {{{termination}}}"))
        .replace(
            "pod: {concurrency: 64, serviceTime: 5ms}",
            &format!("pod: {{startup: 3s, readinessProbe: none, termination: {{{termination}}}}}"),
        )
        .replace(
            "workload: {replicas: 4}",
            "workload: {replicas: 4, strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}",
        )
        .replace(
            "    proxies: 5\n",
            "    proxies: 5\n    algorithm: random\n    propagation: {shared: 0s, add: 0s, remove: 0s}\n",
        )
        .replace("client: 0s", "client: 1ms")
        .replace("rolls: ingress", &format!("rolls: {rolls}"))
        .replace("rate: 1/s, connections: 50", &format!("streams: {{count: {count}, {streams}}}"))
}

fn outcome(r: &Replication, outcome: Outcome) -> u64 {
    let place = Outcome::DROPPED.iter().position(|o| *o == outcome).expect("a way to be dropped");
    r.phases.iter().map(|p| p.outcomes[place]).sum()
}

/// Streams pile up on those that are left: C ((1 + 1/n)^n − 1) are cut in all, whichever tier it is whose n go one after the other,
/// and whichever layer clients are connected at. Each of them comes back.
#[test]
fn a_stream_is_cut_wherever_one_of_its_connections_is() {
    for (layer, rolls, n) in [("4", "ingress", 5), ("7", "ingress", 5), ("4", "pods", 4), ("7", "pods", 4)] {
        let yaml = streams(300, layer, rolls, "onSigterm: exit", "duration: 100h");
        let runs: Vec<Replication> = (0..12).map(|k| run(&yaml, k)).collect();
        let expected = 300.0 * (libm::pow(1.0 + 1.0 / f64::from(n), f64::from(n)) - 1.0);
        let (cut, slack) = mean(runs.iter().map(|r| outcome(r, Outcome::Truncated) as f64));
        assert!(
            (cut - expected).abs() < slack && slack < 0.1 * expected,
            "layer {layer}, {rolls}: {cut} ± {slack}, theory says {expected}"
        );
        for r in &runs {
            assert_eq!(cause(r, Cause::SeveredByKill), outcome(r, Outcome::Truncated), "{:?}", r.phases);
            let reconnects: u64 = r.phases.iter().map(|p| p.connections[0].reconnects).sum();
            assert_eq!(reconnects, dropped(r), "layer {layer}, {rolls}: each comes back, once");
        }
    }
}

/// What is told to close has not failed; and a proxy, like a pod, waits for streams that it lets go on, as long as it may.
#[test]
fn each_tier_drains_its_streams_by_its_own_rules() {
    for rolls in ["ingress", "pods"] {
        let closed = run(&streams(300, "4", rolls, "drainWindow: 10s", "duration: 100h"), 0);
        assert_eq!(dropped(&closed), 0, "{rolls}: {:?}", closed.phases);
        let reconnects: u64 = closed.phases.iter().map(|p| p.connections[0].reconnects).sum();
        assert!(reconnects > 300, "{rolls}: most were told to close more than once: {reconnects}");
        let with_window = |window: &str| {
            let termination = format!("drainWindow: {window}, connectionClose: none");
            run(&streams(300, "4", rolls, &termination, "duration: 6s, onDrain: finish"), 0)
        };
        assert_eq!(dropped(&with_window("7s")), 0, "{rolls}: all are over by then");
        let cut = with_window("3s");
        assert!(outcome(&cut, Outcome::Truncated) > 50, "{rolls}: half of each are not: {:?}", cut.phases);
        assert_eq!(cause(&cut, Cause::SeveredByDrain), dropped(&cut));
    }
}

/// Two tiers of which one only passes on are one to streams, too, where hops take no time: each begins and ends at the same moment,
/// for the same reason, at the same pod.
#[test]
fn streams_through_a_tier_that_only_passes_on_are_the_same() {
    for settings in [
        "algorithm: random, propagation: {remove: 300ms, add: 100ms}",
        "algorithm: leastRequest, deregistrationDelay: 500ms, passiveHealth: {maxFails: 1, failTimeout: 1s}",
        "algorithm: roundRobin, membership: reload, reload: {takes: 100ms, shutdownTimeout: 1s}",
    ] {
        let story = |balancer: &str| {
            ends(&format!(
                "
workload: {{replicas: 6}}
pod:
  startup: {{distribution: uniform, min: 1s, max: 5s}}
  readinessProbe: {{periodSeconds: 1}}
  termination: {{drainWindow: 3s, preStop: 200ms}}
loadBalancer:
{balancer}
network: {{latency: 0s, client: 0s}}
handshake: {{time: 0s}}
clients:
  - {{name: one, streams: {{count: 80, duration: {{distribution: exponential, mean: 4s}}, onDrain: finish}}}}
  - {{name: two, streams: {{count: 50, duration: 3s}}, reconnect: {{backoff: {{base: 300ms, jitter: full}}}}}}
deploy: {{at: 5s}}
observe: {{warmup: 1s, after: 5s, limit: 60s}}
"
            ))
        };
        let one = story(&format!("  {{proxies: 1, {settings}}}"));
        let two = story(&format!("  - {{name: edge, proxies: 1}}\n  - {{name: ingress, proxies: 1, {settings}}}"));
        let three = story(&format!(
            "  - {{name: edge, layer: 4, proxies: 1}}\n  - {{name: mid, proxies: 1}}\n  - {{name: ingress, proxies: 1, {settings}}}"
        ));
        assert!(one.ends.len() > 300 && one.ends.values().any(|e| e.3.is_some()), "something is cut: {settings}");
        for other in [two, three] {
            let apart = one.pods.iter().zip(&other.pods).find(|(a, b)| a != b);
            assert!(apart.is_none() && one.pods.len() == other.pods.len(), "{settings}: {apart:?}");
            for (identity, end) in &one.ends {
                assert_eq!(Some(end), other.ends.get(identity), "stream {identity:x}, {settings}");
            }
            assert_eq!(one.ends.len(), other.ends.len());
        }
    }
}

/// Three tiers, the middle one rolled: hops add up, and nothing is dropped where each has time.
#[test]
fn three_tiers_pass_on_what_the_last_one_answers() {
    let yaml = "
workload: {replicas: 4}
pod: {concurrency: 64, serviceTime: 10ms}
loadBalancer:
  - {name: cdn, proxies: 2, upstream: {connections: 1000, idleTimeout: 0s}}
  - {name: edge, proxies: 3, upstream: {connections: 1000, idleTimeout: 0s}, pod: {startup: 1s, keepAlive: {idleTimeout: 0s}, termination: {preStop: 5s, connectionClose: response}}}
  - {name: ingress, proxies: 2, pod: {keepAlive: {idleTimeout: 0s}}}
network: {latency: 3ms, client: 20ms}
handshake: {time: 0s, roundTrips: 0}
clients: [{name: web, rate: 200/s, connections: 40}]
deploy: {at: 5s, rolls: edge}
observe: {warmup: 2s, after: 2s, limit: 200s}
";
    let r = run(yaml, 0);
    assert_eq!(dropped(&r), 0, "{:?}", r.phases);
    // A client that opens a connection more waits longer; most do not.
    let median = r.phases[0].latency.p50 as f64 / 1e3;
    let expected = 2.0 * (20.0 + 3.0 * 3.0) + 10.0;
    assert!((median - expected).abs() < 0.5, "{median} ms, {expected} expected");
    let life = |f: fn(&dryroll::metrics::replication::PodLife) -> bool| r.pods.iter().filter(|p| f(p)).count();
    assert_eq!((life(|p| p.gone.is_some()), life(|p| p.created.is_some())), (3, 3), "three proxies were replaced");
}
