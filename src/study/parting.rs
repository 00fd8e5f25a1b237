//! Where two policies part ways: the first fact of their first deploy that is not the same, and the first of the fleet itself.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::result::parting::{Happened, Parting};
use crate::engine::SimTime;
use crate::fleet::Observer;
use crate::fleet::fact::{AnalysisVerdict, Fact, NodeStep, PodId, PodStep, ProxyId, Revision, Side};
use crate::metrics::PodRow;
use crate::scenario::{Scenario, revision_name};
use crate::simulate;

/// Facts that are handed over at once, and hand-overs that may wait.
const BATCH: usize = 4_096;
const WAITING: usize = 16;

/// A fact with its moment.
type Told = (SimTime, Fact);

/// The baseline's and the policy's; `None` where there is none.
type Pair = (Option<Told>, Option<Told>);

/// One side of the comparison: its scenario, and its pods for their names.
#[derive(Clone, Copy, Debug)]
pub struct Played<'a> {
    /// What is played.
    pub scenario: &'a Scenario,
    /// The pods of its first replication, by order of creation.
    pub pods: &'a [PodRow],
}

/// Plays the first deploy of both once more under `seed`, side by side, and says where they part; `None` where every fact is the
/// same.
pub fn parting(baseline: Played<'_>, policy: Played<'_>, seed: u64) -> Option<Parting> {
    let (sender, receiver) = sync_channel(WAITING);
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(move || {
            let observer = Sender { listener: Some(sender), batch: Vec::with_capacity(BATCH), steps: Vec::new() };
            let mut observer = simulate::watched(baseline.scenario, seed, 0, observer);
            observer.hand_over();
            observer.steps
        });
        let observer = Listener::new(receiver);
        let second = simulate::watched(policy.scenario, seed, 0, observer);
        // Ends the listening, so that nobody waits for ever to be heard.
        let second = second.finish();
        (first.join(), second)
    });
    let (first, (differs, steps, facts)) = (first.ok()?, second);
    let (a, b) = differs?;
    let step = first_step(&first, &steps);
    let of = |side: Played<'_>, told: Option<Told>| told.map(|told| side.happened(told));
    Some(Parting {
        facts,
        baseline: of(baseline, a),
        policy: of(policy, b),
        baseline_step: of(baseline, step.and_then(|s| s.0)),
        policy_step: of(policy, step.and_then(|s| s.1)),
    })
}

/// The earliest step that the two do not take at the same moment: with its moment in each, `None` where one never takes it.
fn first_step(first: &[Told], second: &[Told]) -> Option<Pair> {
    let (a, b) = (occurrences(first), occurrences(second));
    let differing = |mine: &Occurrences, others: &Occurrences| {
        let apart = |(key, told): (&_, &Told)| (others.get(key).map(|o| o.0) != Some(told.0)).then_some((told.0, *key));
        mine.iter().filter_map(apart).min()
    };
    let key = differing(&a, &b).into_iter().chain(differing(&b, &a)).min()?.1;
    Some((a.get(&key).copied(), b.get(&key).copied()))
}

/// Steps by what they are and how often that had been before.
type Occurrences = BTreeMap<([u32; 3], u32), Told>;

fn occurrences(steps: &[Told]) -> Occurrences {
    let mut seen: BTreeMap<[u32; 3], u32> = BTreeMap::new();
    let mut all = Occurrences::new();
    for &told in steps {
        let what = match told.1 {
            Fact::Pod { pod, step, .. } => [0, pod.0, step as u32],
            Fact::Table { proxy, pod, routed } => [1 + u32::from(routed), pod.0, proxy.0],
            Fact::Desired { revision, size } => [3, u32::from(revision.0), size],
            Fact::Severed { pod, killed, .. } => [4, pod.0, u32::from(killed)],
            Fact::Node { node, step } => [5, node.0, step as u32],
            _ => [6, 0, 0],
        };
        let before = seen.entry(what).or_default();
        all.insert((what, *before), told);
        *before += 1;
    }
    all
}

/// Whether the fleet itself did something, rather than a request or a connection.
fn is_step(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Node { .. }
            | Fact::Pod { .. }
            | Fact::Table { .. }
            | Fact::Desired { .. }
            | Fact::Complete
            | Fact::Severed { .. }
    )
}

/// Tells another run everything, as long as that listens.
struct Sender {
    listener: Option<SyncSender<Vec<Told>>>,
    batch: Vec<Told>,
    steps: Vec<Told>,
}

impl Sender {
    fn hand_over(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if self.listener.as_ref().is_some_and(|s| s.send(batch).is_err()) {
            self.listener = None;
        }
    }
}

impl Observer for Sender {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        if is_step(&fact) {
            self.steps.push((now, fact));
        }
        if self.listener.is_some() {
            self.batch.push((now, fact));
            if self.batch.len() == BATCH {
                self.hand_over();
            }
        }
    }
}

/// Holds its own run against what it is told of the other.
struct Listener {
    receiver: Option<Receiver<Vec<Told>>>,
    batch: std::vec::IntoIter<Told>,
    same: u64,
    differs: Option<Pair>,
    steps: Vec<Told>,
}

impl Listener {
    fn new(receiver: Receiver<Vec<Told>>) -> Self {
        Self { receiver: Some(receiver), batch: Vec::new().into_iter(), same: 0, differs: None, steps: Vec::new() }
    }

    /// The other's next fact; `None` once it has ended.
    fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.batch.next() {
                return Some(told);
            }
            self.batch = self.receiver.as_ref()?.recv().ok()?.into_iter();
        }
    }

    /// What was found: where they differ, this side's steps, and how many facts were the same.
    fn finish(mut self) -> (Option<Pair>, Vec<Told>, u64) {
        if self.differs.is_none()
            && let Some(more) = self.next()
        {
            self.differs = Some((Some(more), None));
        }
        (self.differs, self.steps, self.same)
    }
}

impl Observer for Listener {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        if is_step(&fact) {
            self.steps.push((now, fact));
        }
        if self.differs.is_some() {
            return;
        }
        let other = self.next();
        if other == Some((now, fact)) {
            self.same += 1;
        } else {
            self.differs = Some((other, Some((now, fact))));
            // The other need tell no more.
            self.receiver = None;
            self.batch = Vec::new().into_iter();
        }
    }
}

impl Played<'_> {
    fn happened(&self, (at, fact): Told) -> Happened {
        Happened { t: at.secs(), what: self.what(fact) }
    }

    /// A pod of what is rolled, or what stands behind another tier.
    fn pod(&self, pod: PodId) -> String {
        match (pod.tier(), self.pods.get(pod.0 as usize)) {
            (Some(tier), _) => format!("pod {}", self.scenario.pod_name_behind(tier, pod.index())),
            (None, Some(row)) => format!("pod {}", row.name),
            (None, None) => format!("pod {}", pod.0),
        }
    }

    fn request(&self, identity: u64) -> String {
        format!("request {}", self.scenario.request_name(identity))
    }

    fn proxy(&self, proxy: ProxyId) -> String {
        self.scenario.proxy_in_words(proxy.tier(), proxy.index())
    }

    fn revision(&self, Revision(n): Revision) -> String {
        revision_name(&self.scenario.templates(), n)
    }

    /// A fact in words.
    fn what(&self, fact: Fact) -> String {
        match fact {
            Fact::Born => "a request is born".to_owned(),
            Fact::Ended { outcome, cause, identity, .. } => match cause {
                None => format!("{} is answered", self.request(identity)),
                Some(cause) => format!("{} is dropped: {}, {}", self.request(identity), outcome.name(), cause.name()),
            },
            Fact::Unfinished { .. } => "the simulation ends with a request in flight".to_owned(),
            Fact::Answer(status) => format!("a client gets the status {status}"),
            Fact::Opened { side: Side::Client, .. } => "a client opens a connection".to_owned(),
            Fact::Opened { side: Side::Upstream, .. } => "a proxy opens a connection to a pod".to_owned(),
            Fact::ConnectFailed(Side::Client) => "a client cannot connect".to_owned(),
            Fact::ConnectFailed(Side::Upstream) => "a proxy cannot connect to a pod".to_owned(),
            Fact::Pod { pod, step, .. } => format!("{} {}", self.pod(pod), step_words(step)),
            Fact::Deaf { pod } => format!("{} no longer listens, until its container is started anew", self.pod(pod)),
            Fact::Severed { pod, requests, .. } => format!("{} ends with {requests} in flight", self.pod(pod)),
            Fact::Table { proxy, pod, routed: true } => {
                format!("{} begins to send to {}", self.proxy(proxy), self.pod(pod))
            }
            Fact::Table { proxy, pod, routed: false } => {
                format!("{} no longer sends to {}", self.proxy(proxy), self.pod(pod))
            }
            Fact::Desired { revision, size } => {
                format!("the controller wants {size} {} pods", self.revision(revision))
            }
            Fact::Scaled { replicas } => format!("the autoscaler wants {replicas} pods"),
            Fact::Analysis { verdict, .. } => analysis_words(verdict).to_owned(),
            Fact::Node { node, step } => format!("node {} {}", node.0, node_words(step)),
            Fact::SpecChanged => "other pods are wanted".to_owned(),
            Fact::Complete => "the rollout is complete".to_owned(),
            // Its old pods, an event or a node may be what it waited for.
            Fact::Settled => "the deploy is over".to_owned(),
            Fact::Levels(l) => {
                let [capacity, demand] = [l.capacity, l.demand()].map(|x| libm::round(x) as u64);
                format!("{} of {} pods are Ready; capacity {capacity}/s, demand {demand}/s", l.ready, l.pods)
            }
        }
    }
}

const fn analysis_words(verdict: AnalysisVerdict) -> &'static str {
    match verdict {
        AnalysisVerdict::Passed => "an analysis passes",
        AnalysisVerdict::Failed => "an analysis calls the new version off",
        AnalysisVerdict::Inconclusive => "an analysis comes to no conclusion",
    }
}

const fn node_words(step: NodeStep) -> &'static str {
    match step {
        NodeStep::Failed => "dies",
        NodeStep::NotReady => "is not Ready any more",
        NodeStep::Evicted => "has its pods evicted",
        NodeStep::Deleted => "is deleted",
        NodeStep::Cordoned => "begins to be drained",
        NodeStep::EvictionRefused => "keeps a pod, by its budget",
        NodeStep::DrainBlocked => "is stuck in its drain",
        NodeStep::Drained => "is drained",
        NodeStep::Uncordoned => "takes pods again",
        NodeStep::Returned => "is there again",
        NodeStep::Joined => "joins",
    }
}

const fn step_words(step: PodStep) -> &'static str {
    match step {
        PodStep::Created => "is created",
        PodStep::Started => "listens",
        PodStep::Ready => "is Ready",
        PodStep::Unready => "is no longer Ready",
        PodStep::DeletionRequested => "is deleted",
        PodStep::Sigterm => "is sent SIGTERM",
        PodStep::ListenerClosed => "closes its listener",
        PodStep::Exited => "exits",
        PodStep::Killed => "is killed",
        PodStep::Crashed => "crashes",
        PodStep::Condemned => "is stopped for its liveness or startup probe",
        PodStep::Lost => "is lost with its node",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Meta;
    use crate::metrics::Results;
    use crate::scenario::load_str;

    const BASE: &str = "workload: {replicas: 3}\nclients: [{name: web, rate: 50/s}]\npod: {serviceTime: 5ms}\n\
        deploy: {at: 5s}\nobserve: {warmup: 2s, after: 5s}\n";

    fn parted(sets: &[&str]) -> Option<Parting> {
        let set = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let [a, b] = [&[][..], sets].map(|s| load_str("small", BASE, &set(s)).expect("it loads").scenario);
        let meta = Meta { workload: "small".to_owned(), ..Meta::default() };
        let pods = |s: &Scenario| Results::new(&meta, &[simulate::run(s, 1, 0)]).pods;
        let (of_a, of_b) = (pods(&a), pods(&b));
        parting(Played { scenario: &a, pods: &of_a }, Played { scenario: &b, pods: &of_b }, 1)
    }

    #[test]
    fn what_is_the_same_never_parts() {
        assert_eq!(parted(&[]), None);
        assert_eq!(parted(&["pod.termination.preStop=0s"]), None, "a default that is written out");
    }

    #[test]
    fn policies_part_at_the_step_that_a_setting_moves() {
        let parting = parted(&["preStop=3s"]).expect("SIGTERM comes later");
        let (a, b) = (parting.baseline_step.expect("it is sent"), parting.policy_step.expect("it is sent too"));
        assert!(a.what.ends_with("is sent SIGTERM") && a.what == b.what, "{a:?} {b:?}");
        assert!((b.t - a.t - 3.0).abs() < 1e-9, "{a:?} {b:?}");
        assert!(parting.baseline.is_some_and(|h| (h.t - a.t).abs() < 1e-9), "nothing differs before it");
        assert!(parting.facts > 100);
    }

    #[test]
    fn what_is_told_has_names() {
        let tiers = "clients: [{name: web, rate: 5/s}]\nloadBalancer: [{name: edge}, {name: inner}]\n\
            deploy: {events: [{at: 9s, template: v3}]}\n";
        let scenario = Scenario::from_yaml(tiers).expect("a valid scenario");
        let played = Played { scenario: &scenario, pods: &[] };
        let (proxy, pod) = (ProxyId::of_tier(0, 1), PodId::behind_tier(0, 2));
        let told = played.what(Fact::Table { proxy, pod, routed: true });
        assert_eq!(told, "proxy 1 of edge begins to send to pod inner 2");
        let told = played.what(Fact::Desired { revision: Revision(2), size: 4 });
        assert_eq!(told, "the controller wants 4 v3 pods");
        // The event at 9 s may be long after the last old pod.
        assert_eq!(played.what(Fact::Settled), "the deploy is over");
    }

    #[test]
    fn other_traffic_parts_at_once() {
        let parting = parted(&["clients.0.rate=51/s"]).expect("the traffic is another");
        assert!(parting.baseline.expect("something").t < 0.0);
    }
}
