//! Replications in parallel: order kept, so that the number of threads cannot be told from the result.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

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
}

impl fmt::Display for ReplicateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threads(why) => write!(f, "cannot start threads: {why}"),
            Self::Broken { seed, replication, message } => {
                write!(f, "the simulation broke with seed {seed} in replication {replication}: {message}")
            }
        }
    }
}

impl std::error::Error for ReplicateError {}

/// Runs replications `0..n` of `run` on `jobs` threads (all cores where `None`) and returns them in their order.
///
/// `done` is called after each, from whatever thread ran it. The result is the same for any `jobs`.
///
/// # Errors
/// Where a replication panics, the first by number, with its `seed`; or where no threads can be started.
pub fn replicate<F>(
    n: u32,
    jobs: Option<usize>,
    seed: u64,
    run: F,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<Replication>, ReplicateError>
where
    F: Fn(u32) -> Replication + Sync,
{
    let one = |replication: u32| {
        let result = catch_unwind(AssertUnwindSafe(|| run(replication)));
        done();
        result.map_err(|panic| ReplicateError::Broken { seed, replication, message: text(panic.as_ref()) })
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.unwrap_or(0))
        .build()
        .map_err(|e| ReplicateError::Threads(e.to_string()))?;
    // Collected whole before the first error is looked for: which one is reported must not hang on timing.
    let results: Vec<_> = pool.install(|| (0..n).into_par_iter().map(one).collect());
    results.into_iter().collect()
}

/// What a panic said.
fn text(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

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
        let seen = AtomicU32::new(0);
        let count = || {
            seen.fetch_add(1, Ordering::Relaxed);
        };
        replicate(5, Some(2), 1, sample::clean, &count).expect("nothing panics");
        assert_eq!(seen.into_inner(), 5);
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
