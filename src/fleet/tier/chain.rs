//! The fleets of all tiers, played together: one order of time over all of them, and one who is told.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::{Engine, Reserved, SimTime, Streams};
use crate::scenario::Scenario;

use super::super::event::Event;
use super::super::fact::{Fact, Levels, PodId, ProxyId, Side};
use super::super::steady::{self, End};
use super::super::world::{Observer, World};
use super::Tier;
use super::fleets::{self, Fleet};
use super::relay::Relay;

/// Events after which it is looked whether anybody still wants the rest.
const LOOK: u32 = 4096;

/// All tiers of one replication. Cloning it forks the simulation.
#[derive(Clone, Debug)]
pub(in super::super) struct Chain<O> {
    /// The outermost; each has the next one in it.
    outermost: Engine<World<Relay>>,
    /// The places of the actions and of the end in each one's order of scheduling, the outermost first.
    places: Vec<Reserved>,
    observer: O,
    /// Behind which tier that stands which the forecast is about.
    shown: usize,
}

impl<O: Observer> Chain<O> {
    /// The fleets of `scenario` at the start of replication `replication`.
    pub(in super::super) fn new(scenario: &Scenario, seed: u64, replication: u32, observer: O) -> Self {
        let streams = Streams::new(seed, u64::from(replication));
        let fleets = fleets::all(scenario);
        let (mut places, mut behind) = (Vec::new(), None);
        for (depth, fleet) in fleets.iter().enumerate().rev() {
            let mut tier = Tier::new(depth, behind.take());
            tier.set(fleet);
            let streams = streams.of_tier((fleets.len() - 1 - depth) as u64);
            let (engine, reserved) = World::new(&fleet.scenario, streams, Relay::default(), Some(Box::new(tier)));
            places.insert(0, reserved);
            behind = Some(engine);
        }
        let outermost = behind.expect("there are tiers");
        let mut chain = Self { outermost, places, observer, shown: scenario.rolled().behind };
        chain.outermost.model.hear(&mut chain.outermost.calendar);
        chain.tell();
        chain
    }

    /// When the simulation starts.
    pub(in super::super) const fn start(&self) -> SimTime {
        self.outermost.model.start
    }

    /// Plays everything that is due at `horizon` or before, unless the end comes first; whether it was not `given_up` meanwhile.
    pub(in super::super) fn run_until(&mut self, horizon: SimTime, given_up: &AtomicBool) -> bool {
        let mut events = 0_u32;
        while step(&mut self.outermost, horizon) {
            self.tell();
            if ended(&self.outermost.model) {
                break;
            }
            events = events.wrapping_add(1);
            if events.is_multiple_of(LOOK) && given_up.load(Ordering::Relaxed) {
                return false;
            }
        }
        true
    }

    /// Plays on as `scenario` says.
    pub(in super::super) fn retarget(&mut self, scenario: &Scenario) {
        self.shown = scenario.rolled().behind;
        let mut engine = Some(&mut self.outermost);
        for fleet in &fleets::all(scenario) {
            let Some(Engine { model, calendar }) = engine else { return };
            if let Some(tier) = &mut model.tier {
                tier.set(fleet);
            }
            steady::retarget(model, &fleet.scenario, calendar);
            engine = next(model);
        }
    }

    /// Schedules what is done to the workloads, and the end.
    pub(in super::super) fn begin_deploy(&mut self) {
        let mut engine = Some(&mut self.outermost);
        for &places in &self.places {
            let Some(Engine { model, calendar }) = engine else { return };
            model.begin_deploy(places, calendar);
            for &at in model.tier.iter().flat_map(|tier| &tier.reloads) {
                calendar.at(at.max(model.start), Event::ReloadAll);
            }
            engine = next(model);
        }
    }

    /// The observer, and the end.
    ///
    /// # Panics
    /// If a request, or a call on behalf of one, was lost or counted twice.
    pub(in super::super) fn finish(mut self) -> (O, End) {
        let now = self.outermost.calendar.now();
        let mut stood_still = None;
        let mut engine = Some(&mut self.outermost);
        while let Some(Engine { model, .. }) = engine {
            model.assert_accounts(now);
            stood_still = stood_still.or_else(|| model.standstill.found().map(str::to_owned));
            engine = next(model);
        }
        self.outermost.model.tell_unfinished(&self.outermost.calendar);
        self.tell();
        (self.observer, End { at: now, stood_still })
    }

    /// About what it takes (bytes), with what its observer says of itself.
    pub(in super::super) fn bytes(&self, observer: impl FnOnce(&O) -> usize) -> usize {
        let mut sum = size_of::<Self>() + observer(&self.observer);
        let mut engine = Some(&self.outermost);
        while let Some(Engine { model, calendar }) = engine {
            sum += calendar.bytes() + model.bytes() + size_of::<Tier>();
            engine = model.tier.as_ref().and_then(|tier| tier.behind.as_ref()).map(|behind| &behind.engine);
        }
        sum
    }

    /// Tells the observer what has just happened, fleet by fleet, the outermost first.
    fn tell(&mut self) {
        let now = self.outermost.calendar.now();
        let (shown, observer) = (self.shown, &mut self.observer);
        let mut levels = false;
        let mut engine = Some(&mut self.outermost);
        let mut depth = 0;
        while let Some(Engine { model, .. }) = engine {
            for fact in model.observer.drain() {
                match fact {
                    Fact::Levels(_) => levels = true,
                    _ => {
                        if let Some(fact) = seen_from_outside(fact, depth, shown) {
                            observer.observe(now, fact);
                        }
                    }
                }
            }
            engine = next(model);
            depth += 1;
        }
        if levels {
            let levels = self.levels(now);
            self.observer.observe(now, Fact::Levels(levels));
        }
    }

    /// Of the outermost fleet what clients want and have under way, of the innermost what its pods can serve, and how many there
    /// are of what the forecast is about.
    fn levels(&mut self, now: SimTime) -> Levels {
        let shown = self.shown;
        let model = &mut self.outermost.model;
        let mut levels = model.levels_now(now);
        let mut engine = next(model);
        let mut depth = 1;
        while let Some(Engine { model, .. }) = engine {
            let Levels { capacity, queued, ready, pods, .. } = model.levels_now(now);
            (levels.capacity, levels.queued) = (capacity, queued);
            if depth == shown {
                (levels.ready, levels.pods) = (ready, pods);
            }
            engine = next(model);
            depth += 1;
        }
        levels
    }
}

impl Tier {
    /// Takes from `fleet` what may differ between policies.
    fn set(&mut self, fleet: &Fleet) {
        self.deploys = fleet.scenario.deploy.is_some();
        self.controls = fleet.controls;
        self.reloads.clone_from(&fleet.reloads);
    }
}

/// The fleet behind that of `model`.
fn next(model: &mut World<Relay>) -> Option<&mut Engine<World<Relay>>> {
    model.tier.as_mut()?.behind.as_mut().map(|behind| &mut behind.engine)
}

/// Handles the next event of a fleet and of all behind it, if one is due at `horizon` or before. Of two at one moment the one
/// further out comes first.
fn step(engine: &mut Engine<World<Relay>>, horizon: SimTime) -> bool {
    let own = engine.calendar.next_moment(horizon);
    let limit = own.map_or(horizon, |at| SimTime::from_nanos(at.nanos().saturating_sub(1)));
    if let Some(behind) = next(&mut engine.model)
        && step(behind, limit)
    {
        let now = behind.calendar.now();
        engine.calendar.advance(now);
    } else if own.is_some() {
        engine.step(horizon);
    } else {
        return false;
    }
    engine.model.hear(&mut engine.calendar);
    true
}

fn ended(model: &World<Relay>) -> bool {
    let behind = model.tier.as_ref().and_then(|tier| tier.behind.as_ref());
    model.done() || behind.is_some_and(|behind| ended(&behind.engine.model))
}

/// A fact of the fleet behind tier `depth`, as it is told of all of them; `None` for what nobody outside sees.
fn seen_from_outside(fact: Fact, depth: usize, shown: usize) -> Option<Fact> {
    let of = |pod: PodId| if depth == shown { pod } else { PodId::behind_tier(depth, pod.0) };
    match fact {
        Fact::Pod { pod, revision, step } => Some(Fact::Pod { pod: of(pod), revision, step }),
        Fact::Severed { pod, requests, killed } => Some(Fact::Severed { pod: of(pod), requests, killed }),
        Fact::Table { proxy, pod, routed } => {
            Some(Fact::Table { proxy: ProxyId::of_tier(depth, proxy.0), pod: of(pod), routed })
        }
        // The proxies' own are those that reach what the forecast is about.
        Fact::Opened { side: Side::Upstream, .. } | Fact::ConnectFailed(Side::Upstream) => {
            (depth == shown).then_some(fact)
        }
        Fact::Ended { pod: Some(pod), .. } if pod.tier() == Some(shown) => {
            let Fact::Ended { born, sent, outcome, cause, attempts, stream, identity, proxy, client, .. } = fact else {
                return None;
            };
            let pod = Some(PodId(pod.index()));
            Some(Fact::Ended { born, sent, outcome, cause, attempts, stream, identity, pod, proxy, client })
        }
        _ => Some(fact),
    }
}
