//! A recommendation, written.
//!
//! A new format is one file with a [`Format`] and one line in [`FORMATS`].

mod csv;
mod json;
mod markdown;
mod table;
pub(super) mod words;

use super::{Format, Settings, html};
use crate::study::result::recommendation::Recommendation;

/// A recommendation to be written.
#[derive(Clone, Debug)]
pub struct RecommendPage {
    /// What it comes to.
    pub recommendation: Recommendation,
    /// The settings as they stand, for commands to copy.
    pub settings: Settings,
}

/// Every format, the default first.
pub const FORMATS: [Format<RecommendPage>; 5] = [table::FORMAT, json::FORMAT, csv::FORMAT, markdown::FORMAT, HTML];

/// `--format html`: the page for a browser.
pub const HTML: Format<RecommendPage> = Format { name: "html", endings: &["html", "htm"], write: html::recommend };
