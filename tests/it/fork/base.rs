//! A scenario to lay settings over.

/// Everything that the settings of `common/settings.rs` change is written out here with its present value.
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
