//! What the options say of replications and objectives.

use super::args::{EffortArgs, MAX_REPLICATIONS};
use super::exit;
use crate::scenario::Objectives;
use crate::study::objective::Objective;
use crate::study::result::effort::{Decide, Effort, LEAST, Precise};
use crate::study::result::finding::Verdict;
use crate::study::tally::Question;

/// Replications where nothing is said of them.
const REPLICATIONS: u32 = 10;
/// Replications before a decision alone may end a row: with fewer there would be no interval at all.
const LEAST_DECIDED: u32 = 2;

/// What is asked of each case. Where a decision is wished for and the scenario names no objective, it is that the deploy
/// drops no more than the same time without one; a number of replications is then the most of which something is decided, and
/// no more of them are played than that takes. With `each`, every objective is to be decided, not just what they amount to.
pub(super) fn question(
    args: &EffortArgs,
    replications: Option<u32>,
    objectives: Option<&Objectives>,
    each: bool,
) -> Question {
    let decides = args.until_decided || args.check;
    let judged =
        if decides || objectives.is_some_and(|o| !o.is_empty()) { Objective::all(objectives) } else { Vec::new() };
    let decide = match (decides, each) {
        (false, _) => Decide::Nothing,
        (true, false) => Decide::Verdict,
        (true, true) => Decide::Each,
    };
    let effort = match replications {
        None if decides || !args.precision.is_empty() => Effort::Adaptive {
            least: if args.precision.is_empty() && !each { LEAST_DECIDED } else { LEAST },
            most: args.max_replications,
            precise: args.precision.clone(),
            decide,
        },
        Some(most) if args.until_decided => Effort::Curtailed { least: LEAST_DECIDED, most, decide },
        fixed => Effort::Fixed(fixed.unwrap_or(REPLICATIONS)),
    };
    Question {
        effort,
        objectives: judged,
        share: objectives.map_or(0.95, |o| o.share),
        confidence: objectives.map_or(0.95, |o| o.confidence),
    }
}

/// The options that say which replications are played, as they are typed; `--replications` stands with the scenario's.
pub(super) fn options(args: &EffortArgs) -> Vec<String> {
    let wish = |p: &Precise| format!("--precision {}={}%", p.figure, p.share * 100.0);
    let flag = |set: bool, name: &str| set.then(|| format!("--{name}"));
    let most =
        (args.max_replications != MAX_REPLICATIONS).then(|| format!("--max-replications {}", args.max_replications));
    let flags = [flag(args.until_decided, "until-decided"), most, flag(args.check, "check")];
    args.precision.iter().map(wish).chain(flags.into_iter().flatten()).collect()
}

/// The exit status that a verdict means.
pub(super) const fn status(verdict: Option<Verdict>, allow_undecided: bool) -> u8 {
    match verdict {
        None | Some(Verdict::Holds) => exit::OK,
        Some(Verdict::Broken) => exit::BROKEN,
        Some(Verdict::Undecided) if allow_undecided => exit::OK,
        Some(Verdict::Undecided) => exit::UNDECIDED,
    }
}
