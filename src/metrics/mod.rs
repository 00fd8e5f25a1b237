//! Facts in, numbers out. Sees the fleet only through its facts.

mod bins;
mod cells;
mod collector;
mod columns;
mod digest;
mod figures;
mod level_tally;
mod peak;
pub mod recovery;
pub mod replication;
pub mod results;
#[cfg(test)]
pub(crate) mod sample;
pub mod scene;
pub mod series;
pub mod summary;
mod sure;
pub mod validation;

pub use collector::Collector;
pub use figures::{Figure, Figures};
pub use results::{Meta, Results, Simulated, digest_of};
pub use series::{NodeRow, PodRow};
