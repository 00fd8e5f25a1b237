//! What a plain scenario does not have: each feature with a few of its values.

/// A feature in several forms, each a list of settings between `&`. A population that is drawn stands for `@`.
pub(crate) type Feature = &'static [&'static str];

pub(crate) const FEATURES: &[Feature] = &[
    // The balancer and its processes.
    &["loadBalancer.workers=2", "loadBalancer.workers=3"],
    &["loadBalancer.membership=reload", "loadBalancer.membership=reload & loadBalancer.reload={takes: 0s}"],
    &[
        "loadBalancer.reload={takes: 300ms, gap: 200ms, closeSpread: 500ms} & loadBalancer.membership=reload",
        "loadBalancer.reload={shutdownTimeout: 20ms, linger: 300ms, closesLate: false} & deploy.rolls=loadBalancer",
        "loadBalancer.reload={drain: 500ms} & deploy.rolls=loadBalancer",
        "deploy.events=[{at: 300ms, reload: true}]",
    ],
    &["loadBalancer.locality=zone & nodes={count: 12, zones: [a, b]}"],
    &["loadBalancer.sticky={}", "loadBalancer.sticky={lifetime: 50ms}"],
    &[
        "loadBalancer.pinning={} & loadBalancer.layer=4",
        "loadBalancer.pinning={entryTimeout: 100ms, ports: 3} & loadBalancer.layer=4",
    ],
    &[
        "loadBalancer.resolve={refresh: disconnect, minInterval: 200ms}",
        "loadBalancer.resolve={refresh: use, minInterval: 100ms, ttl: 300ms}",
        "loadBalancer.resolve={refresh: poll, minInterval: 100ms}",
    ],
    &[
        "loadBalancer.slowStart=1s",
        "loadBalancer.slowStart={window: 2s, step: 300ms}",
        "loadBalancer.slowStart={window: 1s, least: 20%}",
    ],
    &["loadBalancer.propagation.order=drainThenStop", "loadBalancer.propagation.order=removeThenAdd"],
    &[
        "loadBalancer.propagation.batch=300ms",
        "loadBalancer.readinessGate=added",
        "loadBalancer.terminatingFallback=true",
    ],
    // Nobody is in the tables, and those that terminate are asked.
    &["loadBalancer.terminatingFallback=true & workload.strategy=Recreate & pod.termination={preStop: 1s}"],
    &["loadBalancer.deregistrationDelay=0s", "loadBalancer.deregistrationDelay=20ms"],
    &["loadBalancer.requestTimeout=20ms", "loadBalancer.requestTimeout=60ms", "loadBalancer.requestTimeout=5ms"],
    &[
        "loadBalancer.status={resetLater: close}",
        "loadBalancer.status={connectFailure: 503, reset: 500, noEndpoints: 502}",
    ],
    // Its marks of health.
    &[
        "loadBalancer.passiveHealth={maxFails: 1, failTimeout: 300ms}",
        "loadBalancer.passiveHealth={maxFails: 3, failTimeout: 1s, statuses: [500, 503]}",
        "loadBalancer.passiveHealth={maxFails: 2, failTimeout: 300ms, inARow: false} & loadBalancer.retries={attempts: 1}",
        "loadBalancer.passiveHealth={maxFails: 2, failTimeout: 400ms, shared: true} & loadBalancer.workers=2",
        "loadBalancer.passiveHealth={maxFails: 1, failTimeout: 500ms, mergeWindow: 200ms, maxEjected: 50%, \
         maxFailTimeout: 2s}",
    ],
    &[
        "loadBalancer.activeHealth={interval: 200ms, timeout: 50ms}",
        "loadBalancer.activeHealth={interval: 200ms, timeout: 50ms, phase: together}",
        "loadBalancer.activeHealth={interval: 300ms, timeout: 1s, healthyThreshold: 1, unhealthyThreshold: 1}",
        "loadBalancer.activeHealth={interval: 100ms} & loadBalancer.readinessGate=true",
        "loadBalancer.activeHealth={interval: 100ms, unhealthyThreshold: 1} & pod.probes.throughQueue=true",
    ],
    &[
        "loadBalancer.panicThreshold=50% & loadBalancer.passiveHealth={maxFails: 1, failTimeout: 1s}",
        "loadBalancer.failOpen=true & loadBalancer.activeHealth={interval: 100ms, timeout: 20ms, unhealthyThreshold: \
         1}",
    ],
    // Its retries.
    &[
        "loadBalancer.retries={attempts: 1}",
        "loadBalancer.retries={attempts: 5, otherPod: false, nonIdempotent: true}",
        "loadBalancer.retries={attempts: 2, samePod: true, redispatch: 2, backoff: {base: 25ms, factor: 1, jitter: \
         none}}",
        "loadBalancer.retries={attempts: 3, maxConcurrent: 1, backoff: {base: 25ms}}",
        "loadBalancer.retries={attempts: 2, on: [connectFailure, resetBeforeRequest, 500, 503], nonIdempotent: true}",
        "loadBalancer.retries={attempts: 3, on: [reset, 503], budget: {ratio: 10%, minPerSecond: 1, ttl: 2s}}",
        "loadBalancer.retries={attempts: 3, concurrentShare: 20%, maxConcurrent: 1}",
    ],
    &[
        "loadBalancer.retries={attempts: 3, on: [503, timeout], perTryTimeout: 20ms}",
        "loadBalancer.retries={attempts: 2, on: [timeout], perTryTimeout: 5ms, nonIdempotent: true}",
        "loadBalancer.retries={attempts: 0, perTryTimeout: 50ms}",
    ],
    // Its connections to pods.
    &[
        "loadBalancer.upstream.connections=0",
        "loadBalancer.upstream.connections=1",
        "loadBalancer.upstream.connections=2",
    ],
    &[
        "loadBalancer.upstream.idleTimeout=10ms",
        "loadBalancer.upstream.idleTimeout=100ms",
        "loadBalancer.upstream.idleTimeout=0s",
    ],
    &["loadBalancer.upstream.share=client", "loadBalancer.upstream.share=later", "loadBalancer.upstream.reuse=lru"],
    &["loadBalancer.upstream.maxConcurrentStreams=2", "loadBalancer.upstream.maxConcurrentStreams=100"],
    &["loadBalancer.upstream.keepaliveRequests=1", "loadBalancer.upstream.keepaliveRequests=5"],
    &["loadBalancer.upstream.keepaliveTime=100ms", "loadBalancer.upstream.keepaliveTime=1s"],
    &["loadBalancer.upstream.maxBusy=1", "loadBalancer.upstream.maxBusy=2", "loadBalancer.upstream.maxBusy=20"],
    &[
        "loadBalancer.upstream={maxConnections: 1, maxPendingRequests: 2}",
        "loadBalancer.upstream={maxConnections: 5}",
        "loadBalancer.upstream={maxConnections: 12, maxPendingRequests: 4, maxRequests: 6}",
        "loadBalancer.upstream={maxPendingRequests: 1}",
        "loadBalancer.upstream={maxRequests: 1}",
        "loadBalancer.upstream={maxRequests: 8, idleTimeout: 100ms}",
        "loadBalancer.upstream={maxConnections: 3, maxPendingRequests: 2, maxRequests: 4, maxConcurrentStreams: 3}",
    ],
    &["loadBalancer.upstream.purge=100ms", "loadBalancer.upstream={connections: 3, purge: 500ms}"],
    // Clients.
    &["clients.@.whenBusy=wait", "clients.@.whenBusy=wait & clients.@.connections=2"],
    &["clients.@.multiplex=2", "clients.@.multiplex=100", "clients.@.multiplex=100 & clients.@.connections=1"],
    &[
        "clients.@.keepAlive.idleTimeout=15ms",
        "clients.@.keepAlive.idleTimeout=100ms",
        "clients.@.keepAlive.idleTimeout=0s",
    ],
    &["clients.@.keepAlive.maxRequests=1", "clients.@.keepAlive.maxRequests=3"],
    &["clients.@.assignment=inTurn", "clients.@.preconnect=false"],
    &[
        "clients.@.timeout=10ms",
        "clients.@.timeout=20ms",
        "clients.@.timeout=50ms",
        "clients.@.timeout=0s",
        "clients.@.timeout=3ms",
    ],
    &[
        "clients.@.timeout=20ms & pod.onReaderGone=stop",
        "clients.@.timeout=50ms & pod.onReaderGone=stop & clients.@.retries={attempts: 3, budget: none}",
    ],
    &[
        "clients.@.retries={attempts: 3, on: [500, 502, 503, 504, reset, connectFailure], budget: none}",
        "clients.@.retries={attempts: 2, on: [500, 503], backoff: {base: 10ms, jitter: decorrelated}, budget: 0%}",
        "clients.@.retries={attempts: 10, backoff: {base: 5ms, factor: 1, jitter: none}, budget: {ratio: 20%, \
         minPerSecond: 1}}",
    ],
    &["clients.@.response=streamed", "clients.@.idempotent=0%", "clients.@.idempotent=50%"],
    &[
        "clients.@.reconnect={when: eager}",
        "clients.@.reconnect={when: eager, backoff: {base: 100ms, jitter: full}, onRequest: now}",
        "clients.@.reconnect={when: onDemand, backoff: {base: 50ms, jitter: 20%}, perAddress: true}",
    ],
    // Pods.
    &["pod.onOverflow=refuse & pod.queue=1", "pod.onOverflow=refuse & pod.queue=0"],
    &["pod.backlog=0", "pod.backlog=1", "pod.backlog=2 & handshake.time=5ms"],
    &["pod.maxConnections=1", "pod.maxConnections=5"],
    &["pod.keepAlive.idleTimeout=20ms", "pod.keepAlive.idleTimeout=100ms", "pod.keepAlive.idleTimeout=1s"],
    &["pod.keepAlive.maxRequests=1", "pod.keepAlive.maxRequests=3", "pod.keepAlive={maxRequests: 2, goAway: true}"],
    &[
        "pod.keepAlive.maxAge=200ms",
        "pod.keepAlive={maxAge: 500ms, maxAgeJitter: 100%}",
        "pod.keepAlive={maxAge: 300ms, goAway: true}",
    ],
    &["pod.crash.uptime={distribution: exponential, mean: 2s}", "pod.crash.inFlight=3", "pod.crash.atStart=30%"],
    &[
        "pod.probes.throughQueue=true",
        "pod.probes.throughQueue=true & pod.readinessProbe={periodSeconds: 0.3, timeoutSeconds: 0.05, \
         failureThreshold: 1}",
    ],
    &[
        "pod.livenessProbe={periodSeconds: 0.5, failureThreshold: 1} & pod.probes.throughQueue=true",
        "pod.livenessProbe={periodSeconds: 0.3, timeoutSeconds: 0.02, failureThreshold: 1, \
         terminationGracePeriodSeconds: 0.2} & pod.probes.throughQueue=true",
        "pod.startupProbe={periodSeconds: 0.2, failureThreshold: 2}",
    ],
    &[
        "pod.connectionPool={size: 2} & dependency={maxConnections: 1000}",
        "pod.connectionPool={size: 0, share: 100%, acquireTimeout: 50ms} & dependency={maxConnections: 4}",
        "pod.connectionPool={size: 1, onExhausted: serve, acquireTimeout: 30ms, retry: 100ms} & \
         dependency={maxConnections: 13}",
    ],
    &["pod.warmup={slowdown: 8, duration: 2s}", "pod.warmup={slowdown: 10, requests: 5}", "pod.slower=3"],
    &[
        "pod.serviceTime={distribution: sequence, values: [5ms, 200ms, 10ms]}",
        "pod.serviceTime={distribution: mixture, of: [[0.9, 2ms], [0.1, 100ms]]}",
    ],
    &[
        "pod.termination.sidecarExit=300ms",
        "pod.termination={preStop: 100ms, sidecarExit: 700ms, sidecarStatus: 503} & loadBalancer.retries={attempts: 1, on: [connectFailure, 503]}",
        "pod.termination={drainWindow: 20ms, sidecarStatus: 502, connectionClose: response}",
        "pod.termination={preStop: 2s, preStopExtension: 500ms, terminationGracePeriodSeconds: 1}",
        "pod.termination={afterExit: unreachable, addressKept: 100ms, terminationGracePeriodSeconds: 1}",
    ],
    &[
        "newVersion.neverReady=true",
        "newVersion.crash.atStart=50%",
        "newVersion={errorRate: 60%} & deploy.analysis={interval: 500ms, errorRate: 5%}",
    ],
    // The deploy.
    &[
        "deploy.analysis={interval: 300ms, failureLimit: 1, p99: 20ms}",
        "deploy.analysis={interval: 500ms, errorRate: 1%} & newVersion.slower=5 & clients.@.timeout=50ms",
    ],
    &[
        "deploy.events=[{at: 200ms, scale: 1}, {at: 1s, scale: 6}]",
        "deploy.events=[{at: -500ms, scale: 5}]",
        "deploy.events=[{at: 0s, scale: 0}, {at: 1s, scale: 3}]",
    ],
    &[
        "deploy.events=[{at: 200ms, pause: true}, {at: 800ms, resume: true}]",
        "deploy.events=[{at: 400ms, undo: true}]",
        "deploy.events=[{at: 300ms, template: third}, {at: 1s, abort: true}]",
    ],
    &[
        "deploy.events=[{at: -200ms, unready: [0]}, {at: 300ms, ready: [0]}]",
        "deploy.events=[{at: 300ms, unready: [0, 1, 2]}]",
    ],
    &[
        "nodes={count: 6, zones: [a, b], nodeLeaseRenewInterval: 200ms, nodeMonitorPeriod: 100ms, \
         nodeMonitorGracePeriod: 500ms, silence: 500ms, tolerationSeconds: 0.5, nodeEvictionRate: 5} & \
         deploy.events=[{at: 300ms, nodeFailure: 0}]",
        "nodes={count: 6, zones: [a, b], nodeLeaseRenewInterval: 200ms, nodeMonitorPeriod: 100ms, \
         nodeMonitorGracePeriod: 400ms, silence: 300ms, deletedAfter: 1s} & deploy.events=[{at: -300ms, zoneFailure: \
         b}]",
        "nodes={count: 4} & deploy.events=[{at: 200ms, drain: 0}, {at: 1s, uncordon: 0}]",
        "nodes={count: 4, pullBandwidth: 100MB/s} & pod.image={size: 50MB}",
    ],
    &[
        "workload.horizontalPodAutoscaler={minReplicas: 2, maxReplicas: 10, targetCPUUtilizationPercentage: 30, \
         syncPeriod: 1s, metricResolution: 1s, initialReadinessDelay: 0s}",
        "workload.horizontalPodAutoscaler={maxReplicas: 8, targetCPUUtilizationPercentage: 80, syncPeriod: 1s, \
         metricResolution: 1s} & workload.podDisruptionBudget={maxUnavailable: 1}",
    ],
    &[
        "deploy.controller={qps: 0}",
        "deploy.controller={qps: 2, burst: 1}",
        "deploy.controller={release: \"1.34\", reaction: 0s}",
        "deploy.deletion=oldestFirst",
    ],
    &["workload.podReplacementPolicy=TerminationComplete", "workload.progressDeadlineSeconds=2"],
    &[
        "workload.strategy= & workload.kind=StatefulSet",
        "workload.strategy= & workload.kind=StatefulSet & workload.podManagementPolicy=Parallel & \
         workload.updateStrategy={rollingUpdate: {maxUnavailable: 2}}",
        "workload.strategy= & workload.kind=DaemonSet & workload.updateStrategy={rollingUpdate: {maxSurge: 50%, \
         maxUnavailable: 0}}",
        "workload.kind=Rollout & workload.strategy={blueGreen: {autoPromotionEnabled: true, scaleDownDelaySeconds: 1}}",
        "workload.kind=Rollout & workload.strategy={canary: {steps: [{setWeight: 30}, {pause: {duration: 1}}, \
         {setWeight: 60}]}}",
        "workload.kind=Rollout & workload.strategy={canary: {trafficRouting: {}, steps: [{setWeight: 30}, {pause: \
         {duration: 1}}]}}",
        "workload.strategy= & workload.kind=EcsService & workload.deploymentConfiguration={deploymentCircuitBreaker: \
         {enable: true, rollback: true}}",
        "workload.strategy= & workload.minReadySeconds= & workload.kind=NomadJob & workload.update={max_parallel: 2, \
         min_healthy_time: 300ms, auto_revert: true, healthy_deadline: 4s}",
        "workload.strategy= & workload.minReadySeconds= & workload.kind=InstanceRefresh & \
         workload.preferences={instanceWarmup: 0, minHealthyPercentage: 50}",
    ],
    &["deploy.rolls=loadBalancer", "deploy=none & observe.for=2s"],
];
