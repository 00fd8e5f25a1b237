//! What a linter found, written: for people, for programs, for code review.
//!
//! A new format is one file with a [`Format`] and one line in [`FORMATS`].

mod json;
pub mod page;
mod sarif;
mod table;

use crate::lint::Finding;
use crate::report::Format;

/// What was found in all files, in their order.
#[derive(Clone, Debug)]
pub struct LintPage {
    /// Each with its place.
    pub findings: Vec<Finding>,
}

/// Every format, the default first.
pub const FORMATS: [Format<LintPage>; 3] = [table::FORMAT, json::FORMAT, sarif::FORMAT];
