//! Why requests were dropped, written: for people, for programs.
//!
//! A new format is one file with a [`Format`] and one line in [`FORMATS`].

mod csv;
mod json;
mod markdown;
mod remedies;
mod table;

use crate::explain::Explanation;
use crate::report::Format;
use crate::study::result::counterfactual::Counterfactuals;

/// An explanation to be written.
#[derive(Clone, Debug)]
pub struct ExplainPage {
    /// What became of the requests.
    pub explanation: Explanation,
    /// What one setting would have prevented, where that was asked for.
    pub counterfactuals: Option<Counterfactuals>,
    /// Whether every pod is listed, rather than the first that went.
    pub all_pods: bool,
}

/// Every format, the default first.
pub const FORMATS: [Format<ExplainPage>; 4] = [table::FORMAT, json::FORMAT, csv::FORMAT, markdown::FORMAT];
