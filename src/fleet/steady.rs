//! The steady state before the deploy, of which many policies can have the same: simulated once, and forked for each.
//!
//! Two functions here must agree, and tests hold them to it: [`steady_part`] says which settings can matter before the
//! first action, and `retarget` gives a fleet all the others.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::{Dur, Engine, Reserved, SimTime, Streams};
use crate::scenario::dist::Dist;
use crate::scenario::{
    AfterExit, ByProxy, ConnectionClose, Controller, Deploy, Observe, OnSigterm, PodReplacement, Propagation,
    PropagationOrder, Release, Scenario, Strategy, Termination, Warmup, WarmupOver, Workload,
};

use super::control;
use super::fact::Fact;
use super::tier::Chain;
use super::version::Version;
use super::world::{Cal, Observer, World, limits};

/// One replication up to the moment before anything of the deploy can matter. Cloning it forks the simulation.
#[derive(Clone, Debug)]
pub struct SteadyFleet<O: Observer>(Played<O>);

#[derive(Clone, Debug)]
enum Played<O: Observer> {
    /// Behind one balancer.
    One {
        engine: Box<Engine<World<O>>>,
        /// The places of the actions and of the end in the order of scheduling.
        places: Reserved,
    },
    /// Behind tiers in series.
    Chain(Box<Chain<O>>),
}

/// Nobody gives it up.
static WANTED: AtomicBool = AtomicBool::new(false);
/// Simulated time after which it is looked whether anybody still wants the rest.
const LOOK: Dur = Dur::from_secs(1);

/// Plays to `horizon` or the end, and says whether it got there: `given_up` is looked at between, outside the hot loop. What is played
/// does not depend on where that is.
fn play<O: Observer>(engine: &mut Engine<World<O>>, horizon: SimTime, given_up: &AtomicBool) -> bool {
    let (mut to, mut step) = (engine.calendar.now(), LOOK);
    loop {
        if given_up.load(Ordering::Relaxed) {
            return false;
        }
        to = if horizon.saturating_since(to) > step { to + step } else { horizon };
        let (mut went_on, mut over) = (false, false);
        engine.run_until(to, |world| {
            went_on = true;
            over = world.done();
            over
        });
        if over || to == horizon {
            return true;
        }
        // Where nothing happens for long the end is found in few steps.
        step = if went_on { LOOK } else { step + step };
    }
}

impl<O: Observer> SteadyFleet<O> {
    /// Plays replication `replication` of `scenario` up to its first action, or its end where there is none before.
    pub fn of(scenario: &Scenario, seed: u64, replication: u32, observer: O) -> Self {
        Self::of_unless(scenario, seed, replication, observer, &WANTED).expect("nobody gives it up")
    }

    /// The same; `None` where it was given up meanwhile.
    pub fn of_unless(
        scenario: &Scenario,
        seed: u64,
        replication: u32,
        observer: O,
        given_up: &AtomicBool,
    ) -> Option<Self> {
        let fork = moment(scenario);
        // What is due at that very moment waits: some of it comes before the action, some after.
        let before = SimTime::from_nanos(fork.nanos().saturating_sub(1));
        if !scenario.front.is_empty() {
            let mut chain = Chain::new(scenario, seed, replication, observer);
            if fork > chain.start() && !chain.run_until(before, given_up) {
                return None;
            }
            return Some(Self(Played::Chain(Box::new(chain))));
        }
        let streams = Streams::new(seed, u64::from(replication));
        let (mut engine, places) = World::new(scenario, streams, observer, None);
        if fork > engine.model.start && !play(&mut engine, before, given_up) {
            return None;
        }
        Some(Self(Played::One { engine: Box::new(engine), places }))
    }

    /// Plays on as `scenario` says, whose [`steady_part`] must be that of the scenario so far.
    pub fn retarget(&mut self, scenario: &Scenario) {
        match &mut self.0 {
            Played::One { engine, .. } => retarget(&mut engine.model, scenario, &mut engine.calendar),
            Played::Chain(chain) => chain.retarget(scenario),
        }
    }

    /// Plays the rest and returns the observer, which has heard everything, with the end.
    ///
    /// # Panics
    /// If an invariant of the simulator is broken: conservation of requests, Little's law, the controller's bounds.
    pub fn finish(self) -> (O, End) {
        self.finish_unless(&WANTED).expect("nobody gives it up")
    }

    /// The same; `None` where it was given up meanwhile.
    ///
    /// # Panics
    /// As [`Self::finish`].
    pub fn finish_unless(self, given_up: &AtomicBool) -> Option<(O, End)> {
        match self.0 {
            Played::One { mut engine, places } => {
                engine.model.begin_deploy(places, &mut engine.calendar);
                if !play(&mut engine, SimTime::MAX, given_up) {
                    return None;
                }
                let now = engine.calendar.now();
                engine.model.assert_accounts(now);
                engine.model.tell_unfinished(&engine.calendar);
                let World { observer, standstill, .. } = engine.model;
                Some((observer, End { at: now, stood_still: standstill.found().map(str::to_owned) }))
            }
            Played::Chain(mut chain) => {
                chain.begin_deploy();
                chain.run_until(SimTime::MAX, given_up).then(|| chain.finish())
            }
        }
    }

    /// About what it takes (bytes), with what its observer says of itself.
    pub fn bytes(&self, observer: impl FnOnce(&O) -> usize) -> usize {
        match &self.0 {
            Played::One { engine, .. } => {
                let world = &engine.model;
                size_of::<Engine<World<O>>>() + engine.calendar.bytes() + world.bytes() + observer(&world.observer)
            }
            Played::Chain(chain) => chain.bytes(observer),
        }
    }
}

/// How a replication ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: SimTime,
    /// What went on without end within that instant, where time stood still: then nothing that was measured means anything.
    pub stood_still: Option<String>,
}

/// Gives a fleet the settings of `scenario` that may differ between policies.
pub(super) fn retarget<O: Observer>(world: &mut World<O>, scenario: &Scenario, cal: &mut Cal) {
    let anew = world.control_of(scenario);
    // All fields are named, so that a new one has to be thought of here.
    let World {
        // Of the replication, and of what has happened;
        observer: _,
        streams,
        requests: _,
        calm: _,
        connections: _,
        proxies: _,
        pods: _,
        links: _,
        in_system: _,
        in_system_moments: _,
        sojourn_sum: _,
        ended: _,
        standstill: _,
        tier: _,
        private: _,
        circuits: _,
        bindings: _,
        addresses: _,
        name_cached: _,
        // of settings that are part of what is shared;
        start: _,
        measured_from: _,
        layer: _,
        client_hop: _,
        pod_hop,
        handshake: _,
        max_busy: _,
        // (what it is made of is part of what is shared)
        plain: _,
        populations: _,
        deadlines: _,
        cluster: _,
        router: _,
        dependency: _,
        // of settings that may differ.
        control_plane,
        balancer,
        versions,
        idle,
        control,
        levels,
        end,
    } = world;
    control_plane.retarget(&scenario.load_balancer.propagation, *streams);
    balancer.clone_from(&scenario.load_balancer);
    *versions = Version::both(scenario, &*versions);
    idle.retarget(scenario, pod_hop.delay);
    levels.retarget(scenario);
    (_, *end) = limits(scenario);
    *control = match (anew, control.take()) {
        // Controllers that may have seen a pod turn not Ready go on: what they go by is then part of what is shared.
        (Some(anew), Some(before)) if pods_may_turn_unready(scenario) => Some(anew.continuing(before)),
        (anew, _) => anew,
    };
    world.look_again();
    if !world.may_be_calm(scenario) {
        world.end_calm(cal);
    }
}

/// Plays one replication of `scenario` and returns the observer, which has heard everything in order of time, with the end.
///
/// # Panics
/// If an invariant of the simulator is broken: conservation of requests, Little's law, the controller's bounds.
pub fn simulate<O: Observer>(scenario: &Scenario, seed: u64, replication: u32, mut observer: O) -> (O, End) {
    let end = tell(scenario, seed, replication, &mut |now, fact| observer.observe(now, fact));
    (observer, end)
}

/// The same behind a call for each fact, so that one fleet is compiled for whoever listens: compiling one for each of them took most of
/// the time that tests take to build.
fn tell(scenario: &Scenario, seed: u64, replication: u32, listener: &mut dyn FnMut(SimTime, Fact)) -> End {
    SteadyFleet::of(scenario, seed, replication, Told(listener)).finish().1
}

/// Whoever listens.
struct Told<'a>(&'a mut dyn FnMut(SimTime, Fact));

impl Observer for Told<'_> {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        (self.0)(now, fact);
    }
}

/// Up to when nothing is done to the workload: the first action, or the end where that comes before.
fn moment(scenario: &Scenario) -> SimTime {
    let (start, end) = limits(scenario);
    scenario.deploy.as_ref().map_or(end, |deploy| control::first_action(deploy).max(start).min(end))
}

/// Whether a pod may turn not Ready with nothing done to the workload. Then proxies and controllers hear of it.
const fn pods_may_turn_unready(scenario: &Scenario) -> bool {
    scenario.pod.probes_through_queue && scenario.pod.readiness_probe.is_some() || pods_may_crash(scenario)
}

/// Whether a pod that runs may die by itself. Then it starts again, and all that a start is made of matters.
const fn pods_may_crash(scenario: &Scenario) -> bool {
    let pod = &scenario.pod;
    // A pod that listens fails its liveness probe only where that waits behind requests.
    pod.crash.uptime.is_some()
        || pod.crash.in_flight.is_some()
        || pod.liveness_probe.is_some() && pod.probes_through_queue
}

/// What of `scenario` can matter before the first action, everything else blanked: scenarios for which this is the same
/// have the same replications up to there. `observe.limit` is when that is [since the start].
///
/// What is not named here can matter, as does any field that is added to a scenario. The parts that are written out whole
/// have no rest (`..`), so that a field that is added to one of them has to be thought of.
pub fn steady_part(scenario: &Scenario) -> Scenario {
    let mut s = scenario.clone();
    // Names, and the seed of the file, for which the caller has one.
    s.name.clear();
    s.clients.iter_mut().for_each(|population| population.name.clear());
    let tiers = s.front.iter_mut().map(|tier| &mut tier.balancer).chain([&mut s.load_balancer]);
    for balancer in tiers {
        balancer.name.clear();
        balancer.path.clear();
    }
    s.seed = 0;
    if pods_may_crash(scenario) {
        return s;
    }
    // No pod is evicted, and the autoscaler rests.
    s.workload.budget = None;
    s.workload.autoscaler = None;
    // No pod is created, and those that are there are warm.
    s.pod.startup = Dist::Constant(Dur::ZERO);
    s.pod.startup_probe = None;
    s.pod.image = None;
    s.pod.warmup = Warmup { slowdown: 1.0, over: WarmupOver::Requests(0) };
    // No pod is deleted.
    s.pod.termination = Termination {
        pre_stop: Dist::Constant(Dur::ZERO),
        pre_stop_extension: Dur::ZERO,
        on_sigterm: OnSigterm::Exit,
        after_exit: AfterExit::Refused,
        address_kept: Dist::Constant(Dur::ZERO),
        lame_duck: Dur::ZERO,
        drain_window: Dur::ZERO,
        cleanup: Dur::ZERO,
        close_jitter: Dur::ZERO,
        connection_close: ConnectionClose::None,
        grace_period: Dur::ZERO,
        sidecar_exit: None,
        sidecar_status: None,
    };
    s.deploy = s.deploy.map(|deploy| Deploy { events: Vec::new(), analysis: None, ..deploy });
    let (start, _) = limits(scenario);
    s.observe =
        Observe { warmup: s.observe.warmup, after: Dur::ZERO, limit: moment(scenario).since(start), steady: Dur::ZERO };
    if !pods_may_turn_unready(scenario) {
        blank_what_unready_pods_call_for(&mut s);
    }
    // No pod is new: what such pods are like does not matter, whatever it is.
    s.new_pod = s.pod.clone();
    s
}

/// Blanks what only matters once a pod turns not Ready: the probe itself, how proxies hear of it, what controllers make of it.
fn blank_what_unready_pods_call_for(s: &mut Scenario) {
    s.pod.readiness_probe = None;
    s.pod.liveness_probe = None;
    s.pod.probes_through_queue = false;
    s.pod.never_ready = false;
    s.load_balancer.propagation = Propagation {
        shared: Dist::Constant(Dur::ZERO),
        add: ByProxy::all(Dist::Constant(Dur::ZERO)),
        remove: ByProxy::all(Dist::Constant(Dur::ZERO)),
        batch: Dur::ZERO,
        order: PropagationOrder::Parallel,
        snapshots: false,
    };
    s.load_balancer.deregistration_delay = Dur::ZERO;
    s.workload = Workload {
        replicas: s.workload.replicas,
        // The controllers of other workloads may set up their pods in ways of their own.
        strategy: match &s.workload.strategy {
            Strategy::Recreate | Strategy::RollingUpdate { .. } => Strategy::Recreate,
            other => other.clone(),
        },
        replacement: PodReplacement::default(),
        min_ready: Dur::ZERO,
        progress_deadline: Dur::ZERO,
        budget: None,
        autoscaler: None,
    };
    if let Some(deploy) = &mut s.deploy {
        deploy.controller = Controller { qps: 0.0, burst: 0, reaction: Dur::ZERO, release: Release::V1_28 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_ends_soon_after_by_its_own_time() {
        for tiers in ["", "loadBalancer: [{name: edge}, {name: inner}]"] {
            let text = format!(
                "workload: {{replicas: 3}}\nclients: [{{name: web, rate: 200/s}}]\ndeploy: {{at: 5s}}\n\
                 observe: {{warmup: 1s, after: 600s}}\n{tiers}\n"
            );
            let scenario = Scenario::from_yaml(&text).expect("a valid scenario");
            let given_up = AtomicBool::new(false);
            let mut last = SimTime::ZERO;
            let mut tell = |now: SimTime, _: Fact| {
                last = now;
                if now.secs() >= 2.5 {
                    given_up.store(true, Ordering::Relaxed);
                }
            };
            let fleet =
                SteadyFleet::of_unless(&scenario, 1, 0, Told(&mut tell), &given_up).expect("it is still wanted");
            assert!(fleet.finish_unless(&given_up).is_none());
            assert!((2.5..12.0).contains(&last.secs()), "{last}, of 600 s and more");
        }
    }
}
