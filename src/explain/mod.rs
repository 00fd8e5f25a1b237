//! Why requests were dropped, one by one: a run is listened to, and what was heard is put in order.
//!
//! A [`Tracer`] stands beside the measurement and is told the same facts, so that a traced run is the same run; where nobody
//! listens, nothing is written down. From its [`Trace`] and the pods' lives an [`Explanation`] is made.

mod chain;
mod explanation;
mod no_endpoints;
mod order;
mod remedy;
mod tracer;

pub use chain::Chain;
pub use explanation::{Explanation, Group, Tally, Which};
pub use order::PodOrder;
pub use tracer::{Ending, Trace, Tracer};
