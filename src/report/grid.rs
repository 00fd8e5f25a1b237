//! Text in columns: as wide as need be, aligned, styled after measuring.

use anstyle::Style;

/// One cell.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct Cell {
    text: String,
    style: Style,
    right: bool,
    gives_way: GivesWay,
}

/// Whether a text is cut where a table is too wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum GivesWay {
    #[default]
    Never,
    /// Where cutting headings is not enough.
    Second,
    First,
}

/// What is left of a heading and of a row's name that have to give way.
const HEADING_MIN: usize = 8;
const NAME_MIN: usize = 16;

impl Cell {
    pub(in crate::report) fn left(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(in crate::report) fn right(text: impl Into<String>) -> Self {
        Self { text: text.into(), right: true, ..Self::default() }
    }

    /// A name of any length above figures: it is cut before they are.
    pub(in crate::report) fn heading(text: impl Into<String>) -> Self {
        Self { gives_way: GivesWay::First, ..Self::right(text) }
    }

    /// What names a row: cut where shorter headings are not enough.
    pub(in crate::report) fn gives_way(self) -> Self {
        Self { gives_way: GivesWay::Second, ..self }
    }

    pub(in crate::report) fn style(self, style: Style) -> Self {
        Self { style, ..self }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// The lines of a table: columns two spaces apart, empty columns left out, no blanks at the ends of lines. What does not
/// fit into `limit` characters is cut: headings first, in their middle, so that a long name costs no figure its place.
pub(in crate::report) fn lines(rows: &[Vec<Cell>], limit: usize) -> Vec<String> {
    let widths = widths(rows, limit);
    rows.iter().map(|row| line(row, &widths, limit)).collect()
}

/// The same of a table that may be too wide even so: it goes without the columns `spare`, in that order, until it fits.
/// Also returns how many of them it goes without.
pub(in crate::report) fn fitting(mut rows: Vec<Vec<Cell>>, limit: usize, spare: &[usize]) -> (Vec<String>, usize) {
    let mut gone = 0;
    while gone < spare.len() && total(&widths(&rows, limit)) > limit {
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(spare[gone])) {
            *cell = Cell::default();
        }
        gone += 1;
    }
    (lines(&rows, limit), gone)
}

/// Whether a table needs no more than so many characters.
pub(in crate::report) fn fits(rows: &[Vec<Cell>], limit: usize) -> bool {
    total(&widths(rows, limit)) <= limit
}

/// What each column takes, where headings may have to give way.
fn widths(rows: &[Vec<Cell>], limit: usize) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |c: usize, below: GivesWay| {
        let cells = rows.iter().filter_map(|r| r.get(c)).filter(|cell| cell.gives_way <= below);
        cells.map(Cell::width).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..columns).map(|c| widest(c, GivesWay::First)).collect();
    for (kept, at_least) in [(GivesWay::Second, HEADING_MIN), (GivesWay::Never, NAME_MIN)] {
        let least: Vec<usize> = (0..columns).map(|c| widest(c, kept).max(at_least)).collect();
        while total(&widths) > limit {
            // The longest first, so that of several long names each keeps as much as the others.
            let Some(c) = (0..columns).filter(|&c| widths[c] > least[c]).max_by_key(|&c| widths[c]) else { break };
            widths[c] -= 1;
        }
    }
    widths
}

fn total(widths: &[usize]) -> usize {
    let shown = || widths.iter().filter(|&&w| w > 0);
    shown().sum::<usize>() + 2 * shown().count().saturating_sub(1)
}

fn line(row: &[Cell], widths: &[usize], limit: usize) -> String {
    let mut text = String::new();
    let mut used = 0;
    // Blanks wait until something follows them.
    let mut blanks = 0;
    for (cell, &width) in row.iter().zip(widths).filter(|&(_, &w)| w > 0) {
        let shown = if cell.gives_way == GivesWay::Never { cell.text.clone() } else { middle_out(&cell.text, width) };
        let fill = width - shown.chars().count();
        let (ahead, behind) = if cell.right { (fill, 0) } else { (0, fill) };
        blanks += ahead;
        if !shown.is_empty() {
            text.push_str(&" ".repeat(blanks));
            used += blanks;
            blanks = 0;
            let fits = fit(&shown, limit.saturating_sub(used));
            used += fits.chars().count();
            text.push_str(&paint(cell.style, &fits));
        }
        blanks += behind + 2;
    }
    text
}

/// `text`, or as much of it as fits, with an ellipsis.
fn fit(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(room.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// `text`, or its beginning and its end: names of one kind often differ in either.
fn middle_out(text: &str, room: usize) -> String {
    let n = text.chars().count();
    if n <= room {
        return text.to_owned();
    }
    let behind = room.saturating_sub(1) / 2;
    let ahead = room.saturating_sub(1) - behind;
    text.chars().take(ahead).chain(['…']).chain(text.chars().skip(n - behind)).collect()
}

/// Text in a style, as ANSI where the style is one.
pub(in crate::report) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_empty_ones_vanish() {
        let rows = [
            vec![Cell::left(""), Cell::right("before"), Cell::left(""), Cell::left("note")],
            vec![Cell::left("dropped"), Cell::right("0"), Cell::left(""), Cell::left("")],
            vec![Cell::left("p99"), Cell::right(""), Cell::left(""), Cell::left("µs")],
        ];
        assert_eq!(lines(&rows, 21)[0], "         before  note");
        assert_eq!(lines(&rows, 20)[0], "         before  no…");
        assert_eq!(lines(&rows, 80), ["         before  note", "dropped       0", "p99              µs"]);
    }

    /// Figures and verdicts of a comparison below names of these lengths.
    fn compared(names: [&str; 2]) -> Vec<Vec<Cell>> {
        vec![
            vec![Cell::left(""), Cell::heading(names[0]), Cell::heading(names[1]), Cell::left("")],
            vec![Cell::left("dropped"), Cell::right("1,234,567"), Cell::right("3"), Cell::left("can't tell")],
        ]
    }

    #[test]
    fn headings_give_way_to_figures() {
        let rows = compared(["ingress-nginx-controller", "a"]);
        assert_eq!(lines(&rows, 80)[0], "         ingress-nginx-controller  a");
        assert_eq!(lines(&rows, 40), ["         ingress-…troller  a", "dropped         1,234,567  3  can't tell"]);
        let long = ["x".repeat(64), "y".repeat(64)];
        for line in &lines(&compared([&long[0], &long[1]]), 50)[1..] {
            assert!(line.ends_with("can't tell") && line.contains("1,234,567"), "{line}");
            assert!(line.chars().count() <= 50, "{line}");
        }
    }

    #[test]
    fn a_table_too_wide_goes_without_what_can_be_spared() {
        let (all, gone) = fitting(compared(["now", "then"]), 40, &[2, 1]);
        assert_eq!((gone, all[1].as_str()), (0, "dropped  1,234,567     3  can't tell"));
        let (all, gone) = fitting(compared(["now", "then"]), 30, &[2, 1]);
        assert_eq!((gone, all[1].as_str()), (1, "dropped  1,234,567  can't tell"));
    }
}
