//! A check for programs.

use std::io;

use super::CheckPage;
use crate::report::Format;

/// `--format json`: schema `dryroll.check/1`; one line.
pub(super) const FORMAT: Format<CheckPage> = Format { name: "json", endings: &["json"], write };

fn write(page: &CheckPage, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &page.result)?;
    writeln!(out)
}
