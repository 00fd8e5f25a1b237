//! Many runs for one answer.

pub mod replicate;
