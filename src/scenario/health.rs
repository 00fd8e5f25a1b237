//! Which pods a proxy keeps away from by itself, and when it no longer does.

use super::load_balancer::above_zero;
use super::proxy::Statuses;
use super::read::{At, Fields, Read, choose, choose_or};
use super::schema::{Json, Shape, Written, word_of};
use super::units::Share;
use crate::engine::Dur;

/// Ejection by failures seen, as nginx's `max_fails`; 0 = none.
#[derive(Clone, Copy, Debug)]
pub struct PassiveHealth {
    /// So many failures eject a pod: in a row and within `window`, or within `fail_timeout`.
    pub max_fails: u32,
    /// For this long.
    pub fail_timeout: Dur,
    /// Where one success forgets the failures before it, so do those that are older than this; zero = nothing else does (Envoy).
    pub window: Dur,
    /// Once in so long it is looked whose time is over: a pod comes back with that alone, and each look that finds it in makes one
    /// time less of those that it was ejected (Envoy's `interval`); zero = when its time is over, and no time is forgotten.
    pub interval: Dur,
    /// Moments are taken by a clock that shows multiples of this alone, so that what lasts `fail_timeout` is over when that clock
    /// shows more than that since (nginx: whole seconds, so that 10 s are 10 to 11 s); zero = exactly.
    pub tick: Dur,
    /// The n-th time in this process for n times as long, up to this (Envoy's `max_ejection_time`).
    pub max_fail_timeout: Dur,
    /// An ejection, and what active checks find, takes effect with the next change of the table, or so long after the last one
    /// (Envoy's `update_merge_window`); zero = at once.
    pub merge_window: Dur,
    /// Another one is ejected only if with it no more than this share of the table are (Envoy's `max_ejection_percent`).
    pub max_ejected: f64,
    /// Whether one success forgets the failures before it (Envoy, HAProxy); else one alone that was begun `fail_timeout` after the
    /// last of them (nginx).
    pub in_a_row: bool,
    /// Whether the only pod of a table is never ejected (nginx: `peers->single`).
    pub spares_only: bool,
    /// Whether the workers of a proxy count and mark together (Envoy; nginx with a `zone`).
    pub shared: bool,
    /// Answers with one of these statuses are failures, too.
    pub statuses: Statuses,
    /// What is a failure beside them.
    pub on: Noted,
    /// What so many failures amount to; an ejection, where there are no checks.
    pub amounts_to: AmountsTo,
}

/// The failures of an attempt that passive health takes note of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// A connect that was refused or got no answer.
    pub connect_failure: bool,
    /// A connection that ended before the end of the answer.
    pub reset: bool,
    /// An answer that took too long.
    pub timeout: bool,
}

/// What as many failures as passive health allows amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountsTo {
    /// The pod is out for a while.
    Ejection,
    /// One failed check (HAProxy's `on-error fail-check`).
    FailedCheck,
    /// All failed checks that it takes but the last (`sudden-death`).
    AllButLastCheck,
    /// All failed checks that it takes (`mark-down`): its checks alone bring it back.
    AllChecks,
}

/// Between checks at the least: each is simulated, of every pod by every proxy.
const SHORTEST: Dur = Dur::from_millis(10);

/// Ejection by probes.
#[derive(Clone, Copy, Debug)]
pub struct ActiveHealth {
    /// Between checks.
    pub interval: Dur,
    /// A check slower than this has failed.
    pub timeout: Dur,
    /// So many passes in a row bring a pod back.
    pub healthy_threshold: u32,
    /// So many failures in a row eject it.
    pub unhealthy_threshold: u32,
    /// Whether its connections are closed then, with the requests that they carry (HAProxy's `on-marked-down shutdown-sessions`).
    pub close_connections: bool,
    /// Whether a pod that leaves the table stays in it until its checks fail (Envoy, which trusts them more than discovery, unless
    /// `ignore_health_on_host_removal`).
    pub keeps_removed: bool,
    /// When within the interval a pod is checked.
    pub phase: CheckPhase,
}

/// When within the interval a pod is checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CheckPhase {
    /// At a moment of its own.
    Each,
    /// First when it comes into the table, so that those that come together are checked together ever after (Envoy, without
    /// `initial_jitter`). Those that are there from the start have been so for any time.
    Together,
    /// The same, where those that are there from the start are checked so long after the start.
    From(Dur),
}

/// When a proxy disbelieves its own marks of health, active and passive, and picks among all pods of its table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PanicMode {
    /// Below this share of healthy pods (Envoy's `healthy_panic_threshold`); 0 = never.
    pub threshold: f64,
    /// With none healthy (AWS: fail-open).
    pub fail_open: bool,
}

impl PassiveHealth {
    /// Default: none; nginx's 10 s where only `maxFails` is given, and its statuses: those that are retried.
    pub(super) fn read(at: At<'_>, retried: Statuses) -> Self {
        let mut f = at.fields();
        let fail_timeout = above_zero(&f.at("failTimeout"), Dur::from_secs(10));
        let health = Self {
            max_fails: f.or("maxFails", 0),
            fail_timeout,
            window: f.or("window", fail_timeout),
            interval: f.or("interval", Dur::ZERO),
            tick: f.or("tick", Dur::ZERO),
            max_fail_timeout: f.or("maxFailTimeout", fail_timeout),
            merge_window: f.or("mergeWindow", Dur::ZERO),
            max_ejected: f.or("maxEjected", Share(1.0)).0,
            in_a_row: f.or("inARow", true),
            spares_only: f.or("sparesOnly", false),
            shared: f.or("shared", false),
            statuses: f.or("statuses", retried),
            on: Noted::of(&f.or("on", vec![Failed::Connect, Failed::Reset, Failed::Timeout])),
            amounts_to: f.or("amountsTo", AmountsTo::Ejection),
        };
        f.end();
        health
    }
}

/// A failure of an attempt in a list of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failed {
    Connect,
    Reset,
    Timeout,
}

const FAILED: [(&str, Failed); 3] =
    [("connectFailure", Failed::Connect), ("reset", Failed::Reset), ("timeout", Failed::Timeout)];
const AMOUNTS_TO: [(&str, AmountsTo); 4] = [
    ("ejection", AmountsTo::Ejection),
    ("failedCheck", AmountsTo::FailedCheck),
    ("allButLastCheck", AmountsTo::AllButLastCheck),
    ("allChecks", AmountsTo::AllChecks),
];

impl Noted {
    fn of(on: &[Failed]) -> Self {
        let has = |failed| on.contains(&failed);
        Self { connect_failure: has(Failed::Connect), reset: has(Failed::Reset), timeout: has(Failed::Timeout) }
    }
}

impl Read for Failed {
    fn read(at: &At<'_>) -> Option<Self> {
        choose(at, &FAILED)
    }

    fn shape() -> Shape {
        Shape::words(&FAILED.map(|(word, _)| word))
    }
}

impl Written for Failed {
    fn written(&self) -> Json {
        word_of(&FAILED, self)
    }
}

impl Read for AmountsTo {
    fn read(at: &At<'_>) -> Option<Self> {
        choose(at, &AMOUNTS_TO)
    }

    fn shape() -> Shape {
        Shape::words(&AMOUNTS_TO.map(|(word, _)| word))
    }
}

impl Written for AmountsTo {
    fn written(&self) -> Json {
        word_of(&AMOUNTS_TO, self)
    }
}

impl ActiveHealth {
    /// Default: none (`interval: 0s`).
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        if at.is_word("none") {
            return None;
        }
        let mut f = at.fields();
        let interval = f.at("interval");
        let health = Self {
            interval: f.or("interval", Dur::ZERO),
            timeout: above_zero(&f.at("timeout"), Dur::from_secs(1)),
            healthy_threshold: f.within("healthyThreshold", 2, 1..=1000),
            unhealthy_threshold: f.within("unhealthyThreshold", 3, 1..=1000),
            close_connections: f.or("closeConnections", false),
            keeps_removed: f.or("keepsRemoved", false),
            phase: CheckPhase::read(&f.at("phase")),
        };
        f.end();
        if !health.interval.is_zero() && health.interval < SHORTEST {
            interval.out_of_range("`interval` is too short", "10ms or more, or 0s for no checks");
            return None;
        }
        (!health.interval.is_zero()).then_some(health)
    }
}

impl CheckPhase {
    /// A word, or a duration. Default: each at a moment of its own.
    fn read(at: &At<'_>) -> Self {
        at.takes_a::<Dur>();
        let text = at.node.and_then(super::tree::Node::text);
        if text.is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit())) {
            return at.value().map_or(Self::Each, Self::From);
        }
        choose_or(at, Self::Each, &[("each", Self::Each), ("together", Self::Together)])
    }
}

impl PanicMode {
    /// Default: never.
    pub(super) fn read(f: &mut Fields<'_>) -> Self {
        Self { threshold: f.or("panicThreshold", Share(0.0)).0, fail_open: f.or("failOpen", false) }
    }

    /// Whether it can ever happen.
    pub fn is_possible(&self) -> bool {
        self.fail_open || self.threshold > 0.0
    }

    /// Whether `healthy` of `all` are too few to be believed.
    pub fn disbelieves(&self, healthy: usize, all: usize) -> bool {
        (self.fail_open && healthy == 0) || (healthy as f64) < self.threshold * all as f64
    }
}
