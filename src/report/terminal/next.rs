//! What to type next: commands that exist, for this file, against the causes that were found.

use super::{BOLD, DIM, WIDTH, grid};
use crate::report::{Page, why};

/// Reconnects a second at the peak, over the normal, from which spreading them is proposed.
const SPIKE: f64 = 20.0;

/// The proposals, one command a line, each with what it does.
pub(super) fn lines(page: &Page<'_>) -> Vec<String> {
    let mut proposals: Vec<(String, &'static str)> = Vec::new();
    for remedy in why::reasons(page).into_iter().filter(|r| r.share >= 0.05).filter_map(|r| r.remedy).take(2) {
        let set: Vec<String> = remedy.set.iter().map(|s| format!("--set {s}")).collect();
        proposals.push((command(page, &set.join(" ")), remedy.effect));
    }
    if proposals.is_empty() && spikes(page) {
        let jitter = "--set closeJitter=10s".to_owned();
        proposals.push((command(page, &jitter), "connections are closed over a time, not at once"));
    }
    proposals.push((command(page, "--format json"), "every figure, the time series, the pods"));
    let mut lines = vec![grid::paint(BOLD, "Next")];
    let width = proposals.iter().map(|(c, _)| c.chars().count()).max().unwrap_or(0);
    let beside = proposals.iter().all(|(_, effect)| 4 + width + 2 + effect.chars().count() <= WIDTH);
    for (command, effect) in proposals {
        let effect = grid::paint(DIM, effect);
        if beside {
            lines.push(format!("  {command:width$}  {effect}"));
        } else {
            lines.extend([format!("  {command}"), format!("    {effect}")]);
        }
    }
    lines
}

fn command(page: &Page<'_>, option: &str) -> String {
    let s = page.settings;
    let parts = ["dryroll run", &s.source].into_iter().chain(s.options.iter().map(String::as_str)).chain([option]);
    parts.collect::<Vec<_>>().join(" ")
}

/// Whether connections come back all at once, without jitter.
fn spikes(page: &Page<'_>) -> bool {
    let c = &page.results.summary.connections;
    let c = if page.settings.proxied { &c.upstream } else { &c.clients };
    page.settings.termination.close_jitter == 0.0
        && c.peak_reconnects_per_second.is_some_and(|p| p.mean >= 50.0)
        && c.spike_ratio.is_none_or(|s| s.mean >= SPIKE)
}
