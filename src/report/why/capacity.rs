//! Too little for what is asked: of workers, of places in a queue, of connections; and a version that answers with errors.

use super::{Remedy, Told, secs};
use crate::report::Page;
use crate::report::settings::{Settings, Spread, Strategy};
use crate::report::text::{percent, plural};

/// Capacity over demand from which on it is not for want of capacity that requests wait too long.
const AMPLE: f64 = 1.25;
/// Capacity over demand with which a fleet that lacks some of its pods holds out for minutes.
const HOLDS: f64 = 1.05;
/// A pod may take so long to go by default (s, Kubernetes' grace period): one that is to wait for longer is missed.
const LONG_WAIT: f64 = 30.0;

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
    if adds_nothing(page) {
        return None;
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

/// Whether as many are dropped without the deploy, as far as can be told: then no way of rolling it helps.
fn adds_nothing(page: &Page<'_>) -> bool {
    let s = &page.results.summary;
    let before = s.before.dropped.is_some_and(|dropped| dropped.mean > 0.0);
    before && s.excess.and_then(|excess| excess.ci95).is_some_and(|[least, _]| least <= 0.0)
}

/// Capacity over demand while pods wait for so long (s) before they go, where that is too little: where the next pod is started only when
/// the one before is gone.
pub(super) fn too_few_while_waiting(page: &Page<'_>, wait: f64) -> Option<f64> {
    let s = page.settings;
    let vacant = s.vacant.filter(|_| wait > LONG_WAIT)?;
    let headroom = page.results.timeseries.headroom(f64::NEG_INFINITY, 0.0)?;
    Some(headroom * (1.0 - f64::from(vacant) / f64::from(s.replicas.max(1)))).filter(|&left| left < HOLDS)
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
        let sentence = format!("found {} of a pod and its queue of {} full{}", workers(old.0), old.1, or_limits(s));
        return (sentence, keep_capacity(page));
    }
    let of = |(workers, queue): (u32, u32)| format!("{} and a queue of {queue}", plural(f64::from(workers), "worker"));
    let sentence = format!(
        "found a pod's workers and its queue full{}: old pods have {}, new ones {}",
        or_limits(s),
        of(old),
        of(new)
    );
    (sentence, as_before(s).or_else(|| keep_capacity(page)))
}

/// What else may have had no room.
fn or_limits(s: &Settings) -> String {
    if s.proxy_limits.is_empty() {
        return String::new();
    }
    format!(", or a limit of its proxy's reached (upstream.{})", s.proxy_limits.join(", "))
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
    let ample = page.results.summary.capacity.min_headroom.is_some_and(|least| least.mean >= AMPLE);
    let before = page.settings.strategy.as_ref().and_then(|_| as_before(page.settings));
    (sentence, before.or_else(|| if ample { None } else { keep_capacity(page) }))
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

#[cfg(test)]
mod tests {
    use crate::metrics::{Results, sample};
    use crate::report::settings::{Settings, Spread, Version};
    use crate::report::tests::{merged, settings};
    use crate::report::why::tests::of;

    const SLOW: usize = 7;

    fn short(results: &mut Results) {
        if let Some(least) = &mut results.summary.capacity.min_headroom {
            least.mean = 0.9;
        }
    }

    #[test]
    fn what_is_slow_for_other_reasons_than_capacity_is_not_rolled_otherwise() {
        assert!(of(SLOW, 7, &settings(), short).contains("--set maxUnavailable=0"));
        assert!(!of(SLOW, 7, &settings(), |_| ()).contains("maxUnavailable=0"), "there is 4.5 times what is asked for");
        let new = Version { concurrency: 1, queue: 128, service: Spread { p50: 0.02, p99: 0.12 } };
        let text = of(SLOW, 7, &Settings { new, ..settings() }, short);
        assert!(text.contains("--set newVersion.concurrency=16") && !text.contains("maxUnavailable=0"), "{text}");
    }

    #[test]
    fn no_way_of_rolling_helps_against_what_is_dropped_without_it() {
        let always = |i| {
            let mut r = sample::clean(i);
            sample::drop_requests(&mut r.phases[0], 30, 7, 7);
            sample::drop_requests(&mut r.phases[1], 90 + 10 * u64::from(i), 7, 7);
            r
        };
        let mut results = merged(always, 3);
        short(&mut results);
        let text = crate::report::tests::terminal(&results, &settings());
        assert!(text.contains("a time-out while queued or served") && !text.contains("maxUnavailable=0"), "{text}");
    }

    #[test]
    fn who_is_missed_is_not_told_to_wait() {
        let far = Settings { removal: Spread { p50: 31.0, p99: 79.0 }, vacant: Some(1), ..settings() };
        assert!(of(0, 1, &far, |_| ()).contains("--set preStop=158s"));
        let text = of(0, 1, &Settings { vacant: Some(18), ..far }, |_| ());
        assert!(text.contains("a preStop of 2 m 38 s helps nobody") && !text.contains("preStop="), "{text}");
    }
}
