//! A grid of combinations as maps over two axes, one for each setting of the others.

use serde::Serialize;

use super::apart::Mark;
use super::picture::Picture;
use super::svg::{Plot, Plotted, n};
use super::sweep::Combination;
use crate::report::sweep::SweepPage;
use crate::report::sweep::rows::Shown;

/// Steps of an axis up to which a map can be read, and maps on a page at the most.
const STEPS: usize = 40;
const SLICES: usize = 60;
/// How opaque the darkest cell is: what is written on it keeps its contrast.
const HEAT: f64 = 0.62;

/// Fields that change together, with the values that they take in the rows.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Axis {
    name: String,
    values: Vec<String>,
    /// By row: which value it has.
    steps: Vec<usize>,
}

/// A map for one setting of the axes that it does not show.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Slice {
    caption: String,
    across: String,
    down: String,
    heads: Vec<String>,
    rows: Vec<Line>,
}

/// A line of a map.
#[derive(Clone, Debug, Serialize)]
struct Line {
    head: String,
    cells: Vec<Option<Cell>>,
}

/// A combination in a map.
#[derive(Clone, Debug, Serialize)]
struct Cell {
    row: u64,
    text: String,
    level: f64,
    mark: Mark,
}

/// The axes that have more than one value, those first that matter most to a figure. None for a sample, whose rows are no grid.
pub(super) fn axes(page: &SweepPage, figure: usize) -> Vec<Axis> {
    let header = &page.table.header;
    if header.sample.is_some() {
        return Vec::new();
    }
    let levels = levels(page, &crate::report::sweep::rows::FIGURES[figure]);
    let mut first = 0;
    let mut axes: Vec<Axis> = header
        .axes
        .iter()
        .map(|head| {
            let columns = first..first + head.names.len();
            first = columns.end;
            let mut axis = Axis { name: head.names.join(", "), values: Vec::new(), steps: Vec::new() };
            for row in &page.table.rows {
                let value = row.values.get(columns.clone()).unwrap_or_default().join(", ");
                let step = axis.values.iter().position(|v| *v == value).unwrap_or_else(|| {
                    axis.values.push(value);
                    axis.values.len() - 1
                });
                axis.steps.push(step);
            }
            axis
        })
        .collect();
    axes.retain(|a| a.values.len() > 1);
    if axes.is_empty() || axes.iter().any(|a| a.values.len() > STEPS) {
        return Vec::new();
    }
    axes.sort_by(|a, b| effect(b, &levels).total_cmp(&effect(a, &levels)));
    axes
}

/// How far the mean level differs between the values of an axis.
fn effect(axis: &Axis, levels: &[f64]) -> f64 {
    let mean = |step: usize| {
        let of: Vec<f64> = axis.steps.iter().zip(levels).filter(|(s, _)| **s == step).map(|(_, l)| *l).collect();
        of.iter().sum::<f64>() / of.len().max(1) as f64
    };
    let means: Vec<f64> = (0..axis.values.len()).map(mean).collect();
    means.iter().copied().fold(f64::MIN, f64::max) - means.iter().copied().fold(f64::MAX, f64::min)
}

/// How dark each row is for a figure, from 0, the best, to 1, the worst.
pub(super) fn levels(page: &SweepPage, figure: &Shown) -> Vec<f64> {
    let mean =
        |row: &crate::study::result::row::Row| row.summary.as_ref().and_then(|s| (figure.pick)(s)).map(|f| f.mean);
    let means: Vec<Option<f64>> = page.table.rows.iter().map(mean).collect();
    let known = || means.iter().flatten().copied();
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let level = |value: Option<f64>| {
        let share = value.map_or(0.0, |v| if most > least { (v - least) / (most - least) } else { 0.0 });
        let share = if figure.more_is_better { 1.0 - share } else { share };
        // The square root tells small values apart; two digits are more than an eye can.
        libm::round(libm::sqrt(share.max(0.0)) * 100.0) / 100.0
    };
    means.into_iter().map(level).collect()
}

/// The maps over the first two axes.
pub(super) fn slices(page: &SweepPage, all: &[Combination], axes: &[Axis], figure: usize) -> Vec<Slice> {
    let Some(down) = axes.first() else { return Vec::new() };
    let across = axes.get(1);
    let others = axes.get(2..).unwrap_or_default();
    let levels = levels(page, &crate::report::sweep::rows::FIGURES[figure]);
    let mut keys: Vec<Vec<usize>> = Vec::new();
    for row in 0..all.len() {
        let key: Vec<usize> = others.iter().map(|a| a.steps[row]).collect();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.sort();
    let slice = |key: &Vec<usize>| {
        let cell = |d: usize, a: usize| {
            let here = |&row: &usize| {
                down.steps[row] == d
                    && across.is_none_or(|x| x.steps[row] == a)
                    && others.iter().zip(key).all(|(o, k)| o.steps[row] == *k)
            };
            let row = (0..all.len()).find(here)?;
            let c = &all[row];
            Some(Cell { row: c.row, text: c.figures[figure].clone(), level: levels[row], mark: c.mark })
        };
        let heads = across.map_or_else(|| vec![String::new()], |a| a.values.clone());
        let line = |(d, head): (usize, &String)| Line {
            head: head.clone(),
            cells: (0..heads.len()).map(|a| cell(d, a)).collect(),
        };
        let fixed: Vec<String> = others.iter().zip(key).map(|(o, k)| format!("{} {}", o.name, o.values[*k])).collect();
        Slice {
            caption: fixed.join(" · "),
            across: across.map(|a| a.name.clone()).unwrap_or_default(),
            down: down.name.clone(),
            rows: down.values.iter().enumerate().map(line).collect(),
            heads,
        }
    };
    keys.iter().take(SLICES).map(slice).collect()
}

/// Height of a line of a map in a picture, and of its heading.
const LINE: f64 = 28.0;

/// The maps by themselves, one below the other.
pub(super) fn picture(slices: &[Slice], figure: &str, of: &str) -> Picture {
    let first = &slices[0];
    let by = if first.across.is_empty() {
        format!("{} downwards", first.down)
    } else {
        format!("{} downwards, {} to the right", first.down, first.across)
    };
    let unit = format!(
        "mean per deploy; {by}; the darker, the worse; ★ the best, ≈ cannot be told from it, ? worse, but not surely, ✗ broken"
    );
    let plots = slices.iter().map(|s| (s.caption.clone(), drawn(s, figure))).collect();
    Picture::beside(format!("{figure} – {of}"), unit, Vec::new(), plots)
}

/// One map: a cell a combination, its darkness its level.
fn drawn(slice: &Slice, figure: &str) -> Plotted {
    let across = slice.heads.len() as f64;
    let height = LINE * (slice.rows.len() + 1) as f64;
    let axis = super::svg::Axis { start: 0.0, end: across };
    let mut plot = Plot::new("map", "", axis, height).untimed();
    for (a, head) in slice.heads.iter().enumerate() {
        plot.text("x", a as f64 + 0.5, LINE - 9.0, head);
    }
    for (d, line) in slice.rows.iter().enumerate() {
        let y = LINE * (d + 1) as f64;
        plot.side(y + LINE / 2.0, &line.head);
        for (a, cell) in line.cells.iter().enumerate() {
            let Some(cell) = cell else { continue };
            let (left, right) = (axis.x(a as f64), axis.x(a as f64 + 1.0));
            let d = format!("M{} {}H{}v{}H{}z", n(left), n(y), n(right), n(LINE), n(left));
            plot.path(&format!(r#"class="cell" fill-opacity="{:.2}""#, cell.level * HEAT), &d);
            let mark = match cell.mark {
                Mark::Best => " ★",
                Mark::Like => " ≈",
                Mark::Unsure => " ?",
                Mark::Broken => " ✗",
                Mark::Failed | Mark::None => "",
            };
            let text = if cell.mark == Mark::Failed { "–" } else { &cell.text };
            plot.text("l", a as f64 + 0.5, y + LINE / 2.0 + 4.0, &format!("{text}{mark}"));
        }
    }
    plot.finish(&format!("{figure} {}", slice.caption), &format!("{figure} by {} and {}", slice.down, slice.across))
}

/// The command that plays one combination of a sweep, without its settings.
pub(super) fn command(sweep: &str) -> String {
    let until = [" --vary ", " --sample "].iter().filter_map(|o| sweep.find(o)).min().unwrap_or(sweep.len());
    sweep[..until]
        .strip_prefix("dryroll sweep ")
        .map_or_else(|| "dryroll run FILE".to_owned(), |rest| format!("dryroll run {rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_combination_is_played_by_run() {
        let sweep = "dryroll sweep a.yaml --set preStop=5s --vary maxSurge=1,2 --sample 9";
        assert_eq!(command(sweep), "dryroll run a.yaml --set preStop=5s");
        assert_eq!(command("dryroll sweep a.yaml"), "dryroll run a.yaml");
        assert_eq!(command(""), "dryroll run FILE");
    }
}
