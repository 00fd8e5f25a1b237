//! What a comparison comes to: policies beside a baseline, and what differs.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::finding::{self, Finding, overall};
use super::parting::Parting;
use crate::metrics::Results;
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: String,
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
    /// The forecast of each, the baseline's first, as `run --format json` writes it; empty where it was not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Results>,
}

/// A policy against the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyCompared {
    /// What it is called.
    pub policy: String,
    /// Figure by figure.
    #[serde(serialize_with = "by_name", deserialize_with = "from_names")]
    pub figures: Vec<Compared>,
    /// How its objectives stand; empty where they were not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Finding>,
    /// Where its first deploy parts from the baseline's; `None` where nobody looked, or they are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parting: Option<Parting>,
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

    /// What the policies' objectives amount to; `None` where they were not asked for.
    pub fn objectives(&self) -> Option<finding::Verdict> {
        overall(self.policies.iter().flat_map(|p| &p.objectives).map(|f| f.verdict))
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

/// A compared figure without its name, as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    baseline: f64,
    policy: f64,
    difference: Interval,
    margin: f64,
    verdict: Verdict,
}

#[derive(Serialize, Deserialize)]
struct Interval {
    mean: f64,
    ci95: Option<[f64; 2]>,
    simultaneous: Option<[f64; 2]>,
}

impl Serialize for Compared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { baseline, policy, margin, verdict, .. } = *self;
        let Difference { mean, ci95, simultaneous } = self.difference;
        let difference = Interval { mean, ci95, simultaneous };
        Written { baseline, policy, difference, margin, verdict }.serialize(serializer)
    }
}

/// The figures of a map, in its order.
fn from_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Compared>, D::Error> {
    struct Figures;
    impl<'de> Visitor<'de> for Figures {
        type Value = Vec<Compared>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("figures by their names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut figures = Vec::new();
            while let Some((name, written)) = map.next_entry::<String, Written>()? {
                let Written { baseline, policy, difference: Interval { mean, ci95, simultaneous }, .. } = written;
                figures.push(Compared {
                    measure: Measure::of(&name),
                    baseline,
                    policy,
                    difference: Difference { mean, ci95, simultaneous },
                    margin: written.margin,
                    verdict: written.verdict,
                });
            }
            Ok(figures)
        }
    }
    deserializer.deserialize_map(Figures)
}
