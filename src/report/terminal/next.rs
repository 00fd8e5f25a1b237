//! What to type next: commands that exist, for this file, against the causes that were found.

use crate::report::Page;
use crate::report::grid;
use crate::report::settings::{OnSigterm, Settings};
use crate::report::style::{BOLD, DIM, screen};
use crate::report::text::{quoted, wrap};
use crate::report::why::{self, Remedy};

/// Reconnects a second at the peak, over the normal, from which spreading them is proposed.
const SPIKE: f64 = 20.0;
/// The share of drops from which a cause is worth a proposal, and the most proposals.
const MAIN: f64 = 0.02;
const MOST: usize = 3;
/// Over how long the closing of connections is to be spread (s).
const JITTER: f64 = 10.0;

/// What may help against what was found: commands, each with what it does.
pub(in crate::report) fn proposals(page: &Page<'_>) -> Vec<(String, String)> {
    let mut proposals: Vec<(String, String)> = Vec::new();
    for remedy in remedies(page) {
        proposals.push((command(page, &remedy.set), told(&remedy.effects)));
    }
    if proposals.is_empty() && spikes(page) {
        let jitter = jitter(page.settings);
        proposals.extend(jitter.map(|jitter| (command(page, &jitter.set), told(&jitter.effects))));
    }
    proposals
}

/// What settings do, each effect once.
fn told(effects: &[&str]) -> String {
    let mut once: Vec<&str> = Vec::new();
    for effect in effects {
        if !once.contains(effect) {
            once.push(effect);
        }
    }
    once.join("; ")
}

/// The proposals, one command a line, and below it what it does: the line is there to be copied.
pub(super) fn lines(page: &Page<'_>) -> Vec<String> {
    let mut proposals = proposals(page);
    proposals
        .push((format!("{} --format json", command(page, &[])), "every figure, the time series, the pods".to_owned()));
    let mut lines = vec![grid::paint(BOLD, "Next")];
    let room = screen(usize::MAX) - 6;
    for (command, effect) in proposals {
        lines.push(format!("  {command}"));
        lines.extend(wrap(&effect, room).iter().map(|line| format!("    {}", grid::paint(DIM, line))));
    }
    lines
}

/// What helps against the main causes: together where no setting is claimed twice, else one after the other.
fn remedies(page: &Page<'_>) -> Vec<Remedy> {
    let path = |set: &str| set.split('=').next().unwrap_or_default().to_owned();
    let mut all: Vec<Remedy> = Vec::new();
    let main = why::reasons(page).into_iter().filter(|r| r.share >= MAIN);
    let mut found: Vec<Remedy> = Vec::new();
    for reason in main {
        // Handshakes of a whole pod's clients at once are a crowd too.
        let storm = matches!(reason.name, "overflow" | "slow") && !page.settings.proxied && spikes(page);
        for remedy in reason.remedy.into_iter().chain(storm.then(|| jitter(page.settings)).flatten()) {
            if !found.iter().any(|r| r.set == remedy.set) {
                found.push(remedy);
            }
        }
    }
    for remedy in found.into_iter().take(MOST) {
        match all.first_mut() {
            Some(first) if !first.set.iter().any(|s| remedy.set.iter().any(|t| path(s) == path(t))) => {
                first.set.extend(remedy.set);
                first.effects.extend(remedy.effects);
            }
            _ => all.push(remedy),
        }
    }
    all
}

/// Closing spread over a time, together with the drain and the grace period that it needs: what is still open when these end is cut.
/// `None` where that is not how pods end.
fn jitter(s: &Settings) -> Option<Remedy> {
    let t = &s.termination;
    let window = libm::ceil(JITTER + (3.0 * s.service.p99).max(1.0));
    let by_sidecar = t.sidecar_exit.is_some_and(|exit| exit < t.pre_stop + t.lame_duck + window);
    if t.on_sigterm != OnSigterm::Drain || by_sidecar {
        return None;
    }
    let needs = t.before_drain() + window + t.cleanup;
    let drain = (t.drain_window < window).then(|| format!("drainWindow={window}s"));
    let grace = (needs > t.grace_period).then(|| format!("terminationGracePeriodSeconds={}", libm::ceil(needs) + 5.0));
    let set = std::iter::once(format!("closeJitter={JITTER}s")).chain(drain).chain(grace).collect();
    Some(Remedy { set, effects: vec!["connections are closed over a time, not at once"] })
}

/// The command as it was typed, with `set` in the place of what was set there before.
fn command(page: &Page<'_>, set: &[String]) -> String {
    let s = page.settings;
    let set: Vec<String> = match &s.tier {
        Some(tier) => set.iter().map(|set| tier.setting(set)).collect(),
        None => set.to_vec(),
    };
    let stale = |option: &&String| set.iter().any(|new| replaces(new, option));
    let mut parts = vec!["dryroll run".to_owned(), s.source.clone()];
    parts.extend(s.options.iter().filter(|o| !stale(o)).cloned());
    parts.extend(set.iter().map(|s| format!("--set {}", quoted(s))));
    parts.join(" ")
}

/// Whether `PATH=VALUE` sets the field that `--set PATH=VALUE` did: either path may leave out its beginning.
fn replaces(new: &str, option: &str) -> bool {
    let path = |set: &str| set.trim_start_matches('\'').split('=').next().unwrap_or_default().trim().to_owned();
    let Some(old) = option.strip_prefix("--set ").map(path) else { return false };
    let new = path(new);
    let tail = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|head| head.ends_with('.'));
    // What the new version does otherwise is another field.
    old == new || (!old.starts_with("newVersion.") && (tail(&old, &new) || tail(&new, &old)))
}

/// Whether connections come back all at once, without jitter.
fn spikes(page: &Page<'_>) -> bool {
    let c = &page.results.summary.connections;
    let c = if page.settings.proxied { &c.upstream } else { &c.clients };
    page.settings.termination.close_jitter == 0.0
        && c.peak_reconnects_per_second.is_some_and(|p| p.mean >= 50.0)
        && c.spike_ratio.is_none_or(|s| s.mean >= SPIKE)
}

#[cfg(test)]
mod tests {
    use super::{jitter, replaces, told};
    use crate::report::settings::{OnSigterm, Settings, Termination};
    use crate::report::tests::settings;

    #[test]
    fn what_is_closed_over_a_time_has_that_time() {
        let set = |change: fn(&mut Termination)| {
            let mut termination = settings().termination;
            change(&mut termination);
            jitter(&Settings { termination, ..settings() }).map(|remedy| remedy.set.join(" "))
        };
        assert_eq!(set(|_| ()).as_deref(), Some("closeJitter=10s"), "30 s are enough");
        assert_eq!(set(|t| t.drain_window = 5.0).as_deref(), Some("closeJitter=10s drainWindow=11s"));
        assert_eq!(
            set(|t| (t.pre_stop, t.drain_window) = (25.0, 5.0)).as_deref(),
            Some("closeJitter=10s drainWindow=11s terminationGracePeriodSeconds=41")
        );
        assert_eq!(set(|t| t.on_sigterm = OnSigterm::Exit), None);
        assert_eq!(set(|t| t.sidecar_exit = Some(5.0)), None);
    }

    #[test]
    fn an_effect_is_told_once() {
        assert_eq!(told(&["a", "b", "a"]), "a; b");
    }

    #[test]
    fn a_proposal_replaces_what_set_the_same_field() {
        assert!(replaces("preStop=5s", "--set preStop=0s"));
        assert!(replaces("preStop=5s", "--set pod.termination.preStop=0s"));
        assert!(replaces("workload.strategy.type=RollingUpdate", "--set strategy.type=Recreate"));
        assert!(replaces("preStop=5s", "--set 'preStop=0 s'"));
        assert!(!replaces("preStop=5s", "--set newVersion.termination.preStop=0s"));
        assert!(!replaces("replicas=5", "--set maxReplicas=5"));
        assert!(!replaces("rate=5/s", "--rate 5/s"));
    }
}
