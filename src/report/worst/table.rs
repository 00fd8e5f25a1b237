//! The worst rollout on a terminal.

use std::io;

use super::WorstPage;
use crate::report::Format;
use crate::report::grid::paint;
use crate::report::style::{BOLD, DIM, width};
use crate::report::text::{count, mean, percent, plural, seconds, times, wrap};

/// `--format table`.
pub(super) const FORMAT: Format<WorstPage> = Format { name: "table", endings: &["txt"], write };

fn write(page: &WorstPage, out: &mut dyn io::Write) -> io::Result<()> {
    let w = &page.worst;
    let around = f64::from(w.deploys - w.spread);
    let deploys = plural(f64::from(w.deploys), "simulated deploy");
    let head =
        format!(" · {deploys}: {} spread over seeds and ranges, {} around the worst", w.spread, count(around, around));
    writeln!(out, "{}{}\n", paint(BOLD, &w.scenario), paint(DIM, &head))?;
    let s = &w.worst.summary;
    let p99 = mean(s.latency.during.p99, seconds);
    let headroom = mean(s.capacity.min_headroom, times);
    let told: Vec<String> = s
        .outcomes
        .iter()
        .filter_map(|(name, f)| f.filter(|f| f.mean > 0.0).map(|f| format!("{} {name}", count(f.mean, f.mean))))
        .collect();
    let told = if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) };
    let complete = if s.rollout.complete == Some(false) { "; its rollout never completes" } else { "" };
    let answer = format!(
        "The worst deploy drops {} of {} requests{told}; p99 is {p99} while it rolls, capacity {headroom} of demand at the lowest{complete}.",
        mean(s.dropped, count),
        mean(s.requests, count)
    );
    paragraph(out, &answer, BOLD)?;
    if !w.worst.set.is_empty() {
        writeln!(out, "\n{}", paint(BOLD, "Its uncertain inputs"))?;
        for set in &w.worst.set {
            writeln!(out, "  {set}")?;
        }
    }
    let [low, high] = w.probability;
    let chance = format!(
        "A deploy has a 5xx with a probability between {} and {} (95 % confidence): {} of {} spread ones had.",
        percent(low, low),
        percent(high, high),
        w.with_error,
        w.spread
    );
    writeln!(out)?;
    paragraph(out, &chance, anstyle::Style::new())?;
    writeln!(out, "\n{}\n  {}", paint(BOLD, "Replay"), page.replay())?;
    writeln!(
        out,
        "\n  {}",
        paint(DIM, &format!("digest {}; a search finds no upper bound: there may be worse", w.worst.digest))
    )
}

fn paragraph(out: &mut dyn io::Write, text: &str, style: anstyle::Style) -> io::Result<()> {
    for line in wrap(text, width() - 2) {
        writeln!(out, "  {}", paint(style, &line))?;
    }
    Ok(())
}
