//! Which of many combinations is the cheapest that holds: whoever is surely dearer, or surely broken, is dropped early.
//!
//! All play the same deploys. A combination leaves the race when an objective is broken (a test that may be looked at after
//! every deploy), or when it is surely dearer than one that is still in it: the paired difference of what both cost, deploy by
//! deploy, with an interval that holds at every look and for all comparisons at once. Whoever left because of one that turns
//! out to be broken comes back.

use super::entrant::Entrant;
use super::field::Field;
use crate::stats::paired::{self, Better, Kind, Verdict as Difference, paired_anytime};
use crate::study::replicate::ReplicateError;
use crate::study::result::finding::Verdict;
use crate::study::result::price::Prices;

/// After so many deploys the race is looked at; in between it goes on.
const LOOKS: [u32; 10] = [2, 8, 12, 32, 59, 92, 150, 222, 300, 400];
/// Deploys after which a combination that cannot be told from the one in front is not looked at more closely.
const ENOUGH: u32 = 12;
/// Deploys from which on costs are compared: below, there is no interval.
const LEAST: u32 = 8;
/// Costs that differ by less than this share do not differ.
const SAME: f64 = 0.005;

/// By what combinations are compared, and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) prices: Prices,
    /// What each further changed setting must save, as a share of the cost.
    pub(super) worth: f64,
    /// Deploys of one combination, at most.
    pub(super) most: u32,
}

/// When a race is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Everybody in it has been seen often enough to be compared.
    Compared,
    /// The one in front holds.
    Decided,
}

impl Rules {
    /// What a combination's deploys cost, each change of a setting included.
    fn costs(&self, e: &Entrant) -> Vec<f64> {
        let factor = libm::pow(1.0 + self.worth, e.changes() as f64);
        e.heard.totals(&self.prices).into_iter().map(|total| total * factor).collect()
    }

    /// The same in the mean.
    pub(super) fn cost(&self, e: &Entrant) -> f64 {
        let costs = self.costs(e);
        costs.iter().sum::<f64>() / costs.len().max(1) as f64
    }

    /// Whether a combination may still win.
    fn may_win(&self, e: &Entrant) -> bool {
        let verdict = e.heard.verdict();
        !e.refuted && verdict != Verdict::Broken && (verdict == Verdict::Holds || e.heard.deploys() < self.most)
    }

    pub(super) fn next_look(&self, deploys: u32) -> u32 {
        LOOKS.into_iter().chain([self.most]).find(|&look| look > deploys).unwrap_or(self.most).min(self.most)
    }
}

impl Field<'_> {
    /// Those of `pool` that may still win, the cheapest first.
    pub(super) fn ranked(&self, pool: &[usize], rules: &Rules) -> Vec<usize> {
        let mut ranked: Vec<usize> = pool.iter().copied().filter(|&e| rules.may_win(&self.entrants[e])).collect();
        ranked.sort_by(|&a, &b| {
            let (x, y) = (&self.entrants[a], &self.entrants[b]);
            rules.cost(x).total_cmp(&rules.cost(y)).then(x.changes().cmp(&y.changes())).then(a.cmp(&b))
        });
        ranked
    }

    /// Those that are neither broken nor surely dearer than one that is still in the race, the cheapest first.
    fn in_play(&self, pool: &[usize], rules: &Rules) -> Vec<usize> {
        let ranked = self.ranked(pool, rules);
        let comparisons = pool.len().max(1);
        let mut playing: Vec<usize> = Vec::new();
        for &e in &ranked {
            let dearer = |&other: &usize| self.is_dearer(e, other, rules, comparisons);
            if !playing.iter().any(dearer) {
                playing.push(e);
            }
        }
        playing
    }

    /// Whether `e` surely costs more than `other`, or surely the same.
    fn is_dearer(&self, e: usize, other: usize, rules: &Rules, comparisons: usize) -> bool {
        let (e, other) = (&self.entrants[e], &self.entrants[other]);
        let n = e.heard.deploys().min(other.heard.deploys()) as usize;
        if n < LEAST as usize {
            return false;
        }
        let (costs, others) = (rules.costs(e), rules.costs(other));
        let Some(difference) = paired_anytime(&others[..n], &costs[..n], Kind::Value, comparisons) else {
            return false;
        };
        let margin = SAME * rules.cost(other).abs();
        let verdict = paired::verdict(&difference, margin, Better::Lower);
        matches!(verdict, Difference::Worse | Difference::Same)
    }

    /// Plays `pool` against each other; the one in front, or none where all are broken or undecided to the end.
    ///
    /// # Errors
    /// As [`Field::play`].
    pub(super) fn race(
        &mut self,
        pool: &[usize],
        rules: &Rules,
        until: Until,
    ) -> Result<Option<usize>, ReplicateError> {
        loop {
            let playing = self.in_play(pool, rules);
            let Some(&leader) = playing.first() else { return Ok(None) };
            let deploys = |e: &usize| self.entrants[*e].heard.deploys();
            let compared = if until == Until::Compared { LEAST } else { ENOUGH };
            let behind: Vec<usize> = playing.iter().copied().filter(|e| deploys(e) < compared).collect();
            let wishes: Vec<(usize, u32)> = if behind.is_empty() {
                let decided = self.entrants[leader].heard.verdict() != Verdict::Undecided;
                if until == Until::Compared || decided {
                    return Ok(Some(leader));
                }
                vec![(leader, rules.next_look(deploys(&leader)))]
            } else {
                // All of them to the same number, so that nobody is judged by what others have not met.
                let least = behind.iter().map(deploys).min().unwrap_or(0);
                let to = rules.next_look(least);
                behind.iter().filter(|e| deploys(e) < to).map(|&e| (e, to)).collect()
            };
            self.play(&wishes)?;
        }
    }
}

#[cfg(test)]
mod tests;
