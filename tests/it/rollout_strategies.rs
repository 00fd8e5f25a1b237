//! What each strategy beside a Deployment's does when, on a fleet whose pods all take equally long.

use dryroll::engine::{Dur, SimTime, Streams};
use dryroll::fleet::fact::{PodId, Revision};
use dryroll::fleet::rollout::{Action, Command, Event, InitialPod, Rollout, Spec};
use dryroll::scenario::{
    BlueGreen, Canary, CanaryScale, CanaryStep, Controller, DaemonSetUpdate, EcsDeployment, InstanceRefresh,
    IntOrPercent, NomadUpdate, PodReplacement, Release, StatefulSetUpdate, Strategy,
};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Act(u8),
    Timer(Event),
    Ready(PodId),
    Gone(PodId),
}

/// What came of it: moments in whole seconds, since decisions take some milliseconds each.
#[derive(Default, Debug)]
struct Log {
    /// Desired sizes of the first three versions after each second in which one changed.
    sizes: Vec<(i64, [u32; 3])>,
    selected: Vec<(i64, u16)>,
    /// Whose pods the router takes for the stable ones, and what per cent the others get.
    routes: Vec<(i64, u16, u32)>,
    complete: Vec<i64>,
    /// When pods were created and asked to go.
    created: Vec<i64>,
    deleted: Vec<i64>,
    /// The fewest Ready pods that were not asked to go.
    least_ready: usize,
    late: bool,
}

/// Start-up 10 s, termination 5 s; `None` never turns Ready.
struct Fleet {
    startup: fn(Revision) -> Option<u64>,
    actions: Vec<(u64, Action)>,
}

const TEMPLATE: Action = Action::Template(Revision(1));
const HEALTHY: fn(Revision) -> Option<u64> = |_| Some(10);
const BROKEN: fn(Revision) -> Option<u64> = |revision| (revision == Revision(0)).then_some(10);

fn spec(replicas: u32, strategy: Strategy) -> Spec {
    Spec {
        replicas,
        strategy,
        min_ready: Dur::ZERO,
        progress_deadline: Dur::from_secs(600),
        replacement: PodReplacement::TerminationStarted,
        controller: Controller { qps: 0.0, burst: 1, reaction: Dur::from_millis(20), release: Release::V1_34 },
        wall_clock_fraction: 0.0,
    }
}

impl Fleet {
    fn play(&self, spec: &Spec) -> Log {
        let created = SimTime::ZERO - Dur::from_secs(3600);
        let pod = InitialPod { created, ready: Some(created), node: None };
        let mut rollout = Rollout::new(spec, Streams::new(1, 0), std::iter::repeat_n(pod, spec.replicas as usize));
        let mut queue = BinaryHeap::new();
        let mut pushed = 0_u64;
        let mut push = |queue: &mut BinaryHeap<_>, at: SimTime, due: Due| {
            pushed += 1;
            queue.push(Reverse((at, pushed, due)));
        };
        for (n, (at, _)) in self.actions.iter().enumerate() {
            push(&mut queue, SimTime::ZERO + Dur::from_secs(*at), Due::Act(n as u8));
        }
        let mut log = Log { least_ready: usize::MAX, ..Log::default() };
        let mut sizes = [spec.replicas, 0, 0];
        let mut out = Vec::new();
        let mut steps = 0;
        while let Some(Reverse((now, _, due))) = queue.pop() {
            steps += 1;
            assert!(steps < 100_000, "a busy loop at {now}");
            match due {
                Due::Act(n) => rollout.act(now, &self.actions[usize::from(n)].1, &mut out),
                Due::Timer(event) => rollout.on_event(now, event, &mut out),
                Due::Ready(pod) => rollout.pod_ready(now, pod, &mut out),
                Due::Gone(pod) => rollout.pod_gone(now, pod, &mut out),
            }
            let second = now.secs() as i64;
            for command in out.drain(..) {
                match command {
                    Command::Schedule { at, event } => push(&mut queue, at, Due::Timer(event)),
                    Command::CreatePod { pod, revision, .. } => {
                        log.created.push(second);
                        if let Some(startup) = (self.startup)(revision) {
                            push(&mut queue, now + Dur::from_secs(startup), Due::Ready(pod));
                        }
                    }
                    Command::DeletePod { pod } => {
                        log.deleted.push(second);
                        push(&mut queue, now + Dur::from_secs(5), Due::Gone(pod));
                    }
                    Command::Desired { revision, size } => {
                        sizes[usize::from(revision.0)] = size;
                        match log.sizes.last_mut() {
                            Some(last) if last.0 == second => last.1 = sizes,
                            _ => log.sizes.push((second, sizes)),
                        }
                    }
                    Command::Route(route) => {
                        let percent = route.canary.map_or(0, |w| w.percent);
                        log.routes.push((second, route.stable.0, percent));
                    }
                    Command::Select { revision } => log.selected.push((second, revision.0)),
                    Command::Complete => log.complete.push(second),
                    Command::Condition(c) => log.late |= format!("{:?}", c.reason) == "ProgressDeadlineExceeded",
                }
            }
            let ready = rollout.pods().filter(|p| p.ready && !p.terminating).count();
            log.least_ready = log.least_ready.min(ready);
        }
        log
    }
}

fn roll(replicas: u32, strategy: Strategy) -> Log {
    Fleet { startup: HEALTHY, actions: vec![(0, TEMPLATE)] }.play(&spec(replicas, strategy))
}

fn ordered() -> StatefulSetUpdate {
    StatefulSetUpdate { ordered: true, partition: 0, max_unavailable: None, on_delete: false }
}

#[test]
fn a_stateful_set_pays_start_up_and_termination_for_every_pod() {
    let log = roll(3, Strategy::StatefulSet(ordered()));
    assert_eq!(log.deleted, [0, 15, 30]);
    assert_eq!(log.created, [5, 20, 35]);
    assert_eq!((log.complete, log.least_ready), (vec![45], 2));
}

#[test]
fn a_stateful_set_in_parallel_with_max_unavailable_takes_as_many_at_once() {
    let update = StatefulSetUpdate { ordered: false, max_unavailable: Some(IntOrPercent::Int(2)), ..ordered() };
    let log = roll(4, Strategy::StatefulSet(update));
    assert_eq!(log.deleted, [0, 0, 15, 15]);
    assert_eq!((log.complete, log.least_ready), (vec![30], 2));
}

#[test]
fn a_stateful_set_that_is_rolled_back_is_stuck_on_its_broken_pod() {
    let actions = vec![(0, TEMPLATE), (60, Action::Undo)];
    let log = Fleet { startup: BROKEN, actions: actions.clone() }.play(&spec(3, Strategy::StatefulSet(ordered())));
    assert_eq!(log.deleted, [0], "kubernetes#67250: nobody deletes the broken pod");
    assert!(log.complete.is_empty() && log.late);
    let parallel = StatefulSetUpdate { ordered: false, ..ordered() };
    let log = Fleet { startup: BROKEN, actions }.play(&spec(3, Strategy::StatefulSet(parallel)));
    assert_eq!((log.deleted, log.complete), (vec![0, 60], vec![75]));
}

#[test]
fn a_partition_completes_with_the_lower_pods_as_they_were() {
    let log = roll(3, Strategy::StatefulSet(StatefulSetUpdate { partition: 2, ..ordered() }));
    assert_eq!((log.deleted, log.complete), (vec![0], vec![15]));
    assert_eq!(log.sizes.last().map(|s| s.1), Some([2, 1, 0]));
}

#[test]
fn a_daemon_set_leaves_nodes_empty_unless_it_surges() {
    let update = |max_surge, max_unavailable| {
        let (max_surge, max_unavailable) = (IntOrPercent::Int(max_surge), IntOrPercent::Int(max_unavailable));
        Strategy::DaemonSet(DaemonSetUpdate { max_surge, max_unavailable, on_delete: false })
    };
    let log = roll(4, update(0, 2));
    assert_eq!((log.deleted, log.complete, log.least_ready), (vec![0, 0, 15, 15], vec![30], 2));
    let log = roll(4, update(2, 0));
    assert_eq!((log.created, log.complete, log.least_ready), (vec![0, 0, 10, 10], vec![20], 4));
}

fn canary(steps: &[CanaryStep], traffic_routing: bool) -> Strategy {
    Strategy::Canary(Canary {
        steps: steps.to_vec(),
        max_surge: IntOrPercent::Int(1),
        max_unavailable: IntOrPercent::Int(0),
        traffic_routing,
        dynamic_stable_scale: false,
        scale_down_delay: Dur::from_secs(30),
        abort_scale_down_delay: Dur::from_secs(30),
        promote_after: Dur::from_secs(60),
        background: None,
        analyses: Vec::new(),
    })
}

#[test]
fn a_canary_goes_step_by_step_and_waits_for_whoever_promotes_it() {
    use CanaryStep::{Pause, SetWeight};
    let steps = [SetWeight(20), Pause(None), SetWeight(60), Pause(Some(Dur::from_secs(40)))];
    let log = roll(5, canary(&steps, false));
    let at = |second: i64| log.sizes.iter().rfind(|s| s.0 <= second).expect("a size").1;
    assert_eq!(at(5), [5, 1, 0], "one more pod for a start");
    assert_eq!(at(60), [4, 1, 0], "a fifth, and a pause");
    // Promoted a minute after 10 s; two more pods, one after the other.
    assert_eq!(at(69), [4, 1, 0]);
    assert_eq!(at(120), [2, 3, 0], "three fifths until 130 s");
    assert_eq!((log.complete, log.least_ready), (vec![150], 5));
}

#[test]
fn a_pause_longer_than_the_progress_deadline_is_no_lack_of_progress() {
    let quarter_of_an_hour = Dur::from_secs(900);
    let pause = CanaryStep::Pause(Some(quarter_of_an_hour));
    for routed in [false, true] {
        let log = roll(5, canary(&[CanaryStep::SetWeight(20), pause, CanaryStep::SetWeight(60), pause], routed));
        assert!(!log.late && log.complete.len() == 1, "{routed}: {:?}", log.complete);
        // What follows a pause has the whole deadline again, and no more.
        let stuck = Fleet { startup: BROKEN, actions: vec![(0, TEMPLATE)] };
        let log = stuck.play(&spec(5, canary(&[pause, CanaryStep::SetWeight(20)], routed)));
        assert!(log.late && log.complete.is_empty(), "{routed}: {:?}", log.complete);
    }
}

#[test]
fn the_canary_of_a_single_pod_comes_beside_it() {
    let steps = [CanaryStep::SetWeight(5), CanaryStep::Pause(None)];
    let log = roll(1, canary(&steps, false));
    assert_eq!(log.sizes, [(0, [1, 1, 0]), (70, [0, 1, 0])]);
}

#[test]
fn somebody_may_promote_a_canary_earlier_or_call_it_off() {
    let steps = [CanaryStep::SetWeight(20), CanaryStep::Pause(None)];
    let with = |action| {
        let actions = vec![(0, TEMPLATE), (20, action)];
        Fleet { startup: HEALTHY, actions }.play(&spec(5, canary(&steps, false)))
    };
    let log = with(Action::Promote);
    assert_eq!((log.complete, log.sizes.last().map(|s| s.1)), (vec![60], Some([0, 5, 0])));
    let log = with(Action::Abort);
    assert_eq!((log.complete, log.sizes.last().map(|s| s.1)), (vec![30], Some([5, 0, 0])));
    assert_eq!(log.least_ready, 5);
}

#[test]
fn a_router_lets_the_canary_have_its_own_scale_beside_all_stable_pods() {
    use CanaryStep::{Pause, SetCanaryScale, SetWeight};
    let pause = Pause(Some(Dur::from_secs(20)));
    let steps = [SetCanaryScale(CanaryScale::Replicas(2)), SetWeight(10), pause];
    let log = roll(4, canary(&steps, true));
    assert_eq!(log.sizes[0].1, [4, 2, 0]);
    // 10 s, a pause of 20 s, all at once; the old ones stay for 30 s after the new ones have all the traffic.
    assert_eq!(log.sizes[1], (30, [4, 4, 0]));
    assert_eq!(log.sizes[2], (70, [0, 4, 0]));
    assert_eq!((log.routes, log.complete), (vec![(10, 0, 10), (40, 0, 100), (40, 1, 100), (40, 1, 0)], vec![40]));
}

/// 20 % for 20 s, then half for 20 s.
fn weighted() -> [CanaryStep; 4] {
    let pause = CanaryStep::Pause(Some(Dur::from_secs(20)));
    [CanaryStep::SetWeight(20), pause, CanaryStep::SetWeight(50), pause]
}

#[test]
fn a_router_gets_each_weight_when_the_pods_are_there_that_carry_it() {
    let log = roll(5, canary(&weighted(), true));
    assert_eq!(log.routes[..2], [(10, 0, 20), (40, 0, 50)]);
    assert_eq!(log.routes[2..], [(70, 0, 100), (70, 1, 100), (70, 1, 0)]);
    assert_eq!(log.sizes, [(0, [5, 1, 0]), (30, [5, 3, 0]), (60, [5, 5, 0]), (100, [0, 5, 0])]);
    assert_eq!((log.complete, log.least_ready), (vec![70], 5));
}

#[test]
fn a_router_takes_all_traffic_back_at_once_when_a_canary_is_called_off() {
    let actions = vec![(0, TEMPLATE), (45, Action::Abort)];
    let log = Fleet { startup: HEALTHY, actions }.play(&spec(5, canary(&weighted(), true)));
    assert_eq!(log.routes, [(10, 0, 20), (40, 0, 50), (45, 0, 0)]);
    // Its pods stay for a while (`abortScaleDownDelaySeconds`).
    assert_eq!(log.sizes.last(), Some(&(75, [5, 0, 0])));
    assert_eq!(log.complete, [45]);
}

#[test]
fn a_dynamic_stable_scale_gives_traffic_back_as_its_pods_come_back() {
    let Strategy::Canary(plain) = canary(&weighted(), true) else { panic!("a canary") };
    let strategy = Strategy::Canary(Canary { dynamic_stable_scale: true, ..plain });
    let log = roll(5, strategy.clone());
    assert_eq!(
        log.sizes,
        [(0, [5, 1, 0]), (10, [4, 1, 0]), (30, [4, 3, 0]), (40, [3, 3, 0]), (60, [3, 5, 0]), (70, [0, 5, 0])]
    );
    assert_eq!(log.least_ready, 5);
    let actions = vec![(0, TEMPLATE), (45, Action::Abort)];
    let log = Fleet { startup: HEALTHY, actions }.play(&spec(5, strategy));
    // Three of five stable pods carry 60 %: 40 % stay with the canary until the others are back.
    assert_eq!(log.routes[..3], [(10, 0, 20), (40, 0, 50), (45, 0, 40)]);
    assert_eq!(log.routes.last(), Some(&(55, 0, 0)));
    assert_eq!(log.least_ready, 5);
}

#[test]
fn a_canary_that_is_never_ready_gets_no_traffic() {
    let log = Fleet { startup: BROKEN, actions: vec![(0, TEMPLATE)] }.play(&spec(5, canary(&weighted(), true)));
    assert!(log.routes.is_empty() && log.complete.is_empty() && log.late, "{log:?}");
}

#[test]
fn a_canary_without_steps_is_a_rolling_update() {
    let log = roll(3, canary(&[], false));
    assert_eq!((log.created, log.complete, log.least_ready), (vec![0, 10, 20], vec![30], 3));
}

fn blue_green() -> BlueGreen {
    BlueGreen {
        auto_promotion: true,
        auto_promotion_after: None,
        preview_replicas: None,
        scale_down_delay: Dur::from_secs(30),
        promote_after: Dur::from_secs(60),
        pre_promotion: None,
        post_promotion: None,
    }
}

#[test]
fn blue_green_switches_when_all_new_pods_are_up_and_keeps_the_old_ones_for_a_while() {
    let log = roll(4, Strategy::BlueGreen(blue_green()));
    assert_eq!((log.created.len(), log.selected, log.complete), (4, vec![(10, 1)], vec![10]));
    assert_eq!((log.deleted, log.least_ready), (vec![40; 4], 4));
}

#[test]
fn a_preview_grows_when_it_is_promoted_and_only_then_gets_traffic() {
    let by_hand = BlueGreen { auto_promotion: false, preview_replicas: Some(1), ..blue_green() };
    let log = roll(4, Strategy::BlueGreen(by_hand.clone()));
    assert_eq!(log.created, [0, 70, 70, 70]);
    assert_eq!(log.selected, [(80, 1)]);
    let after = Some(Dur::from_secs(5));
    let by_itself = BlueGreen { auto_promotion: true, auto_promotion_after: after, ..by_hand.clone() };
    assert_eq!(roll(4, Strategy::BlueGreen(by_itself)).selected, [(25, 1)]);
    // Argo's `CompletedBlueGreenPause`: what is promoted by hand waits for that hand, whatever the seconds.
    let disabled = BlueGreen { auto_promotion_after: after, ..by_hand };
    assert_eq!(roll(4, Strategy::BlueGreen(disabled)).selected, [(80, 1)]);
}

#[test]
fn an_undo_within_the_delay_switches_back_at_once() {
    let actions = vec![(0, TEMPLATE), (20, Action::Undo)];
    let log = Fleet { startup: HEALTHY, actions }.play(&spec(4, Strategy::BlueGreen(blue_green())));
    assert_eq!((log.selected, log.created.len()), (vec![(10, 1), (20, 0)], 4));
    assert_eq!((log.complete, log.deleted), (vec![10, 20], vec![50; 4]));
}

#[test]
fn a_broken_preview_never_gets_traffic() {
    let log = Fleet { startup: BROKEN, actions: vec![(0, TEMPLATE)] }.play(&spec(4, Strategy::BlueGreen(blue_green())));
    assert!(log.selected.is_empty() && log.complete.is_empty() && log.late && log.least_ready == 4);
}

fn ecs(minimum_healthy: f64, maximum: f64) -> EcsDeployment {
    let fails_after = Dur::from_secs(60);
    EcsDeployment { minimum_healthy, maximum, circuit_breaker: true, rollback: true, fails_after }
}

#[test]
fn an_ecs_service_doubles_by_default_or_stops_first() {
    let log = roll(4, Strategy::Ecs(ecs(100.0, 200.0)));
    assert_eq!((log.created, log.deleted, log.least_ready), (vec![0; 4], vec![10; 4], 4));
    let log = roll(4, Strategy::Ecs(ecs(50.0, 100.0)));
    assert_eq!((log.deleted, log.created, log.least_ready), (vec![0, 0, 10, 10], vec![0, 0, 10, 10], 2));
}

#[test]
fn the_circuit_breaker_brings_the_old_version_back() {
    let broken = Fleet { startup: BROKEN, actions: vec![(0, TEMPLATE)] };
    // Three failures trip it for four tasks; four fail at a time, two at 125 %: twice.
    let log = broken.play(&spec(4, Strategy::Ecs(ecs(100.0, 200.0))));
    assert_eq!((log.deleted, log.complete, log.least_ready), (vec![60; 4], vec![60], 4));
    let log = broken.play(&spec(8, Strategy::Ecs(ecs(100.0, 125.0))));
    assert_eq!((log.deleted, log.complete), (vec![120; 2], vec![120]));
    let open = EcsDeployment { circuit_breaker: false, ..ecs(100.0, 200.0) };
    let log = broken.play(&spec(4, Strategy::Ecs(open)));
    assert!(log.deleted.is_empty() && log.late, "without it the service tries for ever");
}

fn nomad() -> NomadUpdate {
    NomadUpdate {
        max_parallel: 1,
        healthy_deadline: Dur::from_secs(300),
        auto_revert: true,
        auto_promote: false,
        canary: 0,
        promote_after: Dur::from_secs(60),
    }
}

#[test]
fn nomad_replaces_in_place_and_waits_until_each_has_been_healthy_for_its_time() {
    let spec = Spec { min_ready: Dur::from_secs(10), ..spec(3, Strategy::Nomad(nomad())) };
    let log = Fleet { startup: HEALTHY, actions: vec![(0, TEMPLATE)] }.play(&spec);
    assert_eq!(
        (log.created, log.deleted),
        (vec![5, 30, 55], vec![0, 25, 50]),
        "each starts when its predecessor is gone"
    );
    assert_eq!((log.complete, log.least_ready), (vec![75], 2));
}

#[test]
fn nomad_canaries_come_on_top_and_wait_for_their_promotion() {
    let log = roll(3, Strategy::Nomad(NomadUpdate { canary: 1, ..nomad() }));
    assert_eq!(log.sizes[0], (0, [3, 1, 0]));
    // Healthy at 10 s, promoted at 70 s: one old allocation stops for the canary, then the others are replaced.
    assert_eq!((log.deleted, log.created), (vec![70, 70, 85], vec![0, 75, 90]));
    assert_eq!(log.complete, [100]);
}

#[test]
fn nomad_reverts_what_is_not_healthy_by_its_deadline() {
    let broken = Fleet { startup: BROKEN, actions: vec![(0, TEMPLATE)] };
    let log = broken.play(&spec(3, Strategy::Nomad(nomad())));
    assert_eq!((log.created, log.deleted), (vec![5, 310], vec![0, 305]));
    assert_eq!((log.complete, log.least_ready), (vec![320], 2));
    let log = broken.play(&spec(3, Strategy::Nomad(NomadUpdate { auto_revert: false, ..nomad() })));
    assert!(log.complete.is_empty() && log.late && log.deleted == [0]);
}

#[test]
fn an_instance_refresh_waits_at_its_checkpoints() {
    let refresh = InstanceRefresh {
        min_healthy: 75.0,
        max_healthy: 100.0,
        checkpoints: vec![50.0, 100.0],
        checkpoint_delay: Dur::from_secs(100),
    };
    let log = roll(4, Strategy::InstanceRefresh(refresh.clone()));
    assert_eq!(log.deleted, [0, 10, 120, 130]);
    assert_eq!((log.created, log.least_ready), (vec![0, 10, 120, 130], 3));
    let before = InstanceRefresh { min_healthy: 100.0, max_healthy: 150.0, checkpoints: Vec::new(), ..refresh };
    let log = roll(4, Strategy::InstanceRefresh(before));
    assert_eq!((log.created, log.deleted), (vec![0, 0, 10, 10], vec![10, 10, 20, 20]));
    assert_eq!((log.complete, log.least_ready), (vec![20], 4));
}
