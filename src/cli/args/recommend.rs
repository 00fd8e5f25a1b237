//! What `dryroll recommend` takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::ScenarioArgs;
use super::values::{assignment, price, share};
use crate::report;
use crate::study::result::price::Cost;

#[derive(Debug, Args)]
pub(in crate::cli) struct Recommend {
    /// A scenario or a Kubernetes manifest; `-` is stdin
    #[arg(value_hint = ValueHint::FilePath)]
    pub(in crate::cli) file: PathBuf,

    /// Values that a field may take, as in `sweep`: `preStop=0s..30s:7`, `retries.attempts=1,2`; in the place of what is searched
    /// of that field by itself, or beside it; repeatable
    #[arg(long, value_name = "PATH=V1,V2,…", value_parser = assignment)]
    pub(in crate::cli) vary: Vec<String>,

    /// A field that stays as it is; repeatable
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) keep: Vec<String>,

    /// What one of a cost is worth, in minutes of a pod: `surge` (pod-minutes) 1, `duration` (minutes) 1, `dropped` 1, `p99`
    /// (seconds) 0, `reconnects` 0; repeatable
    #[arg(long, value_name = "COST=PRICE", value_parser = price)]
    pub(in crate::cli) price: Vec<(Cost, f64)>,

    /// What each further change must save to be worth making
    #[arg(long, value_name = "SHARE", default_value = "10%", value_parser = share)]
    pub(in crate::cli) worth: f64,

    /// Simulated deploys of one combination, at most
    #[arg(long, alias = "replications", value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub(in crate::cli) max_replications: u32,

    /// Exit with 0 where it can't be told
    #[arg(long)]
    pub(in crate::cli) allow_undecided: bool,

    #[command(flatten)]
    pub(in crate::cli) scenario: ScenarioArgs,

    /// Threads, which change nothing in the result [default: all cores]
    #[arg(long, value_name = "N", help_heading = "Work", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(in crate::cli) jobs: Option<u16>,

    #[command(flatten)]
    pub(in crate::cli) output: RecommendOutput,
}

/// Where a recommendation goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct RecommendOutput {
    /// How to write the recommendation [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::recommend::FORMATS.map(|f| f.name)))]
    pub(in crate::cli) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Write a page for a browser as well: one HTML file that needs no network
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) report: Option<PathBuf>,

    /// Draw one figure of the page instead, as SVG or PNG by the ending of -o: `choice`, `limits`
    #[arg(long, value_name = "NAME", conflicts_with = "format")]
    pub(in crate::cli) figure: Option<String>,

    /// Write what is recommended as a patch of the manifest, which `kubectl patch` takes (of a scenario without one as
    /// options); `-` is stdout, in the place of the recommendation
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) patch: Option<PathBuf>,

    /// Write the file with what is recommended in it, comments and order kept; `-` is stdout, in the place of the recommendation
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) edit: Option<PathBuf>,
}
