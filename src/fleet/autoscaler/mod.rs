//! The horizontal pod autoscaler: pods are measured, scraped now and then, and looked at now and then, and `replicas` follows.
//!
//! It is taken to have been at rest until the deploy, with as many pods as there are then.

mod behavior;
mod calculator;

use crate::engine::{Dur, Purpose, SimTime, Streams};
use crate::scenario::{self, ScaleMetric};

use self::behavior::Behavior;
use self::calculator::Measured;
use super::event::Event;
use super::fact::{Fact, PodId};
use super::lifecycle::Phase;
use super::rollout::Action;
use super::world::{Cal, Observer, World};

/// How often pods are measured; what is scraped is the mean of it.
const GRAIN: Dur = Dur::from_millis(100);

/// The autoscaler's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AutoscalerEvent {
    /// Pods are measured.
    Measure,
    /// What was measured since the last scrape becomes known.
    Scrape,
    /// The controller looks.
    Sync,
}

/// What is known of a pod.
#[derive(Clone, Copy, Debug, Default)]
struct PodMetrics {
    /// Measurements since the last scrape, and their sums: workers that are busy, requests in the pod.
    measured: u32,
    busy: u64,
    in_flight: u64,
    /// What the last scrape says, as means: busy workers, requests in the pod.
    scraped: Option<(f64, f64)>,
    /// Whether it was Ready when last measured, and when that last changed.
    ready: bool,
    changed: SimTime,
}

/// An autoscaler, and what it knows.
#[derive(Clone, Debug)]
pub(super) struct HorizontalPodAutoscaler {
    config: scenario::Autoscaler,
    behavior: Behavior,
    pods: Vec<PodMetrics>,
    /// When the controller first looks, and the pods are first scraped; each at random within its period.
    first: (Dur, Dur),
}

impl HorizontalPodAutoscaler {
    pub(super) fn new(config: scenario::Autoscaler, replicas: u32, streams: Streams) -> Self {
        let phase = |which: u64, period: Dur| period.scale(streams.stream(Purpose::AutoscalerPhase, which).open01());
        let first = (phase(0, config.sync), phase(1, config.scrape));
        Self { config, behavior: Behavior::new(SimTime::ZERO, replicas), pods: Vec::new(), first }
    }
}

impl<O: Observer> World<O> {
    /// Starts its clock.
    pub(super) fn begin_autoscaler(&self, cal: &mut Cal) {
        let Some(autoscaler) = self.control.as_ref().and_then(|c| c.autoscaler.as_ref()) else { return };
        let (sync, scrape) = autoscaler.first;
        cal.at(SimTime::ZERO + GRAIN, Event::Autoscaler(AutoscalerEvent::Measure));
        cal.at(SimTime::ZERO + scrape, Event::Autoscaler(AutoscalerEvent::Scrape));
        cal.at(SimTime::ZERO + sync, Event::Autoscaler(AutoscalerEvent::Sync));
    }

    pub(super) fn on_autoscaler(&mut self, event: AutoscalerEvent, cal: &mut Cal) {
        let Some(mut autoscaler) = self.control.as_mut().and_then(|c| c.autoscaler.take()) else { return };
        let again = match event {
            AutoscalerEvent::Measure => {
                self.measure(&mut autoscaler, cal.now());
                GRAIN
            }
            AutoscalerEvent::Scrape => {
                autoscaler.pods.iter_mut().for_each(PodMetrics::scrape);
                autoscaler.config.scrape
            }
            AutoscalerEvent::Sync => autoscaler.config.sync,
        };
        let scaled = match event {
            AutoscalerEvent::Sync => self.look(&mut autoscaler, cal.now()),
            AutoscalerEvent::Measure | AutoscalerEvent::Scrape => None,
        };
        if let Some(control) = &mut self.control {
            control.autoscaler = Some(autoscaler);
        }
        cal.at(cal.now() + again, Event::Autoscaler(event));
        if let Some(replicas) = scaled {
            self.tell(cal, Fact::Scaled { replicas });
            self.act_on_rollout(Action::Scale(replicas), cal);
        }
    }

    fn measure(&self, autoscaler: &mut HorizontalPodAutoscaler, now: SimTime) {
        autoscaler.pods.resize(self.pods.len(), PodMetrics { changed: now, ..PodMetrics::default() });
        for (pod, known) in self.pods.iter().zip(&mut autoscaler.pods) {
            if pod.container && pod.phase != Phase::Terminated && !pod.lost {
                known.measured += 1;
                known.busy += (pod.workers.len() - pod.free_workers.len()) as u64;
                known.in_flight += u64::from(pod.in_flight);
            }
            if pod.phase.is_ready() != known.ready {
                (known.ready, known.changed) = (!known.ready, now);
            }
        }
    }

    /// How many pods there are to be from now on, if that changes.
    fn look(&self, autoscaler: &mut HorizontalPodAutoscaler, now: SimTime) -> Option<u32> {
        let current = self.control.as_ref()?.replicas();
        let config = &autoscaler.config;
        let beyond = current.clamp(config.min_replicas, config.max_replicas);
        let next = if beyond == current {
            let wanted = |metric: &ScaleMetric| self.wanted(autoscaler, *metric, current, now);
            let proposed = config.metrics.iter().filter_map(wanted).max()?;
            autoscaler.behavior.limit(&autoscaler.config, now, current, proposed)
        } else {
            // Outside of its bounds no metric is asked.
            beyond
        };
        (next != current).then(|| {
            autoscaler.behavior.scaled(now, current, next);
            next
        })
    }

    fn wanted(
        &self,
        autoscaler: &HorizontalPodAutoscaler,
        metric: ScaleMetric,
        current: u32,
        now: SimTime,
    ) -> Option<u32> {
        let config = &autoscaler.config;
        let control = self.control.as_ref()?;
        let mut pods = Vec::new();
        for (id, (pod, known)) in (0..).zip(self.pods.iter().zip(&autoscaler.pods)) {
            if pod.phase == Phase::Terminated || control.is_leaving(PodId(id)) {
                continue;
            }
            let workers = pod.workers.len() as f64;
            pods.push(match metric {
                ScaleMetric::Cpu { .. } => Measured {
                    value: known.scraped.map(|(busy, _)| 100.0 * busy / workers / config.cpu_request),
                    unready: known.is_young(config, pod.container_since, now),
                },
                ScaleMetric::InFlight { .. } => {
                    Measured { value: known.scraped.map(|(_, in_flight)| in_flight), unready: !pod.container }
                }
            });
        }
        match metric {
            // What was not measured counts as all that it requests, or as on target where that is more.
            ScaleMetric::Cpu { utilization } => {
                let target = f64::from(utilization);
                calculator::wanted(&pods, target, target.max(100.0), current, config.tolerance)
            }
            ScaleMetric::InFlight { average } => calculator::wanted(&pods, average, average, current, config.tolerance),
        }
    }
}

impl PodMetrics {
    fn scrape(&mut self) {
        let mean = |sum: u64| sum as f64 / f64::from(self.measured);
        self.scraped = (self.measured > 0).then(|| (mean(self.busy), mean(self.in_flight)));
        (self.measured, self.busy, self.in_flight) = (0, 0, 0);
    }

    /// Whether its CPU tells nothing yet: soon after the start while it is not Ready or was not for all of the measurement,
    /// later only where it never was Ready (`groupPods` of `replica_calculator.go`).
    fn is_young(&self, config: &scenario::Autoscaler, started: SimTime, now: SimTime) -> bool {
        if now < started + config.cpu_initialization {
            return !self.ready || now < self.changed + config.scrape;
        }
        !self.ready && self.changed < started + config.initial_readiness
    }
}
