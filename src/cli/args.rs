//! What was typed.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::exit;
use crate::report;

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

    /// Forecast what was measured – real balancers during deploys – and print both side by side
    #[command(after_help = exit::HELP)]
    Validate(Validate),

    /// List the settings that come with the program by name, or print those of one, each with its source
    Presets(Presets),
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
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct Presets {
    /// Print this one
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Validate {
    /// Only these cases
    #[arg(value_name = "CASE")]
    pub(super) cases: Vec<String>,

    /// A folder of cases [default: those that come with the program]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) corpus: Option<PathBuf>,

    /// Print the scenario that this case's parameters make, and run nothing
    #[arg(long, value_name = "CASE", conflicts_with = "cases")]
    pub(super) as_scenario: Option<String>,

    /// Simulated deploys a case
    #[arg(long, value_name = "N", default_value_t = crate::study::validate::REPLICATIONS, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) replications: u32,

    /// Threads, which change nothing in the result [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(super) jobs: Option<u16>,

    /// How to write the result [default: what the ending of -o says, else table]
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(["table", "json", "markdown"]))]
    pub(super) format: Option<String>,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,
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

    /// The balancer, by name (`dryroll presets` lists them); what the file says of it comes first
    #[arg(long, value_name = "NAME")]
    pub(super) preset: Option<String>,

    /// The root of all randomness [default: the scenario's, else 1]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(super) struct WorkArgs {
    /// Simulated deploys; more of them narrow the intervals
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) replications: u32,

    /// Threads, which change nothing in the result [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(super) jobs: Option<u16>,
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
