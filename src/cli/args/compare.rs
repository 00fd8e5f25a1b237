//! What `dryroll compare` takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::values::{compared, share};
use super::{EffortArgs, PageArgs, ScenarioArgs, WorkArgs};
use crate::report;

#[derive(Debug, Args)]
pub(in crate::cli) struct Compare {
    /// Scenarios or Kubernetes manifests; the first is the baseline
    #[arg(value_hint = ValueHint::FilePath, required = true)]
    pub(in crate::cli) files: Vec<PathBuf>,

    /// A policy beside the only file: its name and what it sets, `surge:maxSurge=1,maxUnavailable=0`; repeatable
    #[arg(long, value_name = "NAME:PATH=V,PATH=V")]
    pub(in crate::cli) variant: Vec<String>,

    /// Differences up to this share of the baseline are none
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share)]
    pub(in crate::cli) margin: f64,

    /// Compare this figure, by its column in `--format csv`, instead of the usual ones; repeatable. The name of one figure of
    /// the page instead (`differences`, `capacity`, …) is drawn, as SVG or PNG by the ending of -o
    #[arg(long, value_name = "FIGURE", value_parser = compared)]
    pub(in crate::cli) figure: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) scenario: ScenarioArgs,

    #[command(flatten)]
    pub(in crate::cli) work: WorkArgs,

    #[command(flatten)]
    pub(in crate::cli) effort: EffortArgs,

    /// How to write the result [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    #[arg(value_parser = PossibleValuesParser::new(report::compare::FORMATS.map(|f| f.name)))]
    pub(in crate::cli) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(in crate::cli) output: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) page: PageArgs,
}
