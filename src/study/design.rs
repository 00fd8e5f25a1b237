//! The rows of a sweep, whether all of a grid or a sample of it.

use super::grid::Grid;
use super::sample::Sample;
use crate::engine::mix;
use crate::scenario::{Assignment, Axis, Diag};

/// Which combinations are simulated, in which order.
#[derive(Clone, Debug)]
pub enum Design {
    /// All of them.
    Grid(Grid),
    /// Some of them.
    Sample(Sample),
}

impl Design {
    /// The grid over these axes, or a sample of `sample` rows of it.
    ///
    /// # Errors
    /// As [`Grid::new`] and [`Sample::new`].
    pub fn new(axes: Vec<Axis>, sample: Option<u64>) -> Result<Self, Vec<Diag>> {
        match sample {
            None => Grid::new(axes).map(Self::Grid),
            Some(n) => Sample::new(axes, n).map(Self::Sample),
        }
    }

    /// How many rows there are; [`u128::MAX`] where that does not hold them.
    pub fn len(&self) -> u128 {
        match self {
            Self::Grid(grid) => grid.len(),
            Self::Sample(sample) => sample.len() as u128,
        }
    }

    /// Whether a sample of no row was asked for.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole paths of the fields that vary, in the order of a row's columns.
    pub fn columns(&self) -> Vec<&str> {
        self.grid().columns()
    }

    /// The grid that the rows are of.
    pub const fn grid(&self) -> &Grid {
        match self {
            Self::Grid(grid) => grid,
            Self::Sample(sample) => sample.grid(),
        }
    }

    /// Which step of each axis row `index` takes, from 0.
    ///
    /// # Panics
    /// If there are no more than `index` rows in a sample.
    pub fn point(&self, index: u128) -> Vec<usize> {
        match self {
            Self::Grid(grid) => grid.point(index),
            Self::Sample(sample) => sample.point(index as usize).to_vec(),
        }
    }

    /// What row `index` sets, one assignment a column.
    ///
    /// # Panics
    /// As [`Design::point`].
    pub fn row(&self, index: u128) -> Vec<Assignment> {
        self.grid().at(&self.point(index))
    }

    /// A hash of the columns, of all values as printed and of how many rows there are: equal for two sweeps whose rows
    /// set the same in the same order.
    pub fn fingerprint(&self) -> u64 {
        let len = self.len();
        mix(mix(self.grid().fingerprint() ^ len as u64) ^ (len >> 64) as u64)
    }
}
