//! A dry run of your rollout: a deterministic, request-level simulator of fleet deploys.
//!
//! dryroll plays a deploy request by request – clients and their keep-alive connections, proxies that learn late, pods that
//! warm up, drain and get killed, the Kubernetes controllers' own arithmetic – and counts what is dropped, and why. The
//! command line is the usual way to it; this library is the same thing.
//!
//! ```
//! use dryroll::fleet::fact::Cause;
//! use dryroll::scenario::Scenario;
//! use dryroll::{simulate, study};
//!
//! let scenario = Scenario::from_yaml(
//!     "
//! workload: {replicas: 4, strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
//! pod: {startup: 3s, serviceTime: 20ms, readinessProbe: none, termination: {preStop: 0s}}
//! loadBalancer: {proxies: 2, propagation: {shared: 0s, add: 0s, remove: 1s}}
//! clients: [{name: web, rate: 100/s}]
//! deploy: {at: 10s}
//! observe: {warmup: 5s, after: 5s}
//! ",
//! )
//! .expect("a valid scenario");
//!
//! // The listener closes at once, the proxies hear of it a second later: λ·d/R a pod, 4 of 5 pods' worth in all.
//! let runs = study::replicate::replicate(3, None, 1, |k| simulate::run(&scenario, 1, k), &|| {}).expect("no panic");
//! let stale = |r: &dryroll::metrics::replication::Replication| -> u64 {
//!     r.phases.iter().map(|phase| phase.causes[Cause::StaleRoute as usize]).sum()
//! };
//! assert!(runs.iter().all(|r| (50..110).contains(&stale(r))));
//! ```
//!
//! # The map
//!
//! ```text
//! cli ──> study, simulate, report, scenario     what was typed; what is printed
//! report ──> metrics::Results                   a forecast as a table, JSON, CSV, Markdown, a page: one file and one line each
//! study ──> simulate, scenario                  many runs for one answer, in order whatever the threads do
//! simulate ──> fleet, metrics                   one run: from a scenario to numbers
//! explain ──> metrics, fleet::fact, scenario    one run, listened to: why each request was dropped
//! lint ──> scenario, fleet::rollout             rules that need no run: a file and a line each
//! calibrate ──> scenario, stats                 logs and histograms in, a part of a scenario out
//! metrics ──> fleet::fact, stats                facts in, numbers out
//! fleet ──> engine, scenario                    what is simulated; everything that happened leaves as a fact
//! scenario ──> engine                           what a file says, with every mistake shown at its place
//! engine, stats                                 time, order and chance; intervals and bounds
//! ```
//!
//! A test holds these arrows (`tests/it/tidy.rs`). A balancing algorithm is a file in `fleet/balancer` and a line in its
//! `mod.rs`; a rollout strategy a file in `fleet/rollout` and a line in `policy.rs` (or in `place.rs`); a report a file and a
//! line in `report`.

pub mod calibrate;
pub mod cli;
pub mod engine;
pub mod explain;
pub mod fleet;
pub mod lint;
pub mod metrics;
pub mod report;
pub mod scenario;
pub mod simulate;
pub mod stats;
pub mod study;
