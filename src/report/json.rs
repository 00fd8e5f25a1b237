//! The whole result, for programs.

use std::io;

use super::{Page, Report};

/// `--format json`: the interface's "The result", one line, numbers in their shortest exact form.
pub(super) struct Json;

impl Report for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn write(&self, page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, page.results)?;
        writeln!(out)
    }
}
