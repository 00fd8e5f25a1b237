//! What is simulated: clients, proxies, pods, and the controller that replaces them.
//!
//! ```text
//! client ── connection ──> proxy.pick(its own, possibly stale, table) ── connection ──> pod: admit, queue, serve
//!    ^  backoff, budget       │ own retries, health, status                  │ 200, 500, 503, refused, reset, cut
//!    └────────────────────────┴──────────────────── answer ──────────────────┘
//! ```
//! What a proxy believes (`proxy`) and what a pod is (`pod`, `lifecycle`) are two state machines joined by a delay
//! (`propagation`): deploys fail in that gap. Everything that happened leaves as a [`fact::Fact`]; nothing here measures.

mod accounts;
mod addresses;
mod affinity;
mod ahead;
mod analysis;
mod answer;
mod apart;
mod arrivals;
mod autoscaler;
mod backoff;
mod balancer;
mod calm;
mod circuit;
mod client;
mod connection;
mod connections;
mod control;
mod crash;
mod crowd;
mod cut;
mod deadline;
mod dependency;
mod dial;
mod dispatch;
mod ending;
mod event;
pub mod fact;
mod failure;
mod go_away;
mod groups;
mod health_check;
mod idle;
mod least;
mod levels;
mod lifecycle;
mod link;
mod locality;
mod multiplex;
mod node;
mod passive;
mod pick;
mod pod;
mod population;
mod probe;
mod process;
mod propagation;
mod proxy;
mod purge;
mod redial;
mod reload;
mod request;
mod resolve;
mod retry_budget;
pub mod rollout;
mod router;
mod selection;
mod serving;
mod sidecar;
mod snapshots;
mod standstill;
mod start;
mod steady;
mod stream;
mod table;
mod termination;
mod tier;
mod transport;
mod turns;
mod unread;
mod version;
mod workers;
mod world;

pub use steady::{End, SteadyFleet, simulate, steady_part};
pub use world::Observer;
