//! All combinations that have entered the race, and how they are played.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::entrant::{Batch, Entrant, Heard};
use super::space::{Point, Space};
use crate::metrics::Meta;
use crate::metrics::replication::Replication;
use crate::scenario::{Assignment, Draft, Layer, Scenario};
use crate::study::replicate::ReplicateError;
use crate::study::schedule::{self, Broken, Case, News};
use crate::study::steady_cache::{SHARED_BYTES, SteadyCache, case_key};
use crate::study::tally::Question;

/// Deploys from this number on are kept for the last test, so that what was chosen is held to numbers that had no part in the
/// choice; as many for each trial.
pub(super) const FRESH: u32 = 1 << 20;
/// Deploys that are played at once where a few may be enough.
const FEW: u32 = 8;

/// What is told while the search goes on.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    /// So many deploys more will be simulated, as far as is known.
    Wanted(u32),
    /// One was; or it is not needed any more.
    Done,
}

/// How simulations are made.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// Threads; all cores where `None`.
    pub jobs: Option<usize>,
    /// After this turns true nothing is begun.
    pub cancel: &'a AtomicBool,
    /// Hears how far it is.
    pub tell: &'a dyn Fn(Told),
}

impl std::fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

/// Where deploys come from: deploy k of a scenario.
pub(super) type Source<'a> = Box<dyn Fn(&Scenario, u32, &AtomicBool) -> Option<Replication> + Send + Sync + 'a>;

/// The combinations, by the order in which they entered.
pub(super) struct Field<'a> {
    pub(super) draft: &'a Draft,
    pub(super) space: &'a Space,
    pub(super) question: &'a Question,
    meta: &'a Meta,
    work: Work<'a>,
    source: Source<'a>,
    pub(super) entrants: Vec<Entrant>,
    by_point: BTreeMap<Point, Option<usize>>,
    /// Simulated deploys so far.
    pub(super) played: u64,
    /// Whether the work was ended while something was looked at that can be left out.
    pub(super) interrupted: bool,
}

impl<'a> Field<'a> {
    pub(super) fn new(
        draft: &'a Draft,
        scenario: &Scenario,
        space: &'a Space,
        question: &'a Question,
        meta: &'a Meta,
        work: Work<'a>,
    ) -> Self {
        // Twice, so that it is shared whoever comes.
        let cache = SteadyCache::new([case_key(scenario); 2], SHARED_BYTES);
        Self::over(
            draft,
            space,
            question,
            meta,
            work,
            Box::new(move |scenario, k, given_up| cache.replicate(scenario, k, given_up)),
        )
    }

    /// The same over deploys that come from elsewhere.
    pub(super) fn over(
        draft: &'a Draft,
        space: &'a Space,
        question: &'a Question,
        meta: &'a Meta,
        work: Work<'a>,
        source: Source<'a>,
    ) -> Self {
        let (entrants, by_point) = (Vec::new(), BTreeMap::new());
        Self { draft, space, question, meta, work, source, entrants, by_point, played: 0, interrupted: false }
    }

    /// What was found; `None` where the work was ended before it was, which is remembered.
    ///
    /// # Errors
    /// Any other.
    pub(super) fn so_far<T>(&mut self, found: Result<T, ReplicateError>) -> Result<Option<T>, ReplicateError> {
        match found {
            Err(ReplicateError::Interrupted) => {
                self.interrupted = true;
                Ok(None)
            }
            found => found.map(Some),
        }
    }

    /// The combination at a point, which enters if it is new; `None` where it is none.
    pub(super) fn enter(&mut self, point: Point) -> Option<usize> {
        if let Some(known) = self.by_point.get(&point) {
            return *known;
        }
        let entered = self.space.scenario(self.draft, &point).map(|(scenario, assignments)| {
            self.entrants.push(self.entrant(point.clone(), scenario, assignments));
            self.entrants.len() - 1
        });
        self.by_point.insert(point, entered);
        entered
    }

    /// A combination outside the race, such as one under other assumptions.
    pub(super) fn guest(&mut self, point: Point, scenario: Scenario) -> usize {
        let guest = self.entrant(point, scenario, Vec::new());
        self.entrants.push(guest);
        self.entrants.len() - 1
    }

    fn entrant(&self, point: Point, scenario: Scenario, assignments: Vec<Assignment>) -> Entrant {
        let heard = self.nothing_heard(&scenario, self.question);
        Entrant { point, assignments, scenario, heard, refuted: false, passed: 0 }
    }

    fn nothing_heard(&self, scenario: &Scenario, question: &Question) -> Heard {
        let proxied = scenario.rolled().balancer.layer == Layer::L7;
        Heard::new(question, Meta { proxied, ..self.meta.clone() })
    }

    /// Plays each of `wishes` (a combination, and how many deploys of it there are to be) on the race's numbers.
    ///
    /// # Errors
    /// As [`crate::study::forecast::forecast`].
    pub(super) fn play(&mut self, wishes: &[(usize, u32)]) -> Result<(), ReplicateError> {
        self.play_to(wishes, false)
    }

    /// Plays `to` deploys of each, whatever is broken.
    ///
    /// # Errors
    /// As [`Field::play`].
    pub(super) fn play_all(&mut self, entrants: &[usize], to: u32) -> Result<(), ReplicateError> {
        let wishes: Vec<(usize, u32)> = entrants.iter().map(|&e| (e, to)).collect();
        self.play_to(&wishes, true)
    }

    fn play_to(&mut self, wishes: &[(usize, u32)], all: bool) -> Result<(), ReplicateError> {
        let wishes: Vec<(usize, u32)> =
            wishes.iter().copied().filter(|&(e, to)| self.entrants[e].heard.deploys() < to).collect();
        let batch = |&(e, to): &(usize, u32)| {
            let heard = self.entrants[e].heard.clone();
            let from = heard.deploys();
            (e, Batch { heard, from, to, all })
        };
        let batches: Vec<(usize, Batch)> = wishes.iter().map(batch).collect();
        let wanted = batches.len();
        let done = self.batches(batches, &|k| k)?;
        let complete = done.len() == wanted;
        // What was heard to the end is kept, whatever became of the others.
        for (e, heard) in done {
            self.entrants[e].heard = heard;
        }
        if complete { Ok(()) } else { Err(ReplicateError::Interrupted) }
    }

    /// Plays one combination on the numbers from `first` on, until an objective is decided or there are `to` deploys.
    ///
    /// # Errors
    /// As [`Field::play`].
    pub(super) fn play_fresh(
        &mut self,
        e: usize,
        question: &Question,
        first: u32,
        to: u32,
    ) -> Result<Heard, ReplicateError> {
        let mut heard = self.nothing_heard(&self.entrants[e].scenario, question);
        let mut wanted = question_least(question);
        loop {
            let from = heard.deploys();
            let batch = Batch { heard, from, to: wanted.min(to), all: false };
            heard = self.played_alone(e, batch, &|k| first + k)?;
            let decided = heard.verdict() != crate::study::result::finding::Verdict::Undecided;
            if decided || heard.deploys() >= to {
                return Ok(heard);
            }
            wanted = heard.deploys() + heard.deploys() / 2;
        }
    }

    /// Plays one combination on these numbers, in their order: how many of the deploys missed an objective. It stops once more than
    /// `most` have.
    ///
    /// # Errors
    /// As [`Field::play`].
    pub(super) fn missed_of(&mut self, e: usize, numbers: &[u32], most: u32) -> Result<u32, ReplicateError> {
        let mut heard = self.nothing_heard(&self.entrants[e].scenario, self.question);
        while heard.deploys() < numbers.len() as u32 && heard.deploys() - heard.met() <= most {
            let from = heard.deploys();
            // So many at once as keep the cores busy.
            let to = (from + FEW).min(numbers.len() as u32);
            let batch = Batch { heard, from, to, all: true };
            heard = self.played_alone(e, batch, &|k| numbers[k as usize])?;
        }
        Ok(heard.deploys() - heard.met())
    }

    fn played_alone(
        &mut self,
        e: usize,
        batch: Batch,
        number: &(dyn Fn(u32) -> u32 + Sync),
    ) -> Result<Heard, ReplicateError> {
        let mut played = self.batches(vec![(e, batch)], number)?;
        played.pop().map(|(_, heard)| heard).ok_or(ReplicateError::Interrupted)
    }

    /// Plays batches, and returns those that were heard to the end: all, unless the work was ended. `number` is that of the random
    /// numbers of their deploy k.
    fn batches(
        &mut self,
        batches: Vec<(usize, Batch)>,
        number: &(dyn Fn(u32) -> u32 + Sync),
    ) -> Result<Vec<(usize, Heard)>, ReplicateError> {
        let Work { jobs, cancel, tell } = self.work;
        let seed = self.entrants.first().map_or(0, |e| e.scenario.seed);
        let who: Vec<(usize, u32, u32)> = batches.iter().map(|(e, b)| (*e, b.from, b.to)).collect();
        let wanted: u32 = who.iter().map(|w| w.2 - w.1).sum();
        tell(Told::Wanted(wanted));
        let (entrants, source) = (&self.entrants, &self.source);
        let cases = batches.into_iter().map(|(e, judge)| {
            let (scenario, from) = (&entrants[e].scenario, judge.from);
            let simulation = move |k: u32, given_up: &AtomicBool| source(scenario, number(from + k), given_up);
            Case { simulation: Arc::new(simulation), judge }
        });
        let mut heard: BTreeMap<usize, Heard> = BTreeMap::new();
        let mut broken: BTreeMap<usize, Broken> = BTreeMap::new();
        let mut told = 0;
        schedule::play(jobs, cases, cancel, |news| match news {
            News::Heard => {
                told += 1;
                tell(Told::Done);
            }
            News::Done(n, Ok(batch)) => {
                heard.insert(n, batch.heard);
            }
            News::Done(n, Err((_, error))) => drop(broken.insert(n, error)),
        })
        .map_err(|e| ReplicateError::Threads(e.to_string()))?;
        (told..wanted).for_each(|_| tell(Told::Done));
        self.played += u64::from(told);
        // The first by place, whichever thread was the first.
        if let Some((_, broken)) = broken.pop_first() {
            return Err(ReplicateError::of(broken, seed));
        }
        Ok(heard.into_iter().map(|(n, heard)| (who[n].0, heard)).collect())
    }
}

/// So many clean deploys decide.
fn question_least(question: &Question) -> u32 {
    let n = libm::ceil(libm::log(1.0 - question.confidence) / libm::log(question.share));
    (n as u32 + 1).clamp(2, 100_000)
}
