//! Forecasts beside measurements, as a table, JSON, tidy rows or Markdown.

mod csv;
mod markdown;
mod table;

use std::io;

use crate::metrics::validation::{CaseVerdict, REPLAYS, Row, Validation};

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For a terminal: one line a case, and one for each quantity that missed.
    Table,
    /// Everything, on one line.
    Json,
    /// One row a case and quantity.
    Csv,
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
        Form::Csv => csv::write(validation, out),
        Form::Table => table::write(validation, out),
        Form::Markdown => markdown::write(validation, out),
    }
}

fn word(case: &CaseVerdict) -> &'static str {
    match (case.inside, case.outcomes_inside && case.kind == "balancer") {
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

/// `5.1 (5.0)`, or that it never completes.
fn completion(case: &CaseVerdict) -> String {
    let row = |quantity: &str| case.rows.iter().find(|r| r.quantity == quantity);
    let complete = row("complete_at").map_or_else(
        || "never".to_owned(),
        |r| format!("{} ({})", number(r.measured), r.forecast.map_or_else(|| "never".to_owned(), number)),
    );
    match row(REPLAYS) {
        Some(r) => format!("{complete}; {} of {} replays", r.forecast.unwrap_or(0.0), r.measured),
        None => complete,
    }
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

/// `0.2503 [0.2469 to 0.2549]`: four digits where a formula is exact.
fn forecast(row: &Row) -> String {
    let value = row.forecast.map_or_else(|| "nothing".to_owned(), digits);
    // An interval without a width says nothing.
    let interval = row.interval.filter(|[low, high]| digits(*low) != digits(*high));
    value + &interval.map_or_else(String::new, |[low, high]| format!(" [{} to {}]", digits(low), digits(high)))
}

/// Four significant digits, no zeros that say nothing.
fn digits(x: f64) -> String {
    let decimals = match x.abs() {
        x if x >= 1000.0 => 0,
        x if x >= 100.0 => 1,
        x if x >= 10.0 => 2,
        x if x >= 1.0 => 3,
        _ => 4,
    };
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Of a share of deploys, per cent.
fn share(row: &Row) -> String {
    let percent = |x: f64| format!("{:.0} %", 100.0 * x);
    let value = row.forecast.map_or_else(|| "nothing".to_owned(), percent);
    let interval = row.interval.map(|[low, high]| format!(" [{} to {}]", percent(low), percent(high)));
    format!("{value} of deploys{}", interval.unwrap_or_default())
}

/// What an incident's quantity came to: `any.502` is a share of deploys.
fn of_incident(row: &Row) -> String {
    if row.quantity.starts_with("any.") { share(row) } else { forecast(row) }
}

fn said(row: &Row) -> &str {
    row.said.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn digits_that_say_something() {
        let cases =
            [(0.25, "0.25"), (20_000.0, "20000"), (68.4, "68.4"), (0.064_666, "0.0647"), (5.0, "5"), (0.0, "0")];
        for (x, text) in cases {
            assert_eq!(digits(x), text);
        }
    }
}
