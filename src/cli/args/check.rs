//! What `dryroll check` takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum, ValueHint};

use super::values::{duration, share};
use super::{ScenarioArgs, WorkArgs};
use crate::engine::Dur;
use crate::report;

#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// Scenarios or Kubernetes manifests
    #[arg(value_hint = ValueHint::FilePath, required = true)]
    pub(in crate::cli) files: Vec<PathBuf>,

    /// Nor may they be significantly worse than this: a scenario, a manifest, or a result of `run --format json`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) baseline: Option<PathBuf>,

    /// Differences from the baseline up to this share of it are none
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share)]
    pub(in crate::cli) margin: f64,

    /// At most so many replications; they are added until it is decided
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(in crate::cli) max_replications: u32,

    /// Stop at the first objective that is broken
    #[arg(long)]
    pub(in crate::cli) fail_fast: bool,

    /// Stop after so long: `10m`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(in crate::cli) timeout: Option<Dur>,

    /// Exit with 0 where it can't be told
    #[arg(long)]
    pub(in crate::cli) allow_undecided: bool,

    #[command(flatten)]
    pub(in crate::cli) scenario: ScenarioArgs,

    #[command(flatten)]
    pub(in crate::cli) work: WorkArgs,

    #[command(flatten)]
    pub(in crate::cli) output: CheckOutput,
}

/// Where the result of a check goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct CheckOutput {
    /// How to write the result [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::check::FORMATS.map(|f| f.name)))]
    pub(in crate::cli) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Write JUnit XML to this file as well
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) junit: Option<PathBuf>,

    /// Write a summary for a pull request to this file as well; to the file in `$GITHUB_STEP_SUMMARY` it is appended
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) markdown: Option<PathBuf>,

    /// Tell GitHub where in the files an objective is broken, by `::error file=…` lines on stderr
    #[arg(long, value_enum, default_value_t = Annotations::Auto, value_name = "WHEN")]
    pub(in crate::cli) annotations: Annotations,
}

/// When to print workflow commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Annotations {
    /// In a GitHub workflow.
    Auto,
    /// Always, in GitHub's form.
    Github,
    /// Never.
    None,
}
