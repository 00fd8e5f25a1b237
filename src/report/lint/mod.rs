//! What a linter found, written: for people, for programs, for code review.
//!
//! A new format is one file with a [`Format`] and one line in [`FORMATS`].

mod csv;
mod json;
mod markdown;
pub mod page;
mod sarif;
mod table;

use serde::Serialize;

use crate::lint::Finding;
use crate::report::Format;

/// What was found in all files, in their order.
#[derive(Clone, Debug)]
pub struct LintPage {
    /// Each with its place.
    pub findings: Vec<Finding>,
}

/// Every format, the default first.
pub const FORMATS: [Format<LintPage>; 5] = [table::FORMAT, json::FORMAT, csv::FORMAT, markdown::FORMAT, sarif::FORMAT];

/// One finding for programs. Line and column from 1; 0 where it is about the whole file.
#[derive(Serialize)]
struct Row<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    path: &'a str,
    label: &'a str,
    help: Option<&'a str>,
    incident: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding) -> Self {
        let diag = &finding.diag;
        Self {
            code: diag.code,
            severity: if finding.is_error() { "error" } else { "warning" },
            message: &diag.message,
            file: &diag.file,
            line: diag.line,
            column: diag.column,
            path: &diag.path,
            label: &diag.label,
            help: diag.help.as_deref(),
            incident: finding.rule.map(|r| r.incident),
        }
    }
}
