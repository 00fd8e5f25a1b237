//! Requests sent where nobody takes them: to pods that no longer listen, on connections that are being closed, to no pod at all.

use super::capacity::{keep_capacity, too_few_while_waiting};
use super::ends::drains;
use super::{Remedy, Told, failed_liveness, grace_for, secs, whole_seconds};
use crate::metrics::Results;
use crate::report::Page;
use crate::report::settings::{OnSigterm, Reloads, Settings, Spread, Strategy};
use crate::report::text::{plural, times};

/// Pods that a condition holds for, of the first simulated deploy.
fn pods(results: &Results, of: impl Fn(&crate::metrics::PodRow) -> bool) -> f64 {
    results.pods.iter().filter(|p| of(p)).count() as f64
}

/// Pods whose containers ended by themselves and were started anew.
fn crashed_pods(results: &Results) -> f64 {
    pods(results, |p| p.restarts > 0 && p.condemned.is_none())
}

/// To whom requests still went, and what would keep them from there.
struct Whom {
    words: String,
    remedy: Option<Remedy>,
}

/// Nothing that a pod does on its way down helps where it has none: only proxies that find out by themselves.
fn on_dead_nodes(page: &Page<'_>) -> Whom {
    let s = page.settings;
    // Whoever finds out needs somebody else to send to.
    let others = pods(page.results, |p| !p.lost && (p.created.is_none() || p.ready.is_some())) > 0.0;
    let share = (!s.may_eject).then(|| format!("{}.passiveHealth.maxEjected=50%", s.balancer));
    let sets = [format!("{}.passiveHealth.maxFails=1", s.balancer)].into_iter().chain(share);
    let finds_out = Remedy::new(sets, "proxies find out by themselves");
    Whom {
        words: "pods whose nodes had died, until the API had noticed".to_owned(),
        remedy: (s.proxied && !s.ejects && others).then_some(finds_out),
    }
}

/// What a deletion brings about is not what is wrong where the kubelet stops containers under load.
fn being_stopped(s: &Settings, stopped: f64) -> Whom {
    let aside = Remedy::new(["pod.probes.throughQueue=false".to_owned()], "probes do not wait behind the requests");
    Whom {
        words: format!(
            "pods whose containers were being stopped and started anew: {} failed a liveness probe",
            plural(stopped, "pod")
        ),
        remedy: s.probes_wait.then_some(aside),
    }
}

/// Those that close their listeners before every proxy has heard.
fn too_early(page: &Page<'_>) -> Whom {
    let s = page.settings;
    let t = &s.termination;
    let whom = s.tier.as_ref().map_or_else(|| "pods".to_owned(), |tier| format!("proxies of {}", tier.name));
    let open = match t.on_sigterm {
        OnSigterm::Drain if t.lame_duck > 0.0 => {
            format!("preStop {} and lameDuck {}", secs(t.pre_stop), secs(t.lame_duck))
        }
        OnSigterm::Drain | OnSigterm::Exit => format!("preStop is {}", secs(t.pre_stop)),
        OnSigterm::Ignore => format!("SIGKILL comes after {} (onSigterm: ignore)", secs(t.grace_period)),
    };
    let heard = until_unasked(s);
    let takes = format!("takes {} (p99 {})", secs(heard.p50), secs(heard.p99));
    let removal = match s.unasked {
        None => format!("removal {takes}"),
        Some(stay) => format!("to hear of the last weight {takes}, old pods go {} after it", secs(stay)),
    };
    let words = format!("{whom} that no longer listened: {removal}, {open}");
    if s.empties {
        // There is nobody whom the proxies could send to instead; to wait keeps the next one away for longer.
        let words = format!("{words}; no preStop helps where all {whom} may go at once");
        return Whom { words, remedy: keep_capacity(page) };
    }
    let wait = hook(s);
    let effect = "pods listen until every proxy has heard";
    if t.on_sigterm == OnSigterm::Ignore {
        if any_of(page.results, &["severedByKill"]) {
            return Whom { words, remedy: drains(page) };
        }
        let grace =
            format!("terminationGracePeriodSeconds={}", libm::ceil((2.0 * heard.p99).max(t.grace_period + 1.0)));
        return Whom { words, remedy: Some(Remedy::new([grace], effect)) };
    }
    if let Some(left) = too_few_while_waiting(page, wait) {
        let words = format!(
            "{words}; a preStop of {} helps nobody, since without a pod that waits capacity is {} of demand",
            secs(wait),
            times(left, left)
        );
        return Whom { words, remedy: None };
    }
    let beside = t.sidecar_exit.filter(|exit| *exit < wait).map(|_| format!("sidecarExit={}", whole_seconds(wait)));
    let set = std::iter::once(format!("preStop={}", whole_seconds(wait))).chain(beside);
    let set = set.chain(grace_for(s, wait - t.pre_stop));
    Whom { words, remedy: Some(Remedy::new(set, effect)) }
}

/// How long a hook has to keep a pod listening (s). Twice the 99th percentile of a removal: a deploy draws once for each pod and proxy, and
/// the worst of them counts.
pub(super) fn hook(s: &Settings) -> f64 {
    let (heard, stay) = (until_unasked(s).p99, s.unasked.unwrap_or(0.0));
    libm::ceil((2.0 * heard - stay).max(s.termination.pre_stop + heard))
}

/// From the moment at which proxies are told to send an old pod nothing more until one does not: the last weight of a router arrives as a
/// new pod does, and long before the removal.
const fn until_unasked(s: &Settings) -> Spread {
    if s.unasked.is_some() { s.addition } else { s.removal }
}

/// Those that an old process of a reloaded proxy has in its table, for as long as it serves its connections.
fn of_old_processes(s: &Settings) -> Whom {
    Whom {
        words: "pods of the tables from before a reload, which old processes keep while they serve their connections"
            .to_owned(),
        remedy: Some(through_api(s)),
    }
}

fn through_api(s: &Settings) -> Remedy {
    Remedy::new([format!("{}.membership=api", s.balancer)], "proxies learn of pods without a reload")
}

pub(super) fn stale_route(page: &Page<'_>) -> Told {
    let (s, results) = (page.settings, page.results);
    let t = &s.termination;
    let who = plural(f64::from(s.proxies), if s.proxied { "proxy" } else { "node" }).replace("proxys", "proxies");
    let (stopped, crashed) = (failed_liveness(results), crashed_pods(results));
    let mut all: Vec<Whom> = Vec::new();
    all.extend((pods(results, |p| p.lost) > 0.0).then(|| on_dead_nodes(page)));
    all.extend((stopped > 0.0).then(|| being_stopped(s, stopped)));
    all.extend((crashed > 0.0).then(|| Whom {
        words: format!("pods whose containers had crashed and were being started anew ({})", plural(crashed, "pod")),
        remedy: None,
    }));
    let deleted = pods(results, |p| p.deletion_requested.is_some()) > 0.0;
    let waits = t.listens() >= s.removal.p99;
    if all.is_empty() && waits && s.proxied && s.reloads == Some(Reloads::Membership) {
        all.push(of_old_processes(s));
    } else if all.is_empty() || deleted && !waits {
        if let Some(exit) = t.sidecar_exit.filter(|exit| *exit < t.pre_stop + t.lame_duck) {
            return sidecar_first(s, exit);
        }
        all.push(too_early(page));
    }
    let words: Vec<&str> = all.iter().map(|whom| whom.words.as_str()).collect();
    let sentence = format!("{who} kept sending to {}", words.join(", and to "));
    (sentence, all.into_iter().filter_map(|whom| whom.remedy).reduce(Remedy::and))
}

/// The proxy in the pod ends before what it stands before, whose own waiting is for nothing.
pub(super) fn sidecar_first(s: &Settings, exit: f64) -> Told {
    let sentence = format!(
        "the proxy beside the container exits {} after the deletion (sidecarExit), whatever the container waits for",
        secs(exit)
    );
    let longer = libm::ceil(2.0 * s.removal.p99 + 3.0 * s.service.p99).max(libm::ceil(exit) + 1.0);
    let set = std::iter::once(format!("sidecarExit={}", whole_seconds(longer))).chain(grace_for(s, longer - exit));
    (sentence, Some(Remedy::new(set, "it outlives the removal and what is in flight")))
}

/// Moments over which a reloaded proxy's connections are to be closed.
const SPREAD: &str = "10s";

/// No pod has to do with it: the old process of a proxy ends, and with it its clients' connections.
fn reloaded(s: &Settings, reloads: Reloads) -> Told {
    let retry = s.unretried.as_ref().map(|client| {
        format!("; a client that retries after a reset hides most of it (clients.{client}.retries.attempts=1)")
    });
    let sentence = format!(
        "sent on connections that the old process of a reloaded proxy was just closing{}",
        retry.unwrap_or_default()
    );
    let remedy = match reloads {
        Reloads::Membership => through_api(s),
        Reloads::Event => Remedy::new(
            [format!("{}.reload.closeSpread={SPREAD}", s.balancer)],
            "the old process closes idle connections one by one",
        ),
    };
    (sentence, Some(remedy))
}

pub(super) fn keep_alive_race(page: &Page<'_>) -> Told {
    let s = page.settings;
    // What a proxy's own end costs is a reset; of a pod's it makes a 502.
    let resets =
        page.results.summary.outcomes.iter().any(|(name, f)| name == "reset" && f.is_some_and(|f| f.mean > 0.0));
    if let Some(reloads) = s.reloads.filter(|_| s.proxied && resets) {
        return reloaded(s, reloads);
    }
    let never_or_later = |a: f64, b: f64| a == 0.0 || (b > 0.0 && a >= b);
    if s.proxied && s.pod_idle > 0.0 && never_or_later(s.upstream_idle, s.pod_idle) {
        let sentence = format!(
            "sent on connections that a pod was just closing: pods close idle ones after {}, the proxies {}",
            secs(s.pod_idle),
            if s.upstream_idle == 0.0 { "never".to_owned() } else { format!("only after {}", secs(s.upstream_idle)) }
        );
        let idle = whole_seconds((s.upstream_idle * 1.25).max(s.pod_idle * 1.25));
        return (sentence, Some(Remedy::new([format!("pod.keepAlive.idleTimeout={idle}")], "the proxy closes first")));
    }
    let sentence = "sent on connections that a pod was just closing".to_owned();
    if s.proxied {
        let retry = Remedy::new([format!("{}.retries.attempts=1", s.balancer)], "the proxy asks another pod");
        return (sentence, (s.proxy_retries == 0).then_some(retry));
    }
    // Closing otherwise only moves the race elsewhere: at layer 4 nobody but the client can ask again.
    match &s.unretried {
        Some(client) => {
            (format!("{sentence}; a client that retries hides it (clients.{client}.retries.attempts=1)"), None)
        }
        None => (sentence, None),
    }
}

/// What has befallen pods that is no part of a rollout, and leaves a proxy none to pick.
fn troubles(page: &Page<'_>) -> Vec<String> {
    let (s, results) = (page.settings, page.results);
    let lost = pods(results, |p| p.lost);
    let restarted = pods(results, |p| p.restarts > 0);
    let some = |n: f64, one: &str, more: &str| {
        (n > 0.0).then(|| format!("{} {}", plural(n, "pod"), if n == 1.0 { one } else { more }))
    };
    [
        some(lost, "lost with its node", "lost with their nodes"),
        some(restarted, "whose container ended and was started anew", "whose containers ended and were started anew"),
        s.scaled_to_zero.then(|| "the workload is scaled to 0".to_owned()),
        s.made_unready.then(|| "pods are made unready".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether pods failed that a proxy would have kept to. Those that were on their way out are no loss: it is the new ones that are missing.
fn failures(results: &Results) -> bool {
    any_of(results, &["overflow", "slow", "appError"])
}

fn any_of(results: &Results, causes: &[&str]) -> bool {
    results.summary.causes.iter().any(|(name, f)| causes.contains(&name) && f.is_some_and(|f| f.mean > 0.0))
}

/// That the deploy left none, whomever proxies keep away from.
fn none_left(page: &Page<'_>) -> Option<Told> {
    let none = page.results.summary.capacity.min_ready.is_some_and(|fewest| fewest.mean < 0.5);
    let sentence = match page.settings.strategy.as_ref()? {
        Strategy::Recreate => "no pod was left: Recreate stops all old pods before it starts the first new one",
        _ if none && page.settings.empties => "no pod was left: the rollout may take all of them away at once",
        _ if none => "for a while no pod was Ready",
        _ => return None,
    };
    Some((sentence.to_owned(), keep_capacity(page)))
}

/// That it is the table of a process from before a reload that has none left: there are pods in all others.
fn old_tables(page: &Page<'_>) -> Option<Told> {
    let s = page.settings;
    let some = page.results.summary.capacity.min_ready.is_some_and(|fewest| fewest.mean >= 1.5);
    let sentence = "the table from before a reload, which an old process of the proxy keeps while it serves its connections, \
                    had no pod left in it";
    (s.proxied && s.reloads == Some(Reloads::Membership) && some).then(|| (sentence.to_owned(), Some(through_api(s))))
}

/// That a Service is switched from all old pods to all new ones at a stroke: nobody is in rotation where the addition takes longer.
fn at_the_switch(s: &Settings) -> Option<Told> {
    s.switched?;
    let sentence = format!(
        "the switch takes all old pods out of rotation as it puts the new ones in: removal takes {} (p99 {}), addition {} (p99 {})",
        secs(s.removal.p50),
        secs(s.removal.p99),
        secs(s.addition.p50),
        secs(s.addition.p99)
    );
    let canary = "workload.strategy={canary: {maxUnavailable: 0}}".to_owned();
    let known = format!("minReadySeconds={}", libm::ceil(s.addition.p99.max(s.min_ready)));
    let effect = "pods are replaced a few at a time, and old ones stay until proxies know the new";
    Some((sentence, s.tier.is_none().then(|| Remedy::new([canary, known], effect))))
}

pub(super) fn no_endpoints(page: &Page<'_>) -> Told {
    let (s, results) = (page.settings, page.results);
    let troubles = troubles(page);
    if !troubles.is_empty() {
        return (format!("the proxy knew of no pod that it may pick: {}", troubles.join(", ")), None);
    }
    if let Some(told) = none_left(page) {
        return told;
    }
    if s.ejects && failures(results) {
        let sentence =
            "the proxy may pick none of the pods that it knows: it keeps away from those that failed".to_owned();
        let half = Remedy::new(
            [format!("{}.passiveHealth.maxEjected=50%", s.balancer)],
            "half of the pods stay in rotation, whatever they answer",
        );
        return (sentence, s.ejects_all.then_some(half));
    }
    if let Some(told) = old_tables(page).or_else(|| at_the_switch(s)) {
        return told;
    }
    let added = pods(results, |p| p.created.is_some() && p.ready.is_some()) > 0.0;
    // Evictions take pods that a rollout would have kept.
    let drained = results.nodes.iter().any(|node| node.step == "cordoned");
    let removed = !drained && pods(results, |p| p.deletion_requested.is_some()) > 0.0;
    match s.strategy {
        Some(Strategy::RollingUpdate { unavailable: 0, .. }) if added && removed => {
            let sentence = format!(
                "a proxy had let go of the last old pod before it heard of a new one: that takes {} (p99 {}), \
                 minReadySeconds is {}",
                secs(s.addition.p50),
                secs(s.addition.p99),
                s.min_ready
            );
            let longer = libm::ceil((2.0 * s.addition.p99).max(s.min_ready + s.addition.p99));
            let effect = "old pods stay until every proxy knows the new ones";
            (sentence, Some(Remedy::new([format!("minReadySeconds={longer}")], effect)))
        }
        Some(Strategy::Other(_)) if s.weighted && added => {
            let sentence = format!(
                "a proxy gave the canary its weight before it heard of a pod of it: that takes {} (p99 {}), minReadySeconds is {}",
                secs(s.addition.p50),
                secs(s.addition.p99),
                s.min_ready
            );
            let longer = libm::ceil((2.0 * s.addition.p99).max(s.min_ready + s.addition.p99));
            let effect = "the weight comes when every proxy knows the new pods";
            (sentence, Some(Remedy::new([format!("minReadySeconds={longer}")], effect)))
        }
        // What helps a rollout helps nobody where there is none.
        None => ("the proxy knew of no pod to send to".to_owned(), None),
        _ => ("the proxy knew of no pod to send to".to_owned(), keep_capacity(page)),
    }
}
