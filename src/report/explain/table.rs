//! An explanation that can be read aloud.

use std::io;

use super::{ExplainPage, remedies};
use crate::explain::{Chain, Explanation, Group, PodOrder, Tally};
use crate::report::Format;
use crate::report::grid::{self, Cell, paint};
use crate::report::style::{BAD, BOLD, DIM, screen, width};
use crate::report::text::{count, percent, wrap};

/// `--format table`.
pub(super) const FORMAT: Format<ExplainPage> = Format { name: "table", endings: &["txt"], write };

/// Pods and proxies that are named in a group.
const NAMED: usize = 4;
/// Pods whose steps are listed.
const PODS: usize = 12;
/// Columns of the steps that a narrow terminal goes without.
const SPARE: [usize; 2] = [2, 4];
/// What the columns of the steps mean.
const LEGEND: &str = "deleted: s after the start of the deploy; the steps: s after the deletion. Ready/deleted: new pods that \
                      were Ready, and pods deleted, by then. heard: the last proxy took it out of rotation";

fn number(n: u64) -> String {
    count(n as f64, n as f64)
}

fn write(page: &ExplainPage, out: &mut dyn io::Write) -> io::Result<()> {
    let e = &page.explanation;
    if let Some(chain) = &e.request {
        return paragraph(out, "", chain);
    }
    let about = format!(" · simulated deploy {}, seed {}", e.replication, e.seed);
    writeln!(out, "{}{}\n", paint(BOLD, &e.scenario), paint(DIM, &about))?;
    let [these, dropped, requests] = [e.dropped, e.all_dropped, e.requests].map(number);
    let before = before(e.dropped_before);
    match (e.dropped, e.all_dropped) {
        (_, 0) => writeln!(out, "  Nothing was dropped: 0 of {requests} requests.")?,
        (some, all) if some == all => writeln!(out, "  {dropped} of {requests} requests were dropped{before}.")?,
        _ => writeln!(out, "  {dropped} of {requests} requests were dropped{before}; {these} are as asked for.")?,
    }
    for group in &e.causes {
        writeln!(out)?;
        write_group(out, e, group)?;
    }
    if let Some(all) = &page.counterfactuals {
        remedies::write(all, out)?;
    }
    write_pods(out, page)?;
    writeln!(out, "\n  {}", paint(DIM, &format!("digest {}, as without the trace", e.digest)))
}

/// What a forecast of the deploy does not count.
pub(super) fn before(dropped: u64) -> String {
    if dropped == 0 { String::new() } else { format!(", {} of them before the deploy", number(dropped)) }
}

fn write_pods(out: &mut dyn io::Write, page: &ExplainPage) -> io::Result<()> {
    let pods = &page.explanation.pods;
    let shown: Vec<&PodOrder> = pods.iter().take(if page.all_pods { usize::MAX } else { PODS }).collect();
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  {}\n", paint(BOLD, "The order of steps at each pod that went"))?;
    for line in order(&shown) {
        writeln!(out, "  {line}")?;
    }
    let more = pods.len() - shown.len();
    if more > 0 {
        writeln!(out, "  {}", paint(DIM, &format!("and {more} more: --all-pods, or --pod NAME for one")))?;
    }
    for line in wrap(LEGEND, width() - 2) {
        writeln!(out, "  {}", paint(DIM, &line))?;
    }
    Ok(())
}

fn write_group(out: &mut dyn io::Write, e: &Explanation, group: &Group) -> io::Result<()> {
    let share = group.dropped as f64 / e.dropped as f64;
    let head = format!(
        "{}  {} ({}), {:+.2} s to {:+.2} s",
        group.cause,
        number(group.dropped),
        percent(share, share),
        group.first,
        group.last
    );
    writeln!(out, "  {}", paint(BOLD, &head))?;
    for (by, all) in [("by pod    ", &group.pods), ("by proxy  ", &group.proxies)] {
        // A group may be of no pod; where nobody is at the proxies either, that is told.
        if by.starts_with("by pod") && all.is_empty() {
            continue;
        }
        for (n, line) in wrap(&tallies(all), screen(usize::MAX) - 4 - by.len()).iter().enumerate() {
            let lead = if n == 0 { by } else { "          " };
            writeln!(out, "    {}", paint(DIM, &format!("{lead}{line}")))?;
        }
    }
    for chain in &group.examples {
        paragraph(out, "    ", chain)?;
    }
    Ok(())
}

fn tallies(all: &[Tally]) -> String {
    let named: Vec<String> = all.iter().take(NAMED).map(|t| format!("{} {}", t.name, number(t.dropped))).collect();
    let rest: u64 = all.iter().skip(NAMED).map(|t| t.dropped).sum();
    let more = all.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(", {} at {more} more", number(rest)) } else { String::new() };
    format!("{}{more}", named.join(", "))
}

/// The chain, and what would have prevented it.
fn paragraph(out: &mut dyn io::Write, indent: &str, chain: &Chain) -> io::Result<()> {
    let width = width() - indent.len() - 2;
    for (n, line) in wrap(&chain.text, width).iter().enumerate() {
        writeln!(out, "{indent}{}{line}", if n == 0 { "" } else { "  " })?;
    }
    if let Some(prevented) = &chain.prevented {
        for line in wrap(&format!("prevented by {prevented}"), screen(usize::MAX) - indent.len() - 2) {
            writeln!(out, "{indent}  {}", paint(DIM, &line))?;
        }
    }
    Ok(())
}

fn order(pods: &[&PodOrder]) -> Vec<String> {
    let head = |text: &str| Cell::right(text).style(DIM);
    let columns = ["deleted", "Ready/deleted", "SIGTERM", "closed", "heard", "gone", "dropped"];
    let mut first = vec![Cell::left("pod").style(DIM)];
    first.extend(columns.map(head));
    first.push(Cell::left(""));
    let row = |p: &&PodOrder| {
        let after = |t: Option<f64>| t.map_or_else(|| "–".to_owned(), |t| format!("{:+.2}", t - p.deletion_requested));
        vec![
            Cell::left(&p.pod),
            Cell::right(format!("{:+.2}", p.deletion_requested)),
            Cell::right(format!("{}/{}", p.replaced, p.deleted)),
            Cell::right(after(p.sigterm)),
            Cell::right(after(p.listener_closed)),
            Cell::right(after(p.last_proxy)),
            Cell::right(after(p.gone)),
            Cell::right(number(p.dropped)),
            Cell::left(p.faults.join(", ")).style(BAD),
        ]
    };
    let rows: Vec<Vec<Cell>> = std::iter::once(first).chain(pods.iter().map(row)).collect();
    let (mut lines, gone) = grid::fitting(rows, screen(2 * width() + 2) - 2, &SPARE);
    if gone > 0 {
        let names: Vec<&str> = SPARE[..gone].iter().map(|&c| columns[c - 1]).collect();
        lines.push(paint(DIM, &format!("no room here for {}: --format json", names.join(", "))));
    }
    lines
}
