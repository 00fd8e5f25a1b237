//! What one setting would have prevented, in sentences.

use std::io;

use crate::report::answer;
use crate::report::grid::paint;
use crate::report::style::{BAD, BOLD, DIM, width};
use crate::report::text::{count, listed, percent, plural, rate, seconds, wrap};
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
        if cause.remedies.is_empty() && cause.undecided.is_empty() {
            writeln!(out, "    no setting that was looked at removes them")?;
        }
        for remedy in cause.remedies.iter().take(TOLD) {
            for (n, line) in wrap(&sentence(remedy), width() - 6).iter().enumerate() {
                writeln!(out, "    {}{line}", if n == 0 { "" } else { "  " })?;
            }
        }
        let untold: Vec<String> =
            cause.undecided.iter().take(TOLD).map(|r| format!("{} ({})", values(r), removed(&r.removed))).collect();
        if !untold.is_empty() {
            let text = format!(
                "can't tell at {} whether it helps: {}",
                plural(f64::from(all.deploys), "deploy"),
                listed(&untold)
            );
            for (n, line) in wrap(&text, width() - 6).iter().enumerate() {
                writeln!(out, "    {}{}", if n == 0 { "" } else { "  " }, paint(DIM, line))?;
            }
        }
    }
    if let Some(r) = &all.recovers {
        writeln!(out)?;
        for line in wrap(&format!("The fleet {}.", answer::recovers(r)), width() - 2) {
            writeln!(out, "  {line}")?;
        }
    }
    if all.interrupted {
        writeln!(out, "\n  {}", paint(BAD, "Interrupted: not all of it was looked at."))?;
    }
    Ok(())
}

/// `preStop ≥ 5s removes 94 % [93 to 95] of these; but …`.
fn sentence(r: &Remedy) -> String {
    let worse = if r.of_all.share < r.removed.share - 0.02 {
        format!(", and {} of all dropped requests", removed(&r.of_all))
    } else {
        String::new()
    };
    let adds: Vec<String> = r.adds.iter().filter_map(|(cost, d)| added(cost, d.mean)).collect();
    let adds = if adds.is_empty() { String::new() } else { format!("; but {}", adds.join(", ")) };
    let now = if r.now == "default" { String::new() } else { format!(" (now {})", r.now) };
    format!("{}{now} removes {} of these{worse}{adds}", values(r), removed(&r.removed))
}

/// `preStop ≥ 5s`.
fn values(r: &Remedy) -> String {
    let name = &r.name;
    match (&r.range, r.bounded) {
        (Some([low, high]), [true, true]) if low == high => format!("{name} {low}"),
        (Some([low, high]), [true, true]) => format!("{name} from {low} to {high}"),
        (Some([low, _]), [true, false]) => format!("{name} ≥ {low}"),
        (Some([_, high]), [false, true]) => format!("{name} ≤ {high}"),
        _ => format!("{name} {}", r.value),
    }
}

/// `94 % [93 to 95]`.
fn removed(r: &Removed) -> String {
    let mean = percent(r.share, r.share);
    match r.ci95 {
        Some([low, high]) => {
            // All of it has no digits of its own: the nearer end decides.
            let scale = if r.share < 1.0 { r.share } else { low };
            let bare = |x: f64| percent(x, scale).trim_end_matches(" %").to_owned();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::result::counterfactual::Counterfactual;

    #[test]
    fn both_ends_of_an_interval_are_rounded_alike() {
        let told = |share, ci95| removed(&Removed { share, ci95: Some(ci95) });
        assert_eq!(told(0.25, [-0.126_95, 0.41]), "25 % [-13 to 41]");
        assert_eq!(told(0.94, [0.93, 0.95]), "94 % [93 to 95]");
        assert_eq!(told(1.0, [0.97, 1.0]), "100 % [97 to 100]");
    }

    #[test]
    fn what_may_remove_nothing_is_no_remedy() {
        let remedy = Remedy {
            path: "workload.minReadySeconds".to_owned(),
            name: "minReadySeconds".to_owned(),
            now: "default".to_owned(),
            value: "1".to_owned(),
            range: Some(["1".to_owned(), "60".to_owned()]),
            bounded: [true, false],
            removed: Removed { share: 0.25, ci95: Some([-0.13, 0.41]) },
            of_all: Removed { share: 0.25, ci95: Some([-0.13, 0.41]) },
            adds: Vec::new(),
        };
        let cause = Counterfactual { cause: "overflow", dropped: 12.0, remedies: Vec::new(), undecided: vec![remedy] };
        let all =
            Counterfactuals { deploys: 10, simulated: 90, causes: vec![cause], recovers: None, interrupted: false };
        let mut out = Vec::new();
        write(&all, &mut out).expect("it is written");
        let out = anstream::adapter::strip_str(&String::from_utf8(out).expect("UTF-8")).to_string();
        assert!(
            out.contains("can't tell at 10 deploys whether it helps: minReadySeconds ≥ 1 (25 % [-13 to 41])"),
            "{out}"
        );
        assert!(!out.contains("removes"), "{out}");
    }
}
