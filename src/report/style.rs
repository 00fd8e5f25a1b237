//! How a terminal's text looks; colour is never the only sign of anything.

use std::cell::Cell;

use anstyle::{AnsiColor, Style};

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// Columns that a terminal is taken to have, and the most that prose fills.
const WIDTH: usize = 100;
/// Below this nothing is narrowed any more: figures need their room.
const LEAST: usize = 60;

thread_local! {
    /// The columns of the terminal that is written to; none where it is a file or a pipe.
    static SCREEN: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Writes for a terminal of so many columns; with `None` for whatever is no terminal, where every line is as everywhere.
pub fn on_screen<T>(columns: Option<usize>, write: impl FnOnce() -> T) -> T {
    let before = SCREEN.replace(columns.map(|c| c.max(LEAST)));
    let written = write();
    SCREEN.set(before);
    written
}

/// The columns that prose fills.
pub(super) fn width() -> usize {
    screen(WIDTH).min(WIDTH)
}

/// The columns of the terminal, of which a table may need all; `otherwise` where there is no terminal.
pub(super) fn screen(otherwise: usize) -> usize {
    SCREEN.get().unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_narrows_prose_and_widens_tables() {
        let widths = || (width(), screen(200));
        assert_eq!(widths(), (100, 200));
        let on = |columns| on_screen(Some(columns), widths);
        assert_eq!([on(20), on(80), on(150)], [(60, 60), (80, 80), (100, 150)]);
        assert_eq!(widths(), (100, 200), "it is over when it is written");
    }
}
