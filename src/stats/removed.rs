//! The share of events that a change removes, replication by replication.

use super::paired::{Kind, paired};
use super::poisson_upper;

/// A share of events that are gone, and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Removed {
    /// 1 − with / without, of the sums; below 0 where there are more.
    pub share: f64,
    /// The shares that the replications do not rule out; `None` where there were too few.
    pub ci95: Option<[f64; 2]>,
}

/// Below it there is no telling how many times as many there are.
const LEAST: f64 = -10.0;

/// What share of the events `before` is gone in `after`, both by replication on common random numbers. `None` where there was
/// none before, or the two are not equally long.
///
/// The interval holds every share s for which the mean of after − (1 − s)·before, replication by replication, cannot be told
/// from 0 (Fieller's construction, with the interval of [`paired`]). Where all events are gone, its lower end is what the bound on
/// events that were not seen leaves: 3.00/n of them a replication.
pub fn removed(before: &[f64], after: &[f64]) -> Option<Removed> {
    let total: f64 = before.iter().sum();
    if before.len() != after.len() || total <= 0.0 {
        return None;
    }
    let share = 1.0 - after.iter().sum::<f64>() / total;
    if before.len() < 2 {
        return Some(Removed { share, ci95: None });
    }
    if after.iter().all(|&x| x == 0.0) {
        let mean = total / before.len() as f64;
        let low = (1.0 - poisson_upper(before.len()) / mean).max(0.0);
        return Some(Removed { share, ci95: Some([low, 1.0]) });
    }
    let possible = |s: f64| {
        let left: Vec<f64> = before.iter().map(|b| (1.0 - s) * b).collect();
        let interval = paired(&left, after, Kind::Value, 1).and_then(|d| d.ci95);
        interval.is_none_or(|[low, high]| low <= 0.0 && 0.0 <= high)
    };
    let low = edge(share, LEAST, &possible);
    let high = edge(share, 1.0, &possible);
    Some(Removed { share, ci95: Some([low, high]) })
}

/// From a share that is possible towards `end`: the last that is.
fn edge(possible: f64, end: f64, is_possible: &impl Fn(f64) -> bool) -> f64 {
    if is_possible(end) {
        return end;
    }
    let (mut inside, mut outside) = (possible, end);
    for _ in 0..40 {
        let middle = f64::midpoint(inside, outside);
        if is_possible(middle) { inside = middle } else { outside = middle }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Stream, Streams};

    /// A Poisson count.
    fn poisson(stream: &mut Stream, mean: f64) -> f64 {
        let (limit, mut product, mut n) = (libm::exp(-mean), stream.open01(), 0.0);
        while product > limit {
            product *= stream.open01();
            n += 1.0;
        }
        n
    }

    /// `docs/statistics.md` says so: coverage in per cent of 2,000 experiments with ten replications of Poisson(40), of which each
    /// event is removed with this probability.
    #[test]
    fn the_interval_covers_the_true_share() {
        let mut stream = Streams::new(7, 0).stream(Purpose::Balance, 0);
        let measured = [0.0, 0.5, 0.9, 0.99].map(|share| {
            let mut covered = 0;
            for _ in 0..2_000 {
                let (before, after): (Vec<f64>, Vec<f64>) = (0..10)
                    .map(|_| {
                        let b = poisson(&mut stream, 40.0);
                        let a = (0..b as u32).filter(|_| stream.open01() >= share).count() as f64;
                        (b, a)
                    })
                    .unzip();
                let [low, high] = removed(&before, &after).and_then(|r| r.ci95).expect("there are ten");
                covered += u32::from(low <= share && share <= high);
            }
            f64::from(covered) / 20.0
        });
        for (coverage, share) in measured.into_iter().zip([0.0, 0.5, 0.9, 0.99]) {
            assert!(coverage >= 94.0, "{share}: {coverage} %");
        }
    }

    #[test]
    fn nothing_left_is_not_nothing_possible() {
        let all = removed(&[10.0; 10], &[0.0; 10]).expect("there were some");
        assert_eq!(all.share, 1.0);
        let [low, high] = all.ci95.expect("there are ten");
        assert!((low - 0.97).abs() < 0.001 && high == 1.0, "{low}");
        assert_eq!(removed(&[0.0, 0.0], &[0.0, 0.0]), None);
        assert!(removed(&[3.0, 5.0, 4.0], &[9.0, 15.0, 12.5]).expect("there were some").share < -1.9, "more of them");
    }
}
