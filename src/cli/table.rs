//! Where rows go, and in which format.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use super::Failure;
use super::output::{Output, Staged};
use super::ui::Ui;
use crate::report::{Format, on_screen};

/// What `--format` names, else what the output file's ending means, else `otherwise`.
pub(super) fn format<P>(
    formats: &'static [Format<P>],
    named: Option<&str>,
    output: Option<&Path>,
    otherwise: &str,
) -> &'static Format<P> {
    let by_name = |name: &str| formats.iter().find(|f| f.name == name);
    let ending = || output.and_then(Path::extension).and_then(|e| e.to_str());
    let of_ending = || ending().and_then(|e| formats.iter().find(|f| f.has_ending(e)));
    named.and_then(by_name).or_else(of_ending).or_else(|| by_name(otherwise)).unwrap_or(&formats[0])
}

/// Writes a page in a format to where it goes. Whoever closes the pipe has read enough.
pub(super) fn write<P>(
    format: &Format<P>,
    page: &P,
    output: Output,
    path: Option<&Path>,
    ui: Ui,
) -> Result<(), Failure> {
    // What is for people has colours, which no file is to have, and is short.
    if let (Output::File(target), true) = (&output, format.name != "table") {
        let staged = Staged::made(target, |out| (format.write)(page, out));
        return staged.and_then(Staged::keep).map_err(|e| cannot_write(path, &e));
    }
    let write = || {
        let mut bytes = Vec::new();
        on_screen(output.columns(), || (format.write)(page, &mut bytes))?;
        Ok(if output.is_file() { without_colours(bytes) } else { bytes })
    };
    let bytes = write().map_err(|e| cannot_write(path, &e))?;
    finish(&bytes, output, path, ui)
}

/// What begins a colour, or the end of one.
const ESCAPE: u8 = 0x1B;

/// A text as a file is to have it.
pub(super) fn without_colours(bytes: Vec<u8>) -> Vec<u8> {
    // Most results have none, and are long: what looks for them goes byte by byte.
    if bytes.contains(&ESCAPE) { anstream::adapter::strip_bytes(&bytes).into_vec() } else { bytes }
}

/// Writes what is already in bytes to where it goes.
pub(super) fn finish(bytes: &[u8], output: Output, path: Option<&Path>, ui: Ui) -> Result<(), Failure> {
    let coloured = bytes.contains(&ESCAPE);
    let mut stdout: Box<dyn Write> = if coloured { Box::new(ui.stdout()) } else { Box::new(io::stdout().lock()) };
    match output.finish(bytes, &mut stdout) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|e| cannot_write(path, &e)),
    }
}

/// The place could not be written to.
pub(super) fn cannot_write(path: Option<&Path>, error: &io::Error) -> Failure {
    let place = path.map_or_else(|| "stdout".to_owned(), |p| format!("`{}`", p.display()));
    Failure::Failed(format!("cannot write to {place}: {error}"))
}

/// The figure to sort by, and whether the largest comes first.
pub(super) fn sorting(text: &str) -> (String, bool) {
    text.strip_prefix('-').map_or_else(|| (text.to_owned(), false), |figure| (figure.to_owned(), true))
}

/// How rows are written where nothing is said: for people on a terminal, for programs elsewhere.
pub(super) fn for_whoever_reads() -> &'static str {
    if io::stdout().is_terminal() { "table" } else { "csv" }
}
