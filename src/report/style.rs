//! How a terminal's text looks; colour is never the only sign of anything.

use anstyle::{AnsiColor, Style};

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// Columns that a terminal is taken to have.
pub(super) const WIDTH: usize = 100;
