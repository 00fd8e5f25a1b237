//! Levels over *during* (with no deploy: over all that is measured): the fewest pods, and capacity against demand.

use super::replication::CapacityTally;
use crate::engine::{Dur, SimTime};
use crate::fleet::fact::Levels;
use crate::scenario::{Load, Scenario};

/// Sums up what the levels have been.
#[derive(Clone, Debug)]
pub(super) struct LevelTally {
    now: Levels,
    since: SimTime,
    from: SimTime,
    replicas: u32,
    min_ready: u32,
    min_headroom: Option<f64>,
    below: Dur,
    peak_pods: u32,
    surge_pod_ns: u128,
    /// With no deploy the mean of closed loops is known at the end: until then capacity and open demand, and for how long. `None`
    /// where nothing waits for that.
    unjudged: Option<Vec<(f64, f64, Dur)>>,
}

impl LevelTally {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let waits = scenario.deploy.is_none() && scenario.clients.iter().any(|c| matches!(c.load, Load::Users { .. }));
        Self {
            now: Levels::default(),
            since: scenario.measured_from(),
            from: if scenario.deploy.is_some() { SimTime::ZERO } else { scenario.measured_from() },
            replicas: scenario.rolled().workload.replicas,
            min_ready: u32::MAX,
            min_headroom: None,
            below: Dur::ZERO,
            peak_pods: 0,
            surge_pod_ns: 0,
            unjudged: waits.then(Vec::new),
        }
    }

    /// They are others from now on.
    pub(super) const fn change(&mut self, levels: Levels) {
        self.now = levels;
    }

    /// Accounts for those that have held until `now`: only what lasted counts.
    pub(super) fn hold_until(&mut self, now: SimTime) {
        let span = now.saturating_since(self.since.max(self.from));
        self.since = now;
        if span.is_zero() {
            return;
        }
        let Levels { capacity, open_demand, ready, pods, .. } = self.now;
        self.min_ready = self.min_ready.min(ready);
        self.peak_pods = self.peak_pods.max(pods);
        self.surge_pod_ns += u128::from(pods.saturating_sub(self.replicas)) * u128::from(span.nanos());
        let Some(unjudged) = &mut self.unjudged else { return self.judge(capacity, self.now.demand(), span) };
        match unjudged.last_mut() {
            Some(last) if (last.0, last.1) == (capacity, open_demand) => last.2 = last.2 + span,
            _ => unjudged.push((capacity, open_demand, span)),
        }
    }

    fn judge(&mut self, capacity: f64, demand: f64, span: Dur) {
        if demand > 0.0 {
            let headroom = capacity / demand;
            self.min_headroom = Some(self.min_headroom.map_or(headroom, |least| least.min(headroom)));
        }
        if capacity < demand {
            self.below = self.below + span;
        }
    }

    /// The mean of closed loops in *before*, which is over (requests/s).
    pub(super) const fn closed_demand(&self) -> f64 {
        self.now.closed_demand
    }

    pub(super) const fn peak_pods(&self) -> u32 {
        self.peak_pods
    }

    /// Pods above `replicas`, times how long (pod-seconds).
    pub(super) fn surge_pod_seconds(&self) -> f64 {
        self.surge_pod_ns as f64 / 1e9
    }

    /// What they come to, at the end.
    pub(super) fn finish(mut self) -> CapacityTally {
        for (capacity, open, span) in self.unjudged.take().unwrap_or_default() {
            self.judge(capacity, open + self.now.closed_demand, span);
        }
        let min_ready = if self.min_ready == u32::MAX { self.replicas } else { self.min_ready };
        CapacityTally {
            min_ready,
            min_ready_fraction: f64::from(min_ready) / f64::from(self.replicas),
            min_headroom: self.min_headroom,
            seconds_below_demand: self.below.secs(),
        }
    }
}
