//! Findings on a terminal, in the compiler's look.

use std::io;

use super::LintPage;
use crate::report::Format;

/// `--format table`: nothing where nothing was found.
pub(super) const FORMAT: Format<LintPage> = Format { name: "table", endings: &["txt"], write };

fn write(page: &LintPage, out: &mut dyn io::Write) -> io::Result<()> {
    for finding in &page.findings {
        writeln!(out, "{}\n", finding.diag.render(true))?;
    }
    Ok(())
}
