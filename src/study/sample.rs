use super::grid::Grid;
use crate::scenario::{Assignment, Axis};
#[derive(Clone, Debug)]
pub struct Sample(Grid);
impl Sample {
    pub fn new(axes: Vec<Axis>, _n: usize) -> Self {
        Self(Grid::fine(axes))
    }
    pub fn len(&self) -> usize {
        self.0.len() as usize
    }
    pub fn grid(&self) -> &Grid {
        &self.0
    }
    pub fn row(&self, r: usize) -> Vec<Assignment> {
        self.0.row(r as u128)
    }
}
