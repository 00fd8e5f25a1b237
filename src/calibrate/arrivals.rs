//! How requests come: their rate, whether it stays the same, and how much they bunch.

use std::collections::BTreeMap;

use crate::stats::{Estimate, Range};

/// The log is cut into so many stretches at most.
const STRETCHES: u64 = 60;
/// A rate that is this much off its mean (by its standard deviation, chance subtracted) is one that changes.
const CHANGES: f64 = 0.1;

/// Requests by second.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    seconds: BTreeMap<i64, u64>,
    total: u64,
}

/// A rate and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// Requests that were counted, and over how long (s).
    pub requests: u64,
    /// Whole seconds from the first to the last, without these two where they may have been cut.
    pub seconds: u64,
    /// The mean (1/s) with its interval, from the scatter of equally long stretches: what bunches or changes has a wider one.
    pub mean: Estimate,
    /// The variance of a second's count over its mean: 1 where requests come independently of each other (Poisson).
    pub dispersion: f64,
    /// The rate by stretches, if it changes: middles (s from the first) and rates (1/s).
    pub profile: Option<Vec<(f64, f64)>>,
    /// The most in one second.
    pub peak: u64,
}

impl Arrivals {
    /// Adds a request (s since 1970).
    pub fn add(&mut self, at: f64) {
        if at.is_finite() && at.abs() < 1e12 {
            *self.seconds.entry(libm::floor(at) as i64).or_insert(0) += 1;
            self.total += 1;
        }
    }

    /// Requests with a moment.
    pub const fn len(&self) -> u64 {
        self.total
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The sum of squared differences of the counts of so many seconds from their mean.
    fn scatter(&self, from: i64, seconds: u64) -> f64 {
        let counts = self.seconds.range(from..from + seconds as i64).map(|(_, n)| *n as f64);
        let (sum, squares) = counts.fold((0.0, 0.0), |(sum, squares), n| (sum + n, squares + n * n));
        squares - sum * sum / seconds as f64
    }

    /// Their rate; `None` where they do not span two seconds.
    pub fn rate(&self) -> Option<Rate> {
        let (first, last) = (*self.seconds.first_key_value()?.0, *self.seconds.last_key_value()?.0);
        // A log begins and ends anywhere in a second.
        let (first, last) = if last - first >= 10 { (first + 1, last - 1) } else { (first, last) };
        let seconds = (last - first + 1) as u64;
        if seconds < 2 {
            return None;
        }
        let counts = |from: i64, to: i64| self.seconds.range(from..to).map(|(_, n)| *n).sum::<u64>();
        let requests = counts(first, last + 1);
        let length = seconds.div_ceil(STRETCHES.min(seconds));
        let whole = seconds / length;
        let stretches: Vec<f64> = (0..whole)
            .map(|n| counts(first + (n * length) as i64, first + ((n + 1) * length) as i64) as f64 / length as f64)
            .collect();
        let spread = Estimate::of(&stretches, Range::NotNegative)?;
        let mean = requests as f64 / seconds as f64;
        // The last seconds may not make up a stretch; the interval is that of the stretches.
        let shift = mean - spread.mean;
        let mean = Estimate { mean, ci95: spread.ci95.map(|ci| ci.map(|x| (x + shift).max(0.0))), ..spread };
        let profile = changes(&stretches).then(|| {
            let middle = |n: usize| (n as f64 + 0.5) * length as f64;
            stretches.iter().enumerate().map(|(n, rate)| (middle(n), *rate)).collect()
        });
        // Where the rate changes, around the mean of each stretch.
        let parts = if profile.is_some() { stretches.len() as u64 } else { 1 };
        let part = seconds / parts;
        let scatter: f64 = (0..parts).map(|n| self.scatter(first + (n * part) as i64, part)).sum();
        let average = mean.mean;
        let variance = if part > 1 { scatter / (parts * (part - 1)) as f64 } else { 0.0 };
        Some(Rate {
            requests,
            seconds,
            mean,
            dispersion: if average > 0.0 { variance / average } else { 0.0 },
            profile,
            peak: self.seconds.range(first..=last).map(|(_, n)| *n).max().unwrap_or(0),
        })
    }
}

/// Whether the rates of neighbouring stretches differ by more than chance and by enough to matter. Chance is judged by how neighbours
/// differ, since what bunches scatters without changing.
fn changes(rates: &[f64]) -> bool {
    let n = rates.len();
    if n < 8 {
        return false;
    }
    let mean = rates.iter().sum::<f64>() / n as f64;
    let variance = rates.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / (n - 1) as f64;
    let steps = rates.windows(2).map(|w| (w[1] - w[0]) * (w[1] - w[0])).sum::<f64>() / (2 * (n - 1)) as f64;
    // Von Neumann's ratio: of independent values steps / variance has mean 1 and variance (n − 2) / (n² − 1).
    let ratio = if variance > 0.0 { steps / variance } else { 1.0 };
    let deviation = libm::sqrt((n - 2) as f64 / ((n * n - 1) as f64));
    let by_chance = ratio > 1.0 - 3.0 * deviation;
    let matters = libm::sqrt((variance - steps).max(0.0)) > CHANGES * mean;
    !by_chance && matters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: impl IntoIterator<Item = u64>) -> Option<Rate> {
        let mut arrivals = Arrivals::default();
        for (second, count) in counts.into_iter().enumerate() {
            (0..count).for_each(|_| arrivals.add(1e9 + second as f64 + 0.5));
        }
        arrivals.rate()
    }

    #[test]
    fn a_steady_rate_is_one_and_a_rising_one_a_profile() {
        let steady = of((0..600).map(|n| 95 + (n * 7919) % 11)).expect("long enough");
        assert_eq!((steady.seconds, steady.profile.clone()), (598, None));
        assert!((steady.mean.mean - 100.0).abs() < 0.1 && steady.mean.ci95.is_some(), "{steady:?}");
        assert!(steady.dispersion < 0.2, "more even than by chance: {}", steady.dispersion);
        let rising = of((0..600).map(|n| 50 + n / 6)).expect("long enough");
        let profile = rising.profile.expect("it rises");
        assert!(profile.len() == 59 && profile[0].1 < 55.0 && profile[58].1 > 140.0, "{profile:?}");
    }

    #[test]
    fn too_short_a_log_has_no_rate() {
        assert_eq!(of([5]), None);
        assert_eq!(Arrivals::default().rate(), None);
        assert!(of([5, 5]).is_some_and(|r| r.mean.mean == 5.0));
    }
}
