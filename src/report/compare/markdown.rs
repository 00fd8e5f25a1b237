//! A comparison for a pull request.

use std::io;

use super::ComparePage;
use super::words::{sentence, words};
use crate::report::Format;
use crate::report::markdown::escape;
use crate::report::text::{percent, plural};
use crate::study::result::comparison::Compared;

/// `--format markdown`.
pub(super) const FORMAT: Format<ComparePage> = Format { name: "markdown", endings: &["md", "markdown"], write };

fn write(page: &ComparePage, out: &mut dyn io::Write) -> io::Result<()> {
    let c = &page.comparison;
    for policy in &c.policies {
        writeln!(out, "### {} against {}\n", escape(&policy.policy), escape(&c.baseline))?;
        writeln!(out, "**{}**\n", escape(&sentence(&policy.figures)))?;
        figures(&policy.figures, &c.baseline, &policy.policy, out)?;
    }
    writeln!(
        out,
        "{} of each on the same traffic, seed {}. The interval holds the mean difference per deploy with 95 % confidence; \
         verdicts allow for {} made at once; the same: surely less than {} of the baseline apart.",
        plural(f64::from(c.replications), "simulated deploy"),
        c.seed,
        plural(c.comparisons as f64, "statement"),
        percent(c.margin, c.margin)
    )
}

/// The figures of one policy beside the baseline's.
pub(in crate::report) fn figures(
    figures: &[Compared],
    baseline: &str,
    policy: &str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    writeln!(out, "| per deploy | {} | {} | difference | verdict |", escape(baseline), escape(policy))?;
    writeln!(out, "| --- | ---: | ---: | --- | --- |")?;
    for compared in figures {
        let w = words(compared);
        let gap = if w.interval.is_empty() { "" } else { " " };
        let difference = escape(&format!("{}{gap}{}", w.difference, w.interval));
        writeln!(out, "| {} | {} | {} | {difference} | {} |", escape(&w.figure), w.baseline, w.policy, w.verdict)?;
    }
    writeln!(out)
}
