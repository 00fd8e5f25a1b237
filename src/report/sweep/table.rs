//! A sweep on a terminal: the best combinations first.

use std::io;

use super::SweepPage;
use super::rows::{self, Line};
use crate::report::Format;
use crate::report::grid::{self, Cell, paint};
use crate::report::style::{BAD, BOLD, DIM, GOOD, WIDTH};
use crate::report::text::{count, plural, wrap};
use crate::study::result::effort::Effort;
use crate::study::result::finding::Verdict;

/// `--format table`.
pub(super) const FORMAT: Format<SweepPage> = Format { name: "table", endings: &["txt"], write };

/// Rows that are shown: what is not among the best of so many is for `--format csv`.
const MOST: usize = 40;

fn write(page: &SweepPage, out: &mut dyn io::Write) -> io::Result<()> {
    let best = page.table.best_first(&page.sort, page.descending);
    let shown: Vec<Line> = best.iter().take(MOST).map(|row| rows::line(page, row)).collect();
    let (settings, figures, words) = rows::heads(page);
    let head = |text: &str| Cell::right(text).style(DIM);
    let mut cells = vec![
        settings
            .iter()
            .map(|s| head(s))
            .chain(figures.iter().flat_map(|f| [head(f), Cell::left("")]))
            .chain(words.iter().map(|w| Cell::left(*w).style(DIM)))
            .collect::<Vec<Cell>>(),
    ];
    cells.extend(shown.into_iter().map(cells_of));
    writeln!(out, "{}\n", header(page))?;
    for line in grid::lines(&cells, usize::MAX) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out)?;
    for line in footer(page, best.len()) {
        writeln!(out, "  {}", paint(DIM, &line))?;
    }
    Ok(())
}

fn cells_of(line: Line) -> Vec<Cell> {
    let style = match line.verdict {
        Some(Verdict::Holds) => GOOD,
        Some(Verdict::Broken) => BAD,
        Some(Verdict::Undecided) | None => BOLD,
    };
    let mut cells: Vec<Cell> = line.settings.into_iter().map(Cell::right).collect();
    for (n, (figure, interval)) in line.figures.into_iter().enumerate() {
        let figure = Cell::right(figure);
        cells.extend([if n == 0 { figure.style(BOLD) } else { figure }, Cell::left(interval).style(DIM)]);
    }
    cells.extend(line.words.into_iter().map(|w| Cell::left(w).style(style)));
    cells
}

fn header(page: &SweepPage) -> String {
    let header = &page.table.header;
    let combinations = plural(header.rows as f64, "combination");
    let sample = if header.sample.is_some() { " sampled" } else { "" };
    let deploys = match &header.effort {
        Effort::Fixed(n) => plural(f64::from(*n), "simulated deploy"),
        Effort::Curtailed { most, .. } => format!("up to {}", plural(f64::from(*most), "simulated deploy")),
        Effort::Adaptive { least, most, .. } => format!("{least} to {most} simulated deploys"),
    };
    let rest = format!(" · {combinations}{sample} × {deploys}, seed {}", header.seed);
    format!("{}{}", paint(BOLD, &header.scenario), paint(DIM, &rest))
}

fn footer(page: &SweepPage, rows: usize) -> Vec<String> {
    let order = if page.descending { "most first" } else { "least first" };
    let mut lines = vec![format!(
        "sorted by {}, {order}; [a to b]: the mean per deploy lies between, with 95 % confidence",
        page.sort
    )];
    if !page.table.header.objectives.is_empty() {
        let [share, confidence] = page.table.header.demand.map(|x| format!("{} %", count(x * 100.0, x * 100.0)));
        let all: Vec<String> = page.table.header.objectives.iter().map(|(n, l)| format!("{n} {l}")).collect();
        let text = format!("holds: one can be {confidence} sure that {share} of deploys meet {}", all.join(", "));
        lines.extend(wrap(&text, WIDTH - 2));
    }
    if rows > MOST {
        lines.push(format!("{} more, and every figure: {} --format csv", rows - MOST, page.table.header.command));
    } else {
        lines.push(format!("every figure: {} --format csv", page.table.header.command));
    }
    let requests: u64 = page.table.rows.iter().map(|r| r.simulated.requests).sum();
    lines.push(format!("{} requests simulated", count(requests as f64, requests as f64)));
    lines
}
