//! The token bucket by which a controller's client limits itself (`--kube-api-qps`, `--kube-api-burst`).

use crate::engine::{Dur, SimTime};

/// A token bucket in its generic-cell-rate form: no float is ever added up, one moment is the whole state.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenBucket {
    /// Between two tokens; zero = no limit.
    interval: Dur,
    /// By how much requests may run ahead of the rate: `burst` intervals.
    tolerance: Dur,
    /// When the bucket will be full again, all reserved requests paid.
    full_at: SimTime,
}

impl TokenBucket {
    /// A full bucket of `burst` tokens that gets `qps` a second; no limit where `qps` is not positive.
    pub(super) fn new(qps: f64, burst: u32) -> Self {
        let interval = if qps > 0.0 { Dur::from_secs_f64(1.0 / qps) } else { Dur::ZERO };
        let tolerance = Dur::from_nanos(interval.nanos().saturating_mul(u64::from(burst.max(1))).min(Dur::MAX.nanos()));
        Self { interval, tolerance, full_at: SimTime::MIN }
    }

    /// Takes a token; the request may be sent at the moment returned.
    pub(super) fn reserve(&mut self, now: SimTime) -> SimTime {
        if self.interval.is_zero() {
            return now;
        }
        self.full_at = self.full_at.max(now) + self.interval;
        now.max(self.full_at - self.tolerance)
    }

    /// When a token taken now could be used.
    pub(super) fn ready_at(&self, now: SimTime) -> SimTime {
        let mut probe = *self;
        probe.reserve(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut bucket = TokenBucket::new(20.0, 30);
        let at: Vec<u64> =
            (0..40).map(|_| bucket.reserve(SimTime::ZERO).since(SimTime::ZERO).nanos() / 1_000_000).collect();
        assert!(at[..30].iter().all(|&ms| ms == 0));
        assert_eq!(at[30..], [50, 100, 150, 200, 250, 300, 350, 400, 450, 500]);
    }

    #[test]
    fn a_quiet_time_fills_the_bucket_but_no_further() {
        let mut bucket = TokenBucket::new(20.0, 2);
        let start = SimTime::ZERO;
        assert_eq!([0; 2].map(|_| bucket.reserve(start)), [start; 2]);
        let later = start + Dur::from_secs(60);
        assert_eq!([0; 2].map(|_| bucket.reserve(later)), [later; 2]);
        assert_eq!(bucket.ready_at(later), later + Dur::from_millis(50));
    }

    #[test]
    fn no_rate_is_no_limit() {
        let mut bucket = TokenBucket::new(0.0, 0);
        assert!((0..1000).all(|_| bucket.reserve(SimTime::ZERO) == SimTime::ZERO));
    }
}
