//! Do so many deploys meet an objective? Each either does or does not.

mod curtailed;
mod exact;
mod sequential;

use serde::{Deserialize, Serialize};

pub use curtailed::CurtailedTest;
pub use exact::{bounds, decide};
pub use sequential::ShareTest;

/// What may be said of "at least such a share of deploys meets it", with the confidence asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It does: a smaller share is ruled out.
    Holds,
    /// It does not: so large a share is ruled out.
    Broken,
    /// So many deploys cannot tell.
    Undecided,
}
