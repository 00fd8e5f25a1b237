//! Why requests were dropped, in sentences that name the setting that decides it, and what to try.

use super::Page;
use super::settings::{OnSigterm, Settings, Strategy, Streams};
use super::text::{percent, plural, seconds};
use crate::metrics::Results;
use crate::metrics::series::PodRow;

/// One cause of drops.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reason {
    /// In words.
    pub(super) name: &'static str,
    /// Of all dropped requests.
    pub(super) share: f64,
    /// How it comes about here.
    pub(super) sentence: String,
    /// What to try.
    pub(super) remedy: Option<Remedy>,
}

/// Settings that should prevent a cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remedy {
    /// `PATH=VALUE`, for `--set`.
    pub(super) set: Vec<String>,
    /// What that does.
    pub(super) effects: Vec<&'static str>,
}

impl Remedy {
    fn new(set: impl IntoIterator<Item = String>, effect: &'static str) -> Self {
        Self { set: set.into_iter().collect(), effects: vec![effect] }
    }
}

/// The causes of what was dropped, the most frequent first.
pub(super) fn reasons(page: &Page<'_>) -> Vec<Reason> {
    let s = &page.results.summary;
    let total: f64 = s.causes.iter().filter_map(|(_, f)| f).map(|f| f.mean).sum();
    let seen = s.causes.iter().filter_map(|(cause, f)| f.filter(|f| f.mean > 0.0).map(|f| (cause, f.mean)));
    let mut reasons: Vec<Reason> = seen.map(|(cause, mean)| reason(cause, mean / total, page)).collect();
    reasons.sort_by(|a, b| b.share.total_cmp(&a.share));
    reasons
}

/// How one cause comes about here.
pub(super) fn of(cause: &str, page: &Page<'_>) -> Option<String> {
    page.results.summary.causes.iter().any(|c| c.0 == cause).then(|| reason(cause, 1.0, page).sentence)
}

fn reason(cause: &str, share: f64, page: &Page<'_>) -> Reason {
    let settings = page.settings;
    let (name, (sentence, remedy)) = match cause {
        "staleRoute" => ("stale route", stale_route(page)),
        "severedByDrain" => ("severed by drain", severed_by_drain(settings)),
        "severedByKill" => ("severed by kill", severed_by_kill(settings)),
        "severedByDeregistration" => ("severed by balancer", severed_by_deregistration(settings)),
        "keepAliveRace" => ("keep-alive race", keep_alive_race(settings)),
        "overflow" => ("overflow", overflow(page)),
        "noEndpoints" => ("no endpoints", no_endpoints(page)),
        "slow" => ("slow", slow(page)),
        "appError" => ("app error", app_error(page)),
        "crash" => ("crash", (crashed(page.results).to_owned(), None)),
        _ => ("other", (format!("cause {cause}"), None)),
    };
    Reason { name, share, sentence, remedy }
}

type Told = (String, Option<Remedy>);

/// A setting's value: `5s`.
fn whole_seconds(s: f64) -> String {
    format!("{}s", libm::ceil(s))
}

fn secs(s: f64) -> String {
    seconds(s, s)
}

/// The grace period, where what is to be set would no longer fit into it.
fn grace_for(settings: &Settings, more: f64) -> Option<String> {
    let needs = settings.termination.needs() + more;
    (needs > settings.termination.grace_period)
        .then(|| format!("terminationGracePeriodSeconds={}", libm::ceil(needs) + 5.0))
}

/// Whether pods were lost with their nodes.
fn lost_nodes(page: &Page<'_>) -> bool {
    page.results.pods.iter().any(|p| p.lost)
}

/// Pods whose containers were stopped for a liveness probe: they had been Ready before.
pub(super) fn failed_liveness(results: &Results) -> f64 {
    let ready = |p: &&PodRow| p.created.is_none() || p.ready.is_some();
    results.pods.iter().filter(ready).filter(|p| p.condemned.is_some()).count() as f64
}

/// Of what a pod, or its container, died.
pub(super) fn crashed(results: &Results) -> &'static str {
    if results.pods.iter().any(|p| p.lost) {
        "the node of a pod, or its container, died with requests in flight"
    } else if results.pods.iter().any(|p| p.condemned.is_some()) {
        "a container was stopped for a failed probe, or died, with requests in flight"
    } else {
        "a container died, or was restarted for its liveness probe, with requests in flight"
    }
}

/// Nothing that a pod does on its way down helps where it has none: only proxies that find out by themselves.
fn dead_nodes(s: &Settings, who: &str) -> Told {
    let sentence = format!("{who} kept sending to pods whose nodes had died, until the API had noticed");
    let finds_out = Remedy::new(["loadBalancer.passiveHealth.maxFails=1".to_owned()], "proxies find out by themselves");
    (sentence, (s.proxied && !s.ejects).then_some(finds_out))
}

/// What a deletion brings about is not what is wrong where the kubelet stops containers under load.
fn stopped_containers(s: &Settings, who: &str, stopped: f64) -> Told {
    let sentence = format!(
        "{who} kept sending to pods whose containers were being stopped and started anew: {} failed a liveness probe",
        plural(stopped, "pod")
    );
    let aside = Remedy::new(["pod.probes.throughQueue=false".to_owned()], "probes do not wait behind the requests");
    (sentence, s.probes_wait.then_some(aside))
}

fn stale_route(page: &Page<'_>) -> Told {
    let s = page.settings;
    let t = &s.termination;
    let who = plural(f64::from(s.proxies), if s.proxied { "proxy" } else { "node" }).replace("proxys", "proxies");
    if lost_nodes(page) && t.listens() >= s.removal.p99 {
        return dead_nodes(s, &who);
    }
    let stopped = failed_liveness(page.results);
    if stopped > 0.0 && t.listens() >= s.removal.p99 {
        return stopped_containers(s, &who, stopped);
    }
    let open = if t.lame_duck > 0.0 {
        format!("preStop {} and lameDuck {}", secs(t.pre_stop), secs(t.lame_duck))
    } else {
        format!("preStop is {}", secs(t.pre_stop))
    };
    let removal = format!("removal takes {} (p99 {})", secs(s.removal.p50), secs(s.removal.p99));
    let whom = s.tier.as_ref().map_or_else(|| "pods".to_owned(), |tier| format!("proxies of {}", tier.name));
    let sentence = format!("{who} kept sending to {whom} that no longer listened: {removal}, {open}");
    if let Some(exit) = t.sidecar_exit.filter(|exit| *exit < t.pre_stop + t.lame_duck) {
        return sidecar_first(s, exit);
    }
    // Twice the 99th percentile: a deploy draws once for each pod and proxy, and the worst of them counts.
    let wait = libm::ceil((2.0 * s.removal.p99).max(t.pre_stop + s.removal.p99));
    let beside = t.sidecar_exit.filter(|exit| *exit < wait).map(|_| format!("sidecarExit={}", whole_seconds(wait)));
    let set = std::iter::once(format!("preStop={}", whole_seconds(wait))).chain(beside);
    let set = set.chain(grace_for(s, wait - t.pre_stop));
    (sentence, Some(Remedy::new(set, "pods listen until every proxy has heard")))
}

/// The proxy in the pod ends before what it stands before, whose own waiting is for nothing.
fn sidecar_first(s: &Settings, exit: f64) -> Told {
    let sentence = format!(
        "the proxy beside the container exits {} after the deletion (sidecarExit), whatever the container waits for",
        secs(exit)
    );
    let longer = libm::ceil(2.0 * s.removal.p99 + 3.0 * s.service.p99).max(libm::ceil(exit) + 1.0);
    let set = std::iter::once(format!("sidecarExit={}", whole_seconds(longer))).chain(grace_for(s, longer - exit));
    (sentence, Some(Remedy::new(set, "it outlives the removal and what is in flight")))
}

/// The longest drain that is proposed (s); beyond it streams are better ended by the pod than waited for.
const LONGEST_DRAIN: f64 = 600.0;

fn streams_severed_by_drain(s: &Settings, streams: &Streams) -> Told {
    let t = &s.termination;
    let (Streams { client, duration, .. }, window) = (streams, t.drain_window);
    if !streams.finish {
        let jitter = secs(t.close_jitter);
        let sentence = format!(
            "still open when the drainWindow of {} ended; closeJitter spreads the end over {jitter}",
            secs(window)
        );
        let longer = libm::ceil(t.close_jitter.max(window)) + 1.0;
        let set =
            std::iter::once(format!("drainWindow={}", whole_seconds(longer))).chain(grace_for(s, longer - window));
        return (sentence, Some(Remedy::new(set, "the pod may end every stream in its turn")));
    }
    let sentence = format!(
        "still open when the drainWindow of {} ended; streams last {} (p99 {})",
        secs(window),
        secs(duration.p50),
        secs(duration.p99)
    );
    if duration.p99 > LONGEST_DRAIN {
        let set = [format!("clients.{client}.streams.onDrain=close")];
        return (sentence, Some(Remedy::new(set, "the pod ends its streams in order, and clients open new ones")));
    }
    let longer = libm::ceil(duration.p99.max(2.0 * window).max(1.0));
    let set = std::iter::once(format!("drainWindow={}", whole_seconds(longer))).chain(grace_for(s, longer - window));
    (sentence, Some(Remedy::new(set, "streams may come to their end")))
}

fn severed_by_drain(s: &Settings) -> Told {
    if let Some(streams) = &s.streams {
        return streams_severed_by_drain(s, streams);
    }
    let window = s.termination.drain_window;
    let sentence = format!(
        "still in flight when the drainWindow of {} ended; service takes {} (p99 {})",
        secs(window),
        secs(s.service.p50),
        secs(s.service.p99)
    );
    let longer = libm::ceil((3.0 * s.service.p99).max(2.0 * window).max(1.0));
    let set = std::iter::once(format!("drainWindow={}", whole_seconds(longer))).chain(grace_for(s, longer - window));
    (sentence, Some(Remedy::new(set, "what is in flight may end")))
}

fn severed_by_kill(s: &Settings) -> Told {
    let t = &s.termination;
    match t.on_sigterm {
        OnSigterm::Exit => (
            "the process exits at SIGTERM with requests in flight (onSigterm: exit)".to_owned(),
            Some(Remedy::new(["onSigterm=drain".to_owned()], "what is in flight may end")),
        ),
        OnSigterm::Ignore => (
            format!("the process ignores SIGTERM and is killed after {}", secs(t.grace_period)),
            Some(Remedy::new(["onSigterm=drain".to_owned()], "what is in flight may end")),
        ),
        OnSigterm::Drain if t.sidecar_exit.is_some_and(|exit| exit < t.grace_period) => {
            sidecar_first(s, t.sidecar_exit.unwrap_or_default())
        }
        OnSigterm::Drain => {
            let steps = [("preStop", t.pre_stop), ("lameDuck", t.lame_duck), ("drainWindow", t.drain_window)];
            let steps: Vec<String> =
                steps.iter().filter(|(_, v)| *v > 0.0).map(|(n, v)| format!("{n} {}", secs(*v))).collect();
            let sentence = format!(
                "SIGKILL after terminationGracePeriodSeconds {}, into which {} must fit",
                secs(t.grace_period),
                steps.join(" + ")
            );
            let set = [format!("terminationGracePeriodSeconds={}", libm::ceil(t.needs().max(t.grace_period)) + 5.0)];
            (sentence, Some(Remedy::new(set, "the drain may end before SIGKILL")))
        }
    }
}

fn severed_by_deregistration(s: &Settings) -> Told {
    let delay = s.deregistration_delay;
    let longer = libm::ceil((2.0 * delay).max(3.0 * s.service.p99).max(1.0));
    (
        format!("cut by the balancer {} after the pod was removed (deregistrationDelay)", secs(delay)),
        Some(Remedy::new([format!("deregistrationDelay={}", whole_seconds(longer))], "what is in flight may end")),
    )
}

fn keep_alive_race(s: &Settings) -> Told {
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
        let retry = Remedy::new(["loadBalancer.retries.attempts=1".to_owned()], "the proxy asks another pod");
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

/// What keeps capacity up while the deploy rolls; `None` where it is not the deploy that takes it away.
fn keep_capacity(page: &Page<'_>) -> Option<Remedy> {
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
    match s.strategy.as_ref()? {
        Strategy::Recreate => Some(Remedy::new(["workload.strategy.type=RollingUpdate".to_owned()], effect)),
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
    (cold && over > s.min_ready).then(|| {
        Remedy::new([format!("minReadySeconds={}", libm::ceil(over))], "old pods stay until new ones are warm")
    })
}

fn steady_headroom(page: &Page<'_>) -> Option<f64> {
    page.results.is_steady().then(|| page.results.timeseries.headroom(f64::NEG_INFINITY, f64::INFINITY)).flatten()
}

fn overflow(page: &Page<'_>) -> Told {
    let s = page.settings;
    let workers = plural(f64::from(s.concurrency), "worker");
    (format!("found all {workers} of a pod and its queue of {} full", s.queue), keep_capacity(page))
}

fn no_endpoints(page: &Page<'_>) -> Told {
    let s = page.settings;
    match s.strategy {
        Some(Strategy::RollingUpdate { unavailable: 0, .. }) => {
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
        Some(Strategy::Recreate) => {
            let sentence = "no pod was left: Recreate stops all old pods before it starts the first new one";
            (sentence.to_owned(), keep_capacity(page))
        }
        _ => ("the proxy knew of no pod to send to".to_owned(), keep_capacity(page)),
    }
}

fn slow(page: &Page<'_>) -> Told {
    let service = page.settings.service;
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
    let sentence = format!(
        "a time-out while queued or served; service alone takes {} (p99 {})",
        secs(service.p50),
        secs(service.p99)
    );
    (sentence, keep_capacity(page))
}

/// Measurements that an analysis may let fail before that is worth a word.
const LENIENT: u32 = 3;

fn app_error(page: &Page<'_>) -> Told {
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
