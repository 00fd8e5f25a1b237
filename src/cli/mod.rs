//! The command line: what was typed, what is done about it, where it is printed.

mod args;
pub mod exit;
mod output;
mod presets;
mod run;
mod settings;
mod ui;
mod validate;

use std::process::ExitCode;

use clap::Parser;

use self::args::{Cli, Command};
use self::ui::Ui;

/// Why a command has no result; what its exit status is.
#[derive(Debug)]
enum Failure {
    /// What the user gave is wrong, and has been told so: [`exit::USAGE`].
    Told,
    /// The work could not be done: [`exit::FAILED`].
    Failed(String),
}

/// Reads the command line, does what it says and returns the exit status ([`exit`]).
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are printed the same way as errors; a closed pipe is no reason to fail.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK });
        }
    };
    let ui = Ui::new(cli.color, cli.quiet);
    let done = match &cli.command {
        Command::Run(args) => run::run(args, ui),
        Command::Presets(args) => presets::presets(args, ui),
        Command::Validate(args) => validate::validate(args, ui),
    };
    ExitCode::from(match done {
        Ok(()) => exit::OK,
        Err(Failure::Told) => exit::USAGE,
        Err(Failure::Failed(message)) => {
            ui.error(&message);
            exit::FAILED
        }
    })
}
