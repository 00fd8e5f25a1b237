//! What happens in a deploy, in order, for who has never seen these figures: a sentence a step, each measured, with a number that
//! marks its moment in every figure.

use std::fmt::Write as _;

use serde::Serialize;

use super::Story;
use super::failures::words;
use crate::metrics::Results;
use crate::metrics::scene::cause_names;
use crate::metrics::series::PodRow;
use crate::report::Settings;
use crate::report::text::{count, plural, rate, seconds, since, times};

/// Deletions within so long of the first are one step (s).
const AT_ONCE: f64 = 1.0;
/// Reconnects that are so many times as frequent as before the deploy are worth a word, and so many a second at the least.
const STORM: f64 = 5.0;
const FEW: f64 = 10.0;

/// Capacity that falls to less than this share of what it was is worth a word.
const DIP: f64 = 0.9;
/// … unless there is so much of it all the same.
const AMPLE: f64 = 1.5;
/// Steps of nodes, and of an autoscaler, at the most.
const MOST: usize = 4;

/// A step of the course.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Step {
    /// When (s).
    #[serde(skip)]
    pub(super) at: f64,
    /// `+12 s`.
    when: String,
    what: String,
}

/// What is rolled, in words.
#[derive(Clone, Debug)]
pub(super) struct Noun(Option<String>);

impl Noun {
    pub(super) fn of(settings: Option<&Settings>) -> Self {
        Self(settings.and_then(|s| s.tier.as_ref()).map(|tier| tier.name.clone()))
    }

    /// `pods`, `proxies of ingress`.
    pub(super) fn many(&self) -> String {
        self.0.as_ref().map_or_else(|| "pods".to_owned(), |tier| format!("proxies of {tier}"))
    }

    /// `1 pod`, `4 proxies of ingress`.
    pub(super) fn count(&self, n: f64) -> String {
        match &self.0 {
            None => plural(n, "pod"),
            Some(tier) if n == 1.0 => format!("1 proxy of {tier}"),
            Some(tier) => format!("{} proxies of {tier}", count(n, n)),
        }
    }
}

/// The course of the first deploy; nothing where there is none.
pub(super) fn course(story: &Story<'_>) -> Vec<Step> {
    let results = story.results;
    if results.is_steady() || results.timeseries.rows.is_empty() {
        return Vec::new();
    }
    let mut told: Vec<(f64, String)> = Vec::new();
    // Of what happens at one moment, causes first.
    let events = story.settings.iter().flat_map(|s| &s.events);
    told.extend(events.map(|(t, what)| (*t, format!("The workload is {what}."))));
    told.extend(nodes(results));
    told.extend(deleted(&results.pods));
    told.extend(first_ready(&results.pods));
    told.extend(stale(story));
    told.extend(condemned(&results.pods));
    told.extend(killed(&results.pods));
    told.extend(gone(&results.pods));
    told.extend(results.scaled.iter().take(MOST).map(|(t, n)| (*t, format!("The autoscaler wants {n} pods."))));
    // These are known by the second: what else happens in it comes before, as a cause may.
    let by_second = fewest(results).into_iter().chain(short(results)).chain(storm(results)).chain(dropped(story));
    told.extend(by_second.map(|(t, what)| (t + 0.99, what)));
    told.sort_by(|a, b| a.0.total_cmp(&b.0));
    told.into_iter().map(|(at, what)| Step { at, when: since(libm::trunc(at)), what }).collect()
}

/// The numbers of the steps, each at its moment.
pub(super) fn marks(steps: &[Step]) -> Vec<(f64, usize)> {
    (1..).zip(steps).map(|(n, step)| (libm::floor(step.at * 100.0) / 100.0, n)).collect()
}

/// What happened to the first nodes.
fn nodes(results: &Results) -> Vec<(f64, String)> {
    let words = |step: &str| {
        Some(match step {
            "failed" => "dies, and everything on it",
            "notReady" => "is missed by the API at last",
            "evicted" => "has its pods replaced elsewhere",
            "cordoned" => "is drained: its pods are asked to go",
            "drainBlocked" => "cannot be drained: the budget lets no more pods go",
            "drained" => "is empty",
            _ => return None,
        })
    };
    let told = results.nodes.iter().filter_map(|n| Some((n.t, format!("Node {} {}.", n.node, words(&n.step)?))));
    told.take(MOST).collect()
}

/// The first container that is stopped for a probe.
fn condemned(pods: &[PodRow]) -> Option<(f64, String)> {
    let stopped = || pods.iter().filter_map(|p| p.condemned);
    let first = stopped().reduce(f64::min)?;
    let n = plural(stopped().count() as f64, "pod");
    Some((
        first,
        format!("The kubelet stops the first container that failed a probe too often; it comes to {n} in all."),
    ))
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

/// Pods that proxies still sent to when they no longer listened.
#[derive(Clone, Copy, Debug)]
pub(super) struct StaleWindow {
    /// How many.
    pub(super) pods: f64,
    /// When the first of them stopped listening (s).
    first: f64,
    /// For how long at the most (s).
    pub(super) longest: f64,
}

pub(super) fn stale_pods(story: &Story<'_>) -> Option<StaleWindow> {
    let scene = story.scene?;
    let mut found: Option<StaleWindow> = None;
    for (pod, watched) in story.results.pods.iter().zip(&scene.pods) {
        let Some(closed) = pod.listener_closed.or(pod.gone) else { continue };
        let Some(last) = watched.routed.iter().rev().find(|r| r.1 == 0).map(|r| r.0) else { continue };
        if last > closed {
            let so_far = found.unwrap_or(StaleWindow { pods: 0.0, first: f64::INFINITY, longest: 0.0 });
            let (first, longest) = (so_far.first.min(closed), so_far.longest.max(last - closed));
            found = Some(StaleWindow { pods: so_far.pods + 1.0, first, longest });
        }
    }
    found
}

fn stale(story: &Story<'_>) -> Option<(f64, String)> {
    let window = stale_pods(story)?;
    let longest = seconds(window.longest, window.longest);
    let noun = Noun::of(story.settings);
    let pods = noun.count(window.pods);
    let text = if story.results.pods.iter().any(|p| p.lost) {
        format!("Proxies go on sending to {} that listen no longer: {pods}, {longest} at the longest.", noun.many())
    } else {
        let mut begin = noun.many();
        begin[..1].make_ascii_uppercase();
        format!(
            "{begin} begin to close their listeners while proxies still send to them: {pods}, {longest} at the longest."
        )
    };
    Some((window.first, text))
}

/// The bin with the least (or, of `-1`, the most) of something, after the start.
fn extreme(results: &Results, of: impl Fn(usize) -> Option<f64>) -> Option<(f64, f64)> {
    let times = results.timeseries.column("t");
    let bins = times.iter().enumerate().filter_map(|(i, t)| Some(((*t)?, of(i)?))).filter(|b| b.0 >= 0.0);
    bins.reduce(|best, next| if next.1 < best.1 { next } else { best })
}

/// The time series holds means.
const fn on_average(results: &Results) -> &'static str {
    if results.replications > 1 { " on average" } else { "" }
}

fn fewest(results: &Results) -> Option<(f64, String)> {
    let ready = results.timeseries.column("ready");
    let (at, least) = extreme(results, |i| ready[i])?;
    let before = results.timeseries.mean("ready", f64::NEG_INFINITY, 0.0)?;
    let text = format!(
        "The fewest pods are Ready: {} of {}{}.",
        count(least, 10.0),
        count(before, before),
        on_average(results)
    );
    (least < before - 0.5).then_some((at, text))
}

fn headroom(results: &Results) -> Option<(f64, f64)> {
    let (capacity, demand) = (results.timeseries.column("capacity"), results.timeseries.column("demand"));
    extreme(results, |i| Some(capacity[i]? / demand[i].filter(|&d| d > 0.0)?))
}

fn short(results: &Results) -> Option<(f64, String)> {
    let (at, least) = headroom(results)?;
    let usual = results.timeseries.headroom(f64::NEG_INFINITY, 0.0).unwrap_or(f64::INFINITY);
    if least > (DIP * usual).clamp(1.0, AMPLE) {
        return None;
    }
    let short_for = results.summary.capacity.seconds_below_demand.map_or(0.0, |s| s.mean);
    let less = if least < 1.0 { " – less than clients ask for" } else { "" };
    let all = if short_for > 0.0 {
        format!("; a deploy is short of it for {}", seconds(short_for, short_for))
    } else {
        String::new()
    };
    Some((at, format!("Capacity is lowest: {} the demand{}{less}{all}.", times(least, least), on_average(results))))
}

/// The most connections a second that were opened anew in place of lost ones, when, and how many are usual; where they are many.
pub(super) fn reconnects(results: &Results) -> Option<(f64, f64, f64)> {
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
        format!(
            "Most connections are opened anew in place of lost ones: {most}{}, against {usual} before the deploy.",
            on_average(results)
        ),
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
