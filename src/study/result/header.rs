//! What a sweep is: everything that its rows depend on, so that only what belongs together is put together.

use serde::{Deserialize, Serialize};

use super::effort::Effort;
pub use crate::study::shard::Shard;

/// The name and version of the format of journals and parts.
pub const SCHEMA: &str = "dryroll.sweep-part/1";

/// The first line of a journal and of a part. Two sweeps with the same header but for the shard give rows of one table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of dryroll.
    pub version: String,
    /// The scenario's name.
    pub scenario: String,
    /// The root of all randomness.
    pub seed: u64,
    /// A hash for each section of the scenario, external files included.
    pub sections: Vec<(String, String)>,
    /// What is varied.
    pub axes: Vec<AxisHead>,
    /// A hash of all axes with all their values.
    pub design: String,
    /// How many combinations are drawn from the space; `None` is all of them.
    pub sample: Option<u64>,
    /// Rows of the whole sweep.
    pub rows: u64,
    /// Replications.
    pub effort: Effort,
    /// What each deploy is held to: name and limit.
    pub objectives: Vec<(String, String)>,
    /// The share of deploys that must meet an objective, and how sure one must be of it.
    pub demand: [f64; 2],
    /// Whether rows hold the figures of each replication.
    pub each: bool,
    /// The command, up to what it does not matter to the rows.
    pub command: String,
    /// Which part of the rows this is.
    pub shard: Shard,
}

/// An axis: fields that change together, and the values that they take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxisHead {
    /// The fields as they were named, which are the columns' names.
    pub names: Vec<String>,
    /// Their full paths.
    pub paths: Vec<String>,
    /// How many values there are.
    pub steps: u64,
    /// The values, one list a step; of very many steps the first and the last.
    pub values: Vec<Vec<String>>,
}

impl Header {
    /// The columns of the varied fields.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().flat_map(|a| a.names.iter().map(String::as_str))
    }

    /// In what `other` is not a part of the same sweep: one sentence each; empty where it is. `this` and `that` say what
    /// the two are called: "the journal has seed 1, the command 2".
    pub fn differences(&self, other: &Self, this: &str, that: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut compare = |what: &str, a: String, b: String| {
            if a != b {
                all.push(format!("{this} has {what} {a}, {that} {b}"));
            }
        };
        compare("dryroll", self.version.clone(), other.version.clone());
        compare("seed", self.seed.to_string(), other.seed.to_string());
        compare("replications", effort(&self.effort), effort(&other.effort));
        compare("a sample of", sample(self.sample), sample(other.sample));
        compare("rows", self.rows.to_string(), other.rows.to_string());
        compare("objectives", objectives(self), objectives(other));
        compare("--each", self.each.to_string(), other.each.to_string());
        compare("the scenario", self.scenario.clone(), other.scenario.clone());
        let names = |h: &Self| h.columns().map(str::to_owned).collect::<Vec<_>>().join(", ");
        compare("the axes", names(self), names(other));
        if all.is_empty() && self.design != other.design {
            let axis = self.axes.iter().zip(&other.axes).find(|(a, b)| a != b);
            let axis = axis.map_or_else(|| names(self), |(a, _)| a.names.join(", "));
            all.push(format!("{this} has other values of {axis} than {that}"));
        }
        let changed: Vec<&str> = self
            .sections
            .iter()
            .filter(|s| !other.sections.contains(s))
            .chain(other.sections.iter().filter(|s| !self.sections.iter().any(|t| t.0 == s.0)))
            .map(|s| s.0.as_str())
            .collect();
        if !changed.is_empty() {
            all.push(format!("{this} and {that} differ in the scenario's {}", changed.join(", ")));
        }
        all
    }
}

fn effort(effort: &Effort) -> String {
    match effort {
        Effort::Fixed(n) => n.to_string(),
        Effort::Curtailed { most, decide, .. } => format!("up to {most} ({decide:?})"),
        Effort::Adaptive { least, most, precise, decide } => {
            let precise: Vec<String> = precise.iter().map(|p| format!("{} to {}", p.figure, p.share)).collect();
            format!(
                "{least} to {most} ({decide:?}{}{})",
                if precise.is_empty() { "" } else { ", " },
                precise.join(", ")
            )
        }
    }
}

fn sample(sample: Option<u64>) -> String {
    sample.map_or_else(|| "everything".to_owned(), |n| n.to_string())
}

fn objectives(header: &Header) -> String {
    let all: Vec<String> = header.objectives.iter().map(|(name, limit)| format!("{name} {limit}")).collect();
    let [share, confidence] = header.demand;
    if all.is_empty() { "none".to_owned() } else { format!("{} ({share}, {confidence})", all.join(", ")) }
}

#[cfg(test)]
impl Header {
    /// Of a sweep of so many rows over nothing.
    pub(crate) const fn bare(rows: u64, effort: Effort) -> Self {
        Self {
            schema: String::new(),
            version: String::new(),
            scenario: String::new(),
            seed: 1,
            sections: Vec::new(),
            axes: Vec::new(),
            design: String::new(),
            sample: None,
            rows,
            effort,
            objectives: Vec::new(),
            demand: [0.95, 0.95],
            each: false,
            command: String::new(),
            shard: Shard::WHOLE,
        }
    }
}
