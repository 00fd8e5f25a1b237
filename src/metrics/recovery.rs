//! Whether a fleet comes back to what it was once the rollout is over, or stays in a state of its own making.
//!
//! Retries and time-outs can keep a fleet overloaded when the cause is long gone (Bronson et al., "Metastable Failures in
//! Distributed Systems", `HotOS` 2021): what tells is whether requests end as before some time after the rollout, not whether some
//! were dropped while it lasted.

use super::replication::{Bin, Replication};

/// So many seconds are looked at together: single ones have too few requests.
const WINDOW: usize = 10;
/// Requests dropped beyond the share of *before* that are still as before.
const DROPPED: f64 = 0.01;
/// Requests under way beyond those of *before* that are still as before, as a factor, and so many more.
const UNDER_WAY: f64 = 2.0;
/// See [`UNDER_WAY`].
const MORE: f64 = 5.0;

/// How a fleet came back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recovery {
    /// Whether the end of the measurement is as it was before the deploy.
    pub recovered: bool,
    /// From the end of the rollout, and of its last old pod, until everything stays as it was before (s); `None` where it does not.
    pub seconds: Option<f64>,
    /// The share of requests that was dropped before the deploy.
    pub dropped_before: f64,
    /// Capacity over demand before the deploy; `None` where nothing is asked for at a rate.
    pub headroom_before: Option<f64>,
}

/// What requests come to in a stretch of time.
struct State {
    dropped: f64,
    under_way: f64,
}

impl State {
    fn of(bins: &[Bin]) -> Option<Self> {
        let dropped: u64 = bins.iter().map(|b| b.outcomes.iter().sum::<u64>()).sum();
        let ended = dropped + bins.iter().map(|b| b.ok).sum::<u64>();
        if bins.is_empty() {
            return None;
        }
        let under_way = bins.iter().map(|b| b.in_flight).sum::<f64>() / bins.len() as f64;
        Some(Self { dropped: if ended == 0 { 0.0 } else { dropped as f64 / ended as f64 }, under_way })
    }

    /// Whether this is no worse than `before`.
    fn is_as(&self, before: &Self) -> bool {
        self.dropped <= before.dropped + DROPPED && self.under_way <= UNDER_WAY * before.under_way + MORE
    }
}

impl Recovery {
    /// The worse of two in each respect.
    #[must_use]
    pub fn or_worse(&self, other: &Self) -> Self {
        Self {
            recovered: self.recovered && other.recovered,
            seconds: self.seconds.zip(other.seconds).map(|(a, b)| a.max(b)),
            dropped_before: self.dropped_before.max(other.dropped_before),
            headroom_before: match (self.headroom_before, other.headroom_before) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        }
    }

    /// That of one deploy, from its seconds: the last ten of the measurement, and every ten before them back to the end of the
    /// rollout, against all of *before*. `None` with no deploy, nothing before it, or fewer than ten seconds after the rollout.
    pub fn of(replication: &Replication) -> Option<Self> {
        replication.rollout?;
        let bin = |secs: f64| libm::ceil((secs - replication.first_bin).max(0.0)) as usize;
        let bins = &replication.bins;
        // The last bin is rarely a whole one.
        let whole = bins.len().saturating_sub(1);
        let start = bin(0.0).min(whole);
        let over = bin(replication.phases[1].seconds).min(whole);
        let before = State::of(&bins[..start])?;
        let sum = |of: fn(&Bin) -> f64| bins[..start].iter().map(of).sum::<f64>();
        let (capacity, demand) = (sum(|b| b.capacity), sum(|b| b.demand));
        let told = |seconds: Option<f64>| Self {
            recovered: seconds.is_some(),
            seconds,
            dropped_before: before.dropped,
            headroom_before: (demand > 0.0).then(|| capacity / demand),
        };
        let after = &bins[over..whole];
        if after.len() < WINDOW {
            return None;
        }
        let as_before = |end: usize| State::of(&after[end - WINDOW..end]).is_some_and(|s| s.is_as(&before));
        let mut end = after.len();
        if !as_before(end) {
            return Some(told(None));
        }
        while end > WINDOW && as_before(end - 1) {
            end -= 1;
        }
        Some(told(Some((end - WINDOW) as f64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use crate::simulate;

    /// Four pods that serve 160 requests a second, asked for 130; while two are missing they can't. The proxies give up after a
    /// second, the work is done all the same, and clients that ask again ask for more than there ever is.
    fn fleet(attempts: u32) -> Recovery {
        let text = format!(
            "workload: {{replicas: 4, strategy: {{rollingUpdate: {{maxSurge: 0, maxUnavailable: 2}}}}}}\n\
             pod: {{concurrency: 4, queue: 1000, serviceTime: 100ms, startup: 5s, readinessProbe: none, onReaderGone: finish}}\n\
             loadBalancer: {{requestTimeout: 1s, propagation: {{shared: 0s, add: 100ms, remove: 100ms}}}}\n\
             clients: [{{name: web, rate: 130/s, idempotent: 100%, retries: {{attempts: {attempts}, on: [503, 504], budget: none, \
               backoff: {{base: 10ms, factor: 1, cap: 10ms, jitter: none}}}}}}]\n\
             deploy: {{at: 20s}}\n\
             observe: {{warmup: 5s, after: 60s}}\n"
        );
        let scenario = Scenario::from_yaml(&text).unwrap_or_else(|d| panic!("{}", d[0]));
        simulate::run(&scenario, 1, 0).recovery.expect("there is time enough")
    }

    #[test]
    fn retries_keep_a_fleet_down_that_recovers_without_them() {
        let alone = fleet(0);
        assert!(alone.recovered && alone.seconds.is_some_and(|s| s < 50.0), "{alone:?}");
        let down = fleet(3);
        assert_eq!((down.recovered, down.seconds), (false, None));
        // 160 a second of 130: before the deploy both are well.
        assert!(
            down.dropped_before < 0.01 && down.headroom_before.is_some_and(|h| (1.2..1.26).contains(&h)),
            "{down:?}"
        );
    }
}
