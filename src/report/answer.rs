//! The answer in one sentence, and what must be said beside it.

use super::Page;
use super::settings::{Settings, Strategy};
use super::text::{self, count, percent, plural, seconds};
use crate::metrics::Results;
use crate::stats::{Estimate, share_upper};
use crate::study::result::recommendation::Recovers;

/// What the sentence amounts to; colour follows it, never the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing was lost.
    Good,
    /// Something was.
    Bad,
    /// Neither can be said.
    Plain,
}

/// The answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// One sentence.
    pub(super) sentence: String,
    /// What else must be said, a sentence each.
    pub(super) notes: Vec<String>,
    /// What it amounts to.
    pub(super) tone: Tone,
}

/// Attempts a request from which on it is worth a word that a fleet is kept down by them: with fewer it would be told as 1.
const OFTEN: f64 = 1.05;

/// What was simulated: `Deployment, 20 replicas · maxSurge 25 %, maxUnavailable 25 % · 10 simulated deploys, seed 1`.
pub(super) fn subject(page: &Page<'_>) -> String {
    let count = f64::from(page.settings.replicas);
    let replicas = match &page.settings.tier {
        Some(tier) => format!("{}, {}", tier.name, plural(count, "proxy").replace("proxys", "proxies")),
        None => plural(count, "replica"),
    };
    let kind = page.settings.kind.as_ref().map(|k| format!("{k}, ")).unwrap_or_default();
    format!("{kind}{replicas} · {} · {}", strategy(page.settings), effort(page.results))
}

/// What replaces what, as it was written: `maxSurge 25 %, maxUnavailable 25 %`.
fn strategy(settings: &Settings) -> String {
    match &settings.strategy {
        None => "no deploy".to_owned(),
        Some(Strategy::Recreate) => "Recreate".to_owned(),
        Some(Strategy::Other(words)) => words.clone(),
        Some(Strategy::RollingUpdate { max_surge, max_unavailable, .. }) => {
            format!("maxSurge {max_surge}, maxUnavailable {max_unavailable}")
        }
    }
}

/// How often, and under which seed: `10 simulated deploys, seed 1`.
pub(super) fn effort(results: &Results) -> String {
    format!("{}, seed {}", plural(f64::from(results.replications), simulated(results)), results.seed)
}

/// What one replication is.
pub(super) fn simulated(results: &Results) -> &'static str {
    if results.is_steady() { "simulated run" } else { "simulated deploy" }
}

/// The answer to "what will my users see?".
pub(super) fn answer(page: &Page<'_>) -> Answer {
    let mut answer = answer_of(page.results, Some(page.settings));
    let events = &page.settings.events;
    if !events.is_empty() {
        let in_vain = |t: &f64| if nothing_to_undo(page, *t) { ", with nothing to undo yet" } else { "" };
        let told = events.iter().map(|(t, what)| format!("{what} at {}{}", text::since(*t), in_vain(t)));
        let told: Vec<String> = told.collect();
        answer.notes.push(format!("Meanwhile: {}.", told.join("; ")));
    }
    answer
}

/// Whether the deploy was undone at `t` before its controller had begun with it, and came all the same.
fn nothing_to_undo(page: &Page<'_>, t: f64) -> bool {
    let begun = page.results.decisions.iter().find(|d| d.1 != "old" && d.2 > 0).map(|d| d.0);
    page.settings.undone.contains(&t) && begun.is_some_and(|begun| begun > t)
}

/// The same of a result alone, where nobody may know any more how long a rollout may stand still.
pub(super) fn answer_of(results: &Results, settings: Option<&Settings>) -> Answer {
    let summary = &results.summary;
    let dropped = summary.dropped.map_or(0.0, |d| d.mean);
    let complete = summary.rollout.complete != Some(false);
    let mut notes = Vec::new();
    let sentence = if summary.requests.is_none_or(|r| r.max == 0.0) {
        "No request was sent: there is nothing to drop.".to_owned()
    } else if dropped > 0.0 {
        notes.extend(beyond_normal(results));
        losses(results)
    } else {
        notes.extend(certainty(results));
        let verb = if results.is_steady() { "The steady fleet" } else { "A deploy" };
        format!("{verb} drops nothing: 0 of {} requests.", text::mean(summary.requests, count))
    };
    notes.extend((!complete).then(|| never_ready(results)).flatten());
    notes.extend(rolled_back(results));
    notes.extend(cut_short(results));
    notes.extend(stays_down(results));
    notes.extend(super::nodes::sentences(results));
    notes.extend(super::analyses::sentences(results));
    notes.extend(super::autoscaler::sentence(results));
    let sentence = if complete { sentence } else { format!("{} {sentence}", never_completes(results, settings)) };
    let tone = match (complete, dropped > 0.0) {
        (true, false) if summary.requests.is_some_and(|r| r.max > 0.0) => Tone::Good,
        (true, false) => Tone::Plain,
        _ => Tone::Bad,
    };
    Answer { sentence, notes, tone }
}

/// `A deploy drops 1,950 requests [1,880 to 2,020]: 0.87 % of the 224,000 sent while it rolls.`
fn losses(results: &Results) -> String {
    let s = &results.summary;
    let mean = |f: crate::metrics::Figure| f.map_or(0.0, |f| f.mean);
    let share = |dropped: f64, of: f64| if of > 0.0 { percent(dropped / of, dropped / of) } else { "0 %".to_owned() };
    let all = mean(s.dropped);
    let requests = if text::mean(s.dropped, count) == "1" { "request" } else { "requests" };
    let interval = text::interval(s.dropped, count);
    let interval = if interval.is_empty() { interval } else { format!(" {interval}") };
    let lost = format!("drops {} {requests}{interval}", count(all, all));
    if results.is_steady() {
        let sent = mean(s.requests);
        let during = text::mean(s.before.seconds, seconds);
        return format!("The steady fleet {lost} in {during}: {} of {}.", share(all, sent), count(sent, sent));
    }
    let (during, after, sent) = (mean(s.during.dropped), mean(s.after.dropped), mean(s.during.requests));
    let (share, sent) = (share(during, sent), count(sent, sent));
    if after == 0.0 {
        return format!("A deploy {lost}: {share} of the {sent} sent while it rolls.");
    }
    let (during, after) = (count(during, during), count(after, after));
    format!("A deploy {lost}: {during} of the {sent} sent while it rolls ({share}), {after} after it is over.")
}

/// How many new pods a rollout that stands still is waiting for, in the first simulated deploy.
fn never_ready(results: &Results) -> Option<String> {
    let new = || results.pods.iter().filter(|p| p.revision != "old" && p.created.is_some());
    let waiting = new().filter(|p| p.ready.is_none() && p.deletion_requested.is_none() && !p.lost).count() as f64;
    let of = plural(new().count() as f64, "new pod");
    let which = if results.replications > 1 { " in the first simulated deploy" } else { "" };
    // Where others did, these are only late.
    let what = if new().any(|p| p.ready.is_some()) { "are not Ready yet" } else { "never turn Ready" };
    (waiting > 0.0).then(|| format!("It waits for pods that {what}: {} of {of}{which}.", count(waiting, waiting)))
}

/// What would have been dropped without a deploy, where that is anything.
fn beyond_normal(results: &Results) -> Option<String> {
    let s = &results.summary;
    let before = s.before.dropped.filter(|d| d.mean > 0.0)?;
    let excess = s.excess?;
    let normal = s.before.seconds.filter(|t| t.mean > 0.0).map(|t| before.mean / t.mean)?;
    let normal = text::rate(normal, normal);
    let added = text::estimate(Some(excess), count);
    Some(match excess.ci95 {
        Some([lo, hi]) if lo <= 0.0 && hi >= 0.0 => {
            format!("Even before it, {normal} are dropped; what the deploy adds cannot be told from none: {added}.")
        }
        // While it rolls there are more pods, or its requests come back later.
        Some([lo, hi]) if hi < 0.0 => {
            let (min, max) = (-excess.max, -excess.min);
            let spared = Estimate { mean: -excess.mean, ci95: Some([-hi, -lo]), min, max };
            let spared = text::estimate(Some(spared), count);
            format!("Even before it, {normal} are dropped; with the deploy {spared} fewer than at that rate.")
        }
        _ => format!("Even before it, {normal} are dropped; the deploy adds {added}."),
    })
}

/// That the old version is back in the end, where it is: an undo, an abort, a circuit breaker.
pub(super) fn rolled_back(results: &Results) -> Option<String> {
    let decisions = &results.decisions;
    let last = |revision: &str| decisions.iter().rfind(|d| d.1 == revision).map(|d| d.2);
    let tried = decisions.iter().any(|d| d.1 != "old" && d.2 > 0);
    let gone = decisions.iter().all(|d| d.1 == "old" || last(&d.1) == Some(0));
    // A rollout that never stopped an old pod has left no decision about them.
    let back = last("old").is_none_or(|size| size > 0);
    let which = if results.replications > 1 { " (in the first simulated deploy, at least)" } else { "" };
    (tried && gone && back).then(|| format!("The new version does not stay: it is rolled back{which}."))
}

/// Old pods that are still there at the end of the simulation, though the rollout is complete: *during* has not ended, and *after* was not
/// measured.
pub(super) fn still_terminating(results: &Results) -> f64 {
    let s = &results.summary;
    let after = s.after.seconds.is_some_and(|after| after.mean > 0.0);
    if results.is_steady() || s.rollout.complete == Some(false) || after {
        return 0.0;
    }
    results.pods.iter().filter(|p| p.deletion_requested.is_some() && p.gone.is_none()).count() as f64
}

/// That the simulation ends before the last old pod does, so that this is not all of the deploy.
fn cut_short(results: &Results) -> Option<String> {
    let pods = still_terminating(results);
    let which = if results.replications > 1 { " in the first simulated deploy" } else { "" };
    let verb = if pods == 1.0 { "terminates" } else { "terminate" };
    (pods > 0.0)
        .then(|| format!("The simulation ends (observe.limit) while {} still {verb}{which}.", plural(pods, "old pod")))
}

/// That the fleet is not what it was when the rollout is long over.
fn stays_down(results: &Results) -> Option<String> {
    let r = &results.summary.recovery;
    let (back, of) = r.recovered_deploys.zip(r.deploys).filter(|(back, of)| back < of)?;
    let which = if of == 1 {
        String::new()
    } else {
        format!(" in {} of {}", of - back, plural(f64::from(of), simulated(results)))
    };
    let a = r.attempts_per_request.after.filter(|a| a.mean >= OFTEN);
    let retries =
        a.map(|a| format!(": each request is then tried {} times", count(a.mean, a.mean))).unwrap_or_default();
    let later = later(results);
    Some(format!("The rollout is over and the fleet had not come back to what it was {later} later{which}{retries}."))
}

/// How long it was looked at after the rollout: what comes then is not known.
pub(super) fn later(results: &Results) -> String {
    text::mean(results.summary.after.seconds, seconds)
}

/// Up to which load a fleet comes back once the rollout is over.
pub(super) fn recovers(r: &Recovers) -> String {
    let overloaded = if r.overloaded { ", which it could not serve without one either" } else { "" };
    match r.not_at {
        Some(not) if r.up_to < 1.0 => {
            format!("does not come back after the rollout: it would at × {} of the load, and not at × {not}", r.up_to)
        }
        Some(not) => {
            format!("comes back after the rollout up to × {} of the load, and not at × {not}{overloaded}", r.up_to)
        }
        None => format!("comes back after the rollout even at × {} of the load", r.up_to),
    }
}

/// How much "none seen" can mean.
fn certainty(results: &Results) -> Option<String> {
    let n = results.replications;
    let share = share_upper(n as usize);
    (n > 1).then(|| {
        format!(
            "0 dropped in {}; at most {} of {}s have any (95 % confidence).",
            plural(f64::from(n), simulated(results)),
            percent(share, share),
            simulated(results).trim_start_matches("simulated ")
        )
    })
}

fn never_completes(results: &Results, settings: Option<&Settings>) -> String {
    let n = results.replications;
    let stuck = n - results.summary.rollout.completed.unwrap_or(0);
    let which =
        if n == 1 { String::new() } else { format!(" in {stuck} of {}", plural(f64::from(n), simulated(results))) };
    let longest = results.summary.during.seconds.map_or(0.0, |s| s.max);
    let why = match settings {
        None => "the progress deadline passes".to_owned(),
        // To a millisecond: the limit is set in whole nanoseconds.
        Some(s) if longest > s.watched - 1e-3 => {
            format!("it still goes on when the simulation ends, after {} (observe.limit)", seconds(longest, longest))
        }
        Some(s) => {
            format!("the progress deadline of {} passes", seconds(s.progress_deadline, s.progress_deadline))
        }
    };
    format!("The rollout does not complete{which}: {why}.")
}

#[cfg(test)]
mod tests {
    use crate::metrics::replication::{Replication, RolloutTally};
    use crate::metrics::sample;
    use crate::report::settings::Settings;
    use crate::report::tests::{merged, settings, terminal};

    #[test]
    fn an_end_before_the_last_old_pods_is_told() {
        let cut = |i| {
            let clean = sample::clean(i);
            let phases = [clean.phases[0].clone(), clean.phases[1].clone(), sample::phase(0.0, 40_000)];
            let mut r = Replication { phases, ..clean };
            r.pods.iter_mut().filter(|p| p.deletion_requested.is_some()).take(4).for_each(|p| p.gone = None);
            r
        };
        let text = terminal(&merged(cut, 2), &settings());
        assert!(text.contains("ends (observe.limit) while 4 old pods still terminate"), "{text}");
        assert!(text.contains("to the end") && !text.contains("until it is over"), "{text}");
        assert!(terminal(&sample::clean_results(2), &settings()).contains("until it is over"));
        // Where the rollout's end is that of all, it is told as such.
        let ends = |i| {
            let clean = sample::clean(i);
            let duration = Some(clean.phases[1].seconds);
            Replication { rollout: clean.rollout.map(|r| RolloutTally { duration, ..r }), ..clean }
        };
        let text = terminal(&merged(ends, 2), &settings());
        let measured = text.lines().find(|l| l.contains("measured")).unwrap_or_default();
        assert!(measured.ends_with("until complete"), "{measured}");
    }

    #[test]
    fn an_undo_before_the_controller_began_had_nothing_to_undo() {
        let told = |at| {
            let events = vec![(at, "undone".to_owned())];
            terminal(&sample::clean_results(2), &Settings { events, undone: vec![at], ..settings() })
        };
        // The first new pods are wanted at 0 s.
        assert!(told(-0.01).contains("with nothing to undo yet"), "{}", told(-0.01));
        assert!(!told(5.0).contains("nothing to undo"));
    }
}
