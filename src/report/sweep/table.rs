//! A sweep on a terminal: the best combinations first.

use std::io;

use super::SweepPage;
use super::rows::{self, Line};
use crate::report::Format;
use crate::report::grid::{self, Cell, paint};
use crate::report::style::{BAD, BOLD, DIM, GOOD, screen, width};
use crate::report::text::{count, listed, plural, wrap};
use crate::study::result::effort::Effort;
use crate::study::result::finding::Verdict;
use crate::study::result::row::Row;

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
            .map(|s| Cell::heading(s).style(DIM))
            .chain(figures.iter().flat_map(|f| [head(f), Cell::left("")]))
            .chain(words.iter().map(|w| Cell::left(*w).style(DIM)))
            .collect::<Vec<Cell>>(),
    ];
    cells.extend(shown.into_iter().map(cells_of));
    writeln!(out, "{}\n", header(page))?;
    let spare: Vec<usize> =
        SPARE.iter().map(|(figure, interval)| settings.len() + 2 * figure + usize::from(*interval)).collect();
    let (lines, gone) = grid::fitting(cells, screen(usize::MAX) - 2, &spare);
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    writeln!(out)?;
    for line in wrap(&missing(&figures, gone), width() - 2).iter().filter(|_| gone > 0) {
        writeln!(out, "  {}", paint(DIM, line))?;
    }
    for line in footer(page, best.len()) {
        writeln!(out, "  {}", paint(DIM, &line))?;
    }
    Ok(())
}

/// What a narrow terminal's table goes without, in this order: figures by their number, or their intervals alone.
const SPARE: [(usize, bool); 10] =
    [(5, true), (4, true), (3, true), (2, true), (1, true), (5, false), (4, false), (3, false), (2, false), (0, true)];

/// What there was no room for.
fn missing(figures: &[&str], gone: usize) -> String {
    let spared = &SPARE[..gone];
    let whole: Vec<usize> = spared.iter().filter(|s| !s.1).map(|s| s.0).rev().collect();
    let intervals: Vec<usize> = spared.iter().filter(|s| s.1 && !whole.contains(&s.0)).map(|s| s.0).collect();
    let named = |numbers: Vec<usize>| listed(&numbers.iter().map(|&n| figures[n].to_owned()).collect::<Vec<_>>());
    let parts = [(whole, ""), (intervals, "the intervals of ")].into_iter().filter(|p| !p.0.is_empty());
    let parts: Vec<String> = parts.map(|(numbers, what)| format!("{what}{}", named(numbers))).collect();
    format!("no room here for {}", parts.join("; "))
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
        Effort::Curtailed { .. } | Effort::Adaptive { .. } => played(&page.table.rows),
    };
    let rest = format!(" · {combinations}{sample} × {deploys}, seed {}", header.seed);
    format!("{}{}", paint(BOLD, &header.scenario), paint(DIM, &rest))
}

/// How many deploys of each combination it took.
fn played(rows: &[Row]) -> String {
    let each = || rows.iter().filter(|row| row.error.is_none()).map(|row| row.replications);
    match (each().min(), each().max()) {
        (Some(least), Some(most)) if least < most => {
            let most = f64::from(most);
            format!("{least} to {} simulated deploys", count(most, most))
        }
        (_, most) => plural(f64::from(most.unwrap_or(0)), "simulated deploy"),
    }
}

fn footer(page: &SweepPage, rows: usize) -> Vec<String> {
    let order = if page.descending { "most first" } else { "least first" };
    let sorted =
        format!("sorted by {}, {order}; [a to b]: the mean per deploy lies between, with 95 % confidence", page.sort);
    let mut lines = wrap(&sorted, screen(usize::MAX) - 2);
    if !page.table.header.objectives.is_empty() {
        let [share, confidence] = page.table.header.demand.map(|x| format!("{} %", count(x * 100.0, x * 100.0)));
        let all: Vec<String> = page.table.header.objectives.iter().map(|(n, l)| format!("{n} {l}")).collect();
        let text = format!("holds: one can be {confidence} sure that {share} of deploys meet {}", all.join(", "));
        lines.extend(wrap(&text, width() - 2));
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

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn what_has_no_room_is_named_once() {
        let figures = ["dropped", "p99", "reconnects", "ready", "capacity", "rollout"];
        assert_eq!(missing(&figures, 1), "no room here for the intervals of rollout");
        let few = "no room here for capacity and rollout; the intervals of ready, reconnects and p99";
        assert_eq!(missing(&figures, 7), few);
        assert_eq!(
            missing(&figures, 10),
            "no room here for reconnects, ready, capacity and rollout; the intervals of p99 and dropped"
        );
    }
}
