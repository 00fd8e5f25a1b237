//! Times as the lab writes them, and how late this process is woken.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, sleep};

/// Seconds since 1970: the one clock that the lab's processes share.
pub(crate) fn epoch() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |t| t.as_secs_f64())
}

pub(crate) fn secs(x: f64) -> Duration {
    Duration::from_secs_f64(x.max(0.0))
}

/// Sleeps 2 ms again and again, and tells of each time that it was woken more than `bound` too late, and by how much (s).
pub(crate) async fn watch_for_stalls(bound: f64, tell: impl Fn(f64)) {
    const NAP: f64 = 0.002;
    loop {
        let start = Instant::now();
        sleep(secs(NAP)).await;
        let late = start.elapsed().as_secs_f64() - NAP;
        if late > bound {
            tell(late);
        }
    }
}
