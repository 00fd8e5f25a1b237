//! Replications in parallel: order kept, so that the number of threads cannot be told from the result.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::forecast::play_one;
use super::schedule::{Broken, Case, Judge};
use crate::metrics::replication::Replication;

/// Why there are no replications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplicateError {
    /// The threads could not be started.
    Threads(String),
    /// The simulation broke one of its own invariants: a bug of ours, never of the scenario.
    Broken {
        /// The seed under which it happens again.
        seed: u64,
        /// The replication in which it happens, from 0.
        replication: u32,
        /// What it said.
        message: String,
    },
    /// A replication was given up: something goes on without end within one instant, or more comes than memory holds, as the scenario
    /// lets it.
    StoodStill {
        /// The seed under which it happens again.
        seed: u64,
        /// The replication in which it happens, from 0.
        replication: u32,
        /// What goes on, and since when.
        message: String,
    },
    /// The work was ended before it was done.
    Interrupted,
}

impl fmt::Display for ReplicateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threads(why) => write!(f, "cannot start threads: {why}"),
            Self::Interrupted => write!(f, "interrupted"),
            Self::Broken { seed, replication, message } => {
                write!(f, "the simulation broke with seed {seed} in replication {replication}: {message}")
            }
            Self::StoodStill { seed, replication, message } => {
                write!(f, "the simulation was given up with seed {seed} in replication {replication}: {message}")
            }
        }
    }
}

impl ReplicateError {
    /// Why a case that was played under `seed` came to nothing.
    pub(super) fn of(broken: Broken, seed: u64) -> Self {
        let Broken { replication, stood_still, message } = broken;
        if stood_still {
            Self::StoodStill { seed, replication, message }
        } else {
            Self::Broken { seed, replication, message }
        }
    }
}

impl std::error::Error for ReplicateError {}

/// Runs replications `0..n` of `run` on `jobs` threads (all cores where `None`) and returns them in their order.
///
/// `done` is called after each. The result is the same for any `jobs`.
///
/// # Errors
/// Where a replication panics or never ends, the first by number, with its `seed`; or where no threads can be started.
pub fn replicate<F>(
    n: u32,
    jobs: Option<usize>,
    seed: u64,
    run: F,
    done: &dyn Fn(),
) -> Result<Vec<Replication>, ReplicateError>
where
    F: Fn(u32) -> Replication + Send + Sync,
{
    if n == 0 {
        return Ok(Vec::new());
    }
    let judge = Collect { wanted: n, heard: Vec::new() };
    let case = Case { simulation: Arc::new(move |k, _: &AtomicBool| Some(run(k))), judge };
    play_one(case, seed, jobs, &AtomicBool::new(false), done).map(|collected| collected.heard)
}

/// Wants a fixed number of replications, and keeps them.
struct Collect {
    wanted: u32,
    heard: Vec<Replication>,
}

impl Judge for Collect {
    fn sure(&self) -> u32 {
        self.wanted
    }

    fn most(&self) -> u32 {
        self.wanted
    }

    fn hear(&mut self, replication: Replication) -> Result<bool, String> {
        self.heard.push(replication);
        Ok(self.heard.len() >= self.wanted as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::metrics::sample;

    fn digests(jobs: usize) -> Vec<u64> {
        let run = |i| Replication { digest: u64::from(i), ..sample::clean(i) };
        let reps = replicate(20, Some(jobs), 1, run, &|| ()).expect("nothing panics");
        reps.iter().map(|r| r.digest).collect()
    }

    #[test]
    fn order_is_kept_at_any_number_of_threads() {
        assert_eq!(digests(1), (0..20).collect::<Vec<_>>());
        assert_eq!(digests(1), digests(7));
    }

    #[test]
    fn progress_is_called_once_a_replication() {
        let seen = Cell::new(0);
        replicate(5, Some(2), 1, sample::clean, &|| seen.set(seen.get() + 1)).expect("nothing panics");
        assert_eq!(seen.get(), 5);
    }

    #[test]
    fn a_panic_names_the_seed_and_the_first_replication() {
        let run = |i| {
            assert!(i < 3, "request {i} ended twice");
            sample::clean(i)
        };
        let error = replicate(8, Some(2), 42, run, &|| ()).expect_err("it panics");
        let text = "the simulation broke with seed 42 in replication 3: request 3 ended twice";
        assert_eq!(error.to_string(), text);
    }
}
