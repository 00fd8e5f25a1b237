//! A recommendation for programs.

use std::io;

use super::RecommendPage;
use crate::report::Format;

/// `--format json`: schema `dryroll.recommendation/1`; one line.
pub(super) const FORMAT: Format<RecommendPage> = Format { name: "json", endings: &["json"], write };

fn write(page: &RecommendPage, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &page.recommendation)?;
    writeln!(out)
}
