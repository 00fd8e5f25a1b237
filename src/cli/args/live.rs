//! What `dryroll ui` takes.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{ScenarioArgs, WorkArgs};

#[derive(Debug, Args)]
pub(in crate::cli) struct Live {
    /// A scenario or a Kubernetes manifest
    #[arg(value_hint = ValueHint::FilePath)]
    pub(in crate::cli) file: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) scenario: ScenarioArgs,

    #[command(flatten)]
    pub(in crate::cli) work: WorkArgs,

    /// The port on 127.0.0.1 [default: one that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    pub(in crate::cli) port: u16,
}
