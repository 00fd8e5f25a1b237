//! What is computed when it arrives is what events give, to the last bit: random scenarios, each played by `run` and with somebody
//! beside who has to be told everything in order of time, for which nothing can be computed ahead; and through forks of a common
//! steady state.
//!
//! ```text
//! cargo test --test it fast_path                                    the seeds that always run
//! FAST_PATH_SEEDS=10000..60000 cargo test --test it fast_path       others, or more of them
//! FAST_PATH_SEEDS=17 cargo test --test it fast_path                 a single one
//! FAST_PATH_WRITE=DIR                                            leaves the scenarios as DIR/SEED.yaml
//! ```
//!
//! A scenario for which the two differ is told with its seed, the field in which they do, and its smallest part for which they do
//! so still.

mod case;
mod difference;
mod exotic;
mod plain;
mod settings;

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use case::Case;
use difference::first_difference;
use dryroll::engine::SimTime;
use dryroll::fleet::Observer;
use dryroll::fleet::fact::{Cause, Fact, Side};
use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Layer, Scenario};
use dryroll::simulate::{Steady, run, steady_key, traced};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// The seeds that always run.
const SEEDS: Range<u64> = 0..3000;

/// How many failures are taken apart.
const SHOWN: usize = 3;

/// Whom everything is told, in order of time.
struct Nobody;

impl Observer for Nobody {
    fn observe(&mut self, _: SimTime, _: Fact) {}
}

/// What scenarios have to show now and then, lest all of this be about nothing, and in how many of a thousand at least.
const SHARES: &[(&str, usize)] = &[
    ("plain", 450),
    ("layer 4", 300),
    ("layer 7", 450),
    ("more than eight populations", 10),
    ("nothing dropped", 80),
    ("rollout", 800),
    ("rollout that completes", 500),
    ("rollout with requests dropped", 500),
    ("rollout with requests retried", 200),
    ("rollout with reconnects by clients", 200),
    ("rollout with reconnects by proxies", 200),
    ("rollout with failed connects", 400),
    ("requests under way at the end", 500),
    ("requests that wait for a worker", 400),
    ("fork for the same policy", 400),
    ("fork for another policy", 350),
    ("staleRoute", 350),
    ("severedByDrain", 60),
    ("severedByKill", 80),
    ("severedByDeregistration", 25),
    ("keepAliveRace", 150),
    ("overflow", 180),
    ("noEndpoints", 200),
    ("slow", 100),
    ("appError", 100),
    ("crash", 8),
];

#[test]
fn what_is_computed_on_arrival_is_what_events_give() {
    let seeds = seeds();
    let count = seeds.end - seeds.start;
    let results: Vec<(Case, Result<Vec<&'static str>, String>)> = seeds.into_par_iter().map(play).collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    for (case, result) in results {
        match result {
            Ok(shown) => {
                for what in shown {
                    *seen.entry(what).or_default() += 1;
                }
            }
            Err(why) => failed.push((case, why)),
        }
    }
    let all: Vec<u64> = failed.iter().map(|(case, _)| case.seed).collect();
    let told: Vec<String> = failed.into_iter().take(SHOWN).map(|(case, why)| tell(case, &why)).collect();
    assert!(all.is_empty(), "{} of {count} seeds: {all:?}\n\n{}", all.len(), told.join("\n\n"));
    // A few may happen to have nothing of a kind.
    if count >= 1000 {
        let share = |what| seen.get(what).copied().unwrap_or(0) * 1000 / count as usize;
        let rare: Vec<_> = SHARES.iter().filter(|&&(what, least)| share(what) < least).collect();
        assert!(rare.is_empty(), "too few of a thousand: {rare:?} among {count} seeds with {seen:?}");
    }
}

/// Those that always run, or the ones that are asked for.
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("FAST_PATH_SEEDS") else { return SEEDS };
    let number = |text: &str| text.parse::<u64>().expect("FAST_PATH_SEEDS=FROM..TO, or one number");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(&text)..number(&text) + 1,
    }
}

fn play(seed: u64) -> (Case, Result<Vec<&'static str>, String>) {
    let case = Case::draw(seed);
    if let Ok(folder) = std::env::var("FAST_PATH_WRITE") {
        std::fs::write(format!("{folder}/{seed}.yaml"), case.yaml()).expect("a file can be written");
    }
    let result = verdict(&case);
    (case, result)
}

/// The least of a case that fails, and why it does.
fn tell(case: Case, why: &str) -> String {
    let whole = case.yaml();
    let least = case.shrunk(|less| verdict(less).is_err());
    let why_least = verdict(&least).expect_err("it fails");
    format!(
        "seed {}: {why}\n{whole}--- enough for it: {why_least}\n{}--- the other policy: {:?}",
        least.seed,
        least.yaml(),
        least.policy
    )
}

/// What a case has shown, or what is wrong with it.
fn verdict(case: &Case) -> Result<Vec<&'static str>, String> {
    catch_unwind(AssertUnwindSafe(|| check(case))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

fn check(case: &Case) -> Result<Vec<&'static str>, String> {
    let [scenario, other] = case.scenarios()?;
    let replication = (case.seed % 3) as u32;
    let by_events = |scenario: &Scenario| traced(scenario, case.seed, replication, Nobody).0;
    let told = by_events(&scenario);
    same("run", &run(&scenario, case.seed, replication), &told)?;
    let mut shown = shown(&scenario, &told);
    shown.extend((!case.exotic).then_some("plain"));
    // Forks are half of the work, and what they add is the same everywhere.
    if case.seed.is_multiple_of(2) && scenario.deploy.is_some() {
        let steady = Steady::of(&scenario, case.seed, replication);
        same("fork", &steady.fork(&scenario), &told)?;
        shown.push("fork for the same policy");
        if steady_key(&scenario) == steady_key(&other) && !case.policy.is_empty() {
            same("fork for the other policy", &steady.fork(&other), &by_events(&other))?;
            shown.push("fork for another policy");
        }
    }
    Ok(shown)
}

/// Every field, or the first one that differs.
fn same(what: &str, computed: &Replication, by_events: &Replication) -> Result<(), String> {
    match first_difference(computed, by_events) {
        Some(field) => Err(format!("{what} differs from events in {field}")),
        None => Ok(()),
    }
}

/// What there is to see in a replication.
fn shown(scenario: &Scenario, r: &Replication) -> Vec<&'static str> {
    let [clients, proxies] = [Side::Client, Side::Upstream].map(|side| r.phases[1].connections[side as usize]);
    let rollout = r.pods.iter().any(|pod| pod.revision.0 > 0);
    let l4 = scenario.tiers().any(|tier| tier.layer == Layer::L4);
    let of_all = [
        ("layer 4", l4),
        ("layer 7", !l4),
        ("more than eight populations", scenario.clients.len() > 8),
        ("nothing dropped", r.phases.iter().all(|phase| phase.dropped() == 0)),
        ("rollout", rollout),
        ("rollout that completes", rollout && r.rollout.is_some_and(|rollout| rollout.duration.is_some())),
        ("rollout with requests dropped", rollout && r.phases[1].dropped() > 0),
        ("rollout with requests retried", rollout && r.phases[1].retried > 0),
        ("rollout with reconnects by clients", rollout && clients.reconnects > 0),
        ("rollout with reconnects by proxies", rollout && proxies.reconnects > 0),
        ("rollout with failed connects", rollout && clients.failed + proxies.failed > 0),
        ("requests under way at the end", r.phases.iter().any(|phase| phase.unfinished > 0)),
        ("requests that wait for a worker", r.bins.iter().any(|bin| bin.queued > 0.0)),
    ];
    let caused = |cause: &Cause| r.phases.iter().any(|phase| phase.causes[*cause as usize] > 0);
    let causes = Cause::ALL.into_iter().filter(caused).map(Cause::name);
    of_all.into_iter().filter(|(_, is)| *is).map(|(what, _)| what).chain(causes).collect()
}
