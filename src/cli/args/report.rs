//! What `dryroll report` takes.

use std::path::PathBuf;

use clap::{Args, ValueHint};

#[derive(Debug, Args)]
pub(in crate::cli) struct Report {
    /// What `--format json` wrote; `-` is stdin. Several results of `run` stand on one page
    #[arg(value_name = "RESULT", value_hint = ValueHint::FilePath, required = true)]
    pub(in crate::cli) results: Vec<PathBuf>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Only this figure of the page, as SVG or PNG by the ending of -o: `capacity`, `failures`, `pods`, `differences`, …
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) figure: Option<String>,
}

/// One figure instead of the result.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct FigureArgs {
    /// Draw one figure of the page instead, as SVG or PNG by the ending of -o: `capacity`, `failures`, `pods`, …;
    /// of a sweep `map`, `front`, `parallel`
    #[arg(long, value_name = "NAME", conflicts_with = "format")]
    pub(in crate::cli) figure: Option<String>,
}

/// A page beside the result.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct PageArgs {
    /// Write a page for a browser as well: one HTML file that needs no network
    #[arg(id = "page", long = "report", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) report: Option<PathBuf>,
}
