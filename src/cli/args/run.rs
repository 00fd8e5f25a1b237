//! What `dryroll run` takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::{EffortArgs, FigureArgs, PageArgs, ScenarioArgs, WorkArgs};
use crate::report;

#[derive(Debug, Args)]
pub(in crate::cli) struct Run {
    /// A scenario or a Kubernetes manifest; `-` is stdin
    #[arg(value_hint = ValueHint::FilePath)]
    pub(in crate::cli) file: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) scenario: ScenarioArgs,

    /// Instead of a forecast: search N deploys, over seeds and what is `uncertain`, for the worst, with the command that
    /// plays it again; and how likely a 5xx is in a deploy
    #[arg(long, value_name = "N", help_heading = "Work", conflicts_with_all = ["replications", "precision", "until_decided", "check", "page"], value_parser = clap::value_parser!(u32).range(4..=1_000_000))]
    pub(in crate::cli) worst: Option<u32>,

    /// An input of which only a range is known, `propagation.remove=1s..6s`; in the place of what the scenario's `uncertain` says of
    /// it, or beside it; repeatable
    #[arg(long, value_name = "PATH=LOW..HIGH", help_heading = "Work", requires = "worst", value_parser = super::values::assignment)]
    pub(in crate::cli) uncertain: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) work: WorkArgs,

    #[command(flatten)]
    pub(in crate::cli) effort: EffortArgs,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,

    #[command(flatten)]
    pub(in crate::cli) page: PageArgs,

    #[command(flatten)]
    pub(in crate::cli) drawn: FigureArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct OutputArgs {
    /// How to write the result [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::ALL.map(report::Report::name)))]
    pub(in crate::cli) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Print every assumption with its source, not the first few
    #[arg(long)]
    pub(in crate::cli) assumptions: bool,
}
