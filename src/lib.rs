//! dryroll: a dry run of your rollout.

pub mod cli;
pub mod engine;
pub mod fleet;
pub mod metrics;
pub mod report;
pub mod scenario;
pub mod simulate;
pub mod stats;
pub mod study;
