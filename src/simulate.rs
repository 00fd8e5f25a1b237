//! One replication, from scenario to numbers; and the part of it that many scenarios share.

use std::fmt::{self, Write as _};
use std::sync::atomic::AtomicBool;

use crate::engine::mix;
use crate::fleet::{self, Observer, SteadyFleet};
use crate::metrics::Collector;
use crate::metrics::replication::Replication;
use crate::metrics::scene::Scene;
use crate::scenario::Scenario;

/// Plays replication `replication` of `scenario` under `seed` and measures it. The same arguments give the same bytes,
/// on whatever machine and beside whatever else runs.
pub fn run(scenario: &Scenario, seed: u64, replication: u32) -> Replication {
    let (collector, end) = SteadyFleet::of(scenario, seed, replication, Collector::new(scenario)).finish();
    measured(collector, end)
}

/// The same; `None` where it was given up meanwhile, of which nothing is left.
pub fn run_unless(scenario: &Scenario, seed: u64, replication: u32, given_up: &AtomicBool) -> Option<Replication> {
    let fleet = SteadyFleet::of_unless(scenario, seed, replication, Collector::new(scenario), given_up)?;
    let (collector, end) = fleet.finish_unless(given_up)?;
    Some(measured(collector, end))
}

/// What was measured to this end.
fn measured(collector: Collector, end: fleet::End) -> Replication {
    Replication { stood_still: end.stood_still, ..collector.finish(end.at) }
}

/// The same, with somebody beside who is told everything that happens; what is measured is the same to the bit.
pub fn traced<O: Observer>(scenario: &Scenario, seed: u64, replication: u32, observer: O) -> (Replication, O) {
    let both = (Collector::new(scenario), observer);
    let ((collector, observer), end) = fleet::simulate(scenario, seed, replication, both);
    (measured(collector, end), observer)
}

/// Plays replication `replication` once more, for what a picture shows and figures need not keep. It is the same replication
/// to the byte: whoever watches changes nothing.
pub fn scene(scenario: &Scenario, seed: u64, replication: u32) -> Scene {
    watched(scenario, seed, replication, Scene::new(scenario))
}

/// The same for whoever wants to be told, and returns that one: nothing is measured.
pub fn watched<O: Observer>(scenario: &Scenario, seed: u64, replication: u32, observer: O) -> O {
    fleet::simulate(scenario, seed, replication, observer).0
}

/// One replication up to the moment before anything of the deploy can matter: what is played once for all policies.
///
/// A fork gives the bytes that [`run`] gives for its scenario.
#[derive(Clone, Debug)]
pub struct Steady {
    fleet: SteadyFleet<Collector>,
    key: SteadyKey,
}

impl Steady {
    /// Plays replication `replication` of `scenario` under `seed` up to the first thing that is done to the workload: the
    /// deploy, or an entry of `deploy.events` before it. With no deploy that is the whole of it.
    pub fn of(scenario: &Scenario, seed: u64, replication: u32) -> Self {
        let fleet = SteadyFleet::of(scenario, seed, replication, Collector::new(scenario));
        Self { fleet, key: steady_key(scenario) }
    }

    /// The same; `None` where it was given up meanwhile.
    pub fn of_unless(scenario: &Scenario, seed: u64, replication: u32, given_up: &AtomicBool) -> Option<Self> {
        let fleet = SteadyFleet::of_unless(scenario, seed, replication, Collector::new(scenario), given_up)?;
        Some(Self { fleet, key: steady_key(scenario) })
    }

    /// Plays the rest as `scenario` says, whose [`steady_key`] must be that of the scenario so far; debug builds check it.
    pub fn fork(&self, scenario: &Scenario) -> Replication {
        self.clone().finish(scenario)
    }

    /// The same without the copy, for the last one.
    pub fn finish(mut self, scenario: &Scenario) -> Replication {
        self.retarget(scenario);
        let (collector, end) = self.fleet.finish();
        measured(collector, end)
    }

    /// The same; `None` where it was given up meanwhile.
    pub fn finish_unless(mut self, scenario: &Scenario, given_up: &AtomicBool) -> Option<Replication> {
        self.retarget(scenario);
        let (collector, end) = self.fleet.finish_unless(given_up)?;
        Some(measured(collector, end))
    }

    fn retarget(&mut self, scenario: &Scenario) {
        debug_assert_eq!(steady_key(scenario), self.key, "this scenario is another one before the deploy");
        self.fleet.retarget(scenario);
    }

    /// About what it takes in memory (bytes).
    pub fn bytes(&self) -> usize {
        size_of::<SteadyKey>() + self.fleet.bytes(Collector::bytes)
    }
}

/// The same of a replication with somebody beside who is told everything, to the same bytes again.
#[derive(Clone, Debug)]
pub struct Watched<O: Observer> {
    fleet: SteadyFleet<(Collector, O)>,
    key: SteadyKey,
}

impl<O: Observer + Clone> Watched<O> {
    /// As [`Steady::of`], with what `observer` may know of the scenario being part of what is shared.
    pub fn of(scenario: &Scenario, seed: u64, replication: u32, observer: O) -> Self {
        let both = (Collector::new(scenario), observer);
        Self { fleet: SteadyFleet::of(scenario, seed, replication, both), key: steady_key(scenario) }
    }

    /// As [`Steady::fork`], with who was told.
    pub fn fork(&self, scenario: &Scenario) -> (Replication, O) {
        debug_assert_eq!(steady_key(scenario), self.key, "this scenario is another one before the deploy");
        let mut fleet = self.fleet.clone();
        fleet.retarget(scenario);
        let ((collector, observer), end) = fleet.finish();
        (measured(collector, end), observer)
    }
}

/// What two scenarios have in common that are the same up to the deploy: a hash of 128 bits, so that two that are not have
/// the same one with a chance of 1 in 3 × 10³⁸.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SteadyKey([u64; 2]);

/// The key of `scenario`: where it is the same (and so are the seed and the replication), a [`Steady`] of the one can be
/// forked for the other. Whatever can matter before the deploy is part of it, as is every setting that is new.
pub fn steady_key(scenario: &Scenario) -> SteadyKey {
    // Two unrelated starts: fractions of √2 and √3.
    let mut hash = Hash([0x6A09_E667_F3BC_C908, 0xBB67_AE85_84CA_A73B]);
    // The text of a scenario tells every field to the last bit: times are printed exactly, floats so that they come back.
    write!(hash, "{:?}", fleet::steady_part(scenario)).expect("a hash takes any text");
    SteadyKey(hash.0)
}

/// A text, folded as it is written.
struct Hash([u64; 2]);

impl Hash {
    fn fold(&mut self, word: u64) {
        self.0 = self.0.map(|h| mix(h ^ word));
    }
}

impl fmt::Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for chunk in text.as_bytes().chunks(size_of::<u64>()) {
            let mut word = [0; size_of::<u64>()];
            word[..chunk.len()].copy_from_slice(chunk);
            self.fold(u64::from_le_bytes(word));
        }
        // Where one piece ends and the next begins is part of it, since the last word of each is filled up.
        self.fold(text.len() as u64);
        Ok(())
    }
}
