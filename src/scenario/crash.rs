//! What makes a version's pods die by themselves.

use super::dist::Dist;
use super::read::At;
use super::units::Share;

/// How pods of a version crash; by default they never do. A crashed container is started again in its pod, at once the first
/// time, then after 10 s, 20 s, 40 s and so on up to 5 min (`CrashLoopBackOff`), from the beginning when it has run for 10 min.
#[derive(Clone, Debug, Default)]
pub struct Crash {
    /// The share of starts that end in a crash instead of a listener.
    pub at_start: f64,
    /// How long a pod listens before it crashes (s).
    pub uptime: Option<Dist>,
    /// It crashes when it holds more requests than this, queued ones included: memory that runs out.
    pub in_flight: Option<u32>,
}

impl Crash {
    pub(super) fn read(at: At<'_>) -> Self {
        let mut f = at.fields();
        let crash = Self {
            at_start: f.or("atStart", Share(0.0)).0,
            uptime: f.opt("uptime"),
            in_flight: f.opt_within("inFlight", 1..=1_000_000),
        };
        f.end();
        crash
    }
}
