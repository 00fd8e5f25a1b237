//! The worst rollout for programs.

use std::io;

use serde::Serialize;

use super::WorstPage;
use crate::report::Format;
use crate::study::result::worst::Worst;

/// `--format json`: schema `dryroll.worst/1`; one line.
pub(super) const FORMAT: Format<WorstPage> = Format { name: "json", endings: &["json"], write };

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    worst: &'a Worst,
    replay: String,
}

fn write(page: &WorstPage, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Document { worst: &page.worst, replay: page.replay() })?;
    writeln!(out)
}
