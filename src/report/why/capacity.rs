//! Too little for what is asked: of workers, of places in a queue, of connections; and a version that answers with errors.

use super::{Remedy, Told, secs};
use crate::report::Page;
use crate::report::settings::{Settings, Spread, Strategy};
use crate::report::text::{percent, plural};

/// What keeps capacity up while the deploy rolls; `None` where it is not the deploy that takes it away.
pub(super) fn keep_capacity(page: &Page<'_>) -> Option<Remedy> {
    let s = page.settings;
    let headroom = page.results.timeseries.headroom(f64::NEG_INFINITY, 0.0).or_else(|| steady_headroom(page));
    if let Some(headroom) = headroom.filter(|&h| h < 1.0) {
        if s.tier.is_some() {
            // It is the pods behind that are too few, not what is rolled.
            return None;
        }
        // A quarter more than would just do.
        let replicas = libm::ceil(f64::from(s.replicas) * 1.25 / headroom.max(0.01));
        return Some(Remedy::new([format!("replicas={replicas}")], "even without a deploy there are too few pods"));
    }
    if let Some(remedy) = evictions(page).or_else(|| cold(page)) {
        return Some(remedy);
    }
    let effect = "old pods stay until new ones are ready";
    // A DaemonSet has as many as there are nodes.
    let is_alone = s.empties && s.replicas == 1 && s.tier.is_none() && s.kind.as_deref() != Some("DaemonSet");
    match s.strategy.as_ref()? {
        Strategy::Recreate => Some(Remedy::new(["workload.strategy.type=RollingUpdate".to_owned()], effect)),
        Strategy::Other(_) if is_alone => {
            Some(Remedy::new(["replicas=2".to_owned()], "another pod serves while one is replaced"))
        }
        Strategy::RollingUpdate { unavailable: 0, .. } | Strategy::Other(_) => None,
        Strategy::RollingUpdate { max_surge, .. } => {
            let surge = matches!(max_surge.as_str(), "0" | "0 %").then(|| "maxSurge=1".to_owned());
            Some(Remedy::new(std::iter::once("maxUnavailable=0".to_owned()).chain(surge), effect))
        }
    }
}

/// A budget, where a drain has taken pods that none held back.
fn evictions(page: &Page<'_>) -> Option<Remedy> {
    let of = |step: &str| page.results.nodes.iter().any(|n| n.step == step);
    let budget =
        Remedy::new(["workload.podDisruptionBudget.maxUnavailable=1".to_owned()], "evictions wait for each other");
    (of("cordoned") && !of("evictionRefused") && !page.settings.keeps).then_some(budget)
}

/// Time to warm up, where all pods are Ready and together too slow.
fn cold(page: &Page<'_>) -> Option<Remedy> {
    let (s, capacity) = (page.settings, &page.results.summary.capacity);
    let (_, over) = s.warmup?;
    let before = page.results.timeseries.mean("ready", f64::NEG_INFINITY, 0.0)?;
    let cold = capacity.min_headroom?.mean < 1.0 && capacity.min_ready?.mean > before - 0.5;
    (cold && over > s.min_ready && s.has_min_ready).then(|| {
        Remedy::new([format!("minReadySeconds={}", libm::ceil(over))], "old pods stay until new ones are warm")
    })
}

fn steady_headroom(page: &Page<'_>) -> Option<f64> {
    page.results.is_steady().then(|| page.results.timeseries.headroom(f64::NEG_INFINITY, f64::INFINITY)).flatten()
}

pub(super) fn overflow(page: &Page<'_>) -> Told {
    let s = page.settings;
    let workers = |n: u32| if n == 1 { "the only worker".to_owned() } else { format!("all {n} workers") };
    let (old, new) = ((s.concurrency, s.queue), (s.new.concurrency, s.new.queue));
    if old == new || s.strategy.is_none() {
        return (format!("found {} of a pod and its queue of {} full", workers(old.0), old.1), keep_capacity(page));
    }
    let of = |(workers, queue): (u32, u32)| format!("{} and a queue of {queue}", plural(f64::from(workers), "worker"));
    let sentence = format!("found a pod's workers and its queue full: old pods have {}, new ones {}", of(old), of(new));
    (sentence, as_before(s).or_else(|| keep_capacity(page)))
}

/// The old version's room for the new one, where that has less.
fn as_before(s: &Settings) -> Option<Remedy> {
    let workers = (s.new.concurrency < s.concurrency).then(|| format!("newVersion.concurrency={}", s.concurrency));
    let queue = (s.new.queue < s.queue).then(|| format!("newVersion.queue={}", s.queue));
    let set: Vec<String> = workers.into_iter().chain(queue).collect();
    (!set.is_empty()).then(|| Remedy::new(set, "new pods have as much room as old ones"))
}

/// How long a worker takes, of both versions where they differ: `20 ms (p99 120 ms)`.
fn service(s: &Settings) -> String {
    let of = |spread: Spread| format!("{} (p99 {})", secs(spread.p50), secs(spread.p99));
    if s.service == s.new.service || s.strategy.is_none() {
        return of(s.service);
    }
    format!("{}, in new pods {}", of(s.service), of(s.new.service))
}

pub(super) fn slow(page: &Page<'_>) -> Told {
    if let Some((size, Some(all))) = page.settings.connections {
        let held = size * page.settings.replicas;
        let sentence = format!(
            "a time-out while queued or served, or while waiting for one of {all} connections, of which {} pods hold {held}",
            page.settings.replicas
        );
        let set = ["maxSurge=0".to_owned(), "maxUnavailable=1".to_owned()];
        let rolling = matches!(page.settings.strategy, Some(Strategy::RollingUpdate { .. }));
        let remedy = (rolling && size > 0).then(|| Remedy::new(set, "fewer pods hold connections at a time"));
        return (sentence, remedy);
    }
    let sentence = format!("a time-out while queued or served; service alone takes {}", service(page.settings));
    (sentence, keep_capacity(page))
}

/// Measurements that an analysis may let fail before that is worth a word.
const LENIENT: u32 = 3;

pub(super) fn app_error(page: &Page<'_>) -> Told {
    let s = page.settings;
    let sentence = if s.error_rate > 0.0 {
        format!("the new version answers 500 to {} of its requests", percent(s.error_rate, s.error_rate))
    } else {
        "the version's own errors".to_owned()
    };
    let stricter =
        Remedy::new(["deploy.analysis.failureLimit=0".to_owned()], "the first measurement that fails calls it off");
    (sentence, s.failure_limit.is_some_and(|n| n > LENIENT).then_some(stricter))
}
