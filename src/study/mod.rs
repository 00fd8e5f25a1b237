//! Many runs for one answer.

pub mod replicate;
pub mod shard;
pub mod shard_env;
