//! What the settings of a pod's way out should be, all of them together: rules that each find one too short advise the same.

use crate::engine::Dur;
use crate::scenario::OnSigterm;

use super::{Subject, demand};

/// So many times the p99 a drain window should be.
const FACTOR: f64 = 3.0;

/// Times that are enough (s).
pub(super) struct Enough {
    /// `preStop`: the one there is, where pods listen until proxies have heard.
    pub(super) pre_stop: f64,
    /// `terminationGracePeriodSeconds`, with room for all that comes before SIGKILL.
    pub(super) grace: f64,
}

impl Enough {
    /// For what is rolled.
    pub(super) fn of(s: &Subject<'_>) -> Self {
        let t = &s.rolled().pod.termination;
        let pre_stop = if s.stops_too_early() {
            libm::ceil(s.heard_p99().saturating_sub(s.stays() + t.lame_duck).secs())
        } else {
            s.pre_stop().secs()
        };
        let in_flight = if t.on_sigterm == OnSigterm::Drain {
            let longest = demand::longest(s.scenario(), 0.999).map_or(0.0, |longest| longest.0);
            t.lame_duck.secs() + drain_window(s).map_or(0.0, |drain| drain.0).max(longest) + t.cleanup.secs()
        } else {
            0.0
        };
        Self { pre_stop, grace: libm::ceil(pre_stop + in_flight) }
    }

    /// `and terminationGracePeriodSeconds: 42`, where the one there is leaves no room.
    pub(super) fn and_grace(&self, there: Dur) -> String {
        if there.secs() >= self.grace {
            return String::new();
        }
        format!(" and terminationGracePeriodSeconds: {:.0}", self.grace)
    }
}

/// The drain window that lets all but hardly any requests finish (s), the p99 that it is made of, and whose that is; `None` where
/// nothing has to be let finish.
pub(super) fn drain_window<'a>(s: &Subject<'a>) -> Option<(f64, f64, &'a str)> {
    let scenario = s.scenario();
    let (p99, name) = demand::longest(scenario, 0.99)?;
    // Nobody waits longer than the time-outs, whatever the service time.
    let all = demand::longest(scenario, 1.0 - 1e-9).map_or(f64::INFINITY, |(longest, _)| longest);
    let needed = if demand::streams_only(scenario) { p99 } else { (FACTOR * p99).min(all) };
    Some((needed, p99, name))
}
