//! Forecasts held against measurements: each case says what was configured and what came out; one translation makes a
//! scenario of the former, and nothing in it knows the latter.

mod differences;
pub mod kubernetes;
pub mod lab_case;
pub mod lab_parameters;
mod lab_run;
mod lab_settings;
pub mod shipped;
mod tolerance;
pub mod translate;
mod translate_balancer;

use std::fmt;

use rayon::prelude::*;
use serde::Deserialize as _;
use serde_json::Value;

use crate::fleet;
use crate::metrics::validation::{CaseVerdict, Row};
use crate::scenario::{Diag, Scenario};
use lab_case::{FORMAT, LabCase};
use lab_run::{LabRun, Quantities};

/// Replications of each case: as many as make a mean's own error small beside the lab's three repeats.
pub const REPLICATIONS: u32 = 24;

/// A case, by what its file is called.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file's name without its ending.
    pub name: String,
    /// What stands in it.
    content: Content,
}

/// What stands in a case, by its format.
#[derive(Clone, Debug)]
enum Content {
    /// A deploy through a real balancer.
    Lab(Box<LabCase>),
    /// A recorded rollout.
    Kubernetes(Box<kubernetes::case::Case>),
}

/// Why a file is no case.
#[derive(Debug)]
pub enum CaseError {
    /// It is JSON, but of no format that is known.
    Unknown,
    /// It is not what its format promises.
    Malformed(String),
    /// Its parameters make no scenario.
    Untranslatable(Vec<Diag>),
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(f, "no case: neither a deploy ({FORMAT}) nor a recorded rollout"),
            Self::Malformed(why) => write!(f, "a broken case: {why}"),
            Self::Untranslatable(diags) => {
                write!(f, "its parameters make no scenario:")?;
                diags.iter().try_for_each(|d| write!(f, "\n{}", d.render(false)))
            }
        }
    }
}

impl std::error::Error for CaseError {}

impl Case {
    /// Reads the text of a file called `name`.
    ///
    /// # Errors
    /// Where it is no case.
    pub fn read(name: &str, text: &str) -> Result<Self, CaseError> {
        let malformed = |e: serde_json::Error| CaseError::Malformed(e.to_string());
        let value: Value = serde_json::from_str(text).map_err(malformed)?;
        let content = if value.get("format").and_then(Value::as_str) == Some(FORMAT) {
            Content::Lab(Box::new(LabCase::deserialize(value).map_err(malformed)?))
        } else if value.get("rs_spec_replicas").is_some() {
            // Recorded rollouts do not name their format.
            Content::Kubernetes(Box::new(kubernetes::case::Case::read(text).map_err(CaseError::Malformed)?))
        } else {
            return Err(CaseError::Unknown);
        };
        Ok(Self { name: name.to_owned(), content })
    }

    /// The scenario that its parameters make, as a file; `None` where it is of controllers alone.
    pub fn as_scenario(&self) -> Option<String> {
        match &self.content {
            Content::Lab(lab) => Some(translate::scenario(lab)),
            Content::Kubernetes(_) => None,
        }
    }

    /// Forecasts the case and holds it against what was measured.
    ///
    /// # Errors
    /// Where its parameters make no scenario.
    pub fn judge(&self, replications: u32) -> Result<CaseVerdict, CaseError> {
        let lab = match &self.content {
            Content::Lab(lab) => lab,
            Content::Kubernetes(case) => return Ok(kubernetes::verdict(&self.name, case)),
        };
        let scenario = Scenario::from_yaml(&translate::scenario(lab)).map_err(CaseError::Untranslatable)?;
        let p = &lab.parameters;
        let run = |replication| {
            let (lab, _) = fleet::simulate(&scenario, scenario.seed, replication, LabRun::new(&scenario));
            lab.quantities(p)
        };
        let runs: Vec<Quantities> = (0..replications).into_par_iter().map(run).collect();
        let mut rows = Vec::new();
        for (quantity, measured) in measured(&lab.summary) {
            let forecast = mean(&runs, &quantity);
            let judged = forecast.map(|f| (f, tolerance::tolerance(&quantity, f, p)));
            let interval = judged.map(|(f, (slack, _))| [(f - slack).max(0.0), f + slack]);
            rows.push(Row {
                inside: interval.is_some_and(|[low, high]| (low..=high).contains(&measured)),
                decides: judged.is_some_and(|(_, (_, decides))| decides),
                measured,
                forecast,
                interval,
                quantity,
            });
        }
        rows.extend(unmeasured(&rows, &runs, p));
        rows.sort_by(|a, b| a.quantity.cmp(&b.quantity));
        Ok(CaseVerdict::new(self.name.clone(), "balancer", rows))
    }
}

/// Judges all `cases` on `jobs` threads (all cores where `None`), in their order; `done` is called after each.
///
/// # Errors
/// The first case whose parameters make no scenario, or why no threads can be started.
pub fn judge_all(
    cases: &[Case],
    replications: u32,
    jobs: Option<usize>,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<CaseVerdict>, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0)).build().map_err(|e| e.to_string())?;
    let one = |case: &Case| {
        let verdict = case.judge(replications).map_err(|e| format!("{}: {e}", case.name));
        done();
        verdict.map(|mut v| {
            v.notes.extend(shipped::known_miss(&case.name).filter(|_| !v.inside).map(ToOwned::to_owned));
            v
        })
    };
    let verdicts: Vec<_> = pool.install(|| cases.par_iter().map(one).collect());
    verdicts.into_iter().collect()
}

/// Every quantity of a summary with its mean over the repeats, by its path.
fn measured(summary: &Value) -> Vec<(String, f64)> {
    fn walk(path: &str, value: &Value, out: &mut Vec<(String, f64)>) {
        let Value::Object(fields) = value else { return };
        // A mean has a spread beside it; a group of statistics may have one of that name.
        if let (Some(mean), Some(_)) = (fields.get("mean").and_then(Value::as_f64), fields.get("sd")) {
            out.push((path.to_owned(), mean));
            return;
        }
        for (name, inner) in fields {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            walk(&path, inner, out);
        }
    }
    let mut out = Vec::new();
    walk("", summary, &mut out);
    out
}

/// The mean over those runs that have the quantity.
fn mean(runs: &[Quantities], quantity: &str) -> Option<f64> {
    let values: Vec<f64> = runs.iter().filter_map(|r| r.get(quantity).copied()).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Outcomes that are forecast and never came: a summary leaves out what was 0.
fn unmeasured(rows: &[Row], runs: &[Quantities], p: &lab_case::Parameters) -> Vec<Row> {
    let names = runs.first().into_iter().flat_map(|r| r.keys()).filter(|q| q.starts_with("totals."));
    let missing = names.filter(|q| rows.iter().all(|r| r.quantity != **q));
    let row = |quantity: &String| {
        let forecast = mean(runs, quantity).filter(|&f| f > 0.0)?;
        let (slack, decides) = tolerance::tolerance(quantity, forecast, p);
        let interval = [(forecast - slack).max(0.0), forecast + slack];
        let inside = interval[0] <= 0.0;
        Some(Row {
            quantity: quantity.clone(),
            measured: 0.0,
            forecast: Some(forecast),
            interval: Some(interval),
            inside,
            decides,
        })
    };
    missing.filter_map(row).collect()
}
