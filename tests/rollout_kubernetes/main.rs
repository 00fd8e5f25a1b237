//! The controllers against what the controllers of Kubernetes 1.28 and 1.20 did in 82 recorded rollouts.

mod case;
mod compare;
mod replay;

use case::{Case, Run};
use compare::{Deviation, compare};
use replay::{Delays, replay};

fn spread(runs: &[Run]) -> f64 {
    let times: Vec<f64> = runs.iter().filter_map(|r| r.complete_at).collect();
    times.iter().copied().fold(0.0, f64::max) - times.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The deviations from the recorded run that comes closest; each run is met with its own wall clock.
fn judge(case: &Case, delays: Delays) -> (String, Deviation) {
    let runs = case.runs();
    let spread = spread(&runs);
    let compared = match delays {
        Delays::Configured => &runs[..],
        Delays::Measured => &runs[..1],
    };
    let deviations = compared.iter().map(|recorded| {
        let simulated = replay(case, recorded.wall_clock_fraction, delays, 1).run;
        (recorded.name.clone(), compare(&simulated, recorded, spread))
    });
    deviations.min_by_key(|(_, d)| (d.all().count(), d.split)).expect("a main run")
}

#[test]
fn table() {
    for case in Case::all() {
        for delays in [Delays::Configured, Delays::Measured] {
            let (name, d) = judge(&case, delays);
            let mode = if delays == Delays::Configured { "configured" } else { "strict" };
            let text: Vec<_> = d.all().cloned().collect();
            println!(
                "{:<38} {:<6} {mode:<10} {name:<8} {} {}",
                case.case,
                if case.is_plain() { "plain" } else { "" },
                if d.is_none() { if d.split { "split" } else { "ok" } } else { "FAIL" },
                text.join(" | ")
            );
        }
    }
}
