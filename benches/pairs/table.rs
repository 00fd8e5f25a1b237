//! Samples and the table made of them.

use std::fmt::Write as _;

use crate::Side;
use crate::floor::Tally;

/// One measurement of one side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// CPU time per request [ns].
    pub(crate) cpu_ns: f64,
    /// What was simulated.
    pub(crate) tally: Tally,
}

impl Sample {
    /// As a child reports it: numbers with spaces between, `-` for what it does not know.
    pub(crate) fn to_line(self) -> String {
        let Tally { requests, mean_wait, mean_latency, p99_latency, utilisation } = self.tally;
        let or_dash = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |f| f.to_string());
        let (mean_wait, utilisation) = (or_dash(mean_wait), or_dash(utilisation));
        format!("{} {requests} {mean_wait} {mean_latency} {p99_latency} {utilisation}", self.cpu_ns)
    }

    /// The inverse of [`Sample::to_line`]; `None` for anything else.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [cpu_ns, requests, mean_wait, mean_latency, p99_latency, utilisation] = fields[..] else { return None };
        let unless_dash = |text: &str| if text == "-" { Some(None) } else { text.parse().ok().map(Some) };
        let tally = Tally {
            requests: requests.parse().ok()?,
            mean_wait: unless_dash(mean_wait)?,
            mean_latency: mean_latency.parse().ok()?,
            p99_latency: p99_latency.parse().ok()?,
            utilisation: unless_dash(utilisation)?,
        };
        Some(Self { cpu_ns: cpu_ns.parse().ok()?, tally })
    }
}

/// The table: one row a side, ratios against its base, round by round.
pub(crate) fn render(rows: &[(&Side, Vec<Sample>)], seconds: u64) -> String {
    let rounds = rows.first().map_or(0, |(_, samples)| samples.len());
    let mut out = format!("{rounds} rounds of {seconds} s simulated; CPU time (user + system) per request\n\n");
    let _ = writeln!(
        out,
        "{:<14}{:>8}{:>8}{:>8}{:>9}  {:>17}{:>7}  {:<12}{:>9}{:>9}{:>9}{:>9}{:>8}",
        "side",
        "min ns",
        "median",
        "max",
        "ratio",
        "min to max",
        "to be",
        "of",
        "requests",
        "wait us",
        "mean ms",
        "p99 ms",
        "busy %"
    );
    for (side, samples) in rows {
        let Side { name, base, to_be, .. } = side;
        let ns = sorted(samples.iter().map(|s| s.cpu_ns));
        let base_samples = rows.iter().find(|(other, _)| other.name == *base).map_or(samples, |(_, s)| s);
        let ratios = sorted(samples.iter().zip(base_samples).map(|(s, base)| s.cpu_ns / base.cpu_ns));
        let to_be = to_be.map_or_else(|| "-".to_owned(), |to_be| format!("{to_be:.1}"));
        let _ = writeln!(
            out,
            "{name:<14}{:>8.1}{:>8.1}{:>8.1}{:>9.3}  {:>17}{to_be:>7}  {base:<12}{:>9}{:>9}{:>9}{:>9}{:>8}",
            ns[0],
            median(&ns),
            ns[ns.len() - 1],
            median(&ratios),
            format!("{:.3} to {:.3}", ratios[0], ratios[ratios.len() - 1]),
            samples[0].tally.requests,
            mean(samples, |t| t.mean_wait.map(|w| w * 1e6)),
            mean(samples, |t| Some(t.mean_latency * 1e3)),
            mean(samples, |t| Some(t.p99_latency * 1e3)),
            mean(samples, |t| t.utilisation.map(|u| u * 100.0)),
        );
    }
    out
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The middle one; of an even number the mean of the two in the middle.
fn median(sorted: &[f64]) -> f64 {
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// The mean of a figure over the samples; `-` where the side does not know it.
fn mean(samples: &[Sample], figure: impl Fn(&Tally) -> Option<f64>) -> String {
    let sum: Option<f64> = samples.iter().map(|s| figure(&s.tally)).sum();
    sum.map_or_else(|| "-".to_owned(), |sum| format!("{:.3}", sum / samples.len() as f64))
}
