//! Decisions against decisions: what a simulated run and a recorded one must have in common.

use super::case::Run;

/// Changes closer than this are one burst (s).
const MERGE: f64 = 0.6;
/// A state that lasts longer than this is a plateau (s).
const QUIET: f64 = 0.7;
/// What one wave may be late by, beside the run's own jitter (s).
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

/// A state, from when until when it lasts (s).
struct Span<'a> {
    from: f64,
    to: f64,
    state: &'a [u32],
    /// When the last plateau before it began: what it follows from was counted since then.
    since: f64,
}

/// What lasts when, from t=0 on.
fn spans(rows: &Rows) -> Vec<Span<'_>> {
    let ends = rows.iter().skip(1).map(|row| row.0).chain([f64::INFINITY]);
    let mut plateau = 0.0;
    let all = rows.iter().zip(ends).map(|((from, state), to)| {
        let span = Span { from: from.max(0.0), to, state, since: plateau };
        if span.to - span.from > QUIET {
            plateau = span.from;
        }
        span
    });
    all.filter(|span| span.to > 0.0).collect()
}

/// The first plateau of `a` that `b` does not pass through, in the same order and at the same time give or take
/// `tolerance`, and each size by as many pods as `split` allows then.
fn missing(a: &Rows, b: &Rows, tolerance: f64, split: &dyn Fn(f64, f64) -> u32) -> Option<(f64, Vec<u32>)> {
    let mut rest = spans(b).into_iter();
    let mut plateaus = spans(a).into_iter().filter(|span| span.to - span.from > QUIET);
    let alike = |p: &Span, q: &Span| p.state.iter().zip(q.state).all(|(a, b)| a.abs_diff(*b) <= split(p.since, p.from));
    let same = |p: &Span, q: &Span| alike(p, q) && q.from <= p.to + tolerance && p.from <= q.to + tolerance;
    let lost = plateaus.find(|plateau| !rest.by_ref().any(|span| same(plateau, &span)))?;
    Some((lost.from, lost.state.to_vec()))
}

/// How the decisions of a simulated run deviate from a recorded one's.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// The merged lists of sizes differ, but each run passes through the other's plateaus.
    pub split: bool,
    pub deviations: Vec<String>,
}

/// Holds the decisions of a simulated run against a recorded one's; `simultaneous`: within what time pods that turn Ready may be
/// counted together or apart (s).
pub fn decisions(simulated: &Run, recorded: &Run, tolerance: f64, simultaneous: f64) -> Decisions {
    let same = states(&bursts(&simulated.sizes)) == states(&bursts(&recorded.sizes));
    let split = |run: &Run, since: f64, t: f64| turned_ready(&run.levels, since, t, simultaneous);
    let sizes = if same {
        None
    } else {
        let either = |since: f64, t: f64| split(recorded, since, t).max(split(simulated, since, t));
        passes(&simulated.sizes, &recorded.sizes, tolerance, &either, "sizes")
    };
    let levels = passes(&simulated.levels, &recorded.levels, tolerance, &|_, _| 0, "pods");
    Decisions { split: !same && sizes.is_none(), deviations: sizes.into_iter().chain(levels).collect() }
}

/// By how much times may differ (s): for each of at least `waves` start-up delays, one after the other, a wave's noise and
/// the run's own; or the spread over all recorded runs where that is larger.
pub fn tolerance(recorded: &Run, waves: u32, spread: f64) -> f64 {
    let waves = f64::from(waves).max(states(&bursts(&recorded.sizes)).len() as f64);
    (waves * (WAVE + recorded.jitter_p90)).max(spread)
}

/// Whether completion came when it should, if it should.
pub fn complete(simulated: &Run, recorded: &Run, tolerance: f64) -> Option<String> {
    match (simulated.complete_at, recorded.complete_at) {
        (None, None) => None,
        (Some(s), Some(r)) if (s - r).abs() <= tolerance => None,
        (s, r) => Some(format!("complete {s:?}, recorded {r:?} ± {tolerance:.2}")),
    }
}

/// How many pods turned Ready within `simultaneous` of the moment at which pods were counted for what was decided at `t`. The
/// count is as old as the sync that reported it, hence taken at any time between `since` and `t`.
fn turned_ready(levels: &Rows, since: f64, t: f64, simultaneous: f64) -> u32 {
    if simultaneous == 0.0 {
        return 0;
    }
    let ready = |until: f64| -> Vec<u32> {
        let last = levels.iter().rfind(|row| row.0 <= until);
        last.map_or_else(Vec::new, |row| row.1.iter().skip(1).step_by(2).copied().collect())
    };
    let around = |t: f64| -> u32 {
        let (before, after) = (ready(t - simultaneous), ready(t + simultaneous));
        before.iter().zip(&after).map(|(before, after)| after.saturating_sub(*before)).sum()
    };
    let changes = levels.iter().map(|row| row.0).filter(|u| (since..=t).contains(u));
    changes.chain([t]).map(around).max().unwrap_or(0)
}

/// Each passes through the other's plateaus: they differ in how near-simultaneous changes were handled at most, as `split`
/// tells for each moment.
fn passes(
    simulated: &Rows,
    recorded: &Rows,
    tolerance: f64,
    split: &dyn Fn(f64, f64) -> u32,
    what: &str,
) -> Option<String> {
    if let Some((t, state)) = missing(recorded, simulated, tolerance, split) {
        return Some(format!("recorded plateau of {what} {state:?} at {t:.2} does not come"));
    }
    let (t, state) = missing(simulated, recorded, tolerance, split)?;
    Some(format!("plateau of {what} {state:?} at {t:.2} was not recorded"))
}

/// The same conditions in the same order, each kind for itself, as far as the recorded run was observed: what comes with a completion may be
/// as late as that may.
pub fn conditions(simulated: &Run, recorded: &Run, until: f64, completion: f64) -> Option<String> {
    let tolerance = 2.0 * WAVE + recorded.jitter_p90;
    let later = if recorded.complete_at.is_some() { completion.max(tolerance) } else { tolerance };
    for kind in ["Progressing", "Available"] {
        let of = |run: &Run| -> Vec<(f64, String)> {
            run.conditions.iter().filter(|c| c.1 == kind && c.0 <= until + later).map(|c| (c.0, c.3.clone())).collect()
        };
        let (s, r) = (of(simulated), of(recorded));
        let words = |rows: &[(f64, String)]| rows.iter().map(|c| c.1.clone()).collect::<Vec<_>>();
        if words(&s) != words(&r) {
            return Some(format!("{kind} {:?}, recorded {:?}", words(&s), words(&r)));
        }
        let exceeded = |(s, r): &(&(f64, String), &(f64, String))| {
            s.1 == "ProgressDeadlineExceeded" && (s.0 - r.0).abs() > tolerance
        };
        if let Some((s, r)) = s.iter().zip(&r).find(exceeded) {
            return Some(format!("deadline exceeded at {:.2}, recorded {:.2}", s.0, r.0));
        }
    }
    None
}
