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
        (!all.is_empty()).then(|| Self { window: Window::new(longest, quantiles), runs: Vec::new() })
    }

    /// A request of the new version ended.
    pub(super) fn note(&mut self, now: SimTime, outcome: Outcome, latency: Dur) {
        self.window.note(now, outcome, latency);
    }

    fn due(&self, now: SimTime) -> Option<SimTime> {
        self.runs.iter().filter_map(|trial| trial.due(now)).min()
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
        let mut begun = None;
        for of in wanted {
            if trials.runs.iter().all(|trial| trial.of != of)
                && let Some(analysis) = rollout.analysis(of)
            {
                let trial = Trial { of, revision: template, run: Run::new(&analysis.metrics, now), told: false };
                begun = trial.due(now).into_iter().chain(begun).min();
                trials.runs.push(trial);
            }
        }
        control.trials = Some(trials);
        if let Some(at) = begun {
            cal.at(at, Event::Trials);
        }
    }

    /// Measurements are due, unless they were for an analysis that nobody wants any more.
    pub(in crate::fleet) fn on_trials(&mut self, cal: &mut Cal) {
        let now = cal.now();
        let Some(trials) = self.control.as_mut().and_then(|c| c.trials.as_mut()) else { return };
        let Trials { window, runs } = trials;
        let mut over = Vec::new();
        for trial in runs.iter_mut() {
            trial.run.measure(now, |figure, span| window.figure(now, span, figure));
            if trial.run.status() != Status::Running && !trial.told {
                trial.told = true;
                over.push((trial.of, trial.run.status()));
            }
        }
        if let Some(at) = trials.due(now) {
            cal.at(at, Event::Trials);
        }
        for (of, status) in over {
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
