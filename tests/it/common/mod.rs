//! What several tests make use of.

pub(crate) mod dice;
pub(crate) mod golden;
pub(crate) mod interrupt;
pub(crate) mod patched;
pub(crate) mod program;
mod scenario;
pub(crate) mod settings;
pub(crate) mod states;
pub(crate) mod tiers;
pub(crate) mod told;

pub(crate) use scenario::random_scenario;
