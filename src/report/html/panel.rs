//! One figure of a page: a plot, what it shows in words, its legend, and the numbers behind it.

use serde::Serialize;

use super::svg::{Plotted, escape};
use super::window::Window;
use crate::metrics::Results;
use crate::report::text::{self, Format, seconds};

/// Rows of a table behind a plot, at the most.
const TABLE_ROWS: usize = 120;

/// A figure, as the template takes it.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Panel {
    /// Begins every name inside it.
    pub(super) id: &'static str,
    pub(super) title: String,
    /// What the numbers are: `requests a second`.
    pub(super) unit: String,
    /// Of which deploys it is.
    pub(super) whose: String,
    /// What there is to see, in words.
    pub(super) finding: String,
    /// The plot: markup of our own, its text escaped.
    pub(super) svg: Plotted,
    /// What its vertical scale holds.
    #[serde(skip)]
    pub(super) reach: [f64; 2],
    pub(super) legend: Vec<Key>,
    pub(super) table: Table,
}

/// A series in a legend.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Key {
    /// The class of the elements that it switches.
    pub(super) series: String,
    pub(super) label: String,
    /// A sample of it: markup of our own.
    pub(super) swatch: String,
}

/// The numbers behind a plot.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Table {
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Key {
    /// A surface, filled as the series is.
    pub(super) fn filled(series: &str, label: &str, fill: &str) -> Self {
        let swatch =
            format!(r#"<svg width="18" height="12" aria-hidden="true"><path class="{fill}" d="M0 0h18v12H0z"/></svg>"#);
        Self { series: series.to_owned(), label: label.to_owned(), swatch }
    }

    /// A line, drawn as the series is.
    pub(super) fn line(series: &str, label: &str, class: &str) -> Self {
        let swatch =
            format!(r#"<svg width="22" height="12" aria-hidden="true"><path class="{class}" d="M0 6h22"/></svg>"#);
        Self { series: series.to_owned(), label: label.to_owned(), swatch }
    }
}

/// A series as the table and the readout have it.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) label: String,
    pub(super) format: Format,
    pub(super) values: Vec<Option<f64>>,
}

impl Series {
    pub(super) fn new(label: &str, format: Format, values: Vec<Option<f64>>) -> Self {
        Self { label: label.to_owned(), format, values }
    }

    /// The largest value with the moment of its bin.
    pub(super) fn most(&self, starts: &[f64]) -> Option<(f64, f64)> {
        let pairs = starts.iter().zip(&self.values).filter_map(|(&t, v)| Some((t, (*v)?)));
        pairs.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    /// A number of it, in words.
    pub(super) fn say(&self, value: Option<f64>) -> String {
        value.map_or_else(|| "–".to_owned(), |v| (self.format)(v, v))
    }
}

/// A moment of a forecast in words: `12 s after the deploy`; where there is none, `at 12 s`.
pub(super) fn when(results: &Results, t: f64) -> String {
    if results.is_steady() { format!("at {}", seconds(libm::round(t), t)) } else { moment(t) }
}

/// A moment of a deploy in words: `12 s after the deploy`.
pub(super) fn moment(t: f64) -> String {
    let t = libm::round(t);
    match t {
        0.0 => "as the deploy starts".to_owned(),
        t if t < 0.0 => format!("{} before the deploy", seconds(-t, t)),
        t => format!("{} after the deploy", seconds(t, t)),
    }
}

/// The table of some series; of many bins, every so many of them.
pub(super) fn table(window: &Window<'_>, series: &[&Series]) -> Table {
    let starts = window.starts();
    let every = starts.len().div_ceil(TABLE_ROWS).max(1);
    let heads = std::iter::once("time".to_owned()).chain(series.iter().map(|s| s.label.clone())).collect();
    let row = |(i, t): (usize, &f64)| {
        let cells = series.iter().map(|s| s.say(s.values.get(i).copied().flatten()));
        std::iter::once(text::seconds(*t, *t)).chain(cells).collect()
    };
    Table { heads, rows: starts.iter().enumerate().step_by(every).map(row).collect() }
}

/// Attributes of a path: its style, and the series that a legend switches it by.
pub(super) fn drawn(style: &str, series: &str) -> String {
    format!(r#"class="{} {}""#, escape(style), escape(series))
}
