//! An explanation for a pull request or an incident report.

use std::io;

use super::ExplainPage;
use super::table::before;
use crate::explain::{Chain, Group};
use crate::report::Format;
use crate::report::markdown::escape;
use crate::report::text::{count, percent};

/// `--format markdown`: the causes, an example of each, and what was out of order at which pod.
pub(super) const FORMAT: Format<ExplainPage> = Format { name: "markdown", endings: &["md", "markdown"], write };

fn write(page: &ExplainPage, out: &mut dyn io::Write) -> io::Result<()> {
    let e = &page.explanation;
    if let Some(chain) = &e.request {
        return example(chain, out);
    }
    let number = |n: u64| count(n as f64, n as f64);
    writeln!(out, "### {}\n", escape(&e.scenario))?;
    let (dropped, requests) = (number(e.dropped), number(e.requests));
    writeln!(
        out,
        "**{dropped} of {requests} requests were dropped** in simulated deploy {}, seed {}{}.\n",
        e.replication,
        e.seed,
        before(e.dropped_before)
    )?;
    if e.causes.is_empty() {
        return Ok(());
    }
    writeln!(out, "| cause | dropped | share | from | to |\n| --- | ---: | ---: | ---: | ---: |")?;
    for Group { cause, dropped, first, last, .. } in &e.causes {
        let share = *dropped as f64 / e.dropped as f64;
        writeln!(
            out,
            "| `{cause}` | {} | {} | {first:+.2} s | {last:+.2} s |",
            number(*dropped),
            percent(share, share)
        )?;
    }
    writeln!(out)?;
    for chain in e.causes.iter().filter_map(|group| group.examples.first()) {
        example(chain, out)?;
    }
    let faulty: Vec<_> = e.pods.iter().filter(|pod| !pod.faults.is_empty()).collect();
    if faulty.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n| pod | deleted | dropped | out of order |\n| --- | ---: | ---: | --- |")?;
    for pod in faulty {
        let faults = escape(&pod.faults.join("; "));
        writeln!(
            out,
            "| {} | {:+.2} s | {} | {faults} |",
            escape(&pod.pod),
            pod.deletion_requested,
            number(pod.dropped)
        )?;
    }
    Ok(())
}

fn example(chain: &Chain, out: &mut dyn io::Write) -> io::Result<()> {
    let prevented = chain.prevented.as_ref().map_or_else(String::new, |by| format!("; prevented by {by}"));
    writeln!(out, "- {}", escape(&format!("{}{prevented}", chain.text)))
}
