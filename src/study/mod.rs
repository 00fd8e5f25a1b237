//! Many runs for one answer.

pub mod check;
pub mod comparison;
pub mod cost;
pub mod design;
pub mod effort;
pub mod forecast;
pub mod grid;
pub mod header;
pub mod journal;
pub mod measure;
pub mod objective;
pub mod parts;
pub mod replicate;
pub mod row;
pub mod sample;
pub mod schedule;
pub mod shard;
pub mod shard_env;
pub mod standing;
pub mod steady_cache;
pub mod sweep;
pub mod table;
pub mod tally;
pub mod versus;
