//! Forecasts beside measurements, as a table, JSON or Markdown.

use std::io;

use crate::metrics::validation::{CaseVerdict, Row, Validation};

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For a terminal: one line a case, and one for each quantity that missed.
    Table,
    /// Everything, on one line.
    Json,
    /// The page.
    Markdown,
}

/// Writes `validation`.
///
/// # Errors
/// Whatever `out` says.
pub fn write(validation: &Validation, form: Form, out: &mut dyn io::Write) -> io::Result<()> {
    match form {
        Form::Json => {
            serde_json::to_writer(&mut *out, validation)?;
            writeln!(out)
        }
        Form::Table => table(validation, out),
        Form::Markdown => markdown(validation, out),
    }
}

fn table(validation: &Validation, out: &mut dyn io::Write) -> io::Result<()> {
    let width = validation.cases.iter().map(|c| c.case.chars().count()).max().unwrap_or(0);
    for case in &validation.cases {
        writeln!(out, "{:<width$}  {}  {}", case.case, word(case), failures(case))?;
        for row in case.rows.iter().filter(|r| r.decides && !r.inside) {
            writeln!(out, "{:width$}    {}: {}", "", row.quantity, numbers(row))?;
        }
        for note in &case.notes {
            writeln!(out, "{:width$}    {note}", "")?;
        }
    }
    writeln!(out, "\n{}", score(validation))
}

fn word(case: &CaseVerdict) -> &'static str {
    match (case.inside, case.outcomes_inside) {
        (true, _) => "inside ",
        (false, true) => "partly ",
        (false, false) => "outside",
    }
}

/// `502 148.3 (150.1)` for every outcome but the good one.
fn failures(case: &CaseVerdict) -> String {
    let bad = case.rows.iter().filter_map(|r| {
        let name = r.quantity.strip_prefix("totals.")?;
        let seen = r.measured > 0.0 || r.forecast.is_some_and(|f| f >= 0.5);
        (!matches!(name, "200" | "requests" | "open") && seen)
            .then(|| format!("{name} {} ({})", number(r.measured), r.forecast.map_or_else(|| "-".to_owned(), number)))
    });
    let all: Vec<String> = bad.collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn numbers(row: &Row) -> String {
    let forecast = row.forecast.map_or_else(|| "nothing".to_owned(), number);
    let interval = row.interval.map(|[low, high]| format!(" [{} to {}]", number(low), number(high)));
    format!("measured {}, forecast {forecast}{}", number(row.measured), interval.unwrap_or_default())
}

/// Three or four digits are all that a count over three repeats has.
fn number(x: f64) -> String {
    if x >= 100.0 { format!("{x:.0}") } else { format!("{x:.1}") }
}

fn score(validation: &Validation) -> String {
    let outcomes = validation.cases.iter().filter(|c| c.outcomes_inside).count();
    format!("{} of {} cases inside; {outcomes} on every outcome's count", validation.inside, validation.total)
}

/// What the page says before its tables.
const HEAD: &str = "\
# Validation: forecasts beside measurements

Written by `dryroll validate --format markdown`, compared by a test: a case that comes out no longer, or otherwise, fails it.
A case's scenario holds what was configured, by one translation that serves all (`--as-scenario CASE` prints it); nothing in
it knows what was measured. Forecasts are means over the replications, measurements over three runs. *Inside*: every
quantity with a stated tolerance lies within it (`src/study/validate/tolerance.rs`); *partly*: every outcome's count does.
";

fn markdown(validation: &Validation, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{HEAD}")?;
    for (kind, title, column) in [
        ("balancer", "Deploys through real balancers", "failures: measured (forecast)"),
        ("kubernetes", "Recorded rollouts of Kubernetes' controllers", "complete after (s): measured (forecast)"),
    ] {
        let cases: Vec<&CaseVerdict> = validation.cases.iter().filter(|c| c.kind == kind).collect();
        if cases.is_empty() {
            continue;
        }
        let inside = cases.iter().filter(|c| c.inside).count();
        let outcomes = cases.iter().filter(|c| c.outcomes_inside).count();
        let counts = if kind == "balancer" { format!("; {outcomes} on every outcome's count") } else { String::new() };
        writeln!(out, "## {title}\n\n**{inside} of {} inside{counts}.**", cases.len())?;
        writeln!(out, "\n| case | verdict | {column} |\n| --- | --- | --- |")?;
        for case in &cases {
            let numbers = if kind == "balancer" { failures(case) } else { completion(case) };
            writeln!(out, "| `{}` | {} | {numbers} |", case.case, word(case).trim_end())?;
        }
        misses(&cases, out)?;
    }
    Ok(())
}

/// A line on every miss.
fn misses(cases: &[&CaseVerdict], out: &mut dyn io::Write) -> io::Result<()> {
    let missed: Vec<&&CaseVerdict> = cases.iter().filter(|c| !c.inside).collect();
    if missed.is_empty() {
        return writeln!(out);
    }
    writeln!(out, "\n### What does not come out\n")?;
    for case in missed {
        writeln!(out, "- `{}`", case.case)?;
        for row in case.rows.iter().filter(|r| r.decides && !r.inside && r.quantity != "deviations") {
            writeln!(out, "  - `{}`: {}", row.quantity, numbers(row))?;
        }
        for note in &case.notes {
            writeln!(out, "  - {note}")?;
        }
    }
    writeln!(out)
}

/// `5.1 (5.0)`, or that it never completes.
fn completion(case: &CaseVerdict) -> String {
    let row = case.rows.iter().find(|r| r.quantity == "complete_at");
    row.map_or_else(
        || "never".to_owned(),
        |r| format!("{} ({})", number(r.measured), r.forecast.map_or_else(|| "never".to_owned(), number)),
    )
}
