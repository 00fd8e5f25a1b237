//! A check, written: for people, for pull requests, for the machines of a CI.
//!
//! A new format is one file with a [`Format`] and one line in [`FORMATS`].

pub mod annotations;
mod csv;
mod json;
mod junit;
mod markdown;
mod table;

pub(in crate::report) use markdown::objectives as markdown_objectives;
pub(in crate::report) use table::objectives;

use crate::report::{Format, Settings};
use crate::study::result::check::{CheckResult, Checked};
use crate::study::result::finding::Verdict;

/// A check to be written.
#[derive(Clone, Debug)]
pub struct CheckPage {
    /// What became of the files.
    pub result: CheckResult,
    /// The settings of each file, for what to do about it.
    pub settings: Vec<Settings>,
}

/// Every format, the default first.
pub const FORMATS: [Format<CheckPage>; 5] = [table::FORMAT, json::FORMAT, csv::FORMAT, markdown::FORMAT, junit::FORMAT];

/// The format for a pull request.
pub const MARKDOWN: &Format<CheckPage> = &FORMATS[3];
/// The format for a CI's list of tests.
pub const JUNIT: &Format<CheckPage> = &FORMATS[4];

/// What a file amounts to, in a sentence.
fn sentence(checked: &Checked) -> &'static str {
    match checked.verdict() {
        Verdict::Holds => "holds",
        Verdict::Broken => "broken",
        Verdict::Undecided => "can't tell at this many replications",
    }
}
