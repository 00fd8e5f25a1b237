//! An explanation for programs.

use std::io;

use serde::Serialize;

use super::ExplainPage;
use crate::explain::Explanation;
use crate::report::Format;

/// `--format json`: schema `dryroll.explanation/1`; one line.
pub(super) const FORMAT: Format<ExplainPage> = Format { name: "json", endings: &["json"], write };

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    explanation: &'a Explanation,
}

fn write(page: &ExplainPage, out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document { schema: "dryroll.explanation/1", explanation: &page.explanation };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}
