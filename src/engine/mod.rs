//! Time, order and chance. Knows nothing of pods or requests.

mod draw;
mod time;

pub use draw::{Family, Purpose, Stream, Streams, mix};
pub use time::{Dur, SimTime};
