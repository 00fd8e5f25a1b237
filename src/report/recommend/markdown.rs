//! A recommendation for a pull request.

use std::io;

use super::{RecommendPage, words};
use crate::report::Format;
use crate::report::answer::recovers;
use crate::report::finding;
use crate::report::markdown::escape;
use crate::report::text::count;
use crate::study::result::price::Cost;

/// `--format markdown`.
pub(super) const FORMAT: Format<RecommendPage> = Format { name: "markdown", endings: &["md", "markdown"], write };

fn write(page: &RecommendPage, out: &mut dyn io::Write) -> io::Result<()> {
    let r = &page.recommendation;
    writeln!(out, "### {}\n\n**{}**\n", escape(&r.scenario), escape(&words::answer(r)))?;
    if !r.changes.is_empty() {
        writeln!(out, "| setting | now | recommended | why | limits |\n| --- | ---: | ---: | --- | --- |")?;
        for c in &r.changes {
            let limits = c.cliff.as_ref().map(words::cliff).unwrap_or_default();
            let cells = [&c.name, &c.now, &c.value, &words::why(c), &limits].map(|text| escape(text));
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
        writeln!(out)?;
    }
    for found in &r.objectives {
        writeln!(out, "- {}", escape(&finding::sentence(found)))?;
    }
    let titles = Cost::ALL.map(words::title).join(" | ");
    writeln!(
        out,
        "\n| policy | {titles} | price | objectives |\n| --- |{} ---: | --- |",
        " ---: |".repeat(Cost::ALL.len())
    )?;
    let others = r.front.iter().filter(|p| p.settings != r.recommended.settings && p.settings != r.now.settings);
    let rows = [("now", &r.now), ("recommended", &r.recommended)].into_iter().chain(others.map(|p| ("", p)));
    for (name, p) in rows {
        let name = if name.is_empty() { p.settings.join(", ") } else { name.to_owned() };
        let costs = Cost::ALL.map(|c| words::figure(c, p.costs[c as usize]).0).join(" | ");
        let verdict = format!("{}, {}", p.verdict.name(), words::met(p.deploys, p.met));
        writeln!(
            out,
            "| {} | {} | {} | {verdict} |",
            escape(&name),
            escape(&costs).replace("\\|", "|"),
            count(p.price, p.price)
        )?;
    }
    writeln!(out)?;
    for s in &r.inputs {
        writeln!(out, "- {}: {}", s.input, escape(&words::sensitivity(s)))?;
    }
    if let Some(text) = r.recovers.as_ref().map(recovers) {
        writeln!(out, "- the fleet {}", escape(&text))?;
    }
    if let Some(text) = words::measure_first(r) {
        writeln!(out, "\n**{}**", escape(&text))?;
    }
    if r.interrupted {
        writeln!(out, "\n{}", words::INTERRUPTED)?;
    }
    writeln!(out, "\n{}; {}.", words::effort(r), words::price(r))
}
