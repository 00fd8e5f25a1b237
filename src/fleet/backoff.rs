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
        Jitter::Full => u * grown,
        Jitter::Equal => 0.5 * grown * (1.0 + u),
        Jitter::Decorrelated => {
            let (low, high) = (backoff.base.secs(), (3.0 * last as f64 / 1e9).max(backoff.base.secs()));
            (low + u * (high - low)).min(cap)
        }
    })
}
