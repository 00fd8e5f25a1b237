//! How long to wait before the next try.

use crate::engine::{Dur, Stream};
use crate::scenario::{Backoff, Jitter};

/// An opening that failed is not tried again sooner than this, whatever the backoff says: without it an eager client
/// with no backoff would ask a dead fleet without end in no time.
pub(super) const MIN_REOPEN: Dur = Dur::from_millis(100);

/// The wait before try `k` (from 1), given the wait before the last one (ns).
pub(super) fn wait(backoff: &Backoff, k: u32, last: u64, draw: &mut Stream) -> Dur {
    if backoff.base.is_zero() {
        return Dur::ZERO;
    }
    let cap = backoff.cap.secs();
    let grown = (backoff.base.secs() * libm::pow(backoff.factor, f64::from(k.saturating_sub(1)))).min(cap);
    let u = draw.open01();
    Dur::from_secs_f64(match backoff.jitter {
        Jitter::None => grown,
        Jitter::Around(share) => grown * (1.0 + share * (2.0 * u - 1.0)),
        Jitter::Full => u * grown,
        Jitter::Equal => 0.5 * grown * (1.0 + u),
        Jitter::Decorrelated => {
            let (low, high) = (backoff.base.secs(), (3.0 * last as f64 / 1e9).max(backoff.base.secs()));
            (low + u * (high - low)).min(cap)
        }
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
                (0..2000).map(|n| wait(&backoff, k, 0, &mut family.stream(n)).secs() / expected).collect();
            let mean = waits.iter().sum::<f64>() / 2000.0;
            // The standard error of a uniform draw from 0.8 to 1.2 is 0.4/√12/√2000.
            assert!((mean - 1.0).abs() < 4.5 * 0.0026, "{mean} times {expected} s");
            assert!(waits.iter().all(|w| (0.8 - 1e-9..=1.2 + 1e-9).contains(w)));
        }
    }
}
