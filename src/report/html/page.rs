//! The page of one forecast: the answer, the figures, the reasons, the deploy over time, what was assumed.

use std::io;

use serde::Serialize;

use super::lanes::Lane;
use super::panel::{Panel, Series};
use super::window::Window;
use super::{Story, failures, json, lanes, latency, levels};
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
    figures: Vec<FigureRow>,
    reasons: Vec<Reason>,
    next: Vec<(String, String)>,
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
struct Reason {
    name: String,
    share: String,
    width: String,
    sentence: String,
}

/// Everything between the head and the script.
pub(super) fn view(story: &Story<'_>) -> View {
    let Story { results, settings, .. } = *story;
    let page = settings.map(|settings| Page { results, settings, scene: story.scene, all_assumptions: true });
    let answer = answer::answer_of(results, settings.map(|s| s.progress_deadline));
    let requests = results.simulated.requests as f64;
    let rows = if results.is_steady() { figures::steady(results) } else { figures::phases(results) };
    let (panels, ..) = panels(story);
    View {
        name: results.scenario.clone(),
        subject: page.as_ref().map_or_else(|| answer::effort(results), answer::subject),
        tone: match answer.tone {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Plain => "plain",
        },
        sentence: answer.sentence,
        notes: answer.notes,
        steady: results.is_steady(),
        figures: rows.into_iter().map(figure).collect(),
        reasons: page.as_ref().map_or_else(|| causes(results), reasons),
        next: page.as_ref().map(terminal::proposals).unwrap_or_default(),
        panels,
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
fn reasons(page: &Page<'_>) -> Vec<Reason> {
    why::reasons(page).into_iter().map(|r| reason(r.name.to_owned(), r.share, r.sentence)).collect()
}

/// The causes alone, where the settings are not known.
fn causes(results: &Results) -> Vec<Reason> {
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
    Reason { name, share: percent(share, share), width: format!("{:.1}", share * 100.0), sentence }
}

/// The figures over time, and what their readout needs.
fn panels(story: &Story<'_>) -> (Vec<Panel>, Vec<Series>, Vec<Lane>) {
    let Story { results, scene, .. } = *story;
    let Some(window) = Window::of(results) else { return (Vec::new(), Vec::new(), Vec::new()) };
    let (mut panels, mut all, mut pods) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |(panel, series): (Panel, Vec<Series>)| {
        panels.push(panel);
        all.extend(series);
    };
    if let Some(failures) = failures::failures(results, scene, &window) {
        add(failures);
    }
    if let Some((panel, lanes)) = lanes::lanes(results, scene, &window) {
        add((panel, Vec::new()));
        pods = lanes;
    }
    add(levels::capacity(results, &window));
    add(levels::reconnects(results, &window));
    if let Some(latency) = latency::latency(results, scene, &window) {
        add(latency);
    }
    add(levels::under_way(results, &window));
    (panels, all, pods)
}

/// What the script reads: every series bin by bin, in words, and the pods' steps.
pub(super) fn data(story: &Story<'_>) -> io::Result<String> {
    #[derive(Serialize)]
    struct Data {
        start: f64,
        end: f64,
        width: f64,
        labels: Vec<String>,
        /// By series, by bin: as it is to be read.
        values: Vec<Vec<String>>,
        pods: Vec<Lane>,
    }
    let Some(window) = Window::of(story.results) else { return Ok("null".to_owned()) };
    let (_, series, pods) = panels(story);
    json(&Data {
        start: window.axis.start,
        end: window.axis.end,
        width: window.width(),
        labels: series.iter().map(|s| s.label.clone()).collect(),
        values: series.iter().map(|s| s.values.iter().map(|&v| s.say(v)).collect()).collect(),
        pods,
    })
}
