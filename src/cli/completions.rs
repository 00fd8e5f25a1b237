//! `dryroll completions`: what a shell has to know to complete what is typed.

use clap::CommandFactory as _;

use super::args::{Cli, Completions};
use super::output::Output;
use super::ui::Ui;
use super::{Failure, exit, table};

pub(super) fn run(args: &Completions, ui: Ui) -> Result<u8, Failure> {
    // Into memory first: the generator panics where it cannot write, and a pipe may be closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "dryroll", &mut script);
    table::finish(&script, Output::Stdout, None, ui)?;
    Ok(exit::OK)
}
