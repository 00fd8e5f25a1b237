//! Random scenarios, small and quick to play, with random subsets of the features switched on.

use std::fmt::Write;

use super::dice::Dice;

/// Writes a scenario, a coin for each feature.
struct Writer {
    dice: Dice,
    yaml: String,
}

impl Writer {
    fn one_in(&mut self, n: u32) -> bool {
        self.dice.one_in(n)
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        self.dice.pick(of)
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
        let replicas = 1 + self.dice.below(8);
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
        if self.one_in(4) {
            self.maybe(2, "maxConnections", &["1", "5"]);
        }
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
                "{maxAge: 500ms, goAway: true}",
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
        let killing = [
            "{periodSeconds: 1, failureThreshold: 1}",
            "{periodSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 1}",
            "{initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 2}",
        ];
        if self.one_in(4) {
            let pools = [
                "{size: 2}",
                "{size: 0, share: 100%, acquireTimeout: 300ms}",
                "{size: 1, onExhausted: serve, acquireTimeout: 1s, retry: 500ms}",
                "{size: 3, onExhausted: crash}",
            ];
            self.maybe(2, "connectionPool", &pools);
        }
        if self.one_in(4) {
            self.maybe(2, "livenessProbe", &killing);
            self.maybe(2, "startupProbe", &killing);
        }
        self.maybe(2, "errorRate", &["1%", "50%", "100%"]);
        if self.one_in(3) {
            self.maybe(2, "slower", &["0.5", "3"]);
            let crash = ["{atStart: 30%}", "{uptime: {distribution: exponential, mean: 5s}}", "{inFlight: 3}"];
            self.maybe(2, "crash", &crash);
        }
        self.maybe(2, "onReaderGone", &["stop"]);
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
        self.maybe(
            2,
            "algorithm",
            &["roundRobin", "random", "leastRequest", "powerOfTwo", "ringHash", "ipHash", "envoyLeastRequest"],
        );
        self.maybe(2, "locality", &["zone", "{minPods: 2}"]);
        self.processes();
        self.maybe(
            2,
            "upstream",
            &[
                "{connections: 0}",
                "{connections: 1, reuse: lru}",
                "{idleTimeout: 10ms}",
                "{idleTimeout: 0s}",
                "{share: client}",
                "{share: client, connections: 0, idleTimeout: 50ms}",
                "{maxBusy: 1}",
                "{maxBusy: 2, share: client, keepsRemoved: true}",
                "{maxConnections: 7, maxPendingRequests: 3}",
                "{maxConnections: 2, maxRequests: 5, maxConcurrentStreams: 3}",
                "{share: later, purge: 100ms, keepsRemoved: true}",
                "{connections: 3, purge: 1s}",
                "{maxConcurrentStreams: 2, keepaliveRequests: 7}",
                "{maxConcurrentStreams: 100, keepaliveTime: 500ms, idleTimeout: 300ms}",
            ],
        );
        self.maybe(2, "deregistrationDelay", &["0s", "10ms", "1s"]);
        let retries = [
            "{attempts: 1}",
            "{attempts: 5, otherPod: false, nonIdempotent: true}",
            "{attempts: 3, maxConcurrent: 1}",
            "{attempts: 2, samePod: true, backoff: {base: 1s, factor: 1, jitter: none}}",
            "{attempts: 2, maxConcurrent: 2, backoff: {base: 25ms}}",
            "{attempts: 2, on: [connectFailure, resetBeforeRequest, 500, 503], nonIdempotent: true}",
            "{attempts: 3, on: [503, timeout], perTryTimeout: 60ms}",
            "{attempts: 3, samePod: true, redispatch: 2, concurrentShare: 20%, maxConcurrent: 1}",
            "{attempts: 1000, eachPodOnce: true}",
            "{attempts: 3, on: [reset, 503], budget: {ratio: 10%, minPerSecond: 1, ttl: 2s}}",
        ];
        self.maybe(2, "retries", &retries);
        self.maybe(
            2,
            "passiveHealth",
            &[
                "{maxFails: 1, failTimeout: 1s}",
                "{maxFails: 3, failTimeout: 200ms}",
                "{maxFails: 2, failTimeout: 1s, mergeWindow: 500ms, maxEjected: 50%}",
                "{maxFails: 2, failTimeout: 1s, statuses: [500, 503]}",
                "{maxFails: 1, failTimeout: 100ms, maxFailTimeout: 3s}",
            ],
        );
        self.maybe(
            2,
            "activeHealth",
            &[
                "{interval: 200ms, timeout: 50ms}",
                "{interval: 1s, timeout: 2s, healthyThreshold: 1, unhealthyThreshold: 1}",
            ],
        );
        self.beliefs();
        self.maybe(2, "slowStart", &["1s", "10s", "{window: 4s, step: 1s}"]);
        self.maybe(2, "connectTimeout", &["10ms", "1s"]);
        self.maybe(2, "requestTimeout", &["20ms", "500ms"]);
        self.line("  propagation:");
        self.line("    shared: 100ms");
        for way in ["add", "remove"] {
            self.maybe(4, way, &["0s", "1s", "{distribution: exponential, mean: 500ms}", "[100ms, 2s]"]);
        }
        self.maybe(4, "batch", &["300ms", "2s"]);
        self.maybe(4, "order", &["parallel", "drainThenStop", "removeThenAdd"]);
        self.maybe(
            0,
            "network",
            &["{latency: 0s, client: 0s}", "{latency: 5ms, client: 50ms}", "{latency: 0s, client: 1ms}"],
        );
        self.maybe(0, "handshake", &["{time: 0s}", "{time: 20ms}", "{time: 0s, roundTrips: 0}", "{roundTrips: 3}"]);
    }

    /// What ties clients to pods, and what a proxy makes of pods that are not healthy, or on their way out.
    fn beliefs(&mut self) {
        if self.one_in(2) {
            self.maybe(2, "panicThreshold", &["50%", "100%"]);
            self.maybe(2, "failOpen", &["true"]);
            self.maybe(2, "terminatingFallback", &["true"]);
            self.maybe(2, "sticky", &["{}", "{lifetime: 200ms}"]);
            self.maybe(2, "pinning", &["{}", "{entryTimeout: 100ms}", "{entryTimeout: 2s, ports: 3}"]);
            let resolve = [
                "{refresh: disconnect, minInterval: 500ms}",
                "{refresh: use, minInterval: 200ms, ttl: 1s}",
                "{refresh: poll, minInterval: 300ms}",
            ];
            self.maybe(2, "resolve", &resolve);
        }
    }

    fn processes(&mut self) {
        self.maybe(2, "workers", &["1", "3"]);
        self.maybe(2, "membership", &["api", "reload"]);
        self.maybe(
            2,
            "reload",
            &[
                "{takes: 0s}",
                "{takes: 300ms, gap: 200ms, closeSpread: 1s}",
                "{shutdownTimeout: 500ms}",
                "{shutdownTimeout: 20ms, linger: 300ms, closesLate: false}",
                "{drain: 2s}",
            ],
        );
        self.maybe(2, "readinessGate", &["true"]);
        self.maybe(
            2,
            "status",
            &["{resetLater: close}", "{connectFailure: 503, reset: 503, resetLater: 502, noEndpoints: 502}"],
        );
    }

    fn clients(&mut self) {
        self.line("clients:");
        for n in 0..=self.dice.below(3) {
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
            self.maybe(4, "assignment", &["inTurn"]);
            self.maybe(4, "multiplex", &["2", "100"]);
            self.maybe(4, "whenBusy", &["open", "wait"]);
            self.maybe(4, "timeoutFrom", &["birth", "sent"]);
            self.maybe(
                4,
                "keepAlive",
                &["{idleTimeout: 15ms}", "{maxRequests: 1}", "{idleTimeout: 1s, maxRequests: 3}"],
            );
            self.maybe(4, "idempotent", &["0%", "50%", "100%"]);
            self.maybe(4, "response", &["whole", "streamed"]);
            self.maybe(4, "timeout", &["5ms", "60ms", "1s", "0s"]);
            let backoff = self.backoff();
            let budget = self.pick(&["0%", "20%", "none", "{ratio: 20%, minPerSecond: 1}"]);
            let on = self.pick(&["[connectFailure, reset, 502, 503]", "[500, 502, 503, 504]", "[reset]"]);
            let retries = format!("{{attempts: 3, on: {on}, backoff: {backoff}, budget: {budget}}}");
            self.maybe(4, "retries", &[&retries]);
            let (when, backoff) = (self.pick(&["onDemand", "eager"]), self.backoff());
            let own = self.pick(&["", ", perAddress: true"]);
            self.maybe(4, "reconnect", &[&format!("{{when: {when}, backoff: {backoff}{own}}}")]);
        }
    }

    fn backoff(&mut self) -> String {
        let base = self.pick(&["0s", "10ms", "200ms"]);
        let jitter = self.pick(&["none", "full", "equal", "decorrelated", "20%"]);
        format!("{{base: {base}, factor: 3, cap: 1s, jitter: {jitter}}}")
    }

    fn deploy(&mut self) {
        if self.one_in(8) {
            return self.line("deploy: none\nobserve: {warmup: 1s, for: 10s}");
        }
        self.line("deploy:\n  at: 3s");
        self.maybe(2, "rolls", &["pods", "pods", "loadBalancer"]);
        self.maybe(2, "deletion", &["ranked", "oldestFirst"]);
        let mut events = Vec::new();
        if self.one_in(3) {
            for _ in 0..=self.dice.below(4) {
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
                    "reload: true",
                ]);
                events.push(format!("{{at: {at}, {what}}}"));
            }
        }
        let nodes = self.nodes(&mut events);
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
        if let Some(nodes) = nodes {
            self.line(&nodes);
        }
        self.line("observe: {warmup: 1s, after: 3s, limit: 40s}");
    }

    /// Nodes that die and are drained, for what runs on some.
    fn nodes(&mut self, events: &mut Vec<String>) -> Option<String> {
        let without = ["EcsService", "NomadJob", "InstanceRefresh", "DaemonSet"];
        if !self.one_in(4) || without.iter().any(|kind| self.yaml.contains(kind)) {
            return None;
        }
        for _ in 0..=self.dice.below(3) {
            let at = self.pick(&["-500ms", "500ms", "2s", "5s"]);
            let whats = ["nodeFailure: 1", "zoneFailure: b", "drain: 0", "drain: 2", "uncordon: 0", "nodeFailure: 3"];
            let what = self.pick(&whats);
            events.push(format!("{{at: {at}, {what}}}"));
        }
        let clocks = "nodeLeaseRenewInterval: 1s, nodeMonitorPeriod: 500ms, nodeMonitorGracePeriod: 2s, silence: 2s";
        let more = self.pick(&["tolerationSeconds: 3", "tolerationSeconds: 0, deletedAfter: 4s", "maxPods: 4"]);
        Some(format!("nodes: {{count: 5, zones: [a, b], {clocks}, nodeEvictionRate: 2, {more}}}"))
    }
}

/// The scenario of `seed`, always the same.
pub(crate) fn random_scenario(seed: u64) -> String {
    let mut writer = Writer { dice: Dice::new(seed, 0), yaml: String::new() };
    writer.workload();
    writer.pod();
    writer.balancer();
    writer.clients();
    writer.deploy();
    writer.yaml
}
