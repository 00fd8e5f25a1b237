//! Forecasts held against measurements: each case says what was configured and what came out; one translation makes a
//! scenario of the former, and nothing in it knows the latter.

mod balancer;
mod differences;
mod gauge;
mod incident;
pub mod kubernetes;
pub mod lab_case;
pub mod lab_parameters;
mod lab_run;
mod lab_settings;
mod law;
mod miss;
mod notation;
pub mod ranges;
pub mod shipped;
mod theory;
mod tolerance;
pub mod translate;
mod translate_balancer;

use std::fmt;

use rayon::prelude::*;
use serde::Deserialize as _;
use serde_json::Value;

use crate::metrics::validation::CaseVerdict;
use crate::scenario::Diag;
use incident::IncidentCase;
use lab_case::LabCase;
use theory::TheoryCase;

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
    /// A closed form.
    Theory(Box<TheoryCase>),
    /// A published incident.
    Incident(Box<IncidentCase>),
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
            Self::Unknown => write!(
                f,
                "no case: neither a deploy ({}), nor a recorded rollout, nor theory ({}), nor an incident ({})",
                lab_case::FORMAT,
                theory::FORMAT,
                incident::FORMAT
            ),
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
        let content = match value.get("format").and_then(Value::as_str) {
            Some(lab_case::FORMAT) => Content::Lab(Box::new(LabCase::deserialize(value).map_err(malformed)?)),
            Some(theory::FORMAT) => Content::Theory(Box::new(TheoryCase::deserialize(value).map_err(malformed)?)),
            Some(incident::FORMAT) => Content::Incident(Box::new(IncidentCase::deserialize(value).map_err(malformed)?)),
            // Recorded rollouts do not name their format.
            _ if value.get("rs_spec_replicas").is_some() => {
                Content::Kubernetes(Box::new(kubernetes::case::Case::read(text).map_err(CaseError::Malformed)?))
            }
            _ => return Err(CaseError::Unknown),
        };
        Ok(Self { name: name.to_owned(), content })
    }

    /// What kind of case it is: one of [`crate::metrics::validation::KINDS`].
    pub const fn kind(&self) -> &'static str {
        match self.content {
            Content::Lab(_) => "balancer",
            Content::Kubernetes(_) => "kubernetes",
            Content::Theory(_) => "theory",
            Content::Incident(_) => "incident",
        }
    }

    /// The scenario that its parameters make, as a file; `None` where it is of controllers alone.
    pub fn as_scenario(&self) -> Option<String> {
        match &self.content {
            Content::Lab(lab) => Some(translate::scenario(lab)),
            Content::Theory(theory) => Some(theory.scenario()),
            Content::Incident(incident) => Some(incident.scenario()),
            Content::Kubernetes(_) => None,
        }
    }

    /// Forecasts the case, by so many replications or as many as its kind takes, and holds it against what was measured.
    ///
    /// # Errors
    /// Where its parameters make no scenario, or it asks for what there is not.
    pub fn judge(&self, replications: Option<u32>) -> Result<CaseVerdict, CaseError> {
        match &self.content {
            Content::Lab(lab) => balancer::verdict(&self.name, lab, replications),
            Content::Kubernetes(case) => Ok(kubernetes::verdict(&self.name, case)),
            Content::Theory(theory) => theory.verdict(&self.name, replications),
            Content::Incident(incident) => incident.verdict(&self.name, replications),
        }
    }
}

/// The scenario that stands in a case, as a file: JSON is YAML.
fn scenario_of(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Judges all `cases` on `jobs` threads (all cores where `None`), in their order; `done` is called after each.
///
/// # Errors
/// The first case whose parameters make no scenario, or why no threads can be started.
pub fn judge_all(
    cases: &[Case],
    replications: Option<u32>,
    jobs: Option<usize>,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<CaseVerdict>, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0)).build().map_err(|e| e.to_string())?;
    let one = |case: &Case| {
        let verdict = case.judge(replications).map_err(|e| format!("{}: {e}", case.name));
        done();
        verdict.map(|mut v| {
            let unexplained = std::mem::take(&mut v.unexplained);
            match shipped::known_miss(&case.name).filter(|_| !v.inside) {
                Some(why) => v.notes.push(why.to_owned()),
                None => v.notes.extend(unexplained),
            }
            v
        })
    };
    let verdicts: Vec<_> = pool.install(|| cases.par_iter().map(one).collect());
    verdicts.into_iter().collect()
}
