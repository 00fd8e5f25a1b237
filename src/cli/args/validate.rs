//! What `dryroll validate` takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

#[derive(Debug, Args)]
pub(in crate::cli) struct Validate {
    /// Only these cases
    #[arg(value_name = "CASE")]
    pub(in crate::cli) cases: Vec<String>,

    /// A folder of cases [default: those that come with the program]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) corpus: Option<PathBuf>,

    /// Print the scenario that this case's parameters make, and run nothing
    #[arg(long, value_name = "CASE", conflicts_with = "cases")]
    pub(in crate::cli) as_scenario: Option<String>,

    /// Simulated deploys a case [default: 24 for a balancer's, else as many as the case says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(in crate::cli) replications: Option<u32>,

    /// Threads, which change nothing in the result [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(in crate::cli) jobs: Option<u16>,

    /// How to write the result [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(["table", "json", "csv", "markdown"]))]
    pub(in crate::cli) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,
}
