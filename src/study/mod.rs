//! Many runs for one answer.

pub mod replicate;
pub mod validate;
