//! Distributions of times: what a scenario may write wherever a time is random.

use crate::engine::{Dur, Stream};

/// A distribution of spans of time, ready to sample; parameters in seconds.
#[derive(Clone, Debug)]
pub enum Dist {
    /// Always this.
    Constant(Dur),
}

impl Dist {
    /// One draw. `ordinal` is used by `sequence` alone: the number of the pod within its revision, of the draw otherwise.
    pub fn sample(&self, _stream: &mut Stream, _ordinal: u64) -> Dur {
        match self {
            Self::Constant(d) => *d,
        }
    }

    /// The mean [s].
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(d) => d.secs(),
        }
    }

    /// The `p`-quantile [s], 0 < p < 1.
    pub fn quantile(&self, _p: f64) -> f64 {
        match self {
            Self::Constant(d) => d.secs(),
        }
    }

    /// A draw from the stationary residual life of a renewal process with this gap: what is left of a stream that is
    /// met at a random moment.
    pub fn residual(&self, stream: &mut Stream) -> Dur {
        match self {
            Self::Constant(d) => d.scale(stream.open01()),
        }
    }
}
