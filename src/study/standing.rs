//! How an objective stands: deploys that met it, and what can be said of all deploys from that.

use super::objective::Objective;
use super::result::finding::{Finding, Verdict};
use crate::metrics::summary::Summary;
use crate::stats::share::{self, CurtailedTest, ShareTest};

/// When one looks how an objective stands, which says what may then be said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looking {
    /// After a number of deploys that was fixed beforehand.
    Once,
    /// After every deploy, for as long as one pleases.
    Always,
    /// After every one of so many, for what they will say.
    Towards(u32),
}

/// What the deploys are put to.
#[derive(Clone, Debug)]
enum Test {
    Fixed,
    Sequential(ShareTest),
    Curtailed(CurtailedTest),
}

/// An objective, and the deploys that were held to it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What they were held to.
    pub objective: Objective,
    share: f64,
    confidence: f64,
    met: u32,
    deploys: u32,
    test: Test,
    /// The worst that one deploy had, and in which replication; where it was measured at all.
    worst: Option<(f64, u32)>,
}

impl Standing {
    /// No deploy yet.
    pub fn new(objective: Objective, share: f64, confidence: f64, looking: Looking) -> Self {
        let test = match looking {
            Looking::Once => Test::Fixed,
            Looking::Always => Test::Sequential(ShareTest::new(share, confidence)),
            Looking::Towards(of) => Test::Curtailed(CurtailedTest::new(share, confidence, of)),
        };
        Self { objective, share, confidence, met: 0, deploys: 0, test, worst: None }
    }

    /// Holds the next deploy to it, of which this is the summary.
    pub fn observe(&mut self, deploy: &Summary) {
        let met = self.objective.is_met(deploy);
        if let Some(value) = self.objective.value(deploy) {
            let worse = |w: f64| if self.objective.is_least() { value < w } else { value > w };
            if self.worst.is_none_or(|(w, _)| worse(w)) {
                self.worst = Some((value, self.deploys));
            }
        }
        self.met += u32::from(met);
        self.deploys += 1;
        match &mut self.test {
            Test::Fixed => {}
            Test::Sequential(test) => _ = test.observe(met),
            Test::Curtailed(test) => test.observe(met),
        }
    }

    /// What can be said.
    pub fn verdict(&self) -> Verdict {
        let decision = match &self.test {
            Test::Fixed => share::decide(self.met, self.deploys, self.share, self.confidence),
            Test::Sequential(test) => test.decision(),
            Test::Curtailed(test) => test.decision(),
        };
        decision.into()
    }

    /// Between which verdicts, the best first, there is still a choice: what one looks towards may come to either. What is
    /// decided otherwise stays, and what is not may become anything.
    pub fn open(&self) -> [Verdict; 2] {
        match (&self.test, self.verdict()) {
            (Test::Curtailed(test), _) => test.at_the_end().map(Verdict::from),
            (Test::Sequential(_), Verdict::Undecided) => [Verdict::Holds, Verdict::Broken],
            (_, decided) => [decided; 2],
        }
    }

    /// As results hold it.
    pub fn finding(&self) -> Finding {
        let share = match &self.test {
            Test::Sequential(test) => test.bounds(),
            Test::Curtailed(test) => test.bounds(),
            Test::Fixed => share::bounds(self.met, self.deploys, self.confidence),
        };
        Finding {
            objective: self.objective.name().to_owned(),
            limit: self.objective.limit().to_owned(),
            deploys: self.deploys,
            met: self.met,
            share,
            worst: self.worst.map(|w| w.0),
            worst_replication: self.worst.map(|w| w.1 + 1),
            verdict: self.verdict(),
        }
    }
}
