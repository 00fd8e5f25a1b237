//! A recommendation, written.
//!
//! A new format is one file with a [`Format`] and one line in [`FORMATS`].

mod csv;
mod json;
mod markdown;
mod table;
mod words;

use super::{Format, Settings};
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
pub const FORMATS: [Format<RecommendPage>; 4] = [table::FORMAT, json::FORMAT, csv::FORMAT, markdown::FORMAT];
