//! What went wrong, in a sentence or two, for who has never seen these figures: the mechanism behind the most frequent cause, what let
//! it happen, and what else there was.

use std::fmt::Write as _;

use super::Story;
use super::course::{Noun, reconnects, stale_pods};
use crate::metrics::Results;
use crate::report::settings::{Settings, Strategy};
use crate::report::text::{count, listed, percent, plural, rate, seconds, times};
use crate::report::{Page, answer, why};

/// The share of drops from which another mechanism than the main one is worth a word.
const WORTH: f64 = 0.01;

/// Causes that one mechanism brings about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Stale,
    Severed,
    Crowded,
    Unrouted,
    Version,
    Crash,
    Race,
}

impl Family {
    fn of(cause: &str) -> Option<Self> {
        Some(match cause {
            "staleRoute" => Self::Stale,
            "severedByDrain" | "severedByKill" | "severedByDeregistration" => Self::Severed,
            "overflow" | "slow" => Self::Crowded,
            "noEndpoints" => Self::Unrouted,
            "appError" => Self::Version,
            "crash" => Self::Crash,
            "keepAliveRace" => Self::Race,
            _ => return None,
        })
    }

    /// What became of a request, after "of the dropped requests 3 %".
    const fn fate(self) -> &'static str {
        match self {
            Self::Stale => "went to pods that no longer listened",
            Self::Severed => "were cut together with their pods",
            Self::Crowded => "found too few workers",
            Self::Unrouted => "met a proxy that knew of no pod",
            Self::Version => "got the new version's own errors",
            Self::Crash => "died with a container or a node",
            Self::Race => "met a connection that was just being closed",
        }
    }
}

/// What went wrong. `None` where nothing did.
pub(super) fn diagnosis(story: &Story<'_>) -> Option<String> {
    let results = story.results;
    if results.is_steady() {
        return None;
    }
    let seen = results.summary.causes.iter().filter_map(|(name, f)| Some((name, f?.mean))).filter(|c| c.1 > 0.0);
    let mut seen: Vec<(&str, f64)> = seen.collect();
    seen.sort_by(|a, b| b.1.total_cmp(&a.1));
    let stuck = (results.summary.rollout.complete == Some(false)).then(|| stuck(results)).flatten();
    let mechanism = seen.first().and_then(|main| Some((Family::of(main.0)?, mechanism(main.0, story)?)));
    let mut text = String::new();
    for told in stuck.into_iter().chain(mechanism.iter().map(|m| m.1.clone())) {
        text.push_str(if text.is_empty() { "What went wrong: " } else { " And " });
        text.push_str(&told);
    }
    if let Some((family, _)) = mechanism {
        text.push_str(&besides(&seen, family));
    }
    (!text.is_empty()).then_some(text)
}

/// The other mechanisms, with their shares of what was dropped.
fn besides(seen: &[(&str, f64)], main: Family) -> String {
    let all: f64 = seen.iter().map(|c| c.1).sum();
    let mut shares: Vec<(Family, f64)> = Vec::new();
    for (family, n) in seen.iter().filter_map(|(cause, n)| Some((Family::of(cause)?, n))).filter(|f| f.0 != main) {
        match shares.iter_mut().find(|s| s.0 == family) {
            Some(known) => known.1 += n / all,
            None => shares.push((family, n / all)),
        }
    }
    let told: Vec<String> = shares
        .into_iter()
        .filter(|s| s.1 >= WORTH)
        .map(|(family, share)| format!("{} {}", percent(share, share), family.fate()))
        .collect();
    if told.is_empty() { String::new() } else { format!(" Besides, of the dropped requests {}.", listed(&told)) }
}

/// The mechanism behind a cause: how it came about here.
fn mechanism(cause: &str, story: &Story<'_>) -> Option<String> {
    let results = story.results;
    Some(match Family::of(cause)? {
        Family::Stale => stale(story),
        Family::Severed => severed(cause, story),
        Family::Crowded | Family::Unrouted => crowded(cause, story),
        Family::Version if answer::rolled_back(results).is_some() => {
            "the new version itself answers with errors; these were dropped until it was called off.".to_owned()
        }
        Family::Version => {
            let limit = story.settings.and_then(|s| s.failure_limit).map(|n| {
                let n = plural(f64::from(n), "measurement");
                format!(" Its analysis lets {n} fail before it calls a version off.")
            });
            format!(
                "the new version itself answers with errors, and was rolled out all the same.{}",
                limit.unwrap_or_default()
            )
        }
        Family::Crash => why::crashed(results).to_owned(),
        Family::Race => "requests were written to connections that the other side was just closing.".to_owned(),
    })
}

/// A rollout that stands still, by what its pods do.
fn stuck(results: &Results) -> Option<String> {
    let waits = || results.pods.iter().filter(|p| p.created.is_some() && p.ready.is_none() && !p.lost);
    let first = waits().filter_map(|p| Some(p.condemned? - p.created?)).reduce(f64::min);
    let restarts: u32 = waits().filter(|p| p.condemned.is_some()).map(|p| p.restarts).sum();
    match first {
        Some(first) => Some(format!(
            "new pods never turn Ready. The kubelet stopped their containers for a failed probe before they had started, {} after \
             their creation and then again and again: {} in the first simulated deploy.",
            seconds(first, first),
            plural(f64::from(restarts), "restart")
        )),
        None => waits().next().map(|_| {
            let others_are = results.pods.iter().any(|p| p.created.is_some() && p.ready.is_some());
            let what = if others_are { "are not Ready yet" } else { "never turn Ready" };
            format!("new pods {what}, and the rollout waits for them.")
        }),
    }
}

fn stale(story: &Story<'_>) -> String {
    let noun = Noun::of(story.settings);
    let pods = &story.results.pods;
    let window = stale_pods(story);
    let longest = window.map(|w| seconds(w.longest, w.longest));
    let lost = pods.iter().filter(|p| p.lost).count() as f64;
    if let Some(longest) = longest.as_ref().filter(|_| lost > 0.0 && window.is_some_and(|w| 2.0 * lost >= w.pods)) {
        let until = match story.settings {
            Some(s) if s.ejects => "those that do not find out by themselves".to_owned(),
            _ => "proxies".to_owned(),
        };
        return format!(
            "{} died with {}. Nobody tells the proxies of that: for up to {longest} {until} went on sending to where nobody answers.",
            noun.count(lost),
            if lost > 1.0 { "their nodes" } else { "its node" }
        );
    }
    let condemned = why::failed_liveness(story.results);
    if condemned > 0.0 {
        let waits = story.settings.is_some_and(|s| s.probes_wait);
        return format!(
            "{} failed {} liveness probe and had {} containers stopped, while proxies went on sending to them.{}",
            noun.count(condemned),
            if condemned > 1.0 { "their" } else { "its" },
            if condemned > 1.0 { "their" } else { "its" },
            if waits {
                " The probe waits its turn behind the requests: a pod was stopped for being busy, and the others got its load."
            } else {
                ""
            }
        );
    }
    match (window, longest) {
        (Some(window), Some(longest)) => format!(
            "{} stopped listening before every proxy had heard that {} going – for up to {longest} proxies sent requests to a closed \
             port.",
            noun.count(window.pods),
            if window.pods > 1.0 { "they were" } else { "it was" }
        ),
        _ => format!("{} stopped listening before every proxy had heard that they were going.", noun.many()),
    }
}

fn severed(cause: &str, story: &Story<'_>) -> String {
    let ended = format!("{} ended before what they had accepted was done", Noun::of(story.settings).many());
    let page = story.settings.map(|settings| Page::plain(story.results, settings));
    match page.and_then(|page| why::of(cause, &page)) {
        Some(how) => format!("{ended} – {how}."),
        None => format!("{ended}."),
    }
}

/// Why too few workers were there for what was asked.
fn crowded(cause: &str, story: &Story<'_>) -> String {
    let Story { results, settings, .. } = *story;
    if let Some(told) = settings.filter(|_| cause == "slow").and_then(|s| connections(results, s)) {
        return told;
    }
    let least = results.summary.capacity.min_headroom.map(|h| h.mean).filter(|&h| h < 1.0);
    let storm = reconnects(results).map(|(_, most, usual)| {
        format!(
            "clients lost their connections at the same moment and came back at once – {} instead of {} – and their handshakes took the \
             workers that requests needed.",
            rate(most, most),
            rate(usual, usual)
        )
    });
    match (least, storm) {
        (Some(least), Some(storm)) if settings.is_some_and(|s| !s.proxied) => {
            format!("{} And {storm}", short(cause, least, story))
        }
        (Some(least), _) => short(cause, least, story),
        (None, Some(storm)) if settings.is_none_or(|s| !s.proxied) => storm,
        // There were workers enough: it is the proxies that had nobody to send to.
        (None, _) if cause == "noEndpoints" => {
            let page = settings.map(|settings| Page::plain(results, settings));
            page.and_then(|page| why::of(cause, &page)).map_or_else(|| lopsided(story), |how| format!("{how}."))
        }
        (None, _) => lopsided(story),
    }
}

/// More connections wanted than a database has.
fn connections(results: &Results, settings: &Settings) -> Option<String> {
    let (size, all) = settings.connections.and_then(|(size, all)| Some((f64::from(size), f64::from(all?))))?;
    let most = results.summary.rollout.peak_pods?.mean;
    (most * size > all).then(|| {
        format!(
            "the database ran out of connections. There were up to {} pods, old, new and terminating, and each wants {}: {} of {}. \
             Requests at pods that got none waited for one until they were given up.",
            count(most, most),
            count(size, size),
            count(most * size, most * size),
            count(all, all)
        )
    })
}

/// Less capacity than demand.
fn short(cause: &str, least: f64, story: &Story<'_>) -> String {
    let Story { results, settings, .. } = *story;
    let noun = Noun::of(settings);
    let fate = match cause {
        "slow" => "requests waited until they were given up",
        "noEndpoints" => "requests found no pod to go to",
        _ => "the rest of the requests found full queues",
    };
    let least = format!("{} the capacity that clients ask for; {fate}", times(least, least));
    let fewest = results.summary.capacity.min_ready.map_or(0.0, |m| m.mean);
    let before = results.timeseries.mean("ready", f64::NEG_INFINITY, 0.0).unwrap_or(0.0);
    let warmup = settings.and_then(|s| s.warmup);
    if fewest < before - 0.5 {
        let cold = warmup.map(|(slower, _)| format!("; new ones begin {} slower", times(slower, slower)));
        return format!(
            "too few {} were left to serve. At the fewest {} of {} were Ready{}: {least}.{}",
            noun.many(),
            count(fewest, 10.0),
            count(before, before),
            cold.unwrap_or_default(),
            settings.map(|s| let_go(results, s)).unwrap_or_default()
        );
    }
    if let (Some((slower, over)), Some(s)) = (warmup, settings) {
        return format!(
            "{} were Ready, but cold. New ones begin {} slower, and together they had {least}. Old ones go when new ones are Ready \
             (minReadySeconds {}), not when they are warm{}.",
            noun.many(),
            times(slower, slower),
            s.min_ready,
            if over > 0.0 { format!(", {} later", seconds(over, over)) } else { String::new() }
        );
    }
    let late = settings.map(|s| {
        let (p50, p99) = (s.addition.p50, s.addition.p99);
        format!(" A proxy sends to a new one {} after it is Ready (p99 {}).", seconds(p50, p50), seconds(p99, p99))
    });
    format!(
        "{} were Ready, but the proxies did not send to them yet, while old ones already went: those that were sent to had {least}.{}",
        noun.many(),
        late.unwrap_or_default()
    )
}

/// What let so many go.
fn let_go(results: &Results, s: &Settings) -> String {
    let mut text = String::new();
    let of = |step: &str| results.nodes.iter().any(|n| n.step == step);
    if of("cordoned") && !of("evictionRefused") {
        text.push_str(" A node was drained, and no budget held its evictions back.");
    }
    for (t, what) in s.events.iter().filter(|e| e.1.starts_with("scaled")) {
        let _ = write!(text, " The workload was {what} pods, {}.", super::panel::moment(*t));
    }
    match &s.strategy {
        _ if !text.is_empty() => {}
        Some(Strategy::Recreate) => text.push_str(" Recreate stops all old pods before the first new one starts."),
        Some(Strategy::RollingUpdate { max_unavailable, unavailable: 1.., .. }) => {
            let _ = write!(text, " maxUnavailable {max_unavailable} lets so many go before new ones are Ready.");
        }
        _ => {}
    }
    if let Some(size) = s.image {
        let new = results.pods.iter().filter_map(|p| Some(p.ready? - p.created?));
        let slowest = new.fold(0.0, f64::max);
        let _ = write!(
            text,
            " Each node has to fetch the new image first ({} GB): a new pod takes up to {} until it is Ready.",
            libm::round(size / 1e7) / 100.0,
            seconds(slowest, slowest)
        );
    }
    text
}

/// Capacity enough, in the wrong places.
fn lopsided(story: &Story<'_>) -> String {
    let Story { results, settings, .. } = *story;
    let worst = story.scene.and_then(|scene| {
        let sums = scene.bins.iter().enumerate().map(|(i, b)| (i, b.causes.iter().sum::<u32>()));
        let (i, most) = sums.reduce(|best, next| if next.1 > best.1 { next } else { best })?;
        (most > 0).then(|| (scene.first + i as i64) as f64)
    });
    let when = worst.map(|t| {
        let there = |new: bool| {
            let alive = results.pods.iter().filter(|p| p.created.is_some() == new);
            let ready = alive.filter(|p| (!new || p.ready.is_some_and(|r| r <= t)) && p.gone.is_none_or(|g| g > t));
            ready.count() as f64
        };
        let (new, old) = (plural(there(true), "new pod"), plural(there(false), "old one"));
        format!(" When most was dropped, {new} and {old} were there.")
    });
    let weighted = if settings.is_some_and(|s| s.weighted) {
        " A router gives each version the share that its weight says, whatever pods it has; setCanaryScale: {matchTrafficWeight: true} \
         gives it the pods for that."
    } else {
        ""
    };
    format!(
        "single pods got more than they could serve, though all together had capacity enough.{}{weighted}",
        when.unwrap_or_default()
    )
}
