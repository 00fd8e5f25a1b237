//! A check on a terminal.

use std::io;

use super::{CheckPage, sentence};
use crate::report::compare::lines as compared_lines;
use crate::report::finding;
use crate::report::grid::{self, Cell, paint};
use crate::report::style::{BAD, BOLD, DIM, GOOD, width};
use crate::report::terminal::proposals;
use crate::report::text::{count, percent, wrap};
use crate::report::{Format, Page};
use crate::study::result::check::Checked;
use crate::study::result::effort::Stopped;
use crate::study::result::finding::{Finding, Verdict};

/// `--format table`.
pub(super) const FORMAT: Format<CheckPage> = Format { name: "table", endings: &["txt"], write };

fn write(page: &CheckPage, out: &mut dyn io::Write) -> io::Result<()> {
    for (n, (checked, settings)) in page.result.files.iter().zip(&page.settings).enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        let results = &checked.results;
        let about = format!(" · {} simulated deploys, seed {}", results.replications, results.seed);
        writeln!(out, "{}{}\n", paint(BOLD, &results.scenario), paint(DIM, &about))?;
        writeln!(out, "  {}", paint(style(checked.verdict()), &capital(sentence(checked))))?;
        if !checked.objectives.is_empty() {
            writeln!(out)?;
        }
        for line in objectives(&checked.objectives) {
            writeln!(out, "  {line}")?;
        }
        if let Some(baseline) = page.result.baseline.as_ref().filter(|_| !checked.compared.is_empty()) {
            writeln!(out, "\n  {}\n", paint(BOLD, &format!("Against {baseline}")))?;
            for line in compared_lines(&checked.compared, "baseline", "this") {
                writeln!(out, "  {line}")?;
            }
        }
        if checked.verdict() == Verdict::Broken {
            let page = Page::plain(results, settings);
            let proposals = proposals(&page);
            if !proposals.is_empty() {
                writeln!(out, "\n  {}", paint(BOLD, "Next"))?;
            }
            for (command, effect) in proposals {
                writeln!(out, "    {command}\n      {}", paint(DIM, &effect))?;
            }
        }
        if checked.objectives.is_empty() {
            continue;
        }
        writeln!(out)?;
        for line in wrap(&footer(checked), width() - 2) {
            writeln!(out, "  {}", paint(DIM, &line))?;
        }
    }
    Ok(())
}

fn style(verdict: Verdict) -> anstyle::Style {
    match verdict {
        Verdict::Holds => GOOD,
        Verdict::Broken => BAD,
        Verdict::Undecided => BOLD,
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect::<String>() + ".").unwrap_or_default()
}

/// How each objective stands.
pub(in crate::report) fn objectives(findings: &[Finding]) -> Vec<String> {
    if findings.is_empty() {
        return Vec::new();
    }
    let head = |text: &str| Cell::left(text).style(DIM);
    let right = |text: &str| Cell::right(text).style(DIM);
    let first = vec![head("objective"), right("limit"), right("worst"), right("met"), head(""), head("")];
    let number = |n: u32| count(f64::from(n), f64::from(n));
    let row = |f: &Finding| {
        vec![
            Cell::left(&f.objective),
            Cell::right(&f.limit),
            Cell::right(finding::worst(f)),
            Cell::right(format!("{} of {}", number(f.met), number(f.deploys))),
            Cell::left(format!("{} to {} of all", percent(f.share[0], f.share[0]), percent(f.share[1], f.share[1])))
                .style(DIM),
            Cell::left(finding::verdict(f.verdict)).style(style(f.verdict)),
        ]
    };
    let rows: Vec<Vec<Cell>> = std::iter::once(first).chain(findings.iter().map(row)).collect();
    grid::lines(&rows, width() - 2)
}

fn footer(checked: &Checked) -> String {
    let [share, confidence] = checked.demand.map(|x| percent(x, x));
    let limit = match checked.stopped {
        Stopped::Limit => " More replications may decide it: --max-replications.",
        _ => "",
    };
    format!(
        "Holds: one can be {confidence} sure that {share} of deploys meet the objective; broken: as sure that fewer do.{limit}"
    )
}
