//! Findings for a pull request.

use std::io;

use super::LintPage;
use crate::report::Format;
use crate::report::markdown::escape;

/// `--format markdown`.
pub(super) const FORMAT: Format<LintPage> = Format { name: "markdown", endings: &["md", "markdown"], write };

fn write(page: &LintPage, out: &mut dyn io::Write) -> io::Result<()> {
    if page.findings.is_empty() {
        return writeln!(out, "**No findings.**");
    }
    writeln!(out, "| where | finding | what to do |\n| --- | --- | --- |")?;
    for finding in &page.findings {
        let diag = &finding.diag;
        let place = if diag.line > 0 { format!("{}:{}", diag.file, diag.line) } else { diag.file.clone() };
        let help = diag.help.as_deref().unwrap_or_default();
        writeln!(out, "| {} | `{}`: {} | {} |", escape(&place), diag.code, escape(&diag.message), escape(help))?;
    }
    Ok(())
}
