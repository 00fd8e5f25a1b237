//! What was typed.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::exit;
use crate::engine::Dur;
use crate::metrics::summary::Summary;
use crate::report;
use crate::study::result::effort::Precise;

/// A dry run of your rollout: forecasts, request by request, what a deploy does to the people who use the service.
#[derive(Debug, Parser)]
#[command(name = "dryroll", version, after_help = exit::HELP, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,

    /// Colour in what is printed; `NO_COLOR` is obeyed
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,

    /// Print nothing but the result and errors
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Forecast one deploy, of a scenario or of a Kubernetes manifest
    #[command(after_help = exit::HELP)]
    Run(Run),
    /// Forecast every combination of varied settings, on the same random numbers
    #[command(after_help = exit::HELP)]
    Sweep(Sweep),
    /// Tell policies apart: the same traffic against several files, or against variants of one
    #[command(after_help = exit::HELP)]
    Compare(Compare),
    /// Hold scenarios to their objectives, and to a baseline; for CI
    #[command(after_help = exit::HELP)]
    Check(Check),
    /// Join the parts that `sweep --shard` wrote, to the bytes of the whole
    #[command(after_help = exit::HELP)]
    Merge(Merge),
}

/// When to print in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// A scenario or a Kubernetes manifest; `-` is stdin
    #[arg(value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,

    #[command(flatten)]
    pub(super) scenario: ScenarioArgs,

    #[command(flatten)]
    pub(super) work: WorkArgs,

    #[command(flatten)]
    pub(super) effort: EffortArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Scenario")]
pub(super) struct ScenarioArgs {
    /// Override one field, for instance `maxSurge=1` or `pod.termination.preStop=5s`; repeatable
    #[arg(long, value_name = "PATH=VALUE", value_parser = assignment)]
    pub(super) set: Vec<String>,

    /// Requests per second, for a manifest, which says nothing of traffic: `2000/s`
    #[arg(long, value_name = "RATE")]
    pub(super) rate: Option<String>,

    /// How long a request takes to serve, for a manifest: `20ms` or `p50=20ms,p99=120ms`
    #[arg(long, value_name = "TIME")]
    pub(super) service_time: Option<String>,

    /// Which workload, where the manifest holds several
    #[arg(long, value_name = "NAME")]
    pub(super) workload: Option<String>,

    /// The root of all randomness [default: the scenario's, else 1]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(super) struct WorkArgs {
    /// Simulated deploys; more of them narrow the intervals [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) replications: Option<u32>,

    /// Threads, which change nothing in the result [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(super) jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(super) struct Sweep {
    /// A scenario or a Kubernetes manifest; `-` is stdin
    #[arg(value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,

    /// Values of one field: `maxSurge=1,25%`, `drainWindow=0s..60s:7`, `drainWindow=1s..60s:7log`; in the place of the
    /// scenario's own axis of that path, or beside it; repeatable
    #[arg(long, value_name = "PATH=V1,V2,…", value_parser = assignment)]
    pub(super) vary: Vec<String>,

    /// So many combinations, spread evenly over a space that is too large for all of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) sample: Option<u64>,

    #[command(flatten)]
    pub(super) scenario: ScenarioArgs,

    #[command(flatten)]
    pub(super) work: WorkArgs,

    #[command(flatten)]
    pub(super) effort: EffortArgs,

    #[command(flatten)]
    pub(super) sweeping: SweepArgs,

    #[command(flatten)]
    pub(super) table: TableArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(super) struct SweepArgs {
    /// Only part I of N, written to the file that -o names, for `merge`; `auto` asks the scheduler's environment
    #[arg(long, value_name = "I/N", requires = "output")]
    pub(super) shard: Option<String>,

    /// Go on where a sweep to the same -o was interrupted
    #[arg(long, requires = "output")]
    pub(super) resume: bool,

    /// Stop at the first row that cannot be simulated or, with --check, is broken
    #[arg(long)]
    pub(super) fail_fast: bool,

    /// Stop after so long, keeping what is finished: `30m`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) timeout: Option<Dur>,

    /// Refuse more combinations than this
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(super) max_rows: u64,
}

/// How many replications an answer takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(super) struct EffortArgs {
    /// Add replications until the interval of FIGURE (`dropped`, where none is named) is within this share of it: `5%`
    #[arg(long, value_name = "[FIGURE=]SHARE", conflicts_with = "replications", value_parser = precision)]
    pub(super) precision: Vec<Precise>,

    /// Add replications until the objectives are decided
    #[arg(long, conflicts_with = "replications")]
    pub(super) until_decided: bool,

    /// At most so many replications
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) max_replications: u32,

    /// Hold the objectives: exit with 1 where one is broken, with 4 where it can't be told
    #[arg(long)]
    pub(super) check: bool,

    /// Exit with 0 where it can't be told
    #[arg(long)]
    pub(super) allow_undecided: bool,
}

/// Where a table goes, and what it looks like.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct TableArgs {
    /// How to write the rows [default: what the ending of -o says, else table on a terminal and csv elsewhere]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::sweep::FORMATS.map(|f| f.name)))]
    pub(super) format: Option<String>,

    /// Write to this file, whole or not at all; until then finished rows are kept in FILE.journal
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,

    /// The figures of each replication, a row each, rather than their means
    #[arg(long)]
    pub(super) each: bool,

    /// The figure by which a table for people is sorted, least first; with `-` before it, most first
    #[arg(long, value_name = "FIGURE", default_value = "dropped", allow_hyphen_values = true, value_parser = sorting)]
    pub(super) sort: String,
}

#[derive(Debug, Args)]
pub(super) struct Compare {
    /// Scenarios or Kubernetes manifests; the first is the baseline
    #[arg(value_hint = ValueHint::FilePath, required = true)]
    pub(super) files: Vec<PathBuf>,

    /// A policy beside the only file: its name and what it sets, `surge:maxSurge=1,maxUnavailable=0`; repeatable
    #[arg(long, value_name = "NAME:PATH=V,PATH=V")]
    pub(super) variant: Vec<String>,

    /// Differences up to this share of the baseline are none
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share)]
    pub(super) margin: f64,

    /// Compare this figure, by its column in `--format csv`, instead of the usual ones; repeatable
    #[arg(long, value_name = "FIGURE", value_parser = column)]
    pub(super) figure: Vec<String>,

    #[command(flatten)]
    pub(super) scenario: ScenarioArgs,

    #[command(flatten)]
    pub(super) work: WorkArgs,

    #[command(flatten)]
    pub(super) effort: EffortArgs,

    /// How to write the result [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::compare::FORMATS.map(|f| f.name)))]
    pub(super) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Scenarios or Kubernetes manifests
    #[arg(value_hint = ValueHint::FilePath, required = true)]
    pub(super) files: Vec<PathBuf>,

    /// Nor may they be significantly worse than this: a scenario, a manifest, or a result of `run --format json`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) baseline: Option<PathBuf>,

    /// Differences from the baseline up to this share of it are none
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share)]
    pub(super) margin: f64,

    /// At most so many replications; they are added until it is decided
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) max_replications: u32,

    /// Stop at the first objective that is broken
    #[arg(long)]
    pub(super) fail_fast: bool,

    /// Stop after so long: `10m`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) timeout: Option<Dur>,

    /// Exit with 0 where it can't be told
    #[arg(long)]
    pub(super) allow_undecided: bool,

    #[command(flatten)]
    pub(super) scenario: ScenarioArgs,

    #[command(flatten)]
    pub(super) work: WorkArgs,

    #[command(flatten)]
    pub(super) output: CheckOutput,
}

/// Where the result of a check goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct CheckOutput {
    /// How to write the result [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::check::FORMATS.map(|f| f.name)))]
    pub(super) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,

    /// Write JUnit XML to this file as well
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) junit: Option<PathBuf>,

    /// Write a summary for a pull request to this file as well; to the file in `$GITHUB_STEP_SUMMARY` it is appended
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) markdown: Option<PathBuf>,

    /// Tell GitHub where in the files an objective is broken, by `::error file=…` lines on stderr
    #[arg(long, value_enum, default_value_t = Annotations::Auto, value_name = "WHEN")]
    pub(super) annotations: Annotations,
}

/// When to print workflow commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Annotations {
    /// In a GitHub workflow.
    Auto,
    /// Always, in GitHub's form.
    Github,
    /// Never.
    None,
}

#[derive(Debug, Args)]
pub(super) struct Merge {
    /// The files that `sweep --shard` wrote, all of them
    #[arg(value_hint = ValueHint::FilePath, required = true)]
    pub(super) parts: Vec<PathBuf>,

    /// How to write the rows [default: what the ending of -o says, else csv]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::sweep::FORMATS.map(|f| f.name)))]
    pub(super) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,

    /// As for `sweep`
    #[arg(long, value_name = "FIGURE", default_value = "dropped", allow_hyphen_values = true, value_parser = sorting)]
    pub(super) sort: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// How to write the result [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(report::ALL.map(report::Report::name)))]
    pub(super) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,

    /// Print every assumption with its source, not the first few
    #[arg(long)]
    pub(super) assumptions: bool,
}

/// `PATH=VALUE`, both sides there.
fn assignment(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() && !value.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("expected PATH=VALUE, for instance maxSurge=1".to_owned()),
    }
}

/// `30m`, as scenarios write it.
fn duration(text: &str) -> Result<Dur, String> {
    crate::scenario::duration(text).ok_or_else(|| "expected a duration such as 90s, 30m or 2h".to_owned())
}

/// `5%`, as a share of 1; 0 % is allowed.
fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').and_then(|n| n.trim().parse::<f64>().ok());
    let share = number.filter(|p| (0.0..100.0).contains(p)).map(|p| p / 100.0);
    share.ok_or_else(|| "expected a share from 0% up and below 100%, as in 5%".to_owned())
}

/// `5%`, `p99_during=1%`.
fn precision(text: &str) -> Result<Precise, String> {
    let (figure, share) = text.split_once('=').unwrap_or(("dropped", text));
    let number = share.trim().strip_suffix('%').and_then(|n| n.trim().parse::<f64>().ok());
    match number {
        Some(percent) if percent > 0.0 && percent < 100.0 => {
            Ok(Precise { figure: column(figure.trim())?, share: percent / 100.0 })
        }
        _ => Err("expected a share above 0 % and below 100 %, as in 5% or p99_during=2%".to_owned()),
    }
}

/// A figure by which rows can be sorted, with `-` before it for most first.
fn sorting(text: &str) -> Result<String, String> {
    column(text.strip_prefix('-').unwrap_or(text)).map(|_| text.to_owned())
}

/// A column of figures.
fn column(name: &str) -> Result<String, String> {
    let names = Summary::column_names();
    if names.iter().any(|n| n == name) {
        return Ok(name.to_owned());
    }
    let near = crate::scenario::diag::nearest(name, names.iter().map(String::as_str));
    let hint =
        near.map_or_else(|| "the columns of `--format csv` are figures".to_owned(), |n| format!("did you mean `{n}`?"));
    Err(format!("no figure is called `{name}`: {hint}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_assignment_needs_both_sides() {
        assert!(assignment("maxSurge=25%").is_ok());
        assert!(["maxSurge", "=1", "maxSurge=", ""].iter().all(|t| assignment(t).is_err()));
    }
}
