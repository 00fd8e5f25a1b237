//! The combinations of a sweep, typed one by one.

use crate::cli::settings;
use crate::metrics::summary::Summary;
use crate::scenario::{Assignment, Axis, Diag, Draft, Severity};
use crate::study::design::Design;
use crate::study::result::header::AxisHead;
use crate::study::sweep::{Combination, Combinations};

/// Values of an axis that a result lists; of a longer one its ends.
const LISTED: usize = 200;

/// The axes as results name them: fields as they were typed, unless two of them, or a figure, go by that name.
pub(super) fn heads(design: &Design) -> Vec<AxisHead> {
    let axes = design.grid().axes();
    let typed: Vec<&str> = axes.iter().flat_map(|a| a.step(0)).map(Assignment::name).collect();
    let figures = Summary::column_names();
    let name = |a: &Assignment| {
        let alone = typed.iter().filter(|t| **t == a.name()).count() == 1;
        let free = !figures.iter().any(|f| f == a.name());
        if alone && free { a.name() } else { a.path() }.to_owned()
    };
    let values = |axis: &Axis| {
        let listed = if axis.len() > LISTED { vec![0, axis.len() - 1] } else { (0..axis.len()).collect() };
        listed.into_iter().map(|n| axis.step(n).iter().map(|a| a.text().to_owned()).collect()).collect()
    };
    let head = |axis: &Axis| AxisHead {
        names: axis.step(0).iter().map(name).collect(),
        paths: axis.paths().map(str::to_owned).collect(),
        steps: axis.len() as u64,
        values: values(axis),
    };
    axes.iter().map(head).collect()
}

/// The rows of a sweep.
pub(super) struct Rows<'a> {
    pub(super) draft: &'a Draft,
    pub(super) design: &'a Design,
}

impl Rows<'_> {
    /// What is set in a row: `maxSurge=25%, drainWindow=5s`.
    pub(super) fn settings(&self, row: u64) -> String {
        let set: Vec<String> = self.design.row(u128::from(row)).iter().map(ToString::to_string).collect();
        set.join(", ")
    }
}

impl Combinations for Rows<'_> {
    fn combination(&self, row: u64) -> Result<Combination, String> {
        let loaded = self.draft.with(&self.design.row(u128::from(row))).map_err(|diags| reason(&diags))?;
        let meta = settings::meta_of(&loaded);
        Ok((loaded.scenario, meta))
    }

    fn values(&self, row: u64) -> Vec<String> {
        self.design.row(u128::from(row)).iter().map(|a| a.text().to_owned()).collect()
    }
}

/// Why a combination cannot be simulated, on one line.
fn reason(diags: &[Diag]) -> String {
    let first = diags.iter().find(|d| d.severity == Severity::Error).or(diags.first());
    first.map_or_else(String::new, |d| format!("{} [{}]", d.message, d.code))
}
