//! dryroll: a dry run of your rollout.

pub mod engine;
pub mod fleet;
pub mod import;
pub mod metrics;
pub mod scenario;
pub mod simulate;
