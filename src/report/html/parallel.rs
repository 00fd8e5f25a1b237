//! Every combination as a line through all that varies, to what comes of it: which settings the good ones have in common.

use std::fmt::Write as _;

use super::apart::Mark;
use super::panel::{Key, Panel, drawn};
use super::svg::{Axis, Plot, n};
use super::sweep::Combination;
use crate::report::sweep::SweepPage;
use crate::report::sweep::rows::{FIGURES, Shown, short_names};
use crate::report::text::plural;

/// Where the axes end, room above them and below.
const HEIGHT: f64 = 260.0;
const TOP: f64 = 26.0;
const BELOW: f64 = 58.0;
/// Names stand in two rows, by turns: each has the room of two axes. So far below the plot is the first, and the second below that.
const NAMES: f64 = 32.0;
const ROW: f64 = 17.0;
/// So far beyond the ends of an axis its first and last label stand, clear of the lines that fan out from there.
const CLEAR: f64 = 10.0;
/// Room beside the first and the last axis for their labels, as a share of the width.
const SIDE: f64 = 0.07;
/// Values up to which each of an axis is labelled.
const LABELS: usize = 8;

/// Lines by what they are drawn as: the last lies on top.
const LOOKS: [(Mark, &str, &str); 6] = [
    (Mark::Failed, "could not be simulated", "thread thin muted dash"),
    (Mark::Broken, "an objective is broken", "thread thin vermillion dash"),
    (Mark::None, "worse", "thread thin muted"),
    (Mark::Unsure, "worse, but not surely", "thread thin purple"),
    (Mark::Like, "can't be told apart from the best", "thread orange"),
    (Mark::Best, "the best", "thread thick blue"),
];

/// One of the axes.
struct Line {
    name: String,
    /// Where each row crosses it, from 0 at the bottom to 1; `None` where nothing was measured.
    at: Vec<Option<f64>>,
    /// Its labels and where they stand.
    labels: Vec<(f64, String)>,
}

/// The picture; `None` where there are fewer than two axes or rows.
pub(super) fn parallel(page: &SweepPage, all: &[Combination]) -> Option<Panel> {
    let names: Vec<&str> = page.table.header.columns().collect();
    let names = short_names(&names);
    let varied = names.iter().enumerate().filter_map(|(c, name)| setting(name, c, all));
    let mut lines: Vec<Line> = varied.collect();
    if lines.len() < 2 || all.len() < 2 {
        return None;
    }
    lines.extend([0, FIGURES.len() - 1].into_iter().filter_map(|f| figure(page, &FIGURES[f])));
    let mut plot = Plot::new("parallel", "", Axis { start: 0.0, end: 1.0 }, TOP + HEIGHT + BELOW).untimed();
    let x = |i: usize| SIDE + (1.0 - 2.0 * SIDE) * i as f64 / (lines.len() - 1) as f64;
    let y = |share: f64| TOP + HEIGHT * (1.0 - share);
    let mut legend = Vec::new();
    for (mark, label, style) in LOOKS {
        let rows: Vec<usize> = (0..all.len()).filter(|&r| all[r].mark == mark).collect();
        let series = format!("parallel-{}", legend.len());
        let path: String = rows.iter().map(|&r| through(&lines, r, x, y)).collect();
        if !path.is_empty() {
            plot.path(&drawn(&format!("line {style}"), &series), &path);
            legend.push(Key::line(&series, &format!("{label} ({})", rows.len()), &format!("line {style}")));
        }
    }
    let mut rules = String::new();
    for (i, line) in lines.iter().enumerate() {
        let _ = write!(rules, "M{} {}V{}", n(x(i) * 1000.0), n(TOP), n(TOP + HEIGHT));
        plot.text("l", x(i), TOP + HEIGHT + NAMES + ROW * (i % 2) as f64, &line.name);
        for (at, label) in &line.labels {
            // Beside its axis, and of the last on the side where there is room.
            let clear = match *at {
                0.0 => CLEAR,
                1.0 => -CLEAR,
                _ => 0.0,
            };
            plot.beside("tick", x(i), y(*at) + clear, i + 1 == lines.len(), label);
        }
    }
    plot.path(&drawn("line thin plain", "parallel-axes"), &rules);
    let finding = format!(
        "{} – follow the lines of the best from its outcome back to its settings.",
        plural(all.len() as f64, "combination")
    );
    Some(Panel {
        id: "parallel",
        title: "All combinations as lines".to_owned(),
        unit: "one axis a setting, and at the right what comes of it".to_owned(),
        whose: "one line a combination".to_owned(),
        svg: plot.finish("All combinations as lines", &finding),
        finding,
        legend,
        ..Panel::default()
    })
}

/// The line of one row; broken where something was not measured.
fn through(lines: &[Line], row: usize, x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut pen = false;
    for (i, line) in lines.iter().enumerate() {
        match line.at[row] {
            None => pen = false,
            Some(at) => {
                let _ = write!(path, "{}{} {}", if pen { "L" } else { "M" }, n(x(i) * 1000.0), n(y(at)));
                pen = true;
            }
        }
    }
    path
}

/// A setting, its values at equal distances in their order; `None` where it has but one.
fn setting(name: &str, column: usize, all: &[Combination]) -> Option<Line> {
    let mut values: Vec<&str> = Vec::new();
    for c in all {
        let value = c.settings.get(column)?.as_str();
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.iter().all(|v| number(v).is_some()) {
        values.sort_by(|a, b| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)));
    }
    let last = values.len().checked_sub(1).filter(|&l| l > 0)?;
    let share = |i: usize| i as f64 / last as f64;
    let at = all.iter().map(|c| values.iter().position(|v| *v == c.settings[column]).map(share)).collect();
    let shown = |i: &usize| values.len() <= LABELS || *i == 0 || *i == last;
    let labels = (0..values.len()).filter(shown).map(|i| (share(i), values[i].to_owned())).collect();
    Some(Line { name: name.to_owned(), at, labels })
}

/// A value's number, where it is one with one unit: `250ms`, `25%`, `3`.
fn number(value: &str) -> Option<f64> {
    let digits = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    let scale = match &value[digits..] {
        "" | "%" | "s" | "/s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" => 1e-6,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    value[..digits].parse::<f64>().ok().map(|v| v * scale)
}

/// A figure, from its least to its greatest; `None` where it was never measured.
fn figure(page: &SweepPage, shown: &Shown) -> Option<Line> {
    let values: Vec<Option<f64>> =
        page.table.rows.iter().map(|r| r.summary.as_ref().and_then(|s| (shown.pick)(s)).map(|f| f.mean)).collect();
    let (least, most) =
        values.iter().flatten().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), v| (l.min(*v), m.max(*v)));
    if least > most {
        return None;
    }
    let span = (most - least).max(f64::MIN_POSITIVE);
    let at = values.iter().map(|v| v.map(|v| (v - least) / span)).collect();
    let mut labels = vec![(0.0, (shown.number)(least, most))];
    if most > least {
        labels.push((1.0, (shown.number)(most, most)));
    }
    Some(Line { name: shown.name.to_owned(), at, labels })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_the_order_of_their_size() {
        assert_eq!(
            ["250ms", "2s", "25%", "3", "1m"].map(number),
            [Some(0.25), Some(2.0), Some(25.0), Some(3.0), Some(60.0)]
        );
        assert_eq!([number("p2c"), number("1h30m"), number("")], [None, None, None]);
    }
}
