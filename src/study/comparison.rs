//! What a comparison comes to: policies beside a baseline, and what differs.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::versus::{Compared, Match};
use crate::metrics::summary::Summary;
use crate::stats::paired::{Difference, Verdict};

/// A comparison's result.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// `dryroll.comparison/1`.
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
    pub baseline: Policy,
    /// The others.
    pub policies: Vec<PolicyCompared>,
}

/// A policy and its figures.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Policy {
    /// What it is called.
    pub name: String,
    /// Its figures.
    #[serde(skip)]
    pub summary: Summary,
}

/// A policy against the baseline.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyCompared {
    /// The policy.
    pub policy: Policy,
    /// Figure by figure.
    #[serde(serialize_with = "by_name")]
    pub figures: Vec<Compared>,
}

impl Comparison {
    /// What a match comes to; `names` are the policies'.
    pub fn new(played: &Match, names: &[String], seed: u64) -> Self {
        let policy = |p: usize| Policy { name: names[p].clone(), summary: played.tallies()[p].summary() };
        Self {
            schema: "dryroll.comparison/1",
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed,
            replications: played.tallies()[0].replications().len() as u32,
            margin: played.share(),
            comparisons: played.comparisons(),
            baseline: policy(0),
            policies: (1..played.tallies().len())
                .map(|p| PolicyCompared { policy: policy(p), figures: played.compare(p) })
                .collect(),
        }
    }

    /// Whether a policy is worse than the baseline in some figure.
    pub fn is_worse(&self) -> bool {
        self.policies.iter().flat_map(|p| &p.figures).any(|c| c.verdict == Verdict::Worse)
    }

    /// Whether nothing is left open.
    pub fn is_told(&self) -> bool {
        self.policies.iter().flat_map(|p| &p.figures).all(|c| c.verdict != Verdict::Undecided)
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
