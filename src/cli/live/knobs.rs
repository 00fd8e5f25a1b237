//! The settings that have a slider, and the values that it stops at.

use crate::report::html::live::Knob;
use crate::scenario::{IntOrPercent, Scenario, Strategy};

/// Stops of a slider of seconds.
const SECONDS: [f64; 20] = [
    0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, 25.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0,
];
/// Stops of a slider of percentages.
const PERCENT: [f64; 12] = [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 75.0, 100.0];

/// Sliders for what a deploy is decided by, each at where the scenario has it.
pub(super) fn knobs(scenario: &Scenario) -> Vec<Knob> {
    let t = &scenario.pod.termination;
    let w = &scenario.workload;
    let mut knobs = Vec::new();
    if scenario.deploy.is_some() {
        if let Strategy::RollingUpdate { max_surge, max_unavailable } = &w.strategy {
            knobs.push(amount("maxSurge", "pods more than wanted, while it rolls", max_surge, w.replicas));
            knobs.push(amount("maxUnavailable", "pods that may be missing", max_unavailable, w.replicas));
        }
        knobs.push(whole("minReadySeconds", "Ready for so long counts as available", w.min_ready.secs()));
        knobs.push(seconds("preStop", "from the deletion to SIGTERM", t.pre_stop.mean()));
        knobs.push(seconds("lameDuck", "still listening after SIGTERM", t.lame_duck.secs()));
        knobs.push(seconds("drainWindow", "for requests in flight to end", t.drain_window.secs()));
        knobs.push(seconds("closeJitter", "over which connections are closed", t.close_jitter.secs()));
        knobs.push(whole("terminationGracePeriodSeconds", "until SIGKILL", t.grace_period.secs()));
    }
    knobs.push(count("replicas", "pods that are wanted", w.replicas));
    knobs
}

fn knob(name: &str, what: &str, stops: Vec<f64>, at: f64, written: impl Fn(f64) -> String) -> Knob {
    let mut stops = stops;
    if !stops.contains(&at) {
        stops.push(at);
        stops.sort_by(f64::total_cmp);
    }
    let at = stops.iter().position(|s| *s == at).unwrap_or(0);
    Knob { name: name.to_owned(), what: what.to_owned(), values: stops.into_iter().map(written).collect(), at }
}

/// A duration as scenarios write it.
fn seconds(name: &str, what: &str, at: f64) -> Knob {
    knob(name, what, SECONDS.to_vec(), at, |s| format!("{s}s"))
}

/// Seconds where Kubernetes has a plain number of them.
fn whole(name: &str, what: &str, at: f64) -> Knob {
    knob(name, what, SECONDS.iter().copied().filter(|s| s.fract() == 0.0).collect(), at, |s| s.to_string())
}

fn amount(name: &str, what: &str, at: &IntOrPercent, replicas: u32) -> Knob {
    match at {
        IntOrPercent::Percent(p) => knob(name, what, PERCENT.to_vec(), *p, |p| format!("{p}%")),
        IntOrPercent::Int(n) => {
            let step = (replicas / 20).max(1) as usize;
            let stops = (0..=replicas).step_by(step).map(f64::from).collect();
            knob(name, what, stops, f64::from(*n), |n| n.to_string())
        }
    }
}

fn count(name: &str, what: &str, at: u32) -> Knob {
    let step = (at / 10).max(1);
    let stops = (1..=20).map(|k| f64::from(k * step)).collect();
    knob(name, what, stops, f64::from(at), |n| n.to_string())
}
