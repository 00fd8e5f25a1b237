//! Every small rollout, in every order in which its controllers and pods can take their steps.
//!
//! The strategies are pure functions of what ReplicaSets report, so a rollout is a small state machine: the Deployment
//! controller takes a step, a ReplicaSet's controller creates or deletes, counts, or reports what it has counted, a pod turns
//! Ready or is gone. All states that can be reached are visited.

use crate::common::states::all_can_complete;
use dryroll::engine::{Dur, SimTime};
use dryroll::fleet::fact::Revision;
use dryroll::fleet::rollout::policy::{SetView, Step, View, policy};
use dryroll::fleet::rollout::{Memory, desired_healthy, may_evict, resolve};
use dryroll::scenario::{
    BlueGreen, BudgetBound, Canary, CanaryScale, CanaryStep, DisruptionBudget, EcsDeployment, InstanceRefresh,
    IntOrPercent, NomadUpdate, Strategy,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Set {
    size: u8,
    /// Active pods, not yet Ready.
    starting: u8,
    /// Active pods, Ready.
    ready: u8,
    /// Kept only where they play a part: under Recreate, and where they take up room.
    terminating: u8,
    /// What its controller has counted, and will report: late, as it may.
    counted: (u8, u8),
    /// What it has reported: replicas and available ones.
    reported: (u8, u8),
}

/// The old ReplicaSet, the new one, and one more in case the template changes again.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    sets: Vec<Set>,
    /// Which version is wanted; its set may not exist yet.
    template: u8,
    /// Further changes of the template that may come, at any moment.
    changes_left: u8,
    /// Pods that may still be evicted, or vanish with their nodes, at any moment.
    disruptions_left: u8,
    /// Which version was last rolled out to the end.
    stable: u8,
    /// What the strategy has kept in mind; its step begins at 0.
    memory: Memory,
    /// Whether every time that it has set itself has come.
    late: bool,
}

/// What evictions heed.
const BUDGET: DisruptionBudget =
    DisruptionBudget { bound: BudgetBound::MaxUnavailable(IntOrPercent::Int(1)), always_allow_unhealthy: false };

#[derive(Clone)]
struct Rules {
    replicas: u8,
    strategy: Strategy,
    /// Whether all old pods were Ready: only then is availability promised.
    healthy: bool,
    /// Whether terminating pods take up room (`podReplacementPolicy: TerminationComplete`).
    room: bool,
}

impl Set {
    const fn active(self) -> u8 {
        self.starting + self.ready
    }

    /// Pods beyond the desired size that are not yet gone.
    const fn leaving(self) -> u8 {
        self.terminating + self.active().saturating_sub(self.size)
    }

    /// Ready pods that will be left when all wanted deletions are done, those not Ready first.
    const fn kept(self) -> u8 {
        if self.ready < self.size { self.ready } else { self.size }
    }

    /// The controller's next request: one creation, or all deletions.
    fn managed(mut self, counts_terminating: bool) -> Self {
        if self.active() < self.size {
            self.starting += 1;
            return self;
        }
        let doomed = self.active() - self.size;
        let unready = doomed.min(self.starting);
        self.starting -= unready;
        self.ready -= doomed - unready;
        self.terminating += if counts_terminating { doomed } else { 0 };
        self
    }
}

impl Rules {
    fn initial(&self, unready: u8, changes_left: u8) -> State {
        let ready = self.replicas - unready;
        let old = Set {
            size: self.replicas,
            starting: unready,
            ready,
            counted: (self.replicas, ready),
            reported: (self.replicas, ready),
            ..Set::default()
        };
        let active = matches!(self.strategy, Strategy::BlueGreen(_)).then_some(Revision(0));
        let memory = Memory { active, ..Memory::new() };
        State { sets: vec![old], template: 1, changes_left, disruptions_left: 0, stable: 0, memory, late: false }
    }

    /// Whether its bounds leave it anything to do: those of an ECS service need not, which a scenario is told.
    fn may_move(&self) -> bool {
        let posts = resolve(&self.strategy, self.replicas.into());
        posts.surge + posts.unavailable > 0
    }

    fn recreate(&self) -> bool {
        self.strategy == Strategy::Recreate
    }

    /// The Deployment controller's sync.
    fn synced(&self, state: &State) -> State {
        let views = Self::views(state);
        let view = self.view(state, &views);
        let mut next = state.clone();
        let done = policy(&self.strategy).is_complete(&view).unwrap_or_else(|| self.is_complete(state));
        if !self.strategy.is_deployment() && done {
            next.stable = next.template;
        }
        let begun = |memory: Memory| Memory { since: SimTime::ZERO, ..memory };
        match policy(&self.strategy).reconcile(&view) {
            Step::Wait | Step::Fail => {}
            Step::WakeAt(_) | Step::Await => next.late = true,
            Step::Remember(memory) => (next.memory, next.late) = (begun(memory), false),
            Step::Revert => {
                (next.template, next.memory, next.late) =
                    (state.stable, begun(state.memory.at(0, SimTime::ZERO)), false);
            }
            Step::Create(size) => {
                let revision = next.sets.len() as u8;
                next.sets.push(Set { size: size as u8, ..Set::default() });
                next.template = revision;
            }
            Step::Resize(sizes) => sizes.into_iter().for_each(|(i, size)| next.sets[i].size = size as u8),
        }
        next
    }

    fn views(state: &State) -> Vec<SetView> {
        let sets = state.sets.iter().enumerate();
        sets.map(|(i, s)| SetView {
            revision: Revision(i as u16),
            unready: s.starting.into(),
            unready_since: (s.starting > 0).then_some(SimTime::ZERO),
            size: s.size.into(),
            replicas: s.reported.0.into(),
            available: s.reported.1.into(),
            pods: (s.active() + s.terminating).into(),
            ..SetView::default()
        })
        .collect()
    }

    fn view<'a>(&self, state: &State, views: &'a [SetView]) -> View<'a> {
        let template = usize::from(state.template);
        let new = (template < views.len()).then_some(template);
        let fenceposts = resolve(&self.strategy, self.replicas.into());
        View {
            stable: Some(state.stable.into()),
            active: state.memory.active.map(|revision| revision.0.into()),
            memory: state.memory,
            now: SimTime::ZERO + Dur::from_secs(if state.late { 1_000_000 } else { 0 }),
            leaving: self.room.then(|| state.sets.iter().map(|s| u32::from(s.leaving())).sum()),
            ..View::new(self.replicas.into(), fenceposts, views, new)
        }
    }

    fn successors(&self, state: &State) -> Vec<State> {
        let mut all = vec![self.synced(state)];
        for i in 0..state.sets.len() {
            let mut with = |change: &dyn Fn(Set) -> Set| {
                let mut next = state.clone();
                next.sets[i] = change(next.sets[i]);
                all.push(next);
            };
            let set = state.sets[i];
            with(&|s| s.managed(self.recreate() || self.room));
            with(&|s| Set { counted: (s.active(), s.ready), ..s });
            with(&|s| Set { reported: s.counted, ..s });
            if set.starting > 0 {
                with(&|s| Set { starting: s.starting - 1, ready: s.ready + 1, ..s });
            }
            if set.terminating > 0 {
                with(&|s| Set { terminating: s.terminating - 1, ..s });
            }
        }
        if state.changes_left > 0 {
            // Back to any earlier version, or on to one that does not exist yet.
            for template in (0..=state.sets.len() as u8).filter(|&t| t != state.template) {
                let memory = state.memory.at(0, SimTime::ZERO);
                let changes_left = state.changes_left - 1;
                all.push(State { template, changes_left, memory, late: false, ..state.clone() });
            }
        }
        if state.disruptions_left > 0 {
            all.extend(self.disrupted(state));
        }
        all.retain(|next| next != state);
        all
    }

    /// One pod less: by an eviction that the budget allows, or by a node that dies and is deleted.
    fn disrupted(&self, state: &State) -> Vec<State> {
        let healthy: u32 = state.sets.iter().map(|s| u32::from(s.ready)).sum();
        let replicas = u32::from(self.replicas);
        let left = |healthy| assert!(healthy >= desired_healthy(&BUDGET, replicas), "an eviction too many: {state:?}");
        let mut all = Vec::new();
        for (i, set) in state.sets.iter().enumerate() {
            let mut with = |gone: Set| {
                let mut next = State { disruptions_left: state.disruptions_left - 1, ..state.clone() };
                next.sets[i] = gone;
                all.push(next);
            };
            let leaving = u8::from(self.recreate() || self.room);
            if set.ready > 0 {
                let ready = set.ready - 1;
                with(Set { ready, ..*set });
                if may_evict(&BUDGET, replicas, healthy, true) {
                    left(healthy - 1);
                    with(Set { ready, terminating: set.terminating + leaving, ..*set });
                }
            }
            if set.starting > 0 {
                let starting = set.starting - 1;
                with(Set { starting, ..*set });
                with(Set { starting, terminating: set.terminating + leaving, ..*set });
            }
        }
        all
    }

    fn is_complete(&self, state: &State) -> bool {
        let template = usize::from(state.template);
        if !self.strategy.is_deployment() {
            let views = Self::views(state);
            if policy(&self.strategy).is_complete(&self.view(state, &views)) == Some(false) {
                return false;
            }
        }
        state.sets.len() > template
            && state.sets.iter().enumerate().all(|(i, s)| {
                let wanted = if i == template { self.replicas } else { 0 };
                (s.size, s.reported) == (wanted, (wanted, wanted))
            })
    }

    fn assert_bounds(&self, state: &State, single: bool) {
        let posts = resolve(&self.strategy, self.replicas.into());
        let sizes: u32 = state.sets.iter().map(|s| u32::from(s.size)).sum();
        assert!(
            sizes <= u32::from(self.replicas) + posts.surge,
            "too many pods wanted by {:?}: {state:?}",
            self.strategy
        );
        let pods: u32 = state.sets.iter().map(|s| u32::from(s.active() + s.terminating)).sum();
        if self.room && single {
            assert!(
                pods <= u32::from(self.replicas) + posts.surge,
                "{pods} pods, terminating ones included: {state:?}"
            );
        }
        let kept: u32 = state.sets.iter().map(|s| u32::from(s.kept())).sum();
        let promised = u32::from(self.replicas) - posts.unavailable;
        // A set that still grows keeps all it has, so `kept` is what scale-downs leave.
        // What brings the last version back may trust a report from before.
        let reverted = state.template == 0;
        if !self.recreate() && self.healthy && single && !reverted {
            assert!(kept >= promised, "{kept} of {promised} available pods left: {state:?}");
        }
        if self.recreate() {
            let versions = state.sets.iter().filter(|s| s.active() > 0).count();
            assert!(versions <= 1, "two versions at once: {state:?}");
        }
    }

    /// Visits all states; every one must be within bounds and able to reach completion. How many there are.
    fn explore(&self, initial: State) -> usize {
        let single = initial.changes_left + initial.disruptions_left == 0;
        let look = |state: &State| {
            self.assert_bounds(state, single);
            self.is_complete(state)
        };
        all_can_complete(initial, (&self.strategy, self.replicas), look, |state| self.successors(state))
    }
}

fn rolling(surge: u32, unavailable: u32) -> Strategy {
    Strategy::RollingUpdate { max_surge: IntOrPercent::Int(surge), max_unavailable: IntOrPercent::Int(unavailable) }
}

fn rolling_strategies() -> impl Iterator<Item = Strategy> {
    (0..=3).flat_map(|surge| (0..=3).map(move |unavailable| rolling(surge, unavailable)))
}

#[test]
fn every_small_rolling_update_keeps_its_bounds_and_can_always_complete() {
    let mut states = 0;
    for strategy in rolling_strategies() {
        for replicas in 1..=5 {
            let rules = Rules { replicas, strategy: strategy.clone(), healthy: true, room: false };
            states += rules.explore(rules.initial(0, 0));
        }
    }
    assert!(states > 100_000, "only {states} states were explored");
}

#[test]
fn unready_old_pods_never_get_a_rolling_update_stuck() {
    for strategy in rolling_strategies() {
        for (replicas, unready) in (1..=4).flat_map(|n| (1..=n).map(move |u| (n, u))) {
            let rules = Rules { replicas, strategy: strategy.clone(), healthy: false, room: false };
            rules.explore(rules.initial(unready, 0));
        }
    }
}

#[test]
fn another_template_at_any_moment_gets_no_rolling_update_stuck() {
    for (strategy, most) in [(rolling(1, 0), 3), (rolling(0, 1), 3), (rolling(1, 1), 3), (rolling(2, 2), 2)] {
        for replicas in 1..=most {
            let rules = Rules { replicas, strategy: strategy.clone(), healthy: true, room: false };
            rules.explore(rules.initial(0, 1));
        }
    }
}

#[test]
fn terminating_pods_that_take_up_room_keep_all_pods_within_surge_and_get_nothing_stuck() {
    for strategy in rolling_strategies() {
        for replicas in 1..=3 {
            let rules = Rules { replicas, strategy: strategy.clone(), healthy: true, room: true };
            rules.explore(rules.initial(0, 0));
        }
    }
    for (strategy, most) in [(rolling(1, 0), 2), (rolling(0, 1), 2), (rolling(1, 1), 2)] {
        for replicas in 1..=most {
            let rules = Rules { replicas, strategy: strategy.clone(), healthy: true, room: true };
            rules.explore(rules.initial(0, 1));
        }
    }
}

#[test]
fn recreate_never_runs_two_versions_and_can_always_complete() {
    for replicas in 1..=3 {
        for unready in 0..=replicas {
            let rules = Rules { replicas, strategy: Strategy::Recreate, healthy: true, room: false };
            rules.explore(rules.initial(unready, 0));
        }
        let rules = Rules { replicas: replicas.min(2), strategy: Strategy::Recreate, healthy: true, room: false };
        rules.explore(rules.initial(0, 1));
    }
}

const LONG: Dur = Dur::from_secs(60);

fn canary(surge: u32, unavailable: u32, steps: &[CanaryStep], traffic_routing: bool) -> Strategy {
    Strategy::Canary(Canary {
        steps: steps.to_vec(),
        max_surge: IntOrPercent::Int(surge),
        max_unavailable: IntOrPercent::Int(unavailable),
        traffic_routing,
        dynamic_stable_scale: false,
        scale_down_delay: LONG,
        abort_scale_down_delay: LONG,
        promote_after: LONG,
        background: None,
        analyses: Vec::new(),
    })
}

/// The same with stable pods that go as the canary comes.
fn dynamic(strategy: Strategy) -> Strategy {
    let Strategy::Canary(canary) = strategy else { panic!("a canary") };
    Strategy::Canary(Canary { dynamic_stable_scale: true, ..canary })
}

fn blue_green(auto_promotion: bool, preview_replicas: Option<u32>) -> Strategy {
    let (auto_promotion_after, scale_down_delay, promote_after) = (None, LONG, LONG);
    Strategy::BlueGreen(BlueGreen {
        auto_promotion,
        auto_promotion_after,
        preview_replicas,
        scale_down_delay,
        promote_after,
        pre_promotion: None,
        post_promotion: None,
    })
}

fn ecs(minimum_healthy: f64, maximum: f64, circuit_breaker: bool) -> Strategy {
    let rollback = circuit_breaker;
    Strategy::Ecs(EcsDeployment { minimum_healthy, maximum, circuit_breaker, rollback, fails_after: LONG })
}

fn nomad(max_parallel: u32, canary: u32, auto_promote: bool, auto_revert: bool) -> Strategy {
    let (healthy_deadline, promote_after) = (LONG, LONG);
    Strategy::Nomad(NomadUpdate { max_parallel, healthy_deadline, auto_revert, auto_promote, canary, promote_after })
}

fn refresh(min_healthy: f64, max_healthy: f64, checkpoints: &[f64]) -> Strategy {
    let checkpoints = checkpoints.to_vec();
    Strategy::InstanceRefresh(InstanceRefresh { min_healthy, max_healthy, checkpoints, checkpoint_delay: LONG })
}

/// Strategies that replace sets of pods in ways of their own.
fn others() -> Vec<Strategy> {
    use CanaryStep::{Pause, SetCanaryScale, SetWeight};
    let steps = [SetWeight(20), Pause(None), SetWeight(60), Pause(Some(LONG))];
    let scaled =
        [SetCanaryScale(CanaryScale::Replicas(1)), SetWeight(50), SetCanaryScale(CanaryScale::MatchTrafficWeight)];
    let bounds = [(1, 0), (0, 1), (2, 1)];
    let mut all: Vec<Strategy> = bounds.iter().map(|&(surge, most)| canary(surge, most, &[], false)).collect();
    all.extend(bounds.iter().map(|&(surge, most)| canary(surge, most, &steps, false)));
    all.extend([
        canary(1, 0, &steps, true),
        canary(1, 0, &[], true),
        dynamic(canary(1, 0, &steps, true)),
        canary(1, 0, &scaled, true),
        blue_green(true, None),
        blue_green(false, None),
        blue_green(false, Some(1)),
    ]);
    all.extend([ecs(100.0, 200.0, false), ecs(50.0, 100.0, false), ecs(100.0, 200.0, true), ecs(60.0, 150.0, true)]);
    all.extend([
        nomad(1, 0, false, false),
        nomad(2, 0, false, true),
        nomad(1, 1, true, true),
        nomad(2, 2, false, false),
    ]);
    all.extend([refresh(90.0, 100.0, &[]), refresh(50.0, 100.0, &[]), refresh(100.0, 110.0, &[50.0])]);
    all.extend([refresh(100.0, 200.0, &[30.0, 100.0]), refresh(60.0, 140.0, &[50.0])]);
    all
}

#[test]
fn every_other_small_rollout_keeps_its_bounds_and_can_always_complete() {
    let mut states = 0;
    for strategy in others() {
        for replicas in 1..=3 {
            let rules = Rules { replicas, strategy: strategy.clone(), healthy: true, room: false };
            if rules.may_move() {
                states += rules.explore(rules.initial(0, 0));
            }
        }
    }
    assert!(states > 50_000, "only {states} states were explored");
}

#[test]
fn unready_old_pods_or_another_template_get_none_of_the_others_stuck() {
    for strategy in others() {
        for replicas in 1..=2 {
            let rules = Rules { replicas, strategy: strategy.clone(), healthy: false, room: false };
            if rules.may_move() {
                rules.explore(rules.initial(1, 0));
                rules.explore(rules.initial(0, 1));
            }
        }
    }
}

#[test]
fn an_eviction_or_a_lost_node_at_any_moment_gets_no_rollout_stuck_and_no_size_out_of_bounds() {
    let mut states = 0;
    let deployments = [rolling(1, 0), rolling(0, 1), rolling(1, 1), Strategy::Recreate];
    for strategy in deployments.into_iter().chain(others()) {
        for replicas in 1..=2 {
            for room in [false, true].into_iter().take(1 + usize::from(strategy.is_deployment())) {
                let rules = Rules { replicas, strategy: strategy.clone(), healthy: true, room };
                if rules.may_move() || rules.recreate() {
                    states += rules.explore(State { disruptions_left: 1, ..rules.initial(0, 0) });
                }
            }
        }
    }
    assert!(states > 10_000, "only {states} states were explored");
}

/// A weight that falls brings stable pods back, for which a report from before may be taken: nothing is promised of availability.
#[test]
fn weights_that_fall_get_no_dynamic_canary_stuck() {
    use CanaryStep::SetWeight;
    let strategy = dynamic(canary(1, 0, &[SetWeight(60), SetWeight(0), SetWeight(20)], true));
    for replicas in 1..=3 {
        let rules = Rules { replicas, strategy: strategy.clone(), healthy: false, room: false };
        rules.explore(rules.initial(0, 0));
    }
}
