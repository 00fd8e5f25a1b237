//! What a comparison comes to: policies beside a baseline, and what differs.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::stats::paired::{Difference, Verdict};
use crate::study::measure::Measure;

/// The name and version of the JSON format.
pub const SCHEMA: &str = "dryroll.comparison/1";

/// One figure of a policy against the baseline's.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What is compared.
    pub measure: Measure,
    /// The baseline's figure, over the replications in which both were measured.
    pub baseline: f64,
    /// The policy's.
    pub policy: f64,
    /// Policy − baseline, replication by replication.
    pub difference: Difference,
    /// Differences up to this are none.
    pub margin: f64,
    /// What can be said.
    pub verdict: Verdict,
}

/// A comparison's result.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of dryroll.
    pub version: String,
    /// The root of all randomness, of every policy.
    pub seed: u64,
    /// Simulated deploys of each policy.
    pub replications: u32,
    /// The share of the baseline's figure that counts as no difference.
    pub margin: f64,
    /// Statements that are made at once, for which `simultaneous` intervals allow.
    pub comparisons: usize,
    /// The policy that the others are compared with.
    pub baseline: String,
    /// The others.
    pub policies: Vec<PolicyCompared>,
}

/// A policy against the baseline.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyCompared {
    /// What it is called.
    pub policy: String,
    /// Figure by figure.
    #[serde(serialize_with = "by_name")]
    pub figures: Vec<Compared>,
}

impl Comparison {
    /// Whether a policy is worse than the baseline in some figure.
    pub fn is_worse(&self) -> bool {
        self.verdicts().any(|v| v == Verdict::Worse)
    }

    /// Whether nothing is left open.
    pub fn is_told(&self) -> bool {
        self.verdicts().all(|v| v != Verdict::Undecided)
    }

    fn verdicts(&self) -> impl Iterator<Item = Verdict> + '_ {
        self.policies.iter().flat_map(|p| &p.figures).map(|c| c.verdict)
    }
}

/// Figures under their names, in order.
fn by_name<S: Serializer>(figures: &[Compared], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(figures.len()))?;
    for compared in figures {
        map.serialize_entry(&compared.measure.figure, compared)?;
    }
    map.end()
}

impl Serialize for Compared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Interval {
            mean: f64,
            ci95: Option<[f64; 2]>,
            simultaneous: Option<[f64; 2]>,
        }
        let Difference { mean, ci95, simultaneous } = self.difference;
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("baseline", &self.baseline)?;
        map.serialize_entry("policy", &self.policy)?;
        map.serialize_entry("difference", &Interval { mean, ci95, simultaneous })?;
        map.serialize_entry("margin", &self.margin)?;
        map.serialize_entry("verdict", &self.verdict)?;
        map.end()
    }
}
