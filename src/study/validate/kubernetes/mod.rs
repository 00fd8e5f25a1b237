//! Recorded rollouts: what the Deployment and ReplicaSet controllers of Kubernetes 1.28 and 1.20 decided, replayed.

#![expect(missing_docs, reason = "most names are the format's, whose description lies beside the cases")]

pub mod case;
pub mod compare;
pub mod replay;

use super::miss;
use crate::metrics::validation::{self, CaseVerdict, Row};
use case::{Case, Run};
use compare::Decisions;
use replay::{Delays, replay};

/// How a simulated run of a case compares with what was recorded.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The recorded run that it was held against.
    pub against: String,
    /// When that, and the simulated one, completed (s).
    pub complete: (Option<f64>, Option<f64>),
    /// By how much the times may differ (s).
    pub tolerance: f64,
    /// Whether near-simultaneous changes came in other pieces.
    pub split: bool,
    /// What is otherwise.
    pub deviations: Vec<String>,
    /// How many replays came out, of how many.
    pub replays: (u32, u32),
}

/// Between the earliest and the latest recorded completion (s); nothing where none completes.
fn spread(runs: &[Run]) -> f64 {
    let times: Vec<f64> = runs.iter().filter_map(|r| r.complete_at).collect();
    let (first, last) = times.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), &t| (a.min(t), b.max(t)));
    (last - first).max(0.0)
}

/// How often a throttled case is replayed. Whether a controller sees its own last report in time is a race of milliseconds, which
/// costs two requests when it is lost: a recorded run is one draw of many.
const REPLAYS: u32 = 20;

/// The best replay of a case: of one, or of some where the client is throttled. How many came out is told with it.
pub fn judge(case: &Case, delays: Delays) -> Verdict {
    let replays = if case.is_throttled() { REPLAYS } else { 1 };
    let verdicts: Vec<Verdict> = (1..=u64::from(replays)).map(|seed| judge_replay(case, delays, seed)).collect();
    let agreeing = verdicts.iter().filter(|v| v.deviations.is_empty()).count() as u32;
    let best = verdicts.into_iter().min_by_key(|v| (v.deviations.len(), v.split)).expect("there is a replay");
    Verdict { replays: (agreeing, replays), ..best }
}

/// Sizes and pods must be those of one recorded run, met with that run's controllers and wall clock; the time of completion within the
/// tolerance of that run or of the main one; conditions, which were kept of the main run only, the main run's.
fn judge_replay(case: &Case, delays: Delays, seed: u64) -> Verdict {
    let runs = case.runs();
    let tolerance = |recorded: &Run| compare::tolerance(recorded, case.waves(), spread(&runs));
    // What kubelets took was kept of the main run's.
    let delays = |recorded: &Run| if recorded.name == runs[0].name { delays } else { Delays::Configured };
    let simulate = |recorded: &Run| replay(case, recorded, delays(recorded), seed).run;
    let main = simulate(&runs[0]);
    let late = compare::complete(&main, &runs[0], tolerance(&runs[0]));
    let conditions = compare::conditions(&main, &runs[0], case.observed_until, tolerance(&runs[0]));
    let held_against = |recorded: &Run| {
        let simulated = simulate(recorded);
        let Decisions { split, deviations } =
            compare::decisions(&simulated, recorded, tolerance(recorded), case.simultaneous());
        let complete = late.clone().and_then(|_| compare::complete(&simulated, recorded, tolerance(recorded)));
        let deviations = deviations.into_iter().chain(complete).chain(conditions.clone()).collect();
        Verdict {
            against: recorded.name.clone(),
            complete: (recorded.complete_at, simulated.complete_at),
            tolerance: tolerance(recorded),
            split,
            deviations,
            replays: (0, 1),
        }
    };
    let verdicts = runs.iter().map(held_against);
    verdicts.min_by_key(|v| (v.deviations.len(), v.split)).expect("a case has a main run")
}

/// The verdict on a case, with the configured delays.
pub(super) fn verdict(name: &str, case: &Case) -> CaseVerdict {
    let Verdict { complete: (recorded, simulated), tolerance, deviations, replays, .. } =
        judge(case, Delays::Configured);
    let mut rows = Vec::new();
    if let Some(measured) = recorded {
        rows.push(Row {
            quantity: "complete_at".to_owned(),
            measured,
            forecast: simulated,
            interval: simulated.map(|s| [s - tolerance, s + tolerance]),
            inside: simulated.is_some_and(|s| (s - measured).abs() <= tolerance),
            said: None,
            // Completion may be that of the main run instead: what does not agree is among the deviations.
            decides: false,
        });
    }
    rows.push(Row {
        quantity: "deviations".to_owned(),
        measured: 0.0,
        forecast: Some(deviations.len() as f64),
        interval: Some([0.0, 0.0]),
        inside: deviations.is_empty(),
        decides: true,
        said: None,
    });
    if replays.1 > 1 {
        rows.push(Row {
            quantity: validation::REPLAYS.to_owned(),
            measured: f64::from(replays.1),
            forecast: Some(f64::from(replays.0)),
            interval: Some([1.0, f64::from(replays.1)]),
            inside: replays.0 > 0,
            decides: false,
            said: None,
        });
    }
    let unexplained = if deviations.is_empty() { Vec::new() } else { vec![miss::kubernetes(case)] };
    CaseVerdict { notes: deviations, unexplained, ..CaseVerdict::new(name.to_owned(), "kubernetes", rows) }
}
