//! The command line of dryroll.

use std::process::ExitCode;

fn main() -> ExitCode {
    dryroll::cli::main()
}
