//! Decisions against decisions: what a simulated run and a recorded one must have in common.

use crate::case::Run;

/// Changes closer than this are one burst [s].
const MERGE: f64 = 0.6;
/// A state that lasts longer than this is a plateau [s].
const QUIET: f64 = 0.7;
/// What one wave may be late by, beside the run's own jitter [s].
const WAVE: f64 = 0.1;

type Rows = [(f64, Vec<u32>)];

/// The states after each burst of changes.
fn bursts(rows: &Rows) -> Vec<(f64, Vec<u32>)> {
    let mut merged: Vec<(f64, Vec<u32>)> = Vec::new();
    let mut previous = f64::NEG_INFINITY;
    for (t, state) in rows {
        let begins = *t < 0.0 || t - previous >= MERGE || previous < 0.0;
        if !begins {
            merged.pop();
        }
        merged.push((*t, state.clone()));
        previous = *t;
    }
    merged.dedup_by(|b, a| a.1 == b.1);
    merged
}

fn states(rows: &Rows) -> Vec<&Vec<u32>> {
    rows.iter().filter(|r| r.0 >= 0.0).map(|r| &r.1).collect()
}

/// The states that last, from t=0 on.
fn plateaus(rows: &Rows) -> Vec<(f64, Vec<u32>)> {
    let last = rows.last().into_iter().cloned();
    rows.windows(2).filter(|w| w[1].0 - w[0].0.max(0.0) > QUIET).map(|w| w[0].clone()).chain(last).collect()
}

/// The first plateau of `a` that `b` does not pass through, in order.
fn missing(a: &Rows, b: &Rows) -> Option<(f64, Vec<u32>)> {
    let mut rest = b.iter();
    a.iter().find(|(_, state)| !rest.by_ref().any(|r| r.1 == *state)).cloned()
}

/// How one simulated run deviates from one recorded run; empty if it does not.
pub struct Deviation {
    pub complete: Option<String>,
    pub sizes: Option<String>,
    pub levels: Option<String>,
    pub conditions: Option<String>,
    /// Sizes agree only as far as both pass through each other's plateaus.
    pub split: bool,
}

impl Deviation {
    pub fn all(&self) -> impl Iterator<Item = &String> {
        [&self.complete, &self.sizes, &self.levels, &self.conditions].into_iter().flatten()
    }

    pub fn is_none(&self) -> bool {
        self.all().next().is_none()
    }
}

/// Compares `simulated` with `recorded`; `spread` is that of `complete_at` over all recorded runs [s].
pub fn compare(simulated: &Run, recorded: &Run, spread: f64) -> Deviation {
    let merged = (bursts(&simulated.sizes), bursts(&recorded.sizes));
    let same = states(&merged.0) == states(&merged.1);
    let waves = states(&merged.1).len().max(1) as f64;
    let tolerance = (waves * (WAVE + recorded.jitter_p90)).max(spread);
    let complete = match (simulated.complete_at, recorded.complete_at) {
        (None, None) => None,
        (Some(s), Some(r)) if (s - r).abs() <= tolerance => None,
        (s, r) => Some(format!("complete {s:?}, recorded {r:?} ± {tolerance:.2}")),
    };
    let sizes = if same { None } else { passes(&simulated.sizes, &recorded.sizes, "sizes") };
    Deviation {
        complete,
        split: !same && sizes.is_none(),
        sizes,
        levels: passes(&simulated.levels, &recorded.levels, "pods"),
        conditions: conditions(simulated, recorded),
    }
}

/// Each passes through the other's plateaus: they differ in how near-simultaneous changes were handled at most.
fn passes(simulated: &Rows, recorded: &Rows, what: &str) -> Option<String> {
    if let Some((t, state)) = missing(&plateaus(recorded), simulated) {
        return Some(format!("recorded plateau of {what} {state:?} at {t:.2} does not come"));
    }
    let (t, state) = missing(&plateaus(simulated), recorded)?;
    Some(format!("plateau of {what} {state:?} at {t:.2} was not recorded"))
}

fn conditions(simulated: &Run, recorded: &Run) -> Option<String> {
    if recorded.conditions.is_empty() {
        return None;
    }
    for kind in ["Progressing", "Available"] {
        let of = |run: &Run| -> Vec<(f64, String, String)> {
            let rows = run.conditions.iter().filter(|c| c.1 == kind);
            rows.map(|c| (c.0, c.2.clone(), c.3.clone())).collect()
        };
        let (s, r) = (of(simulated), of(recorded));
        let words = |rows: &[(f64, String, String)]| rows.iter().map(|c| c.2.clone()).collect::<Vec<_>>();
        if words(&s) != words(&r) {
            return Some(format!("{kind} {:?}, recorded {:?}", words(&s), words(&r)));
        }
        let late = s.iter().zip(&r).find(|(s, r)| s.2 == "ProgressDeadlineExceeded" && (s.0 - r.0).abs() > 0.3);
        if let Some((s, r)) = late {
            return Some(format!("deadline exceeded at {:.2}, recorded {:.2}", s.0, r.0));
        }
    }
    None
}
