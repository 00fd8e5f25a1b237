//! Every small StatefulSet and DaemonSet, in every order in which pods can take their steps.
//!
//! Both controllers look at all pods at once and act at once, so that a state is the pods at their places. All states that
//! can be reached are visited: the bounds hold in each, and completion can be reached from each.

use crate::common::states::all_can_complete;
use dryroll::fleet::fact::PodId;
use dryroll::fleet::rollout::place::{PlacePod, PlacePolicy, PlaceStep, PlacesView, policy};
use dryroll::scenario::{DaemonSetUpdate, IntOrPercent, StatefulSetUpdate, Strategy};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Starting,
    Ready,
    Terminating,
}

/// A pod: its version, and where it is in its life.
type Pod = (u8, Phase);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// The pods at each place, oldest first.
    places: Vec<Vec<Pod>>,
    template: u8,
    /// Changes of the template that may still come, at any moment.
    changes_left: u8,
    /// Pods that were Ready and may turn unready, at any moment.
    failures_left: u8,
    /// Pods that may be evicted, or vanish with their nodes, at any moment.
    disruptions_left: u8,
}

struct Rules {
    strategy: Strategy,
    replicas: usize,
    /// Asserted of every state of an undisturbed rollout.
    bound: fn(&State, &Rules),
}

impl Rules {
    fn policy(&self) -> &dyn PlacePolicy {
        policy(&self.strategy).expect("a strategy of places")
    }

    fn views(state: &State) -> Vec<Vec<PlacePod>> {
        let view = |place: usize, n: usize, &(version, phase): &Pod| PlacePod {
            pod: PodId((place * 8 + n) as u32),
            new: version == state.template,
            ready: phase == Phase::Ready,
            available: phase == Phase::Ready,
            terminating: phase == Phase::Terminating,
        };
        let of = |(place, pods): (usize, &Vec<Pod>)| pods.iter().enumerate().map(|(n, p)| view(place, n, p)).collect();
        state.places.iter().enumerate().map(of).collect()
    }

    fn synced(&self, state: &State) -> State {
        let views = Self::views(state);
        let mut next = state.clone();
        for step in self.policy().reconcile(&PlacesView { replicas: self.replicas as u32, absent: &[], places: &views })
        {
            match step {
                // With a partition the lower places keep version 0.
                PlaceStep::Create { place, new } => {
                    next.places[place as usize].push((if new { state.template } else { 0 }, Phase::Starting));
                }
                PlaceStep::Delete(PodId(id)) => next.places[id as usize / 8][id as usize % 8].1 = Phase::Terminating,
            }
        }
        next
    }

    fn successors(&self, state: &State) -> Vec<State> {
        let mut all = vec![self.synced(state)];
        for (place, pods) in state.places.iter().enumerate() {
            for (n, &(_, phase)) in pods.iter().enumerate() {
                let mut next = state.clone();
                match phase {
                    Phase::Starting => next.places[place][n].1 = Phase::Ready,
                    Phase::Terminating => drop(next.places[place].remove(n)),
                    Phase::Ready if state.failures_left > 0 => {
                        next.places[place][n].1 = Phase::Starting;
                        next.failures_left -= 1;
                    }
                    Phase::Ready => continue,
                }
                all.push(next);
            }
        }
        if state.disruptions_left > 0 {
            all.extend(disrupted(state));
        }
        if state.changes_left > 0 {
            let (template, changes_left) = ((state.template + 1) % 3, state.changes_left - 1);
            all.push(State { template, changes_left, ..state.clone() });
        }
        all.retain(|next| next != state);
        all
    }

    /// How many states there are.
    fn explore(&self, changes_left: u8, failures_left: u8, disruptions_left: u8) -> usize {
        let places = vec![vec![(0, Phase::Ready)]; self.replicas];
        let initial = State { places, template: 1, changes_left, failures_left, disruptions_left };
        let disturbed = changes_left + failures_left + disruptions_left > 0;
        let look = |state: &State| {
            if !disturbed {
                (self.bound)(state, self);
            }
            let views = Self::views(state);
            self.policy().is_complete(&PlacesView { replicas: self.replicas as u32, absent: &[], places: &views })
        };
        all_can_complete(initial, &self.strategy, look, |state| self.successors(state))
    }
}

/// One pod less: evicted, so that it terminates, or gone with its node.
fn disrupted(state: &State) -> Vec<State> {
    let mut all = Vec::new();
    for (place, pods) in state.places.iter().enumerate() {
        for (n, _) in pods.iter().enumerate().filter(|(_, p)| p.1 != Phase::Terminating) {
            let mut evicted = State { disruptions_left: state.disruptions_left - 1, ..state.clone() };
            let mut lost = evicted.clone();
            evicted.places[place][n].1 = Phase::Terminating;
            lost.places[place].remove(n);
            all.extend([evicted, lost]);
        }
    }
    all
}

fn ready(pods: &[Pod]) -> bool {
    pods.iter().any(|p| p.1 == Phase::Ready)
}

fn unavailable(state: &State) -> usize {
    state.places.iter().filter(|pods| !ready(pods)).count()
}

fn stateful_set_bound(state: &State, rules: &Rules) {
    let Strategy::StatefulSet(update) = &rules.strategy else { panic!("a StatefulSet") };
    let most = match update.max_unavailable {
        Some(IntOrPercent::Int(n)) => n.max(1) as usize,
        _ => 1,
    };
    assert!(unavailable(state) <= most, "{update:?}: {state:?}");
    assert!(state.places.iter().all(|pods| pods.len() <= 1), "two pods of one ordinal: {state:?}");
    // From the top down: nothing below the partition is touched, and what is new is an upper part.
    let touched = |pods: &Vec<Pod>| pods.first().is_none_or(|p| p.0 == state.template || p.1 != Phase::Ready);
    assert!(!state.places.iter().take(update.partition as usize).any(touched), "below the partition: {state:?}");
    assert!(state.places.iter().skip_while(|pods| !touched(pods)).all(touched), "not from the top: {state:?}");
}

fn daemon_set_bound(state: &State, rules: &Rules) {
    let Strategy::DaemonSet(update) = &rules.strategy else { panic!("a DaemonSet") };
    let (IntOrPercent::Int(surge), IntOrPercent::Int(most)) = (update.max_surge, update.max_unavailable) else {
        panic!("whole numbers")
    };
    let active = |pods: &Vec<Pod>| pods.iter().filter(|p| p.1 != Phase::Terminating).count();
    let doubled = state.places.iter().filter(|pods| active(pods) > 1).count();
    if surge == 0 {
        assert!(state.places.iter().all(|pods| pods.len() <= 1), "two pods on one node: {state:?}");
        assert!(unavailable(state) <= most.max(1) as usize, "{update:?}: {state:?}");
    } else {
        assert_eq!(unavailable(state), 0, "a surging DaemonSet leaves no node: {state:?}");
        let waiting = |pods: &&Vec<Pod>| active(pods) > 1 && pods.iter().any(|p| p.1 == Phase::Starting);
        assert!(state.places.iter().filter(waiting).count() <= surge as usize, "{update:?}: {doubled} in {state:?}");
    }
}

fn stateful_sets() -> Vec<StatefulSetUpdate> {
    let mut all = Vec::new();
    for ordered in [true, false] {
        for max_unavailable in [None, Some(1), Some(2), Some(3)] {
            for partition in 0..=2 {
                let max_unavailable = max_unavailable.map(IntOrPercent::Int);
                all.push(StatefulSetUpdate { ordered, partition, max_unavailable, on_delete: false });
            }
        }
    }
    all
}

fn daemon_sets() -> Vec<DaemonSetUpdate> {
    let bounds = (0..=3).flat_map(|s| (0..=3).map(move |u| (IntOrPercent::Int(s), IntOrPercent::Int(u))));
    bounds
        .map(|(max_surge, max_unavailable)| DaemonSetUpdate { max_surge, max_unavailable, on_delete: false })
        .collect()
}

#[test]
fn every_small_stateful_set_keeps_its_bounds_and_can_always_complete() {
    let mut states = 0;
    for update in stateful_sets() {
        for replicas in 1..=5 {
            let strategy = Strategy::StatefulSet(update);
            states += Rules { strategy, replicas, bound: stateful_set_bound }.explore(0, 0, 0);
        }
    }
    assert!(states > 1_000, "only {states} states were explored");
}

#[test]
fn every_small_daemon_set_keeps_its_bounds_and_can_always_complete() {
    let mut states = 0;
    for update in daemon_sets() {
        for replicas in 1..=4 {
            let strategy = Strategy::DaemonSet(update);
            states += Rules { strategy, replicas, bound: daemon_set_bound }.explore(0, 0, 0);
        }
    }
    assert!(states > 1_000, "only {states} states were explored");
}

#[test]
fn another_template_or_a_pod_that_turns_unready_or_is_evicted_or_lost_gets_none_of_them_stuck() {
    let all = stateful_sets().into_iter().filter(|u| u.partition == 0).map(Strategy::StatefulSet);
    for strategy in all.chain(daemon_sets().into_iter().map(Strategy::DaemonSet)) {
        for replicas in 1..=3 {
            let rules = Rules { strategy: strategy.clone(), replicas, bound: |_, _| () };
            rules.explore(1, 0, 0);
            rules.explore(0, 1, 0);
            rules.explore(0, 0, 1);
        }
    }
}
