//! Facts in, numbers out. Sees the fleet only through its facts.

pub mod replication;
