//! The steady states that cases share: each is simulated once, whoever needs it first, and forked by all.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::metrics::replication::Replication;
use crate::scenario::Scenario;
use crate::simulate::{Steady, SteadyKey, steady_key};

/// Memory that shared steady states may hold (bytes).
pub const SHARED_BYTES: usize = 512 << 20;

/// What a case's steady state depends on: equal keys, equal states.
pub type CaseKey = (u64, SteadyKey);

/// A state that is there or will be; `None` where its simulation was given up.
type Slot = Arc<OnceLock<Option<Steady>>>;

/// The key of a case.
pub fn case_key(scenario: &Scenario) -> CaseKey {
    (scenario.seed, steady_key(scenario))
}

/// Steady states by what they depend on, with a bound on the memory that they hold. A state that had to go is simulated
/// again when it is needed: what is kept changes the time that a study takes, and nothing else.
#[derive(Debug)]
pub struct SteadyCache {
    /// Bytes that may be held.
    budget: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// By key and replication.
    states: BTreeMap<(CaseKey, u32), State>,
    /// Cases that are still to come, by key: with the last one its states go.
    wanted: BTreeMap<CaseKey, u64>,
    bytes: usize,
    clock: u64,
}

#[derive(Debug, Default)]
struct State {
    slot: Slot,
    /// Counted in `bytes`.
    bytes: usize,
    /// When it was last used, by a clock of uses.
    used: u64,
}

impl SteadyCache {
    /// A cache for cases with these keys, one entry a case.
    pub fn new(keys: impl IntoIterator<Item = CaseKey>, budget: usize) -> Self {
        let mut kept = Kept::default();
        for key in keys {
            *kept.wanted.entry(key).or_default() += 1;
        }
        Self { budget, kept: Mutex::new(kept) }
    }

    /// Replication `replication` of `scenario`: the same bytes as [`crate::simulate::run`]. `None` once it was given up; nobody gives up
    /// one of the cases that share this without the others.
    pub fn replicate(&self, scenario: &Scenario, replication: u32, given_up: &AtomicBool) -> Option<Replication> {
        let key = case_key(scenario);
        let fresh = || Steady::of_unless(scenario, scenario.seed, replication, given_up);
        let Some(slot) = self.slot(&key, replication) else { return fresh()?.finish_unless(scenario, given_up) };
        // Whoever comes second waits for the first, which costs less than simulating it twice.
        let steady = slot.get_or_init(fresh).as_ref()?;
        let forked = steady.clone().finish_unless(scenario, given_up);
        self.account(&key, replication, steady.bytes());
        forked
    }

    /// A case with this key is over.
    pub fn case_is_over(&self, key: &CaseKey) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wanted) = kept.wanted.get_mut(key) else { return };
        *wanted -= 1;
        if *wanted == 0 {
            kept.wanted.remove(key);
            let gone: Vec<(CaseKey, u32)> = kept.states.keys().filter(|k| k.0 == *key).copied().collect();
            for k in gone {
                let bytes = kept.states.remove(&k).map_or(0, |s| s.bytes);
                kept.bytes -= bytes;
            }
        }
    }

    /// Where the state is or will be; `None` where only one case wants it, so that there is nothing to share.
    fn slot(&self, key: &CaseKey, replication: u32) -> Option<Slot> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = (*key, replication);
        let shared = kept.states.contains_key(&at) || kept.wanted.get(key).is_some_and(|&cases| cases > 1);
        if !shared {
            return None;
        }
        kept.clock += 1;
        let clock = kept.clock;
        let state = kept.states.entry(at).or_default();
        state.used = clock;
        Some(Arc::clone(&state.slot))
    }

    /// Counts a state that is there, and lets the least recently used ones go where they are too many.
    fn account(&self, key: &CaseKey, replication: u32, bytes: usize) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = kept.states.get_mut(&(*key, replication)) else { return };
        if std::mem::replace(&mut state.bytes, bytes) == 0 {
            kept.bytes += bytes;
        }
        while kept.bytes > self.budget {
            let oldest = kept.states.iter().filter(|(_, s)| s.bytes > 0).min_by_key(|(_, s)| s.used);
            let Some(oldest) = oldest.map(|(k, _)| *k) else { break };
            let bytes = kept.states.remove(&oldest).map_or(0, |s| s.bytes);
            kept.bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate;

    fn scenario(set: &str) -> Scenario {
        let text = format!(
            "workload: {{replicas: 3}}\npod: {{startup: 1s, serviceTime: 10ms, readinessProbe: none}}\n\
             clients: [{{name: web, rate: 50/s}}]\ndeploy: {{at: 4s}}\nobserve: {{warmup: 1s, after: 1s}}\n{set}\n"
        );
        Scenario::from_yaml(&text).expect("a valid scenario")
    }

    fn bytes(r: &Replication) -> String {
        format!("{r:?}")
    }

    #[test]
    fn what_is_kept_changes_nothing() {
        let cases = ["", "newVersion: {startup: 2s}", "seed: 2", "newVersion: {errorRate: 50%}"].map(scenario);
        let keys = || cases.iter().map(case_key);
        let wanted = AtomicBool::new(false);
        for budget in [0, 1 << 30] {
            let cache = SteadyCache::new(keys(), budget);
            for case in &cases {
                for k in 0..2 {
                    let fresh = simulate::run(case, case.seed, k);
                    assert_eq!(bytes(&cache.replicate(case, k, &wanted).expect("nobody gives it up")), bytes(&fresh));
                }
            }
            let held = cache.kept.lock().expect("no panic").states.len();
            assert!(if budget == 0 { held == 0 } else { held > 0 }, "{held} states in {budget} bytes");
            keys().for_each(|key| cache.case_is_over(&key));
            let kept = cache.kept.lock().expect("no panic");
            assert_eq!((kept.states.len(), kept.bytes), (0, 0));
        }
    }

    #[test]
    fn what_was_given_up_leaves_nothing() {
        let case = scenario("");
        let unwanted = AtomicBool::new(true);
        assert!(simulate::run_unless(&case, 1, 0, &unwanted).is_none());
        let cache = SteadyCache::new([case_key(&case); 2], 1 << 30);
        assert!(cache.replicate(&case, 0, &unwanted).is_none());
        assert_eq!(cache.kept.lock().expect("no panic").bytes, 0);
    }
}
