//! Swarm testing (Groce et al., 2012): random scenarios with random subsets of the features switched on. What must hold in
//! every run (conservation, Little's law, the controller's bounds, a pod's lifecycle) is asserted inside; here each
//! scenario only has to end, twice alike, with its counts in order.
//!
//! `SWARM_SEEDS=1000..9000 cargo test --test swarm` looks further than the seeds that run always.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dryroll::engine::{Dur, Purpose, SimTime, Stream, Streams};
use dryroll::fleet::fact::{Cause, Fact, Outcome, PodId, PodStep};
use dryroll::fleet::{Observer, simulate};
use dryroll::metrics::Collector;
use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Layer, Scenario, load_str};

/// The seeds that run always.
const SEEDS: Range<u64> = 0..300;

/// Writes a scenario, a coin for each feature.
struct Writer {
    draw: Stream,
    yaml: String,
}

impl Writer {
    fn one_in(&mut self, n: u32) -> bool {
        self.draw.below(n) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.draw.below(of.len() as u32) as usize]
    }

    fn line(&mut self, text: &str) {
        self.yaml.push_str(text);
        self.yaml.push('\n');
    }

    /// `key: value` with one of `values`, in half of all scenarios.
    fn maybe(&mut self, indent: usize, key: &str, values: &[&str]) {
        if self.one_in(2) {
            let value = self.pick(values);
            writeln!(self.yaml, "{:indent$}{key}: {value}", "").expect("writing to a string");
        }
    }

    fn workload(&mut self) {
        let replicas = 1 + self.draw.below(8);
        writeln!(self.yaml, "workload:\n  replicas: {replicas}").expect("writing to a string");
        if self.one_in(3) {
            let kinds = [
                "StatefulSet, updateStrategy: {rollingUpdate: {maxUnavailable: 2}}, podManagementPolicy: Parallel",
                "StatefulSet, updateStrategy: {rollingUpdate: {partition: 1}}",
                "DaemonSet",
                "DaemonSet, updateStrategy: {rollingUpdate: {maxSurge: 50%, maxUnavailable: 0}}",
                "Rollout, promoteAfter: 2s, strategy: {blueGreen: {autoPromotionEnabled: false, scaleDownDelaySeconds: 3}}",
                "Rollout, promoteAfter: 2s, strategy: {canary: {steps: [{setWeight: 30}, {pause: {}}, {setWeight: 60}]}}",
                "Rollout, strategy: {canary: {trafficRouting: {}, steps: [{setWeight: 30}, {pause: {duration: 2}}]}}",
                "EcsService, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}",
                "NomadJob, update: {max_parallel: 2, min_healthy_time: 1s, auto_revert: true, healthy_deadline: 9s}",
                "NomadJob, promoteAfter: 2s, update: {canary: 1, min_healthy_time: 1s, progress_deadline: 20s}",
                "InstanceRefresh, preferences: {checkpointPercentages: [50], checkpointDelay: 2, instanceWarmup: 1}",
            ];
            let kind = self.pick(&kinds);
            self.yaml.truncate(self.yaml.len() - 1);
            let replicas = self.yaml.split_off(self.yaml.rfind("workload:").expect("it was just written"));
            let count = replicas.trim_start_matches("workload:\n  replicas: ").to_owned();
            let rest = if kind.starts_with("NomadJob") || kind.starts_with("Inst") {
                ""
            } else {
                ", progressDeadlineSeconds: 20"
            };
            return self.line(&format!("workload: {{replicas: {count}, kind: {kind}{rest}}}"));
        }
        if self.one_in(5) {
            self.line("  strategy: Recreate");
        } else {
            let surge = self.pick(&["0", "1", "25%", "50%", "100%", "3"]);
            let unavailable =
                if surge == "0" { self.pick(&["1", "50%", "100%"]) } else { self.pick(&["0", "1", "25%", "100%"]) };
            let text = format!("  strategy: {{rollingUpdate: {{maxSurge: {surge}, maxUnavailable: {unavailable}}}}}");
            self.line(&text);
        }
        self.maybe(2, "minReadySeconds", &["0", "1", "3"]);
        self.line("  progressDeadlineSeconds: 20");
    }

    fn pod(&mut self) {
        self.line("pod:");
        self.line("  startup: {distribution: uniform, min: 0s, max: 3s}");
        self.maybe(2, "concurrency", &["1", "2", "16"]);
        self.maybe(2, "queue", &["0", "1", "3", "128"]);
        self.maybe(2, "backlog", &["0", "1", "2"]);
        self.maybe(2, "onOverflow", &["status503", "refuse"]);
        let service = self.pick(&[
            "0s",
            "1ms",
            "50ms",
            "{distribution: exponential, mean: 20ms}",
            "{distribution: lognormal, p50: 20ms, p99: 2s}",
            "{distribution: sequence, values: [5ms, 400ms, 10ms]}",
        ]);
        writeln!(self.yaml, "  serviceTime: {service}").expect("writing to a string");
        self.maybe(
            2,
            "keepAlive",
            &[
                "{idleTimeout: 20ms}",
                "{idleTimeout: 1s, maxRequests: 2}",
                "{maxRequests: 1}",
                "{maxAge: 500ms}",
                "{maxAge: 2s, maxAgeJitter: 100%, idleTimeout: 0s}",
            ],
        );
        self.maybe(2, "warmup", &["{slowdown: 4, duration: 2s}", "{slowdown: 10, requests: 5}"]);
        self.maybe(
            2,
            "readinessProbe",
            &[
                "none",
                "{periodSeconds: 1}",
                "{periodSeconds: 1, successThreshold: 3, failureThreshold: 1}",
                "{initialDelaySeconds: 2, periodSeconds: 2, timeoutSeconds: 3}",
            ],
        );
        self.maybe(2, "probes", &["{throughQueue: true}"]);
        self.maybe(2, "errorRate", &["1%", "50%", "100%"]);
        if self.one_in(3) {
            self.maybe(2, "slower", &["0.5", "3"]);
            let crash = ["{atStart: 30%}", "{uptime: {distribution: exponential, mean: 5s}}", "{inFlight: 3}"];
            self.maybe(2, "crash", &crash);
        }
        self.termination();
    }

    fn termination(&mut self) {
        self.line("  termination:");
        self.maybe(
            4,
            "preStop",
            &["1s", "{distribution: uniform, min: 0s, max: 3s}", "{distribution: exponential, mean: 1s}"],
        );
        self.maybe(4, "onSigterm", &["drain", "exit", "ignore"]);
        self.maybe(4, "afterExit", &["refused", "unreachable"]);
        self.maybe(4, "lameDuck", &["0s", "500ms", "5s"]);
        self.maybe(4, "drainWindow", &["0s", "10ms", "2s"]);
        self.maybe(4, "cleanup", &["0s", "100ms", "2s"]);
        self.maybe(4, "closeJitter", &["0s", "1ms", "2s"]);
        self.maybe(4, "connectionClose", &["idle", "response", "both", "none"]);
        let grace = self.pick(&["0", "1", "3", "30"]);
        writeln!(self.yaml, "    terminationGracePeriodSeconds: {grace}").expect("writing to a string");
    }

    fn balancer(&mut self) {
        self.line("loadBalancer:");
        self.maybe(2, "layer", &["4"]);
        self.maybe(2, "proxies", &["1", "2", "5"]);
        self.maybe(2, "algorithm", &["roundRobin", "random", "leastRequest", "powerOfTwo", "ringHash"]);
        self.maybe(
            2,
            "upstream",
            &["{connections: 0}", "{connections: 1, reuse: lru}", "{idleTimeout: 10ms}", "{idleTimeout: 0s}"],
        );
        self.maybe(2, "deregistrationDelay", &["0s", "10ms", "1s"]);
        let retries =
            ["{attempts: 1}", "{attempts: 5, otherPod: false, nonIdempotent: true}", "{attempts: 3, maxConcurrent: 1}"];
        self.maybe(2, "retries", &retries);
        self.maybe(2, "passiveHealth", &["{maxFails: 1, failTimeout: 1s}", "{maxFails: 3, failTimeout: 200ms}"]);
        self.maybe(
            2,
            "activeHealth",
            &[
                "{interval: 200ms, timeout: 50ms}",
                "{interval: 1s, timeout: 2s, healthyThreshold: 1, unhealthyThreshold: 1}",
            ],
        );
        self.maybe(2, "slowStart", &["1s", "10s"]);
        self.maybe(2, "connectTimeout", &["10ms", "1s"]);
        self.maybe(2, "requestTimeout", &["20ms", "500ms"]);
        self.line("  propagation:");
        self.line("    shared: 100ms");
        for way in ["add", "remove"] {
            self.maybe(4, way, &["0s", "1s", "{distribution: exponential, mean: 500ms}"]);
        }
        self.maybe(4, "batch", &["300ms", "2s"]);
        self.maybe(4, "order", &["parallel", "drainThenStop", "removeThenAdd"]);
        self.maybe(
            0,
            "network",
            &["{latency: 0s, client: 0s}", "{latency: 5ms, client: 50ms}", "{latency: 0s, client: 1ms}"],
        );
        self.maybe(0, "handshake", &["{time: 0s}", "{time: 20ms}"]);
    }

    fn clients(&mut self) {
        self.line("clients:");
        for n in 0..=self.draw.below(3) {
            let load = self.pick(&[
                "rate: 40/s",
                "rate: 150/s",
                "rate: 60/s\n    arrivals: {distribution: constant}",
                "profile: [[0s, 0/s], [3s, 80/s], [6s, 10/s]]",
                "users: {count: 8, thinkTime: 100ms}",
                "users: {count: 5, thinkTime: {distribution: exponential, mean: 500ms}}",
                "streams: {count: 20, duration: 3s}",
                "streams: {count: 15, duration: {distribution: exponential, mean: 10s}, onDrain: finish}",
            ]);
            writeln!(self.yaml, "  - name: c{n}\n    {load}").expect("writing to a string");
            if !load.contains("count") {
                self.maybe(4, "connections", &["1", "3", "40"]);
            }
            self.maybe(4, "preconnect", &["false"]);
            self.maybe(4, "multiplex", &["2", "100"]);
            self.maybe(4, "whenBusy", &["open", "wait"]);
            self.maybe(
                4,
                "keepAlive",
                &["{idleTimeout: 15ms}", "{maxRequests: 1}", "{idleTimeout: 1s, maxRequests: 3}"],
            );
            self.maybe(4, "idempotent", &["0%", "50%", "100%"]);
            self.maybe(4, "response", &["whole", "streamed"]);
            self.maybe(4, "timeout", &["5ms", "60ms", "1s", "0s"]);
            let backoff = self.backoff();
            let budget = self.pick(&["0%", "20%", "none"]);
            let on = self.pick(&["[connectFailure, reset, 502, 503]", "[500, 502, 503, 504]", "[reset]"]);
            let retries = format!("{{attempts: 3, on: {on}, backoff: {backoff}, budget: {budget}}}");
            self.maybe(4, "retries", &[&retries]);
            let (when, backoff) = (self.pick(&["onDemand", "eager"]), self.backoff());
            self.maybe(4, "reconnect", &[&format!("{{when: {when}, backoff: {backoff}}}")]);
        }
    }

    fn backoff(&mut self) -> String {
        let base = self.pick(&["0s", "10ms", "200ms"]);
        let jitter = self.pick(&["none", "full", "equal", "decorrelated"]);
        format!("{{base: {base}, factor: 3, cap: 1s, jitter: {jitter}}}")
    }

    fn deploy(&mut self) {
        if self.one_in(8) {
            return self.line("deploy: none\nobserve: {warmup: 1s, for: 10s}");
        }
        self.line("deploy:\n  at: 3s");
        let mut events = Vec::new();
        if self.one_in(3) {
            for _ in 0..=self.draw.below(4) {
                let at = self.pick(&["-1s", "0s", "500ms", "2s", "7s", "12s"]);
                let what = self.pick(&[
                    "scale: 1",
                    "scale: 12",
                    "scale: 0",
                    "template: v3",
                    "template: new",
                    "template: old",
                    "pause: true",
                    "resume: true",
                    "undo: true",
                    "promote: true",
                    "abort: true",
                    "unready: [0, 1]",
                    "ready: [0, 1, 99]",
                    "unready: [2, 9]",
                ]);
                events.push(format!("{{at: {at}, {what}}}"));
            }
        }
        if self.one_in(6) {
            self.line("  analysis: {interval: 2s, failureLimit: 1, errorRate: 5%, p99: 300ms}");
        }
        if !events.is_empty() {
            let text = format!("  events: [{}]", events.join(", "));
            self.line(&text);
        }
        self.maybe(2, "controller", &["{qps: 0}", "{qps: 2, burst: 1}", "{release: \"1.34\", reaction: 0s}"]);
        self.maybe(
            0,
            "newVersion",
            &[
                "{neverReady: true}",
                "{serviceTime: 100ms, errorRate: 30%}",
                "{concurrency: 1, queue: 1, termination: {drainWindow: 0s}}",
                "{startup: 4s, keepAlive: {idleTimeout: 30ms}}",
            ],
        );
        self.line("observe: {warmup: 1s, after: 3s, limit: 40s}");
    }
}

fn scenario(seed: u64) -> String {
    let draw = Streams::new(seed, 0).stream(Purpose::Balance, 0);
    let mut writer = Writer { draw, yaml: String::new() };
    writer.workload();
    writer.pod();
    writer.balancer();
    writer.clients();
    writer.deploy();
    writer.yaml
}

/// A pod as the facts tell of it.
#[derive(Debug, Default)]
struct Known {
    steps: Vec<PodStep>,
    routed_by: BTreeSet<u32>,
    ever_routed: bool,
    not_listening_since: Option<SimTime>,
    gone: Option<SimTime>,
}

impl Known {
    fn has(&self, step: PodStep) -> bool {
        self.steps.contains(&step)
    }
}

/// Passes facts on to the collector, and holds them to what must be true of any fleet.
struct Watch {
    collector: Collector,
    pods: BTreeMap<PodId, Known>,
    ended: BTreeSet<u64>,
    born: usize,
    proxies: u32,
    /// From pod to client at most.
    way_back: Dur,
    layer: Layer,
}

impl Watch {
    fn new(scenario: &Scenario) -> Self {
        let layer = scenario.load_balancer.layer;
        let own = if layer == Layer::L7 { scenario.network.latency } else { Dur::ZERO };
        Self {
            collector: Collector::new(scenario),
            pods: BTreeMap::new(),
            ended: BTreeSet::new(),
            born: 0,
            proxies: scenario.load_balancer.proxies,
            way_back: scenario.network.client + own,
            layer,
        }
    }

    fn step(&mut self, now: SimTime, pod: PodId, step: PodStep) {
        let first = !self.pods.contains_key(&pod);
        let known = self.pods.entry(pod).or_default();
        if first && step == PodStep::Ready {
            // There from the start: listening, and in every table.
            known.steps = vec![PodStep::Created, PodStep::Started];
            known.routed_by = (0..self.proxies).collect();
            known.ever_routed = true;
        }
        // A crash begins another life.
        let life = known.steps.iter().rposition(|s| *s == PodStep::Crashed).map_or(0, |n| n + 1);
        let life = &known.steps[life..];
        let last_readiness = life.iter().rev().find(|s| matches!(s, PodStep::Ready | PodStep::Unready));
        let deleted = known.has(PodStep::DeletionRequested);
        let possible = match step {
            PodStep::Created => known.steps.is_empty(),
            PodStep::Started | PodStep::Crashed => known.has(PodStep::Created) && !deleted,
            PodStep::Ready => life.contains(&PodStep::Started) && !deleted && last_readiness != Some(&PodStep::Ready),
            PodStep::Unready => !deleted && last_readiness == Some(&PodStep::Ready),
            PodStep::DeletionRequested => known.has(PodStep::Created),
            PodStep::Sigterm | PodStep::ListenerClosed | PodStep::Exited | PodStep::Killed => deleted,
        };
        let again = matches!(step, PodStep::Ready | PodStep::Unready | PodStep::Crashed) || !life.contains(&step);
        assert!(possible && again && known.gone.is_none(), "{pod:?} took step {step:?} after {:?}", known.steps);
        known.steps.push(step);
        match step {
            // The first time counts: who was refused then may hear of it after the next.
            PodStep::ListenerClosed | PodStep::Crashed => drop(known.not_listening_since.get_or_insert(now)),
            PodStep::Exited | PodStep::Killed => {
                known.gone = Some(now);
                known.not_listening_since.get_or_insert(now);
            }
            _ => {}
        }
    }

    fn table(&mut self, pod: PodId, proxy: u32, routed: bool) {
        let known = self.pods.get_mut(&pod).expect("a table names a pod that exists");
        let changed = if routed { known.routed_by.insert(proxy) } else { known.routed_by.remove(&proxy) };
        assert!(changed, "the table of proxy {proxy} did not change for {pod:?}");
        assert!(!routed || known.has(PodStep::Ready), "{pod:?} came into a table before it was Ready");
        known.ever_routed |= routed;
    }

    fn ended(&mut self, now: SimTime, fact: &Fact) {
        let Fact::Ended { outcome, cause, identity, pod, attempts, .. } = *fact else { return };
        assert!(self.ended.insert(identity), "request {identity:x} ended twice");
        assert_eq!(outcome == Outcome::Ok, cause.is_none());
        assert!(attempts > 0);
        let known = pod.map(|p| &self.pods[&p]);
        if outcome == Outcome::Ok {
            let known = known.expect("who succeeds was served");
            assert!(known.ever_routed, "{pod:?} served a request and was never in a table");
            assert!(known.gone.is_none_or(|gone| now <= gone + self.way_back), "{pod:?} served when it was gone");
        }
        if outcome == Outcome::Refused && cause == Some(Cause::StaleRoute) {
            assert_eq!(self.layer, Layer::L4, "only at layer 4 a client sees a refusal");
            let closed = known.expect("somebody refused").not_listening_since.expect("only a closed port refuses");
            assert!(closed + self.way_back <= now, "refused by {pod:?}, which listened");
        }
    }
}

impl Observer for Watch {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        match fact {
            Fact::Born => self.born += 1,
            Fact::Ended { .. } => self.ended(now, &fact),
            Fact::Pod { pod, step, .. } => self.step(now, pod, step),
            Fact::Table { proxy, pod, routed } => self.table(pod, proxy.0, routed),
            Fact::Levels(l) => assert!(l.ready <= l.pods && l.capacity >= 0.0 && l.demand >= 0.0, "{l:?}"),
            _ => {}
        }
        self.collector.observe(now, fact);
    }
}

fn check(yaml: &str) {
    let scenario = match load_str("swarm.yaml", yaml, &[]) {
        Ok(loaded) => loaded.scenario,
        Err(diags) => panic!("{}", diags.iter().map(|d| d.render(false)).collect::<String>()),
    };
    let first = dryroll::simulate::run(&scenario, 1, 0);
    let (watch, end) = simulate(&scenario, 1, 0, Watch::new(&scenario));
    assert!(watch.ended.len() <= watch.born);
    let second = watch.collector.finish(end);
    assert_eq!(first.digest, second.digest, "the same arguments, another digest");
    assert_eq!(format!("{first:?}"), format!("{second:?}"), "the same digest, other numbers");
    check_counts(&first);
}

fn check_counts(r: &Replication) {
    for tally in &r.phases {
        assert_eq!(tally.requests, tally.succeeded + tally.dropped() + tally.unfinished);
        assert_eq!(tally.dropped(), tally.causes.iter().sum::<u64>());
        assert!(tally.seconds >= 0.0 && tally.retried <= tally.requests);
        for side in tally.connections {
            assert!(side.reconnects <= side.opened);
        }
    }
    assert!(r.simulated_requests >= r.phases.iter().map(|p| p.requests).sum());
    assert!(r.bins.iter().all(|b| b.queued >= 0.0 && b.in_flight >= 0.0 && b.ready <= b.pods + 1e-9));
}

#[test]
fn random_scenarios_end_twice_alike() {
    let seeds = std::env::var("SWARM_SEEDS").ok().map_or(SEEDS, |text| {
        let (from, to) = text.split_once("..").expect("SWARM_SEEDS=FROM..TO");
        from.parse().expect("a number")..to.parse().expect("a number")
    });
    let mut failed = Vec::new();
    for seed in seeds {
        let yaml = scenario(seed);
        if catch_unwind(AssertUnwindSafe(|| check(&yaml))).is_err() {
            failed.push(format!("seed {seed} failed:\n{yaml}"));
        }
    }
    assert!(
        failed.is_empty(),
        "{}",
        failed.join(
            "
"
        )
    );
}
