//! Tidy rows, one a combination, or one a replication.

use std::io;

use super::SweepPage;
use crate::metrics::Figure;
use crate::metrics::summary::Summary;
use crate::report::{Format, csv::cells};
use crate::study::result::header::Header;
use crate::study::result::row::Row;

/// `--format csv`: the varied settings, then the summary's figures (mean and both ends of the interval), then how the row
/// came about. Where each replication has a row of its own, figures have no interval.
pub(super) const FORMAT: Format<SweepPage> = Format { name: "csv", endings: &["csv"], write };

fn write(page: &SweepPage, out: &mut dyn io::Write) -> io::Result<()> {
    let header = &page.table.header;
    // Every row has the same columns, so that they are known even where no row could be simulated.
    let figures = Summary::column_names();
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(names(header, &figures))?;
    for row in &page.table.rows {
        if header.each && row.error.is_none() {
            for (k, summary) in row.each.iter().enumerate() {
                writer.write_record(record(header, row, Some(k), Some(summary), figures.len()))?;
            }
        } else {
            let summary = row.summary.as_ref();
            writer.write_record(record(header, row, None, summary, figures.len()))?;
        }
    }
    writer.flush()
}

fn names(header: &Header, figures: &[String]) -> Vec<String> {
    let mut names: Vec<String> = header.columns().map(str::to_owned).collect();
    if header.each {
        names.push("replication".to_owned());
        names.extend(figures.iter().cloned());
    } else {
        names.extend(figures.iter().flat_map(|f| [f.clone(), format!("{f}_lo"), format!("{f}_hi")]));
    }
    names.extend(["complete", "recovered", "seed", "replications", "stopped", "verdict"].map(str::to_owned));
    names.extend(header.objectives.iter().map(|(name, _)| format!("verdict_{name}")));
    names.push("error".to_owned());
    names
}

fn record(header: &Header, row: &Row, replication: Option<usize>, summary: Option<&Summary>, n: usize) -> Vec<String> {
    let mut record = row.values.clone();
    if header.each {
        // From 1, as `explain --replication` counts them.
        record.push(replication.map(|k| (k + 1).to_string()).unwrap_or_default());
    }
    let figures: Vec<Figure> = match summary {
        Some(summary) => summary.columns().into_iter().map(|c| c.1).collect(),
        None => vec![None; n],
    };
    for figure in figures {
        let [mean, lo, hi] = cells(figure);
        if header.each { record.push(mean) } else { record.extend([mean, lo, hi]) }
    }
    let yes = |b: Option<bool>| b.map(|b| b.to_string()).unwrap_or_default();
    record.extend([
        yes(summary.and_then(|s| s.rollout.complete)),
        yes(summary.and_then(|s| s.recovery.recovered)),
        header.seed.to_string(),
        row.replications.to_string(),
        row.stopped.name().to_owned(),
        row.verdict.map(|v| v.name().to_owned()).unwrap_or_default(),
    ]);
    for (name, _) in &header.objectives {
        let finding = row.objectives.iter().find(|f| f.objective == *name);
        record.push(finding.map(|f| f.verdict.name().to_owned()).unwrap_or_default());
    }
    record.push(row.error.clone().unwrap_or_default());
    record
}
