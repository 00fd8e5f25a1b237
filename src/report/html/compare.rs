//! The page of a comparison: what differs and how sure that is, where the policies part, and their deploys side by side on the same
//! axes.

use std::io;

use serde::Serialize;

use super::figures::{Drawn, KINDS, Kind};
use super::page::{self, Data, Reason, causes, reasons, tone};
use super::panel::{Key, Panel, Table, moment};
use super::picture::Picture;
use super::svg::{Axis, Plotted};
use super::window::{Window, together_reach};
use super::{SCRIPT, Story, diagnosis, forest, frame, json, render};
use crate::report::answer;
use crate::report::compare::{ComparePage, Side, sentence};
use crate::report::text::{self, count, plural};
use crate::report::{Page, Settings};
use crate::stats::paired::Verdict;
use crate::study::result::comparison::{Comparison, PolicyCompared};
use crate::study::result::parting::Happened;

#[derive(Serialize)]
struct View {
    title: String,
    subject: String,
    verdicts: Vec<Told>,
    forest: Panel,
    policies: Vec<Policy>,
    partings: Vec<Parted>,
    figures: Vec<Together>,
    names: Vec<String>,
    assumptions: Vec<String>,
    footer: String,
}

/// A policy's verdict in a sentence.
#[derive(Serialize)]
struct Told {
    tone: &'static str,
    sentence: String,
}

/// What one policy comes to by itself.
#[derive(Serialize)]
struct Policy {
    name: String,
    tone: &'static str,
    sentence: String,
    diagnosis: Option<String>,
    notes: Vec<String>,
    reasons: Vec<Reason>,
    command: String,
}

/// Where a policy parts from the baseline.
#[derive(Serialize)]
struct Parted {
    policy: String,
    sentence: String,
    /// What happened, the baseline's and the policy's.
    rows: Vec<[String; 3]>,
}

/// One kind of figure, of every policy.
#[derive(Serialize)]
struct Together {
    id: &'static str,
    title: String,
    unit: String,
    whose: String,
    legend: Vec<Key>,
    sides: Vec<Beside>,
}

#[derive(Serialize)]
struct Beside {
    name: String,
    finding: String,
    svg: Plotted,
    table: Table,
}

/// Writes the page.
///
/// # Errors
/// Whatever `out` says.
pub(in crate::report) fn write(page: &ComparePage, out: &mut dyn io::Write) -> io::Result<()> {
    let stories = stories(page);
    let windows = windows(&stories);
    let drawn = draw(&stories, &windows);
    let view = view(page, &stories, &drawn);
    let body = render("compare.html", include_str!("assets/compare.html"), &view)?;
    frame(&view.title, body, data(&view.names, &windows, drawn)?, &SCRIPT, out)
}

/// One kind of figure of every policy, one below the other.
pub(super) fn picture(page: &ComparePage, kind: &Kind) -> Option<Picture> {
    let stories = stories(page);
    let drawn = each(kind, &stories, &windows(&stories))?;
    let Together { title, unit, whose, legend, sides, .. } = together(&drawn, &names(&page.comparison))?;
    let title = format!("{title} – {}", self::title(&page.comparison));
    let plots = sides.into_iter().map(|s| (format!("{}: {}", s.name, s.finding), s.svg)).collect();
    Some(Picture::beside(title, format!("{unit} ({whose})"), legend, plots))
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

fn stories(page: &ComparePage) -> Vec<Story<'_>> {
    let story = |(i, results)| {
        let side: Option<&Side> = page.sides.get(i);
        Story { results, settings: side.map(|s| &s.settings), scene: side.map(|s| &s.scene), explanation: None }
    };
    page.comparison.results.iter().enumerate().map(story).collect()
}

/// The time of each, all on one axis; none where one has no time series.
fn windows<'a>(stories: &[Story<'a>]) -> Vec<Window<'a>> {
    let Some(own) = stories.iter().map(|s| Window::of(s.results)).collect::<Option<Vec<_>>>() else {
        return Vec::new();
    };
    let start = own.iter().map(|w| w.axis.start).fold(f64::INFINITY, f64::min);
    let end = own.iter().map(|w| w.axis.end).fold(f64::NEG_INFINITY, f64::max);
    own.into_iter().enumerate().map(|(i, w)| w.on(Axis { start, end }, format!("-{i}"))).collect()
}

/// Every kind of figure, of each policy: drawn twice, since only the first time tells how far a scale must reach for all.
fn draw(stories: &[Story<'_>], windows: &[Window<'_>]) -> Vec<Vec<Drawn>> {
    KINDS.iter().filter(|k| stories.iter().any(k.shows)).filter_map(|k| each(k, stories, windows)).collect()
}

/// One kind of figure, of each policy; `None` where something of it was not measured.
fn each(kind: &Kind, stories: &[Story<'_>], windows: &[Window<'_>]) -> Option<Vec<Drawn>> {
    let draw = |windows: &[Window<'_>]| -> Option<Vec<Drawn>> {
        stories.iter().zip(windows).map(|(s, w)| (kind.draw)(s, w)).collect()
    };
    let first = draw(windows)?;
    let reach = first.iter().map(|d| d.panel.reach).reduce(together_reach)?;
    draw(&windows.iter().map(|w| w.reaching(reach)).collect::<Vec<_>>())
}

fn view(page: &ComparePage, stories: &[Story<'_>], drawn: &[Vec<Drawn>]) -> View {
    let c = &page.comparison;
    let names = names(c);
    let deploys = plural(f64::from(c.replications), "simulated deploy");
    let requests: u64 = c.results.iter().map(|r| r.simulated.requests).sum();
    let simulated = if requests > 0 {
        format!(" · {} requests simulated", count(requests as f64, requests as f64))
    } else {
        String::new()
    };
    let mut assumptions: Vec<String> = Vec::new();
    for assumption in c.results.iter().flat_map(|r| &r.assumptions) {
        if !assumptions.contains(assumption) {
            assumptions.push(assumption.clone());
        }
    }
    View {
        title: title(c),
        subject: format!("{} is the baseline · {deploys} of each, the same traffic, seed {}", c.baseline, c.seed),
        verdicts: c.policies.iter().map(told).collect(),
        forest: forest::forest(c),
        policies: stories.iter().zip(&names).map(|(s, name)| policy(s, name)).collect(),
        partings: c.policies.iter().filter_map(|p| parted(p, &c.baseline)).collect(),
        figures: drawn.iter().filter_map(|d| together(d, &names)).collect(),
        names,
        assumptions,
        footer: format!("dryroll {} · seed {}{simulated}", c.version, c.seed),
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

fn policy(story: &Story<'_>, name: &str) -> Policy {
    let Story { results, settings, .. } = *story;
    let page = settings.map(|settings| Page::plain(results, settings));
    let answer = answer::answer_of(results, settings);
    Policy {
        name: name.to_owned(),
        tone: tone(answer.tone),
        sentence: answer.sentence,
        diagnosis: diagnosis::diagnosis(story),
        notes: answer.notes,
        reasons: page.as_ref().map_or_else(|| causes(results), reasons),
        command: settings.map(command).unwrap_or_default(),
    }
}

/// The command that plays a policy by itself.
fn command(settings: &Settings) -> String {
    let words = std::iter::once(format!("dryroll run {}", settings.source)).chain(settings.options.iter().cloned());
    words.collect::<Vec<_>>().join(" ")
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

/// What one kind of figure is, with that of each policy.
fn together(drawn: &[Drawn], names: &[String]) -> Option<Together> {
    let first = &drawn.first()?.panel;
    let mut legend: Vec<Key> = Vec::new();
    for key in drawn.iter().flat_map(|d| &d.panel.legend) {
        if !legend.iter().any(|k| k.series == key.series) {
            // A label's number is one policy's: here it stands for all.
            let label = key.label.split(" (").next().unwrap_or_default().to_owned();
            legend.push(Key { label, ..key.clone() });
        }
    }
    let beside = |(d, name): (&Drawn, &String)| Beside {
        name: name.clone(),
        finding: d.panel.finding.clone(),
        svg: d.panel.svg.clone(),
        table: d.panel.table.clone(),
    };
    Some(Together {
        id: first.id,
        title: first.title.clone(),
        unit: first.unit.clone(),
        whose: first.whose.clone(),
        legend,
        sides: drawn.iter().zip(names).map(beside).collect(),
    })
}

/// What the script reads: figures by policy rather than policies by figure.
fn data(names: &[String], windows: &[Window<'_>], drawn: Vec<Vec<Drawn>>) -> io::Result<String> {
    let Some(Axis { start, end }) = windows.first().map(|w| w.axis) else { return Ok("null".to_owned()) };
    let mut by_policy: Vec<Vec<Drawn>> = windows.iter().map(|_| Vec::new()).collect();
    for kind in drawn {
        for (policy, figure) in by_policy.iter_mut().zip(kind) {
            policy.push(figure);
        }
    }
    let sides = names.iter().zip(windows).zip(by_policy).map(|((n, w), d)| page::side(n.clone(), w, d)).collect();
    json(&Data { start, end, sides })
}
