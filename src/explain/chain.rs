//! The causal chain of one request, as it can be read aloud.

use serde::Serialize;

use super::remedy::against_overflow;
use super::tracer::{Ending, Trace};
use crate::engine::Dur;
use crate::fleet::fact::{Cause, Outcome, PodId};
use crate::metrics::PodRow;
use crate::scenario::{ConnectionClose, Layer, LoadBalancer, Membership, OnSigterm, Pod, Scenario, Termination};

/// The causal chain of one request. Moments in s after the start of the deploy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// Its population and its ordinal there, `web:18204`: the same request under every policy.
    pub request: String,
    /// Its client within the population.
    pub client: u32,
    /// When it was born.
    pub born: f64,
    /// When it ended.
    pub ended: f64,
    /// What the client was left with.
    pub outcome: &'static str,
    /// Why; `None` where it succeeded.
    pub cause: Option<&'static str>,
    /// Attempts made, retries of clients and proxies alike.
    pub attempts: u16,
    /// The pod of its last attempt.
    pub pod: Option<String>,
    /// The proxy that made it.
    pub proxy: u32,
    /// The tier of that proxy, where there are several in series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Until when that proxy had the pod in rotation, as far as it is known.
    pub routed_until: Option<f64>,
    /// All of it in a sentence.
    pub text: String,
    /// The setting that would have prevented it, with its value where it follows from this request alone.
    pub prevented: Option<String>,
}

/// What a chain is made of.
pub(super) struct Teller<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) trace: &'a Trace,
    pub(super) pods: &'a [PodRow],
}

/// A moment after the start of the deploy.
fn at(secs: f64) -> String {
    format!("{secs:+.2} s")
}

impl Teller<'_> {
    fn pod(&self, e: &Ending) -> Option<&PodRow> {
        self.pods.get(e.pod?.0 as usize)
    }

    /// What the pod of `e` is called: of those that stand behind another tier than what is rolled, whose it is and which.
    pub(super) fn pod_name(&self, e: &Ending) -> Option<String> {
        let pod = e.pod?;
        match pod.tier() {
            None => self.pod(e).map(|p| p.name.clone()),
            Some(tier) => Some(self.scenario.pod_name_behind(tier, pod.index())),
        }
    }

    /// What the proxy of `e` is called in a list.
    pub(super) fn proxy_name(&self, e: &Ending) -> String {
        self.scenario.proxy_name(e.proxy.tier(), e.proxy.index())
    }

    /// The same in a sentence.
    pub(super) fn proxy(&self, e: &Ending) -> String {
        self.scenario.proxy_in_words(e.proxy.tier(), e.proxy.index())
    }

    /// The balancer whose proxy it was.
    pub(super) fn balancer(&self, e: &Ending) -> &LoadBalancer {
        let tier = e.proxy.tier().and_then(|tier| self.scenario.tiers().nth(tier));
        tier.unwrap_or(&self.scenario.load_balancer)
    }

    /// What the pod of `e` is like, and the beginning of the paths of its settings where a name alone does not mean them.
    fn kind(&self, e: &Ending) -> (&Pod, String) {
        let behind = e.pod.and_then(PodId::tier).or_else(|| e.proxy.tier());
        let tier = behind.and_then(|tier| Some((self.scenario.front.get(tier)?, self.scenario.tiers().nth(tier + 1)?)));
        if let Some((before, next)) = tier {
            return (&before.next.pod, format!("{}.pod.termination.", next.path));
        }
        let is_old = self.pod(e).is_none_or(|row| row.revision == "old");
        (if is_old { &self.scenario.pod } else { &self.scenario.new_pod }, String::new())
    }

    /// Until when the proxy of `e` had its pod in rotation: the first removal after the pod's deletion.
    fn routed_until(&self, e: &Ending) -> Option<f64> {
        let deleted = self.pod(e)?.deletion_requested?;
        let changes = self.trace.tables.get(&(e.pod?, e.proxy))?;
        changes.iter().find(|(t, routed)| !routed && t.secs() >= deleted).map(|(t, _)| t.secs())
    }

    pub(super) fn chain(&self, e: &Ending) -> Chain {
        let request = self.scenario.request_name(e.identity);
        let head = format!("request {request} (client {}, born {}) ", e.client, at(e.born.secs()));
        let end = format!("{} at {}", verb(e.outcome), at(e.at.secs()));
        let (why, prevented) = match e.cause {
            None if e.attempts <= 1 => ("after 1 attempt".to_owned(), None),
            None => (format!("after {} attempts", e.attempts), None),
            Some(cause) => self.why(e, cause),
        };
        let text = format!("{head}{end}: {why}; {}", self.retries(e));
        Chain {
            request,
            client: e.client,
            born: e.born.secs(),
            ended: e.at.secs(),
            outcome: e.outcome.name(),
            cause: e.cause.map(Cause::name),
            attempts: e.attempts,
            pod: self.pod_name(e),
            proxy: e.proxy.index(),
            tier: e.proxy.tier().map(|_| self.balancer(e).name.clone()),
            routed_until: self.routed_until(e),
            text,
            prevented,
        }
    }

    /// Whether it was tried again, and if not, why not.
    fn retries(&self, e: &Ending) -> String {
        let clients = self.scenario.population_of(e.identity).map_or(0, |c| c.retries.attempts);
        let balancer = self.balancer(e);
        let proxies = if balancer.layer == Layer::L7 { balancer.retries.attempts } else { 0 };
        match (e.attempts, clients, proxies) {
            (2.., _, _) => format!("{} attempts were made, this was the last", e.attempts),
            (_, 0, 0) => "no retry (attempts 0)".to_owned(),
            // It may also have been no request to be repeated, which is a kind of its own.
            (_, _, 0) => format!(
                "no retry: the client (attempts {clients}) has none for this kind of failure, or has spent its budget"
            ),
            (_, 0, _) => format!(
                "no retry: the proxy (attempts {proxies}) has none for this kind of failure, or has spent its budget"
            ),
            _ => format!(
                "no retry: neither the client (attempts {clients}) nor the proxy (attempts {proxies}) has one for this kind of failure, \
                 or they have spent their budgets"
            ),
        }
    }

    fn why(&self, e: &Ending, cause: Cause) -> (String, Option<String>) {
        let (kind, path) = self.kind(e);
        let t = &kind.termination;
        let pod = self.pod_name(e).unwrap_or_else(|| "its pod".to_owned());
        let pod = pod.as_str();
        match cause {
            Cause::StaleRoute => self.stale(e, pod),
            Cause::SeveredByDrain if self.left_open(e, t) => (
                format!(
                    "pod {pod} exited after its cleanup with connections open (connectionClose: none){}",
                    self.closed(e)
                ),
                Some(format!("{path}connectionClose: response, or idle")),
            ),
            Cause::SeveredByDrain => {
                let window = t.drain_window.min(t.grace_period);
                let text =
                    format!("pod {pod} ended its drain window of {window} with this in flight{}", self.closed(e));
                (text, Some(format!("a longer {path}drainWindow, within a grace period that leaves room for it")))
            }
            Cause::SeveredByKill => self.killed(e, pod),
            Cause::SeveredByDeregistration => {
                let LoadBalancer { deregistration_delay: delay, path, .. } = self.balancer(e);
                let text = format!("{} cut it {delay} after taking pod {pod} out of rotation", self.proxy(e));
                (text, Some(format!("a longer {path}.deregistrationDelay")))
            }
            Cause::KeepAliveRace if e.pod.is_none() => self.reloaded(e),
            Cause::KeepAliveRace => {
                let idle = kind.keep_alive.idle_timeout;
                let (doing, prevented) = match self.pod(e).and_then(|p| p.sigterm) {
                    Some(sigterm) if sigterm <= e.at.secs() => (
                        format!("which had its SIGTERM at {}", at(sigterm)),
                        "connectionClose: response, or a retry after a reset",
                    ),
                    _ => (
                        format!("which closes idle ones after {idle}"),
                        "an idle time-out of the pods above the proxies'",
                    ),
                };
                (
                    format!("it was written to a connection that pod {pod} was just closing, {doing}"),
                    Some(prevented.to_owned()),
                )
            }
            Cause::Overflow => {
                let text = match e.pod {
                    Some(_) => format!("the queue of pod {pod} ({}) was full; {}", kind.queue, load(e)),
                    None => format!("{} had no room for it; {}", self.proxy(e), load(e)),
                };
                (text, if e.pod.is_none() { self.against_limits(e) } else { None }.or_else(|| self.against_overflow(e)))
            }
            Cause::NoEndpoints => self.no_endpoints(e),
            Cause::Slow => {
                let waited = e.at.since(e.born).secs();
                let at = if e.pod.is_some() { format!("at pod {pod}") } else { format!("at {}", self.proxy(e)) };
                (format!("it had waited or been served {waited:.2} s {at}; {}", load(e)), None)
            }
            Cause::AppError => {
                let share = libm::round(kind.error_rate * 1e4) / 1e2;
                (format!("the version of pod {pod} answers so to {share} % of its requests (errorRate)"), None)
            }
            Cause::Crash if self.pod(e).is_some_and(|p| p.lost) => {
                (format!("the node of pod {pod} died with this in flight{}", self.closed(e)), None)
            }
            Cause::Crash if self.pod(e).is_none_or(|p| p.condemned.is_some()) => {
                (format!("the container of pod {pod} died, or was stopped for a failed probe"), None)
            }
            Cause::Crash => (format!("the container of pod {pod} died with this in flight"), None),
        }
    }

    /// A proxy that has had no room, with a pod or without, has limits of its own.
    fn against_limits(&self, e: &Ending) -> Option<String> {
        let balancer = self.balancer(e);
        let limits =
            balancer.upstream.limits().map(|(name, most)| format!("{}.upstream.{name} above {most}", balancer.path));
        let limits: Vec<String> = limits.collect();
        (!limits.is_empty()).then(|| limits.join(", or "))
    }

    /// What would have left room for it: that of the old version, where the new one has less, else more pods. Where all together had room,
    /// it is this one that got too much.
    fn against_overflow(&self, e: &Ending) -> Option<String> {
        let (old, new) = (&self.scenario.pod, &self.scenario.new_pod);
        let is_new = e.pod.is_some_and(|pod| pod.tier().is_none()) && std::ptr::eq(self.kind(e).0, new);
        if is_new && new.queue < old.queue {
            return Some(format!("newVersion.queue: {}, as it was", old.queue));
        }
        if is_new && new.concurrency < old.concurrency {
            return Some(format!("newVersion.concurrency: {}, as it was", old.concurrency));
        }
        let short = e.levels.demand() == 0.0 || e.levels.capacity < e.levels.demand();
        short.then(|| against_overflow(&self.scenario.rolled().workload.strategy)).flatten()
    }

    /// No pod had to do with it: the balancer's old process went, and with it the client's connection.
    fn reloaded(&self, e: &Ending) -> (String, Option<String>) {
        let balancer = self.balancer(e);
        let text = format!("the reloaded {} had just closed the client's connection", self.proxy(e));
        let spread = format!("a {}.reload.closeSpread", balancer.path);
        let prevented = match balancer.membership {
            Membership::Api => spread,
            Membership::Reload => format!("{}.membership: api, or {spread}", balancer.path),
        };
        (text, Some(format!("a client that retries after a reset, {prevented}")))
    }

    /// Whether what `e` was sent on was still open when its pod exited, its drain long done: neither at the end of the drain window nor
    /// before the exit.
    fn left_open(&self, e: &Ending, t: &Termination) -> bool {
        let Some((closed, gone)) = self.pod(e).and_then(|p| p.listener_closed.zip(p.gone)) else { return false };
        t.connection_close == ConnectionClose::None
            && gone <= e.at.secs()
            && closed + t.drain_window.secs() - gone > 1e-6
    }

    /// When its pod had closed its listener.
    fn closed(&self, e: &Ending) -> String {
        let closed = self.pod(e).and_then(|p| p.listener_closed);
        closed.map_or_else(String::new, |closed| format!(": listener closed at {}", at(closed)))
    }

    fn stale(&self, e: &Ending, pod: &str) -> (String, Option<String>) {
        let (kind, path) = self.kind(e);
        let t = &kind.termination;
        let Some(row) = self.pod(e) else { return ("no pod listened there any more".to_owned(), None) };
        let (now, proxy) = (e.at.secs(), self.proxy(e));
        let closed = row.listener_closed.or(row.gone).unwrap_or(now);
        if row.lost {
            let text = format!(
                "the node of pod {pod} had died at {}: nobody answers there; {proxy} had not heard",
                at(closed)
            );
            return (text, Some(format!("{}.passiveHealth or activeHealth, and retries", self.balancer(e).path)));
        }
        if row.deletion_requested.is_none_or(|t| t > now) {
            // Nobody had asked it to go: neither a hook nor SIGTERM has to do with it.
            let believed = format!("{proxy} still believed it in rotation");
            if row.condemned.is_some_and(|t| t <= now) {
                let text = format!(
                    "the container of pod {pod} was being started anew, since it had failed a probe; {believed}"
                );
                return (text, Some("a liveness probe that a busy container does not fail".to_owned()));
            }
            let what = if row.restarts > 0 { "had crashed and was being started anew" } else { "did not listen" };
            return (format!("the container of pod {pod} {what}; {believed}"), None);
        }
        let why = match t.on_sigterm {
            OnSigterm::Drain => format!("SIGTERM, preStop {}, lame duck {}", pre_stop(t), t.lame_duck),
            OnSigterm::Exit => format!("exit at SIGTERM, preStop {}", pre_stop(t)),
            OnSigterm::Ignore => format!("SIGKILL after {}", t.killed_after()),
        };
        let closed_text = format!("pod {pod} had closed its listener at {} ({why})", at(closed));
        let Some((until, deleted)) = self.routed_until(e).zip(row.deletion_requested) else {
            return (format!("{closed_text}; {proxy} still believed it in rotation"), None);
        };
        let took = until - deleted;
        let balancer = self.balancer(e);
        if until < e.born.secs() && balancer.membership == Membership::Reload {
            let text = format!(
                "{closed_text}; {proxy} had taken it out at {}, but an old process of it, which still served this connection, \
                 keeps the table from before its reload",
                at(until)
            );
            return (text, Some(format!("{}.membership: api", balancer.path)));
        }
        let text =
            format!("{closed_text}; {proxy} believed it in rotation until {} (removal took {took:.2} s)", at(until));
        // It would have had to listen until this proxy had heard.
        let lame_duck = if t.on_sigterm == OnSigterm::Drain { t.lame_duck.secs() } else { 0.0 };
        let pre_stop = (took - lame_duck).max(0.0);
        let prevented = (until > closed && t.on_sigterm != OnSigterm::Ignore)
            .then(|| format!("{path}preStop of {pre_stop:.2} s or more, for this one"));
        (text, prevented)
    }

    fn killed(&self, e: &Ending, pod: &str) -> (String, Option<String>) {
        let t = &self.kind(e).0.termination;
        let gone = self.pod(e).and_then(|p| p.gone).map_or_else(String::new, |gone| format!(" at {}", at(gone)));
        if t.dies_in_hook() {
            let text = format!(
                "pod {pod} was killed{gone}, {} after its deletion, while preStop {} still ran: there was no SIGTERM",
                t.killed_after(),
                t.usual_pre_stop()
            );
            return (
                text,
                Some("a terminationGracePeriodSeconds beyond preStop, and a process that drains".to_owned()),
            );
        }
        if t.on_sigterm == OnSigterm::Exit {
            let text = format!("pod {pod} exited{gone} at SIGTERM with this in flight");
            return (text, Some("a process that drains at SIGTERM (onSigterm: drain)".to_owned()));
        }
        if let Some(exit) = t.sidecar_exit.filter(|exit| *exit < t.grace_period) {
            let text = format!("the proxy beside pod {pod} exited, {exit} after the deletion, with this in flight");
            return (text, Some("a sidecar that ends last: an init container with restartPolicy: Always".to_owned()));
        }
        let before: Dur = pre_stop(t) + t.lame_duck;
        let text = format!(
            "pod {pod} was killed{gone}, {} after its deletion, of which preStop and lame duck took {before}",
            t.killed_after()
        );
        let prevented = match t.on_sigterm {
            OnSigterm::Ignore => "a process that gets SIGTERM and drains (onSigterm: drain)",
            _ => "a longer terminationGracePeriodSeconds, or less preStop",
        };
        (text, Some(prevented.to_owned()))
    }
}

/// The median, as far as the grace period lets it run.
fn pre_stop(termination: &Termination) -> Dur {
    termination.cut(termination.usual_pre_stop(), termination.grace_period).0
}

/// How things stood.
pub(super) fn load(e: &Ending) -> String {
    let l = e.levels;
    let headroom =
        if l.demand() > 0.0 { format!(", {:.1} × of demand", l.capacity / l.demand()) } else { String::new() };
    let [pods, requests] = [(l.ready, "pods were", "pod was"), (l.queued, "requests", "request")]
        .map(|(n, many, one)| format!("{n} {}", if n == 1 { one } else { many }));
    format!("{pods} Ready{headroom}, {requests} queued")
}

const fn verb(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "was answered 200",
        Outcome::S500 => "was answered 500",
        Outcome::S502 => "was answered 502",
        Outcome::S503 => "was answered 503",
        Outcome::S504 => "was answered 504",
        Outcome::Refused => "was refused",
        Outcome::Reset => "was reset",
        Outcome::Truncated => "was cut inside its answer",
        Outcome::Timeout => "was given up",
    }
}
