//! A comparison on a terminal.

use std::io;

use super::ComparePage;
use super::words::{sentence, words};
use crate::report::Format;
use crate::report::check;
use crate::report::grid::{self, Cell, paint};
use crate::report::style::{BAD, BOLD, DIM, GOOD, screen, width};
use crate::report::text::{percent, plural, wrap};
use crate::stats::paired::Verdict;
use crate::study::result::comparison::Compared;

/// `--format table`.
pub(super) const FORMAT: Format<ComparePage> = Format { name: "table", endings: &["txt"], write };

/// The column that a narrow table goes without.
const INTERVAL: usize = 4;

fn write(page: &ComparePage, out: &mut dyn io::Write) -> io::Result<()> {
    let c = &page.comparison;
    let deploys = plural(f64::from(c.replications), "simulated deploy");
    let head = format!("is the baseline · {deploys} of each, the same traffic, seed {}", c.seed);
    beside(out, &c.baseline, " ", &head, DIM)?;
    for policy in &c.policies {
        writeln!(out)?;
        beside(out, &policy.policy, "  ", &sentence(&policy.figures), anstyle::Style::new())?;
        writeln!(out)?;
        for line in lines(&policy.figures, &c.baseline, &policy.policy) {
            writeln!(out, "  {line}")?;
        }
        let objectives = check::objectives(&policy.objectives);
        if !objectives.is_empty() {
            writeln!(out)?;
        }
        for line in objectives {
            writeln!(out, "  {line}")?;
        }
    }
    writeln!(out)?;
    for line in wrap(&footer(page), width() - 2) {
        writeln!(out, "  {}", paint(DIM, &line))?;
    }
    Ok(())
}

/// A name and what is said of it, on one line where the terminal has room for it.
fn beside(out: &mut dyn io::Write, name: &str, gap: &str, text: &str, style: anstyle::Style) -> io::Result<()> {
    let room = screen(usize::MAX);
    if name.chars().count() + gap.len() + text.chars().count() <= room {
        return writeln!(out, "{}{gap}{}", paint(BOLD, name), paint(style, text));
    }
    writeln!(out, "{}", paint(BOLD, name))?;
    wrap(text, room - 2).iter().try_for_each(|line| writeln!(out, "  {}", paint(style, line)))
}

/// The figures of one policy beside the baseline's.
pub(in crate::report) fn lines(figures: &[Compared], baseline: &str, policy: &str) -> Vec<String> {
    let head = |text: &str| Cell::heading(text).style(DIM);
    let first =
        vec![Cell::left(""), head(baseline), head(policy), Cell::right("difference").style(DIM), Cell::left("")];
    let row = |compared: &Compared| {
        let w = words(compared);
        let style = match compared.verdict {
            Verdict::Better => GOOD,
            Verdict::Worse => BAD,
            Verdict::Same | Verdict::Undecided => DIM,
        };
        vec![
            Cell::left(w.figure).gives_way(),
            Cell::right(w.baseline),
            Cell::right(w.policy),
            Cell::right(w.difference).style(BOLD),
            Cell::left(w.interval).style(DIM),
            Cell::left(w.verdict).style(style),
        ]
    };
    let rows: Vec<Vec<Cell>> = std::iter::once(first).chain(figures.iter().map(row)).collect();
    let (mut lines, gone) = grid::fitting(rows, width() - 2, &[INTERVAL]);
    if gone > 0 {
        lines.push(paint(DIM, "the intervals have no room here: --format json, csv or markdown"));
    }
    lines
}

fn footer(page: &ComparePage) -> String {
    let c = &page.comparison;
    let at_once = if c.comparisons > 1 {
        format!(" Verdicts allow for {} statements made at once.", c.comparisons)
    } else {
        String::new()
    };
    format!(
        "[a to b]: the mean difference per deploy lies between, with 95 % confidence, deploy by deploy on the same random \
         numbers. Same: surely less than {} of the baseline apart.{at_once}",
        percent(c.margin, c.margin)
    )
}
