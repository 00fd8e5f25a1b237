//! The summary as one tidy row, for spreadsheets and data frames.

use std::io;

use super::{Page, Report};
use crate::metrics::Figure;
use crate::study::result::finding::overall;

/// `--format csv`: a header and one row. Each figure takes three columns, `x`, `x_lo` and `x_hi` (mean and 95 %
/// interval), in the summary's order; then `complete`, `recovered`, `seed`, `replications`; where objectives were
/// held, `verdict` and a `verdict_x` of each. Empty where there is no figure or no interval.
pub(super) struct Csv;

impl Report for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn write(&self, page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let results = page.results;
        let mut header = Vec::new();
        let mut row = Vec::new();
        for (name, figure) in results.summary.columns() {
            header.extend([name.clone(), format!("{name}_lo"), format!("{name}_hi")]);
            row.extend(cells(figure));
        }
        header.extend(["complete", "recovered", "seed", "replications"].map(str::to_owned));
        row.extend([
            results.summary.rollout.complete.map(|c| c.to_string()).unwrap_or_default(),
            results.summary.recovery.recovered.map(|r| r.to_string()).unwrap_or_default(),
            results.seed.to_string(),
            results.replications.to_string(),
        ]);
        if let Some(verdict) = overall(page.findings.iter().map(|f| f.verdict)) {
            header.push("verdict".to_owned());
            row.push(verdict.name().to_owned());
        }
        for f in page.findings {
            header.push(format!("verdict_{}", f.objective));
            row.push(f.verdict.name().to_owned());
        }
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(&header)?;
        writer.write_record(&row)?;
        writer.flush()
    }
}

/// Mean, lower and upper end.
pub(super) fn cells(figure: Figure) -> [String; 3] {
    let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    let ci = figure.and_then(|f| f.ci95);
    [number(figure.map(|f| f.mean)), number(ci.map(|c| c[0])), number(ci.map(|c| c[1]))]
}
