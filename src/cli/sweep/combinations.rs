//! The combinations of a sweep, typed one by one.

use crate::cli::settings;
use crate::scenario::{Assignment, Axis, Diag, Draft, Severity};
use crate::study::grid::Grid;
use crate::study::header::AxisHead;
use crate::study::sample::Sample;
use crate::study::sweep::{Combination, Combinations};

/// Which combinations there are.
#[derive(Clone, Debug)]
pub(super) enum Space {
    /// All of them.
    All(Grid),
    /// Some, spread evenly.
    Some(Sample),
}

impl Space {
    pub(super) fn new(axes: Vec<Axis>, sample: Option<u64>) -> Result<Self, Vec<Diag>> {
        match sample {
            None => Grid::new(axes).map(Self::All),
            Some(n) => Ok(Self::Some(Sample::new(axes, n as usize))),
        }
    }

    pub(super) fn len(&self) -> u128 {
        match self {
            Self::All(grid) => grid.len(),
            Self::Some(sample) => sample.len() as u128,
        }
    }

    fn grid(&self) -> &Grid {
        match self {
            Self::All(grid) => grid,
            Self::Some(sample) => sample.grid(),
        }
    }

    fn row(&self, row: u64) -> Vec<Assignment> {
        match self {
            Self::All(grid) => grid.row(u128::from(row)),
            Self::Some(sample) => sample.row(row as usize),
        }
    }

    /// The axes as results name them: fields as they were typed, unless two of them, or a figure, go by that name.
    pub(super) fn heads(&self) -> Vec<AxisHead> {
        let axes = self.grid().axes();
        let typed: Vec<&str> = axes.iter().flat_map(|a| a.step(0)).map(Assignment::name).collect();
        let figures = crate::metrics::summary::Summary::column_names();
        let name = |a: &Assignment| {
            let alone = typed.iter().filter(|t| **t == a.name()).count() == 1;
            let free = !figures.iter().any(|f| f == a.name());
            if alone && free { a.name() } else { a.path() }.to_owned()
        };
        let head = |axis: &Axis| AxisHead {
            names: axis.step(0).iter().map(name).collect(),
            paths: axis.paths().map(str::to_owned).collect(),
            values: (0..axis.len()).map(|n| axis.step(n).iter().map(|a| a.text().to_owned()).collect()).collect(),
        };
        axes.iter().map(head).collect()
    }
}

/// The rows of a sweep.
pub(super) struct Rows<'a> {
    pub(super) draft: &'a Draft,
    pub(super) space: &'a Space,
}

impl Rows<'_> {
    /// What is set in a row: `maxSurge=25%, drainWindow=5s`.
    pub(super) fn settings(&self, row: u64) -> String {
        let set: Vec<String> = self.space.row(row).iter().map(ToString::to_string).collect();
        set.join(", ")
    }
}

impl Combinations for Rows<'_> {
    fn combination(&self, row: u64) -> Result<Combination, String> {
        let loaded = self.draft.with(&self.space.row(row)).map_err(|diags| reason(&diags))?;
        let meta = settings::meta(&loaded.scenario, &loaded.assumptions);
        Ok((loaded.scenario, meta))
    }

    fn values(&self, row: u64) -> Vec<String> {
        self.space.row(row).iter().map(|a| a.text().to_owned()).collect()
    }
}

/// Why a combination cannot be simulated, on one line.
fn reason(diags: &[Diag]) -> String {
    let first = diags.iter().find(|d| d.severity == Severity::Error).or(diags.first());
    first.map_or_else(String::new, |d| format!("{} [{}]", d.message, d.code))
}
