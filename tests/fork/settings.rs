//! Every setting of a scenario, with another value, by what it means for the time before the deploy.

/// Everything that these settings change is written out here with its present value.
pub(crate) const BASE: &str = "\
name: base
seed: 1
workload:
  replicas: 4
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}
  minReadySeconds: 1
  progressDeadlineSeconds: 30
pod:
  concurrency: 4
  queue: 10
  backlog: 100
  serviceTime: {distribution: exponential, mean: 20ms}
  startup: 1s
  keepAlive: {idleTimeout: 1s, maxRequests: 100, maxAge: 60s, maxAgeJitter: 10%}
  warmup: {slowdown: 2, duration: 2s}
  readinessProbe: {initialDelaySeconds: 0, periodSeconds: 1}
loadBalancer:
  activeHealth: {interval: 1s}
clients:
  - {name: web, rate: 50/s, connections: 10, retries: {attempts: 1}}
  - {name: crowd, users: {count: 5, thinkTime: 1s}}
  - {name: feed, streams: {count: 5, duration: 10s}}
deploy:
  at: 3s
  events: [{at: 9s, scale: 5}]
observe: {warmup: 1s, after: 3s, limit: 40s}
";

/// A path as `--set` takes it, and a value that [`BASE`] does not have.
pub(crate) type Setting = (&'static str, &'static str);

/// None of them matters before the first action.
pub(crate) const FREE: &[Setting] = &[
    ("name", "other"),
    ("seed", "7"),
    ("clients.0.name", "other"),
    ("workload.podDisruptionBudget", "{maxUnavailable: 1}"),
    ("workload.horizontalPodAutoscaler", "{maxReplicas: 8, targetCPUUtilizationPercentage: 10}"),
    ("loadBalancer.name", "other"),
    ("pod.startup", "3s"),
    ("pod.startupProbe", "{periodSeconds: 1}"),
    ("pod.image", "{size: 100MB}"),
    ("pod.warmup.slowdown", "5"),
    ("pod.warmup.duration", "5s"),
    ("pod.termination.preStop", "1s"),
    ("pod.termination.preStopExtension", "2s"),
    ("pod.termination.onSigterm", "exit"),
    ("pod.termination.onSigterm", "ignore"),
    ("pod.termination.afterExit", "unreachable"),
    ("pod.termination.addressKept", "1s"),
    ("pod.termination.lameDuck", "1s"),
    ("pod.termination.sidecarExit", "1s"),
    ("pod.termination.drainWindow", "500ms"),
    ("pod.termination.cleanup", "1s"),
    ("pod.termination.closeJitter", "1s"),
    ("pod.termination.connectionClose", "both"),
    ("pod.termination.terminationGracePeriodSeconds", "2"),
    ("deploy.events", "[{at: 0s, scale: 2}, {at: 2s, undo: true}]"),
    ("deploy.events", "[{at: 1s, unready: [0, 1]}, {at: 4s, ready: [0]}, {at: 3s, template: third}]"),
    ("deploy.analysis", "{interval: 2s, errorRate: 5%}"),
    ("observe.after", "1s"),
    ("observe.limit", "8s"),
    ("observe.for", "5s"),
];

/// They matter once a pod turns not Ready, which before the first action only probes through the queue can bring about.
pub(crate) const OF_UNREADY_PODS: &[Setting] = &[
    ("workload.strategy", "Recreate"),
    ("workload.strategy.rollingUpdate.maxSurge", "50%"),
    ("workload.strategy.rollingUpdate.maxUnavailable", "0"),
    ("workload.podReplacementPolicy", "TerminationComplete"),
    ("workload.minReadySeconds", "3"),
    ("workload.progressDeadlineSeconds", "4"),
    ("pod.readinessProbe.initialDelaySeconds", "2"),
    ("pod.readinessProbe.periodSeconds", "2"),
    ("pod.readinessProbe.timeoutSeconds", "3"),
    ("pod.readinessProbe.successThreshold", "2"),
    ("pod.readinessProbe.failureThreshold", "1"),
    ("pod.livenessProbe", "{periodSeconds: 1}"),
    ("pod.neverReady", "true"),
    ("loadBalancer.propagation.shared", "1s"),
    ("loadBalancer.propagation.add", "{distribution: exponential, mean: 1s}"),
    ("loadBalancer.propagation.remove", "0s"),
    ("loadBalancer.propagation.batch", "700ms"),
    ("loadBalancer.propagation.order", "drainThenStop"),
    ("loadBalancer.propagation.order", "removeThenAdd"),
    ("loadBalancer.deregistrationDelay", "200ms"),
    ("deploy.controller.qps", "3"),
    ("deploy.controller.burst", "2"),
    ("deploy.controller.reaction", "100ms"),
    ("deploy.controller.release", "\"1.34\""),
];

/// Each of them can change what happens before the first action, or when that is.
pub(crate) const BINDING: &[Setting] = &[
    ("clients.0.assignment", "inTurn"),
    ("handshake.roundTrips", "3"),
    ("nodes", "{count: 3}"),
    ("loadBalancer.membership", "reload"),
    ("loadBalancer.passiveHealth.maxEjected", "50%"),
    ("loadBalancer.passiveHealth.mergeWindow", "1s"),
    ("loadBalancer.passiveHealth.statuses", "[503]"),
    ("loadBalancer.panicThreshold", "60%"),
    ("loadBalancer.failOpen", "true"),
    ("loadBalancer.terminatingFallback", "true"),
    ("loadBalancer.sticky.lifetime", "1s"),
    ("loadBalancer.pinning.entryTimeout", "7s"),
    ("loadBalancer.pinning.ports", "3"),
    ("loadBalancer.resolve.refresh", "poll"),
    ("loadBalancer.resolve.minInterval", "300ms"),
    ("loadBalancer.resolve.ttl", "300ms"),
    ("loadBalancer.retries.perTryTimeout", "30ms"),
    ("loadBalancer.retries.on", "[500, 503, timeout]"),
    ("loadBalancer.passiveHealth.maxFailTimeout", "70s"),
    ("loadBalancer.retries.redispatch", "2"),
    ("loadBalancer.retries.concurrentShare", "20%"),
    ("loadBalancer.upstream.purge", "300ms"),
    ("loadBalancer.upstream.keepaliveRequests", "7"),
    ("loadBalancer.upstream.keepaliveTime", "700ms"),
    ("loadBalancer.upstream.maxConcurrentStreams", "7"),
    ("pod.maxConnections", "7"),
    ("pod.keepAlive.goAway", "true"),
    ("loadBalancer.readinessGate", "true"),
    ("loadBalancer.reload.closeSpread", "7s"),
    ("loadBalancer.reload.closesLate", "false"),
    ("loadBalancer.reload.drain", "7s"),
    ("loadBalancer.reload.gap", "7s"),
    ("loadBalancer.reload.linger", "7s"),
    ("loadBalancer.reload.shutdownTimeout", "7s"),
    ("loadBalancer.reload.takes", "7s"),
    ("loadBalancer.retries.backoff.base", "700ms"),
    ("loadBalancer.retries.backoff.cap", "700ms"),
    ("loadBalancer.retries.backoff.factor", "7"),
    ("loadBalancer.retries.backoff.jitter", "equal"),
    ("loadBalancer.retries.samePod", "true"),
    ("loadBalancer.slowStart", "{window: 4s, step: 700ms}"),
    ("loadBalancer.upstream.maxBusy", "1"),
    ("loadBalancer.upstream.share", "client"),
    ("loadBalancer.workers", "3"),
    ("loadBalancer.slowStart", "{window: 4s, least: 20%}"),
    ("loadBalancer.reload.gradual", "false"),
    ("clients.0.reconnect.onRequest", "now"),
    ("pod.onReaderGone", "stop"),
    ("pod.slower", "2"),
    ("pod.crash.atStart", "10%"),
    ("pod.crash.uptime", "5s"),
    ("pod.crash.inFlight", "3"),
    ("deploy.rolls", "loadBalancer"),
    ("deploy.deletion", "oldestFirst"),
    ("workload.replicas", "6"),
    ("pod.connectionPool", "{size: 3}"),
    ("dependency", "{maxConnections: 1000}"),
    ("pod.concurrency", "1"),
    ("pod.queue", "0"),
    ("pod.onOverflow", "refuse"),
    ("pod.backlog", "1"),
    ("pod.serviceTime", "50ms"),
    ("pod.keepAlive.idleTimeout", "50ms"),
    ("pod.keepAlive.maxRequests", "2"),
    ("pod.keepAlive.maxAge", "500ms"),
    ("pod.keepAlive.maxAgeJitter", "50%"),
    ("pod.probes.throughQueue", "true"),
    ("pod.errorRate", "10%"),
    ("loadBalancer.layer", "4"),
    ("loadBalancer.proxies", "2"),
    ("loadBalancer.algorithm", "ringHash"),
    ("loadBalancer.upstream.connections", "1"),
    ("loadBalancer.upstream.idleTimeout", "100ms"),
    ("loadBalancer.upstream.reuse", "lru"),
    ("loadBalancer.locality", "zone"),
    ("loadBalancer.retries.attempts", "2"),
    ("loadBalancer.retries.budget", "{ratio: 7%}"),
    ("loadBalancer.retries.on", "[reset]"),
    ("loadBalancer.retries.on", "[connectFailure]"),
    ("loadBalancer.retries.nonIdempotent", "true"),
    ("loadBalancer.retries.otherPod", "false"),
    ("loadBalancer.retries.maxConcurrent", "1"),
    ("loadBalancer.status.connectFailure", "503"),
    ("loadBalancer.status.connectTimeout", "502"),
    ("loadBalancer.status.reset", "500"),
    ("loadBalancer.status.noEndpoints", "502"),
    ("loadBalancer.status.timeout", "500"),
    ("loadBalancer.passiveHealth.maxFails", "1"),
    ("loadBalancer.passiveHealth.failTimeout", "1s"),
    ("loadBalancer.activeHealth.interval", "300ms"),
    ("loadBalancer.activeHealth.timeout", "10ms"),
    ("loadBalancer.activeHealth.healthyThreshold", "1"),
    ("loadBalancer.activeHealth.unhealthyThreshold", "1"),
    ("loadBalancer.slowStart", "5s"),
    ("loadBalancer.connectTimeout", "100ms"),
    ("loadBalancer.requestTimeout", "40ms"),
    ("network.latency", "2ms"),
    ("network.client", "0s"),
    ("handshake.time", "5ms"),
    ("clients.0.rate", "20/s"),
    ("clients.0.arrivals.distribution", "constant"),
    ("clients.0.connections", "3"),
    ("clients.0.preconnect", "false"),
    ("clients.0.multiplex", "2"),
    ("clients.0.whenBusy", "wait"),
    ("clients.0.keepAlive.idleTimeout", "100ms"),
    ("clients.0.keepAlive.maxRequests", "2"),
    ("clients.0.idempotent", "10%"),
    ("clients.0.response", "streamed"),
    ("clients.0.timeout", "30ms"),
    ("clients.0.retries.attempts", "3"),
    ("clients.0.retries.on", "[500, 504]"),
    ("clients.0.retries.backoff.base", "5ms"),
    ("clients.0.retries.backoff.factor", "3"),
    ("clients.0.retries.backoff.cap", "1s"),
    ("clients.0.retries.backoff.jitter", "none"),
    ("clients.0.retries.budget", "none"),
    ("clients.0.retries.budget", "{minPerSecond: 1}"),
    ("clients.0.reconnect.when", "eager"),
    ("clients.0.reconnect.perAddress", "true"),
    ("clients.0.reconnect.backoff.base", "10ms"),
    ("clients.0.reconnect.backoff.factor", "3"),
    ("clients.0.reconnect.backoff.cap", "1s"),
    ("clients.0.reconnect.backoff.jitter", "full"),
    ("clients.1.users.count", "3"),
    ("clients.1.users.thinkTime", "200ms"),
    ("clients.2.streams.count", "3"),
    ("clients.2.streams.duration", "1s"),
    ("clients.2.streams.onDrain", "finish"),
    ("deploy.at", "4s"),
    ("deploy", "none"),
    ("deploy.events", "[{at: -1s, pause: true}]"),
    ("observe.warmup", "500ms"),
];
