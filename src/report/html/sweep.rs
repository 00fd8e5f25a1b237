//! The page of a sweep: the best combination and those that cannot be told from it, a map over two axes for each setting of the
//! others, the trade between drops and time, and every row with the command that plays it alone.

use std::io;

use serde::Serialize;

use super::apart::{self, Mark};
use super::map::{self, Axis, Slice};
use super::panel::{Panel, Table as Numbers};
use super::picture::Picture;
use super::{SWEEP_SCRIPT, frame, json, render};
use super::{parallel, pareto};
use crate::report::finding;
use crate::report::sweep::SweepPage;
use crate::report::sweep::rows::{FIGURES, Shown};
use crate::report::text::{self, count, plural};
use crate::study::result::effort::Effort;
use crate::study::result::row::Row;

/// A combination as the page has it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Combination {
    pub(super) row: u64,
    pub(super) settings: Vec<String>,
    /// In the order of [`FIGURES`].
    pub(super) figures: Vec<String>,
    pub(super) intervals: Vec<String>,
    pub(super) mark: Mark,
    pub(super) verdict: &'static str,
    pub(super) error: String,
    pub(super) command: String,
}

#[derive(Serialize)]
struct View {
    name: String,
    subject: String,
    sentence: String,
    notes: Vec<String>,
    figure: &'static str,
    columns: Vec<String>,
    figures: Vec<&'static str>,
    slices: Vec<Slice>,
    panels: Vec<Panel>,
    parallel: Option<Panel>,
    front: Vec<pareto::Point>,
    rows: Vec<Combination>,
    judged: bool,
    footer: String,
}

/// Writes the page.
///
/// # Errors
/// Whatever `out` says.
pub(in crate::report) fn write(page: &SweepPage, out: &mut dyn io::Write) -> io::Result<()> {
    let all = combinations(page);
    let axes = map::axes(page, shown(page));
    let body = render("sweep.html", &view(page, &all, &axes))?;
    frame(&format!("{} swept", page.table.header.scenario), body, data(page, &all, &axes)?, &SWEEP_SCRIPT, out)
}

/// A figure of the page, by its name; `None` where there is nothing to draw.
pub(super) fn panel(page: &SweepPage, name: &str) -> Option<Panel> {
    let all = combinations(page);
    match name {
        "front" => pareto::front(page, &all).map(|f| f.0),
        "parallel" => parallel::parallel(page, &all),
        _ => None,
    }
}

/// The maps by themselves; `None` where the rows are no grid.
pub(super) fn map_picture(page: &SweepPage) -> Option<Picture> {
    let axes = map::axes(page, shown(page));
    let slices = map::slices(page, &combinations(page), &axes, shown(page));
    let name = FIGURES[shown(page)].name;
    (!slices.is_empty()).then(|| map::picture(&slices, name, &page.table.header.scenario))
}

/// The figure that the page begins with: that by which it is sorted, where it is one of those shown.
fn shown(page: &SweepPage) -> usize {
    FIGURES.iter().position(|f| f.column == page.sort || f.name == page.sort).unwrap_or(0)
}

fn view(page: &SweepPage, all: &[Combination], axes: &[Axis]) -> View {
    let header = &page.table.header;
    let deploys = match &header.effort {
        Effort::Fixed(n) => plural(f64::from(*n), "simulated deploy"),
        Effort::Curtailed { most, .. } => format!("up to {}", plural(f64::from(*most), "simulated deploy")),
        Effort::Adaptive { least, most, .. } => format!("{least} to {most} simulated deploys"),
    };
    let requests: u64 = page.table.rows.iter().map(|r| r.simulated.requests).sum();
    let (sentence, notes) = said(page, all);
    let (panel, front) = pareto::front(page, all).unzip();
    let best = page.table.best_first(&page.sort, page.descending);
    let find = |row: &&Row| all.iter().find(|c| c.row == row.row).cloned();
    View {
        name: header.scenario.clone(),
        subject: format!("{} × {deploys}, seed {}", plural(page.table.rows.len() as f64, "combination"), header.seed),
        sentence,
        notes,
        figure: FIGURES[shown(page)].name,
        columns: header.columns().map(str::to_owned).collect(),
        figures: FIGURES.iter().map(|f| f.name).collect(),
        slices: map::slices(page, all, axes, shown(page)),
        panels: panel.into_iter().collect(),
        parallel: parallel::parallel(page, all),
        front: front.unwrap_or_default(),
        rows: best.iter().filter_map(find).collect(),
        judged: !header.objectives.is_empty(),
        footer: format!(
            "dryroll {} · seed {} · {} requests simulated",
            header.version,
            header.seed,
            count(requests as f64, requests as f64)
        ),
    }
}

/// The best, in a sentence, and what must be said beside it.
fn said(page: &SweepPage, all: &[Combination]) -> (String, Vec<String>) {
    let Some(best) = all.iter().find(|c| c.mark == Mark::Best) else {
        return ("No combination could be simulated.".to_owned(), Vec::new());
    };
    let figure = &FIGURES[shown(page)];
    let names: Vec<&str> = page.table.header.columns().collect();
    let settings: Vec<String> = names.iter().zip(&best.settings).map(|(n, v)| format!("{n} {v}")).collect();
    let value = &best.figures[shown(page)];
    let sentence = format!("Best by {}: {} – {value}.", figure.name, settings.join(", "));
    let mut notes = Vec::new();
    notes.extend(apart::told(page, all, figure));
    let failed = all.iter().filter(|c| c.mark == Mark::Failed).count() as f64;
    if failed > 0.0 {
        notes.push(format!("{} could not be simulated.", plural(failed, "combination")));
    }
    (sentence, notes)
}

/// Every row in words, in grid order.
fn combinations(page: &SweepPage) -> Vec<Combination> {
    let figure = &FIGURES[shown(page)];
    let best = page.table.best_first(&page.sort, page.descending).into_iter().find(|r| r.summary.is_some());
    let names: Vec<&str> = page.table.header.columns().collect();
    let base = map::command(&page.table.header.command);
    let of = |row| Combination { mark: apart::mark(page, row, best, figure), ..combination(row, &names, &base) };
    page.table.rows.iter().map(of).collect()
}

/// A row, not yet compared.
fn combination(row: &Row, names: &[&str], base: &str) -> Combination {
    let pick = |f: &Shown| row.summary.as_ref().and_then(|s| (f.pick)(s));
    let sets: Vec<String> =
        names.iter().zip(&row.values).map(|(n, v)| format!(" --set {}", text::quoted(&format!("{n}={v}")))).collect();
    Combination {
        row: row.row,
        settings: row.values.clone(),
        figures: FIGURES.iter().map(|f| text::mean(pick(f), f.number)).collect(),
        intervals: FIGURES.iter().map(|f| text::interval(pick(f), f.number)).collect(),
        mark: Mark::None,
        verdict: row.verdict.map_or("", finding::verdict),
        error: row.error.clone().unwrap_or_default(),
        command: format!("{base}{}", sets.concat()),
    }
}

/// What the script reads.
fn data(page: &SweepPage, all: &[Combination], axes: &[Axis]) -> io::Result<String> {
    #[derive(Serialize)]
    struct Data<'a> {
        columns: Vec<&'a str>,
        figures: Vec<&'static str>,
        figure: usize,
        axes: &'a [Axis],
        /// By figure, by row: how dark a cell is.
        levels: Vec<Vec<f64>>,
        rows: &'a [Combination],
    }
    json(&Data {
        columns: page.table.header.columns().collect(),
        figures: FIGURES.iter().map(|f| f.name).collect(),
        figure: shown(page),
        axes,
        levels: FIGURES.iter().map(|f| map::levels(page, f)).collect(),
        rows: all,
    })
}

/// The numbers behind the trade: the front alone, every row stands in the table of all.
pub(super) fn numbers(points: &[pareto::Point], names: &[String]) -> Numbers {
    let heads = std::iter::once("no.".to_owned()).chain(names.iter().cloned());
    let heads = heads.chain(["dropped".to_owned(), "rollout".to_owned()]).collect();
    let row = |p: &pareto::Point| {
        let all = std::iter::once(p.number.to_string()).chain(p.settings.iter().cloned());
        all.chain([p.dropped.clone(), p.rollout.clone()]).collect()
    };
    Numbers { heads, rows: points.iter().map(row).collect() }
}
