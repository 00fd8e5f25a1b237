//! The cheapest settings that hold the objectives: looked for by races on common random numbers, held to fresh ones.
//!
//! ```text
//! default, proposed, space
//!                  what may be changed, and to which values
//! field, entrant   combinations, and the deploys that were heard of each
//! race             who is surely dearer or broken leaves
//! search           what is looked at next
//! cliff            how near the winner breaks
//! margin           how near it is to never coming back
//! counterfactual   what a single setting would have prevented
//! ```

mod cliff;
mod counterfactual;
mod default;
mod entrant;
mod field;
mod margin;
mod proposed;
mod race;
mod search;
mod space;

use crate::metrics::Meta;
use crate::scenario::{Draft, Scenario};
use crate::stats::paired::paired_anytime;

use self::entrant::Heard;
use self::field::{FRESH, Field};
use self::race::{Rules, Until};
use super::replicate::ReplicateError;
use super::result::finding::{Finding, Verdict};
use super::result::price::{Cost, Prices};
use super::result::recommendation::{self, Change, Policy, Recommendation, Without};
use super::tally::Question;

pub use counterfactual::counterfactuals;
pub use field::{Told, Work};
pub use space::{Point, Setting, Space};

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// The objectives, and how sure one must be of them.
    pub question: &'a Question,
    /// What one of each cost is worth.
    pub prices: Prices,
    /// What a further change must save, as a share of the cost.
    pub worth: f64,
    /// Deploys of one combination, at most.
    pub most: u32,
}

/// Combinations that are held to fresh numbers, one after the other, until one holds.
const TRIALS: u32 = 4;
/// Deploys by which a combination is to have been decided while there are others.
const PATIENCE: u32 = 92;
/// Rows of the front.
const FRONT: usize = 6;
/// Deploys by which what stands now, and what happens without a change, is told.
const TOLD: u32 = 10;

/// Looks for the cheapest settings of `space` that hold. Ended when they are found, it has less to say of them: neither where they
/// break nor what else there is.
///
/// # Errors
/// As [`super::forecast::forecast`].
pub fn recommend(
    draft: &Draft,
    scenario: &Scenario,
    space: &Space,
    wish: &Wish<'_>,
    meta: &Meta,
    work: Work<'_>,
) -> Result<Recommendation, ReplicateError> {
    let mut field = Field::new(draft, scenario, space, wish.question, meta, work);
    let rules = Rules { prices: wish.prices, worth: wish.worth, most: wish.most };
    let now = field.enter(space.as_it_is()).unwrap_or(0);
    // First what stands, by itself: where that cannot be played to its end, nothing else need be begun.
    field.play(&[(now, 1)])?;
    let mut pool = field.search(&rules)?;
    let chosen = field.choose(&mut pool, &rules)?;
    let Chosen { e, verdict, objectives, fresh } = if let Some(chosen) = chosen {
        chosen
    } else {
        let nearer = field.nearer(&pool, now)?;
        field.chosen(nearer)
    };
    let told = field.play(&[(now, TOLD), (e, TOLD)]);
    field.so_far(told)?;
    let front = field.front(&pool, &Rules { most: rules.most.min(PATIENCE), ..rules });
    let front = field.so_far(front)?.unwrap_or_default();
    let changes = if e == now { Vec::new() } else { field.changes(e, verdict == Verdict::Holds)? };
    let inputs = if verdict == Verdict::Holds { field.sensitivities(e, draft)? } else { Vec::new() };
    let recovers = if verdict == Verdict::Holds { field.recovery(e) } else { Ok(None) };
    let recovers = field.so_far(recovers)?.flatten();
    Ok(Recommendation {
        schema: recommendation::SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        seed: scenario.seed,
        verdict,
        objectives,
        looked_at: pool.len(),
        combinations: space.len() as f64,
        simulated: field.played,
        prices: wish.prices,
        worth: wish.worth,
        settings: space.settings().iter().map(Setting::path).collect(),
        now: field.policy(now, &rules),
        recommended: field.policy_by(e, fresh.as_ref().unwrap_or(&field.entrants[e].heard), &rules),
        changes,
        set: field.entrants[e].assignments.iter().map(ToString::to_string).collect(),
        front,
        inputs,
        recovers,
        interrupted: field.interrupted,
    })
}

/// What is recommended.
struct Chosen {
    e: usize,
    verdict: Verdict,
    objectives: Vec<Finding>,
    /// What was heard of it on fresh numbers, where it was held to them. Those of the race it has won by, by luck in part: its figures
    /// there are better than it is.
    fresh: Option<Heard>,
}

/// What a trial left that was lost.
struct Lost {
    /// The numbers of the deploys that missed an objective.
    numbers: Vec<u32>,
    /// How many of these another combination may miss: a quarter of those that may be missed of all, then an eighth, and so on.
    allowed: u32,
}

impl Field<'_> {
    /// The cheapest that holds on the race's numbers and on fresh ones; `None` where none was found.
    fn choose(&mut self, pool: &mut Vec<usize>, rules: &Rules) -> Result<Option<Chosen>, ReplicateError> {
        let mut undecided: Option<Chosen> = None;
        let mut lost: Vec<Lost> = Vec::new();
        for trial in 1..=TRIALS {
            let Some(winner) = self.candidate(pool, rules, &lost)? else { break };
            // All trials together are wrong as often as one may be.
            let confidence = 1.0 - (1.0 - self.question.confidence) / f64::from(1_u32 << trial);
            let question = Question { confidence, ..self.question.clone() };
            let first = FRESH * trial;
            let heard = self.play_fresh(winner, &question, first, rules.most)?;
            // More is asked for each time: what lies just beyond where it breaks is decided by no number of deploys that anybody waits for.
            let part = f64::from(2_u32 << trial);
            let allowed = (1.0 - self.question.share) / part * f64::from(heard.deploys());
            lost.push(Lost { numbers: heard.misses().map(|k| first + k).collect(), allowed: allowed as u32 });
            let verdict = heard.verdict();
            let chosen = Chosen { e: winner, verdict, objectives: heard.findings(), fresh: Some(heard) };
            if verdict == Verdict::Holds {
                return Ok(Some(chosen));
            }
            self.entrants[winner].refuted = true;
            if verdict == Verdict::Undecided {
                undecided = undecided.or(Some(chosen));
            }
        }
        if undecided.is_none() {
            // Seen as often as may be, and neither held nor broken.
            let open = pool.iter().copied().find(|&e| {
                let entrant = &self.entrants[e];
                !entrant.refuted && entrant.heard.verdict() == Verdict::Undecided
            });
            undecided = open.map(|e| self.chosen(e));
        }
        Ok(undecided)
    }

    /// The combination `e`, by the race's numbers alone.
    fn chosen(&self, e: usize) -> Chosen {
        let heard = &self.entrants[e].heard;
        Chosen { e, verdict: heard.verdict(), objectives: heard.findings(), fresh: None }
    }

    /// The one that is to be held to fresh numbers next: in front once nothing around it is better.
    ///
    /// Whoever won the race by luck has neighbours that won by the same luck: those that fare hardly better where it failed are
    /// passed over.
    fn candidate(
        &mut self,
        pool: &mut Vec<usize>,
        rules: &Rules,
        lost: &[Lost],
    ) -> Result<Option<usize>, ReplicateError> {
        // Who cannot be told from broken for long gives way to who can; with nobody left, it is waited for.
        let patient = Rules { most: rules.most.min(PATIENCE), ..*rules };
        loop {
            let winner = match self.race(pool, &patient, Until::Decided)? {
                None => self.race(pool, rules, Until::Decided)?,
                winner => winner,
            };
            let Some(winner) = winner else { return Ok(None) };
            if !self.is_better_where_others_failed(winner, lost)? {
                self.entrants[winner].refuted = true;
                continue;
            }
            let before = pool.len();
            self.look_around(winner, pool);
            if pool.len() == before {
                return Ok(Some(winner));
            }
        }
    }

    /// Whether `e` meets the objectives in nearly all deploys in which those that lost a trial did not.
    fn is_better_where_others_failed(&mut self, e: usize, lost: &[Lost]) -> Result<bool, ReplicateError> {
        // What it has passed once it passes.
        while let Some(Lost { numbers, allowed }) = lost.get(self.entrants[e].passed) {
            if self.missed_of(e, numbers, *allowed)? > *allowed {
                return Ok(false);
            }
            self.entrants[e].passed += 1;
        }
        Ok(true)
    }

    /// A combination for people.
    fn policy(&self, e: usize, rules: &Rules) -> Policy {
        self.policy_by(e, &self.entrants[e].heard, rules)
    }

    /// The same by these deploys of it.
    fn policy_by(&self, e: usize, heard: &Heard, rules: &Rules) -> Policy {
        let entrant = &self.entrants[e];
        let settings = self.space.settings().iter().zip(&entrant.point);
        let totals = heard.totals(&rules.prices);
        Policy {
            settings: settings.map(|(s, &value)| s.text(value)).collect(),
            changes: entrant.changes(),
            costs: Cost::ALL.map(|cost| heard.figure(cost)).to_vec(),
            price: totals.iter().sum::<f64>() / totals.len().max(1) as f64,
            verdict: heard.verdict(),
            deploys: heard.deploys(),
            met: heard.met(),
        }
    }

    /// Of those that are not broken the ones that nothing cheaper beats in every cost, each played until it is decided.
    fn front(&mut self, pool: &[usize], rules: &Rules) -> Result<Vec<Policy>, ReplicateError> {
        loop {
            let front = self.undominated(pool, rules);
            let wishes: Vec<(usize, u32)> = front
                .iter()
                .filter(|&&e| self.entrants[e].heard.verdict() == Verdict::Undecided)
                .map(|&e| (e, rules.next_look(self.entrants[e].heard.deploys())))
                .filter(|&(e, to)| self.entrants[e].heard.deploys() < to)
                .collect();
            if wishes.is_empty() {
                return Ok(front.into_iter().map(|e| self.policy(e, rules)).collect());
            }
            self.play(&wishes)?;
        }
    }

    fn undominated(&self, pool: &[usize], rules: &Rules) -> Vec<usize> {
        let mut front: Vec<usize> = Vec::new();
        for e in self.ranked(pool, rules) {
            if self.entrants[e].heard.deploys() < TOLD.min(8) {
                continue;
            }
            if front.len() < FRONT && !front.iter().any(|&other| self.covers(other, e)) {
                front.push(e);
            }
        }
        front
    }

    /// Whether `other` is as good as `e` in every cost, as far as it matters.
    fn covers(&self, other: usize, e: usize) -> bool {
        Cost::ALL.iter().all(|&cost| {
            let mean = |e: usize| self.entrants[e].heard.figure(cost).map_or(0.0, |f| f.mean);
            mean(other) <= mean(e) * 1.02 + cost.floor()
        })
    }

    /// What is changed in `e`, and what happens without each; with `cliffs`, where each breaks.
    fn changes(&mut self, e: usize, cliffs: bool) -> Result<Vec<Change>, ReplicateError> {
        let point = self.entrants[e].point.clone();
        let mut changes = Vec::new();
        for n in (0..point.len()).filter(|&n| point[n].is_some()) {
            let without = self.without(e, n);
            let without = self.so_far(without)?.flatten();
            let cliff = if cliffs { self.cliff(&point, n) } else { Ok(None) };
            let cliff = self.so_far(cliff)?.flatten();
            let setting = &self.space.settings()[n];
            changes.push(Change {
                path: setting.path(),
                name: setting.name(),
                now: setting.now().to_owned(),
                value: setting.text(point[n]),
                without,
                cliff,
            });
        }
        let known = self.space.assignments(&point).len();
        let followers = &self.entrants[e].assignments[known..];
        changes.extend(followers.iter().map(|a| Change {
            path: a.path().to_owned(),
            name: self.draft.name_of(a.path()),
            now: self.entrants[0].scenario.rolled().pod.termination.grace_period.secs().to_string(),
            value: a.text().to_owned(),
            without: None,
            cliff: None,
        }));
        Ok(changes)
    }

    /// What happens in `e` if setting `n` stays as it is.
    fn without(&mut self, e: usize, n: usize) -> Result<Option<Without>, ReplicateError> {
        let mut point = self.entrants[e].point.clone();
        point[n] = None;
        let Some(other) = self.enter(point) else { return Ok(None) };
        self.play(&[(other, TOLD)])?;
        let (with, without) = (&self.entrants[e].heard, &self.entrants[other].heard);
        let deploys = with.deploys().min(without.deploys()) as usize;
        let difference = |cost: Cost| {
            let (a, b) = (with.values(cost), without.values(cost));
            paired_anytime(&a[..deploys], &b[..deploys], cost.kind(), Cost::ALL.len())
        };
        Ok(Some(Without {
            verdict: without.verdict(),
            deploys: without.deploys(),
            met: without.met(),
            costs: Cost::ALL.map(difference).to_vec(),
        }))
    }
}
