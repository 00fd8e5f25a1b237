//! The causal chain of one request, as it can be read aloud.

use serde::Serialize;

use super::remedy::{against_no_endpoints, against_overflow};
use super::tracer::{Ending, Trace};
use crate::engine::Dur;
use crate::fleet::fact::{Cause, Outcome, PodId};
use crate::metrics::PodRow;
use crate::scenario::{Layer, LoadBalancer, OnSigterm, Pod, Scenario, Termination};

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
    /// The population's name and the ordinal within it.
    pub(super) fn name(&self, identity: u64) -> String {
        let population = (identity >> 48) as usize;
        let name = self.scenario.clients.get(population).map_or("?", |c| c.name.as_str());
        format!("{name}:{}", identity & ((1 << 48) - 1))
    }

    fn pod(&self, e: &Ending) -> Option<&PodRow> {
        self.pods.get(e.pod?.0 as usize)
    }

    /// What the pod of `e` is called: of those that stand behind another tier than what is rolled, whose it is and which.
    pub(super) fn pod_name(&self, e: &Ending) -> Option<String> {
        let pod = e.pod?;
        let Some(tier) = pod.tier() else { return self.pod(e).map(|p| p.name.clone()) };
        Some(match self.scenario.tiers().nth(tier + 1) {
            Some(next) => format!("{} {}", next.name, pod.index()),
            None => format!("{}-{}", self.scenario.name, pod.index()),
        })
    }

    /// What the proxy of `e` is called in a list.
    pub(super) fn proxy_name(&self, e: &Ending) -> String {
        match e.proxy.tier() {
            Some(_) => format!("{} {}", self.balancer(e).name, e.proxy.index()),
            None => e.proxy.index().to_string(),
        }
    }

    /// The same in a sentence.
    fn proxy(&self, e: &Ending) -> String {
        match e.proxy.tier() {
            Some(_) => format!("proxy {} of {}", e.proxy.index(), self.balancer(e).name),
            None => format!("proxy {}", e.proxy.index()),
        }
    }

    /// The balancer whose proxy it was.
    fn balancer(&self, e: &Ending) -> &LoadBalancer {
        let tier = e.proxy.tier().and_then(|tier| self.scenario.tiers().nth(tier));
        tier.unwrap_or(&self.scenario.load_balancer)
    }

    /// What the pod of `e` is like, and the beginning of the paths of its settings where a name alone does not mean them.
    fn kind(&self, e: &Ending) -> (&Pod, String) {
        let behind = e.pod.and_then(PodId::tier).or_else(|| e.proxy.tier());
        match behind.and_then(|tier| Some((self.scenario.front.get(tier)?, self.scenario.tiers().nth(tier + 1)?))) {
            Some((before, next)) => (&before.next.pod, format!("{}.pod.termination.", next.path)),
            None => (&self.scenario.pod, String::new()),
        }
    }

    /// Until when the proxy of `e` had its pod in rotation: the first removal after the pod's deletion.
    fn routed_until(&self, e: &Ending) -> Option<f64> {
        let deleted = self.pod(e)?.deletion_requested?;
        let changes = self.trace.tables.get(&(e.pod?, e.proxy))?;
        changes.iter().find(|(t, routed)| !routed && t.secs() >= deleted).map(|(t, _)| t.secs())
    }

    pub(super) fn chain(&self, e: &Ending) -> Chain {
        let request = self.name(e.identity);
        let head = format!("request {request} (client {}, born {}) ", e.client, at(e.born.secs()));
        let end = format!("{} at {}", verb(e.outcome), at(e.at.secs()));
        let (why, prevented) = match e.cause {
            None => (format!("after {} attempts", e.attempts.max(1)), None),
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
        let population = (e.identity >> 48) as usize;
        let clients = self.scenario.clients.get(population).map_or(0, |c| c.retries.attempts);
        let balancer = self.balancer(e);
        let proxies = if balancer.layer == Layer::L7 { balancer.retries.attempts } else { 0 };
        match (e.attempts, clients, proxies) {
            (2.., _, _) => format!("{} attempts were made, this was the last", e.attempts),
            (_, 0, 0) => "no retry (attempts 0)".to_owned(),
            _ => format!("no retry, though the client has {clients} and the proxy {proxies}"),
        }
    }

    fn why(&self, e: &Ending, cause: Cause) -> (String, Option<String>) {
        let (kind, path) = self.kind(e);
        let t = &kind.termination;
        let pod = self.pod_name(e).unwrap_or_else(|| "its pod".to_owned());
        let pod = pod.as_str();
        match cause {
            Cause::StaleRoute => self.stale(e, pod),
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
                let text = format!("the queue of pod {pod} ({}) was full; {}", self.scenario.pod.queue, load(e));
                // Where all pods together had room, it is this one that got too much.
                let short = e.levels.demand == 0.0 || e.levels.capacity < e.levels.demand;
                (text, short.then(|| against_overflow(&self.scenario.rolled().workload.strategy)).flatten())
            }
            Cause::NoEndpoints => (
                format!("{} had no pod left; {}", self.proxy(e), load(e)),
                against_no_endpoints(&self.scenario.rolled(), &self.balancer(e).path),
            ),
            Cause::Slow => {
                let waited = e.at.since(e.born);
                (format!("it had waited or been served {:.2} s at pod {pod}; {}", waited.secs(), load(e)), None)
            }
            Cause::AppError => (format!("the version of pod {pod} answers so by itself (errorRate)"), None),
            Cause::Crash if self.pod(e).is_some_and(|p| p.lost) => {
                (format!("the node of pod {pod} died with this in flight{}", self.closed(e)), None)
            }
            Cause::Crash => (format!("the container of pod {pod} died, or was stopped for a failed probe"), None),
        }
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
        let closed = row.listener_closed.or(row.gone).unwrap_or(e.at.secs());
        if row.lost {
            let text = format!(
                "the node of pod {pod} had died at {}: nobody answers there; proxy {} had not heard",
                at(closed),
                e.proxy.0
            );
            return (text, Some("loadBalancer.passiveHealth or activeHealth, and retries".to_owned()));
        }
        if row.deletion_requested.is_none_or(|t| t > e.at.secs()) && row.condemned.is_some_and(|t| t <= e.at.secs()) {
            let text = format!(
                "the container of pod {pod} was being started anew, since it had failed a probe; {} still believed it in rotation",
                self.proxy(e)
            );
            return (text, Some("a liveness probe that a busy container does not fail".to_owned()));
        }
        let why = match t.on_sigterm {
            OnSigterm::Drain => format!("SIGTERM, preStop {}, lame duck {}", pre_stop(t), t.lame_duck),
            OnSigterm::Exit => format!("exit at SIGTERM, preStop {}", pre_stop(t)),
            OnSigterm::Ignore => format!("SIGKILL after {}", t.grace_period),
        };
        let closed_text = format!("pod {pod} had closed its listener at {} ({why})", at(closed));
        let Some((until, deleted)) = self.routed_until(e).zip(row.deletion_requested) else {
            return (format!("{closed_text}; {} still believed it in rotation", self.proxy(e)), None);
        };
        let took = until - deleted;
        let text = format!(
            "{closed_text}; {} believed it in rotation until {} (removal took {took:.2} s)",
            self.proxy(e),
            at(until)
        );
        // It would have had to listen until this proxy had heard.
        let pre_stop = (took - t.lame_duck.secs()).max(0.0);
        let prevented = (until > closed && t.on_sigterm != OnSigterm::Ignore)
            .then(|| format!("{path}preStop of {pre_stop:.2} s or more, for this one"));
        (text, prevented)
    }

    fn killed(&self, e: &Ending, pod: &str) -> (String, Option<String>) {
        let t = &self.kind(e).0.termination;
        let gone = self.pod(e).and_then(|p| p.gone).map_or_else(String::new, |gone| format!(" at {}", at(gone)));
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
            t.grace_period
        );
        let prevented = match t.on_sigterm {
            OnSigterm::Ignore => "a process that gets SIGTERM and drains (onSigterm: drain)",
            _ => "a longer terminationGracePeriodSeconds, or less preStop",
        };
        (text, Some(prevented.to_owned()))
    }
}

/// The median.
fn pre_stop(termination: &Termination) -> Dur {
    Dur::from_secs_f64(termination.pre_stop.quantile(0.5))
}

/// How things stood.
fn load(e: &Ending) -> String {
    let l = e.levels;
    let headroom = if l.demand > 0.0 { format!(", {:.1} × of demand", l.capacity / l.demand) } else { String::new() };
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
