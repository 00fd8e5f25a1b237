//! This crate on the yardstick's work: what is compared with the floors.

use dryroll::metrics::replication::Replication;
use dryroll::{scenario, simulate};
use hdrhistogram::Histogram;

use crate::floor::{SECOND, Tally};

/// W1 itself, as `dryroll run` plays it.
pub(crate) fn w1(seconds: u64, seed: u64) -> Tally {
    let text = include_str!("../w1.yaml").replace("for: 100s", &format!("for: {seconds}s"));
    tally(&replicate("benches/w1.yaml", &text, seed))
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
    let mut latency = Histogram::<u64>::new(3).expect("3 digits are possible");
    let mut sum_ns = 0;
    for phase in &replication.phases {
        latency.add(&phase.latency).expect("an automatically sized histogram takes any value");
        sum_ns += phase.latency_sum_ns;
    }
    Tally {
        requests: replication.simulated_requests,
        mean_wait: None,
        mean_latency: sum_ns as f64 / latency.len() as f64 / SECOND,
        // The histograms of a replication are in microseconds.
        p99_latency: latency.value_at_quantile(0.99) as f64 / 1e6,
        utilisation: None,
    }
}
