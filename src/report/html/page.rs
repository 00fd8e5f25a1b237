//! The page of one forecast: the answer, the figures, the reasons, the deploy over time, what was assumed.

use std::io;

use serde::Serialize;

use super::course::{self, Step};
use super::figures::{Drawn, KINDS};
use super::lanes::Lane;
use super::panel::Panel;
use super::window::Window;
use super::{Story, diagnosis, failures, json};
use crate::metrics::Results;
use crate::report::answer::{self, Tone};
use crate::report::terminal::{self, table as figures};
use crate::report::text::{self, count, percent};
use crate::report::{Page, why};

/// What the template of a run fills in.
#[derive(Serialize)]
pub(super) struct View {
    name: String,
    subject: String,
    /// `good`, `bad` or `plain`.
    tone: &'static str,
    sentence: String,
    notes: Vec<String>,
    steady: bool,
    /// Whether most figures end *during* where it ends on average.
    mean_end: bool,
    figures: Vec<FigureRow>,
    reasons: Vec<Reason>,
    next: Vec<(String, String)>,
    diagnosis: Option<String>,
    course: Vec<Step>,
    panels: Vec<Panel>,
    deploy: String,
    assumptions: Vec<String>,
    beyond: Vec<String>,
    footer: String,
}

#[derive(Serialize)]
struct FigureRow {
    name: &'static str,
    note: String,
    before: String,
    during: String,
    interval: String,
    remark: String,
    after: String,
}

#[derive(Serialize)]
pub(super) struct Reason {
    name: String,
    share: String,
    width: String,
    sentence: String,
    /// One such request's whole story, and what would have prevented it.
    example: Option<String>,
}

/// Everything between the head and the script.
pub(super) fn view(story: &Story<'_>) -> View {
    let Story { results, settings, .. } = *story;
    let page = settings.map(|settings| Page::plain(results, settings));
    let answer = page.as_ref().map_or_else(|| answer::answer_of(results, None), answer::answer);
    let requests = results.simulated.requests as f64;
    let rows = if results.is_steady() { figures::steady(results) } else { figures::phases(results) };
    View {
        name: results.scenario.clone(),
        subject: page.as_ref().map_or_else(|| answer::effort(results), answer::subject),
        tone: tone(answer.tone),
        sentence: answer.sentence,
        notes: answer.notes,
        steady: results.is_steady(),
        mean_end: results.replications > 1,
        figures: rows.into_iter().map(figure).collect(),
        reasons: exemplified(page.as_ref().map_or_else(|| causes(results), reasons), story),
        next: page.as_ref().map(terminal::proposals).unwrap_or_default(),
        diagnosis: diagnosis::diagnosis(story),
        course: course::course(story),
        panels: panels(story).into_iter().map(|d| d.panel).collect(),
        deploy: answer::simulated(results).trim_start_matches("simulated ").to_owned(),
        assumptions: results.assumptions.clone(),
        beyond: results.beyond.clone(),
        footer: format!(
            "dryroll {} · seed {} · {} requests simulated · digest {}",
            results.version,
            results.seed,
            count(requests, requests),
            results.digest
        ),
    }
}

/// The class of an answer.
pub(super) const fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Plain => "plain",
    }
}

fn figure(row: figures::Row) -> FigureRow {
    FigureRow {
        during: text::mean(row.during, row.format),
        interval: text::interval(row.during, row.format),
        name: row.name,
        note: row.note,
        before: row.before,
        remark: row.remark,
        after: row.after,
    }
}

/// The causes with what the settings have to do with them.
pub(super) fn reasons(page: &Page<'_>) -> Vec<Reason> {
    why::reasons(page).into_iter().map(|r| reason(r.name.to_owned(), r.share, r.sentence)).collect()
}

/// Each with the story of the request that it cost most time, of the first deploy.
fn exemplified(mut reasons: Vec<Reason>, story: &Story<'_>) -> Vec<Reason> {
    for reason in &mut reasons {
        let group = story.explanation.and_then(|e| e.causes.iter().find(|g| failures::words(g.cause) == reason.name));
        reason.example = group.and_then(|g| g.examples.first()).map(|chain| match &chain.prevented {
            Some(prevented) => format!("{}. Prevented by {prevented}.", chain.text),
            None => format!("{}.", chain.text),
        });
    }
    reasons
}

/// The causes alone, where the settings are not known.
pub(super) fn causes(results: &Results) -> Vec<Reason> {
    let mut seen: Vec<(&str, f64)> =
        results.summary.causes.iter().filter_map(|(n, f)| Some((n, f?.mean))).filter(|c| c.1 > 0.0).collect();
    seen.sort_by(|a, b| b.1.total_cmp(&a.1));
    let all: f64 = seen.iter().map(|c| c.1).sum();
    let of = |(name, mean): (&str, f64)| {
        reason(failures::words(name).to_owned(), mean / all, failures::meaning(name).to_owned())
    };
    seen.into_iter().map(of).collect()
}

fn reason(name: String, share: f64, sentence: String) -> Reason {
    Reason { name, share: percent(share, share), width: format!("{:.1}", share * 100.0), sentence, example: None }
}

/// The figures over time, and what their readout needs.
fn panels(story: &Story<'_>) -> Vec<Drawn> {
    let Some(window) = Window::of(story.results) else { return Vec::new() };
    let window = window.marked(course::marks(&course::course(story)));
    KINDS.iter().filter(|k| (k.shows)(story)).filter_map(|k| (k.draw)(story, &window)).collect()
}

/// What the script reads.
pub(super) fn data(story: &Story<'_>) -> io::Result<String> {
    let Some(window) = Window::of(story.results) else { return Ok("null".to_owned()) };
    json(&Data {
        start: window.axis.start,
        end: window.axis.end,
        sides: vec![side(String::new(), &window, panels(story))],
    })
}

/// What a script reads of figures on one time axis.
#[derive(Serialize)]
pub(super) struct Data {
    pub(super) start: f64,
    pub(super) end: f64,
    /// One deploy, or those that are compared.
    pub(super) sides: Vec<Side>,
}

/// Every series of one forecast, bin by bin, in words, and the pods' steps.
#[derive(Serialize)]
pub(super) struct Side {
    name: String,
    /// Where the first bin starts, and how wide each is (s).
    first: f64,
    width: f64,
    labels: Vec<String>,
    /// By series, by bin: as it is to be read.
    values: Vec<Vec<String>>,
    /// The name of the plot that has the lanes.
    plot: String,
    pods: Vec<Lane>,
    /// Which of all pods those are, after "pods ready".
    which: &'static str,
}

pub(super) fn side(name: String, window: &Window<'_>, drawn: Vec<Drawn>) -> Side {
    let (mut labels, mut values, mut pods) = (Vec::new(), Vec::new(), Vec::new());
    let which = if drawn.iter().any(|figure| figure.thinned) { " of those shown" } else { "" };
    for figure in drawn {
        labels.extend(figure.series.iter().map(|s| s.label.clone()));
        values.extend(figure.series.iter().map(|s| s.values.iter().map(|&v| s.say(v)).collect::<Vec<_>>()));
        pods.extend(figure.lanes);
    }
    let plot = format!("pods{}", window.suffix);
    Side { name, first: window.first, width: window.width(), labels, values, plot, pods, which }
}
