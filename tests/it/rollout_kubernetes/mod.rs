//! The controllers against what the controllers of Kubernetes 1.28 and 1.20 did in 97 recorded rollouts.

mod deletion_order;

use std::path::PathBuf;

use dryroll::study::validate::kubernetes::case::Case;
use dryroll::study::validate::kubernetes::replay::{Delays, replay};
use dryroll::study::validate::kubernetes::{compare, judge};

/// Every recorded rollout.
fn all() -> Vec<Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("validation/kubernetes");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the recorded rollouts are part of the project")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files.sort();
    assert_eq!(files.len(), 97, "recorded rollouts in {}", folder.display());
    let parse = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a readable file");
        Case::read(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    files.iter().map(parse).collect()
}

/// A line of the table, and whether all is as it should be.
fn row(case: &Case, delays: Delays) -> (String, bool) {
    let verdict = judge(case, delays);
    let agrees = verdict.deviations.is_empty();
    let word = match (agrees, verdict.split) {
        (true, false) => "agrees",
        (true, true) => "agrees but for a split",
        (false, _) => "DEVIATES",
    };
    let mut details = verdict.deviations.join("; ");
    if let (agreeing, replays @ 2..) = verdict.replays {
        details = format!("{agreeing} of {replays} replays {details}");
    }
    let line = format!("{:<40} {word:<28} {:<8} {details}", case.name, verdict.against);
    (line, agrees)
}

#[expect(clippy::print_stdout, reason = "the table, for who runs this with --nocapture")]
fn assert_table(delays: Delays) {
    let rows: Vec<(String, bool)> = all().iter().map(|case| row(case, delays)).collect();
    for (line, _) in &rows {
        println!("{}", line.trim_end());
    }
    let failing: Vec<&str> = rows.iter().filter(|(_, good)| !good).map(|(line, _)| line.as_str()).collect();
    assert!(failing.is_empty(), "{} of {} cases:\n{}", failing.len(), rows.len(), failing.join("\n"));
}

#[test]
fn recorded_rollouts_come_out_with_configured_delays() {
    assert_table(Delays::Configured);
}

#[test]
fn recorded_rollouts_come_out_with_measured_delays() {
    assert_table(Delays::Measured);
}

#[test]
fn throttled_rollouts_take_as_long_as_recorded() {
    for case in all().iter().filter(|case| case.is_throttled()) {
        let runs = case.runs();
        let simulated = replay(case, &runs[0], Delays::Configured, 1).run;
        let slack = compare::tolerance(&runs[0], case.waves(), 0.0);
        let recorded = runs.iter().filter_map(|r| r.complete_at);
        let (first, last) = recorded.fold((f64::INFINITY, 0.0_f64), |(a, b), t| (a.min(t), b.max(t)));
        let took = simulated.complete_at.expect("it completes");
        assert!((first - slack..=last + slack).contains(&took), "{}: {took} not in {first}..{last}", case.name);
    }
}

/// Where the client is throttled a recorded run is one draw of many. Of each that was kept, of either release, a good part of the
/// replays are: three in ten at least; under 1.28 not one of forty would be without what a refused status costs.
#[test]
fn every_recorded_run_of_a_throttled_case_is_among_the_replays() {
    for case in all().iter().filter(|case| case.is_throttled()) {
        for recorded in case.runs() {
            let tolerance = compare::tolerance(&recorded, case.waves(), 0.0);
            let comes_out = |seed: &u64| {
                let simulated = replay(case, &recorded, Delays::Configured, *seed).run;
                let decisions = compare::decisions(&simulated, &recorded, tolerance, case.simultaneous());
                decisions.deviations.is_empty() && compare::complete(&simulated, &recorded, tolerance).is_none()
            };
            let agreeing = (1..=40).filter(comes_out).count();
            assert!(agreeing >= 12, "{} {}: {agreeing} of 40 replays", case.name, recorded.name);
        }
    }
}
