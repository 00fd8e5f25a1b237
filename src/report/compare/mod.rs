//! Policies beside a baseline, written.
//!
//! A new format is one file with a [`Format`] and one line in [`FORMATS`].

mod csv;
mod json;
mod markdown;
mod table;
pub(super) mod words;

use crate::metrics::scene::Scene;
use crate::report::{Format, Settings, html};
use crate::study::result::comparison::Comparison;

pub(super) use markdown::figures as markdown_figures;
pub(super) use table::lines;
pub(super) use words::{figure_sentence, sentence};

/// A comparison to be written.
#[derive(Clone, Debug)]
pub struct ComparePage {
    /// What it comes to.
    pub comparison: Comparison,
    /// What a page says of each policy beside its result, the baseline's first; empty where only the result was kept.
    pub sides: Vec<Side>,
}

/// A policy as its page has it.
#[derive(Clone, Debug)]
pub struct Side {
    /// What its scenario says.
    pub settings: Settings,
    /// Its first replication, watched closely.
    pub scene: Scene,
}

/// Every format, the default first.
pub const FORMATS: [Format<ComparePage>; 5] = [table::FORMAT, json::FORMAT, csv::FORMAT, markdown::FORMAT, HTML];

/// `--format html`: the page for a browser.
pub const HTML: Format<ComparePage> = Format { name: "html", endings: &["html", "htm"], write: html::compare };

/// Whether a format has a place for [`Comparison::results`] and where policies part.
pub fn is_whole(format: &Format<ComparePage>) -> bool {
    [json::FORMAT.name, HTML.name].contains(&format.name)
}
