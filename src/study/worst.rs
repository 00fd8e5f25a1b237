//! The worst rollout that a search finds: seeds, and inputs that are known only to lie in a range.
//!
//! Half of the deploys are spread evenly over what is uncertain, each under a seed of its own; by these the chance of an error
//! in a deploy is told. The other half looks around the worst of those, and tells of nothing but the worst.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::forecast::play_one;
use super::grid::Grid;
use super::replicate::ReplicateError;
use super::result::worst::{Extreme, Worst};
use super::sample::spread;
use super::schedule::{Case, Judge};
use crate::engine::mix;
use crate::metrics::replication::Replication;
use crate::metrics::summary::Summary;
use crate::metrics::{Meta, digest_of};
use crate::scenario::{Axis, Diag, Draft, Layer, Scenario};
use crate::simulate;
use crate::stats::share;

/// Rounds in which the search looks around the worst so far.
const ROUNDS: usize = 4;
/// Of the worst so far, how many are looked around.
const AROUND: usize = 3;

/// One deploy to be played.
#[derive(Clone, Debug)]
struct Trial {
    seed: u64,
    /// The step of each axis.
    point: Vec<usize>,
    scenario: Arc<Scenario>,
}

/// One that was.
#[derive(Clone, Debug)]
struct Played {
    trial: Trial,
    summary: Summary,
    digest: String,
}

/// A search of `n` deploys.
#[derive(Debug)]
pub struct Hunt<'a> {
    draft: &'a Draft,
    grid: Grid,
    seed: u64,
    n: usize,
    meta: &'a Meta,
    /// Threads; all cores where `None`.
    jobs: Option<usize>,
    cancel: &'a AtomicBool,
}

impl<'a> Hunt<'a> {
    /// A search over these axes, whose ranges need no count, and over seeds from `seed` on.
    ///
    /// # Errors
    /// Too many axes.
    pub fn new(
        draft: &'a Draft,
        axes: Vec<Axis>,
        seed: u64,
        n: u32,
        meta: &'a Meta,
        jobs: Option<usize>,
        cancel: &'a AtomicBool,
    ) -> Result<Self, Vec<Diag>> {
        // As a sample would: it knows how many axes there may be.
        let grid = super::sample::Sample::new(axes, u64::from(n.max(1)))?.grid().clone();
        Ok(Self { draft, grid, seed, n: n as usize, meta, jobs, cancel })
    }

    /// Plays all of it; `heard` is called after each deploy.
    ///
    /// # Errors
    /// As [`super::forecast::forecast`].
    pub fn hunt(&self, heard: &dyn Fn()) -> Result<Worst, ReplicateError> {
        let first = self.n.div_ceil(2);
        let mut played = self.play(self.spread(first), heard)?;
        let errors = played.iter().filter(|p| has_error(&p.summary)).count() as u32;
        let spread_out = played.len() as u32;
        let mut left = self.n.saturating_sub(first);
        for round in 0..ROUNDS {
            let n = left.div_ceil(ROUNDS - round);
            left -= n;
            let trials = self.around(&played, n);
            played.extend(self.play(trials, heard)?);
        }
        let Some(worst) = played.iter().min_by(|a, b| order(a, b)) else { return Err(ReplicateError::Interrupted) };
        let values = self.grid.at(&worst.trial.point);
        Ok(Worst {
            schema: super::result::worst::SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: self.meta.scenario.clone(),
            uncertain: self.grid.columns().into_iter().map(str::to_owned).collect(),
            deploys: played.len() as u32,
            spread: spread_out,
            with_error: errors,
            // Each end with half of what may be wrong: together 95 %.
            probability: share::bounds(errors, spread_out, 0.975),
            worst: Extreme {
                seed: worst.trial.seed,
                set: values.iter().map(ToString::to_string).collect(),
                digest: worst.digest.clone(),
                summary: worst.summary.clone(),
            },
        })
    }

    /// `n` deploys spread over what is uncertain.
    fn spread(&self, n: usize) -> Vec<Trial> {
        let lengths: Vec<usize> = self.grid.axes().iter().map(Axis::len).collect();
        let points = if lengths.is_empty() { Vec::new() } else { spread(&lengths, n) };
        (0..n).filter_map(|i| self.trial(i, points.get(i % points.len().max(1)).cloned().unwrap_or_default())).collect()
    }

    /// `n` deploys around the worst so far: another seed, or one input at an end of its range or halfway there.
    fn around(&self, played: &[Played], n: usize) -> Vec<Trial> {
        let mut worst: Vec<&Played> = played.iter().collect();
        worst.sort_by(|a, b| order(a, b));
        worst.truncate(AROUND);
        let axes = self.grid.axes();
        let next = played.len();
        let of = |i: usize| {
            let base = worst.get(i % worst.len().max(1))?;
            let mut point = base.trial.point.clone();
            // Every other one keeps its inputs and draws anew.
            if axes.is_empty() || i.is_multiple_of(2) {
                return self.trial(next + i, point);
            }
            let dice = mix(self.seed ^ mix((next + i) as u64));
            let axis = (dice % axes.len() as u64) as usize;
            let last = axes[axis].len() - 1;
            let here = point[axis];
            point[axis] = match dice >> 32 & 3 {
                0 => last,
                1 => 0,
                2 => usize::midpoint(here, last),
                _ => here / 2,
            };
            self.trial(next + i, point)
        };
        (0..n).filter_map(of).collect()
    }

    /// `None` where the values break a rule of the format together.
    fn trial(&self, i: usize, point: Vec<usize>) -> Option<Trial> {
        let seed = self.seed.wrapping_add(i as u64);
        let mut scenario = self.draft.with(&self.grid.at(&point)).ok()?.scenario;
        scenario.seed = seed;
        Some(Trial { seed, point, scenario: Arc::new(scenario) })
    }

    fn play(&self, trials: Vec<Trial>, heard: &dyn Fn()) -> Result<Vec<Played>, ReplicateError> {
        if trials.is_empty() {
            return Ok(Vec::new());
        }
        let metas = trials.iter().map(|t| Meta {
            seed: t.seed,
            proxied: t.scenario.load_balancer.layer == Layer::L7,
            ..self.meta.clone()
        });
        let judge = Summaries { metas: metas.collect(), heard: Vec::new() };
        let played = &trials;
        let simulation = move |k: u32, given_up: &AtomicBool| {
            let trial = &played[k as usize % played.len()];
            simulate::run_unless(&trial.scenario, trial.seed, 0, given_up)
        };
        let judge =
            play_one(Case { simulation: Arc::new(simulation), judge }, self.seed, self.jobs, self.cancel, heard)?;
        let heard = judge.heard.into_iter();
        Ok(trials.into_iter().zip(heard).map(|(trial, (summary, digest))| Played { trial, summary, digest }).collect())
    }
}

/// Keeps what is needed of each.
struct Summaries {
    metas: Vec<Meta>,
    heard: Vec<(Summary, String)>,
}

impl Judge for Summaries {
    fn sure(&self) -> u32 {
        self.metas.len() as u32
    }

    fn most(&self) -> u32 {
        self.sure()
    }

    fn hear(&mut self, replication: Replication) -> Result<bool, String> {
        let meta = &self.metas[self.heard.len()];
        let digest = digest_of(std::slice::from_ref(&replication));
        self.heard.push((Summary::alone(meta, &replication), digest));
        Ok(self.heard.len() >= self.metas.len())
    }
}

/// Whether a client was told of a server's error.
fn has_error(summary: &Summary) -> bool {
    ["500", "502", "503", "504"].iter().any(|status| summary.outcomes.get(status).is_some_and(|f| f.mean > 0.0))
}

/// The worse first: more dropped requests, then a rollout that did not complete, then a longer p99, then the earlier.
fn order(a: &Played, b: &Played) -> std::cmp::Ordering {
    let key = |p: &Played| {
        let mean = |f: crate::metrics::Figure| f.map_or(0.0, |f| f.mean);
        let stuck = if p.summary.rollout.complete == Some(false) { 1.0 } else { 0.0 };
        [mean(p.summary.dropped), stuck, mean(p.summary.latency.during.p99)]
    };
    let (x, y) = (key(a), key(b));
    let worse = x.iter().zip(&y).map(|(a, b)| b.total_cmp(a)).find(|o| o.is_ne());
    worse.unwrap_or(std::cmp::Ordering::Equal).then(a.trial.seed.cmp(&b.trial.seed))
}
