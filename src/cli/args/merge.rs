//! What `dryroll merge` takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::values::sorting;
use crate::report;

#[derive(Debug, Args)]
pub(in crate::cli) struct Merge {
    /// The files that `sweep --shard` wrote, all of them
    #[arg(value_hint = ValueHint::FilePath, required = true)]
    pub(in crate::cli) parts: Vec<PathBuf>,

    /// How to write the rows [default: what the ending of -o says, else csv]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::sweep::FORMATS.map(|f| f.name)))]
    pub(in crate::cli) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,

    /// As for `sweep`
    #[arg(long, value_name = "FIGURE", default_value = "dropped", allow_hyphen_values = true, value_parser = sorting)]
    pub(in crate::cli) sort: String,

    /// End with 0 though rows could not be simulated; else that is 3, once all are written
    #[arg(long)]
    pub(in crate::cli) allow_failed: bool,
}
