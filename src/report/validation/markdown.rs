//! The page.

use std::io;

use super::super::markdown::escape;
use super::{completion, digits, failures, forecast, numbers, of_incident, said, word};
use crate::metrics::validation::{Background, CaseVerdict, Score, Validation};

/// What the page says before its tables.
const HEAD: &str = "\
# Validation: forecasts beside measurements

Written by `dryroll validate --format markdown`, compared by a test: a case that comes out no longer, or otherwise, fails it.
";

/// How one kind of cases is shown.
struct Section {
    kind: &'static str,
    title: &'static str,
    about: &'static str,
    columns: &'static [&'static str],
    cells: fn(&CaseVerdict) -> Vec<Vec<String>>,
}

const SECTIONS: [Section; 4] = [
    Section {
        kind: "balancer",
        title: "Deploys through real balancers",
        about: "A case's scenario holds what was configured, by one translation that serves all (`--as-scenario CASE` prints it); nothing in \
                it knows what was measured. Forecasts are means over the replications, measurements over three runs. *Inside*: every \
                quantity with a stated tolerance lies within it (`src/study/validate/tolerance.rs`); *partly*: every outcome's count does.",
        columns: &["failures: measured (forecast)"],
        cells: |case| vec![vec![failures(case)]],
    },
    Section {
        kind: "kubernetes",
        title: "Recorded rollouts of Kubernetes' controllers",
        about: "The controllers replayed with what was configured. *Inside*: sizes, plateaus, times and conditions are those of a recorded run. \
                Where the client is throttled (`qps-…`), a race of milliseconds decides which status updates are refused, at two more requests \
                each: such a case is replayed twenty times, and one replay must be a recorded run; how many are is told.",
        columns: &["complete after (s): measured (forecast)"],
        cells: |case| vec![vec![completion(case)]],
    },
    Section {
        kind: "theory",
        title: "Closed forms",
        about: "What must come out follows from the scenario by a formula, which the program evaluates. λ: requests a second; N: \
                `replicas`; S: service time, F its distribution; c: `concurrency`; ρ = λE[S]/c; D: how long a removal takes, L: how long the pod \
                listens meanwhile; W: the drain or jitter window; C: connections. *Inside*: the formula lies within 4.5 standard errors of \
                the mean over the replications.",
        columns: &["what", "formula", "theory", "simulated"],
        cells: |case| {
            let about = case.background.as_ref().map_or("", |b| b.says.as_str());
            let row = |r| vec![escape(about), said(r).to_owned(), digits(r.measured), forecast(r)];
            case.rows.iter().map(row).collect()
        },
    },
    Section {
        kind: "incident",
        title: "Published incidents",
        about: "Each scenario holds what a public thread states of its deploy, a platform's documented defaults for the rest, and what is \
                named below where there are none. One deploy was seen, or a few: the interval is where 95 % of the simulated deploys lie, or \
                for a share of deploys where the true share lies with 95 % confidence. *Inside*: what was reported, read as widely as its words \
                allow, meets it. No value was changed to make a case come out.",
        columns: &["quantity", "reported", "forecast"],
        cells: |case| {
            case.rows.iter().map(|r| vec![format!("`{}`", r.quantity), escape(said(r)), of_incident(r)]).collect()
        },
    },
];

pub(super) fn write(validation: &Validation, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{HEAD}")?;
    for section in &SECTIONS {
        let cases: Vec<&CaseVerdict> = validation.cases.iter().filter(|c| c.kind == section.kind).collect();
        let Some(score) = validation.kinds.iter().find(|s| s.kind == section.kind) else { continue };
        writeln!(out, "## {}\n\n{}\n\n**{}.**", section.title, section.about, standing(score, &cases))?;
        writeln!(out, "\n| case | verdict | {} |", section.columns.join(" | "))?;
        writeln!(out, "| --- | --- |{}", " --- |".repeat(section.columns.len()))?;
        for case in &cases {
            let named = (format!("`{}`", case.case), word(case).trim_end());
            for (n, cells) in (section.cells)(case).iter().enumerate() {
                let (name, verdict) = if n == 0 { (named.0.as_str(), named.1) } else { ("", "") };
                writeln!(out, "| {name} | {verdict} | {} |", cells.join(" | "))?;
            }
        }
        writeln!(out)?;
        misses(&cases, out)?;
        if section.kind == "incident" {
            backgrounds(&cases, out)?;
        }
    }
    Ok(())
}

/// `82 of 84 inside; 84 on every outcome's count`.
fn standing(score: &Score, cases: &[&CaseVerdict]) -> String {
    let more = match score.kind {
        "balancer" => {
            let outcomes = cases.iter().filter(|c| c.outcomes_inside).count();
            format!("; {outcomes} on every outcome's count")
        }
        "incident" if score.dependent > 0 => {
            format!(
                "; in {} of those an input was read off the very outcome, so that they are no forecasts",
                score.dependent
            )
        }
        _ => String::new(),
    };
    format!("{} of {} inside{more}", score.inside, score.total)
}

/// A line on every miss.
fn misses(cases: &[&CaseVerdict], out: &mut dyn io::Write) -> io::Result<()> {
    let missed: Vec<&&CaseVerdict> = cases.iter().filter(|c| !c.inside).collect();
    if missed.is_empty() {
        return Ok(());
    }
    writeln!(out, "### What does not come out\n")?;
    for case in missed {
        writeln!(out, "- `{}`", case.case)?;
        let told = matches!(case.kind, "theory" | "incident");
        for row in case.rows.iter().filter(|r| r.decides && !r.inside && r.quantity != "deviations" && !told) {
            writeln!(out, "  - `{}`: {}", row.quantity, numbers(row))?;
        }
        for note in &case.notes {
            writeln!(out, "  - {note}")?;
        }
    }
    writeln!(out)
}

/// What is told of each incident.
fn backgrounds(cases: &[&CaseVerdict], out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "### Of each incident\n")?;
    for case in cases {
        let Some(Background { says, sources, stated, assumed, dependent }) = &case.background else { continue };
        let links: Vec<String> = sources.iter().map(|url| format!("<{url}>")).collect();
        writeln!(out, "- `{}`: {}. {}", case.case, escape(says), links.join(", "))?;
        writeln!(out, "  - Stated: {}.", escape(&stated.join("; ")))?;
        if !assumed.is_empty() {
            writeln!(out, "  - For the rest: {}.", escape(&assumed.join("; ")))?;
        }
        if let Some(why) = dependent {
            writeln!(out, "  - No forecast: {}.", escape(why))?;
        }
    }
    writeln!(out)
}
