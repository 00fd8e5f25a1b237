//! What people are shown of a row: the settings, the figures that decide, and how sure they are.

use super::SweepPage;
use crate::report::finding;
use crate::report::text::{self, Format as Number, count, rate, seconds, times};
use crate::stats::paired::Kind;
use crate::study::result::finding::Verdict;
use crate::study::result::row::{DECIDING, Pick, Row};

/// Cells of a table, text by column; figures and their intervals stand apart, for who wants to align them.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The varied settings' values.
    pub(super) settings: Vec<String>,
    /// Figure and interval.
    pub(super) figures: Vec<(String, String)>,
    /// What the objectives amount to, and other words.
    pub(super) words: Vec<String>,
    /// What they amount to, for who wants to colour it.
    pub(super) verdict: Option<Verdict>,
}

/// A figure that decides between policies.
pub(in crate::report) struct Shown {
    /// What people call it.
    pub(in crate::report) name: &'static str,
    /// Its column in CSV.
    pub(in crate::report) column: &'static str,
    /// Takes it from a summary.
    pub(in crate::report) pick: Pick,
    /// How it is written.
    pub(in crate::report) number: Number,
    /// Whether the larger is the better one.
    pub(in crate::report) more_is_better: bool,
    /// Whether none seen may be a rare event, as where `compare` has it.
    pub(in crate::report) kind: Kind,
}

const fn less(name: &'static str, (column, pick): (&'static str, Pick), number: Number) -> Shown {
    Shown { name, column, pick, number, more_is_better: false, kind: Kind::Value }
}

const fn more(name: &'static str, of: (&'static str, Pick), number: Number) -> Shown {
    Shown { more_is_better: true, ..less(name, of, number) }
}

/// The figures that decide between policies.
pub(in crate::report) const FIGURES: [Shown; 6] = [
    Shown { kind: Kind::Count, ..less("dropped", DECIDING[0], count) },
    less("p99", DECIDING[1], seconds),
    Shown { kind: Kind::Count, ..less("reconnects", DECIDING[2], rate) },
    more("ready", DECIDING[3], count),
    more("capacity", DECIDING[4], times),
    less("rollout", DECIDING[5], seconds),
];

/// What the figures are called, and which words follow them.
pub(super) fn heads(page: &SweepPage) -> (Vec<String>, Vec<&'static str>, Vec<&'static str>) {
    let header = &page.table.header;
    let names: Vec<&str> = header.columns().collect();
    let words = [("deploys", adapts(page)), ("verdict", !header.objectives.is_empty())];
    let words = words.into_iter().filter(|w| w.1).map(|w| w.0).collect();
    (short_names(&names), FIGURES.iter().map(|f| f.name).collect(), words)
}

/// The last part of each path, where that says which is meant.
pub(in crate::report) fn short_names(names: &[&str]) -> Vec<String> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let short = |name: &&str| {
        let alone = names.iter().filter(|n| last(n) == last(name)).count() == 1;
        if alone { last(name) } else { (*name).to_owned() }
    };
    names.iter().map(short).collect()
}

/// Whether rows differ in their number of replications.
fn adapts(page: &SweepPage) -> bool {
    page.table.header.effort.looks_again()
}

/// A row for people.
pub(super) fn line(page: &SweepPage, row: &Row) -> Line {
    let figure = |shown: &Shown| match &row.summary {
        Some(summary) => {
            let figure = (shown.pick)(summary);
            (text::mean(figure, shown.number), text::interval(figure, shown.number))
        }
        None => (String::new(), String::new()),
    };
    let mut words = Vec::new();
    if let Some(error) = &row.error {
        words.push(error.lines().next().unwrap_or_default().to_owned());
    } else {
        if adapts(page) {
            words.push(row.replications.to_string());
        }
        words.extend(row.verdict.map(|v| finding::verdict(v).to_owned()));
    }
    Line { settings: row.values.clone(), figures: FIGURES.iter().map(figure).collect(), words, verdict: row.verdict }
}
