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
/// So many standard errors more of that share are chance: queues make windows of neighbouring seconds alike, and there are many deploys.
const SURELY: f64 = 4.0;
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
    ended: f64,
    /// Variance over mean of what is dropped in a second, at least 1: drops come in crowds.
    dispersion: f64,
    under_way: f64,
}

impl State {
    fn of(bins: &[Bin]) -> Option<Self> {
        if bins.is_empty() {
            return None;
        }
        let seconds = bins.len() as f64;
        let of = |bin: &Bin| bin.outcomes.iter().sum::<u64>() as f64;
        let dropped: f64 = bins.iter().map(of).sum();
        let ended = dropped + bins.iter().map(|b| b.ok).sum::<u64>() as f64;
        let mean = dropped / seconds;
        let squares: f64 = bins.iter().map(|b| (of(b) - mean) * (of(b) - mean)).sum();
        let dispersion = if mean > 0.0 { (squares / (seconds - 1.0).max(1.0) / mean).max(1.0) } else { 1.0 };
        let under_way = bins.iter().map(|b| b.in_flight).sum::<f64>() / seconds;
        Some(Self { dropped, ended, dispersion, under_way })
    }

    /// Of those that ended.
    fn share(&self) -> f64 {
        if self.ended == 0.0 { 0.0 } else { self.dropped / self.ended }
    }

    /// Whether this is no worse than `before`, or not surely.
    fn is_as(&self, before: &Self) -> bool {
        let chance = SURELY * self.error(before);
        self.share() <= before.share() + DROPPED + chance && self.under_way <= UNDER_WAY * before.under_way + MORE
    }

    /// The standard error of the difference between both shares, were they the same.
    fn error(&self, other: &Self) -> f64 {
        if self.ended == 0.0 || other.ended == 0.0 {
            return 0.0;
        }
        let share = (self.dropped + other.dropped) / (self.ended + other.ended);
        let dispersion = self.dispersion.max(other.dispersion);
        libm::sqrt(dispersion * share * (1.0 - share) * (1.0 / self.ended + 1.0 / other.ended))
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
            dropped_before: before.share(),
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

    /// Seconds with so many dropped of 45.
    fn state(dropped: &[u64]) -> State {
        let bin = |&dropped: &u64| {
            let mut bin = crate::metrics::sample::clean(0).bins[0].clone();
            (bin.ok, bin.outcomes[7], bin.in_flight) = (45 - dropped, dropped, 15.0);
            bin
        };
        State::of(&dropped.iter().map(bin).collect::<Vec<_>>()).expect("there are seconds")
    }

    #[test]
    fn what_may_be_chance_is_as_before() {
        // 4 and 6 % of 450, in crowds.
        let before = state(&[0, 4, 0, 1, 6, 0, 0, 2, 5, 0]);
        assert!(state(&[3, 0, 9, 2, 0, 0, 7, 1, 5, 0]).is_as(&before));
        assert!(!state(&[12, 15, 9, 14, 11, 10, 13, 16, 12, 11]).is_as(&before));
        let none = state(&[0; 10]);
        assert!(state(&[0, 0, 1, 0, 0, 2, 0, 2, 1, 0]).is_as(&none) && !state(&[3; 10]).is_as(&none));
    }
}
