//! How an objective stands, in words.

use super::text::{count, percent, rate, seconds, times};
use crate::study::result::finding::{Finding, Verdict};

/// A verdict in words.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Undecided => "can't tell",
        Verdict::Broken => "broken",
    }
}

/// `dropped 0: broken, 3 of 10 deploys meet it (between 8.7 % and 61 % of all)`.
pub fn sentence(finding: &Finding) -> String {
    let [lo, hi] = finding.share;
    let number = |n: u32| count(f64::from(n), f64::from(n));
    format!(
        "{} {}: {}, {} of {} deploys meet it (between {} and {} of all)",
        finding.objective,
        finding.limit,
        verdict(finding.verdict),
        number(finding.met),
        number(finding.deploys),
        percent(lo, lo),
        percent(hi, hi)
    )
}

/// The worst that one deploy had, in the objective's unit.
pub fn worst(finding: &Finding) -> String {
    let Some(worst) = finding.worst else { return "–".to_owned() };
    let format = match finding.objective.as_str() {
        "availability" => percent,
        "p99" | "duration" => seconds,
        "peakReconnects" => rate,
        "minHeadroom" => times,
        _ => count,
    };
    format(worst, worst)
}
