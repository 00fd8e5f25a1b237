//! Every combination of the values of some axes, counted and never written out: a grid of a billion rows costs nothing
//! until one of them is asked for.

use crate::engine::mix;
use crate::scenario::{Assignment, Axis, Diag};

/// All combinations in the order of an odometer: the last axis varies fastest.
#[derive(Clone, Debug)]
pub struct Grid {
    axes: Vec<Axis>,
}

impl Grid {
    /// The grid over these axes; without any, it has the one row that is the scenario itself.
    ///
    /// # Errors
    /// For each range without a count, since no grid but only a sample says how many of its values are wanted.
    pub fn new(axes: Vec<Axis>) -> Result<Self, Vec<Diag>> {
        let open: Vec<Diag> = axes.iter().filter_map(Axis::needs_count).collect();
        if open.is_empty() { Ok(Self { axes }) } else { Err(open) }
    }

    #[expect(dead_code, reason = "the sample comes next")]
    /// The same with ranges without a count at their finest, to be sampled.
    pub(super) const fn fine(axes: Vec<Axis>) -> Self {
        Self { axes }
    }

    /// How many rows there are; [`u128::MAX`] where that does not hold them.
    pub fn len(&self) -> u128 {
        self.axes.iter().fold(1, |n, axis| n.saturating_mul(axis.len() as u128))
    }

    /// Never: every axis has a value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The axes, in order.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The whole paths of the fields that vary, in the order of a row's columns.
    pub fn columns(&self) -> Vec<&str> {
        self.axes.iter().flat_map(Axis::paths).collect()
    }

    /// Which step of each axis row `index` takes, from 0.
    pub fn point(&self, mut index: u128) -> Vec<usize> {
        let mut point = vec![0; self.axes.len()];
        for (step, axis) in point.iter_mut().zip(&self.axes).rev() {
            let length = axis.len() as u128;
            *step = (index % length) as usize;
            index /= length;
        }
        point
    }

    /// The row that takes these steps: what [`Grid::point`] undoes.
    pub fn index(&self, point: &[usize]) -> u128 {
        let digits = point.iter().zip(&self.axes);
        digits.fold(0, |n: u128, (&step, axis)| n.saturating_mul(axis.len() as u128).saturating_add(step as u128))
    }

    /// What a point sets, one assignment a column.
    ///
    /// # Panics
    /// If the point lies outside the grid.
    pub fn at(&self, point: &[usize]) -> Vec<Assignment> {
        self.axes.iter().zip(point).flat_map(|(axis, &step)| axis.step(step)).cloned().collect()
    }

    /// What row `index` sets, one assignment a column.
    pub fn row(&self, index: u128) -> Vec<Assignment> {
        self.at(&self.point(index))
    }

    /// A hash of the columns and of all their values as printed: two sweeps whose rows are the same in the same order
    /// have the same.
    pub fn fingerprint(&self) -> u64 {
        let text =
            |hash: u64, text: &str| text.bytes().fold(mix(hash ^ text.len() as u64), |h, b| mix(h ^ u64::from(b)));
        self.axes.iter().fold(mix(self.axes.len() as u64 + 1), |hash, axis| {
            let hash = axis.paths().fold(mix(hash ^ axis.len() as u64), text);
            (0..axis.len()).flat_map(|n| axis.step(n)).map(Assignment::text).fold(hash, text)
        })
    }
}
