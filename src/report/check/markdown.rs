//! A check for a pull request's comment or a job's summary: what changed, by how much, how sure, what to do.

use std::io;

use super::{CheckPage, sentence};
use crate::report::compare::{markdown_figures, sentence as difference};
use crate::report::markdown::escape;
use crate::report::terminal::proposals;
use crate::report::text::percent;
use crate::report::{Format, Page, answer, finding};
use crate::study::result::finding::{Finding, Verdict};

/// `--format markdown`.
pub(super) const FORMAT: Format<CheckPage> = Format { name: "markdown", endings: &["md", "markdown"], write };

fn write(page: &CheckPage, out: &mut dyn io::Write) -> io::Result<()> {
    for (checked, settings) in page.result.files.iter().zip(&page.settings) {
        let results = &checked.results;
        let mark = match checked.verdict() {
            Verdict::Holds => "✅",
            Verdict::Broken => "❌",
            Verdict::Undecided => "❔",
        };
        writeln!(out, "### {mark} {}: {}\n", escape(&results.scenario), sentence(checked))?;
        let forecast = Page::plain(results, settings);
        let answer = answer::answer(&forecast);
        writeln!(out, "{}\n", escape(&answer.sentence))?;
        if let Some(baseline) = page.result.baseline.as_ref().filter(|_| !checked.compared.is_empty()) {
            writeln!(out, "Against {}: {}.\n", escape(baseline), escape(&difference(&checked.compared)))?;
            markdown_figures(&checked.compared, "baseline", "this", out)?;
        }
        objectives(&checked.objectives, out)?;
        if checked.verdict() == Verdict::Broken {
            for (command, effect) in proposals(&forecast) {
                writeln!(out, "- {}: `{}`", escape(&effect), command.replace('`', "'"))?;
            }
            writeln!(out)?;
        }
        let [share, confidence] = checked.demand.map(|x| percent(x, x));
        writeln!(
            out,
            "<sub>{} simulated deploys, seed {}, digest {}. Holds: {confidence} sure that {share} of deploys meet it.</sub>\n",
            results.replications, results.seed, results.digest
        )?;
    }
    Ok(())
}

/// How each objective stands, and an empty line.
pub(in crate::report) fn objectives(findings: &[Finding], out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "| objective | limit | worst deploy | deploys that meet it | share of all | |")?;
    writeln!(out, "| --- | ---: | ---: | ---: | --- | --- |")?;
    for f in findings {
        let [lo, hi] = f.share.map(|s| percent(s, s));
        writeln!(
            out,
            "| {} | {} | {} | {} of {} | {lo} to {hi} | {} |",
            f.objective,
            escape(&f.limit),
            finding::worst(f),
            f.met,
            f.deploys,
            finding::verdict(f.verdict)
        )?;
    }
    writeln!(out)
}
