//! Many runs for one answer.

pub mod design;
pub mod grid;
pub mod replicate;
pub mod sample;
