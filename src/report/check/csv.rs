//! A check as tidy rows: one a file and objective.

use std::io;

use super::CheckPage;
use crate::report::Format;

/// `--format csv`.
pub(super) const FORMAT: Format<CheckPage> = Format { name: "csv", endings: &["csv"], write };

fn write(page: &CheckPage, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "file",
        "objective",
        "limit",
        "deploys",
        "met",
        "share_lo",
        "share_hi",
        "worst",
        "verdict",
    ])?;
    for checked in &page.result.files {
        for f in &checked.objectives {
            writer.write_record([
                checked.file.clone(),
                f.objective.clone(),
                f.limit.clone(),
                f.deploys.to_string(),
                f.met.to_string(),
                f.share[0].to_string(),
                f.share[1].to_string(),
                f.worst.map(|w| w.to_string()).unwrap_or_default(),
                f.verdict.name().to_owned(),
            ])?;
        }
    }
    writer.flush()
}
