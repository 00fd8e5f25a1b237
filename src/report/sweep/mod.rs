//! A sweep, written: tidy rows for programs, the best ones first for people.
//!
//! A new format is one file with a [`Format`] and one line in [`FORMATS`].

mod csv;
pub mod json;
mod markdown;
pub(super) mod rows;
mod table;

use crate::report::{Format, html};
use crate::study::result::table::Table;

/// A sweep to be written.
#[derive(Clone, Debug)]
pub struct SweepPage {
    /// What was swept, and its rows.
    pub table: Table,
    /// The figure by which tables for people are sorted.
    pub sort: String,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// Every format, the default on a terminal first.
pub const FORMATS: [Format<SweepPage>; 5] = [table::FORMAT, json::FORMAT, csv::FORMAT, markdown::FORMAT, HTML];

/// `--format html`: the page for a browser.
pub const HTML: Format<SweepPage> = Format { name: "html", endings: &["html", "htm"], write: html::sweep };
