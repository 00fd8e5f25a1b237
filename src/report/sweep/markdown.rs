//! A sweep for a pull request or a job summary: the best combinations first.

use std::io;

use super::SweepPage;
use super::rows;
use crate::report::Format;
use crate::report::markdown::escape;
use crate::report::text::plural;

/// `--format markdown`.
pub(super) const FORMAT: Format<SweepPage> = Format { name: "markdown", endings: &["md", "markdown"], write };

fn write(page: &SweepPage, out: &mut dyn io::Write) -> io::Result<()> {
    let header = &page.table.header;
    let (settings, figures, words) = rows::heads(page);
    writeln!(out, "### {}\n", escape(&header.scenario))?;
    writeln!(out, "{}, seed {}, sorted by {}\n", plural(header.rows as f64, "combination"), header.seed, page.sort)?;
    let names = settings.iter().map(String::as_str).chain(figures.iter().copied()).chain(words.iter().copied());
    let names: Vec<String> = names.map(escape).collect();
    writeln!(out, "| {} |", names.join(" | "))?;
    writeln!(out, "|{}", " ---: |".repeat(names.len()))?;
    for row in page.table.best_first(&page.sort, page.descending) {
        let line = rows::line(page, row);
        let figures = line.figures.iter().map(|(f, i)| format!("{f}{}{i}", if i.is_empty() { "" } else { " " }));
        let cells = line.settings.iter().cloned().chain(figures).chain(line.words);
        writeln!(out, "| {} |", cells.map(|c| escape(&c)).collect::<Vec<_>>().join(" | "))?;
    }
    Ok(())
}
