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

fn markdown(validation: &Validation, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "**{}.**\n", score(validation))?;
    writeln!(out, "| case | verdict | failures: measured (forecast) | outside |\n| --- | --- | --- | --- |")?;
    for case in &validation.cases {
        let missed: Vec<String> = case
            .rows
            .iter()
            .filter(|r| r.decides && !r.inside)
            .map(|r| format!("`{}`: {}", r.quantity, numbers(r)))
            .collect();
        writeln!(out, "| `{}` | {} | {} | {} |", case.case, word(case).trim_end(), failures(case), missed.join("; "))?;
    }
    Ok(())
}
