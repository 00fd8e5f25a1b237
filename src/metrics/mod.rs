//! Facts in, numbers out. Sees the fleet only through its facts.

pub mod replication;
pub mod results;
pub mod summary;

mod columns;
mod figures;
mod series;

#[cfg(test)]
pub(crate) mod sample;

pub use figures::{Figure, Figures};
pub use results::{Meta, Results};
