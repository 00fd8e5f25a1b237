//! All dropped requests of one run, grouped by cause, pod and proxy.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chain::{Chain, Teller};
use super::order::PodOrder;
use super::tracer::{Ending, Trace};
use crate::engine::SimTime;
use crate::fleet::fact::{Cause, PodId};
use crate::metrics::PodRow;
use crate::scenario::Scenario;

/// Chains that stand for a group.
const EXAMPLES: usize = 3;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    /// Requests of this cause alone.
    pub cause: Option<Cause>,
    /// Requests at this pod alone.
    pub pod: Option<&'a str>,
    /// This request alone.
    pub request: Option<u64>,
}

/// How many of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tally {
    /// A pod's name, a proxy's number.
    pub name: String,
    /// Requests dropped there.
    pub dropped: u64,
}

/// Requests that were dropped for the same reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Why.
    pub cause: &'static str,
    /// How many.
    pub dropped: u64,
    /// The end of the first one (s after the start of the deploy).
    pub first: f64,
    /// The end of the last one.
    pub last: f64,
    /// By pod, most first.
    pub pods: Vec<Tally>,
    /// By proxy, most first.
    pub proxies: Vec<Tally>,
    /// The ones that cost their clients most time.
    pub examples: Vec<Chain>,
}

/// Why requests were dropped in one simulated deploy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The scenario's name.
    pub scenario: String,
    /// The root of all randomness.
    pub seed: u64,
    /// Which simulated deploy, from 1.
    pub replication: u32,
    /// Over what happened: the same as without the trace.
    pub digest: String,
    /// Requests of the whole run, less those of the discarded warm-up.
    pub requests: u64,
    /// Those of them that were dropped, whatever was asked for.
    pub all_dropped: u64,
    /// Of all of these, the ones whose whole life was before the deploy, which a forecast counts apart.
    pub dropped_before: u64,
    /// Those that were dropped, of those asked for.
    pub dropped: u64,
    /// By cause, most first.
    pub causes: Vec<Group>,
    /// The request that was asked for.
    pub request: Option<Chain>,
    /// The order of each deleted pod's steps, of those asked for.
    pub pods: Vec<PodOrder>,
}

impl Explanation {
    /// Puts in order what was heard of a run of `scenario` whose pods lived as `pods` say, in order of creation.
    pub fn of(scenario: &Scenario, trace: &Trace, pods: &[PodRow], which: Which<'_>) -> Self {
        let teller = Teller { scenario, trace, pods };
        let at_pod = |e: &&Ending| which.pod.is_none_or(|pod| teller.pod_name(e).as_deref() == Some(pod));
        // As a forecast counts: what ended in the discarded warm-up, or began in it and did not last into the deploy, is no part of it.
        let (from, rolls) = (scenario.measured_from(), scenario.deploy.is_some());
        let measured = |e: &&Ending| e.born >= from || (rolls && e.at >= SimTime::ZERO);
        let all: Vec<&Ending> = trace.endings.iter().filter(|e| e.cause.is_some()).filter(measured).collect();
        let asked = |e: &&Ending| which.cause.is_none_or(|c| e.cause == Some(c));
        let dropped: Vec<&Ending> = all.iter().copied().filter(asked).filter(at_pod).collect();
        let mut causes: Vec<Group> = Cause::ALL.into_iter().filter_map(|c| group(&teller, c, &dropped)).collect();
        causes.sort_by_key(|g| std::cmp::Reverse(g.dropped));
        let of_request = |wanted| trace.endings.iter().find(|e| e.identity == wanted).map(|e| teller.chain(e));
        let mut on_pod: BTreeMap<PodId, u64> = BTreeMap::new();
        for pod in dropped.iter().filter_map(|e| e.pod) {
            *on_pod.entry(pod).or_default() += 1;
        }
        let mut order = PodOrder::all(trace, pods, |pod| on_pod.get(&pod).copied().unwrap_or(0));
        order.retain(|p| which.pod.is_none_or(|pod| p.pod == pod));
        Self {
            scenario: scenario.name.clone(),
            seed: scenario.seed,
            replication: 1,
            digest: String::new(),
            requests: trace.measured,
            all_dropped: all.len() as u64,
            dropped_before: all.iter().filter(|e| rolls && e.at < SimTime::ZERO).count() as u64,
            dropped: dropped.len() as u64,
            causes,
            request: which.request.and_then(of_request),
            pods: order,
        }
    }
}

fn group(teller: &Teller<'_>, cause: Cause, dropped: &[&Ending]) -> Option<Group> {
    let of_cause: Vec<&Ending> = dropped.iter().filter(|e| e.cause == Some(cause)).copied().collect();
    let (first, last) = (of_cause.first()?, of_cause.last()?);
    let pod = |e: &&Ending| teller.pod_name(e);
    let mut worst = of_cause.clone();
    worst.sort_by_key(|e| (std::cmp::Reverse(e.at.since(e.born)), e.at, e.identity));
    Some(Group {
        cause: cause.name(),
        dropped: of_cause.len() as u64,
        first: first.at.secs(),
        last: last.at.secs(),
        pods: tallies(of_cause.iter().filter_map(pod)),
        proxies: tallies(of_cause.iter().map(|e| teller.proxy_name(e))),
        examples: worst.iter().take(EXAMPLES).map(|e| teller.chain(e)).collect(),
    })
}

/// How often each name occurs, most first, then by name.
fn tallies(names: impl Iterator<Item = String>) -> Vec<Tally> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut tallies: Vec<Tally> = counts.into_iter().map(|(name, dropped)| Tally { name, dropped }).collect();
    tallies.sort_by_key(|t| std::cmp::Reverse(t.dropped));
    tallies
}
