//! Closed forms beside simulated fleets: the scenario stands in the case, what must come out follows from it.

use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::gauge::{Gauge, Gauged};
use super::law::Law;
use super::{CaseError, scenario_of};
use crate::metrics::validation::{Background, CaseVerdict, Row};
use crate::scenario::Scenario;

/// The format that [`TheoryCase`] reads.
pub(super) const FORMAT: &str = "dryroll-theory/1";

/// Standard errors by which the mean over the replications may miss a closed form: a false alarm in 100,000.
const STANDARD_ERRORS: f64 = 4.5;

/// 1 − Φ(4.5), how rarely those standard errors are passed on one side: of a count that is 0 in each of n replications the mean may be
/// −ln(this)/n.
const UNSEEN: f64 = 3.4e-6;

/// What floats may differ by where nothing is random.
const ROUNDING: f64 = 1e-9;

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TheoryCase {
    #[serde(rename = "format")]
    _format: String,
    /// What it is about.
    says: String,
    /// Simulated deploys.
    replications: u32,
    expected: Vec<Expectation>,
    scenario: Value,
}

/// One quantity that a law gives.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    quantity: String,
    law: Law,
    /// By how much the simulation may lie above the law beside its standard errors, and below it: what theory leaves out.
    #[serde(default)]
    above: f64,
    #[serde(default)]
    below: f64,
    /// Why it may.
    #[serde(default)]
    because: Option<String>,
}

impl TheoryCase {
    pub(super) fn scenario(&self) -> String {
        scenario_of(&self.scenario)
    }

    pub(super) fn verdict(&self, name: &str, replications: Option<u32>) -> Result<CaseVerdict, CaseError> {
        let scenario = Scenario::from_yaml(&self.scenario()).map_err(CaseError::Untranslatable)?;
        let n = replications.unwrap_or(self.replications);
        let runs: Vec<Gauged> = (0..n).into_par_iter().map(|k| Gauged::play(&scenario, k)).collect();
        let row = |e: &Expectation| e.row(&runs, &scenario);
        let rows = self.expected.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let assumed = self.expected.iter().filter_map(|e| e.because.clone()).collect();
        let background = Background { says: self.says.clone(), assumed, ..Background::default() };
        let unexplained = vec![
            "not looked into: either the scenario breaks what the closed form takes for granted, or the simulator is wrong".to_owned(),
        ];
        let verdict = CaseVerdict::new(name.to_owned(), "theory", rows);
        let unexplained = if verdict.inside { Vec::new() } else { unexplained };
        Ok(CaseVerdict { background: Some(background), unexplained, ..verdict })
    }
}

impl Expectation {
    fn row(&self, runs: &[Gauged], scenario: &Scenario) -> Result<Row, CaseError> {
        let unknown = || CaseError::Malformed(format!("there is no quantity `{}`", self.quantity));
        let gauge = Gauge::named(&self.quantity).ok_or_else(unknown)?;
        let values: Vec<f64> = runs.iter().filter_map(|run| run.read(gauge, scenario)).collect();
        let law = self.law.value(scenario);
        let judged = (!values.is_empty()).then(|| {
            let (mean, error) = mean_and_error(&values);
            let unseen = gauge.counts_drops() && mean == 0.0;
            let unseen = if unseen { -libm::log(UNSEEN) / values.len() as f64 } else { 0.0 };
            let slack = STANDARD_ERRORS * error + ROUNDING * mean.abs() + unseen;
            // Nothing that a law gives is below 0.
            (mean, [(mean - slack - self.above).max(0.0), mean + slack + self.below])
        });
        Ok(Row {
            quantity: self.quantity.clone(),
            measured: law,
            forecast: judged.map(|(mean, _)| mean),
            interval: judged.map(|(_, interval)| interval),
            inside: judged.is_some_and(|(_, [low, high])| (low..=high).contains(&law)),
            decides: true,
            said: Some(self.law.formula().to_owned()),
        })
    }
}

/// The mean and its standard error; 0 for one value.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, libm::sqrt(variance / n))
}
