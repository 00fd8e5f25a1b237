//! Text in columns: as wide as need be, aligned, styled after measuring.

use anstyle::Style;

/// One cell.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct Cell {
    text: String,
    style: Style,
    right: bool,
}

impl Cell {
    pub(in crate::report) fn left(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(in crate::report) fn right(text: impl Into<String>) -> Self {
        Self { text: text.into(), right: true, ..Self::default() }
    }

    pub(in crate::report) fn style(self, style: Style) -> Self {
        Self { style, ..self }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// The lines of a table: columns two spaces apart, empty columns left out, no blanks at the ends of lines. What does not
/// fit into `limit` characters is cut.
pub(in crate::report) fn lines(rows: &[Vec<Cell>], limit: usize) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(Cell::width).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    rows.iter().map(|row| line(row, &widths, limit)).collect()
}

fn line(row: &[Cell], widths: &[usize], limit: usize) -> String {
    let mut text = String::new();
    let mut used = 0;
    // Blanks wait until something follows them.
    let mut blanks = 0;
    for (cell, &width) in row.iter().zip(widths).filter(|&(_, &w)| w > 0) {
        let fill = width - cell.width();
        let (ahead, behind) = if cell.right { (fill, 0) } else { (0, fill) };
        blanks += ahead;
        if !cell.text.is_empty() {
            text.push_str(&" ".repeat(blanks));
            used += blanks;
            blanks = 0;
            let fits = fit(&cell.text, limit.saturating_sub(used));
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
}
