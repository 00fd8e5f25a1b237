//! This crate on the yardstick's work: what is compared with the floors.

use dryroll::metrics::replication::Replication;
use dryroll::{scenario, simulate};

use crate::floor::{SECOND, Tally};

/// W1 itself, as `dryroll run` plays it.
pub(crate) fn w1(seconds: u64, seed: u64) -> Tally {
    let text = include_str!("../w1.yaml").replace("for: 100s", &format!("for: {seconds}s"));
    tally(&replicate("benches/w1.yaml", &text, seed))
}

/// W1 with ten times the pods and the load, for a tenth of the time: the same requests.
pub(crate) fn thousand_pods(seconds: u64, seed: u64) -> Tally {
    grown(10, seconds, seed)
}

/// W1 with a hundred times the pods and the load, for a hundredth of the time.
pub(crate) fn ten_thousand_pods(seconds: u64, seed: u64) -> Tally {
    grown(100, seconds, seed)
}

fn grown(by: u64, seconds: u64, seed: u64) -> Tally {
    let text = include_str!("../w1.yaml")
        .replace("for: 100s", &format!("for: {}ms", seconds * 1000 / by))
        .replace("replicas: 100", &format!("replicas: {}", 100 * by))
        .replace("rate: 28000/s", &format!("rate: {}/s", 28_000 * by))
        .replace("connections: 1000", &format!("connections: {}", 1_000 * by));
    tally(&replicate("benches/w1.yaml", &text, seed))
}

/// W1's fleet and load at layer 4, over 100,000 connections.
pub(crate) fn l4(seconds: u64, seed: u64) -> Tally {
    let text = include_str!("../l4.yaml").replace("for: 100s", &format!("for: {seconds}s"));
    tally(&replicate("benches/l4.yaml", &text, seed))
}

/// W1's fleet under the full model during a rollout, which lasts as long as it lasts.
pub(crate) fn full(_seconds: u64, seed: u64) -> Tally {
    tally(&replicate("benches/w1-full.yaml", include_str!("../w1-full.yaml"), seed))
}

fn replicate(name: &str, text: &str, seed: u64) -> Replication {
    let loaded = scenario::load_str(name, text, &[]).expect("the benchmark's scenarios are valid");
    simulate::run(&loaded.scenario, seed, 0)
}

fn tally(replication: &Replication) -> Tally {
    let requests: u64 = replication.phases.iter().map(|phase| phase.latency.count).sum();
    let sum_ns: u128 = replication.phases.iter().map(|phase| phase.latency_sum_ns).sum();
    // Quantiles of phases do not add up: the one with the most requests speaks. W1, which has no deploy, has no other.
    let most = replication.phases.iter().map(|phase| phase.latency).max_by_key(|latency| latency.count);
    Tally {
        requests: replication.simulated_requests,
        mean_wait: None,
        mean_latency: sum_ns as f64 / requests as f64 / SECOND,
        // Those of a replication are in microseconds.
        p99_latency: most.unwrap_or_default().p99 as f64 / 1e6,
        utilisation: None,
    }
}
