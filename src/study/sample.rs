//! A few points of a grid that is too large, spread evenly over it: the sequence of Sobol'.
//!
//! Why this one: of its first 2^m points every axis alone gets one in each of its 2^m equal parts (the best there is, and
//! better than the additive recurrence of Roberts (2018) or Halton's sequence, which in high dimensions cross an axis
//! slowly from one end to the other), all axes together are filled far more evenly than by chance, and the first points
//! of a long sample are a short one, so that a study grows without starting over. Hence an axis of v values has each of
//! them among the first 4 v points at the latest.
//!
//! The sequence does not depend on the seed: the same sweep looks at the same points whatever is drawn there.
//!
//! The polynomials are the primitive ones over two elements, by degree; any odd direction numbers make a sequence
//! (I. M. Sobol', USSR Comput. Math. Math. Phys. 7, 1967). Ours were searched for, axis after axis: of 700 choices, those
//! whose pairs with all axes before leave the fewest elementary boxes of 4 to 1024 points uneven (the sum of the squared
//! t-values of two-dimensional nets). A test measures them.

use std::collections::BTreeSet;

use super::grid::{self, Grid};
use crate::scenario::{Assignment, Axis, Diag};

/// Bits of a coordinate, and of the number of a point.
const BITS: u32 = 32;
/// The most axes of a sample: those that have direction numbers.
pub const AXES_MAX: usize = 16;
/// The most points of a sample, which are held in memory.
pub const POINTS_MAX: usize = 1_000_000;
/// How many points of the sequence are looked at for each that is wanted before the rest is taken in the grid's order.
/// Only where almost the whole of a grid is wanted are that many seen before.
const TRIES: u64 = 64;

/// For each axis after the first: the degree of its polynomial, the polynomial's inner coefficients as bits, and the
/// first direction numbers.
const DIRECTIONS: [(u32, u32, &[u32]); AXES_MAX - 1] = [
    (1, 0, &[1]),
    (2, 1, &[1, 1]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 5]),
    (4, 1, &[1, 3, 3, 11]),
    (4, 4, &[1, 3, 7, 13]),
    (5, 2, &[1, 1, 3, 13, 17]),
    (5, 4, &[1, 1, 5, 5, 21]),
    (5, 7, &[1, 1, 1, 15, 13]),
    (5, 11, &[1, 3, 3, 11, 31]),
    (5, 13, &[1, 3, 5, 1, 21]),
    (5, 14, &[1, 3, 1, 1, 1]),
    (6, 1, &[1, 1, 7, 11, 1, 5]),
    (6, 13, &[1, 1, 3, 5, 27, 49]),
    (6, 16, &[1, 3, 7, 9, 21, 59]),
];

/// Points of a grid, all different, in the order of the sequence.
#[derive(Clone, Debug)]
pub struct Sample {
    grid: Grid,
    points: Vec<Vec<usize>>,
}

impl Sample {
    /// `n` points of the grid over these axes; all of it, in its own order, where it has no more. Ranges without a count
    /// are sampled between their ends, at the values that one would write (see [`crate::scenario::sweep`]).
    ///
    /// # Errors
    /// Too many axes or points.
    pub fn new(axes: Vec<Axis>, n: u64) -> Result<Self, Vec<Diag>> {
        let grid = Grid::fine(axes);
        let too_large = |what: String, help: &str| vec![Diag::error("too-large", what).help(help)];
        if u128::from(n).min(grid.len()) > POINTS_MAX as u128 {
            let what = format!("a sample has at most {POINTS_MAX} points, and {n} are asked for");
            return Err(too_large(what, "leave `--sample` out to run the whole grid"));
        }
        if grid.len() <= u128::from(n) {
            let points = (0..grid.len()).map(|i| grid.point(i)).collect();
            return Ok(Self { grid, points });
        }
        if grid.axes().len() > AXES_MAX {
            let what = format!("a sample has at most {AXES_MAX} axes, and {} are varied", grid.axes().len());
            return Err(too_large(what, "vary fewer, or let some move together by `zip`"));
        }
        let lengths: Vec<usize> = grid.axes().iter().map(Axis::len).collect();
        let points = spread(&lengths, n as usize);
        Ok(Self { grid, points })
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether none was asked for.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The grid that they are points of.
    pub const fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Which step of each axis point `n` takes.
    pub fn point(&self, n: usize) -> &[usize] {
        &self.points[n]
    }

    /// What point `n` sets, one assignment a column.
    pub fn row(&self, n: usize) -> Vec<Assignment> {
        self.grid.at(&self.points[n])
    }
}

/// The first `n` different points of a grid of these lengths, [`AXES_MAX`] of them at most, that the sequence meets; all of
/// its points where there are no more.
pub(super) fn spread(lengths: &[usize], n: usize) -> Vec<Vec<usize>> {
    let sequence = Sobol::new(lengths.len());
    let mut seen = BTreeSet::new();
    let mut points = Vec::with_capacity(n);
    let tries = (n as u64).saturating_mul(TRIES).min(1 << BITS);
    let met = (0..tries).map(|k| {
        let step = |(axis, &length): (usize, &usize)| {
            ((u128::from(sequence.coordinate(axis, k as u32)) * length as u128) >> BITS) as usize
        };
        lengths.iter().enumerate().map(step).collect::<Vec<usize>>()
    });
    let all = lengths.iter().fold(1_u128, |n, &length| n.saturating_mul(length as u128));
    for point in met.chain((0..all).map(|index| grid::point(lengths, index))) {
        if points.len() == n {
            break;
        }
        if seen.insert(point.clone()) {
            points.push(point);
        }
    }
    points
}

/// The sequence itself, on 32-bit fractions of 1.
struct Sobol {
    directions: Vec<[u32; BITS as usize]>,
}

impl Sobol {
    fn new(axes: usize) -> Self {
        let first: [u32; BITS as usize] = std::array::from_fn(|bit| 1 << (BITS - 1 - bit as u32));
        let others = DIRECTIONS.iter().map(|&(degree, inner, numbers)| directions(degree as usize, inner, numbers));
        Self { directions: std::iter::once(first).chain(others).take(axes).collect() }
    }

    /// Coordinate `axis` of point `k`, in 2^-32.
    fn coordinate(&self, axis: usize, k: u32) -> u32 {
        let set = self.directions[axis].iter().enumerate().filter(|(bit, _)| k >> bit & 1 == 1);
        set.fold(0, |x, (_, direction)| x ^ direction)
    }
}

/// The recurrence of Bratley & Fox (1988): each direction number from the ones `degree` and less before it.
fn directions(degree: usize, inner: u32, numbers: &[u32]) -> [u32; BITS as usize] {
    let mut v = [0; BITS as usize];
    for bit in 0..BITS as usize {
        v[bit] = if bit < degree {
            numbers[bit] << (BITS as usize - 1 - bit)
        } else {
            let inner = (1..degree).filter(|k| inner >> (degree - 1 - k) & 1 == 1).fold(0, |x, k| x ^ v[bit - k]);
            inner ^ v[bit - degree] ^ (v[bit - degree] >> degree)
        };
    }
    v
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::engine::{Purpose, Streams};
    use crate::scenario::Draft;

    fn axes(vary: &[&str]) -> Vec<Axis> {
        let vary: Vec<String> = vary.iter().map(ToString::to_string).collect();
        let draft = Draft::open_str("test.yaml", "clients: [{name: web, rate: 100/s}]", &[]).expect("a scenario");
        draft.axes(&vary).unwrap_or_else(|d| panic!("{}", d[0]))
    }

    fn sample(axes: &[Axis], n: u64) -> Sample {
        Sample::new(axes.to_vec(), n).unwrap_or_else(|d| panic!("{}", d[0]))
    }

    /// Between them of 2 to 850 values.
    static SEVEN_AXES: LazyLock<Vec<Axis>> = LazyLock::new(|| {
        axes(&[
            "preStop=0s..12s:13",
            "replicas=1..50:50",
            "maxSurge=1,2,3",
            "queue=1..8:8",
            "proxies=1,2",
            "drainWindow=0s..60s",
            "closeJitter=1s..60s:log",
        ])
    });

    /// Squared L2 star discrepancy (Warnock, 1972), for points in the unit square.
    fn discrepancy(points: &[[f64; 2]]) -> f64 {
        let n = points.len() as f64;
        let single: f64 = points.iter().map(|p| p.iter().map(|x| (1.0 - x * x) / 2.0).product::<f64>()).sum();
        let pair = |p: &[f64; 2], q: &[f64; 2]| (1.0 - p[0].max(q[0])) * (1.0 - p[1].max(q[1]));
        let double: f64 = points.iter().map(|p| points.iter().map(|q| pair(p, q)).sum::<f64>()).sum();
        1.0 / 9.0 - 2.0 / n * single + double / (n * n)
    }

    /// Each axis alone: of the first 2^m points one in each of 2^m parts, and so it goes on for each 2^m after.
    #[test]
    fn every_axis_is_cut_into_equal_parts_with_a_point_in_each() {
        let sequence = Sobol::new(AXES_MAX);
        for axis in 0..AXES_MAX {
            for m in 0..=10 {
                for block in [0, 1, 5] {
                    let parts: BTreeSet<u32> = (0..1_u32 << m)
                        .map(|k| sequence.coordinate(axis, (block << m) + k).checked_shr(BITS - m).unwrap_or(0))
                        .collect();
                    assert_eq!(parts.len(), 1 << m, "axis {axis}, 2^{m} points, block {block}");
                }
            }
        }
    }

    /// All pairs of axes are filled more evenly than chance fills them: at 256 points a tenth of the mean of chance at
    /// the median and below it in the worst pair. For random points, E[D²] = (2⁻² − 3⁻²) / n.
    #[test]
    fn pairs_of_axes_are_filled_more_evenly_than_by_chance() {
        const N: usize = 256;
        let sequence = Sobol::new(AXES_MAX);
        let at = |axis, k: usize| f64::from(sequence.coordinate(axis, k as u32)) / (1_u64 << BITS) as f64;
        let by_chance = (1.0 / 4.0 - 1.0 / 9.0) / N as f64;
        let mut ratios: Vec<f64> = Vec::new();
        for a in 0..AXES_MAX {
            for b in 0..a {
                let points: Vec<[f64; 2]> = (0..N).map(|k| [at(a, k), at(b, k)]).collect();
                ratios.push(discrepancy(&points) / by_chance);
            }
        }
        ratios.sort_by(f64::total_cmp);
        let (median, worst) = (ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
        assert!(median < 0.1 && worst < 1.0, "median {median}, worst {worst}");
        // The yardstick itself, held against points drawn by chance.
        let mut mean = 0.0;
        for k in 0..20 {
            let mut dice = Streams::new(k, 0).stream(Purpose::Balance, 0);
            let points: Vec<[f64; 2]> = (0..N).map(|_| [dice.open01(), dice.open01()]).collect();
            mean += discrepancy(&points) / by_chance / 20.0;
        }
        assert!((0.6..1.5).contains(&mean), "{mean}");
    }

    #[test]
    fn points_differ_and_every_value_of_an_axis_is_among_four_times_as_many() {
        for n in [1, 2, 5, 52, 200, 1000] {
            let sample = sample(&SEVEN_AXES, n);
            assert_eq!(sample.len() as u64, n);
            let points: BTreeSet<&[usize]> = (0..sample.len()).map(|k| sample.point(k)).collect();
            assert_eq!(points.len(), sample.len(), "all different");
            for (axis, values) in sample.grid().axes().iter().enumerate() {
                let seen: BTreeSet<usize> = points.iter().map(|p| p[axis]).collect();
                assert!(seen.iter().all(|&step| step < values.len()), "inside");
                if n >= 4 * values.len() as u64 {
                    assert_eq!(seen.len(), values.len(), "axis {axis} with {n} points");
                }
            }
        }
    }

    #[test]
    fn a_longer_sample_continues_a_shorter_one() {
        let (short, long) = (sample(&SEVEN_AXES, 100), sample(&SEVEN_AXES, 300));
        assert!((0..100).all(|k| short.point(k) == long.point(k)));
    }

    #[test]
    fn as_many_points_as_the_grid_has_are_the_grid() {
        let axes = axes(&["maxSurge=1,2,3", "proxies=1,2", "queue=1..8:8"]);
        for n in [48, 49, u64::MAX] {
            let sample = sample(&axes, n);
            let rows: Vec<u128> = (0..sample.len()).map(|k| sample.grid().index(sample.point(k))).collect();
            assert_eq!(rows, (0..48).collect::<Vec<u128>>());
        }
        // One less still has to be found, though the sequence meets the last few late.
        let nearly: BTreeSet<Vec<usize>> = {
            let sample = sample(&axes, 47);
            (0..47).map(|k| sample.point(k).to_vec()).collect()
        };
        assert_eq!(nearly.len(), 47);
    }

    #[test]
    fn what_is_too_large_is_told() {
        let many: Vec<String> = (0..17).map(|n| format!("clients.c{n}.rate=1/s,2/s")).collect();
        let clients: Vec<String> = (0..17).map(|n| format!("{{name: c{n}, rate: 1/s}}")).collect();
        let text = format!("clients: [{}]", clients.join(", "));
        let axes17 = Draft::open_str("test.yaml", &text, &[]).expect("a scenario").axes(&many).expect("axes");
        let told = Sample::new(axes17, 9).expect_err("17 axes")[0].to_string();
        assert!(told.contains("at most 16 axes, and 17 are varied"), "{told}");
        let told = Sample::new(SEVEN_AXES.clone(), 2_000_000).expect_err("too many points")[0].to_string();
        assert!(told.contains("at most 1000000 points, and 2000000"), "{told}");
    }
}
