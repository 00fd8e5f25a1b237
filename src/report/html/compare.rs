//! The page of a comparison: what differs and how sure that is, where the policies part, and their deploys side by side on the same
//! axes.

use std::io;

use serde::Serialize;

use super::beside::{Alone, Beside, Together};
use super::figures::Kind;
use super::panel::{Panel, moment};
use super::picture::Picture;
use super::{SCRIPT, Story, forest, frame, render};
use crate::report::compare::{ComparePage, Side, sentence};
use crate::report::text::{self, count, plural};
use crate::stats::paired::Verdict;
use crate::study::result::comparison::{Comparison, PolicyCompared};
use crate::study::result::parting::Happened;

#[derive(Serialize)]
struct View {
    title: String,
    subject: String,
    verdicts: Vec<Told>,
    forest: Panel,
    alone: Vec<Alone>,
    partings: Vec<Parted>,
    figures: Vec<Together>,
    names: Vec<String>,
    assumptions: Vec<String>,
    steady: bool,
    footer: String,
}

/// A policy's verdict in a sentence.
#[derive(Serialize)]
struct Told {
    tone: &'static str,
    sentence: String,
}

/// Where a policy parts from the baseline.
#[derive(Serialize)]
struct Parted {
    policy: String,
    sentence: String,
    /// What happened, the baseline's and the policy's.
    rows: Vec<[String; 3]>,
}

/// Writes the page.
///
/// # Errors
/// Whatever `out` says.
pub(in crate::report) fn write(page: &ComparePage, out: &mut dyn io::Write) -> io::Result<()> {
    let beside = beside(page);
    let (figures, data) = beside.figures()?;
    let view = view(page, &beside, figures);
    frame(&view.title, render("compare.html", &view)?, data, &SCRIPT, out)
}

/// One kind of figure of every policy, one below the other.
pub(super) fn picture(page: &ComparePage, kind: &Kind) -> Option<Picture> {
    beside(page).picture(kind, &title(&page.comparison))
}

/// The policies' names, the baseline's first.
fn names(comparison: &Comparison) -> Vec<String> {
    std::iter::once(&comparison.baseline).chain(comparison.policies.iter().map(|p| &p.policy)).cloned().collect()
}

/// `wait, surge against rolling-default`.
pub(super) fn title(comparison: &Comparison) -> String {
    let others: Vec<&str> = comparison.policies.iter().map(|p| p.policy.as_str()).collect();
    format!("{} against {}", others.join(", "), comparison.baseline)
}

fn beside(page: &ComparePage) -> Beside<'_> {
    let story = |(i, results)| {
        let side: Option<&Side> = page.sides.get(i);
        Story { results, settings: side.map(|s| &s.settings), scene: side.map(|s| &s.scene), explanation: None }
    };
    Beside::new(page.comparison.results.iter().enumerate().map(story).collect(), names(&page.comparison))
}

fn view(page: &ComparePage, beside: &Beside<'_>, figures: Vec<Together>) -> View {
    let c = &page.comparison;
    let deploys = plural(f64::from(c.replications), "simulated deploy");
    View {
        title: title(c),
        subject: format!("{} is the baseline · {deploys} of each, the same traffic, seed {}", c.baseline, c.seed),
        verdicts: c.policies.iter().map(told).collect(),
        forest: forest::forest(c),
        alone: beside.alone(),
        partings: c.policies.iter().filter_map(|p| parted(p, &c.baseline)).collect(),
        figures,
        names: beside.names.clone(),
        assumptions: beside.assumptions(),
        steady: beside.is_steady(),
        footer: format!("dryroll {} · seed {}{}", c.version, c.seed, beside.simulated()),
    }
}

fn told(policy: &PolicyCompared) -> Told {
    let any = |v: Verdict| policy.figures.iter().any(|c| c.verdict == v);
    let tone = match (any(Verdict::Better), any(Verdict::Worse)) {
        (true, false) => "good",
        (false, true) => "bad",
        _ => "plain",
    };
    Told { tone, sentence: format!("{} – {}", policy.policy, sentence(&policy.figures)) }
}

fn parted(policy: &PolicyCompared, baseline: &str) -> Option<Parted> {
    let parting = policy.parting.as_ref()?;
    let when = |h: &Option<Happened>| h.as_ref().map(|h| h.t);
    let earliest = |a: &Option<Happened>, b: &Option<Happened>| when(a).into_iter().chain(when(b)).reduce(f64::min);
    let first = earliest(&parting.baseline, &parting.policy)?;
    let say = |h: &Option<Happened>, none: &str| {
        h.as_ref().map_or_else(|| none.to_owned(), |h| format!("{}: {}", exactly(h.t), h.what))
    };
    let mut rows = Vec::new();
    if parting.baseline_step.is_some() || parting.policy_step.is_some() {
        let [a, b] = [&parting.baseline_step, &parting.policy_step].map(|h| say(h, "never"));
        rows.push(["the first step of a pod, a proxy or the controller that is not at the same time".to_owned(), a, b]);
    }
    let [a, b] = [&parting.baseline, &parting.policy].map(|h| say(h, "nothing more"));
    rows.push(["what each does next".to_owned(), a, b]);
    let facts = parting.facts as f64;
    Some(Parted {
        policy: policy.policy.clone(),
        sentence: format!(
            "Until {} the first deploys of {} and {baseline} are the same to the nanosecond: {} things that happened, the same \
             requests included.",
            moment_of(first),
            policy.policy,
            count(facts, facts)
        ),
        rows,
    })
}

/// A moment as a step is told: `+7.31 s`.
fn exactly(t: f64) -> String {
    format!("{t:+.3} s")
}

fn moment_of(t: f64) -> String {
    if t.abs() < 0.5 { format!("{} after the deploy starts", text::seconds(t, t)) } else { moment(t) }
}
