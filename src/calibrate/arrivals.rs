//! How requests come: their rate, whether it stays the same, and how much they bunch.

use std::collections::BTreeMap;

use crate::scenario::dist::{Dist, Gamma};
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
    /// The rate by stretches, if it changes.
    pub profile: Option<Vec<Point>>,
    /// The most in one second.
    pub peak: u64,
}

/// The rate of one stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Its middle (s from the first).
    pub at: f64,
    /// Its rate (1/s).
    pub rate: f64,
    /// Between which two that lies with 95 % confidence.
    pub ci95: [f64; 2],
}

/// The 95 % interval of the mean of a count of which `n` were seen: Garwood's (1936), exact where they come independently of each
/// other (Poisson); it holds the mean in at least 95 % of cases. What bunches scatters `dispersion` times as much, as so many fewer that are
/// independent would (quasi-likelihood: Wedderburn 1974); what comes more evenly than by chance gets no narrower one for it.
fn count_interval(n: f64, dispersion: f64) -> [f64; 2] {
    let bunched = dispersion.max(1.0);
    let independent = n / bunched;
    let quantile =
        |shape: f64, p: f64| if shape > 0.0 { Dist::Gamma(Gamma::new(shape, shape)).quantile(p) } else { 0.0 };
    [quantile(independent, 0.025) * bunched, quantile(independent + 1.0, 0.975) * bunched]
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
        let changes = changes(&stretches);
        // Where the rate changes, around the mean of each stretch.
        let parts = if changes { stretches.len() as u64 } else { 1 };
        let part = seconds / parts;
        let scatter: f64 = (0..parts).map(|n| self.scatter(first + (n * part) as i64, part)).sum();
        let average = mean.mean;
        let variance = if part > 1 { scatter / (parts * (part - 1)) as f64 } else { 0.0 };
        let dispersion = if average > 0.0 { variance / average } else { 0.0 };
        let point = |(n, &rate): (usize, &f64)| {
            let length = length as f64;
            let ci95 = count_interval(rate * length, dispersion).map(|count| count / length);
            Point { at: (n as f64 + 0.5) * length, rate, ci95 }
        };
        Some(Rate {
            requests,
            seconds,
            mean,
            dispersion,
            profile: changes.then(|| stretches.iter().enumerate().map(point).collect()),
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
    use crate::engine::{Purpose, Streams};

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
        assert!(profile.len() == 59 && profile[0].rate < 55.0 && profile[58].rate > 140.0, "{profile:?}");
    }

    #[test]
    fn too_short_a_log_has_no_rate() {
        assert_eq!(of([5]), None);
        assert_eq!(Arrivals::default().rate(), None);
        assert!(of([5, 5]).is_some_and(|r| r.mean.mean == 5.0));
    }

    #[test]
    fn intervals_of_counts_have_their_published_values() {
        for (n, low, high) in
            [(0.0, 0.0, 3.6889), (1.0, 0.0253, 5.5716), (10.0, 4.7954, 18.3904), (100.0, 81.3641, 121.6266)]
        {
            let [l, h] = count_interval(n, 0.3);
            assert!((l - low).abs() < 1e-3 && (h - high).abs() < 1e-3, "{n}: {l} to {h}");
        }
        // Large counts are normal: a thousandth, 1.96 times.
        let [l, h] = count_interval(1e6, 1.0);
        assert!(((1e6 - l) / 1_960.0 - 1.0).abs() < 0.01 && ((h - 1e6) / 1_960.0 - 1.0).abs() < 0.01, "{l} to {h}");
        let [l, h] = count_interval(1e6, 4.0);
        assert!(((h - l) / 7_840.0 - 1.0).abs() < 0.01, "{l} to {h}");
    }

    /// How often the intervals of a profile hold the true rate of their stretch: arrivals of 20/s to 80/s over ten minutes, each of so many
    /// requests at once.
    fn coverage(together: u64) -> f64 {
        let (mut held, mut all) = (0_u32, 0_u32);
        for seed in 0..40 {
            let mut stream = Streams::new(seed, 0).stream(Purpose::Service, 1);
            let rate = |t: f64| 20.0 + t / 10.0;
            let mut arrivals = Arrivals::default();
            let mut t = 0.0;
            // Thinned from the highest rate.
            while t < 600.0 {
                t += -libm::log(stream.open01()) * together as f64 / 80.0;
                if stream.open01() * 80.0 < rate(t) && t < 600.0 {
                    (0..together).for_each(|_| arrivals.add(1e9 + t));
                }
            }
            for point in arrivals.rate().and_then(|r| r.profile).expect("it rises") {
                // The log's first second is left out.
                let truth = rate(point.at + 1.0);
                held += u32::from(point.ci95[0] <= truth && truth <= point.ci95[1]);
                all += 1;
            }
        }
        f64::from(held) / f64::from(all)
    }

    #[test]
    fn the_points_of_a_profile_have_intervals_that_hold_as_often_as_they_say() {
        // 40 logs of 59 points: 2,242 of 2,360 expected, with a standard deviation of 0.45 %. An exact interval of a count holds a little more.
        let independent = coverage(1);
        assert!((0.945..0.98).contains(&independent), "{independent}");
        // Of the bunched the dispersion is estimated.
        let bunched = coverage(5);
        assert!((0.93..0.98).contains(&bunched), "{bunched}");
    }
}
