//! Why requests were dropped, in sentences that name the setting that decides it, and what to try.

mod capacity;
mod ends;
mod routes;

use super::Page;
use super::settings::Settings;
use super::text::seconds;
use crate::metrics::Results;
use crate::metrics::series::PodRow;
use capacity::{app_error, overflow, slow};
use ends::{severed_by_deregistration, severed_by_drain, severed_by_kill};
use routes::{keep_alive_race, no_endpoints, stale_route};

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

    /// Both, where no setting is claimed twice; else the first.
    fn and(mut self, other: Self) -> Self {
        let path = |set: &str| set.split('=').next().unwrap_or_default().to_owned();
        if !self.set.iter().any(|s| other.set.iter().any(|t| path(s) == path(t))) {
            self.set.extend(other.set);
            self.effects.extend(other.effects);
        }
        self
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
    let (name, (sentence, remedy)) = match cause {
        "staleRoute" => ("stale route", stale_route(page)),
        "severedByDrain" => ("severed by drain", severed_by_drain(page)),
        "severedByKill" => ("severed by kill", severed_by_kill(page)),
        "severedByDeregistration" => ("severed by balancer", severed_by_deregistration(page)),
        "keepAliveRace" => ("keep-alive race", keep_alive_race(page)),
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
        "a container died with requests in flight"
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::{Results, sample};
    use crate::report::settings::{OnSigterm, Reloads, Settings, Spread, Strategy, Termination, Version};
    use crate::report::tests::{merged, settings, terminal, told};

    /// One line, however it is broken.
    pub(super) fn flat(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What is said of `cause` alone, of results that are otherwise as `change` leaves them.
    pub(super) fn of(cause: usize, outcome: usize, settings: &Settings, change: fn(&mut Results)) -> String {
        let dropping = |i| {
            let mut r = sample::clean(i);
            sample::drop_requests(&mut r.phases[1], 100, outcome, cause);
            r
        };
        let mut results = merged(dropping, 3);
        change(&mut results);
        flat(&terminal(&results, settings))
    }

    fn none_unavailable() -> Settings {
        let (max_surge, max_unavailable) = ("1".to_owned(), "0".to_owned());
        Settings {
            strategy: Some(Strategy::RollingUpdate { max_surge, max_unavailable, unavailable: 0 }),
            ..settings()
        }
    }

    #[test]
    fn a_reload_is_not_blamed_on_pods() {
        let reloads = |why| Settings { reloads: Some(why), ..settings() };
        let text = of(4, 5, &reloads(Reloads::Membership), |_| ());
        assert!(text.contains("the old process of a reloaded proxy was just closing; a client that retries"), "{text}");
        assert!(
            text.contains("--set loadBalancer.membership=api") && !text.contains("retries.attempts=1 --"),
            "{text}"
        );
        let text = of(4, 5, &reloads(Reloads::Event), |_| ());
        assert!(text.contains("--set loadBalancer.reload.closeSpread=10s"), "{text}");
        let text = of(4, 1, &reloads(Reloads::Membership), |_| ());
        assert!(text.contains("a pod was just closing"), "a proxy answers 502 for it: {text}");
    }

    #[test]
    fn a_router_is_told_by_when_its_weights_are_heard_of() {
        let canary = Some(Strategy::Other("canary 20 %".to_owned()));
        let removal = Spread { p50: 20.0, p99: 150.0 };
        let routed = Settings { strategy: canary, weighted: true, removal, unasked: Some(1.0), ..settings() };
        let text = of(0, 2, &routed, |_| ());
        assert!(text.contains("to hear of the last weight takes 1 s (p99 2 s), old pods go 1 s after it"), "{text}");
        assert!(text.contains("--set preStop=3s") && !text.contains("removal"), "no removal is waited for: {text}");
        let shrinks = Settings { unasked: None, ..routed.clone() };
        assert!(of(0, 2, &shrinks, |_| ()).contains("--set preStop=300s"), "there it is");
        let text = of(6, 2, &routed, |_| ());
        assert!(text.contains("gave the canary its weight before it heard of a pod of it"), "{text}");
        assert!(text.contains("--set minReadySeconds=4"), "{text}");
    }

    #[test]
    fn no_endpoints_is_blamed_on_the_rollout_only_where_that_did_it() {
        const CAUSE: usize = 6;
        let rolling = none_unavailable();
        let text = of(CAUSE, 2, &rolling, |_| ());
        assert!(text.contains("before it heard of a new one") && text.contains("--set minReadySeconds=4"), "{text}");
        let quiet =
            |text: &str, says: &str| assert!(text.contains(says) && !text.contains("minReadySeconds="), "{text}");
        quiet(&of(CAUSE, 2, &rolling, |r| r.pods[3].lost = true), "may pick: 1 pod lost with its node");
        quiet(&of(CAUSE, 2, &rolling, |r| r.pods[3].restarts = 2), "1 pod whose container ended");
        quiet(&of(CAUSE, 2, &Settings { scaled_to_zero: true, ..rolling.clone() }, |_| ()), "is scaled to 0");
        quiet(&of(CAUSE, 2, &Settings { made_unready: true, ..rolling.clone() }, |_| ()), "made unready");
        quiet(&of(CAUSE, 2, &Settings { strategy: None, ..settings() }, |_| ()), "knew of no pod to send to");
        let ejecting = Settings { ejects: true, strategy: Some(Strategy::Recreate), ..settings() };
        quiet(&of(CAUSE, 2, &ejecting, |_| ()), "Recreate stops all old pods");
        let switched =
            Settings { switched: Some(30.0), strategy: Some(Strategy::Other("blue-green".to_owned())), ..settings() };
        let text = of(CAUSE, 2, &switched, |_| ());
        assert!(text.contains("takes all old pods out of rotation as it puts the new ones in"), "{text}");
        assert!(
            text.contains("--set 'workload.strategy={canary: {maxUnavailable: 0}}' --set minReadySeconds=2"),
            "{text}"
        );
        let reloaded = Settings { reloads: Some(Reloads::Membership), ..rolling };
        let text = of(CAUSE, 2, &reloaded, |_| ());
        assert!(text.contains("from before a reload") && text.contains("--set loadBalancer.membership=api"), "{text}");
    }

    #[test]
    fn pods_that_fail_are_kept_out() {
        let dropping = |i| {
            let mut r = sample::clean(i);
            sample::drop_requests(&mut r.phases[1], 100, 3, 6);
            sample::drop_requests(&mut r.phases[1], 10, 0, 8);
            r
        };
        let ejecting = |all| Settings { ejects: true, ejects_all: all, ..none_unavailable() };
        let text = flat(&terminal(&merged(dropping, 3), &ejecting(true)));
        assert!(text.contains("it keeps away from those that failed"), "{text}");
        assert!(text.contains("--set loadBalancer.passiveHealth.maxEjected=50%"), "{text}");
        assert!(!flat(&terminal(&merged(dropping, 3), &ejecting(false))).contains("maxEjected"));
    }

    #[test]
    fn whoever_no_longer_listens_is_named_with_what_helps() {
        let ignores = Termination { on_sigterm: OnSigterm::Ignore, ..settings().termination };
        let listening = Settings { termination: ignores, ..settings() };
        let text = of(0, 3, &listening, |r| r.pods[3].lost = true);
        assert!(text.contains("whose nodes had died, until") && !text.contains("no longer listened"), "{text}");
        assert!(text.contains("--set loadBalancer.passiveHealth.maxFails=1") && !text.contains("preStop="), "{text}");
        assert!(!text.contains("maxEjected"), "{text}");
        let of_envoy = Settings { may_eject: false, ..listening.clone() };
        let text = of(0, 3, &of_envoy, |r| r.pods[3].lost = true);
        assert!(text.contains("--set loadBalancer.passiveHealth.maxEjected=50%"), "{text}");
        let text = of(0, 3, &listening, |r| r.pods.iter_mut().for_each(|p| p.lost = true));
        assert!(text.contains("whose nodes had died") && !text.contains("maxFails"), "nobody is left: {text}");
        let text = of(0, 3, &settings(), |r| r.pods[3].lost = true);
        assert!(
            text.contains("nodes had died, until the API had noticed, and to pods that no longer listened:"),
            "{text}"
        );
        assert!(text.contains("--set loadBalancer.passiveHealth.maxFails=1 --set preStop=5s"), "{text}");
        let text = of(0, 1, &listening, |r| r.pods[3].restarts = 1);
        assert!(text.contains("whose containers had crashed") && !text.contains("preStop="), "{text}");
        let text = of(9, 1, &settings(), |r| r.pods[3].restarts = 1);
        assert!(text.contains("a container died with requests in flight"), "{text}");
    }

    #[test]
    fn a_hook_is_no_help_where_all_pods_may_go_at_once() {
        let alone = |kind: &str| Settings {
            empties: true,
            replicas: 1,
            kind: Some(kind.to_owned()),
            strategy: Some(Strategy::Other("one after the other".to_owned())),
            ..settings()
        };
        for cause in [0, 6] {
            let text = of(cause, 3, &alone("StatefulSet"), |_| ());
            assert!(text.contains("--set replicas=2") && !text.contains("preStop="), "{text}");
        }
        let text = of(0, 3, &alone("DaemonSet"), |_| ());
        assert!(text.contains("no preStop helps") && !text.contains("replicas=2"), "{text}");
    }

    #[test]
    fn both_versions_are_named_where_they_differ() {
        let service = Spread { p50: 0.02, p99: 0.12 };
        let new = Version { concurrency: 16, queue: 2, service: Spread { p50: 0.5, p99: 1.0 } };
        let differing = Settings { new, ..settings() };
        let text = flat(&told(5, &differing));
        assert!(
            text.contains("old pods have 16 workers and a queue of 128, new ones 16 workers and a queue of 2"),
            "{text}"
        );
        assert!(text.contains("--set newVersion.queue=128"), "{text}");
        assert!(flat(&told(7, &differing)).contains("takes 20 ms (p99 120 ms), in new pods 500 ms (p99 1 s)"));
        let alone = Version { concurrency: 1, queue: 128, service };
        let text = flat(&told(5, &Settings { concurrency: 1, new: alone, ..settings() }));
        assert!(text.contains("found the only worker of a pod"), "{text}");
    }

    #[test]
    fn what_is_cut_is_given_the_time_that_it_needs() {
        let slow = Spread { p50: 10.0, p99: 60.0 };
        let text = flat(&told(2, &Settings { service: slow, ..settings() }));
        assert!(text.contains("--set terminationGracePeriodSeconds=185 --set drainWindow=180s"), "{text}");
        let text = flat(&told(2, &settings()));
        assert!(text.contains("--set terminationGracePeriodSeconds=35") && !text.contains("drainWindow="), "{text}");
        let open = Termination { stays_open: true, cleanup: 5.0, ..settings().termination };
        let text = flat(&told(1, &Settings { termination: open, ..settings() }));
        assert!(text.contains("after its cleanup (5 s) with connections open"), "{text}");
        assert!(text.contains("--set connectionClose=response"), "{text}");
    }
}
