//! Facts in, numbers out. Sees the fleet only through its facts.

mod bins;
mod cells;
mod collector;
mod digest;
pub mod replication;

pub use collector::Collector;
