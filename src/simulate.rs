//! One replication, from scenario to numbers.

use crate::fleet;
use crate::metrics::Collector;
use crate::metrics::replication::Replication;
use crate::scenario::Scenario;

/// Plays replication `replication` of `scenario` under `seed` and measures it. The same arguments give the same bytes,
/// on whatever machine and beside whatever else runs.
pub fn run(scenario: &Scenario, seed: u64, replication: u32) -> Replication {
    let (collector, end) = fleet::simulate(scenario, seed, replication, Collector::new(scenario));
    collector.finish(end)
}
