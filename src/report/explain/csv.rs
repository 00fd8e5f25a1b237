//! Causes as tidy rows: where, and how many.

use std::io;

use super::ExplainPage;
use crate::report::Format;

/// `--format csv`: one row a cause and pod, and a cause and proxy.
pub(super) const FORMAT: Format<ExplainPage> = Format { name: "csv", endings: &["csv"], write };

const COLUMNS: [&str; 8] = ["cause", "at", "name", "dropped", "first", "last", "seed", "replication"];

fn write(page: &ExplainPage, out: &mut dyn io::Write) -> io::Result<()> {
    let e = &page.explanation;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for group in &e.causes {
        let pods = group.pods.iter().map(|tally| ("pod", tally));
        for (at, tally) in pods.chain(group.proxies.iter().map(|tally| ("proxy", tally))) {
            writer.write_record([
                group.cause,
                at,
                &tally.name,
                &tally.dropped.to_string(),
                &group.first.to_string(),
                &group.last.to_string(),
                &e.seed.to_string(),
                &e.replication.to_string(),
            ])?;
        }
    }
    writer.flush()
}
