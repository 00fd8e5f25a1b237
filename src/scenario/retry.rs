//! What clients do about failures: try again, and come back.

use super::read::{At, Read, choose, choose_or};
use super::retry_budget::RetryBudget;
use super::schema::{Json, Shape, Written};
use super::units::Share;
use crate::engine::Dur;

/// A client's retries of a failed request.
#[derive(Clone, Debug)]
pub struct ClientRetries {
    /// How many there may be after the first attempt; 0 = none.
    pub attempts: u32,
    /// The failures that are retried.
    pub on: Vec<RetryOn>,
    /// How long to wait.
    pub backoff: Backoff,
    /// Retries as a share of requests, a token bucket 10 s deep; `None` = no such limit.
    pub budget: Option<f64>,
    /// Retries by a budget that is counted over a time, in the place of `budget`; `None` = no such limit.
    pub window: Option<RetryBudget>,
}

/// A class of failure that a client retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryOn {
    /// The connect was refused or got no answer.
    ConnectFailure,
    /// The connection ended before the answer.
    Reset,
    /// The same, of one that had carried a request before: it may have been closed for being idle (Go's `net/http`, browsers; RFC
    /// 9112, 9.3.1), where a new one has no reason to be.
    ResetOnReused,
    /// This status: 500, 502, 503 or 504.
    Status(u16),
}

/// How a wait grows: base × factor^(k−1) up to `cap`, then jittered.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The first wait.
    pub base: Dur,
    /// What it is multiplied by from one to the next.
    pub factor: f64,
    /// No wait is longer before it is spread.
    pub cap: Dur,
    /// How it is spread.
    pub jitter: Jitter,
}

/// How a wait w is spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// w itself.
    None,
    /// w × uniform(1 − share, 1 + share) (gRPC: 0.2).
    Around(f64),
    /// uniform(0, w).
    Full,
    /// w/2 + uniform(0, w/2).
    Equal,
    /// min(cap, uniform(base, 3 × the wait before)).
    Decorrelated,
}

/// How a lost connection comes back.
#[derive(Clone, Copy, Debug)]
pub struct Reconnect {
    /// Whether it is opened anew by itself, after the first wait (eagerly), rather than with the next request.
    pub eager: bool,
    /// The wait before the k-th try; the first waits too.
    pub backoff: Backoff,
    /// Whether a request that has to wait for a connection (`whenBusy: wait`) cuts an eager reconnect's backoff short.
    pub at_once_for_request: bool,
    /// Whether each address has a back-off of its own, counted from the beginning of the try and forgotten when a connection to it
    /// stands, and others are tried meanwhile (gRPC's subchannels). At layer 4.
    pub per_address: bool,
}

impl Read for RetryOn {
    fn read(at: &At<'_>) -> Option<Self> {
        choose(at, &RETRY_ON)
    }

    fn shape() -> Shape {
        Shape::words(&RETRY_ON.map(|(word, _)| word))
    }
}

impl Written for RetryOn {
    fn written(&self) -> Json {
        super::schema::word_of(&RETRY_ON, self)
    }
}

const RETRY_ON: [(&str, RetryOn); 7] = [
    ("connectFailure", RetryOn::ConnectFailure),
    ("reset", RetryOn::Reset),
    ("resetOnReused", RetryOn::ResetOnReused),
    ("500", RetryOn::Status(500)),
    ("502", RetryOn::Status(502)),
    ("503", RetryOn::Status(503)),
    ("504", RetryOn::Status(504)),
];

impl ClientRetries {
    /// Whether failures of this class are retried; resets are, whatever they hit, or of connections alone that were in use before.
    pub fn covers(&self, class: RetryOn) -> bool {
        self.on.contains(&class) || class == RetryOn::ResetOnReused && self.on.contains(&RetryOn::Reset)
    }

    /// Default: none; where there are any, after a failed connect, a reset, 502 and 503, with full jitter from 50 ms
    /// up to 2 s, and a budget of 20 % (Finagle's, Linkerd's and Envoy's).
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let usual = Backoff { base: Dur::from_millis(50), factor: 2.0, cap: Dur::from_secs(2), jitter: Jitter::Full };
        let budget = f.at("budget");
        let window = RetryBudget::read(&budget);
        let no_share = budget.is_word("none") || window.is_some();
        let budget = if no_share { None } else { Some(f.or("budget", Share(0.2)).0) };
        let retries = Self {
            attempts: f.within("attempts", 0, 0..=1000),
            on: f.or("on", vec![RetryOn::ConnectFailure, RetryOn::Reset, RetryOn::Status(502), RetryOn::Status(503)]),
            backoff: Backoff::read(f.at("backoff"), usual),
            budget,
            window,
        };
        f.end();
        retries
    }
}

impl Reconnect {
    /// Default: with the next request (streams: eagerly), at once, then twice as late each time up to 30 s.
    pub(super) fn read(at: At<'_>, eager: bool) -> Self {
        let mut f = at.fields();
        let usual = Backoff { base: Dur::ZERO, factor: 2.0, cap: Dur::from_secs(30), jitter: Jitter::None };
        let reconnect = Self {
            eager: f.choice("when", eager, &[("onDemand", false), ("eager", true)]),
            backoff: Backoff::read(f.at("backoff"), usual),
            at_once_for_request: f.choice("onRequest", false, &[("wait", false), ("now", true)]),
            per_address: f.or("perAddress", false),
        };
        f.end();
        reconnect
    }
}

impl Jitter {
    /// A word, or a share.
    fn read(at: &At<'_>, usual: Self) -> Self {
        let text = at.node.and_then(super::tree::Node::text);
        at.takes("percentage", || Share::shape().text_only());
        if text.is_some_and(|text| text.ends_with('%')) {
            return at.value().map_or(usual, |Share(share)| Self::Around(share));
        }
        let words =
            [("none", Self::None), ("full", Self::Full), ("equal", Self::Equal), ("decorrelated", Self::Decorrelated)];
        choose_or(at, usual, &words)
    }
}

impl Backoff {
    pub(super) fn read(at: At<'_>, usual: Self) -> Self {
        let mut f = at.fields();
        let backoff = Self {
            base: f.or("base", usual.base),
            factor: f.within("factor", usual.factor, 1.0..=1000.0),
            cap: f.or("cap", usual.cap),
            jitter: Jitter::read(&f.at("jitter"), usual.jitter),
        };
        if backoff.base > backoff.cap
            && let Some(cap) = f.at.node.and_then(|n| n.get("cap").or_else(|| n.get("base")))
        {
            let text = format!("the first wait, {}, is longer than the longest, {}", backoff.base, backoff.cap);
            let diag = super::diag::Diag::error("out-of-range", text).at(&cap.span, "`base` must not be above `cap`");
            f.at.cx.report(diag.path(f.at.path.clone()));
        }
        f.end();
        backoff
    }
}
