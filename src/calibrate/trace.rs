//! The moments at which requests came, one by one, as a scenario replays them (`trace: FILE`).

use std::fmt::Write as _;

use crate::engine::{Purpose, Streams};

/// Moments as they were logged.
#[derive(Clone, Debug, Default)]
pub struct Moments(Vec<f64>);

/// Moments that are replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The file's text: seconds since the second in which the first request came, in order, one a row.
    pub text: String,
    /// How many there are.
    pub requests: usize,
    /// Whether the log knows whole seconds alone, so that the place of each within its second is drawn.
    pub spread: bool,
}

impl Moments {
    /// Adds a request (s since 1970).
    pub fn add(&mut self, at: f64) {
        if at.is_finite() && at.abs() < 1e12 {
            self.0.push(at);
        }
    }

    /// The file; `None` where no request has a moment.
    ///
    /// Where the log knows whole seconds alone, each request is put somewhere in its own, all places as likely: so lie those of
    /// independent users, given how many there are. The draw is always the same.
    pub fn trace(&self) -> Option<Trace> {
        let first = libm::floor(self.0.iter().copied().reduce(f64::min)?);
        let spread = self.0.iter().all(|at| libm::floor(*at) == *at);
        let mut draw = Streams::new(1, 0).stream(Purpose::Arrival, 0);
        let mut place = || if spread { draw.open01() } else { 0.0 };
        let mut times: Vec<f64> = self.0.iter().map(|at| at - first + place()).collect();
        times.sort_by(f64::total_cmp);
        let mut text = String::from("seconds\n");
        for at in &times {
            let _ = writeln!(text, "{at:.6}");
        }
        Some(Trace { text, requests: times.len(), spread })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(moments: &[f64]) -> Option<(Vec<f64>, bool)> {
        let mut all = Moments::default();
        for at in moments {
            all.add(*at);
        }
        let Trace { text, requests, spread } = all.trace()?;
        let times: Vec<f64> = text.lines().skip(1).map(|l| l.parse().expect("a number")).collect();
        assert_eq!(times.len(), requests);
        Some((times, spread))
    }

    #[test]
    fn moments_are_kept_in_order_from_the_second_of_the_first() {
        assert_eq!(of(&[1_700_000_002.25, 1_700_000_000.5, f64::NAN]), Some((vec![0.5, 2.25], false)));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn whole_seconds_are_spread_each_within_its_own() {
        let many: Vec<f64> = (0..1000).map(|n| 1_700_000_000.0 + f64::from(n / 500)).collect();
        let (times, spread) = of(&many).expect("there are some");
        assert!(spread && times.windows(2).all(|w| w[0] <= w[1]));
        assert_eq!(times.iter().filter(|t| **t < 1.0).count(), 500);
        let mean = times[..500].iter().sum::<f64>() / 500.0;
        // The deviation of a uniform draw's mean: 1/√12/√500.
        assert!((mean - 0.5).abs() < 4.5 * 0.013, "{mean}");
        assert_eq!(of(&many).expect("the same").0, times);
    }
}
