//! How an objective stands: deploys that met it, and what can be said of all deploys from that.

use super::objective::Objective;
use super::result::finding::{Finding, Verdict};
use crate::metrics::summary::Summary;
use crate::stats::share::{self, ShareTest};

/// An objective, and the deploys that were held to it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What they were held to.
    pub objective: Objective,
    share: f64,
    confidence: f64,
    met: u32,
    deploys: u32,
    /// Where one looks after every deploy: what may be said then.
    test: Option<ShareTest>,
    /// The worst that one deploy had, and in which replication; where it was measured at all.
    worst: Option<(f64, u32)>,
}

impl Standing {
    /// No deploy yet. With `adaptive`, one looks after every one.
    pub fn new(objective: Objective, share: f64, confidence: f64, adaptive: bool) -> Self {
        let test = adaptive.then(|| ShareTest::new(share, confidence));
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
        if let Some(test) = &mut self.test {
            test.observe(met);
        }
    }

    /// What can be said.
    pub fn verdict(&self) -> Verdict {
        let decision = match &self.test {
            Some(test) => test.decision(),
            None => share::decide(self.met, self.deploys, self.share, self.confidence),
        };
        decision.into()
    }

    /// As results hold it.
    pub fn finding(&self) -> Finding {
        let share = match &self.test {
            Some(test) => test.bounds(),
            None => share::bounds(self.met, self.deploys, self.confidence),
        };
        Finding {
            objective: self.objective.name().to_owned(),
            limit: self.objective.limit().to_owned(),
            deploys: self.deploys,
            met: self.met,
            share,
            worst: self.worst.map(|w| w.0),
            worst_replication: self.worst.map(|w| w.1),
            verdict: self.verdict(),
        }
    }
}
