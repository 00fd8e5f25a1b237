//! Every combination of the varied settings, on the same random numbers, what they share simulated once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use super::cost;
use super::result::row::Row;
use super::schedule::{self, Broken, Case, News};
use super::steady_cache::{CaseKey, SHARED_BYTES, SteadyCache, case_key};
use super::tally::{Keep, Question, Tally};
use crate::metrics::Meta;
use crate::scenario::Scenario;

/// A combination, typed and checked.
pub type Combination = (Scenario, Meta);

/// The combinations of a sweep, by row; none is kept longer than it is played.
pub trait Combinations: Sync {
    /// What row `row` simulates.
    ///
    /// # Errors
    /// Where the combination breaks a rule of the format, in words.
    fn combination(&self, row: u64) -> Result<Combination, String>;

    /// The varied settings' values in that row.
    fn values(&self, row: u64) -> Vec<String>;
}

/// What is known of a row before it is played.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its place in the grid.
    pub row: u64,
    /// What it can be expected to cost: requests a replication; 0 where it cannot be simulated.
    pub cost: f64,
    /// What its steady state depends on; or why it cannot be simulated.
    pub key: Result<CaseKey, String>,
}

/// Looks at every row of a grid, on all cores.
pub fn plan(combinations: &dyn Combinations, rows: u64) -> Vec<Planned> {
    let look = |row| match combinations.combination(row) {
        Ok((scenario, _)) => Planned { row, cost: cost::requests(&scenario), key: Ok(case_key(&scenario)) },
        Err(why) => Planned { row, cost: 0.0, key: Err(why) },
    };
    (0..rows).into_par_iter().map(look).collect()
}

/// What is told while a sweep goes on.
#[derive(Debug)]
pub enum Told {
    /// A replication more.
    Replication,
    /// A row is over, in whatever order they finish.
    Row(Box<Row>),
}

/// Plays the rows of `plan`, and tells of each as it finishes, on the calling thread. Rows that cannot be simulated are told
/// of as failed, and so is one in which the simulator breaks; the others go on. After `cancel` no replication is begun.
///
/// # Errors
/// Where no threads can be started.
pub fn sweep(
    combinations: &dyn Combinations,
    plan: &[Planned],
    question: &Question,
    each: bool,
    jobs: Option<usize>,
    cancel: &AtomicBool,
    mut tell: impl FnMut(Told),
) -> Result<(), rayon::ThreadPoolBuildError> {
    let playable: Vec<&Planned> = plan.iter().filter(|p| p.key.is_ok()).collect();
    for (planned, why) in plan.iter().filter_map(|p| Some((p, p.key.as_ref().err()?))) {
        let values = combinations.values(planned.row);
        tell(Told::Row(Box::new(Row::failed(planned.row, values, why.clone()))));
    }
    let keys = playable.iter().filter_map(|p| p.key.clone().ok());
    let cache = &SteadyCache::new(keys, SHARED_BYTES);
    let cases = playable.iter().map(|planned| {
        let typed = combinations.combination(planned.row);
        let (scenario, meta) = typed.expect("what could be typed when it was planned can be typed again");
        let judge = Tally::new(question, meta, Keep::Figures);
        Case { simulation: Arc::new(move |k, given_up: &AtomicBool| cache.replicate(&scenario, k, given_up)), judge }
    });
    schedule::play(jobs, cases, cancel, |news| match news {
        News::Heard => tell(Told::Replication),
        News::Done(n, ended) => {
            let planned = playable[n];
            if let Ok(key) = &planned.key {
                cache.case_is_over(key);
            }
            let values = combinations.values(planned.row);
            tell(Told::Row(Box::new(match ended {
                Ok(tally) => tally.row(planned.row, values, each),
                Err((_, broken)) => Row::failed(planned.row, values, broken_with(&broken, planned)),
            })));
        }
    })
}

/// What a broken row says, with what brings it about again.
fn broken_with(broken: &Broken, planned: &Planned) -> String {
    let seed = planned.key.as_ref().map_or(0, |k| k.0);
    format!("{broken} (seed {seed})")
}
