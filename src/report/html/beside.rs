//! Forecasts beside each other: what each comes to by itself, and every kind of figure of all of them on the same axes.

use std::io;

use serde::Serialize;

use super::figures::{Drawn, KINDS, Kind};
use super::page::{self, Data, Reason, causes, reasons, tone};
use super::panel::{Key, Table};
use super::picture::Picture;
use super::svg::{Axis, Plotted};
use super::window::{Window, together_reach};
use super::{Story, diagnosis, json};
use crate::report::answer;
use crate::report::text::count;
use crate::report::{Page, Settings};

/// What one forecast comes to by itself.
#[derive(Serialize)]
pub(super) struct Alone {
    name: String,
    tone: &'static str,
    sentence: String,
    diagnosis: Option<String>,
    notes: Vec<String>,
    reasons: Vec<Reason>,
    command: String,
}

/// One kind of figure, of every forecast.
#[derive(Serialize)]
pub(super) struct Together {
    id: &'static str,
    title: String,
    unit: String,
    whose: String,
    legend: Vec<Key>,
    sides: Vec<Side>,
}

#[derive(Serialize)]
struct Side {
    name: String,
    finding: String,
    svg: Plotted,
    table: Table,
}

/// Forecasts, each with its name.
pub(super) struct Beside<'a> {
    stories: Vec<Story<'a>>,
    pub(super) names: Vec<String>,
    /// The time of each, all on one axis; none where one has no time series.
    windows: Vec<Window<'a>>,
}

impl<'a> Beside<'a> {
    pub(super) fn new(stories: Vec<Story<'a>>, names: Vec<String>) -> Self {
        let windows = windows(&stories);
        Self { stories, names, windows }
    }

    /// Each by itself.
    pub(super) fn alone(&self) -> Vec<Alone> {
        self.stories.iter().zip(&self.names).map(|(story, name)| alone(story, name)).collect()
    }

    /// Every kind of figure that there is of all of them, and what the script reads of them.
    ///
    /// # Errors
    /// None that is known: what is written is text.
    pub(super) fn figures(&self) -> io::Result<(Vec<Together>, String)> {
        let shown = KINDS.iter().filter(|k| self.stories.iter().any(k.shows));
        let drawn: Vec<Vec<Drawn>> = shown.filter_map(|k| self.each(k)).collect();
        let figures = drawn.iter().filter_map(|d| together(d, &self.names)).collect();
        Ok((figures, self.data(drawn)?))
    }

    /// One kind of figure of all, one below the other.
    pub(super) fn picture(&self, kind: &Kind, of: &str) -> Option<Picture> {
        let Together { title, unit, whose, legend, sides, .. } = together(&self.each(kind)?, &self.names)?;
        let plots = sides.into_iter().map(|s| (format!("{}: {}", s.name, s.finding), s.svg)).collect();
        Some(Picture::beside(format!("{title} – {of}"), format!("{unit} ({whose})"), legend, plots))
    }

    /// Whether none of them has a deploy.
    pub(super) fn is_steady(&self) -> bool {
        self.stories.iter().all(|s| s.results.is_steady())
    }

    /// What any of them assumes, each thing once.
    pub(super) fn assumptions(&self) -> Vec<String> {
        let mut assumptions: Vec<String> = Vec::new();
        for assumption in self.stories.iter().flat_map(|s| &s.results.assumptions) {
            if !assumptions.contains(assumption) {
                assumptions.push(assumption.clone());
            }
        }
        assumptions
    }

    /// How many requests were simulated for all of them, for the foot of a page; empty where nobody counted.
    pub(super) fn simulated(&self) -> String {
        let requests: u64 = self.stories.iter().map(|s| s.results.simulated.requests).sum();
        if requests == 0 {
            return String::new();
        }
        format!(" · {} requests simulated", count(requests as f64, requests as f64))
    }

    /// One kind of figure, of each: drawn twice, since only the first time tells how far a scale must reach for all. `None` where
    /// something of it was not measured.
    fn each(&self, kind: &Kind) -> Option<Vec<Drawn>> {
        let draw = |windows: &[Window<'_>]| -> Option<Vec<Drawn>> {
            self.stories.iter().zip(windows).map(|(s, w)| (kind.draw)(s, w)).collect()
        };
        let first = draw(&self.windows)?;
        let reach = first.iter().map(|d| d.panel.reach).reduce(together_reach)?;
        draw(&self.windows.iter().map(|w| w.reaching(reach)).collect::<Vec<_>>())
    }

    /// What the script reads: figures by forecast rather than forecasts by figure.
    fn data(&self, drawn: Vec<Vec<Drawn>>) -> io::Result<String> {
        let Some(Axis { start, end }) = self.windows.first().map(|w| w.axis) else { return Ok("null".to_owned()) };
        let mut by_forecast: Vec<Vec<Drawn>> = self.windows.iter().map(|_| Vec::new()).collect();
        for kind in drawn {
            for (forecast, figure) in by_forecast.iter_mut().zip(kind) {
                forecast.push(figure);
            }
        }
        let sides = self.names.iter().zip(&self.windows).zip(by_forecast);
        json(&Data { start, end, sides: sides.map(|((n, w), d)| page::side(n.clone(), w, d)).collect() })
    }
}

fn windows<'a>(stories: &[Story<'a>]) -> Vec<Window<'a>> {
    let Some(own) = stories.iter().map(|s| Window::of(s.results)).collect::<Option<Vec<_>>>() else {
        return Vec::new();
    };
    let start = own.iter().map(|w| w.axis.start).fold(f64::INFINITY, f64::min);
    let end = own.iter().map(|w| w.axis.end).fold(f64::NEG_INFINITY, f64::max);
    own.into_iter().enumerate().map(|(i, w)| w.on(Axis { start, end }, format!("-{i}"))).collect()
}

fn alone(story: &Story<'_>, name: &str) -> Alone {
    let Story { results, settings, .. } = *story;
    let page = settings.map(|settings| Page::plain(results, settings));
    let answer = answer::answer_of(results, settings);
    Alone {
        name: name.to_owned(),
        tone: tone(answer.tone),
        sentence: answer.sentence,
        diagnosis: diagnosis::diagnosis(story),
        notes: answer.notes,
        reasons: page.as_ref().map_or_else(|| causes(results), reasons),
        command: settings.map(command).unwrap_or_default(),
    }
}

/// The command that plays one by itself.
fn command(settings: &Settings) -> String {
    let words = std::iter::once(format!("dryroll run {}", settings.source)).chain(settings.options.iter().cloned());
    words.collect::<Vec<_>>().join(" ")
}

/// What one kind of figure is, with that of each forecast.
fn together(drawn: &[Drawn], names: &[String]) -> Option<Together> {
    let first = &drawn.first()?.panel;
    let mut legend: Vec<Key> = Vec::new();
    for key in drawn.iter().flat_map(|d| &d.panel.legend) {
        if !legend.iter().any(|k| k.series == key.series) {
            // A label's number is one forecast's: here it stands for all.
            let label = key.label.split(" (").next().unwrap_or_default().to_owned();
            legend.push(Key { label, ..key.clone() });
        }
    }
    let beside = |(d, name): (&Drawn, &String)| Side {
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
