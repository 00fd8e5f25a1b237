//! What was typed.

mod calibrate;
mod check;
mod compare;
mod explain;
mod import;
mod lint;
mod live;
mod merge;
mod presets;
mod recommend;
mod report;
mod run;
mod schema;
mod shell;
mod sweep;
mod validate;
mod values;

use clap::{Args, Parser, Subcommand, ValueEnum};

use self::values::{assignment, precision};
use super::exit;
use crate::study::result::effort::Precise;

pub(super) use calibrate::Calibrate;
pub(super) use check::{Annotations, Check};
pub(super) use compare::Compare;
pub(super) use explain::Explain;
pub(super) use import::Import;
pub(super) use lint::Lint;
pub(super) use live::Live;
pub(super) use merge::Merge;
pub(super) use presets::Presets;
pub(super) use recommend::{Recommend, RecommendOutput};
pub(super) use report::{FigureArgs, PageArgs, Report};
pub(super) use run::{OutputArgs, Run};
pub(super) use schema::Schema;
pub(super) use shell::{Completions, Man};
pub(super) use sweep::Sweep;
pub(super) use validate::Validate;

/// A dry run of your rollout: forecasts, request by request, what a deploy does to the people who use the service.
#[derive(Debug, Parser)]
#[command(name = "dryroll", version, after_help = exit::HELP, max_term_width = 100)]
pub(in crate::cli) struct Cli {
    #[command(subcommand)]
    pub(in crate::cli) command: Command,

    /// Colour in what is printed; `NO_COLOR` is obeyed
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(in crate::cli) color: Color,

    /// Print nothing but the result and errors
    #[arg(long, short, global = true)]
    pub(in crate::cli) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
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
    /// Say why requests were dropped in one simulated deploy: each with its pod, its proxy and what that believed
    #[command(after_help = exit::PLAIN_HELP)]
    Explain(Explain),
    /// Search for the cheapest settings that hold the objectives: why each, how sure, and how near it breaks
    #[command(after_help = exit::RECOMMEND_HELP)]
    Recommend(Recommend),
    /// Find settings that incidents are made of, without a simulation
    Lint(Lint),
    /// Join the parts that `sweep --shard` wrote, to the bytes of the whole
    #[command(after_help = exit::MERGE_HELP)]
    Merge(Merge),
    /// Forecast what was measured – real balancers during deploys – and print both side by side
    #[command(after_help = exit::PLAIN_HELP)]
    Validate(Validate),
    /// List the settings that come with the program by name, or print those of one, each with its source
    Presets(Presets),
    /// Print the JSON Schema of the scenario format: every field, what it means, its default and where that comes from
    Schema(Schema),
    /// Make a page for a browser from a result that was kept: one HTML file that needs no network
    #[command(after_help = exit::PLAIN_HELP)]
    Report(Report),
    /// Move sliders and see the forecast change: a page on this machine alone, until Ctrl-C
    #[command(after_help = exit::PLAIN_HELP)]
    Ui(Live),
    /// Write the scenario that a manifest implies, every field spelled out with where it is from
    #[command(after_help = exit::PLAIN_HELP)]
    Import(Import),
    /// Read service times and arrivals from access logs, histograms and series of counts, as a part of a scenario
    #[command(after_help = exit::PLAIN_HELP)]
    Calibrate(Calibrate),
    /// Print what a shell needs to complete commands, options and files
    Completions(Completions),
    /// Write the manual: a page for each command
    Man(Man),
}

/// When to print in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Scenario")]
pub(in crate::cli) struct ScenarioArgs {
    /// Override one field, for instance `maxSurge=1` or `pod.termination.preStop=5s`; repeatable
    #[arg(long, value_name = "PATH=VALUE", value_parser = assignment)]
    pub(in crate::cli) set: Vec<String>,

    /// Requests per second, for a manifest, which says nothing of traffic: `2000/s`
    #[arg(long, value_name = "RATE")]
    pub(in crate::cli) rate: Option<String>,

    /// How long a request takes to serve, for a manifest: `20ms` or `p50=20ms,p99=120ms`
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) service_time: Option<String>,

    /// Which workload, where the manifest holds several: `web`, or `statefulset/web` where two have one name
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) workload: Option<String>,

    /// The balancer, by name (`dryroll presets` lists them); what the file says of it comes first
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) preset: Option<String>,

    /// The root of all randomness [default: the scenario's, else 1]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) seed: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(in crate::cli) struct WorkArgs {
    /// Simulated deploys; more of them narrow the intervals [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(in crate::cli) replications: Option<u32>,

    /// Threads, which change nothing in the result [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(in crate::cli) jobs: Option<u16>,
}

/// Replications at the most, where nothing is said of it.
pub(in crate::cli) const MAX_REPLICATIONS: u32 = 1_000;

/// How many replications an answer takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(in crate::cli) struct EffortArgs {
    /// Add replications until the interval of FIGURE (`dropped`, where none is named) is within this share of it: `5%`
    #[arg(long, value_name = "[FIGURE=]SHARE", conflicts_with = "replications", value_parser = precision)]
    pub(in crate::cli) precision: Vec<Precise>,

    /// Add replications until the objectives are decided; with --replications, play so many at the most, and none that could
    /// not change what they say
    #[arg(long)]
    pub(in crate::cli) until_decided: bool,

    /// At most so many replications
    #[arg(long, value_name = "N", default_value_t = MAX_REPLICATIONS, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(in crate::cli) max_replications: u32,

    /// Hold the objectives: exit with 1 where one is broken, with 4 where it can't be told
    #[arg(long)]
    pub(in crate::cli) check: bool,

    /// Exit with 0 where it can't be told
    #[arg(long)]
    pub(in crate::cli) allow_undecided: bool,
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;
    use std::path::PathBuf;

    use clap::{CommandFactory, ValueHint};

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn where_the_result_goes_stands_under_one_heading() {
        for command in Cli::command().get_subcommands() {
            let headings: Vec<_> = command.get_arguments().filter_map(|a| a.get_help_heading()).collect();
            let output = command.get_arguments().filter(|a| ["format", "output"].contains(&a.get_id().as_str()));
            for arg in output.filter(|_| headings.contains(&"Output")) {
                assert_eq!(arg.get_help_heading(), Some("Output"), "{} {}", command.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn a_shell_is_told_of_every_file_and_folder_that_it_is_one() {
        let program = Cli::command();
        let commands = program.get_subcommands();
        let args = commands.flat_map(|c| c.get_arguments().map(move |arg| (c.get_name(), arg)));
        let paths: Vec<_> = args.filter(|(_, a)| a.get_value_parser().type_id() == TypeId::of::<PathBuf>()).collect();
        assert!(paths.len() > 20, "{paths:?}");
        for (command, arg) in paths {
            let hint = arg.get_value_hint();
            assert!(matches!(hint, ValueHint::FilePath | ValueHint::DirPath), "{command} {}: {hint:?}", arg.get_id());
        }
    }
}
