//! The worst rollout that was found, written.
//!
//! A new format is one file with a [`Format`] and one line in [`FORMATS`].

mod json;
mod table;

use super::{Format, Settings};
use crate::study::result::worst::Worst;

/// A worst rollout to be written.
#[derive(Clone, Debug)]
pub struct WorstPage {
    /// What was found.
    pub worst: Worst,
    /// The settings as they stand, for the command that plays it again.
    pub settings: Settings,
}

impl WorstPage {
    /// The command that plays the worst deploy again.
    pub fn replay(&self) -> String {
        let mut parts = vec!["dryroll run".to_owned(), self.settings.source.clone()];
        parts.extend(self.settings.options.iter().cloned());
        parts.extend(self.worst.worst.set.iter().map(|set| format!("--set {}", super::text::quoted(set))));
        parts.push(format!("--seed {} --replications 1", self.worst.worst.seed));
        parts.join(" ")
    }
}

/// Every format, the default first.
pub const FORMATS: [Format<WorstPage>; 2] = [table::FORMAT, json::FORMAT];
