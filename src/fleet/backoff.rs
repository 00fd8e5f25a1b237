//! How long to wait before the next try.

use crate::engine::{Dur, Stream};
use crate::scenario::{Backoff, Jitter};

/// An opening that failed is not tried again sooner than this, whatever the backoff says: without it an eager client
/// with no backoff would ask a dead fleet without end in no time.
pub(super) const MIN_REOPEN: Dur = Dur::from_millis(100);

/// The wait before try `k` (from 1), by the draws of it and of those before it.
pub(super) fn wait(backoff: &Backoff, k: u32, draw: impl Fn(u32) -> Stream) -> Dur {
    if backoff.base.is_zero() {
        return Dur::ZERO;
    }
    let (base, cap) = (backoff.base.secs(), backoff.cap.secs());
    let grown = (base * libm::pow(backoff.factor, f64::from(k.saturating_sub(1)))).min(cap);
    let u = |k| draw(k).open01();
    Dur::from_secs_f64(match backoff.jitter {
        Jitter::None => grown,
        Jitter::Around(share) => grown * (1.0 + share * (2.0 * u(k) - 1.0)),
        Jitter::Full => u(k) * grown,
        Jitter::Equal => 0.5 * grown * (1.0 + u(k)),
        // min(cap, uniform(base, 3 × the wait before)), from the base on (Brooker, "Exponential Backoff And Jitter", AWS, 2015). Draws
        // are functions of their number, so that all waits before can be drawn again and none has to be kept.
        Jitter::Decorrelated => (1..=k).fold(base, |last, k| (base + u(k) * (3.0 * last - base)).min(cap)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Streams};

    /// gRPC's connection back-off: 1 s, 1.6 times as long each time, two minutes at the most, ±20 %.
    #[test]
    fn waits_grow_to_their_limit_and_are_spread_around_it() {
        let backoff =
            Backoff { base: Dur::from_secs(1), factor: 1.6, cap: Dur::from_secs(120), jitter: Jitter::Around(0.2) };
        let family = Streams::new(1, 0).family(Purpose::ReconnectBackoff, 0);
        for k in 1..=15u32 {
            let expected = libm::pow(1.6, f64::from(k - 1)).min(120.0);
            let waits: Vec<f64> =
                (0..2000).map(|n| wait(&backoff, k, |_| family.stream(n)).secs() / expected).collect();
            let mean = waits.iter().sum::<f64>() / 2000.0;
            // The standard error of a uniform draw from 0.8 to 1.2 is 0.4/√12/√2000.
            assert!((mean - 1.0).abs() < 4.5 * 0.0026, "{mean} times {expected} s");
            assert!(waits.iter().all(|w| (0.8 - 1e-9..=1.2 + 1e-9).contains(w)));
        }
    }

    /// Each wait lies between the base and three times the one before it, the first of them three times the base; cut off nowhere
    /// the k-th has the mean m(k) = (base + 3 m(k−1))/2 with m(0) = base.
    #[test]
    fn decorrelated_waits_are_drawn_from_the_wait_before() {
        let base = Dur::from_millis(100);
        let mut backoff = Backoff { base, factor: 2.0, cap: Dur::from_secs(1000), jitter: Jitter::Decorrelated };
        let waits = |backoff: &Backoff, n: u64| {
            let family = Streams::new(1, 0).family(Purpose::ReconnectBackoff, n);
            [1, 2, 3, 4].map(|k| wait(backoff, k, |k| family.stream(u64::from(k))).secs())
        };
        let (mut sums, mut squares) = ([0.0; 4], [0.0; 4]);
        let runs = 20_000_u32;
        for n in 0..u64::from(runs) {
            let mut last = base.secs();
            for (k, w) in waits(&backoff, n).into_iter().enumerate() {
                assert!((0.1 - 1e-9..=3.0 * last + 1e-9).contains(&w), "wait {k} is {w} s after {last} s");
                (sums[k], squares[k], last) = (sums[k] + w, squares[k] + w * w, w);
            }
        }
        let mut expected = 0.1;
        for k in 0..4 {
            expected = 0.5 * (0.1 + 3.0 * expected);
            let mean = sums[k] / f64::from(runs);
            let error = ((squares[k] / f64::from(runs) - mean * mean) / f64::from(runs)).sqrt();
            assert!((mean - expected).abs() < 4.5 * error, "wait {k}: {mean} s, {expected} s expected");
        }
        backoff.cap = Dur::from_millis(150);
        assert!((0..1000).all(|n| waits(&backoff, n).iter().all(|w| (0.1..=0.15).contains(w))));
    }
}
