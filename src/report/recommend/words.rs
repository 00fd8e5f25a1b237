//! A recommendation in sentences.

use super::RecommendPage;
use crate::metrics::Figure;
use crate::report::text::{self, Format as Number, count, percent, plural, rate, seconds};
use crate::stats::Estimate;
use crate::stats::paired::Difference;
use crate::study::result::finding::Verdict;
use crate::study::result::price::Cost;
use crate::study::result::recommendation::{Change, Cliff, Policy, Recommendation, Sensitivity, Without};

/// What is said where the work was ended.
pub(in crate::report) const INTERRUPTED: &str = "Interrupted: not all was looked at that could be said of it.";

/// A cost's column.
pub(in crate::report) const fn title(cost: Cost) -> &'static str {
    match cost {
        Cost::Surge => "surge",
        Cost::Duration => "rollout",
        Cost::Dropped => "dropped",
        Cost::P99 => "p99",
        Cost::Reconnects => "reconnects",
    }
}

fn number(cost: Cost) -> Number {
    match cost {
        Cost::Surge => |x, scale| format!("{} pod-min", count(x, scale)),
        Cost::Duration => |x, scale| seconds(x * 60.0, scale * 60.0),
        Cost::Dropped => count,
        Cost::P99 => seconds,
        Cost::Reconnects => rate,
    }
}

/// A cost's mean, and its interval.
pub(in crate::report) fn figure(cost: Cost, figure: Figure) -> (String, String) {
    (text::mean(figure, number(cost)), text::interval(figure, number(cost)))
}

/// What it comes to.
pub(in crate::report) fn answer(r: &Recommendation) -> String {
    let dropped = |p: &Policy| {
        let (mean, interval) = figure(Cost::Dropped, p.costs[Cost::Dropped as usize]);
        if interval.is_empty() { mean } else { format!("{mean} {interval}") }
    };
    let changes = plural(r.changes.len() as f64, "change");
    let (make, come) = if r.changes.len() == 1 { ("makes", "comes") } else { ("make", "come") };
    match (r.verdict, r.changes.is_empty()) {
        (Verdict::Holds, true) => "Nothing is to be changed: the objectives hold as it is.".to_owned(),
        (Verdict::Holds, false) if r.now.verdict == Verdict::Holds => {
            format!("The objectives hold as it is; {changes} {make} it cheaper.")
        }
        (Verdict::Holds, false) => format!(
            "{changes}, and the objectives hold. A deploy drops {}; as it is {}.",
            dropped(&r.recommended),
            dropped(&r.now)
        ),
        (Verdict::Undecided, _) => {
            "It can't be told whether the objectives hold: more deploys may (--max-replications).".to_owned()
        }
        (Verdict::Broken, true) => {
            "Nothing that was looked at holds the objectives, or comes nearer to them.".to_owned()
        }
        (Verdict::Broken, false) => format!(
            "Nothing that was looked at holds the objectives. {changes} {come} nearest: a deploy drops {}; as it is {}.",
            dropped(&r.recommended),
            dropped(&r.now)
        ),
    }
}

/// `59 of 59 deploys`.
pub(in crate::report) fn met(deploys: u32, met: u32) -> String {
    format!("{} of {}", count(f64::from(met), 1.0), plural(f64::from(deploys), "deploy"))
}

/// Why a setting has its value.
pub(in crate::report) fn why(change: &Change) -> String {
    let Some(without) = &change.without else {
        return "room for what must end before SIGKILL".to_owned();
    };
    let stays = format!("as it is ({})", change.now);
    let worst = Cost::ALL.into_iter().find_map(|cost| more(cost, without));
    match (without.verdict, worst) {
        (Verdict::Broken, Some(more)) => format!("{stays}, {more}; {} meet the objectives", short(without)),
        (_, Some(more)) => format!("{stays}, {more}"),
        (_, None) => format!("{stays}, {} meet the objectives", short(without)),
    }
}

fn short(without: &Without) -> String {
    met(without.deploys, without.met)
}

/// What a deploy has more of without a change, where that is sure.
fn more(cost: Cost, without: &Without) -> Option<String> {
    // Drops first: they are what it is about.
    let order = [Cost::Dropped, Cost::Duration, Cost::Surge, Cost::P99, Cost::Reconnects];
    let cost = order[cost as usize];
    let d = without.costs[cost as usize]?;
    let [low, _] = d.ci95?;
    if low <= 0.0 || d.mean < cost.floor() {
        return None;
    }
    let thing = match cost {
        Cost::Surge => "more surge",
        Cost::Duration => "longer",
        Cost::Dropped => "dropped more",
        Cost::P99 => "more at the 99th percentile",
        Cost::Reconnects => "more reconnects at the peak",
    };
    Some(format!("{} {thing}", difference(cost, d)))
}

fn difference(cost: Cost, d: Difference) -> String {
    let as_figure = Some(Estimate { mean: d.mean, ci95: d.ci95, min: d.mean, max: d.mean });
    text::estimate(as_figure, number(cost))
}

/// Between which values it holds.
pub(in crate::report) fn cliff(cliff: &Cliff) -> String {
    match (&cliff.lower, &cliff.upper) {
        (Some([holds, breaks]), None) => format!("holds from {holds} up, breaks at {breaks}"),
        (None, Some([holds, breaks])) => format!("holds up to {holds}, breaks at {breaks}"),
        (Some([low, below]), Some([high, above])) => {
            format!("holds from {low} to {high}, breaks at {below} and at {above}")
        }
        (None, None) => format!("holds from {} to {}, by what was looked at", cliff.range[0], cliff.range[1]),
    }
}

/// How much an input may grow.
pub(in crate::report) fn sensitivity(s: &Sensitivity) -> String {
    let size = |factor: f64| {
        let x = s.size * factor;
        if s.path == "clients" { count(x, x) } else { seconds(x, x) }
    };
    let what = if s.path == "clients" { "" } else { "p99 " };
    let source = if s.assumed { "assumed" } else { "told" };
    let limit = match s.breaks_at {
        Some(breaks) if s.holds_at <= 1.0 => format!("breaks at {} (× {breaks})", size(breaks)),
        Some(breaks) => {
            format!("still holds at {} (× {}), breaks at {} (× {breaks})", size(s.holds_at), s.holds_at, size(breaks))
        }
        None => format!("still holds at {} (× {})", size(s.holds_at), s.holds_at),
    };
    format!("{what}{} {source}: {limit}", size(1.0))
}

/// The input that it is most worth to measure: assumed, and the first that breaks it.
pub(in crate::report) fn measure_first(r: &Recommendation) -> Option<String> {
    let first = r.inputs.iter().find(|s| s.assumed && s.breaks_at.is_some())?;
    Some(format!(
        "Measure the {} first ({}): it was assumed, and the advice is most sensitive to it.",
        first.input, first.path
    ))
}

/// What was done.
pub(in crate::report) fn effort(r: &Recommendation) -> String {
    format!(
        "{} of {} combinations looked at, {}, seed {}",
        count(r.looked_at as f64, 1.0),
        count(r.combinations, 1.0),
        plural(r.simulated as f64, "simulated deploy"),
        r.seed
    )
}

/// What the price is made of.
pub(in crate::report) fn price(r: &Recommendation) -> String {
    let parts: Vec<String> = Cost::ALL
        .into_iter()
        .filter(|&c| r.prices.of(c) > 0.0)
        .map(|c| match c {
            Cost::Surge => format!("{} a pod-minute of surge", r.prices.surge),
            Cost::Duration => format!("{} a minute of rollout", r.prices.duration),
            Cost::Dropped => format!("{} a dropped request", r.prices.dropped),
            Cost::P99 => format!("{} a second of p99", r.prices.p99),
            Cost::Reconnects => format!("{} a reconnect at the peak", r.prices.reconnects),
        })
        .collect();
    format!("price: {}; each change must save {}", parts.join(", "), percent(r.worth, r.worth))
}

/// The command that plays what is recommended.
pub(in crate::report) fn command(page: &RecommendPage) -> String {
    let s = &page.settings;
    let mut parts = vec!["dryroll run".to_owned(), s.source.clone()];
    parts.extend(s.options.iter().cloned());
    parts.extend(page.recommendation.set.iter().map(|set| format!("--set {}", text::quoted(set))));
    parts.join(" ")
}
