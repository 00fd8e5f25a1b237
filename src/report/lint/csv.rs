//! Findings as tidy rows.

use std::io;

use super::{LintPage, Row};
use crate::report::Format;

/// `--format csv`: one row a finding, the columns those of `--format json`.
pub(super) const FORMAT: Format<LintPage> = Format { name: "csv", endings: &["csv"], write };

const COLUMNS: [&str; 10] =
    ["code", "severity", "message", "file", "line", "column", "path", "label", "help", "incident"];

fn write(page: &LintPage, out: &mut dyn io::Write) -> io::Result<()> {
    // Without a finding there is a header all the same.
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    writer.write_record(COLUMNS)?;
    for finding in &page.findings {
        writer.serialize(Row::of(finding))?;
    }
    writer.flush()
}
