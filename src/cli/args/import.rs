//! What `dryroll import` takes.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::ScenarioArgs;

#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// A manifest, as `run` takes it, in one file or several; `-` is stdin
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath, required = true)]
    pub(in crate::cli) manifests: Vec<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) scenario: ScenarioArgs,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,
}
