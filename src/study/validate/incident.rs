//! Published incidents: what a public thread states of a deploy, and what came out of it. One deploy was seen, or a few, so
//! that what counts is where single simulated deploys lie, not their mean.

use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::gauge::{Gauge, Gauged};
use super::{CaseError, scenario_of};
use crate::metrics::validation::{Background, CaseVerdict, Row};
use crate::scenario::Scenario;
use crate::stats::share;

/// The format that [`IncidentCase`] reads.
pub(super) const FORMAT: &str = "dryroll-incident/1";

/// Of all simulated deploys, so many lie within the interval.
const CENTRAL: f64 = 0.95;

/// One incident under one setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentCase {
    #[serde(rename = "format")]
    _format: String,
    /// What happened, in a few words.
    says: String,
    /// The public threads.
    sources: Vec<String>,
    /// What they state of the deploy, all of which is in the scenario.
    stated: Vec<String>,
    /// What they do not, and what stands for it.
    #[serde(default)]
    assumed: Vec<String>,
    /// Which of the inputs was read off the very outcome, so that this is no forecast.
    #[serde(default)]
    dependent: Option<String>,
    /// Simulated deploys.
    replications: u32,
    measured: Vec<Report>,
    scenario: Value,
}

/// What came out, as it was reported.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    /// A quantity of one deploy; `any.` before it makes it the share of deploys in which it is not 0.
    quantity: String,
    /// In the words of the thread, shortened.
    reported: String,
    /// The least and the most that those words can mean; without a most, no limit.
    low: f64,
    high: Option<f64>,
}

impl IncidentCase {
    pub(super) fn scenario(&self) -> String {
        scenario_of(&self.scenario)
    }

    pub(super) fn verdict(&self, name: &str, replications: Option<u32>) -> Result<CaseVerdict, CaseError> {
        let scenario = Scenario::from_yaml(&self.scenario()).map_err(CaseError::Untranslatable)?;
        let n = replications.unwrap_or(self.replications);
        let runs: Vec<Gauged> = (0..n).into_par_iter().map(|k| Gauged::play(&scenario, k)).collect();
        let rows = self.measured.iter().map(|r| r.row(&runs, &scenario)).collect::<Result<Vec<_>, _>>()?;
        let background = Background {
            says: self.says.clone(),
            sources: self.sources.clone(),
            stated: self.stated.clone(),
            assumed: self.assumed.clone(),
            dependent: self.dependent.clone(),
        };
        let unexplained = vec![
            "not looked into: what errs is a mechanism of the model card's \"not modelled\", or what the report leaves out".to_owned(),
        ];
        let verdict = CaseVerdict::new(name.to_owned(), "incident", rows);
        Ok(CaseVerdict { background: Some(background), unexplained, ..verdict })
    }
}

impl Report {
    fn row(&self, runs: &[Gauged], scenario: &Scenario) -> Result<Row, CaseError> {
        let (any, quantity) = match self.quantity.strip_prefix("any.") {
            Some(quantity) => (true, quantity),
            None => (false, self.quantity.as_str()),
        };
        let unknown = || CaseError::Malformed(format!("there is no quantity `{}`", self.quantity));
        let gauge = Gauge::named(quantity).ok_or_else(unknown)?;
        let values: Vec<f64> = runs.iter().filter_map(|run| run.read(gauge, scenario)).collect();
        let judged = (!values.is_empty()).then(|| if any { share_of_deploys(&values) } else { spread(values) });
        let overlaps = |[low, high]: [f64; 2]| low <= self.high.unwrap_or(f64::INFINITY) && self.low <= high;
        Ok(Row {
            quantity: self.quantity.clone(),
            measured: self.high.map_or(self.low, |high| f64::midpoint(self.low, high)),
            forecast: judged.map(|(forecast, _)| forecast),
            interval: judged.map(|(_, interval)| interval),
            inside: judged.is_some_and(|(_, interval)| overlaps(interval)),
            decides: true,
            said: Some(self.reported.clone()),
        })
    }
}

/// The share of deploys in which it is not 0, and where the true share lies with 95 % confidence.
fn share_of_deploys(values: &[f64]) -> (f64, [f64; 2]) {
    let any = values.iter().filter(|&&v| v > 0.0).count();
    let each_side = f64::midpoint(1.0, CENTRAL);
    (any as f64 / values.len() as f64, share::bounds(any as u32, values.len() as u32, each_side))
}

/// The mean, and the interval that the middle 95 % of the deploys span.
fn spread(mut values: Vec<f64>) -> (f64, [f64; 2]) {
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    let at = |q: f64| values[((q * values.len() as f64) as usize).min(last)];
    let outside = f64::midpoint(0.0, 1.0 - CENTRAL);
    (values.iter().sum::<f64>() / values.len() as f64, [at(outside), at(1.0 - outside)])
}
