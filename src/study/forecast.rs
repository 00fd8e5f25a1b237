//! One case, replicated until the question is answered.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::replicate::ReplicateError;
use super::schedule::{self, Case, Judge, News};
use super::tally::{Keep, Question, Tally};
use crate::metrics::Meta;
use crate::scenario::Scenario;
use crate::simulate;

/// Replicates `scenario` on `jobs` threads (all cores where `None`) until `question` is answered; `heard` is called after each
/// replication. After `cancel` none is begun, and what is being played is given up.
///
/// # Errors
/// Where a replication breaks the simulator, no threads can be started, or the work was cancelled before its end.
pub fn forecast(
    scenario: &Scenario,
    meta: Meta,
    question: &Question,
    keep: Keep,
    jobs: Option<usize>,
    cancel: &AtomicBool,
    heard: &dyn Fn(),
) -> Result<Tally, ReplicateError> {
    let simulation = Arc::new(|k, given_up: &AtomicBool| simulate::run_unless(scenario, scenario.seed, k, given_up));
    let judge = Tally::new(question, meta, keep);
    play_one(Case { simulation, judge }, scenario.seed, jobs, cancel, heard)
}

/// Plays one case to its end.
pub(super) fn play_one<J: Judge>(
    case: Case<'_, J>,
    seed: u64,
    jobs: Option<usize>,
    cancel: &AtomicBool,
    heard: &dyn Fn(),
) -> Result<J, ReplicateError> {
    let mut ended = None;
    schedule::play(jobs, std::iter::once(case), cancel, |news| match news {
        News::Heard => heard(),
        News::Done(_, end) => ended = Some(end),
    })
    .map_err(|e| ReplicateError::Threads(e.to_string()))?;
    match ended {
        Some(Ok(judge)) => Ok(judge),
        Some(Err((_, broken))) => Err(ReplicateError::of(broken, seed)),
        None => Err(ReplicateError::Interrupted),
    }
}
