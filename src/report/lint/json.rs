//! Findings for programs.

use std::io;

use serde::Serialize;

use super::LintPage;
use crate::lint::Finding;
use crate::report::Format;

/// `--format json`: schema `dryroll.lint/1`; one line.
pub(super) const FORMAT: Format<LintPage> = Format { name: "json", endings: &["json"], write };

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    findings: Vec<Row<'a>>,
}

/// One finding. Line and column from 1; 0 where it is about the whole file.
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

fn row(finding: &Finding) -> Row<'_> {
    let diag = &finding.diag;
    Row {
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

fn write(page: &LintPage, out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document { schema: "dryroll.lint/1", findings: page.findings.iter().map(row).collect() };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}
