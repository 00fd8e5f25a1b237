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
    pub fn point(&self, index: u128) -> Vec<usize> {
        point(&self.axes.iter().map(Axis::len).collect::<Vec<_>>(), index)
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

/// Which step row `index` takes on each axis of these lengths, the last varying fastest.
pub(super) fn point(lengths: &[usize], mut index: u128) -> Vec<usize> {
    let mut point = vec![0; lengths.len()];
    for (step, &length) in point.iter_mut().zip(lengths).rev() {
        *step = (index % length as u128) as usize;
        index /= length as u128;
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Streams};
    use crate::scenario::Draft;

    fn axes(vary: &[String]) -> Vec<Axis> {
        let draft = Draft::open_str("test.yaml", "clients: [{name: web, rate: 100/s}]", &[]).expect("a scenario");
        draft.axes(vary).unwrap_or_else(|d| panic!("{}", d[0]))
    }

    fn grid(vary: &[&str]) -> Grid {
        let vary: Vec<String> = vary.iter().map(ToString::to_string).collect();
        Grid::new(axes(&vary)).unwrap_or_else(|d| panic!("{}", d[0]))
    }

    fn texts(row: &[Assignment]) -> Vec<&str> {
        row.iter().map(Assignment::text).collect()
    }

    #[test]
    fn the_last_axis_varies_fastest() {
        let grid = grid(&["maxSurge=1,2", "preStop,terminationGracePeriodSeconds=[0s, 30],[5s, 35]", "proxies=7,8,9"]);
        let columns = grid.columns();
        assert_eq!(columns.len(), 4);
        assert_eq!(columns[1], "pod.termination.preStop");
        assert_eq!(grid.len(), 12);
        assert_eq!(texts(&grid.row(0)), ["1", "0s", "30", "7"]);
        assert_eq!(texts(&grid.row(1)), ["1", "0s", "30", "8"]);
        assert_eq!(texts(&grid.row(3)), ["1", "5s", "35", "7"]);
        assert_eq!(texts(&grid.row(11)), ["2", "5s", "35", "9"]);
    }

    #[test]
    fn a_grid_without_axes_is_the_scenario_itself() {
        let grid = grid(&[]);
        assert_eq!((grid.len(), grid.row(0).len(), grid.index(&[])), (1, 0, 0));
    }

    #[test]
    fn a_row_and_its_point_are_each_others_inverse() {
        let mut dice = Streams::new(1, 0).stream(Purpose::Balance, 0);
        let fields = ["replicas", "concurrency", "queue", "backlog", "proxies", "connections"];
        for case in 0..50 {
            let vary: Vec<String> = fields[..=case % fields.len()]
                .iter()
                .map(|field| {
                    let length = 1 + dice.below(5);
                    let values: Vec<String> = (1..=length).map(|v| v.to_string()).collect();
                    format!("{}{field}={}", if *field == "connections" { "clients.web." } else { "" }, values.join(","))
                })
                .collect();
            let grid = Grid::new(axes(&vary)).expect("all are counted");
            let mut before = None;
            for index in 0..grid.len() {
                let point = grid.point(index);
                assert_eq!(grid.index(&point), index, "{vary:?}");
                assert!(before.is_none_or(|b| b < point), "rows are in the order of their points");
                before = Some(point);
            }
        }
    }

    /// 2·10⁹ rows here, and more than any integer holds below; the last is made as quickly as the first.
    #[test]
    fn a_grid_is_counted_not_written_out() {
        let hundred = |path: &str| format!("{path}=1..100:100");
        let vary = ["replicas", "concurrency", "queue", "backlog"].map(hundred);
        let vary: Vec<&str> = vary.iter().map(String::as_str).chain(["proxies=1..20:20"]).collect();
        let grid = grid(&vary);
        assert_eq!(grid.len(), 2_000_000_000);
        assert_eq!(texts(&grid.row(1_999_999_999)), ["100", "100", "100", "100", "20"]);
        assert_eq!(grid.index(&grid.point(1_234_567_890)), 1_234_567_890);
        let axis = grid.axes()[0].clone();
        let huge = Grid::fine(vec![axis; 20]);
        assert_eq!(huge.len(), u128::MAX);
        assert_eq!(huge.point(1_001)[18..], [10, 1]);
    }

    #[test]
    fn a_range_without_a_count_is_no_part_of_a_grid() {
        let vary = ["drainWindow=0s..60s", "proxies=1,2"].map(ToString::to_string);
        let told = Grid::new(axes(&vary)).expect_err("it has no count")[0].to_string();
        assert!(told.contains("--vary:1:13") && told.contains("or take a sample by `--sample N`"), "{told}");
    }

    #[test]
    fn a_fingerprint_knows_columns_values_and_their_order() {
        let prints: std::collections::BTreeSet<u64> = [
            &["maxSurge=1,2", "proxies=1,2"][..],
            &["maxSurge=2,1", "proxies=1,2"],
            &["proxies=1,2", "maxSurge=1,2"],
            &["maxSurge,proxies=[1, 1],[2, 2]"],
            &["maxSurge=1,2", "proxies=12"],
            &["maxSurge=1,2"],
            &[],
        ]
        .map(|vary| grid(vary).fingerprint())
        .into();
        assert_eq!(prints.len(), 7);
        assert_eq!(grid(&["maxSurge=1,2"]).fingerprint(), grid(&[" maxSurge = 1 , 2"]).fingerprint());
    }
}
