//! `dryroll man`: a page for the program and one for each command.

use std::fs;
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man as Page;

use super::args::{Cli, Man};
use super::output::Staged;
use super::ui::Ui;
use super::{Failure, exit};

pub(super) fn run(args: &Man, ui: Ui) -> Result<u8, Failure> {
    let failed = |e: io::Error| Failure::Failed(format!("cannot write to `{}`: {e}", args.folder.display()));
    let pages = pages().map_err(failed)?;
    write(&pages, &args.folder).map_err(failed)?;
    ui.remark(&format!("{} pages written to `{}`", pages.len(), args.folder.display()));
    Ok(exit::OK)
}

/// Every page, by the name of its file. They carry no date, so that the same program writes the same bytes.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut program = Cli::command().disable_help_subcommand(true);
    // Gives the commands their full names, and the options that all have.
    program.build();
    let commands: Vec<Command> = program.get_subcommands().filter(|c| !c.is_hide_set()).cloned().collect();
    std::iter::once(program).chain(commands).map(page).collect()
}

fn page(command: Command) -> io::Result<(String, Vec<u8>)> {
    let title = command.get_display_name().unwrap_or(command.get_name()).to_uppercase();
    let page = Page::new(command).title(title).source(concat!("dryroll ", env!("CARGO_PKG_VERSION"))).manual("dryroll");
    let mut text = Vec::new();
    page.render(&mut text)?;
    Ok((page.get_filename(), text))
}

/// All of the pages, or none: what may fail for want of room is done before the first one takes its place.
fn write(pages: &[(String, Vec<u8>)], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let staged: io::Result<Vec<Staged>> =
        pages.iter().map(|(name, text)| Staged::new(&folder.join(name), text)).collect();
    staged?.into_iter().try_for_each(Staged::keep)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pages_appear_or_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = |name: &str| (name.to_owned(), b"text".to_vec());
        // The second one's folder is missing, so that it cannot be written.
        let pages = [page("a.1"), page("missing/b.1")];
        assert!(write(&pages, folder.path()).is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
        write(&pages[..1], &folder.path().join("made/anew")).expect("it is written");
        assert_eq!(fs::read(folder.path().join("made/anew/a.1")).expect("it is there"), b"text");
    }
}
