//! What `dryroll lint` takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::values::rule;
use super::{ScenarioArgs, exit};
use crate::report;

#[derive(Debug, Args)]
#[command(after_help = exit::LINT_HELP)]
pub(in crate::cli) struct Lint {
    /// Scenarios or Kubernetes manifests; files without a workload are passed over
    #[arg(value_hint = ValueHint::FilePath, required_unless_present_any = ["explain", "rules"])]
    pub(in crate::cli) files: Vec<PathBuf>,

    /// Print all that there is to say about a rule
    #[arg(long, value_name = "CODE", value_parser = rule, conflicts_with_all = ["files", "rules"])]
    pub(in crate::cli) explain: Option<String>,

    /// List the rules
    #[arg(long, conflicts_with = "files")]
    pub(in crate::cli) rules: bool,

    /// Leave a rule out; repeatable
    #[arg(long, value_name = "CODE", value_parser = rule)]
    pub(in crate::cli) allow: Vec<String>,

    /// Exit with 0 whatever the rules find
    #[arg(long)]
    pub(in crate::cli) exit_zero: bool,

    #[command(flatten)]
    pub(in crate::cli) scenario: ScenarioArgs,

    /// How to write the findings [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", help_heading = "Output", value_parser = PossibleValuesParser::new(report::lint::FORMATS.map(|f| f.name)))]
    pub(in crate::cli) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,
}
