//! Findings for programs.

use std::io;

use serde::Serialize;

use super::{LintPage, Row};
use crate::report::Format;

/// `--format json`: schema `dryroll.lint/1`; one line.
pub(super) const FORMAT: Format<LintPage> = Format { name: "json", endings: &["json"], write };

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    findings: Vec<Row<'a>>,
}

fn write(page: &LintPage, out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document { schema: "dryroll.lint/1", findings: page.findings.iter().map(Row::of).collect() };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}
