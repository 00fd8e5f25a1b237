//! A combination of settings in the race, and what has been heard of it.

use super::space::Point;
use crate::fleet::fact::Cause;
use crate::metrics::recovery::Recovery;
use crate::metrics::replication::Replication;
use crate::metrics::summary::Summary;
use crate::metrics::{Figure, Meta};
use crate::scenario::{Assignment, Scenario};
use crate::stats::anytime::anytime_interval;
use crate::stats::{Estimate, Range};
use crate::study::objective::Objective;
use crate::study::result::finding::{Finding, Verdict, overall};
use crate::study::result::price::{Cost, Prices};
use crate::study::schedule::Judge;
use crate::study::standing::{Looking, Standing};
use crate::study::tally::Question;

/// What was heard of a combination, deploy by deploy.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    meta: Meta,
    standings: Vec<Standing>,
    /// By deploy.
    costs: Vec<[f64; Cost::ALL.len()]>,
    /// By deploy: how far it was from its objectives, in parts of each limit; 0 where it met them.
    missed: Vec<f64>,
    /// By deploy: dropped requests by cause, in the order of the causes.
    causes: Vec<[f64; Cause::ALL.len()]>,
    /// How the fleet came back, in the deploys of which that can be told: what was worst in any of them.
    recovery: Option<Recovery>,
    /// The share of requests dropped before the deploy, at the worst.
    dropped_before: f64,
    /// Whether a rollout did not complete.
    stuck: bool,
}

impl Heard {
    pub(super) fn new(question: &Question, meta: Meta) -> Self {
        let standing = |o: &Objective| Standing::new(o.clone(), question.share, question.confidence, Looking::Always);
        Self {
            meta,
            standings: question.objectives.iter().map(standing).collect(),
            costs: Vec::new(),
            missed: Vec::new(),
            causes: Vec::new(),
            recovery: None,
            dropped_before: 0.0,
            stuck: false,
        }
    }

    /// Deploys heard of.
    pub(super) fn deploys(&self) -> u32 {
        self.costs.len() as u32
    }

    fn hear(&mut self, replication: &Replication) {
        let alone = Summary::alone(&self.meta, replication);
        let mut missed = 0.0;
        for standing in &mut self.standings {
            standing.observe(&alone);
            missed += standing.objective.missed_by(&alone);
        }
        if let Some(recovery) = replication.recovery {
            self.recovery = Some(self.recovery.map_or(recovery, |worst| worst.or_worse(&recovery)));
        }
        self.missed.push(missed);
        let before = &replication.phases[0];
        self.dropped_before = self.dropped_before.max(before.dropped() as f64 / before.requests.max(1) as f64);
        self.stuck |= alone.rollout.complete == Some(false);
        self.costs.push(Cost::ALL.map(|cost| cost.of(&alone)));
        self.causes.push(Cause::ALL.map(|cause| alone.causes.get(cause.name()).map_or(0.0, |f| f.mean)));
    }

    /// How the objectives stand. A rollout that does not complete has met none.
    pub(super) fn verdict(&self) -> Verdict {
        if self.stuck {
            return Verdict::Broken;
        }
        overall(self.standings.iter().map(Standing::verdict)).unwrap_or(Verdict::Holds)
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        self.standings.iter().map(Standing::finding).collect()
    }

    /// The deploys that missed an objective, by their place.
    pub(super) fn misses(&self) -> impl Iterator<Item = u32> {
        (0..self.deploys()).zip(&self.missed).filter(|(_, missed)| **missed > 0.0).map(|(k, _)| k)
    }

    /// Deploys that met all objectives.
    pub(super) fn met(&self) -> u32 {
        self.missed.iter().filter(|&&m| m == 0.0).count() as u32
    }

    /// How far a deploy is from its objectives, in the mean.
    pub(super) fn missed(&self) -> f64 {
        self.missed.iter().sum::<f64>() / self.missed.len().max(1) as f64
    }

    /// The same, deploy by deploy.
    pub(super) fn missed_by(&self) -> &[f64] {
        &self.missed
    }

    /// Whether a rollout did not complete.
    pub(super) const fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// The share of requests that were dropped before the deploy, in the worst of all deploys.
    pub(super) const fn dropped_before(&self) -> f64 {
        self.dropped_before
    }

    /// How the fleet came back, at the worst; `None` where that can be told of no deploy.
    pub(super) const fn recovery(&self) -> Option<Recovery> {
        self.recovery
    }

    /// One cost, deploy by deploy.
    pub(super) fn values(&self, cost: Cost) -> Vec<f64> {
        let place = cost as usize;
        self.costs.iter().map(|c| c[place]).collect()
    }

    /// Requests dropped for one cause, deploy by deploy.
    pub(super) fn of_cause(&self, cause: Cause) -> Vec<f64> {
        self.causes.iter().map(|c| c[cause as usize]).collect()
    }

    /// What each deploy cost in all.
    pub(super) fn totals(&self, prices: &Prices) -> Vec<f64> {
        self.costs.iter().map(|c| prices.total(c)).collect()
    }

    /// The mean of a cost, with an interval that holds whenever the race looked.
    pub(super) fn figure(&self, cost: Cost) -> Figure {
        let values = self.values(cost);
        let mut figure = Estimate::of(&values, Range::NotNegative)?;
        figure.ci95 = if cost == Cost::Dropped && values.iter().all(|&v| v == 0.0) && values.len() > 1 {
            Some([0.0, crate::stats::poisson_upper(values.len())])
        } else {
            anytime_interval(&values, Range::NotNegative, 0.95)
        };
        Some(figure)
    }
}

/// A combination of settings in the race.
#[derive(Debug)]
pub(super) struct Entrant {
    pub(super) point: Point,
    /// What is set, the settings that follow from others included.
    pub(super) assignments: Vec<Assignment>,
    pub(super) scenario: Scenario,
    pub(super) heard: Heard,
    /// Whether deploys on fresh numbers have shown that it does not hold, or could not show that it does.
    pub(super) refuted: bool,
    /// Lost trials of others of which it has met the deploys that these missed.
    pub(super) passed: usize,
}

impl Entrant {
    /// How many settings it changes.
    pub(super) fn changes(&self) -> usize {
        self.point.iter().flatten().count()
    }
}

/// So many deploys are heard of a combination that is broken, too: its figures stand in tables.
const ALWAYS: u32 = 10;

/// Hears some deploys more of one combination: until there are so many, or an objective is broken.
pub(super) struct Batch {
    pub(super) heard: Heard,
    /// How many there were, and how many there are to be.
    pub(super) from: u32,
    pub(super) to: u32,
    /// Whether all of them are wanted, whatever is broken.
    pub(super) all: bool,
}

impl Judge for Batch {
    fn sure(&self) -> u32 {
        // A broken objective shows in a few deploys; what comes after them is thrown away.
        if self.from == 0 { (self.to - self.from).min(2) } else { self.to - self.from }
    }

    fn most(&self) -> u32 {
        self.to - self.from
    }

    fn hear(&mut self, replication: Replication) -> Result<bool, String> {
        self.heard.hear(&replication);
        let enough = self.heard.deploys() >= self.to;
        Ok(enough || !self.all && self.heard.verdict() == Verdict::Broken && self.to > ALWAYS)
    }
}
