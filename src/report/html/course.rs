//! What happens in a deploy, in order, for who has never seen these figures: a sentence a step, each measured. And in one sentence
//! what went wrong.

use std::fmt::Write as _;

use serde::Serialize;

use super::Story;
use super::failures::words;
use crate::metrics::Results;
use crate::metrics::scene::cause_names;
use crate::metrics::series::PodRow;
use crate::report::text::{count, plural, rate, seconds, times};

/// Deletions within so long of the first are one step (s).
const AT_ONCE: f64 = 1.0;
/// Reconnects that are so many times as frequent as before the deploy are worth a word, and so many a second at the least.
const STORM: f64 = 5.0;
const FEW: f64 = 10.0;

/// A step of the course.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Step {
    #[serde(skip)]
    at: f64,
    /// `+12 s`.
    when: String,
    what: String,
}

/// The course of the first deploy; nothing where there is none.
pub(super) fn course(story: &Story<'_>) -> Vec<Step> {
    let results = story.results;
    if results.is_steady() || results.timeseries.rows.is_empty() {
        return Vec::new();
    }
    let mut steps = Vec::new();
    let mut add = |step: Option<(f64, String)>| {
        steps.extend(step.map(|(at, what)| Step { at, when: format!("{:+.0} s", libm::trunc(at)), what }));
    };
    add(deleted(&results.pods));
    add(first_ready(&results.pods));
    add(stale(story));
    add(fewest(results));
    add(short(results));
    add(storm(results));
    add(killed(&results.pods));
    for step in dropped(story) {
        // Drops are known by the second: what else happens in it comes before, as a cause may.
        add(Some((step.0 + 0.99, step.1)));
    }
    add(gone(&results.pods));
    steps.sort_by(|a, b| a.at.total_cmp(&b.at));
    steps
}

/// The first old pods that are deleted, and whether new ones were there by then.
fn deleted(pods: &[PodRow]) -> Option<(f64, String)> {
    let old = || pods.iter().filter(|p| p.created.is_none());
    let first = old().filter_map(|p| p.deletion_requested).reduce(f64::min)?;
    let together = old().filter(|p| p.deletion_requested.is_some_and(|t| t <= first + AT_ONCE)).count() as f64;
    let all = old().count() as f64;
    let ready = pods.iter().filter(|p| p.created.is_some() && p.ready.is_some_and(|t| t <= first)).count() as f64;
    let there = if ready > 0.0 {
        format!("; {} {} Ready by then", plural(ready, "new pod"), if ready > 1.0 { "are" } else { "is" })
    } else {
        ", before any new pod is Ready".to_owned()
    };
    let verb = if together > 1.0 { "are" } else { "is" };
    Some((first, format!("{} of {} old pods {verb} deleted{there}.", count(together, together), count(all, all))))
}

fn first_ready(pods: &[PodRow]) -> Option<(f64, String)> {
    let new: Vec<(f64, f64)> = pods.iter().filter_map(|p| Some((p.ready?, p.created?))).collect();
    let first = new.iter().copied().reduce(|a, b| if b.0 < a.0 { b } else { a })?;
    let slowest = new.iter().map(|(ready, created)| ready - created).fold(0.0, f64::max);
    let mut text = format!("The first new pod is Ready, {} after its creation", seconds(first.0 - first.1, 1.0));
    if slowest > 1.5 * (first.0 - first.1) {
        let _ = write!(text, "; the slowest takes {}", seconds(slowest, slowest));
    }
    Some((first.0, format!("{text}.")))
}

/// Pods that proxies still sent to when they no longer listened: how many, from when on, for how long at the most.
fn stale_pods(story: &Story<'_>) -> Option<(f64, f64, f64)> {
    let scene = story.scene?;
    let mut found: Option<(f64, f64, f64)> = None;
    for (pod, watched) in story.results.pods.iter().zip(&scene.pods) {
        let Some(closed) = pod.listener_closed.or(pod.gone) else { continue };
        let Some(last) = watched.routed.iter().rev().find(|r| r.1 == 0).map(|r| r.0) else { continue };
        if last > closed {
            let (n, first, longest) = found.unwrap_or((0.0, f64::INFINITY, 0.0));
            found = Some((n + 1.0, first.min(closed), longest.max(last - closed)));
        }
    }
    found
}

fn stale(story: &Story<'_>) -> Option<(f64, String)> {
    let (n, first, longest) = stale_pods(story)?;
    let longest = seconds(longest, longest);
    let pods = plural(n, "pod");
    Some((
        first,
        format!(
            "Pods begin to close their listeners while proxies still send to them: {pods}, {longest} at the longest."
        ),
    ))
}

/// The bin with the least (or, of `-1`, the most) of something, after the start.
fn extreme(results: &Results, of: impl Fn(usize) -> Option<f64>) -> Option<(f64, f64)> {
    let times = results.timeseries.column("t");
    let bins = times.iter().enumerate().filter_map(|(i, t)| Some(((*t)?, of(i)?))).filter(|b| b.0 >= 0.0);
    bins.reduce(|best, next| if next.1 < best.1 { next } else { best })
}

fn fewest(results: &Results) -> Option<(f64, String)> {
    let ready = results.timeseries.column("ready");
    let (at, least) = extreme(results, |i| ready[i])?;
    let before = results.timeseries.mean("ready", f64::NEG_INFINITY, 0.0)?;
    let text = format!("The fewest pods are Ready: {} of {} on average.", count(least, 10.0), count(before, before));
    (least < before - 0.5).then_some((at, text))
}

fn headroom(results: &Results) -> Option<(f64, f64)> {
    let (capacity, demand) = (results.timeseries.column("capacity"), results.timeseries.column("demand"));
    extreme(results, |i| Some(capacity[i]? / demand[i].filter(|&d| d > 0.0)?))
}

fn short(results: &Results) -> Option<(f64, String)> {
    let (at, least) = headroom(results)?;
    let short_for = results.summary.capacity.seconds_below_demand.map_or(0.0, |s| s.mean);
    let less = if least < 1.0 { " – less than clients ask for" } else { "" };
    let all = if short_for > 0.0 {
        format!("; a deploy is short of it for {}", seconds(short_for, short_for))
    } else {
        String::new()
    };
    Some((at, format!("Capacity is lowest: {} the demand{less}{all}.", times(least, least))))
}

fn reconnects(results: &Results) -> Option<(f64, f64, f64)> {
    let column = results.timeseries.column("reconnects");
    let (at, most) = extreme(results, |i| column[i].map(|v| -v)).map(|(t, v)| (t, -v))?;
    let usual = results.summary.connections.to_pods().baseline_reconnects_per_second.map_or(0.0, |b| b.mean);
    (most > FEW && most > STORM * usual).then_some((at, most, usual))
}

fn storm(results: &Results) -> Option<(f64, String)> {
    let (at, most, usual) = reconnects(results)?;
    let (most, usual) = (rate(most, most), rate(usual, usual));
    Some((
        at,
        format!("Most connections are opened anew in place of lost ones: {most}, against {usual} before the deploy."),
    ))
}

fn killed(pods: &[PodRow]) -> Option<(f64, String)> {
    let kills: Vec<f64> = pods.iter().filter(|p| p.killed).filter_map(|p| p.gone).collect();
    let first = kills.iter().copied().reduce(f64::min)?;
    let n = plural(kills.len() as f64, "pod");
    Some((first, format!("The first pod is killed (SIGKILL) at the end of its grace period, of {n} in all.")))
}

/// The first drop, the worst second and the last drop of the deploy that was watched.
fn dropped(story: &Story<'_>) -> Vec<(f64, String)> {
    let Some(scene) = story.scene else { return Vec::new() };
    let second = |i: usize| (scene.first + i as i64) as f64;
    let sums: Vec<(f64, u32)> =
        scene.bins.iter().enumerate().map(|(i, b)| (second(i), b.causes.iter().sum())).filter(|b| b.0 >= 0.0).collect();
    let hit = || sums.iter().filter(|b| b.1 > 0);
    let (Some(first), Some(last)) = (hit().next(), hit().next_back()) else { return Vec::new() };
    let most = hit().fold(*first, |best, next| if next.1 > best.1 { *next } else { best });
    let cause = |at: f64| {
        let bin = scene.bins.get((at as i64 - scene.first) as usize);
        let most = bin.and_then(|b| cause_names().into_iter().zip(b.causes).max_by_key(|c| c.1));
        most.map_or("", |m| words(m.0))
    };
    let all: u32 = sums.iter().map(|b| b.1).sum();
    let mut told = vec![(first.0, format!("The first requests are dropped: {}.", cause(first.0)))];
    if most.0 > first.0 {
        let n = f64::from(most.1);
        told.push((most.0, format!("The worst second: {} dropped, {}.", count(n, n), cause(most.0))));
    }
    if last.0 > most.0 {
        let n = f64::from(all);
        told.push((last.0, format!("The last requests are dropped, {} in all.", count(n, n))));
    }
    told
}

fn gone(pods: &[PodRow]) -> Option<(f64, String)> {
    let old: Option<Vec<f64>> = pods.iter().filter(|p| p.created.is_none()).map(|p| p.gone).collect();
    let last = old?.into_iter().reduce(f64::max)?;
    Some((last, "The last old pod is gone.".to_owned()))
}

/// What went wrong, in a sentence: the mechanism behind the most frequent cause. `None` where nothing was dropped.
pub(super) fn diagnosis(story: &Story<'_>) -> Option<String> {
    let results = story.results;
    let seen = results.summary.causes.iter().filter_map(|(name, f)| Some((name, f?.mean))).filter(|c| c.1 > 0.0);
    let (cause, _) = seen.reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    if results.is_steady() {
        return None;
    }
    Some(match cause {
        "staleRoute" => match stale_pods(story) {
            Some((n, _, longest)) => format!(
                "What went wrong: {} stopped listening before every proxy had heard that they were going – for up to {} proxies sent \
                 requests to a closed port.",
                plural(n, "pod"),
                seconds(longest, longest)
            ),
            None => {
                "What went wrong: pods stopped listening before every proxy had heard that they were going.".to_owned()
            }
        },
        "severedByDrain" | "severedByKill" | "severedByDeregistration" => {
            "What went wrong: pods ended before the requests that they had accepted were done.".to_owned()
        }
        "overflow" | "slow" | "noEndpoints" => crowded(results),
        "appError" => {
            "What went wrong: the new version itself answers with errors, and was rolled out all the same.".to_owned()
        }
        "crash" => "What went wrong: pods of the new version die by themselves, with requests in flight.".to_owned(),
        "keepAliveRace" => {
            "What went wrong: requests were written to connections that the other side was just closing.".to_owned()
        }
        _ => return None,
    })
}

/// Why too few workers were there.
fn crowded(results: &Results) -> String {
    let least = results.summary.capacity.min_headroom.map(|h| h.mean);
    match (least, reconnects(results)) {
        (Some(least), _) if least < 1.0 => {
            let ready = results.summary.capacity.min_ready.map_or(0.0, |m| m.mean);
            format!(
                "What went wrong: too few pods were left to serve. At the fewest {} were Ready, with {} the capacity that clients ask \
                 for; the rest of the requests found full queues.",
                count(ready, 10.0),
                times(least, least)
            )
        }
        (_, Some((_, most, usual))) => format!(
            "What went wrong: clients lost their connections at the same moment and came back at once – {} instead of {} – and their \
             handshakes took the workers that requests needed.",
            rate(most, most),
            rate(usual, usual)
        ),
        _ => "What went wrong: single pods got more than they could serve, though all together had capacity enough."
            .to_owned(),
    }
}
