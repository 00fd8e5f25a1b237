//! A deploy through a real balancer, forecast and held against what the lab measured.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::Value;

use super::lab_case::{LabCase, Parameters};
use super::lab_run::{LabRun, Quantities};
use super::{CaseError, miss, tolerance, translate};
use crate::fleet;
use crate::metrics::validation::{CaseVerdict, Row};
use crate::scenario::Scenario;

/// Replications of each case: as many as make a mean's own error small beside the lab's three repeats.
const REPLICATIONS: u32 = 24;

/// Forecasts the case and holds it against what was measured.
pub(super) fn verdict(name: &str, lab: &LabCase, replications: Option<u32>) -> Result<CaseVerdict, CaseError> {
    let scenario = Scenario::from_yaml(&translate::scenario(lab)).map_err(CaseError::Untranslatable)?;
    let p = &lab.parameters;
    let run = |replication| {
        let (lab, _) = fleet::simulate(&scenario, scenario.seed, replication, LabRun::new(&scenario));
        (lab.quantities(p), lab.causes(p))
    };
    let n = replications.unwrap_or(REPLICATIONS);
    let (runs, causes): (Vec<Quantities>, Vec<_>) = (0..n).into_par_iter().map(run).unzip();
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
            said: None,
        });
    }
    rows.extend(unmeasured(&rows, &runs, p));
    rows.sort_by(|a, b| a.quantity.cmp(&b.quantity));
    let mut all: BTreeMap<_, f64> = BTreeMap::new();
    for (key, count) in causes.into_iter().flatten() {
        *all.entry(key).or_default() += count;
    }
    let unexplained = miss::balancer(&rows, p, &all);
    Ok(CaseVerdict { unexplained, ..CaseVerdict::new(name.to_owned(), "balancer", rows) })
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
fn unmeasured(rows: &[Row], runs: &[Quantities], p: &Parameters) -> Vec<Row> {
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
            said: None,
        })
    };
    missing.filter_map(row).collect()
}
