//! Many runs for one answer.

pub mod cost;
pub mod design;
pub mod flip;
pub mod forecast;
pub mod grid;
pub mod input;
pub mod journal;
pub mod measure;
pub mod objective;
pub mod parting;
pub mod parts;
pub mod recommend;
pub mod replicate;
pub mod result;
pub mod sample;
pub mod schedule;
pub mod shard;
pub mod shard_env;
pub mod standing;
pub mod steady_cache;
pub mod sweep;
pub mod tally;
pub mod validate;
pub mod versus;
pub mod worst;
