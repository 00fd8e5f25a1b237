//! What one setting would have prevented, in sentences.

use std::io;

use crate::report::answer;
use crate::report::grid::paint;
use crate::report::style::{BAD, BOLD, DIM, WIDTH};
use crate::report::text::{count, percent, plural, rate, seconds, wrap};
use crate::stats::removed::Removed;
use crate::study::result::counterfactual::{Counterfactuals, Remedy};

/// Remedies that are told of a cause.
const TOLD: usize = 6;

pub(super) fn write(all: &Counterfactuals, out: &mut dyn io::Write) -> io::Result<()> {
    let how = format!(
        "the same {} with one setting otherwise; {} in all",
        plural(f64::from(all.deploys), "deploy"),
        plural(all.simulated as f64, "simulated deploy")
    );
    writeln!(out, "\n  {}  {}", paint(BOLD, "What would have prevented them"), paint(DIM, &how))?;
    for cause in &all.causes {
        writeln!(
            out,
            "\n  {}",
            paint(BOLD, &format!("{}, {} a deploy", cause.cause, count(cause.dropped, cause.dropped)))
        )?;
        if cause.remedies.is_empty() {
            writeln!(out, "    no setting that was looked at removes them")?;
        }
        for remedy in cause.remedies.iter().take(TOLD) {
            // Both clients and proxies have `attempts`.
            let doubled = cause.remedies.iter().filter(|r| r.name == remedy.name).count() > 1;
            let name = if doubled { &remedy.path } else { &remedy.name };
            for (n, line) in wrap(&sentence(name, remedy), WIDTH - 6).iter().enumerate() {
                writeln!(out, "    {}{line}", if n == 0 { "" } else { "  " })?;
            }
        }
    }
    if let Some(r) = &all.recovers {
        writeln!(out)?;
        for line in wrap(&format!("The fleet {}.", answer::recovers(r)), WIDTH - 2) {
            writeln!(out, "  {line}")?;
        }
    }
    if all.interrupted {
        writeln!(out, "\n  {}", paint(BAD, "Interrupted: not all of it was looked at."))?;
    }
    Ok(())
}

/// `preStop ≥ 5s removes 94 % [93 to 95] of these; but …`.
fn sentence(name: &str, r: &Remedy) -> String {
    let values = match (&r.range, r.bounded) {
        (Some([low, high]), [true, true]) if low == high => format!("{name} {low}"),
        (Some([low, high]), [true, true]) => format!("{name} from {low} to {high}"),
        (Some([low, _]), [true, false]) => format!("{name} ≥ {low}"),
        (Some([_, high]), [false, true]) => format!("{name} ≤ {high}"),
        _ => format!("{name} {}", r.value),
    };
    let worse = if r.of_all.share < r.removed.share - 0.02 {
        format!(", and {} of all dropped requests", removed(&r.of_all))
    } else {
        String::new()
    };
    let adds: Vec<String> = r.adds.iter().filter_map(|(cost, d)| added(cost, d.mean)).collect();
    let adds = if adds.is_empty() { String::new() } else { format!("; but {}", adds.join(", ")) };
    let now = if r.now == "default" { String::new() } else { format!(" (now {})", r.now) };
    format!("{values}{now} removes {} of these{worse}{adds}", removed(&r.removed))
}

/// `94 % [93 to 95]`.
fn removed(r: &Removed) -> String {
    let mean = percent(r.share, r.share);
    match r.ci95 {
        Some([low, high]) => {
            let bare = |x: f64| percent(x, x).trim_end_matches(" %").to_owned();
            let (low, high) = (bare(low), bare(high));
            if low == high { mean } else { format!("{mean} [{low} to {high}]") }
        }
        None => mean,
    }
}

fn added(cost: &str, mean: f64) -> Option<String> {
    Some(match cost {
        "surgePodMinutes" => format!("{} pod-minutes more", count(mean, mean)),
        "durationMinutes" => format!("the rollout takes {} longer", seconds(mean * 60.0, mean)),
        "p99" => format!("p99 is {} longer", seconds(mean, mean)),
        "peakReconnectsPerSecond" => format!("{} more reconnects at the peak", rate(mean, mean)),
        // Drops are told as what is removed of all.
        _ => return None,
    })
}
