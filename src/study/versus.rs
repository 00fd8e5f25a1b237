//! Policies against each other: the same traffic, the same accidents, replication by replication.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::forecast::play_one;
use super::measure::Measure;
use super::replicate::ReplicateError;
use super::result::comparison::{self, Compared, Comparison, PolicyCompared};
use super::result::effort::Effort;
use super::schedule::{Case, Judge};
use super::standing::Standing;
use super::steady_cache::{SHARED_BYTES, SteadyCache, case_key};
use super::tally::{Keep, Question, Tally, is_look};
use crate::metrics::replication::Replication;
use crate::metrics::summary::Summary;
use crate::metrics::{Figure, Meta, Results};
use crate::scenario::Scenario;
use crate::stats::paired::{self, Verdict, paired, paired_anytime};
use crate::stats::unpaired::unpaired;

/// Replications of which series are kept: enough for a picture.
pub const PICTURED: u32 = 10;

/// Several policies, of which the first is the baseline. As a judge it hears them in turns: replication 0 of each, then 1 of
/// each, and so on.
#[derive(Clone, Debug)]
pub struct Match {
    tallies: Vec<Tally>,
    measures: Vec<Measure>,
    /// By policy, by measure, by replication.
    values: Vec<Vec<Vec<Option<f64>>>>,
    /// The share of the baseline's figure that is no difference.
    margin: f64,
    /// Whether replications are added until every figure has a verdict.
    until_told: bool,
    least: u32,
    most: u32,
    heard: usize,
}

impl Match {
    /// A match between policies, the baseline first, each with what is asked of it alone. With `until_told`, replications are
    /// added until every figure has a verdict, too.
    pub fn new(policies: Vec<(Question, Meta)>, measures: Vec<Measure>, margin: f64, until_told: bool) -> Self {
        let bound = |of: fn(&Effort) -> u32| policies.iter().map(|p| of(&p.0.effort)).max().unwrap_or(0);
        let (least, most) = (bound(Effort::least), bound(Effort::most));
        let values = vec![vec![Vec::new(); measures.len()]; policies.len()];
        let tallies =
            policies.into_iter().map(|(question, meta)| Tally::new(&question, meta, Keep::First(PICTURED))).collect();
        Self { tallies, measures, values, margin, until_told, least, most, heard: 0 }
    }

    /// What was heard of each policy.
    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }

    /// What was heard of each policy, for who keeps it.
    pub fn into_tallies(self) -> Vec<Tally> {
        self.tallies
    }

    /// What it comes to; `names` are the policies', `seed` is that of all.
    pub fn comparison(&self, names: &[String], seed: u64) -> Comparison {
        Comparison {
            schema: comparison::SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed,
            replications: self.tallies[0].replications().len() as u32,
            margin: self.margin,
            comparisons: self.comparisons(),
            baseline: names[0].clone(),
            policies: (1..self.tallies.len())
                .map(|p| PolicyCompared {
                    policy: names[p].clone(),
                    figures: self.compare(p),
                    objectives: self.tallies[p].standings().iter().map(Standing::finding).collect(),
                    parting: None,
                })
                .collect(),
            results: Vec::new(),
        }
    }

    /// The forecast of each policy, the baseline's first. Their series are of the first [`PICTURED`] replications.
    pub fn results(&self) -> Vec<Results> {
        self.tallies.iter().map(|t| Results::of(t.meta(), t.replications(), t.looks())).collect()
    }

    /// Statements that are made at once: each figure of each policy.
    fn comparisons(&self) -> usize {
        (self.tallies.len() - 1) * self.measures.len()
    }

    /// Policy `p` against the baseline, figure by figure; a figure that was never measured is left out.
    pub fn compare(&self, p: usize) -> Vec<Compared> {
        (0..self.measures.len()).filter_map(|m| self.figure(p, m)).collect()
    }

    fn figure(&self, p: usize, m: usize) -> Option<Compared> {
        let measure = &self.measures[m];
        let both = self.values[0][m].iter().zip(&self.values[p][m]).filter_map(|(b, p)| Some(((*b)?, (*p)?)));
        let (baseline, policy): (Vec<f64>, Vec<f64>) = both.unzip();
        let difference = if self.until_told { paired_anytime } else { paired };
        let difference = difference(&baseline, &policy, measure.kind, self.comparisons())?;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (baseline, policy) = (mean(&baseline), mean(&policy));
        let margin = measure.margin(baseline, self.margin);
        let verdict = paired::verdict(&difference, margin, measure.better);
        Some(Compared { measure: measure.clone(), baseline, policy, difference, margin, verdict })
    }

    /// Whether every figure of every policy has a verdict.
    fn is_told(&self) -> bool {
        let told = |p: usize| self.compare(p).iter().all(|c| c.verdict != Verdict::Undecided);
        (1..self.tallies.len()).all(told)
    }
}

impl Judge for Match {
    fn sure(&self) -> u32 {
        self.least * self.tallies.len() as u32
    }

    fn most(&self) -> u32 {
        self.most.saturating_mul(self.tallies.len() as u32)
    }

    fn hear(&mut self, replication: Replication) -> Result<bool, String> {
        let policies = self.tallies.len();
        let p = self.heard % policies;
        self.heard += 1;
        let tally = &mut self.tallies[p];
        let alone = Summary::alone(tally.meta(), &replication);
        for (measure, values) in self.measures.iter().zip(&mut self.values[p]) {
            values.push(measure.value(&alone));
        }
        tally.hear(replication)?;
        if p + 1 < policies {
            return Ok(false);
        }
        let n = (self.heard / policies) as u32;
        if n >= self.most {
            return Ok(true);
        }
        Ok(n >= self.least
            && self.tallies.iter().all(|t| t.stopped().is_some())
            && (!self.until_told || (is_look(n) && self.is_told())))
    }
}

/// Plays policies against each other until all that is asked of them is answered; `heard` is called after each replication.
///
/// Every policy is played under the seed of the first, so that all face the same traffic, and what they share is simulated once.
///
/// # Errors
/// As [`forecast`](super::forecast::forecast).
pub fn compare(
    played: Match,
    scenarios: &[Scenario],
    jobs: Option<usize>,
    cancel: &AtomicBool,
    heard: &dyn Fn(),
) -> Result<Match, ReplicateError> {
    let policies = scenarios.len() as u32;
    let cache = SteadyCache::new(scenarios.iter().map(case_key), SHARED_BYTES);
    let simulation =
        |k: u32, given_up: &AtomicBool| cache.replicate(&scenarios[(k % policies) as usize], k / policies, given_up);
    let seed = scenarios[0].seed;
    play_one(Case { simulation: Arc::new(simulation), judge: played }, seed, jobs, cancel, heard)
}

/// A case beside a result of which only the figures are left: unpaired, since what either replication met is forgotten.
pub fn beside(baseline: &Results, tally: &Tally, measures: &[Measure], margin: f64) -> Vec<Compared> {
    let (base, this) = (baseline.summary.columns(), tally.summary().columns());
    let find = |columns: &[(String, Figure)], name: &str| columns.iter().find(|c| c.0 == name).and_then(|c| c.1);
    let figure = |measure: &Measure| {
        let (b, p) = (find(&base, &measure.figure)?, find(&this, &measure.figure)?);
        let n = [baseline.replications, tally.replications().len() as u32];
        let difference = unpaired(&b, &p, n, measures.len())?;
        let margin = measure.margin(b.mean, margin);
        let verdict = paired::verdict(&difference, margin, measure.better);
        Some(Compared { measure: measure.clone(), baseline: b.mean, policy: p.mean, difference, margin, verdict })
    };
    measures.iter().filter_map(figure).collect()
}
