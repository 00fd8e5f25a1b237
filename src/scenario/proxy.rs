//! What a proxy does about a failed attempt, and what it tells the client.

use super::read::{At, Read, choose};
use super::retry::{Backoff, Jitter};
use super::retry_budget::RetryBudget;
use super::schema::{Json, Shape, Written, word_of};
use super::units::Share;
use crate::engine::Dur;

/// A proxy's retries of a failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct ProxyRetries {
    /// How many there may be after the first attempt; 0 = none.
    pub attempts: u32,
    /// After a connect that was refused or got no answer.
    pub on_connect_failure: bool,
    /// After a connection that ended before the answer.
    pub on_reset: bool,
    /// After a connection that ended before the request was sent on it (Envoy's `reset-before-request`).
    pub on_unsent_reset: bool,
    /// After an attempt that took longer than `per_try_timeout`.
    pub on_timeout: bool,
    /// After an answer with one of these statuses.
    pub on_status: Statuses,
    /// Whether what was sent and is not idempotent may be sent again.
    pub non_idempotent: bool,
    /// Whether a pod that failed this request is avoided.
    pub other_pod: bool,
    /// How many of those that failed it last are, where another pod is to be found: 1 to 3 (HAProxy's `assign_server` is told of the last
    /// one alone).
    pub avoids: u32,
    /// Whether it is sent to the pod that failed it, and no other, whatever the table says by then.
    pub same_pod: bool,
    /// With `same_pod`: every so many-th retry is sent to another pod all the same, at once (HAProxy's `option redispatch`);
    /// 0 = none is.
    pub redispatch: u32,
    /// Whether a pod is tried once at most, so that there are no more attempts than pods in the table (nginx).
    pub each_pod_once: bool,
    /// How long to wait before each.
    pub backoff: Backoff,
    /// Retries under way at once, per proxy; 0 = no limit.
    pub max_concurrent: u32,
    /// Retries under way as a share of the requests that a proxy has at pods (Envoy's `retry_budget`), never fewer than
    /// `max_concurrent`; 0 = no such limit.
    pub concurrent_share: f64,
    /// Retries as a share of the requests that a proxy gets; `None` = no such limit.
    pub budget: Option<RetryBudget>,
    /// From the choice of a pod to the end of its answer, of each attempt; zero = no limit but `requestTimeout`.
    pub per_try_timeout: Dur,
}

/// So many pods a request can avoid.
pub const MOST_AVOIDED: u32 = 3;

/// Some of the statuses 500, 502, 503 and 504.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statuses(u8);

impl Statuses {
    /// These.
    fn of(statuses: impl Iterator<Item = u16>) -> Self {
        Self(statuses.fold(0, |set, status| set | Self::bit(status)))
    }

    /// Whether `status` is one of them.
    #[inline]
    pub const fn contains(self, status: u16) -> bool {
        self.0 & Self::bit(status) != 0
    }

    const fn bit(status: u16) -> u8 {
        match status {
            500 => 1,
            502 => 2,
            503 => 4,
            504 => 8,
            _ => 0,
        }
    }
}

/// What a proxy tells the client: 500, 502, 503 or 504. At layer 4 it has no statuses, and [`ProxyStatus::CLOSE`] where it had accepted
/// the client's connection before it knew.
#[derive(Clone, Copy, Debug)]
pub struct ProxyStatus {
    /// The connect was refused.
    pub connect_failure: u16,
    /// The connect got no answer.
    pub connect_timeout: u16,
    /// The connection ended before the answer.
    pub reset: u16,
    /// The same, where the client's connection has carried a request before this one.
    pub reset_later: u16,
    /// No pod was left to send it to.
    pub no_endpoints: u16,
    /// `request_timeout` was over.
    pub timeout: u16,
}

impl ProxyStatus {
    /// In the place of a status: the client's connection is closed without an answer.
    pub const CLOSE: u16 = 1;
}

impl ProxyRetries {
    /// Default: none; at once, where there are any.
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let on = f.at("on");
        let causes: Vec<Cause> = on.value_or(vec![Cause::ConnectFailure, Cause::Reset]);
        let retries = Self {
            attempts: f.within("attempts", 0, 0..=1000),
            on_connect_failure: causes.contains(&Cause::ConnectFailure),
            on_reset: causes.contains(&Cause::Reset),
            on_unsent_reset: causes.contains(&Cause::ResetBeforeRequest) || causes.contains(&Cause::Reset),
            on_timeout: causes.contains(&Cause::Timeout),
            on_status: Statuses::of(causes.iter().filter_map(|cause| match cause {
                Cause::Status(status) => Some(*status),
                _ => None,
            })),
            non_idempotent: f.or("nonIdempotent", false),
            other_pod: f.or("otherPod", true),
            avoids: f.within("avoids", MOST_AVOIDED, 1..=MOST_AVOIDED),
            same_pod: f.or("samePod", false),
            redispatch: f.or("redispatch", 0),
            each_pod_once: f.or("eachPodOnce", false),
            backoff: Backoff::read(
                f.at("backoff"),
                Backoff { base: Dur::ZERO, factor: 2.0, cap: Dur::from_secs(1), jitter: Jitter::Full },
            ),
            max_concurrent: f.or("maxConcurrent", 0),
            concurrent_share: f.or("concurrentShare", Share(0.0)).0,
            budget: read_budget(&f.at("budget")),
            per_try_timeout: f.or("perTryTimeout", Dur::ZERO),
        };
        if retries.on_timeout && retries.per_try_timeout.is_zero() {
            let diag = on.warning("ignored-field", "no attempt ever takes too long: `perTryTimeout` is not set");
            on.report(diag.label("`timeout` means nothing here").help("give `retries.perTryTimeout`, such as 5s"));
        }
        f.end();
        retries
    }
}

/// A map, or `none`.
fn read_budget(at: &At<'_>) -> Option<RetryBudget> {
    let budget = RetryBudget::read(at);
    if budget.is_none() && at.node.is_some() && !at.is_word("none") {
        at.wrong_type("a map of `ratio`, `minPerSecond` and `ttl`, or `none`");
    }
    budget
}

/// What a proxy retries.
#[derive(Clone, Copy, PartialEq)]
enum Cause {
    ConnectFailure,
    Reset,
    ResetBeforeRequest,
    Timeout,
    Status(u16),
}

impl Read for Cause {
    fn read(at: &At<'_>) -> Option<Self> {
        choose(at, &CAUSES)
    }

    fn shape() -> Shape {
        Shape::words(&CAUSES.map(|(word, _)| word))
    }
}

impl Written for Cause {
    fn written(&self) -> Json {
        word_of(&CAUSES, self)
    }
}

const CAUSES: [(&str, Cause); 8] = [
    ("connectFailure", Cause::ConnectFailure),
    ("reset", Cause::Reset),
    ("resetBeforeRequest", Cause::ResetBeforeRequest),
    ("timeout", Cause::Timeout),
    ("500", Cause::Status(500)),
    ("502", Cause::Status(502)),
    ("503", Cause::Status(503)),
    ("504", Cause::Status(504)),
];

impl Read for Statuses {
    fn read(at: &At<'_>) -> Option<Self> {
        Vec::<Status>::read(at).map(|statuses| Self::of(statuses.iter().map(|status| status.0)))
    }

    fn shape() -> Shape {
        Vec::<Status>::shape()
    }
}

impl Written for Statuses {
    fn written(&self) -> Json {
        let contained = STATUSES.iter().map(|(_, status)| status).filter(|status| self.contains(status.0));
        Json::List(contained.map(Written::written).collect())
    }
}

/// A status that a proxy may answer by itself.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Status(pub(super) u16);

impl Read for Status {
    fn read(at: &At<'_>) -> Option<Self> {
        choose(at, &STATUSES)
    }

    fn shape() -> Shape {
        Shape::words(&STATUSES.map(|(word, _)| word))
    }
}

impl Written for Status {
    fn written(&self) -> Json {
        word_of(&STATUSES, self)
    }
}

const STATUSES: [(&str, Status); 4] =
    [("500", Status(500)), ("502", Status(502)), ("503", Status(503)), ("504", Status(504))];

/// A status, or none at all.
#[derive(Clone, Copy, PartialEq)]
struct Ending(u16);

impl Ending {
    fn words() -> [(&'static str, Self); 5] {
        let [a, b, c, d] = STATUSES.map(|(word, status)| (word, Self(status.0)));
        [a, b, c, d, ("close", Self(ProxyStatus::CLOSE))]
    }
}

impl Read for Ending {
    fn read(at: &At<'_>) -> Option<Self> {
        choose(at, &Self::words())
    }

    fn shape() -> Shape {
        Shape::words(&Self::words().map(|(word, _)| word))
    }
}

impl Written for Ending {
    fn written(&self) -> Json {
        word_of(&Self::words(), self)
    }
}

impl ProxyStatus {
    /// Default: nginx's.
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let reset = f.or("reset", Status(502)).0;
        let status = Self {
            connect_failure: f.or("connectFailure", Ending(502)).0,
            connect_timeout: f.or("connectTimeout", Ending(504)).0,
            reset,
            reset_later: f.or("resetLater", Ending(reset)).0,
            no_endpoints: f.or("noEndpoints", Status(503)).0,
            timeout: f.or("timeout", Status(504)).0,
        };
        f.end();
        status
    }
}
