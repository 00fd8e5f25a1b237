//! The forecast for a pull request or a job summary.

use std::io;

use super::terminal::table::{RETRIED, factor};
use super::text::{self, Format, count, percent, rate, seconds, times};
use super::{Page, Report, answer, check, why};
use crate::metrics::Figure;

/// `--format markdown`: the answer, a table of the main figures, the causes, and what was assumed behind a fold.
pub(super) struct Markdown;

impl Report for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["md", "markdown"]
    }

    fn write(&self, page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let answer = answer::answer(page);
        writeln!(out, "### {}\n", escape(&page.results.scenario))?;
        writeln!(out, "**{}**\n", escape(&answer.sentence))?;
        for note in &answer.notes {
            writeln!(out, "{}\n", escape(note))?;
        }
        writeln!(out, "{}\n", escape(&answer::subject(page)))?;
        if !page.findings.is_empty() {
            check::markdown_objectives(page.findings, out)?;
        }
        figures(page, out)?;
        causes(page, out)?;
        assumptions(page, out)
    }
}

fn figures(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let s = &page.results.summary;
    let c = if page.settings.proxied { &s.connections.upstream } else { &s.connections.clients };
    let latency = if page.results.is_steady() { s.latency.before.p99 } else { s.latency.during.p99 };
    let attempts = &s.recovery.attempts_per_request;
    let attempts = if page.results.is_steady() { attempts.before } else { attempts.during };
    let rows: [(&str, Figure, Format); 11] = [
        ("requests", s.requests, count),
        ("dropped", s.dropped, count),
        ("availability", s.availability, percent),
        ("p99 before", s.latency.before.p99, seconds),
        ("p99", latency, seconds),
        ("peak reconnects to pods", c.peak_reconnects_per_second, rate),
        ("fewest ready pods", s.capacity.min_ready, count),
        ("smallest capacity / demand", s.capacity.min_headroom, times),
        ("duration", s.rollout.duration_seconds, seconds),
        ("attempts per request", attempts.filter(|a| a.mean >= RETRIED), factor),
        ("recovery", s.recovery.recovery_seconds.filter(|r| r.max > 0.0), seconds),
    ];
    writeln!(out, "| per deploy | mean | 95 % interval |\n| --- | ---: | --- |")?;
    for (name, figure, format) in rows.into_iter().filter(|(_, f, _)| f.is_some()) {
        writeln!(out, "| {name} | {} | {} |", text::mean(figure, format), text::interval(figure, format))?;
    }
    writeln!(out)
}

fn causes(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let reasons = why::reasons(page);
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(out, "| cause | share | how |\n| --- | ---: | --- |")?;
    for r in reasons {
        writeln!(out, "| {} | {} | {} |", r.name, percent(r.share, r.share), escape(&r.sentence))?;
    }
    writeln!(out)
}

fn assumptions(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let results = page.results;
    folded("Assumed", &results.assumptions, out)?;
    folded("Beyond what was measured", &results.beyond, out)
}

/// A list behind a fold, where there is anything on it.
fn folded(title: &str, all: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "<details><summary>{title} ({})</summary>\n", all.len())?;
    for line in all {
        writeln!(out, "- {}", escape(line))?;
    }
    writeln!(out, "\n</details>")
}

/// Text from a scenario, which must not turn into markup.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '#') {
            escaped.push('\\');
        }
        escaped.push(if c == '\n' { ' ' } else { c });
    }
    escaped
}
