//! The analysis of the new version: counts what its pods had last, and calls it off when too many measurements fail.

mod run;
mod trials;
mod window;

use crate::engine::{Dur, SimTime};
use crate::scenario;

use super::event::Event;
use super::fact::{AnalysisVerdict, Fact, Outcome, Revision};
use super::rollout::Action;
use super::world::{Cal, Observer, World};
pub(super) use trials::Trials;

/// One interval's counts, and what the earlier ones came to.
#[derive(Clone, Debug)]
pub(super) struct Analysis {
    config: scenario::Analysis,
    requests: u64,
    dropped: u64,
    /// Answered, but later than `p99` allows.
    slow: u64,
    failures: u32,
    over: bool,
    /// Whether a measurement is planned.
    planned: bool,
}

impl Analysis {
    pub(super) const fn new(config: scenario::Analysis) -> Self {
        Self { config, requests: 0, dropped: 0, slow: 0, failures: 0, over: false, planned: false }
    }

    /// When the first interval is over.
    fn first(&self) -> Dur {
        self.config.initial_delay + self.config.interval
    }

    /// A request ended whose last pod was one of the new version.
    #[inline]
    pub(super) fn note(&mut self, outcome: Outcome, latency: Dur) {
        self.requests += 1;
        self.dropped += u64::from(outcome != Outcome::Ok);
        let slow = outcome == Outcome::Ok && self.config.p99.is_some_and(|limit| latency > limit);
        self.slow += u64::from(slow);
    }

    /// The measurement of the interval that ends now; what it counted is forgotten.
    fn measure(&mut self) {
        let n = self.requests as f64;
        let told = self.requests >= self.config.min_requests.max(1);
        let errors = self.config.error_rate.is_some_and(|limit| self.dropped as f64 > limit * n);
        // One in a hundred may be slower, and what was not answered at all was slower than anything.
        let slow = self.config.p99.is_some() && (self.slow + self.dropped) as f64 > 0.01 * n;
        self.failures += u32::from(told && (errors || slow));
        (self.requests, self.dropped, self.slow) = (0, 0, 0);
    }
}

impl<O: Observer> World<O> {
    /// Plans the first measurement.
    pub(super) fn begin_analysis(&mut self, cal: &mut Cal) {
        self.plan_analysis(SimTime::ZERO, cal);
    }

    /// A template is rolled out: it is analysed like the one before, and by what becomes of itself.
    pub(super) fn analyse_anew(&mut self, cal: &mut Cal) {
        if let Some(analysis) = self.control.as_mut().and_then(|c| c.analysis.as_mut()).filter(|a| !a.planned) {
            *analysis = Analysis::new(analysis.config);
            self.plan_analysis(cal.now(), cal);
        }
    }

    /// Plans the first measurement of a rollout that begins at `from`.
    fn plan_analysis(&mut self, from: SimTime, cal: &mut Cal) {
        if let Some(analysis) = self.control.as_mut().and_then(|c| c.analysis.as_mut()) {
            analysis.planned = true;
            cal.at(from + analysis.first(), Event::Analysis);
        }
    }

    /// A request ended at `pod`.
    #[inline(always)]
    pub(super) fn note_for_analysis(&mut self, pod: u32, outcome: Outcome, latency: Dur, now: SimTime) {
        let Some(control) = self.control.as_mut().filter(|c| c.analysis.is_some() || c.trials.is_some()) else {
            return;
        };
        // Only what has to do with the new version; requests without a pod have not.
        if self.pods.get(pod as usize).is_none_or(|p| p.revision == Revision(0)) {
            return;
        }
        if let Some(analysis) = &mut control.analysis {
            analysis.note(outcome, latency);
        }
        if let Some(trials) = &mut control.trials {
            trials.note(now, outcome, latency);
        }
    }

    /// An interval is over.
    pub(super) fn on_analysis(&mut self, cal: &mut Cal) {
        let Some(control) = &mut self.control else { return };
        let rolls = !control.is_complete();
        let Some(analysis) = &mut control.analysis else { return };
        analysis.planned = false;
        if analysis.over || !rolls {
            return;
        }
        // The first one begins after the delay.
        analysis.measure();
        if analysis.failures > analysis.config.failure_limit {
            analysis.over = true;
            self.tell(cal, Fact::Analysis { of: None, verdict: AnalysisVerdict::Failed });
            self.act_on_rollout(Action::Abort, cal);
        } else {
            analysis.planned = true;
            let next = cal.now() + analysis.config.interval;
            cal.at(next, Event::Analysis);
        }
    }
}
