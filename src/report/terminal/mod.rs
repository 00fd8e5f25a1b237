//! The forecast as a person reads it: the answer, the picture, the reasons, the next step, what was assumed.

mod next;
mod sparkline;
pub(super) mod table;
mod timeline;

use std::io;

use super::answer::{self, Tone};
use super::grid::{Cell, paint};
use super::style::{BAD, BOLD, DIM, GOOD, screen, width};
use super::text::{count, percent, wrap};
use super::{Page, Report, check, why};

pub(super) use next::proposals;

/// Assumptions that are named before `--assumptions` is pointed at.
const FEW: usize = 3;

/// `--format table`.
pub(super) struct Terminal;

impl Report for Terminal {
    fn name(&self) -> &'static str {
        "table"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["txt"]
    }

    fn write(&self, page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let sections = [
            header(page),
            answer(page),
            indent(check::objectives(page.findings)),
            indent(table::lines(page)),
            indent(timeline::lines(page)),
            whys(page),
            indent(next::lines(page)),
            assumed(page),
            beyond(page),
            footer(page),
        ];
        let text: Vec<String> = sections.into_iter().filter(|s| !s.is_empty()).map(|s| s.join("\n")).collect();
        writeln!(out, "{}", text.join("\n\n"))
    }
}

fn indent(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|l| if l.is_empty() { l } else { format!("  {l}") }).collect()
}

/// The name and what was simulated; what does not fit into a line goes below the rest, never torn.
fn header(page: &Page<'_>) -> Vec<String> {
    let name = &page.results.scenario;
    let subject = answer::subject(page);
    let mut lines: Vec<String> = vec![paint(BOLD, name)];
    let mut used = name.chars().count();
    for part in subject.split(" · ") {
        let more = part.chars().count() + 3;
        match lines.last_mut() {
            Some(line) if used + more <= width() => {
                line.push_str(&paint(DIM, &format!(" · {part}")));
                used += more;
            }
            _ => {
                lines.push(format!("  {}", paint(DIM, part)));
                used = more;
            }
        }
    }
    lines
}

fn answer(page: &Page<'_>) -> Vec<String> {
    let answer = answer::answer(page);
    let style = match answer.tone {
        Tone::Good => GOOD,
        Tone::Bad => BAD,
        Tone::Plain => BOLD,
    };
    let head = wrap(&answer.sentence, width() - 2).into_iter().map(|l| paint(style, &l));
    let notes = answer.notes.iter().flat_map(|n| wrap(n, width() - 2));
    indent(head.chain(notes).collect())
}

/// One paragraph a cause: its share, its name, and how it came about.
fn whys(page: &Page<'_>) -> Vec<String> {
    let reasons = why::reasons(page);
    if reasons.is_empty() {
        return Vec::new();
    }
    let name_width = reasons.iter().map(|r| r.name.chars().count()).max().unwrap_or(0);
    let share_width = reasons.iter().map(|r| percent(r.share, r.share).chars().count()).max().unwrap_or(0).max(7);
    let margin = 4 + share_width + 2 + name_width + 2;
    let mut lines = vec![format!("  {}", paint(BOLD, "Why"))];
    for r in &reasons {
        let share = format!("{:>share_width$}", percent(r.share, r.share));
        for (i, text) in wrap(&r.sentence, width() - margin).into_iter().enumerate() {
            if i == 0 {
                let fill = " ".repeat(name_width - r.name.chars().count());
                lines.push(format!("    {share}  {}{fill}  {text}", paint(BOLD, r.name)));
            } else {
                lines.push(format!("{}{text}", " ".repeat(margin)));
            }
        }
    }
    lines
}

fn assumed(page: &Page<'_>) -> Vec<String> {
    let all = &page.results.assumptions;
    let title = format!("Assumed ({})", all.len());
    if all.is_empty() {
        return Vec::new();
    }
    if page.all_assumptions {
        let mut lines = vec![format!("  {}", paint(BOLD, &title))];
        for assumption in all {
            let wrapped = wrap(assumption, width() - 6);
            lines.extend(
                wrapped.into_iter().enumerate().map(|(i, l)| format!("    {}{l}", if i > 0 { "  " } else { "" })),
            );
        }
        return lines;
    }
    // `path value (source)`: the source is for `--assumptions`.
    let few: Vec<&str> = all.iter().take(FEW).map(|a| a.split(" (").next().unwrap_or(a)).collect();
    let more = if all.len() > FEW { ", …" } else { "" };
    titled(&title, &format!("{}{more} – see --assumptions", few.join(", ")))
}

/// What lies outside of what was measured: the first few, or with `--assumptions` all of it.
fn beyond(page: &Page<'_>) -> Vec<String> {
    let all = &page.results.beyond;
    if all.is_empty() {
        return Vec::new();
    }
    let title = format!("Beyond what was measured ({})", all.len());
    if page.all_assumptions {
        let head = format!("  {}", paint(BOLD, &title));
        let room = screen(usize::MAX) - 6;
        let lines = all.iter().flat_map(|b| wrap(b, room).into_iter().enumerate());
        let lines = lines.map(|(i, l)| format!("    {}{l}", if i > 0 { "  " } else { "" }));
        return std::iter::once(head).chain(lines).collect();
    }
    let few = all.iter().take(FEW).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if all.len() > FEW { ", … – see --assumptions" } else { "" };
    titled(&title, &format!("{few}{more}"))
}

/// A title and a text that hangs from it.
fn titled(title: &str, text: &str) -> Vec<String> {
    let margin = title.chars().count() + 2;
    let lines = wrap(text, width() - 2 - margin).into_iter().enumerate();
    lines
        .map(|(i, l)| {
            let lead = if i == 0 { format!("{}  ", paint(BOLD, title)) } else { " ".repeat(margin) };
            format!("  {lead}{l}")
        })
        .collect()
}

fn footer(page: &Page<'_>) -> Vec<String> {
    let r = page.results;
    let requests = r.simulated.requests as f64;
    let run = format!("{} requests simulated · digest {}", count(requests, requests), r.digest);
    let intervals = (r.replications > 1).then(|| {
        let one = if r.is_steady() { "run" } else { "deploy" };
        format!("[a to b]: the mean per {one} lies between, with 95 % confidence")
    });
    let lines = intervals.into_iter().chain([run]).flat_map(|l| wrap(&l, screen(usize::MAX) - 2));
    lines.map(|l| format!("  {}", paint(DIM, &l))).collect()
}

/// A row of a table whose first cell names it.
fn named_row(name: &str, cells: impl IntoIterator<Item = Cell>) -> Vec<Cell> {
    std::iter::once(Cell::left(name)).chain(cells).collect()
}
