//! A comparison as tidy rows: one a policy and figure.

use std::io;

use super::ComparePage;
use super::words::verdict;
use crate::report::Format;

/// `--format csv`.
pub(super) const FORMAT: Format<ComparePage> = Format { name: "csv", endings: &["csv"], write };

const COLUMNS: [&str; 13] = [
    "policy",
    "figure",
    "baseline",
    "value",
    "difference",
    "difference_lo",
    "difference_hi",
    "simultaneous_lo",
    "simultaneous_hi",
    "margin",
    "verdict",
    "seed",
    "replications",
];

fn write(page: &ComparePage, out: &mut dyn io::Write) -> io::Result<()> {
    let c = &page.comparison;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for policy in &c.policies {
        for f in &policy.figures {
            let ends = |interval: Option<[f64; 2]>| match interval {
                Some([lo, hi]) => [lo.to_string(), hi.to_string()],
                None => [String::new(), String::new()],
            };
            let [lo, hi] = ends(f.difference.ci95);
            let [wide_lo, wide_hi] = ends(f.difference.simultaneous);
            let word =
                if f.verdict == crate::stats::paired::Verdict::Undecided { "undecided" } else { verdict(f.verdict) };
            writer.write_record([
                policy.policy.clone(),
                f.measure.figure.clone(),
                f.baseline.to_string(),
                f.policy.to_string(),
                f.difference.mean.to_string(),
                lo,
                hi,
                wide_lo,
                wide_hi,
                f.margin.to_string(),
                word.to_owned(),
                c.seed.to_string(),
                c.replications.to_string(),
            ])?;
        }
    }
    writer.flush()
}
