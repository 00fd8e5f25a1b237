//! Policies beside a baseline, written.
//!
//! A new format is one file with a [`Format`] and one line in [`FORMATS`].

mod csv;
mod json;
mod markdown;
mod table;
mod words;

use crate::report::Format;
use crate::study::result::comparison::Comparison;

pub(super) use markdown::figures as markdown_figures;
pub(super) use table::lines;
pub(super) use words::{figure_sentence, sentence};

/// A comparison to be written.
#[derive(Clone, Debug)]
pub struct ComparePage {
    /// What it comes to.
    pub comparison: Comparison,
}

/// Every format, the default first.
pub const FORMATS: [Format<ComparePage>; 4] = [table::FORMAT, json::FORMAT, csv::FORMAT, markdown::FORMAT];
