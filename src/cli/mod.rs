//! The command line: what was typed, what is done about it, where it is printed.

mod args;
mod calibrate;
mod check;
mod compare;
mod completions;
mod effort;
mod ending;
pub mod exit;
mod explain;
mod figure;
mod import;
mod interrupt;
mod lint;
mod live;
mod loading;
mod man;
mod merge;
mod newer;
mod output;
mod presets;
mod recommend;
mod report;
mod run;
mod schema;
mod settings;
mod strategy;
mod sweep;
mod table;
mod typed;
mod ui;
mod validate;
mod worst;

use std::process::ExitCode;

use clap::Parser;

use self::args::{Cli, Command};
use self::ui::Ui;

/// Why a command has no result; what its exit status is.
#[derive(Debug)]
enum Failure {
    /// What the user gave is wrong, and has been told so: [`exit::USAGE`].
    Told,
    /// What the user gave is wrong: [`exit::USAGE`].
    Usage(String),
    /// The work could not be done: [`exit::FAILED`].
    Failed(String),
}

/// Reads the command line, does what it says and returns the exit status ([`exit`]).
pub fn main() -> ExitCode {
    newer::hand_over();
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
        Command::Sweep(args) => sweep::run(args, ui),
        Command::Compare(args) => compare::run(args, ui),
        Command::Check(args) => check::run(args, ui),
        Command::Explain(args) => explain::run(args, ui),
        Command::Recommend(args) => recommend::run(args, ui),
        Command::Lint(args) => lint::run(args, ui),
        Command::Merge(args) => merge::run(args, ui),
        Command::Validate(args) => validate::run(args, ui),
        Command::Presets(args) => presets::run(args, ui),
        Command::Schema(args) => schema::run(args, ui),
        Command::Report(args) => report::run(args, ui),
        Command::Ui(args) => live::run(args, ui),
        Command::Import(args) => import::run(args, ui),
        Command::Calibrate(args) => calibrate::run(args, ui),
        Command::Completions(args) => completions::run(args, ui),
        Command::Man(args) => man::run(args, ui),
    };
    ExitCode::from(done.unwrap_or_else(|failure| match failure {
        Failure::Told => exit::USAGE,
        Failure::Usage(message) => {
            ui.error(&message);
            exit::USAGE
        }
        Failure::Failed(message) => {
            ui.error(&message);
            exit::FAILED
        }
    }))
}
