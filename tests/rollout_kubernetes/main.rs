//! The controllers against what the controllers of Kubernetes 1.28 and 1.20 did in 82 recorded rollouts.

mod case;
mod compare;
mod replay;

use case::{Case, Run};
use compare::Decisions;
use replay::{Delays, replay};

/// Between the earliest and the latest recorded completion [s]; nothing where none completes.
fn spread(runs: &[Run]) -> f64 {
    let times: Vec<f64> = runs.iter().filter_map(|r| r.complete_at).collect();
    let (first, last) = times.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), &t| (a.min(t), b.max(t)));
    (last - first).max(0.0)
}

/// How a simulated run of a case compares with what was recorded.
struct Verdict {
    /// The recorded run that it was held against.
    against: String,
    split: bool,
    deviations: Vec<String>,
}

/// Sizes and pods must be those of one recorded run, met with that run's wall clock; the time of completion within the
/// tolerance of that run or of the main one; conditions, which were kept of the main run only, the main run's.
fn judge(case: &Case, delays: Delays) -> Verdict {
    let runs = case.runs();
    let tolerance = |recorded: &Run| compare::tolerance(recorded, case.waves(), spread(&runs));
    let simulate = |recorded: &Run| replay(case, recorded.wall_clock_fraction, delays, 1).run;
    let main = simulate(&runs[0]);
    let late = compare::complete(&main, &runs[0], tolerance(&runs[0]));
    let conditions = compare::conditions(&main, &runs[0], case.observed_until);
    let held_against = |recorded: &Run| {
        let simulated = simulate(recorded);
        let Decisions { split, deviations } = compare::decisions(&simulated, recorded, tolerance(recorded));
        let complete = late.clone().and_then(|_| compare::complete(&simulated, recorded, tolerance(recorded)));
        let deviations = deviations.into_iter().chain(complete).chain(conditions.clone()).collect();
        Verdict { against: recorded.name.clone(), split, deviations }
    };
    let verdicts = runs.iter().map(held_against);
    verdicts.min_by_key(|v| (v.deviations.len(), v.split)).expect("a main run")
}

#[test]
fn table() {
    for case in Case::all() {
        for delays in [Delays::Configured, Delays::Measured] {
            let v = judge(&case, delays);
            let mode = if delays == Delays::Configured { "configured" } else { "strict" };
            println!(
                "{:<38} {:<6} {mode:<10} {:<8} {} {}",
                case.case,
                if case.is_plain() { "plain" } else { "" },
                v.against,
                if v.deviations.is_empty() { if v.split { "split" } else { "ok" } } else { "FAIL" },
                v.deviations.join(" | ")
            );
        }
    }
}

#[test]
fn show() {
    let Ok(name) = std::env::var("SHOW") else { return };
    let case = Case::all().into_iter().find(|c| c.case == name).unwrap();
    for run in case.runs() {
        println!("{} f={} p90={} complete {:?}", run.name, run.wall_clock_fraction, run.jitter_p90, run.complete_at);
        for delays in [Delays::Configured, Delays::Measured] {
            let s = replay(&case, run.wall_clock_fraction, delays, 1).run;
            println!("  sim complete {:?} sizes", s.complete_at);
            for (t, v) in s.sizes.iter().filter(|r| r.0 >= 0.0) {
                print!(" {t:.3}{v:?}");
            }
            println!();
            for c in &s.conditions {
                print!(" {:.3} {}", c.0, c.3);
            }
            println!();
        }
        for delays in [Delays::Configured, Delays::Measured] {
            print!("  sim levels");
            let s = replay(&case, run.wall_clock_fraction, delays, 1).run;
            for (t, v) in s.levels.iter() {
                print!(" {t:.2}{v:?}");
            }
            println!();
        }
        print!("  rec levels");
        for (t, v) in &run.levels {
            print!(" {t:.2}{v:?}");
        }
        println!();
        println!("  rec sizes");
        for (t, v) in run.sizes.iter().filter(|r| r.0 >= 0.0) {
            print!(" {t:.3}{v:?}");
        }
        println!();
        for c in &run.conditions {
            print!(" {:.3} {}", c.0, c.3);
        }
        println!();
    }
}
