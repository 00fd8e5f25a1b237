//! What `dryroll sweep` takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::values::{assignment, duration, sorting};
use super::{EffortArgs, FigureArgs, PageArgs, ScenarioArgs, WorkArgs};
use crate::engine::Dur;
use crate::report;

#[derive(Debug, Args)]
pub(in crate::cli) struct Sweep {
    /// A scenario or a Kubernetes manifest; `-` is stdin
    #[arg(value_hint = ValueHint::FilePath)]
    pub(in crate::cli) file: PathBuf,

    /// Values of one field: `maxSurge=1,25%`, `drainWindow=0s..60s:7`, `drainWindow=1s..60s:7log`; in the place of the
    /// scenario's own axis of that path, or beside it; repeatable
    #[arg(long, value_name = "PATH=V1,V2,…", value_parser = assignment)]
    pub(in crate::cli) vary: Vec<String>,

    /// So many combinations, spread evenly over a space that is too large for all of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) sample: Option<u64>,

    #[command(flatten)]
    pub(in crate::cli) scenario: ScenarioArgs,

    #[command(flatten)]
    pub(in crate::cli) work: WorkArgs,

    #[command(flatten)]
    pub(in crate::cli) effort: EffortArgs,

    #[command(flatten)]
    pub(in crate::cli) sweeping: SweepArgs,

    #[command(flatten)]
    pub(in crate::cli) table: TableArgs,

    #[command(flatten)]
    pub(in crate::cli) page: PageArgs,

    #[command(flatten)]
    pub(in crate::cli) drawn: FigureArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(in crate::cli) struct SweepArgs {
    /// Only part I of N, written to the file that -o names, for `merge`; `auto` asks the scheduler's environment
    #[arg(long, value_name = "I/N", requires = "output", conflicts_with = "page")]
    pub(in crate::cli) shard: Option<String>,

    /// Go on where a sweep to the same -o was interrupted
    #[arg(long, requires = "output")]
    pub(in crate::cli) resume: bool,

    /// Stop at the first row that cannot be simulated or, with --check, is broken
    #[arg(long)]
    pub(in crate::cli) fail_fast: bool,

    /// End with 0 (or what --check says) though rows could not be simulated; else that is 3, once all others are written
    #[arg(long)]
    pub(in crate::cli) allow_failed: bool,

    /// Stop after so long, keeping what is finished: `30m`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(in crate::cli) timeout: Option<Dur>,

    /// Refuse more combinations than this
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(in crate::cli) max_rows: u64,
}

/// Where a table goes, and what it looks like.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct TableArgs {
    /// How to write the rows [default: what the ending of -o says, else table on a terminal and csv elsewhere]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::sweep::FORMATS.map(|f| f.name)))]
    pub(in crate::cli) format: Option<String>,

    /// Write to this file, whole or not at all; until then finished rows are kept in FILE.journal
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,

    /// The figures of each replication, a row each, rather than their means
    #[arg(long)]
    pub(in crate::cli) each: bool,

    /// The figure by which a table for people is sorted, least first; with `-` before it, most first
    #[arg(long, value_name = "FIGURE", default_value = "dropped", allow_hyphen_values = true, value_parser = sorting)]
    pub(in crate::cli) sort: String,
}
