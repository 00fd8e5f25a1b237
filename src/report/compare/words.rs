//! A comparison's figures in words.

use crate::report::text::{self, Format as Number, count, percent, rate, seconds, times};
use crate::stats::Estimate;
use crate::stats::paired::Verdict;
use crate::study::result::comparison::Compared;

/// One figure for people.
pub(in crate::report) struct Words {
    /// What it is.
    pub(in crate::report) figure: String,
    /// The baseline's.
    pub(in crate::report) baseline: String,
    /// The policy's.
    pub(in crate::report) policy: String,
    /// Policy − baseline, with a sign.
    pub(in crate::report) difference: String,
    /// Its 95 % interval.
    pub(in crate::report) interval: String,
    /// What can be said, with what it says.
    pub(in crate::report) verdict: &'static str,
}

/// How the numbers of a column are written.
fn number(figure: &str) -> Number {
    let first = figure.split('_').next().unwrap_or(figure);
    let latency = ["mean", "p50", "p90", "p99", "p999", "max"].contains(&first);
    match first {
        _ if latency && figure != first => seconds,
        "durationSeconds" | "seconds" | "secondsBelowDemand" => seconds,
        "availability" | "minReadyFraction" => percent,
        "peakReconnectsPerSecond" | "baselineReconnectsPerSecond" => rate,
        "minHeadroom" | "spikeRatio" => times,
        _ => count,
    }
}

/// What people call a column.
pub(in crate::report) fn name(figure: &str) -> String {
    match figure {
        "p99_during" => "p99".to_owned(),
        "peakReconnectsPerSecond" => "peak reconnects".to_owned(),
        "peakReconnectsPerSecond_upstream" => "peak reconnects to pods".to_owned(),
        "minReady" => "fewest ready pods".to_owned(),
        "minHeadroom" => "smallest capacity / demand".to_owned(),
        "durationSeconds" => "duration".to_owned(),
        other => other.to_owned(),
    }
}

pub(in crate::report) fn words(compared: &Compared) -> Words {
    let format = number(&compared.measure.figure);
    let alone = |x: f64| format(x, x);
    let d = compared.difference;
    let difference = Some(Estimate { mean: d.mean, ci95: d.ci95, min: d.mean, max: d.mean });
    let sign = if d.mean > 0.0 { "+" } else { "" };
    Words {
        figure: name(&compared.measure.figure),
        baseline: alone(compared.baseline),
        policy: alone(compared.policy),
        difference: format!("{sign}{}", text::mean(difference, format)),
        interval: text::interval(difference, format),
        verdict: verdict(compared.verdict),
    }
}

/// A verdict in words.
pub(in crate::report) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Same => "same",
        Verdict::Undecided => "can't tell",
    }
}

/// `better: dropped; worse: duration; can't tell: p99`, or that all is the same.
pub(in crate::report) fn sentence(figures: &[Compared]) -> String {
    let of = |v: Verdict| -> Vec<String> {
        figures.iter().filter(|c| c.verdict == v).map(|c| name(&c.measure.figure)).collect()
    };
    let parts: Vec<String> = [Verdict::Better, Verdict::Worse, Verdict::Undecided]
        .into_iter()
        .map(|v| (verdict(v), of(v)))
        .filter(|(_, names)| !names.is_empty())
        .map(|(word, names)| format!("{word}: {}", names.join(", ")))
        .collect();
    if parts.is_empty() { "the same in every figure".to_owned() } else { parts.join("; ") }
}

/// `dropped: worse, 12 instead of 3, difference +9 [7 to 11]`.
pub(in crate::report) fn figure_sentence(compared: &Compared) -> String {
    let Words { figure, baseline, policy, difference, interval, verdict } = words(compared);
    let gap = if interval.is_empty() { "" } else { " " };
    format!("{figure}: {verdict}, {policy} instead of {baseline}, difference {difference}{gap}{interval}")
}
