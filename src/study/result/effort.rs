//! How many replications a case gets: a number told, or as many as an answer takes.

use serde::{Deserialize, Serialize};

/// Replications that are simulated before an interval is looked at: below it, a mean of skewed counts is not yet nearly normal.
pub const LEAST: u32 = 10;

/// When enough replications have been heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effort {
    /// A fixed number.
    Fixed(u32),
    /// As many as the wish takes, within bounds.
    Adaptive {
        /// Fewest replications.
        least: u32,
        /// Most replications.
        most: u32,
        /// Figures whose intervals must be narrow.
        precise: Vec<Precise>,
        /// Whether the objectives must be decided.
        decide: Decide,
    },
    /// A fixed number, or fewer where those that are left could change no decision.
    Curtailed {
        /// Fewest replications.
        least: u32,
        /// The fixed number.
        most: u32,
        /// Whose decisions.
        decide: Decide,
    },
}

/// A figure, by its column, and the largest half-width of its interval, as a share of the figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Precise {
    /// The column: `dropped`, `p99_during`.
    pub figure: String,
    /// Above 0.
    pub share: f64,
}

/// Which decisions are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Decide {
    /// None.
    Nothing,
    /// The one over all objectives, which a single broken one decides.
    Verdict,
    /// Each objective's own.
    Each,
}

/// Why a case has as many replications as it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stopped {
    /// So many were asked for.
    Fixed,
    /// The intervals are narrow enough, the objectives decided, or whatever was wished for.
    Enough,
    /// The most that were allowed, and the wish is not fulfilled; or fewer, where it could not be by as many either.
    Limit,
    /// It could not be simulated.
    Failed,
}

impl Stopped {
    /// The word in a row.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Enough => "enough",
            Self::Limit => "limit",
            Self::Failed => "failed",
        }
    }
}

impl Effort {
    /// Replications that are sure to be wanted.
    pub fn least(&self) -> u32 {
        match self {
            Self::Fixed(n) => *n,
            Self::Adaptive { least, most, .. } | Self::Curtailed { least, most, .. } => (*least).min(*most),
        }
    }

    /// Replications of which there will not be more.
    pub fn most(&self) -> u32 {
        match self {
            Self::Fixed(n) => *n,
            Self::Adaptive { most, .. } | Self::Curtailed { most, .. } => *most,
        }
    }

    /// Whether results are looked at again and again, so that bounds must hold at every look.
    pub const fn looks_again(&self) -> bool {
        !matches!(self, Self::Fixed(_))
    }
}
