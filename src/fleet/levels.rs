//! Capacity against demand, and the other levels that a plot shows: kept up to date as pods and tables change.

use crate::engine::{Dur, SimTime};
use crate::scenario::Scenario;

use super::event::Event;
use super::fact::{Fact, Levels};
use super::world::{Cal, Observer, World};

/// How often levels are sampled that change by themselves: a warm-up, a profile, a queue. Samples lie on whole multiples
/// of this from the deploy on, so that one ends each second of a plot.
pub(super) const SAMPLE: Dur = Dur::from_millis(100);

/// What the levels are made of.
#[derive(Clone, Debug)]
pub(super) struct LevelMeter {
    /// Requests a second that one warm pod can serve, old and new.
    per_pod: [f64; 2],
    /// Listening pods past their warm-up, each counted once for every proxy that routes to it, old and new.
    warm_routes: [u64; 2],
    /// Listening pods that are still warming up.
    warming: Vec<u32>,
    /// What each pod now counts for in `warm_routes`.
    counted: Vec<u32>,
    exists: Vec<bool>,
    pub(super) queued: u32,
    ready: u32,
    pods: u32,
    /// Requests of closed-loop users born in *before* (with no deploy: since the warm-up).
    pub(super) closed_loop_births: u64,
}

impl LevelMeter {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            per_pod: per_pod(scenario),
            warm_routes: [0; 2],
            warming: Vec::new(),
            counted: Vec::new(),
            exists: Vec::new(),
            queued: 0,
            ready: 0,
            pods: 0,
            closed_loop_births: 0,
        }
    }

    /// From now on pods serve as much as `scenario` says.
    pub(super) fn retarget(&mut self, scenario: &Scenario) {
        self.per_pod = per_pod(scenario);
    }
}

/// Requests a second that one warm pod can serve, old and new.
fn per_pod(scenario: &Scenario) -> [f64; 2] {
    [&scenario.pod, &scenario.new_pod].map(|p| {
        let service = (p.service_time.mean() * p.slower).max(1e-9);
        let workers = f64::from(p.concurrency) / service;
        // A request holds one of the pod's connections for a part of its service.
        let pool = p.connection_pool.filter(|pool| pool.size > 0 && pool.share > 0.0);
        pool.map_or(workers, |pool| workers.min(f64::from(pool.size) / (service * pool.share)))
    })
}

impl<O: Observer> World<O> {
    /// Something about `pod` has changed that levels depend on; `was_ready` is what it was before.
    pub(super) fn pod_levels_changed(&mut self, pod: u32, was_ready: bool, cal: &mut Cal) {
        let p = &self.pods[pod as usize];
        let version = p.version();
        let routes = if p.listening { p.routed_by } else { 0 };
        let warming = p.listening && !self.is_warmed_up(pod, cal.now());
        let (is_ready, exists) = (p.phase.is_ready(), p.phase != super::lifecycle::Phase::Terminated);
        let m = &mut self.levels;
        if m.counted.len() <= pod as usize {
            m.counted.resize(pod as usize + 1, 0);
            m.exists.resize(pod as usize + 1, false);
        }
        let existed = std::mem::replace(&mut m.exists[pod as usize], exists);
        m.pods = m.pods + u32::from(exists) - u32::from(existed);
        m.ready = m.ready + u32::from(is_ready) - u32::from(was_ready);
        let counted = if warming { 0 } else { routes };
        m.warm_routes[version] += u64::from(counted);
        m.warm_routes[version] -= u64::from(std::mem::replace(&mut m.counted[pod as usize], counted));
        match m.warming.iter().position(|&w| w == pod) {
            None if warming => m.warming.push(pod),
            Some(i) if !warming => drop(m.warming.swap_remove(i)),
            _ => {}
        }
        self.tell_levels(cal);
    }

    fn is_warmed_up(&self, pod: u32, now: SimTime) -> bool {
        let p = &self.pods[pod as usize];
        p.slowdown(&self.versions[p.version()].pod.warmup, now) <= 1.0
    }

    /// Requests a second that the listening pods can serve, each weighted by the share of proxies that route to it.
    fn capacity(&mut self, now: SimTime) -> f64 {
        let mut sum: f64 = (0..2).map(|v| self.levels.warm_routes[v] as f64 * self.levels.per_pod[v]).sum();
        for i in 0..self.levels.warming.len() {
            let p = &self.pods[self.levels.warming[i] as usize];
            let version = p.version();
            let slowdown = p.slowdown(&self.versions[version].pod.warmup, now);
            sum += f64::from(p.routed_by) * self.levels.per_pod[version] / slowdown;
        }
        let proxies = if O::TIERED { self.routing_proxies() } else { self.proxies.len() };
        if proxies == 0 { 0.0 } else { sum / proxies as f64 }
    }

    /// The rate that open-loop clients are set to.
    fn open_demand(&self, now: SimTime) -> f64 {
        let t = now.since(self.start).secs();
        self.populations.iter().filter_map(|p| p.rate_at(t)).sum()
    }

    /// The closed loop's mean in *before*, as far as that has gone.
    fn closed_demand(&self, now: SimTime) -> f64 {
        let until = if self.deploys() { now.min(SimTime::ZERO) } else { now };
        let before = until.saturating_since(self.measured_from).secs();
        if before > 0.0 { self.levels.closed_loop_births as f64 / before } else { 0.0 }
    }

    /// The levels at `now`.
    pub(super) fn levels_now(&mut self, now: SimTime) -> Levels {
        self.catch_up_and_tell(now);
        Levels {
            capacity: self.capacity(now),
            open_demand: self.open_demand(now),
            closed_demand: self.closed_demand(now),
            ready: self.levels.ready,
            pods: self.levels.pods,
            queued: self.levels.queued,
            under_way_area: self.in_system_area(now),
        }
    }

    fn tell_levels(&mut self, cal: &Cal) {
        let mut levels = self.levels_now(cal.now());
        levels.queued += self.calm_waits(cal);
        self.tell(cal, Fact::Levels(levels));
    }

    /// Looks at what changes by itself.
    pub(super) fn on_sample(&mut self, cal: &mut Cal) {
        let now = cal.now();
        let warmed: Vec<u32> = self.levels.warming.iter().copied().filter(|&p| self.is_warmed_up(p, now)).collect();
        for pod in warmed {
            let ready = self.pods[pod as usize].phase.is_ready();
            self.pod_levels_changed(pod, ready, cal);
        }
        self.tell_levels(cal);
        self.look_at_the_crowd(cal);
        let past = now.nanos().rem_euclid(SAMPLE.nanos() as i64) as u64;
        cal.at(now + Dur::from_nanos(SAMPLE.nanos() - past), Event::Sample);
    }
}
