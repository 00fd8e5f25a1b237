//! When open-loop requests arrive: a Poisson process or equal gaps, at a rate that may vary, or a trace.
//!
//! A varying rate is played by time change: the k-th arrival is where the integral of the rate reaches the sum of k
//! unit gaps, exponential or constant. Between the points of a profile the rate is a straight line, so the integral is
//! inverted exactly, by a quadratic (Çınlar, 1975).

use crate::engine::{Dur, SimTime, Stream};
use crate::scenario::dist::{Dist, Sampler};
use crate::scenario::{Arrivals, Profile};

/// The arrivals of one population, one after the other.
#[derive(Clone, Debug)]
pub(super) struct ArrivalProcess {
    arrivals: Arrivals,
    draw: Stream,
    /// Gaps of one arrival a second.
    gap: Sampler,
    /// The last arrival that was computed (s since the start of the simulation).
    last: f64,
    /// Seconds an arrival, where it is a Poisson process of a constant rate: by far the most common.
    pace: Option<f64>,
    /// The arrival after the one that was given: computed one ahead, so that nothing waits for it.
    upcoming: Option<SimTime>,
    /// The next entry of a trace.
    next: usize,
    start: SimTime,
}

impl ArrivalProcess {
    /// The process from `start`, the start of the simulation.
    pub(super) fn new(arrivals: &Arrivals, start: SimTime, draw: Stream) -> Self {
        let gap = Sampler::new(&Dist::exponential(1.0));
        let pace = match arrivals {
            Arrivals::Poisson(Profile { points }) => match points[..] {
                [(_, rate)] if rate > 0.0 => Some(1.0 / rate),
                _ => None,
            },
            Arrivals::Constant(_) | Arrivals::Trace(_) => None,
        };
        let arrivals = arrivals.clone();
        let mut process = Self { arrivals, draw, gap, last: 0.0, pace, upcoming: None, next: 0, start };
        process.upcoming = process.compute();
        process
    }

    /// The next arrival, if there is one.
    #[inline(always)]
    pub(super) fn advance(&mut self) -> Option<SimTime> {
        let at = self.upcoming?;
        self.upcoming = self.compute();
        Some(at)
    }

    #[inline(always)]
    fn compute(&mut self) -> Option<SimTime> {
        self.last = match self.pace {
            Some(pace) => self.last + self.gap.sample_nanos(&mut self.draw) * 1e-9 * pace,
            None => return self.compute_otherwise(),
        };
        Some(self.start + Dur::from_secs_f64(self.last))
    }

    /// The same where it is no Poisson process of a constant rate.
    #[inline(never)]
    fn compute_otherwise(&mut self) -> Option<SimTime> {
        let (profile, gap) = match &self.arrivals {
            Arrivals::Trace(times) => {
                let at = times.get(self.next).map(|&t| self.start + t);
                self.next += 1;
                return at;
            }
            Arrivals::Poisson(profile) => (profile, self.gap.sample_nanos(&mut self.draw) * 1e-9),
            Arrivals::Constant(profile) => (profile, 1.0),
        };
        self.last = match profile.points[..] {
            [(_, rate)] if rate > 0.0 => self.last + gap * (1.0 / rate),
            _ => after(profile, self.last, gap)?,
        };
        Some(self.start + Dur::from_secs_f64(self.last))
    }
}

/// The moment at which the integral of the rate from `from` reaches `area`; `None` if it never does.
fn after(profile: &Profile, from: f64, mut area: f64) -> Option<f64> {
    let mut t = from;
    loop {
        let (rate, slope, end) = piece(profile, t);
        let span = end - t;
        // A rate that falls to 0 ends its piece there, so the whole piece's area is this even for a falling line.
        let whole = if span.is_finite() { (rate + 0.5 * slope * span) * span } else { f64::INFINITY };
        if area <= whole && rate.max(slope) > 0.0 {
            // The root of slope/2 x² + rate x = area in the form that does not cancel.
            let root = (rate * rate + 2.0 * slope * area).max(0.0).sqrt();
            return Some(t + 2.0 * area / (rate + root));
        }
        if span.is_infinite() {
            return None;
        }
        area -= whole;
        t = end;
    }
}

/// Rate and slope at `t`, and where that straight line ends.
fn piece(profile: &Profile, t: f64) -> (f64, f64, f64) {
    let points = &profile.points;
    let i = points.partition_point(|p| p.0.secs() <= t);
    match (i.checked_sub(1).map(|j| points[j]), points.get(i)) {
        (None, Some(first)) => (first.1, 0.0, first.0.secs()),
        (Some(last), None) => (last.1, 0.0, f64::INFINITY),
        (Some((t0, r0)), Some(&(t1, r1))) => {
            let slope = (r1 - r0) / (t1.secs() - t0.secs());
            (r0 + slope * (t - t0.secs()), slope, t1.secs())
        }
        (None, None) => (0.0, 0.0, f64::INFINITY),
    }
}

/// The rate at `t` (s since the start of the simulation), for the demand that results show; a trace has its mean, from its first arrival
/// to its last.
pub(super) fn rate_at(arrivals: &Arrivals, t: f64) -> f64 {
    match arrivals {
        Arrivals::Poisson(profile) | Arrivals::Constant(profile) => piece(profile, t).0,
        Arrivals::Trace(times) => match (times.first(), times.last()) {
            (Some(a), Some(b)) if b > a && (a.secs()..=b.secs()).contains(&t) => {
                times.len() as f64 / (b.secs() - a.secs())
            }
            _ => 0.0,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Streams};

    fn s(x: f64) -> Dur {
        Dur::from_secs_f64(x)
    }

    #[test]
    fn constant_arrivals_follow_the_integral_of_a_ramp() {
        // 0/s rising to 10/s over 10 s, then 10/s: the integral is t²/2, then 50 + 10 (t − 10).
        let profile = Profile { points: vec![(s(0.0), 0.0), (s(10.0), 10.0)] };
        let draw = Streams::new(1, 0).stream(Purpose::Arrival, 0);
        let mut p = ArrivalProcess::new(&Arrivals::Constant(profile), SimTime::ZERO, draw);
        for k in 1..=70 {
            let k = f64::from(k);
            let expected = if k <= 50.0 { (2.0 * k).sqrt() } else { 10.0 + (k - 50.0) / 10.0 };
            assert!((p.advance().unwrap().secs() - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn a_rate_that_falls_to_zero_for_good_ends() {
        let profile = Profile { points: vec![(s(0.0), 4.2), (s(1.0), 0.0)] };
        let draw = Streams::new(1, 0).stream(Purpose::Arrival, 0);
        let mut p = ArrivalProcess::new(&Arrivals::Constant(profile), SimTime::ZERO, draw);
        assert!(p.advance().is_some() && p.advance().is_some());
        assert_eq!(p.advance(), None);
    }

    #[test]
    fn poisson_counts_have_the_mean_and_variance_of_their_integral() {
        let profile = Profile { points: vec![(s(0.0), 50.0), (s(10.0), 150.0)] };
        let family = Streams::new(3, 0).family(Purpose::Arrival, 0);
        let counts: Vec<f64> = (0..400)
            .map(|n| {
                let arrivals = Arrivals::Poisson(profile.clone());
                let mut p = ArrivalProcess::new(&arrivals, SimTime::ZERO, family.stream(n));
                std::iter::from_fn(|| p.advance()).take_while(|t| t.secs() < 10.0).count() as f64
            })
            .collect();
        let mean = counts.iter().sum::<f64>() / 400.0;
        let variance = counts.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / 399.0;
        // 1000 expected; standard error of the mean 1.6, of the variance about 71.
        assert!((mean - 1000.0).abs() < 6.4 && (variance - 1000.0).abs() < 280.0, "{mean} {variance}");
    }
}
