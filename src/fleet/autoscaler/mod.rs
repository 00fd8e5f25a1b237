//! The horizontal pod autoscaler: pods are measured, scraped now and then, and looked at now and then, and `replicas` follows.
//!
//! It is taken to have been at rest until the deploy, with as many pods as there are then.

mod behavior;
mod calculator;

use crate::engine::{Dur, Purpose, SimTime, Streams};
use crate::scenario::{self, ScaleMetric};

use self::behavior::Behavior;
use self::calculator::{Pod, Reading, Target};
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
    /// What the last scrape says.
    scraped: Option<Scraped>,
    /// Since when a kubelet has known of it (`status.startTime`).
    since: SimTime,
    /// Whether it was Ready when last measured, and when that last changed.
    ready: bool,
    changed: SimTime,
}

/// A scrape of a pod: when, and means since the one before, in thousandths, rounded up as quantities are.
#[derive(Clone, Copy, Debug)]
struct Scraped {
    at: SimTime,
    busy: u64,
    in_flight: u64,
}

/// An autoscaler, and what it knows.
#[derive(Clone, Debug)]
pub(super) struct HorizontalPodAutoscaler {
    config: scenario::Autoscaler,
    behavior: Behavior,
    pods: Vec<PodMetrics>,
    /// Pods that have been there for long.
    initial: u32,
    /// When the controller first looks, and the pods are first scraped; each at random within its period.
    first: (Dur, Dur),
}

impl HorizontalPodAutoscaler {
    pub(super) fn new(config: scenario::Autoscaler, replicas: u32, streams: Streams) -> Self {
        let phase = |which: u64, period: Dur| period.scale(streams.stream(Purpose::AutoscalerPhase, which).open01());
        let first = (phase(0, config.sync), phase(1, config.scrape));
        Self { config, behavior: Behavior::new(SimTime::ZERO, replicas), pods: Vec::new(), initial: replicas, first }
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
                autoscaler.pods.iter_mut().for_each(|pod| pod.scrape(cal.now()));
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
        let initial = autoscaler.initial;
        autoscaler.pods.resize(self.pods.len(), PodMetrics { changed: now, since: now, ..PodMetrics::default() });
        for (id, (pod, known)) in (0..).zip(self.pods.iter().zip(&mut autoscaler.pods)) {
            if pod.container && pod.phase != Phase::Terminated && !pod.lost {
                known.measured += 1;
                known.busy += u64::from(self.busy_workers(id));
                known.in_flight += u64::from(pod.in_flight);
            }
            if id < initial {
                known.since = SimTime::MIN;
            } else if self.cluster.as_ref().is_some_and(|c| c.node_of(id).is_none()) && !pod.container {
                known.since = now;
            }
            if pod.phase.is_ready() != known.ready {
                (known.ready, known.changed) = (!known.ready, now);
            }
        }
    }

    /// Workers of pod `pod` that are at work: those of a container that is no more are not.
    fn busy_workers(&self, pod: u32) -> u32 {
        let pod = &self.pods[pod as usize];
        self.versions[pod.version()].pod.concurrency.saturating_sub(pod.workers.free() as u32)
    }

    /// How many pods there are to be from now on, if that changes.
    fn look(&self, autoscaler: &mut HorizontalPodAutoscaler, now: SimTime) -> Option<u32> {
        let current = self.control.as_ref()?.replicas();
        let config = &autoscaler.config;
        let beyond = current.clamp(config.min_replicas, config.max_replicas);
        let next = if beyond == current {
            let wanted: Vec<Option<u32>> =
                config.metrics.iter().map(|metric| self.wanted(autoscaler, *metric, current, now)).collect();
            let proposed = wanted.iter().copied().flatten().max()?;
            // A metric that tells nothing might have called for more than the others would leave.
            if proposed < current && wanted.contains(&None) {
                return None;
            }
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
            let cores = 1000.0 * f64::from(self.versions[pod.version()].pod.concurrency);
            let request = libm::round(cores * config.cpu_request).max(1.0) as u64;
            // Its first container has not been started: an image is pulled, or no node has taken it.
            let pending = !pod.container && pod.restarts == 0;
            let cpu = matches!(metric, ScaleMetric::Cpu { .. });
            let reading = match known.scraped {
                _ if pending => Reading::Ignored,
                None => Reading::Missing,
                Some(scraped) if cpu && known.is_young(config, scraped.at, now) => Reading::Ignored,
                Some(Scraped { busy, in_flight, .. }) => Reading::Known(if cpu { busy } else { in_flight }),
            };
            pods.push(Pod { reading, request });
        }
        let target = match metric {
            ScaleMetric::Cpu { utilization } => Target::Utilization(utilization),
            ScaleMetric::InFlight { average } => Target::Average(libm::ceil(1000.0 * average).max(1.0) as u64),
        };
        calculator::wanted(&pods, target, current, config.tolerance)
    }
}

impl PodMetrics {
    fn scrape(&mut self, now: SimTime) {
        let mean = |sum: u64| (1000 * sum).div_ceil(u64::from(self.measured).max(1));
        let scraped = Scraped { at: now, busy: mean(self.busy), in_flight: mean(self.in_flight) };
        self.scraped = (self.measured > 0).then_some(scraped);
        (self.measured, self.busy, self.in_flight) = (0, 0, 0);
    }

    /// Whether its CPU, `scraped` then, tells nothing yet: soon after the start while it is not Ready or was not for all of the
    /// measurement, later only where it never was Ready (`groupPods` of `replica_calculator.go`).
    fn is_young(&self, config: &scenario::Autoscaler, scraped: SimTime, now: SimTime) -> bool {
        if now < self.since + config.cpu_initialization {
            return !self.ready || scraped < self.changed + config.scrape;
        }
        !self.ready && self.changed < self.since + config.initial_readiness
    }
}
