//! Numbers in, judgement out. Knows nothing of what the numbers mean.

mod bound;
mod estimate;
mod student;

pub use bound::{poisson_upper, share_upper};
pub use estimate::{Estimate, Range};
