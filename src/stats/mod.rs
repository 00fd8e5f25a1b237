//! Numbers in, judgement out. Knows nothing of what the numbers mean.
//!
//! ```text
//! estimate            a mean of a fixed number of replications: Student's t
//! anytime             a mean that is looked at after every replication
//! paired, verdict     the difference of two policies, and which is better
//! unpaired            the same where only means and intervals are left
//! share               do so many deploys meet an objective: at a fixed number, or at every look
//! precision           is an interval narrow enough to stop
//! ranks               which of n samples bound a quantile
//! robust, dirichlet   an interval of a mean that does not trust the data to be normal
//! student, normal, beta, bound   distributions, by `libm` alone
//! ```
//!
//! What each interval promises, with formulas and measured coverage, is in `docs/statistics.md`.

pub mod anytime;
mod beta;
mod bound;
#[cfg(test)]
mod coverage;
mod dirichlet;
mod estimate;
mod normal;
pub mod paired;
pub mod precision;
mod ranks;
pub mod removed;
mod robust;
pub mod share;
mod student;
pub mod unpaired;
mod verdict;

pub use bound::{poisson_upper, share_upper};
pub use estimate::{Estimate, Range};
pub use ranks::quantile_ranks;
