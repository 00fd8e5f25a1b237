//! Many runs for one answer.

pub mod grid;
pub mod replicate;
