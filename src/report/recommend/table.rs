//! A recommendation on a terminal.

use std::io;

use super::RecommendPage;
use super::words;
use crate::report::Format;
use crate::report::answer::recovers;
use crate::report::finding;
use crate::report::grid::{self, Cell, paint};
use crate::report::style::{BAD, BOLD, DIM, GOOD, screen, width};
use crate::report::text::{count, listed, wrap};
use crate::study::result::finding::Verdict;
use crate::study::result::price::Cost;
use crate::study::result::recommendation::{Policy, Recommendation};

/// `--format table`.
pub(super) const FORMAT: Format<RecommendPage> = Format { name: "table", endings: &["txt"], write };

fn write(page: &RecommendPage, out: &mut dyn io::Write) -> io::Result<()> {
    let r = &page.recommendation;
    writeln!(out, "{}{}\n", paint(BOLD, &r.scenario), paint(DIM, &format!(" · {}", words::effort(r))))?;
    let style = match r.verdict {
        Verdict::Holds => GOOD,
        Verdict::Undecided => BOLD,
        Verdict::Broken => BAD,
    };
    paragraph(out, &words::answer(r), 2, style)?;
    changes(r, out)?;
    objectives(r, out)?;
    policies(r, out)?;
    limits(r, out)?;
    if r.interrupted {
        writeln!(out)?;
        paragraph(out, words::INTERRUPTED, 2, BAD)?;
    }
    writeln!(out, "\n{}", paint(BOLD, "Next"))?;
    writeln!(out, "  {}", words::command(page))?;
    writeln!(out)?;
    let note = format!(
        "[a to b]: the mean per deploy lies between, with 95 % confidence, however long the search went on. {}.",
        words::price(r)
    );
    paragraph(out, &note, 2, DIM)
}

fn paragraph(out: &mut dyn io::Write, text: &str, indent: usize, style: anstyle::Style) -> io::Result<()> {
    for line in wrap(text, width() - indent) {
        writeln!(out, "{:indent$}{}", "", paint(style, &line))?;
    }
    Ok(())
}

fn changes(r: &Recommendation, out: &mut dyn io::Write) -> io::Result<()> {
    for change in &r.changes {
        let head = format!("{}: {} ", change.name, change.now);
        writeln!(out, "\n  {}{}", paint(BOLD, &head), paint(BOLD, &format!("→ {}", change.value)))?;
        paragraph(out, &words::why(change), 4, anstyle::Style::new())?;
        if let Some(cliff) = &change.cliff {
            paragraph(out, &words::cliff(cliff), 4, anstyle::Style::new())?;
        }
    }
    Ok(())
}

fn objectives(r: &Recommendation, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "\n{}", paint(BOLD, "How sure"))?;
    for found in &r.objectives {
        paragraph(out, &finding::sentence(found), 2, anstyle::Style::new())?;
    }
    let fresh = "on random numbers that had no part in the choice";
    if r.verdict == Verdict::Broken { Ok(()) } else { paragraph(out, fresh, 2, DIM) }
}

/// What stands, what is recommended, and what else there is.
fn policies(r: &Recommendation, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "\n{}", paint(BOLD, "The choice"))?;
    let name = |path: &str| {
        let last = |p: &str| p.rsplit('.').next().unwrap_or(p).to_owned();
        path.split(',').map(last).collect::<Vec<_>>().join(", ")
    };
    // Settings that no row changes say nothing.
    let rows: Vec<(&str, &Policy)> = [("now", &r.now), ("→", &r.recommended)]
        .into_iter()
        .chain(
            r.front
                .iter()
                .filter(|p| p.settings != r.recommended.settings && p.settings != r.now.settings)
                .map(|p| ("", p)),
        )
        .collect();
    let differs = |n: &usize| rows.iter().any(|(_, p)| p.settings[*n] != r.now.settings[*n]);
    let shown: Vec<usize> = (0..r.settings.len()).filter(differs).collect();
    let mut head = vec![Cell::left("")];
    head.extend(shown.iter().map(|&n| Cell::heading(name(&r.settings[n])).style(DIM)));
    head.extend(Cost::ALL.map(|c| Cell::right(words::title(c)).style(DIM)));
    head.extend([Cell::right("price").style(DIM), Cell::left("objectives").style(DIM)]);
    let mut cells = vec![head];
    for (mark, p) in rows.iter().filter(|(mark, p)| *mark != "→" || p.settings != r.now.settings) {
        let mut row = vec![Cell::left(*mark).style(BOLD)];
        row.extend(shown.iter().map(|&n| Cell::right(&*p.settings[n])));
        row.extend(Cost::ALL.map(|c| Cell::right(words::figure(c, p.costs[c as usize]).0)));
        row.push(Cell::right(count(p.price, p.price)));
        let style = match p.verdict {
            Verdict::Holds => GOOD,
            Verdict::Undecided => DIM,
            Verdict::Broken => BAD,
        };
        let word = match p.verdict {
            Verdict::Holds => "hold",
            Verdict::Undecided => "not told",
            Verdict::Broken => "broken",
        };
        row.push(Cell::left(format!("{word}, {}", words::met(p.deploys, p.met))).style(style));
        cells.push(row);
    }
    // The price is made of the costs, and the last of them are told first where there is no room for all.
    let costs = 1 + shown.len();
    let spare: Vec<usize> = (costs..=costs + Cost::ALL.len()).rev().collect();
    let (lines, gone) = grid::fitting(cells, screen(width() * 2 + 2) - 2, &spare);
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    if gone > 0 {
        let names: Vec<String> =
            Cost::ALL.iter().map(|&c| words::title(c).to_owned()).chain(["price".to_owned()]).collect();
        let names = listed(&names[names.len() - gone..]);
        paragraph(out, &format!("no room here for {names}: --format json"), 2, DIM)?;
    }
    Ok(())
}

/// How near it breaks.
fn limits(r: &Recommendation, out: &mut dyn io::Write) -> io::Result<()> {
    if r.inputs.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint(BOLD, "How near it breaks, with what is recommended"))?;
    let mut told: Vec<(&str, String)> = r.inputs.iter().map(|s| (&*s.input, words::sensitivity(s))).collect();
    told.extend(r.recovers.as_ref().map(|r| ("recovery", recovers(r))));
    let label = told.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (name, text) in told {
        let lines = wrap(&text, width() - 2 - label - 2).into_iter().enumerate();
        rows.extend(lines.map(|(n, line)| vec![Cell::left(if n == 0 { name } else { "" }), Cell::left(line)]));
    }
    for line in grid::lines(&rows, width() - 2) {
        writeln!(out, "  {line}")?;
    }
    match words::measure_first(r) {
        Some(text) => paragraph(out, &text, 2, BOLD),
        None => Ok(()),
    }
}
