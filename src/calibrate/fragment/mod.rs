//! What was found, as a part of a scenario: each figure with what it rests on, in comments.

mod clients;
mod figure;
mod service;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::fit::Family;
use super::{Calibration, Reading};
use crate::scenario::diag::printable;
pub(super) use figure::sig;

/// What the distribution of service times is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The most likely family, if it is near enough; else as recorded.
    Auto,
    /// This family.
    Family(Family),
    /// As recorded.
    Empirical,
}

/// A part of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The YAML.
    pub text: String,
    /// Files beside it that it names, each with its text: a distribution as it was recorded, arrivals.
    pub beside: Vec<(PathBuf, String)>,
}

/// What the text ends with.
const ITSELF: &str =
    "# A scenario in itself; of your own workload with `workload: {manifest: deployment.yaml}` beside it.\n";

/// Writes it. `output` is where it will stand: a distribution as recorded needs a file of
/// its own beside it, as arrivals do that are to be replayed one by one.
pub fn write(found: &Calibration, wanted: Wanted, output: Option<&Path>) -> Fragment {
    let mut fragment = Fragment { text: String::new(), beside: Vec::new() };
    let out = &mut fragment.text;
    for reading in &found.readings {
        read(reading, out);
    }
    service::write(found, wanted, output, &mut fragment);
    let series = found.series.first();
    let rate = found.arrivals.rate();
    if let Some((trace, output)) = found.moments.trace().zip(output) {
        clients::replay_each(&trace, output, &mut fragment);
        return fragment;
    }
    let out = &mut fragment.text;
    match (series, &rate) {
        (Some(series), _) => clients::replay(series, found.series.len(), output, out),
        (None, Some(rate)) => clients::at_rate(rate, out),
        (None, None) => out.push_str(
            "# Nothing here says how requests come: a scenario needs `clients: [{name: web, rate: 2000/s}]` as well.\n",
        ),
    }
    if series.is_some() || rate.is_some() {
        out.push_str(ITSELF);
    }
    fragment
}

/// A file beside the scenario at `output`, and its name as a scenario writes it.
fn beside(output: &Path, what: &str) -> (PathBuf, String) {
    let stem = output.file_stem().map_or_else(|| "scenario".to_owned(), |s| s.to_string_lossy().into_owned());
    let name = format!("{stem}.{what}.csv");
    (output.with_file_name(&name), serde_json::Value::from(name).to_string())
}

/// A comment, whatever stands in it.
pub(super) fn comment(indent: &str, text: &str, out: &mut String) {
    let _ = writeln!(out, "{indent}# {}", printable(text).replace('\n', "\\n"));
}

/// What became of a file.
fn read(reading: &Reading, out: &mut String) {
    let failed = match reading.failed {
        0 => String::new(),
        n => format!("; {n} of them failed (499, 5xx) or became something else (101): their times do not count"),
    };
    let text = format!(
        "{}: {}, {} of {} lines read{failed}",
        reading.file,
        reading.format.name(),
        reading.read,
        reading.lines
    );
    comment("", &text, out);
    if let Some((number, text)) = &reading.unreadable {
        let text = format!("  {} could not be read, the first of them line {number}: {text}", reading.passed());
        comment("", &text, out);
    }
    for remark in &reading.remarks {
        comment("", &format!("  {remark}"), out);
    }
}
