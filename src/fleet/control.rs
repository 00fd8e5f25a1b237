//! The controllers in the fleet: carries out what they command, tells them what becomes of pods, and sees when all is settled.

use crate::engine::{Dur, Purpose, Reserved, SimTime, Streams};
use crate::scenario::{Deletion, Deploy, DeployAction, DeployEvent, DisruptionBudget, Rolls, Scenario};

use super::analysis::{Analysis, Trials};
use super::autoscaler::HorizontalPodAutoscaler;
use super::event::Event;
use super::fact::{Fact, PodId, Revision};
use super::lifecycle::Phase;
use super::node::Cluster;
use super::rollout::{Action, Command, InitialPod, Rollout, Spec};
use super::world::{Cal, Observer, World};

/// How old the fleet is when the deploy starts: old enough that all pods share a bucket of age, by which Kubernetes
/// chooses what to delete, so that among them it chooses at random.
const AGE: Dur = Dur::from_secs(86_400);

/// The controllers, and what the scenario has them go through.
#[derive(Clone, Debug)]
pub(super) struct Control {
    rollout: Rollout,
    /// What is done, in order of time: the deploy itself and `deploy.events`.
    actions: Vec<(SimTime, DeployAction)>,
    /// Those that have not happened yet.
    pending: usize,
    /// Names of templates by revision.
    templates: Vec<String>,
    /// When *during* ended.
    settled: Option<SimTime>,
    /// Measured on for this long after that.
    after: Dur,
    limit: SimTime,
    progress_deadline: Dur,
    /// Whether the progress deadline passed while events were left.
    stuck: bool,
    commands: Vec<Command>,
    /// What evictions must leave.
    pub(super) budget: Option<DisruptionBudget>,
    pub(super) analysis: Option<Analysis>,
    pub(super) trials: Option<Trials>,
    pub(super) autoscaler: Option<HorizontalPodAutoscaler>,
}

impl Control {
    pub(super) fn new(scenario: &Scenario, deploy: &Deploy, streams: Streams) -> Self {
        let spec = Spec {
            replicas: scenario.workload.replicas,
            strategy: scenario.workload.strategy.clone(),
            min_ready: scenario.workload.min_ready,
            progress_deadline: scenario.workload.progress_deadline,
            replacement: scenario.workload.replacement,
            controller: deploy.controller,
            wall_clock_fraction: streams.stream(Purpose::WallClock, 0).open01(),
        };
        let created = SimTime::ZERO - AGE;
        let nodes = Cluster::initial(scenario, streams);
        let node = |pod| nodes.as_ref().and_then(|n| n.node_of(pod));
        let initial = (0..spec.replicas).map(|pod| InitialPod { created, ready: Some(created), node: node(pod) });
        let rolled = match deploy.rolls {
            Rolls::Pods => DeployAction::Template("new".into()),
            Rolls::LoadBalancer => DeployAction::Reload(None),
            Rolls::Tier(tier) => DeployAction::Reload(Some(tier)),
        };
        let mut actions = vec![(SimTime::ZERO, rolled)];
        actions.extend(deploy.events.iter().map(|e| (moment(e), e.action.clone())));
        actions.sort_by_key(|&(at, _)| at);
        let mut rollout = Rollout::new(&spec, streams, initial);
        if deploy.deletion == Deletion::OldestFirst {
            rollout.delete_oldest_first();
        }
        Self {
            rollout,
            pending: actions.len(),
            actions,
            templates: vec!["old".into(), "new".into()],
            settled: None,
            after: scenario.observe.after,
            limit: SimTime::ZERO - deploy.at + scenario.observe.limit,
            progress_deadline: scenario.workload.progress_deadline,
            stuck: false,
            commands: Vec::new(),
            budget: scenario.workload.budget,
            analysis: deploy.analysis.map(Analysis::new),
            trials: Trials::of(scenario),
            autoscaler: scenario
                .workload
                .autoscaler
                .clone()
                .map(|a| HorizontalPodAutoscaler::new(a, spec.replicas, streams)),
        }
    }

    /// The same, with what `before` has been through: pods that turned not Ready, but no action.
    pub(super) fn continuing(self, before: Self) -> Self {
        Self { rollout: before.rollout, stuck: before.stuck, ..self }
    }

    /// The controllers.
    pub(super) const fn rollout(&self) -> &Rollout {
        &self.rollout
    }

    /// How many pods there are to be.
    pub(super) fn replicas(&self) -> u32 {
        self.rollout.replicas()
    }

    /// Whether the rollout is.
    pub(super) fn is_complete(&self) -> bool {
        self.rollout.is_complete()
    }

    /// Whether nothing is on its way and nothing is missing.
    pub(super) fn is_quiet(&self) -> bool {
        self.rollout.is_quiet()
    }

    /// Whether the API has `pod` as Ready, and not as being deleted.
    pub(super) fn counts_as_ready(&self, pod: PodId) -> bool {
        self.rollout.pod(pod).is_some_and(|p| p.ready && !p.terminating)
    }

    /// Whether `pod` is on its way out, or gone.
    pub(super) fn is_leaving(&self, pod: PodId) -> bool {
        self.rollout.pod(pod).is_none_or(|p| p.terminating)
    }

    /// `pod` was given a node.
    pub(super) fn pod_bound(&mut self, pod: PodId, node: u32) {
        self.rollout.pod_bound(pod, node);
    }

    /// The container of `pod` was started anew.
    pub(super) fn pod_restarted(&mut self, pod: PodId) {
        self.rollout.pod_restarted(pod);
    }

    /// The machine of `pod` is gone, and nobody has noticed.
    pub(super) fn pod_lost(&mut self, pod: PodId) {
        self.rollout.pod_lost(pod);
    }

    /// Whether pods of `revision` get traffic.
    pub(super) fn selects(&self, revision: Revision) -> bool {
        self.rollout.selected().is_none_or(|selected| selected == revision)
    }

    /// The revision of a template, by order of first use.
    fn revision(&mut self, template: &str) -> Revision {
        let known = self.templates.iter().position(|t| t == template);
        Revision(known.unwrap_or_else(|| {
            self.templates.push(template.into());
            self.templates.len() - 1
        }) as u16)
    }
}

/// When an entry of `deploy.events` happens.
pub(super) fn moment(event: &DeployEvent) -> SimTime {
    let span = Dur::from_secs_f64(event.at_secs.abs());
    if event.at_secs < 0.0 { SimTime::ZERO - span } else { SimTime::ZERO + span }
}

/// When something is first done to the workload: the deploy itself, or an event before it.
pub(super) fn first_action(deploy: &Deploy) -> SimTime {
    deploy.events.iter().map(moment).fold(SimTime::ZERO, SimTime::min)
}

impl<O: Observer> World<O> {
    /// Schedules what is done to the workload, in the first of `places`.
    pub(super) fn begin_control(&self, places: Reserved, cal: &mut Cal) {
        let Some(control) = &self.control else { return };
        for (n, &(at, _)) in (0..).zip(&control.actions) {
            cal.at_reserved(at.max(self.start), places, u64::from(n), Event::Action(n));
        }
    }

    /// Lets the controllers do something, and carries out what they command.
    pub(super) fn with_rollout(&mut self, cal: &mut Cal, act: impl FnOnce(&mut Rollout, SimTime, &mut Vec<Command>)) {
        let Some(control) = &mut self.control else { return };
        let mut commands = std::mem::take(&mut control.commands);
        act(&mut control.rollout, cal.now(), &mut commands);
        for command in commands.drain(..) {
            self.carry_out(command, cal);
        }
        if let Some(control) = &mut self.control {
            control.commands = commands;
        }
        self.follow_trials(cal);
        self.settle(cal);
    }

    fn carry_out(&mut self, command: Command, cal: &mut Cal) {
        match command {
            Command::Schedule { at, event } => cal.at(at, Event::Rollout(event)),
            Command::CreatePod { pod, revision, ordinal, place } => {
                let created = self.create_pod(revision, ordinal, place, cal);
                assert_eq!(created, pod.0, "the controller and the fleet count pods alike");
            }
            Command::DeletePod { pod } => self.delete_pod(pod.0, cal),
            Command::Select { revision } => self.select(revision, cal),
            Command::Route(route) => self.split(route, cal),
            Command::Desired { revision, size } => self.tell(cal, Fact::Desired { revision, size }),
            Command::Complete => self.tell(cal, Fact::Complete),
            Command::Condition(condition) => {
                if condition.reason == super::rollout::Reason::ProgressDeadlineExceeded {
                    self.progress_deadline_passed(cal);
                }
            }
        }
    }

    pub(super) fn on_rollout(&mut self, event: super::rollout::Event, cal: &mut Cal) {
        self.with_rollout(cal, |rollout, now, out| rollout.on_event(now, event, out));
    }

    /// Something is done to the workload.
    pub(super) fn on_action(&mut self, n: u32, cal: &mut Cal) {
        let Some(control) = &mut self.control else { return };
        control.pending -= 1;
        if std::mem::take(&mut control.stuck) {
            // The deadline is not announced twice: what this event does has as long again.
            let end = cal.now() + control.progress_deadline + control.after;
            let (end, last) = (end.min(control.limit), control.pending == 0);
            self.control_stuck_until(end, last, cal);
        }
        let Some(control) = &mut self.control else { return };
        let action = match control.actions[n as usize].1.clone() {
            DeployAction::Template(name) => Action::Template(control.revision(&name)),
            DeployAction::Scale(replicas) => {
                self.join_nodes_of_daemon(replicas, cal);
                Action::Scale(replicas)
            }
            DeployAction::Pause => Action::Pause,
            DeployAction::Resume => Action::Resume,
            DeployAction::Undo => Action::Undo,
            DeployAction::Promote => Action::Promote,
            DeployAction::Abort => Action::Abort,
            DeployAction::Unready(pods) => return self.hold_unready(&pods, true, cal),
            DeployAction::Ready(pods) => return self.hold_unready(&pods, false, cal),
            DeployAction::NodeFailure(node) => {
                self.fail_node(node, cal);
                return self.settle(cal);
            }
            DeployAction::ZoneFailure(zone) => {
                self.fail_zone(&zone, cal);
                return self.settle(cal);
            }
            DeployAction::Drain(node) => return self.drain_node(node, cal),
            DeployAction::Uncordon(node) => return self.uncordon_node(node, cal),
            DeployAction::Reload(tier) => {
                // Of several in series each fleet is told of its own as 0.
                if tier.is_none_or(|tier| tier == 0) {
                    self.reload_all(cal);
                }
                return self.settle(cal);
            }
        };
        let mut before = (Revision(0), 0);
        let mut wanted = before;
        self.with_rollout(cal, |rollout, now, out| {
            before = rollout.wanted();
            rollout.act(now, &action, out);
            wanted = rollout.wanted();
        });
        if wanted != before {
            self.tell(cal, Fact::SpecChanged);
        }
        if wanted.0 != before.0 {
            self.analyse_anew(cal);
        }
    }

    /// Something is done to the workload by something in the simulation itself.
    pub(super) fn act_on_rollout(&mut self, action: Action, cal: &mut Cal) {
        self.with_rollout(cal, |rollout, now, out| rollout.act(now, &action, out));
    }

    /// Pods, by order of creation, turn not Ready, or Ready again.
    fn hold_unready(&mut self, pods: &[u32], hold: bool, cal: &mut Cal) {
        for &pod in pods.iter().filter(|&&p| (p as usize) < self.pods.len()).collect::<Vec<_>>() {
            self.pods[pod as usize].held_unready = hold;
            match self.pods[pod as usize].phase {
                phase if hold && phase.is_ready() => self.turn_unready(pod, cal),
                Phase::Running if !hold => self.turn_ready(pod, cal),
                _ => {}
            }
        }
        // It may have been the last event, and no pod need have changed.
        self.settle(cal);
    }

    pub(super) fn control_pod_ready(&mut self, pod: u32, ready: bool, cal: &mut Cal) {
        self.with_rollout(cal, |rollout, now, out| {
            if ready {
                rollout.pod_ready(now, PodId(pod), out);
            } else {
                rollout.pod_unready(now, PodId(pod), out);
            }
        });
    }

    pub(super) fn control_pod_gone(&mut self, pod: u32, cal: &mut Cal) {
        self.with_rollout(cal, |rollout, now, out| rollout.pod_gone(now, PodId(pod), out));
    }

    /// *During* ends when the rollout is complete, no event is left, the last old pod is gone, and what was done to nodes has been
    /// noticed or carried out.
    pub(super) fn settle(&mut self, cal: &mut Cal) {
        let undone = self.cluster.as_ref().is_some_and(|c| !c.is_settled());
        let Some(control) = &mut self.control else { return };
        if control.settled.is_some() || control.pending > 0 || !control.rollout.is_complete() {
            return;
        }
        if undone || control.rollout.has_leftovers() {
            return;
        }
        control.settled = Some(cal.now());
        let end = (cal.now() + control.after).min(control.limit);
        self.tell(cal, Fact::Settled);
        self.end_at(end, cal);
    }

    /// A rollout that stands still is watched for as long again as one that is complete.
    fn progress_deadline_passed(&mut self, cal: &mut Cal) {
        let Some(control) = &mut self.control else { return };
        if control.settled.is_none() {
            let end = (cal.now() + control.after).min(control.limit);
            let last = control.pending == 0;
            self.control_stuck_until(end, last, cal);
        }
    }

    /// Watches a rollout that stands still until `end`, unless events are left that may move it.
    fn control_stuck_until(&mut self, end: SimTime, last: bool, cal: &mut Cal) {
        if last {
            self.end_at(end, cal);
        } else if let Some(control) = &mut self.control {
            control.stuck = true;
        }
    }

    fn end_at(&mut self, end: SimTime, cal: &mut Cal) {
        self.end = end;
        cal.at(end, Event::End);
    }
}
