//! Swarm testing (Groce et al., 2012): random scenarios with random subsets of the features switched on. What must hold in
//! every run (conservation, Little's law, the controller's bounds, a pod's lifecycle) is asserted inside; here each
//! scenario only has to end, twice alike, with its counts in order.
//!
//! `SWARM_SEEDS=1000..9000 cargo test --test it swarm` looks further than the seeds that run always.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::common::random_scenario;
use crate::common::tiers::random_tiers;
use dryroll::engine::{Dur, SimTime};
use dryroll::fleet::fact::{Cause, Fact, Outcome, PodId, PodStep, ProxyId};
use dryroll::fleet::{Observer, simulate};
use dryroll::metrics::Collector;
use dryroll::metrics::replication::Replication;
use dryroll::scenario::{Layer, Scenario, load_str};

/// The seeds that run always.
const SEEDS: Range<u64> = 0..300;

/// A pod as the facts tell of it.
#[derive(Debug, Default)]
struct Known {
    steps: Vec<PodStep>,
    routed_by: BTreeSet<u32>,
    ever_routed: bool,
    not_listening_since: Option<SimTime>,
    gone: Option<SimTime>,
}

impl Known {
    fn has(&self, step: PodStep) -> bool {
        self.steps.contains(&step)
    }
}

/// Passes facts on to the collector, and holds them to what must be true of any fleet.
struct Watch {
    collector: Collector,
    pods: BTreeMap<PodId, Known>,
    ended: BTreeSet<u64>,
    born: usize,
    /// The proxies of each tier, and whether there are several.
    proxies: Vec<u32>,
    /// The tier before what is rolled.
    shown: usize,
    /// From pod to client at most.
    way_back: Dur,
    /// How long a refusal takes.
    refusal: Dur,
    layer: Layer,
}

impl Watch {
    fn new(scenario: &Scenario) -> Self {
        let layer = scenario.tiers().next().expect("a balancer").layer;
        let own = if layer == Layer::L7 { scenario.network.latency } else { Dur::ZERO };
        let tiers = scenario.front.iter().map(|_| scenario.network.latency);
        Self {
            collector: Collector::new(scenario),
            pods: BTreeMap::new(),
            ended: BTreeSet::new(),
            born: 0,
            proxies: scenario.tiers().map(|tier| tier.proxies * tier.workers).collect(),
            shown: scenario.rolled().behind,
            way_back: tiers.fold(scenario.network.client + own, |sum, hop| sum + hop),
            refusal: if scenario.handshake.round_trips == 0 { Dur::ZERO } else { scenario.network.client + own },
            layer,
        }
    }

    fn step(&mut self, now: SimTime, pod: PodId, step: PodStep) {
        let first = !self.pods.contains_key(&pod);
        let known = self.pods.entry(pod).or_default();
        if first && step == PodStep::Ready {
            // There from the start: listening, and in every table.
            known.steps = vec![PodStep::Created, PodStep::Started];
            let tier = pod.tier().unwrap_or(self.shown);
            let id = |n| if self.proxies.len() > 1 { ProxyId::of_tier(tier, n) } else { ProxyId(n) };
            known.routed_by = (0..self.proxies[tier]).map(|n| id(n).0).collect();
            known.ever_routed = true;
        }
        // A crash begins another life.
        let life = known.steps.iter().rposition(|s| *s == PodStep::Crashed).map_or(0, |n| n + 1);
        let life = &known.steps[life..];
        let last_readiness = life.iter().rev().find(|s| matches!(s, PodStep::Ready | PodStep::Unready));
        let deleted = known.has(PodStep::DeletionRequested);
        let possible = match step {
            PodStep::Created => known.steps.is_empty(),
            PodStep::Started | PodStep::Condemned | PodStep::Crashed => known.has(PodStep::Created) && !deleted,
            PodStep::Ready => life.contains(&PodStep::Started) && !deleted && last_readiness != Some(&PodStep::Ready),
            PodStep::Unready => !deleted && last_readiness == Some(&PodStep::Ready),
            PodStep::DeletionRequested => known.has(PodStep::Created),
            PodStep::Sigterm | PodStep::ListenerClosed | PodStep::Exited | PodStep::Killed => deleted,
            PodStep::Lost => known.gone.is_none(),
        };
        let again = matches!(step, PodStep::Ready | PodStep::Unready | PodStep::Crashed) || !life.contains(&step);
        // What has died with its node may still be asked to go: nobody knows.
        let asked = step == PodStep::DeletionRequested && known.has(PodStep::Lost);
        assert!(
            possible && again && (known.gone.is_none() || asked),
            "{pod:?} took step {step:?} after {:?}",
            known.steps
        );
        known.steps.push(step);
        match step {
            // The first time counts: who was refused then may hear of it after the next.
            PodStep::ListenerClosed | PodStep::Condemned | PodStep::Crashed => {
                known.not_listening_since.get_or_insert(now);
            }
            PodStep::Exited | PodStep::Killed | PodStep::Lost => {
                known.gone = Some(now);
                known.not_listening_since.get_or_insert(now);
            }
            _ => {}
        }
    }

    fn table(&mut self, pod: PodId, proxy: u32, routed: bool) {
        let known = self.pods.get_mut(&pod).expect("a table names a pod that exists");
        let changed = if routed { known.routed_by.insert(proxy) } else { known.routed_by.remove(&proxy) };
        assert!(changed, "the table of proxy {proxy} did not change for {pod:?}");
        assert!(!routed || known.has(PodStep::Ready), "{pod:?} came into a table before it was Ready");
        known.ever_routed |= routed;
    }

    fn ended(&mut self, now: SimTime, fact: &Fact) {
        let Fact::Ended { outcome, cause, identity, pod, attempts, .. } = *fact else { return };
        assert!(self.ended.insert(identity), "request {identity:x} ended twice");
        assert_eq!(outcome == Outcome::Ok, cause.is_none());
        assert!(attempts > 0);
        let known = pod.map(|p| &self.pods[&p]);
        if outcome == Outcome::Ok {
            let known = known.expect("who succeeds was served");
            assert!(known.ever_routed, "{pod:?} served a request and was never in a table");
            assert!(known.gone.is_none_or(|gone| now <= gone + self.way_back), "{pod:?} served when it was gone");
        }
        if outcome == Outcome::Refused && cause == Some(Cause::StaleRoute) {
            assert_eq!(self.layer, Layer::L4, "only at layer 4 a client sees a refusal");
            // A tier's proxies may be drained in place, which is no step of a pod.
            let drained = self.proxies.len() > 1;
            match known.expect("somebody refused").not_listening_since {
                Some(closed) => assert!(closed + self.refusal <= now || drained, "refused by {pod:?}, which listened"),
                None => assert!(drained, "only a closed port refuses"),
            }
        }
    }
}

impl Observer for Watch {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        match fact {
            Fact::Born => self.born += 1,
            Fact::Ended { .. } => self.ended(now, &fact),
            Fact::Pod { pod, step, .. } => self.step(now, pod, step),
            Fact::Table { proxy, pod, routed } => self.table(pod, proxy.0, routed),
            Fact::Levels(l) => assert!(l.ready <= l.pods && l.capacity >= 0.0 && l.demand() >= 0.0, "{l:?}"),
            _ => {}
        }
        self.collector.observe(now, fact);
    }
}

fn check(yaml: &str) {
    let scenario = match load_str("swarm.yaml", yaml, &[]) {
        Ok(loaded) => loaded.scenario,
        Err(diags) => panic!("{}", diags.iter().map(|d| d.render(false)).collect::<String>()),
    };
    let first = dryroll::simulate::run(&scenario, 1, 0);
    let (watch, end) = simulate(&scenario, 1, 0, Watch::new(&scenario));
    assert!(watch.ended.len() <= watch.born);
    let second = watch.collector.finish(end.at);
    assert_eq!(first.digest, second.digest, "the same arguments, another digest");
    assert_eq!(format!("{first:?}"), format!("{second:?}"), "the same digest, other numbers");
    check_counts(&first);
}

fn check_counts(r: &Replication) {
    for tally in &r.phases {
        assert_eq!(tally.requests, tally.succeeded + tally.dropped() + tally.unfinished);
        assert_eq!(tally.dropped(), tally.causes.iter().sum::<u64>());
        assert!(tally.seconds >= 0.0 && tally.retried <= tally.requests);
        for side in tally.connections {
            assert!(side.reconnects <= side.opened);
        }
    }
    assert!(r.simulated_requests >= r.phases.iter().map(|p| p.requests).sum());
    assert!(r.bins.iter().all(|b| b.queued >= 0.0 && b.in_flight >= 0.0 && b.ready <= b.pods + 1e-9));
}

/// The seeds of fleets with tiers in series that run always.
const TIERED: Range<u64> = 0..200;

#[test]
fn random_tiers_end_twice_alike() {
    let mut failed = Vec::new();
    let mut streamed = 0;
    for seed in seeds(TIERED) {
        let yaml = random_tiers(seed);
        streamed += u32::from(yaml.contains("streams:"));
        if catch_unwind(AssertUnwindSafe(|| check(&yaml))).is_err() {
            failed.push(format!("seed {seed} failed:\n{yaml}"));
        }
    }
    assert!(failed.is_empty(), "{}: {}", failed.len(), failed.join("\n"));
    assert!(streamed > 0, "none has streams");
}

/// Those that run always, or the ones that are asked for.
fn seeds(always: Range<u64>) -> Range<u64> {
    std::env::var("SWARM_SEEDS").ok().map_or(always, |text| {
        let (from, to) = text.split_once("..").expect("SWARM_SEEDS=FROM..TO");
        from.parse().expect("a number")..to.parse().expect("a number")
    })
}

#[test]
fn random_scenarios_end_twice_alike() {
    let mut failed = Vec::new();
    for seed in seeds(SEEDS) {
        let yaml = random_scenario(seed);
        if catch_unwind(AssertUnwindSafe(|| check(&yaml))).is_err() {
            failed.push(format!("seed {seed} failed:\n{yaml}"));
        }
    }
    assert!(
        failed.is_empty(),
        "{}",
        failed.join(
            "
"
        )
    );
}
