//! What `dryroll explain` takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::ScenarioArgs;
use crate::fleet::fact::Cause;
use crate::report;

#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// A scenario or a Kubernetes manifest, `-` is stdin; or the code of a rule of `lint`
    #[arg(value_hint = ValueHint::FilePath)]
    pub(in crate::cli) file: PathBuf,

    /// One request, by the name that the chains give it: `web:18204`
    #[arg(long, value_name = "ID", conflicts_with_all = ["cause", "pod"])]
    pub(in crate::cli) request: Option<String>,

    /// Requests of one cause
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Cause::ALL.map(Cause::name)))]
    pub(in crate::cli) cause: Option<String>,

    /// Requests at one pod, by its name in a forecast, and the order of its steps
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) pod: Option<String>,

    /// Which simulated deploy to look at, from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(in crate::cli) replication: u32,

    /// Play the same deploys once more with one setting otherwise, value by value: which would have prevented these drops, from
    /// which value on, and what it costs
    #[arg(long, conflicts_with = "request")]
    pub(in crate::cli) counterfactual: bool,

    /// With --counterfactual, values of a setting to look at, as in `sweep`; repeatable
    #[arg(long, value_name = "PATH=V1,V2,…", requires = "counterfactual", value_parser = super::values::assignment)]
    pub(in crate::cli) vary: Vec<String>,

    /// With --counterfactual, deploys by which each value is told
    #[arg(long, alias = "replications", requires = "counterfactual", value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub(in crate::cli) deploys: u32,

    /// List the steps of every pod, not of the first few that went
    #[arg(long)]
    pub(in crate::cli) all_pods: bool,

    #[command(flatten)]
    pub(in crate::cli) scenario: ScenarioArgs,

    /// With --counterfactual, threads, which change nothing in the result [default: all cores]
    #[arg(long, value_name = "N", help_heading = "Work", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(in crate::cli) jobs: Option<u16>,

    /// How to write the explanation [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", help_heading = "Output", value_parser = PossibleValuesParser::new(report::explain::FORMATS.map(|f| f.name)))]
    pub(in crate::cli) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,
}
