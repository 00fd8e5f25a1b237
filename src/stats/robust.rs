//! An interval of a mean that does not trust the data to be normal.

use super::dirichlet::upper_end;
use super::estimate::Range;
use super::normal::upper_point;
use super::student;

/// How far beyond the furthest value the unseen one is put, in that value's distance from the median. Chosen by
/// measurement: the smallest whole number at which every kind of data in `docs/statistics.md` is covered.
const BEYOND: f64 = 2.0;

/// How sure an interval is, as the two multipliers that belong to one probability.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// Of standard errors, by Student's t.
    t: f64,
    /// Of the normal distribution, at the same tail.
    z: f64,
}

impl Level {
    /// That of `n` ≥ 2 values, n fixed beforehand, whose interval is wrong with probability `error`, in (0, 1).
    pub(super) fn fixed(n: usize, error: f64) -> Self {
        let t = if error == 0.05 { student::t975(n - 1) } else { student::two_sided(n - 1, error) };
        Self { t, z: upper_point(error / 2.0) }
    }

    /// That of `n` ≥ 2 values where `t` standard errors are taken.
    pub(super) fn of_t(n: usize, t: f64) -> Self {
        Self { t, z: upper_point(libm::exp(student::ln_beyond(t, n - 1)) / 2.0) }
    }
}

/// The interval of the mean of `values`, of which there are two or more; `None` where they overflow or are no numbers.
///
/// It is the hull of two. One is [`student_interval`], which is exact for normal data and too narrow for others: the longer
/// tail of skewed data may not have been seen. The other takes the values as they are and adds one that was not seen
/// ([`upper_end`]), as far beyond the furthest as [`BEYOND`] says. It counts by the square of how lopsided the data are, at
/// most as much as if it had been drawn once. So symmetric data keep Student's t, and bursts get the room they need.
///
/// Where more than half of the values are equal – differences that are mostly 0 – symmetry is no evidence, since few others
/// were seen at all. Then an unseen value counts fully, on both sides: what was seen on one could have been on the other.
/// Where all are equal, `zero_seen` adds 0 to what could have been seen, so that a few equal counts are no law yet.
pub(super) fn mean_interval(values: &[f64], level: Level, possible: Range, zero_seen: bool) -> Option<[f64; 2]> {
    let [mut low, mut high] = student_interval(values, level)?;
    if let Some(unseen) = Unseen::beside(values, possible, zero_seen) {
        let mirrored: Vec<f64> = values.iter().map(|x| -x).collect();
        low = low.min(-upper_end(&mirrored, -unseen.low, unseen.low_weight, level.z));
        high = high.max(upper_end(values, unseen.high, unseen.high_weight, level.z));
    }
    (low.is_finite() && high.is_finite()).then(|| [possible.cut(low), possible.cut(high)])
}

/// `mean ± t · s / √n`; `None` where that is no number.
pub(super) fn student_interval(values: &[f64], level: Level) -> Option<[f64; 2]> {
    let n = values.len() as f64;
    let mean = mean(values);
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    let half = level.t * libm::sqrt(variance / n);
    half.is_finite().then_some([mean - half, mean + half])
}

/// The arithmetic mean of one or more values, within them.
pub(super) fn mean(values: &[f64]) -> f64 {
    let (low, high) = ends(values);
    // Rounding must not put the mean of equal values beside them.
    (values.iter().sum::<f64>() / values.len() as f64).max(low).min(high)
}

/// The smallest and the largest.
fn ends(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)))
}

/// One value on each side that was not seen, and how much it counts.
#[derive(Debug, PartialEq)]
struct Unseen {
    low: f64,
    low_weight: f64,
    high: f64,
    high_weight: f64,
}

impl Unseen {
    /// `None` where all values are the same and nothing else is known to be possible.
    fn beside(values: &[f64], possible: Range, zero_seen: bool) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let median = f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]);
        let (mut low, mut high) = (sorted[0], sorted[n - 1]);
        if low == high && zero_seen {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if low == high {
            return None;
        }
        let (down, up) = (median - low, high - median);
        let (mut beyond_low, mut beyond_high) = (low - BEYOND * down, high + BEYOND * up);
        let lopsided = (up - down) / (high - low);
        let (mut low_weight, mut high_weight) = ((-lopsided).max(0.0), lopsided.max(0.0));
        (low_weight, high_weight) = (low_weight * low_weight, high_weight * high_weight);
        if 2 * values.iter().filter(|&&x| x == median).count() > n {
            (low_weight, high_weight) = (1.0, 1.0);
            (beyond_low, beyond_high) = (beyond_low.min(median - up), beyond_high.max(median + down));
        }
        Some(Self { low: possible.cut(beyond_low), low_weight, high: possible.cut(beyond_high), high_weight })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetric_data_keep_students_interval() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let level = Level::fixed(10, 0.05);
        let [low, high] = mean_interval(&values, level, Range::Any, false).expect("finite");
        assert!((low - 3.334_149_410_386_061).abs() < 1e-8 && (high - 7.665_850_589_613_939).abs() < 1e-8);
    }

    #[test]
    fn a_long_tail_gets_more_room_and_only_where_it_is() {
        let values = [0.2, 0.3, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.9, 4.4];
        let level = Level::fixed(10, 0.05);
        let [t_low, t_high] = student_interval(&values, level).expect("finite");
        let [low, high] = mean_interval(&values, level, Range::Any, false).expect("finite");
        assert_eq!(low, t_low);
        assert!(high > t_high + 0.4 * (t_high - t_low) / 2.0, "{high} {t_high}");
        let mirrored = mean_interval(&values.map(|v| -v), level, Range::Any, false).expect("finite");
        assert_eq!(mirrored, [-high, -low]);
    }

    #[test]
    fn what_is_mostly_one_value_could_have_gone_either_way() {
        let mut values = vec![0.0; 19];
        values.push(5.0);
        let unseen = Unseen::beside(&values, Range::Any, false).expect("two values");
        assert_eq!(unseen, Unseen { low: -5.0, low_weight: 1.0, high: 15.0, high_weight: 1.0 });
        let unseen = Unseen::beside(&values, Range::NotNegative, false).expect("two values");
        assert_eq!((unseen.low, unseen.high), (0.0, 15.0));
        assert_eq!(Unseen::beside(&[2.0, 2.0], Range::Any, false), None);
        let unseen = Unseen::beside(&[2.0, 2.0], Range::Any, true).expect("0 as well");
        assert_eq!((unseen.low, unseen.high), (-4.0, 4.0));
    }

    #[test]
    fn what_overflows_has_no_interval() {
        assert_eq!(mean_interval(&[1e300, -1e300], Level::fixed(2, 0.05), Range::Any, false), None);
        assert_eq!(mean_interval(&[f64::NAN, 1.0], Level::fixed(2, 0.05), Range::Any, false), None);
        assert_eq!(mean_interval(&[0.1; 10], Level::fixed(10, 0.05), Range::Any, false), Some([0.1, 0.1]));
    }
}
