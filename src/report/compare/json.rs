//! A comparison for programs.

use std::io;

use super::ComparePage;
use crate::report::Format;

/// `--format json`: schema `dryroll.comparison/1`; one line.
pub(super) const FORMAT: Format<ComparePage> = Format { name: "json", endings: &["json"], write };

fn write(page: &ComparePage, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &page.comparison)?;
    writeln!(out)
}
