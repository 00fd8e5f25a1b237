//! The whole result, for programs.

use std::io;

use serde::Serialize;

use super::{Page, Report};
use crate::metrics::Results;
use crate::study::result::finding::{Finding, Verdict, overall};

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
        match overall(page.findings.iter().map(|f| f.verdict)) {
            None => serde_json::to_writer(&mut *out, page.results)?,
            Some(verdict) => {
                let held = Held { results: page.results, verdict, objectives: page.findings };
                serde_json::to_writer(&mut *out, &held)?;
            }
        }
        writeln!(out)
    }
}

/// A result that was held to objectives, which a `dryroll.check/1` has under the same names.
#[derive(Serialize)]
struct Held<'a> {
    #[serde(flatten)]
    results: &'a Results,
    verdict: Verdict,
    objectives: &'a [Finding],
}
