//! What analyses of the new version came to, in a sentence each.

use super::text::since;
use crate::metrics::Results;
use crate::metrics::results::AnalysisRow;

/// One for each analysis and what it came to; those that passed are told only beside others.
pub(super) fn sentences(results: &Results) -> Vec<String> {
    let rows = &results.analyses;
    rows.iter().map(|row| sentence(row, results.replications)).collect()
}

fn sentence(row: &AnalysisRow, replications: u32) -> String {
    let which = match row.analysis.as_str() {
        "deploy.analysis" => "The analysis".to_owned(),
        "analysis" => "The background analysis".to_owned(),
        step => match step.strip_prefix("steps.analysis.").and_then(|n| n.parse::<u32>().ok()) {
            Some(n) => format!("Analysis {} of the steps", n + 1),
            None => format!("The {step}"),
        },
    };
    let what = match row.verdict.as_str() {
        "passed" => "passed",
        "failed" => "called the new version off",
        _ => "came to no conclusion, and waited for somebody to look,",
    };
    let share = if row.deploys == replications {
        "in each deploy".to_owned()
    } else {
        format!("in {} of {replications} deploys", row.deploys)
    };
    format!("{which} {what} {share}, at {} on average.", since(row.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample;

    #[test]
    fn in_how_many_of_the_deploys_and_when() {
        let mut results = sample::results(10);
        let row = |analysis: &str, verdict: &str, deploys| AnalysisRow {
            analysis: analysis.to_owned(),
            verdict: verdict.to_owned(),
            deploys,
            at: 35.0,
        };
        assert!(sentences(&results).is_empty());
        results.analyses = vec![row("steps.analysis.0", "passed", 3), row("analysis", "failed", 10)];
        let told = sentences(&results);
        assert_eq!(told[0], "Analysis 1 of the steps passed in 3 of 10 deploys, at +35 s on average.");
        assert_eq!(told[1], "The background analysis called the new version off in each deploy, at +35 s on average.");
    }
}
