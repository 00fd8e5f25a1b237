//! `dryroll lint`: rules that need no simulation.

use std::path::Path;

use super::args::Lint;
use super::output::Output;
use super::ui::Ui;
use super::{Failure, ending, exit, loading, table};
use crate::lint::{self, Finding, RULES};
use crate::report::lint::{FORMATS, LintPage, page};

pub(super) fn run(args: &Lint, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.as_deref();
    if args.explain.is_none() && !args.rules {
        ending::check(path, args.format.as_deref(), &ending::all(&FORMATS))?;
    }
    let output = Output::open(path).map_err(|e| table::cannot_write(path, &e))?;
    if let Some(rule) = args.explain.as_deref().and_then(lint::rule) {
        return explain(rule, output, path, ui);
    }
    if args.rules {
        return list(output, path, ui);
    }
    let findings = findings(args, ui);
    let format = table::format(&FORMATS, args.format.as_deref(), path, "table");
    let status = status(&findings, args.exit_zero);
    let page = LintPage { findings };
    table::write(format, &page, output, path, ui)?;
    Ok(status)
}

/// Prints the page of a rule.
pub(super) fn explain(rule: &lint::Rule, output: Output, path: Option<&Path>, ui: Ui) -> Result<u8, Failure> {
    table::finish(page::text(rule).as_bytes(), output, path, ui)?;
    Ok(exit::OK)
}

fn list(output: Output, path: Option<&Path>, ui: Ui) -> Result<u8, Failure> {
    let width = RULES.iter().map(|r| r.code.len()).max().unwrap_or(0);
    let lines: Vec<String> = RULES.iter().map(|r| format!("{:width$}  {}\n", r.code, r.summary)).collect();
    table::finish(lines.concat().as_bytes(), output, path, ui)?;
    Ok(exit::OK)
}

fn findings(args: &Lint, ui: Ui) -> Vec<Finding> {
    let mut all = Vec::new();
    for file in &args.files {
        let linted = lint::lint(&loading::request(file, &args.scenario));
        if let Some(diag) = &linted.passed_over {
            ui.remark(&format!("note: passed over {}: {}", file.display(), diag.message));
        }
        let kept = linted.findings.into_iter().filter(|f| f.is_error() || !args.allow.iter().any(|a| a == f.diag.code));
        all.extend(kept);
    }
    all
}

/// A file that cannot be read counts for more than any rule.
fn status(findings: &[Finding], exit_zero: bool) -> u8 {
    if findings.iter().any(Finding::is_error) {
        exit::USAGE
    } else if findings.is_empty() || exit_zero {
        exit::OK
    } else {
        exit::BROKEN
    }
}
