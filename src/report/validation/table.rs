//! For a terminal: one line a case, and one for each quantity that missed.

use std::io;

use super::{completion, failures, forecast, numbers, of_incident, said, word};
use crate::metrics::validation::{CaseVerdict, Validation};

pub(super) fn write(validation: &Validation, out: &mut dyn io::Write) -> io::Result<()> {
    let width = validation.cases.iter().map(|c| c.case.chars().count()).max().unwrap_or(0);
    for case in &validation.cases {
        writeln!(out, "{:<width$}  {}  {}", case.case, word(case), summary(case))?;
        let missed = case.rows.iter().filter(|r| r.decides && !r.inside);
        for row in missed.filter(|_| matches!(case.kind, "balancer" | "kubernetes")) {
            writeln!(out, "{:width$}    {}: {}", "", row.quantity, numbers(row))?;
        }
        for note in &case.notes {
            writeln!(out, "{:width$}    {note}", "")?;
        }
    }
    writeln!(out)?;
    for score in &validation.kinds {
        let of_kind = || validation.cases.iter().filter(|c| c.kind == score.kind);
        let more = match score.kind {
            "balancer" => {
                format!("; {} on every outcome's count", of_kind().filter(|c| c.outcomes_inside).count())
            }
            "incident" if score.dependent > 0 => {
                format!("; {} of those are no forecasts: an input was read off the outcome", score.dependent)
            }
            _ => String::new(),
        };
        writeln!(out, "{:<10}  {} of {} inside{more}", score.kind, score.inside, score.total)?;
    }
    writeln!(out, "all         {} of {} inside", validation.inside, validation.total)
}

/// What the case was about, on one line.
fn summary(case: &CaseVerdict) -> String {
    let rows = |line: &dyn Fn(&crate::metrics::validation::Row) -> String| {
        case.rows.iter().map(line).collect::<Vec<_>>().join("; ")
    };
    match case.kind {
        "balancer" => failures(case),
        "kubernetes" => format!("complete after {} s", completion(case)),
        "theory" => rows(&|r| format!("{} {} ({})", r.quantity, super::digits(r.measured), forecast(r))),
        _ => rows(&|r| format!("{}: {}; forecast {}", r.quantity, said(r), of_incident(r))),
    }
}
