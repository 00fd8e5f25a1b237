//! What `dryroll presets` takes.

use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct Presets {
    /// Print this one
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: Option<String>,
}
