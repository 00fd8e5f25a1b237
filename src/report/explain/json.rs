//! An explanation for programs.

use std::io;

use serde::Serialize;

use super::ExplainPage;
use crate::explain::Explanation;
use crate::report::Format;
use crate::study::result::counterfactual::Counterfactuals;

/// `--format json`: schema `dryroll.explanation/1`; one line.
pub(super) const FORMAT: Format<ExplainPage> = Format { name: "json", endings: &["json"], write };

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    explanation: &'a Explanation,
    #[serde(skip_serializing_if = "Option::is_none")]
    counterfactuals: Option<&'a Counterfactuals>,
}

fn write(page: &ExplainPage, out: &mut dyn io::Write) -> io::Result<()> {
    let document = Document {
        schema: "dryroll.explanation/1",
        explanation: &page.explanation,
        counterfactuals: page.counterfactuals.as_ref(),
    };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}
