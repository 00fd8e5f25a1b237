//! `--figure`: one figure of the page, by itself.

use std::io;
use std::path::Path;

use super::output::Output;
use super::ui::Ui;
use super::{Failure, table};
use crate::report::html::picture::Kept;
use crate::scenario::diag::nearest;

/// Which figure, and how it is kept.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) kept: Kept,
}

/// What was asked for; `None` where no figure was. `names` are those that there are.
///
/// # Errors
/// Where there is none of that name, a file's ending is not a picture's, or is and nothing says which figure is meant.
pub(super) fn wanted(name: Option<&str>, output: Option<&Path>, names: &[&str]) -> Result<Option<Wanted>, Failure> {
    let ending = output.map(|path| path.extension().and_then(|e| e.to_str()).unwrap_or_default());
    let kept = ending.map(Kept::by_ending);
    let all = names.join(", ");
    match (name, kept) {
        (None, Some(Some(_))) => {
            Err(Failure::Usage(format!("which figure is to be drawn?\n\nhint: name it by --figure: {all}")))
        }
        (None, _) => Ok(None),
        (Some(name), _) if !names.contains(&name) => {
            let near = nearest(name, names.iter().copied());
            let hint = near.map_or_else(String::new, |n| format!("did you mean `{n}`? "));
            Err(Failure::Usage(format!("no figure is called `{name}`\n\nhint: {hint}there are {all}")))
        }
        (Some(_), Some(None)) => {
            let hint = "end the name of the file in .svg or .png, or leave -o out for SVG on stdout";
            Err(Failure::Usage(format!("a figure is drawn as SVG or PNG\n\nhint: {hint}")))
        }
        (Some(_), Some(Some(Kept::Png))) if !cfg!(feature = "png") => {
            let hint = "end the name of the file in .svg, or install it by `cargo install --features png`";
            Err(Failure::Usage(format!("this program was built without PNG\n\nhint: {hint}")))
        }
        (Some(name), kept) => Ok(Some(Wanted { name: name.to_owned(), kept: kept.flatten().unwrap_or(Kept::Svg) })),
    }
}

/// Draws it and writes it to where it goes.
pub(super) fn write(
    draw: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    output: Output,
    path: Option<&Path>,
    ui: Ui,
) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    draw(&mut bytes).map_err(|e| Failure::Failed(format!("cannot draw it: {e}")))?;
    table::finish(&bytes, output, path, ui)
}
