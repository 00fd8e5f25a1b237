//! The page of several forecasts: what each comes to, their figures in one table, and their deploys on the same axes.

use std::io;

use serde::Serialize;

use super::beside::{Alone, Beside, Together};
use super::figures::KINDS;
use super::picture::Picture;
use super::{SCRIPT, Story, frame, render};
use crate::metrics::Results;
use crate::report::terminal::table as figures;
use crate::report::text::{self, plural};

/// Forecasts by themselves: nothing says that they met the same traffic.
pub struct Several<'a> {
    beside: Beside<'a>,
    results: &'a [(String, Results)],
}

impl<'a> Several<'a> {
    /// Each with the name of its file, by which those are told apart that have the same scenario.
    pub fn new(results: &'a [(String, Results)]) -> Self {
        let story = |r: &'a (String, Results)| Story { results: &r.1, settings: None, scene: None, explanation: None };
        Self { beside: Beside::new(results.iter().map(story).collect(), names(results)), results }
    }

    fn title(&self) -> String {
        self.beside.names.join(", ")
    }

    /// One kind of figure, of each; `None` where it was not measured of all.
    pub(super) fn picture(&self, name: &str) -> Option<Picture> {
        self.beside.picture(KINDS.iter().find(|k| k.name == name)?, &self.title())
    }
}

/// The scenarios' names where they differ, else the files'.
fn names(results: &[(String, Results)]) -> Vec<String> {
    let same = |name: &str| results.iter().filter(|r| r.1.scenario == name).count() > 1;
    results.iter().map(|(file, r)| if same(&r.scenario) { file.clone() } else { r.scenario.clone() }).collect()
}

#[derive(Serialize)]
struct View {
    title: String,
    subject: String,
    alone: Vec<Alone>,
    names: Vec<String>,
    rows: Vec<Row>,
    figures: Vec<Together>,
    assumptions: Vec<String>,
    steady: bool,
    footer: Vec<String>,
}

/// A figure of all of them.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    cells: Vec<Cell>,
}

#[derive(Clone, Serialize)]
struct Cell {
    mean: String,
    interval: String,
}

/// Writes the page.
///
/// # Errors
/// Whatever `out` says.
pub fn several(page: &Several<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let (figures, data) = page.beside.figures()?;
    let deploys: u32 = page.results.iter().map(|r| r.1.replications).sum();
    let view = View {
        title: page.title(),
        subject: format!(
            "{}, {}",
            plural(page.results.len() as f64, "forecast"),
            plural(f64::from(deploys), "simulated deploy")
        ),
        alone: page.beside.alone(),
        names: page.beside.names.clone(),
        rows: rows(page.results),
        figures,
        assumptions: page.beside.assumptions(),
        steady: page.beside.is_steady(),
        footer: page.results.iter().zip(&page.beside.names).map(|((_, r), name)| foot(name, r)).collect(),
    };
    frame(&view.title, render("several.html", &view)?, data, &SCRIPT, out)
}

/// Every figure that any of them has, in the order in which they come up.
fn rows(results: &[(String, Results)]) -> Vec<Row> {
    let none = Cell { mean: "–".to_owned(), interval: String::new() };
    let mut rows: Vec<Row> = Vec::new();
    for (i, (_, r)) in results.iter().enumerate() {
        for figure in if r.is_steady() { figures::steady(r) } else { figures::phases(r) } {
            let at = rows.iter().position(|row| row.name == figure.name).unwrap_or_else(|| {
                rows.push(Row { name: figure.name, cells: vec![none.clone(); results.len()] });
                rows.len() - 1
            });
            let (mean, interval) =
                (text::mean(figure.during, figure.format), text::interval(figure.during, figure.format));
            rows[at].cells[i] = Cell { mean, interval };
        }
    }
    rows
}

fn foot(name: &str, r: &Results) -> String {
    let requests = r.simulated.requests as f64;
    format!(
        "{name}: dryroll {} · seed {} · {} requests simulated · digest {}",
        r.version,
        r.seed,
        text::count(requests, requests),
        r.digest
    )
}
