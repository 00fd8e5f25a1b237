//! What `dryroll calibrate` takes.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

#[derive(Debug, Args)]
pub(in crate::cli) struct Calibrate {
    /// Access logs (nginx, Apache, Envoy, HAProxy, JSON lines), histograms of latency, series of request counts; `-` is stdin
    #[arg(value_name = "LOG", value_hint = ValueHint::FilePath, required = true)]
    pub(in crate::cli) logs: Vec<PathBuf>,

    /// How service times are written: the most likely family that is near enough (else as recorded), or this one
    #[arg(long, value_name = "KIND", default_value = "auto", value_parser = PossibleValuesParser::new(["auto", "lognormal", "gamma", "weibull", "exponential", "empirical"]))]
    pub(in crate::cli) fit: String,

    /// The unit of times of which a file does not say it
    #[arg(long, value_name = "UNIT", value_parser = PossibleValuesParser::new(["s", "ms", "us", "ns"]))]
    pub(in crate::cli) unit: Option<String>,

    /// Which histogram, where a file has several: its name without `_bucket`
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) metric: Option<String>,

    /// Replay each request of a log at its moment, from a file that is written beside the scenario (`-o`)
    #[arg(long, requires = "output")]
    pub(in crate::cli) trace: bool,

    /// Write to this file, whole or not at all, instead of stdout
    #[arg(long, short, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,
}
