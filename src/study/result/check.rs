//! Scenarios held to their objectives, and to a baseline.

use serde::{Serialize, Serializer};

use super::comparison::Compared;
use super::effort::Stopped;
use super::finding::{Finding, Verdict, overall};
use crate::metrics::Results;
use crate::metrics::summary::Summary;
use crate::stats::paired;

/// What became of one file.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The file as it was typed.
    pub file: String,
    /// Why there are as many replications as there are.
    pub stopped: Stopped,
    /// The share of deploys that must meet an objective, and how sure one must be of it.
    pub demand: [f64; 2],
    /// How the objectives stand.
    pub objectives: Vec<Finding>,
    /// Where each stands in the file: line and column, from 1.
    pub places: Vec<Option<(usize, usize)>>,
    /// The figures beside the baseline's, where there is one.
    pub compared: Vec<Compared>,
    /// The forecast.
    pub results: Results,
}

impl Checked {
    /// What the file amounts to: broken where an objective is, or a figure is significantly worse than the baseline's; that a
    /// figure cannot be told from the baseline's breaks nothing.
    pub fn verdict(&self) -> Verdict {
        let objectives = overall(self.objectives.iter().map(|f| f.verdict)).unwrap_or(Verdict::Holds);
        let worse = self.compared.iter().any(|c| c.verdict == paired::Verdict::Worse);
        if worse { Verdict::Broken } else { objectives }
    }
}

/// The result of a check.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// What the files are compared with.
    pub baseline: Option<String>,
    /// File by file, in the order in which they were named.
    pub files: Vec<Checked>,
}

impl CheckResult {
    /// What it all amounts to.
    pub fn verdict(&self) -> Verdict {
        overall(self.files.iter().map(Checked::verdict)).unwrap_or(Verdict::Holds)
    }
}

impl Serialize for CheckResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let objectives = |c| {
            let Checked { file, objectives, .. }: &Checked = c;
            objectives.iter().map(move |finding| OfFile { file, finding })
        };
        Written {
            schema: "dryroll.check/1",
            version: env!("CARGO_PKG_VERSION"),
            verdict: self.verdict(),
            objectives: self.files.iter().flat_map(objectives).collect(),
            baseline: self.baseline.as_deref(),
            files: self.files.iter().map(File::from).collect(),
        }
        .serialize(serializer)
    }
}

/// Schema `dryroll.check/1`.
#[derive(Serialize)]
struct Written<'a> {
    schema: &'static str,
    version: &'static str,
    verdict: Verdict,
    objectives: Vec<OfFile<'a>>,
    baseline: Option<&'a str>,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct OfFile<'a> {
    file: &'a str,
    #[serde(flatten)]
    finding: &'a Finding,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    #[serde(rename = "file")]
    name: &'a str,
    scenario: &'a str,
    seed: u64,
    replications: u32,
    stopped: Stopped,
    share: f64,
    confidence: f64,
    verdict: Verdict,
    baseline: Vec<Figure<'a>>,
    digest: &'a str,
    summary: &'a Summary,
}

#[derive(Serialize)]
struct Figure<'a> {
    figure: &'a str,
    #[serde(flatten)]
    compared: &'a Compared,
}

impl<'a> From<&'a Checked> for File<'a> {
    fn from(checked: &'a Checked) -> Self {
        let Checked { file, stopped, demand, compared, results, .. } = checked;
        Self {
            name: file,
            scenario: &results.scenario,
            seed: results.seed,
            replications: results.replications,
            stopped: *stopped,
            share: demand[0],
            confidence: demand[1],
            verdict: checked.verdict(),
            baseline: compared.iter().map(|c| Figure { figure: &c.measure.figure, compared: c }).collect(),
            digest: &results.digest,
            summary: &results.summary,
        }
    }
}
