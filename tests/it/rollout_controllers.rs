//! The controllers under whatever may be done to them: they always come to rest where they should.

use dryroll::engine::{Dur, Purpose, SimTime, Stream, Streams};
use dryroll::fleet::fact::{PodId, Revision};
use dryroll::fleet::rollout::{Action, Command, Event, InitialPod, Reason, Rollout, Spec};
use dryroll::scenario::{
    BlueGreen, Canary, CanaryStep, Controller, DaemonSetUpdate, EcsDeployment, InstanceRefresh, IntOrPercent,
    NomadUpdate, PodReplacement, Release, StatefulSetUpdate, Strategy,
};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Timer(Event),
    Ready(PodId),
    Unready(PodId),
    Gone(PodId),
}

/// A fleet of pods with random delays around the controllers.
struct Fleet {
    rollout: Rollout,
    chance: Stream,
    queue: BinaryHeap<Reverse<(SimTime, u64, Due)>>,
    pushed: u64,
    alive: BTreeSet<PodId>,
    next_pod: u32,
    completed: u32,
    trace: Vec<(SimTime, Command)>,
}

impl Fleet {
    fn new(spec: &Spec, seed: u64) -> Self {
        let old = InitialPod { created: SimTime::ZERO - Dur::from_secs(3600), ready: None, node: None };
        let old = InitialPod { ready: Some(old.created), ..old };
        let streams = Streams::new(seed, 0);
        let rollout = Rollout::new(spec, streams, std::iter::repeat_n(old, spec.replicas as usize));
        assert!(rollout.is_complete());
        Self {
            rollout,
            chance: streams.stream(Purpose::Startup, 0),
            queue: BinaryHeap::new(),
            pushed: 0,
            alive: (0..spec.replicas).map(PodId).collect(),
            next_pod: spec.replicas,
            completed: 0,
            trace: Vec::new(),
        }
    }

    fn push(&mut self, at: SimTime, due: Due) {
        self.queue.push(Reverse((at, self.pushed, due)));
        self.pushed += 1;
    }

    fn delay(&mut self) -> Dur {
        Dur::from_millis(u64::from(self.chance.below(4_000)))
    }

    fn act(&mut self, now: SimTime, action: Action) {
        let mut out = Vec::new();
        self.rollout.act(now, &action, &mut out);
        self.execute(now, out);
    }

    /// Runs until nothing is due, or until `end`.
    fn run(&mut self, end: SimTime) {
        let mut steps = 0;
        while let Some(&Reverse((now, _, due))) = self.queue.peek() {
            if now > end {
                return;
            }
            self.queue.pop();
            steps += 1;
            assert!(steps < 200_000, "a busy loop at {now}");
            let mut out = Vec::new();
            match due {
                Due::Timer(event) => self.rollout.on_event(now, event, &mut out),
                Due::Ready(pod) => self.rollout.pod_ready(now, pod, &mut out),
                Due::Unready(pod) => self.rollout.pod_unready(now, pod, &mut out),
                Due::Gone(pod) => self.rollout.pod_gone(now, pod, &mut out),
            }
            self.execute(now, out);
        }
    }

    fn execute(&mut self, now: SimTime, commands: Vec<Command>) {
        for command in commands {
            self.trace.push((now, command));
            match command {
                Command::Schedule { at, event } => {
                    assert!(at >= now, "scheduled in the past");
                    self.push(at, Due::Timer(event));
                }
                Command::CreatePod { pod, .. } => {
                    assert_eq!(pod, PodId(self.next_pod));
                    self.next_pod += 1;
                    self.alive.insert(pod);
                    let ready = now + self.delay();
                    self.push(ready, Due::Ready(pod));
                    if self.chance.chance(0.1) {
                        let (down, up) = (self.delay(), self.delay());
                        self.push(ready + down, Due::Unready(pod));
                        self.push(ready + down + up, Due::Ready(pod));
                    }
                }
                Command::DeletePod { pod } => {
                    assert!(self.alive.remove(&pod), "{pod:?} was deleted twice");
                    let gone = now + self.delay();
                    self.push(gone, Due::Gone(pod));
                }
                Command::Complete => self.completed += 1,
                Command::Desired { .. } | Command::Condition(_) | Command::Select { .. } | Command::Route(_) => {}
            }
        }
    }

    /// Everything has come to rest: all pods are there, of the wanted version, and known to be.
    fn assert_at_rest(&self, context: &str) {
        assert!(self.rollout.is_complete(), "{context}: not complete");
        assert!(self.completed >= 1, "{context}: completion was not announced");
        let pods: Vec<_> = self.rollout.pods().collect();
        assert_eq!(pods.len(), self.rollout.replicas() as usize, "{context}");
        assert!(pods.iter().all(|p| p.revision == self.rollout.template() && !p.terminating && p.ready), "{context}");
        assert_eq!(self.rollout.desired().map(|d| d.1).sum::<u32>(), self.rollout.replicas(), "{context}");
    }
}

fn strategy(chance: &mut Stream) -> Strategy {
    let mut bound = || match chance.below(3) {
        0 => IntOrPercent::Percent(f64::from(chance.below(101))),
        _ => IntOrPercent::Int(chance.below(4)),
    };
    let (max_surge, max_unavailable) = (bound(), bound());
    let seconds = |n: u32| Dur::from_secs(n.into());
    let (short, long) = (seconds(chance.below(20)), seconds(chance.below(90)));
    match chance.below(20) {
        10..=12 => {
            let step = |_| match chance.below(3) {
                0 => CanaryStep::Pause(None),
                1 => CanaryStep::Pause(Some(short)),
                _ => CanaryStep::SetWeight(chance.below(101)),
            };
            Strategy::Canary(Canary {
                steps: (0..4).map(step).collect(),
                max_surge,
                max_unavailable,
                traffic_routing: chance.chance(0.3),
                dynamic_stable_scale: chance.chance(0.3),
                scale_down_delay: short,
                abort_scale_down_delay: short,
                promote_after: long,
                background: None,
                analyses: Vec::new(),
            })
        }
        13..=14 => Strategy::BlueGreen(BlueGreen {
            auto_promotion: chance.chance(0.5),
            auto_promotion_after: chance.chance(0.3).then_some(short),
            preview_replicas: chance.chance(0.3).then_some(1),
            scale_down_delay: short,
            promote_after: long,
            pre_promotion: None,
            post_promotion: None,
        }),
        15 => Strategy::Ecs(EcsDeployment {
            minimum_healthy: 100.0 - f64::from(chance.below(60)),
            maximum: 200.0,
            circuit_breaker: chance.chance(0.5),
            rollback: chance.chance(0.5),
            fails_after: long + seconds(30),
        }),
        16..=17 => Strategy::Nomad(NomadUpdate {
            max_parallel: 1 + chance.below(3),
            healthy_deadline: long + seconds(30),
            auto_revert: chance.chance(0.5),
            auto_promote: chance.chance(0.5),
            canary: chance.below(3),
            promote_after: short,
        }),
        18..=19 => Strategy::InstanceRefresh(InstanceRefresh {
            min_healthy: f64::from(50 + chance.below(51)),
            max_healthy: f64::from(100 + chance.below(100)),
            checkpoints: if chance.chance(0.5) { vec![20.0, 60.0, 100.0] } else { Vec::new() },
            checkpoint_delay: long,
        }),
        0 | 1 => Strategy::Recreate,
        2 | 3 => Strategy::StatefulSet(StatefulSetUpdate {
            ordered: chance.chance(0.5),
            partition: 0,
            max_unavailable: chance.chance(0.5).then_some(max_unavailable),
            on_delete: false,
        }),
        4 | 5 => Strategy::DaemonSet(DaemonSetUpdate { max_surge, max_unavailable, on_delete: false }),
        _ => Strategy::RollingUpdate { max_surge, max_unavailable },
    }
}

fn spec(chance: &mut Stream) -> Spec {
    Spec {
        replicas: 1 + chance.below(20),
        strategy: strategy(chance),
        min_ready: Dur::from_secs(u64::from(chance.below(2) * chance.below(6))),
        progress_deadline: Dur::from_secs(600),
        replacement: if chance.chance(0.2) {
            PodReplacement::TerminationComplete
        } else {
            PodReplacement::TerminationStarted
        },
        controller: Controller {
            qps: f64::from(chance.below(2) * chance.below(30)),
            burst: chance.below(30),
            reaction: Dur::from_millis(u64::from(chance.below(3) * 20)),
            release: [Release::V1_20, Release::V1_28, Release::V1_34][chance.below(3) as usize],
        },
        wall_clock_fraction: chance.open01(),
    }
}

fn action(chance: &mut Stream) -> Action {
    match chance.below(6) {
        0 => Action::Scale(chance.below(20)),
        1 => Action::TemplateAndScale(Revision(1 + chance.below(3) as u16), chance.below(20)),
        2 => Action::Pause,
        3 => Action::Resume,
        4 => Action::Undo,
        _ => Action::Template(Revision(chance.below(4) as u16)),
    }
}

#[test]
fn a_single_template_change_always_completes() {
    for seed in 0..500 {
        let mut chance = Streams::new(seed, 1).stream(Purpose::Think, 0);
        let spec = spec(&mut chance);
        let mut fleet = Fleet::new(&spec, seed);
        fleet.act(SimTime::ZERO, Action::Template(Revision(1)));
        fleet.run(SimTime::MAX);
        fleet.assert_at_rest(&format!("seed {seed}, {spec:?}"));
    }
}

#[test]
fn whatever_is_done_the_last_template_wins() {
    for seed in 0..500 {
        let mut chance = Streams::new(seed, 2).stream(Purpose::Think, 0);
        let spec = spec(&mut chance);
        let mut fleet = Fleet::new(&spec, seed);
        let mut now = SimTime::ZERO;
        for _ in 0..5 {
            fleet.act(now, action(&mut chance));
            now += Dur::from_millis(u64::from(chance.below(5_000)));
            fleet.run(now);
        }
        fleet.act(now, Action::Resume);
        fleet.act(now, Action::TemplateAndScale(Revision(9), 7));
        fleet.run(SimTime::MAX);
        fleet.assert_at_rest(&format!("seed {seed}, {spec:?}"));
    }
}

#[test]
fn the_same_seed_gives_the_same_commands() {
    let trace = |seed| {
        let mut chance = Streams::new(seed, 3).stream(Purpose::Think, 0);
        let mut fleet = Fleet::new(&spec(&mut chance), seed);
        fleet.act(SimTime::ZERO, Action::Template(Revision(1)));
        fleet.run(SimTime::MAX);
        fleet.trace
    };
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}

#[test]
fn a_pod_that_is_lost_is_replaced() {
    let mut chance = Streams::new(1, 4).stream(Purpose::Think, 0);
    let mut fleet = Fleet::new(&Spec { replicas: 3, ..spec(&mut chance) }, 1);
    let mut out = Vec::new();
    fleet.rollout.pod_gone(SimTime::ZERO, PodId(1), &mut out);
    fleet.execute(SimTime::ZERO, out);
    fleet.run(SimTime::MAX);
    assert_eq!(fleet.rollout.pods().map(|p| p.pod.0).collect::<Vec<_>>(), [0, 2, 3]);
}

/// One pod, replaced by one, at the controllers' ordinary pace.
fn plain(min_ready: Dur, release: Release) -> Spec {
    Spec {
        replicas: 1,
        strategy: Strategy::RollingUpdate { max_surge: IntOrPercent::Int(1), max_unavailable: IntOrPercent::Int(0) },
        min_ready,
        progress_deadline: Dur::from_secs(600),
        replacement: PodReplacement::TerminationStarted,
        controller: Controller { qps: 0.0, burst: 0, reaction: Dur::from_millis(20), release },
        wall_clock_fraction: 0.25,
    }
}

#[test]
fn creations_start_slowly() {
    let mut fleet = Fleet::new(&plain(Dur::ZERO, Release::V1_28), 1);
    fleet.act(SimTime::ZERO, Action::Scale(21));
    fleet.run(SimTime::MAX);
    let mut batches: Vec<(SimTime, u32)> = Vec::new();
    for (at, _) in fleet.trace.iter().filter(|(_, c)| matches!(c, Command::CreatePod { .. })) {
        match batches.last_mut() {
            Some((last, pods)) if last == at => *pods += 1,
            _ => batches.push((*at, 1)),
        }
    }
    assert_eq!(batches.iter().map(|b| b.1).collect::<Vec<_>>(), [1, 2, 4, 8, 5]);
}

/// When a Deployment of one pod is complete whose new pod turns Ready at `ready`.
fn completion(release: Release, ready: SimTime) -> SimTime {
    let mut fleet = Fleet::new(&plain(Dur::from_secs(5), release), 1);
    fleet.act(SimTime::ZERO, Action::Template(Revision(1)));
    // The new pod's own readiness is drawn; it is replaced by one at a known time.
    fleet.run(SimTime::ZERO + Dur::from_millis(100));
    fleet.queue.retain(|Reverse((_, _, due))| !matches!(due, Due::Ready(_) | Due::Unready(_)));
    fleet.push(ready, Due::Ready(PodId(1)));
    fleet.run(SimTime::MAX);
    fleet.trace.iter().rfind(|(_, c)| *c == Command::Complete).expect("it completes").0
}

#[test]
fn availability_is_seen_at_its_moment_since_1_34_and_with_the_next_look_before() {
    // Ready at 1.5 s, which is 1.75 s of the wall clock: the timestamp says 0.75 s, hence available at 5.75 s.
    let ready = SimTime::ZERO + Dur::from_millis(1_500);
    let exact = SimTime::ZERO + Dur::from_millis(5_750);
    let lag = |release| completion(release, ready).since(exact);
    assert!(lag(Release::V1_34) < Dur::from_millis(100), "{:?}", lag(Release::V1_34));
    // All wanted pods are Ready: looked at again five seconds after they were found so, and reported some syncs later.
    let late = lag(Release::V1_28);
    assert!((Dur::from_millis(750)..Dur::from_millis(900)).contains(&late), "{late:?}");
}

#[test]
fn a_paused_deployment_scales_but_does_not_roll() {
    let mut fleet = Fleet::new(&plain(Dur::ZERO, Release::V1_28), 1);
    fleet.act(SimTime::ZERO, Action::Pause);
    fleet.act(SimTime::ZERO, Action::TemplateAndScale(Revision(1), 4));
    fleet.run(SimTime::MAX);
    assert_eq!(fleet.rollout.desired().collect::<Vec<_>>(), [(Revision(0), 4)]);
    assert!(!fleet.rollout.is_complete());
}

/// When the progress deadline of 8 s is found exceeded by a rollout whose new pod never turns Ready, and whose old one turns not Ready
/// at `unready`.
fn exceeded(unready: Option<SimTime>) -> SimTime {
    let spec = Spec { progress_deadline: Dur::from_secs(8), ..plain(Dur::ZERO, Release::V1_28) };
    let mut fleet = Fleet::new(&spec, 1);
    fleet.act(SimTime::ZERO, Action::Template(Revision(1)));
    fleet.run(SimTime::ZERO + Dur::from_millis(100));
    fleet.queue.retain(|Reverse((_, _, due))| !matches!(due, Due::Ready(_) | Due::Unready(_)));
    if let Some(at) = unready {
        fleet.push(at, Due::Unready(PodId(0)));
    }
    fleet.run(SimTime::MAX);
    let is_late = |(_, c): &&(SimTime, Command)| matches!(c, Command::Condition(c) if c.reason == Reason::ProgressDeadlineExceeded);
    fleet.trace.iter().find(is_late).expect("it never completes").0
}

#[test]
fn within_its_last_second_a_deadline_is_watched_closely() {
    // Progress at 0.04 s, which is 0.29 s of the wall clock: the timestamp says -0.25 s, hence exceeded at 7.75 s.
    let exact = SimTime::ZERO + Dur::from_millis(7_750);
    let lag = |unready: Option<u64>| exceeded(unready.map(|ms| SimTime::ZERO + Dur::from_millis(ms))).since(exact);
    let soon = Dur::ZERO..Dur::from_millis(50);
    let second_later = Dur::from_secs(1)..Dur::from_millis(1_050);
    assert!(second_later.contains(&lag(None)), "{:?}", lag(None));
    assert!(second_later.contains(&lag(Some(6_000))), "{:?}", lag(Some(6_000)));
    assert!(soon.contains(&lag(Some(7_200))), "{:?}", lag(Some(7_200)));
    // What happens after it finds it exceeded, too.
    let after = Dur::from_millis(450)..Dur::from_millis(550);
    assert!(after.contains(&lag(Some(8_200))), "{:?}", lag(Some(8_200)));
}
