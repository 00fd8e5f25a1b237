//! Probes, in Kubernetes' words.

use super::duration::Seconds;
use super::read::{At, Fields, Read};
use super::schema::Written;
use crate::engine::Dur;

/// A probe, in Kubernetes' words.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// From the container's start to the first probe.
    pub initial_delay: Dur,
    /// Between probes.
    pub period: Dur,
    /// A probe slower than this has failed.
    pub timeout: Dur,
    /// So many passes in a row turn it.
    pub success_threshold: u32,
    /// So many failures in a row turn it.
    pub failure_threshold: u32,
}

/// A liveness or startup probe: when it fails, the container is stopped, and started anew.
#[derive(Clone, Copy, Debug)]
pub struct KillingProbe {
    /// How it is made, and when it has failed.
    pub probe: Probe,
    /// The grace period of a container that it stops; `None`: the pod's.
    pub grace_period: Option<Dur>,
}

/// What a probe asks; nothing of it matters here.
const HANDLERS: [&str; 4] = ["httpGet", "tcpSocket", "grpc", "exec"];

impl Probe {
    /// From the container's start until a probe finds it up, on average (s), if it is up at once: the phase is uniform over a period.
    pub fn mean_wait(&self) -> f64 {
        self.initial_delay.secs() + self.period.secs() / 2.0
    }

    /// Kubernetes' defaults (0 s, every 10 s, 1 s, 1, 3), or nothing where the file says `none`.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        if at.is_word("none") {
            return None;
        }
        if at.node.is_none() {
            at.cx.assume(format!("{} every 10 s from the start (Kubernetes' default)", at.path));
        }
        let mut f = at.fields();
        f.ignore(&["terminationGracePeriodSeconds"]);
        let probe = Self::read_fields(&mut f, 1000);
        f.end();
        Some(probe)
    }

    fn read_fields(f: &mut Fields<'_>, most_successes: u32) -> Self {
        f.ignore(&HANDLERS);
        Self {
            initial_delay: f.or("initialDelaySeconds", Seconds(Dur::ZERO)).0,
            period: period(f),
            timeout: positive(f, "timeoutSeconds", 1),
            success_threshold: f.within("successThreshold", 1, 1..=most_successes),
            failure_threshold: f.within("failureThreshold", 3, 1..=1_000_000),
        }
    }
}

impl KillingProbe {
    /// As [`Probe::read`], but there is none where the file has none, and one success is all that Kubernetes allows.
    pub(super) fn read(at: At<'_>) -> Option<Self> {
        at.node?;
        if at.is_word("none") {
            return None;
        }
        let mut f = at.fields();
        let probe = Probe::read_fields(&mut f, 1);
        let grace_period = f.opt("terminationGracePeriodSeconds").map(|Seconds(grace)| grace);
        f.end();
        Some(Self { probe, grace_period })
    }
}

/// Between probes at the least: each is simulated, of every pod. Kubernetes' own least is a second.
const SHORTEST: Dur = Dur::from_millis(10);

fn period(f: &mut Fields<'_>) -> Dur {
    let at = f.at("periodSeconds");
    let period = positive(f, "periodSeconds", 10);
    if period < SHORTEST {
        at.out_of_range("`periodSeconds` is too short", "0.01 or more");
        return SHORTEST;
    }
    period
}

/// A number of seconds above 0.
fn positive(f: &mut Fields<'_>, name: &'static str, default: u64) -> Dur {
    let at = f.at(name);
    at.takes("above 0", || Seconds::shape().above_zero());
    let default = Seconds(Dur::from_secs(default));
    at.is_by_default(|| default.written());
    let Seconds(value) = at.value().unwrap_or(default);
    if value.is_zero() {
        at.out_of_range(&format!("`{name}` is 0"), "a number of seconds above 0");
        return default.0;
    }
    value
}
