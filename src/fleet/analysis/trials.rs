//! The analyses of Argo Rollouts: begun when the strategy wants them, measured, and their verdicts handed on.

use crate::engine::{Dur, SimTime};
use crate::scenario::{Figure, RolloutAnalysis, Scenario, Strategy};

use super::super::event::Event;
use super::super::fact::{AnalysisOf, AnalysisVerdict, Fact, Outcome, Revision};
use super::super::rollout::{Action, Rollout};
use super::super::world::{Cal, Observer, World};
use super::run::{Run, Status};
use super::window::Window;

/// The analyses under way, and what they look at.
#[derive(Clone, Debug)]
pub(in crate::fleet) struct Trials {
    window: Window,
    /// Those that are over stay as long as the strategy wants them.
    runs: Vec<Trial>,
    /// When they are looked at next, if that is planned.
    planned: Option<SimTime>,
}

/// One of them.
#[derive(Clone, Debug)]
struct Trial {
    of: AnalysisOf,
    /// The template that it is about.
    revision: Revision,
    run: Run,
    /// Whether its verdict has been handed on.
    told: bool,
}

impl Trial {
    /// When there is something to be done: a measurement, or at once a verdict to be handed on.
    fn due(&self, now: SimTime) -> Option<SimTime> {
        let over = self.run.status() != Status::Running && !self.told;
        if over { Some(now) } else { self.run.due() }
    }
}

impl Trials {
    /// Nothing under way yet; `None` where the strategy has no analysis.
    pub(in crate::fleet) fn of(scenario: &Scenario) -> Option<Self> {
        let all: Vec<&RolloutAnalysis> = match &scenario.workload.strategy {
            Strategy::Canary(canary) => {
                canary.analyses.iter().chain(canary.background.as_ref().map(|(a, _)| a)).collect()
            }
            Strategy::BlueGreen(switch) => switch.pre_promotion.iter().chain(&switch.post_promotion).collect(),
            _ => Vec::new(),
        };
        let metrics = || all.iter().flat_map(|a| &a.metrics);
        let longest = metrics().map(|m| m.window).max().unwrap_or(Dur::ZERO);
        let quantiles = metrics().any(|m| matches!(m.figure, Some(Figure::Latency(_))));
        (!all.is_empty()).then(|| Self { window: Window::new(longest, quantiles), runs: Vec::new(), planned: None })
    }

    /// A request of the new version ended.
    pub(super) fn note(&mut self, now: SimTime, outcome: Outcome, latency: Dur) {
        self.window.note(now, outcome, latency);
    }

    /// Makes the measurements that are due: which analyses come to an end with that, and how.
    fn measure(&mut self, cal: &mut Cal) -> Vec<(AnalysisOf, Status)> {
        let now = cal.now();
        self.planned.take_if(|planned| *planned == now);
        let mut over = Vec::new();
        for trial in &mut self.runs {
            trial.run.measure(now, |figure, span| self.window.figure(now, span, figure));
            if trial.run.status() != Status::Running && !trial.told {
                trial.told = true;
                over.push((trial.of, trial.run.status()));
            }
        }
        self.plan(cal);
        over
    }

    /// Plans to look at them when there is something to be done, unless a look comes no later anyway.
    fn plan(&mut self, cal: &mut Cal) {
        let due = self.runs.iter().filter_map(|trial| trial.due(cal.now())).min();
        if let Some(at) = due.filter(|&due| self.planned.is_none_or(|planned| due < planned)) {
            self.planned = Some(at);
            cal.at(at, Event::Trials);
        }
    }
}

impl<O: Observer> World<O> {
    /// Begins the analyses that the strategy wants by now, and forgets those that it does not want any more.
    pub(in crate::fleet) fn follow_trials(&mut self, cal: &mut Cal) {
        let now = cal.now();
        let Some(control) = &mut self.control else { return };
        let Some(mut trials) = control.trials.take() else { return };
        let rollout = control.rollout();
        let (wanted, template) = (rollout.analyses(now), rollout.template());
        trials.runs.retain(|trial| trial.revision == template && wanted.contains(&trial.of));
        for of in wanted {
            if trials.runs.iter().all(|trial| trial.of != of)
                && let Some(analysis) = rollout.analysis(of)
            {
                let run = Run::new(&analysis.metrics, now);
                trials.runs.push(Trial { of, revision: template, run, told: false });
            }
        }
        trials.plan(cal);
        control.trials = Some(trials);
    }

    /// Measurements are due, unless they were for an analysis that nobody wants any more.
    pub(in crate::fleet) fn on_trials(&mut self, cal: &mut Cal) {
        let Some(trials) = self.control.as_mut().and_then(|c| c.trials.as_mut()) else { return };
        for (of, status) in trials.measure(cal) {
            self.end_trial(of, status, cal);
        }
    }

    fn end_trial(&mut self, of: AnalysisOf, status: Status, cal: &mut Cal) {
        let verdict = match status {
            Status::Running => return,
            Status::Passed => AnalysisVerdict::Passed,
            Status::Failed => AnalysisVerdict::Failed,
            Status::Inconclusive => AnalysisVerdict::Inconclusive,
        };
        self.tell(cal, Fact::Analysis { of: Some(of), verdict });
        match verdict {
            AnalysisVerdict::Passed => {
                self.with_rollout(cal, |rollout, now, out| rollout.analysis_passed(now, of, out));
            }
            AnalysisVerdict::Inconclusive => self.with_rollout(cal, Rollout::analysis_inconclusive),
            AnalysisVerdict::Failed => self.act_on_rollout(Action::Abort, cal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::AnalysisMetric;

    /// An analysis that begins `now`, and measures every 5 s for as long as there is time.
    fn endless(n: u32, now: SimTime) -> Trial {
        let every = Dur::from_secs(5);
        let metric = AnalysisMetric {
            name: String::new(),
            initial_delay: every,
            interval: Some(every),
            count: None,
            failure_limit: 0,
            inconclusive_limit: 0,
            consecutive_error_limit: 4,
            figure: None,
            scale: 1.0,
            window: every,
            success: None,
            failure: None,
        };
        Trial { of: AnalysisOf::Step(n), revision: Revision(1), run: Run::new(&[metric], now), told: false }
    }

    #[test]
    fn analyses_are_looked_at_once_in_every_moment_at_which_one_is_due() {
        let mut cal = Cal::new(SimTime::ZERO, &[], Vec::new());
        let mut trials = Trials { window: Window::new(Dur::ZERO, false), runs: Vec::new(), planned: None };
        for n in 0..3 {
            // Two at the same moments, and one a second after them.
            trials.runs.push(endless(n, SimTime::ZERO + Dur::from_secs(u64::from(n / 2))));
            trials.plan(&mut cal);
        }
        let mut looks = Vec::new();
        while let Some((now, _)) = cal.pop_until(SimTime::ZERO + Dur::from_secs(21)) {
            looks.push(now.secs());
            assert!(trials.measure(&mut cal).is_empty(), "none of them ends");
        }
        assert_eq!(looks, [5.0, 6.0, 10.0, 11.0, 15.0, 16.0, 20.0, 21.0]);
    }
}
