//! The Deployment controller: one sync, one step, one report.

use super::memory::Memory;
use super::policy::{SetView, Step, View, policy};
use super::progress::{Condition, ConditionStatus, Conditions, Counts, Reason};
use super::queue::{Seen, Work};
use super::rate_limit::TokenBucket;
use super::replica_set::{Pod, ReplicaSet, SetStatus};
use super::{Command, Event, Rollout, Route, proportional, resolve};
use crate::engine::{Dur, SimTime};
use crate::fleet::fact::Revision;
use crate::scenario::{PodReplacement, Strategy};

/// A Deployment and its place in its controller's queues.
#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) template: Revision,
    /// The template that was last rolled out to the end.
    pub(super) stable: Revision,
    /// What the strategy has kept in mind.
    pub(super) memory: Memory,
    /// When the strategy wants to be asked again, though nothing has changed.
    pub(super) wake: Option<SimTime>,
    pub(super) paused: bool,
    /// Whether the test of `kubectl rollout status` has been met since the last action.
    pub(super) complete: bool,
    /// Whether something beside a single rollout has happened since the Deployment was last at rest: the promise of
    /// maxUnavailable holds for scale-downs of healthy pods in an undisturbed rollout only.
    pub(super) disturbed: bool,
    /// Counts the actions.
    pub(super) generation: u64,
    pub(super) counts: Counts,
    pub(super) conditions: Conditions,
    /// The entry in the delayed queue.
    pub(super) next_look: Option<SimTime>,
    /// What the controller pays its requests from.
    pub(super) requests: TokenBucket,
    /// How the router splits the traffic, where there is one.
    pub(super) route: Route,
    pub(super) work: Work,
    /// How many syncs have failed in a row.
    pub(super) failures: u32,
}

impl Deployment {
    pub(super) fn new(requests: TokenBucket) -> Self {
        Self {
            template: Revision(0),
            stable: Revision(0),
            memory: Memory::new(),
            wake: None,
            paused: false,
            complete: false,
            disturbed: false,
            generation: 1,
            counts: Counts::default(),
            conditions: Conditions::initial(),
            next_look: None,
            requests,
            route: Route::FIRST,
            work: Work::Idle,
            failures: 0,
        }
    }
}

impl Rollout {
    /// Takes the initial fleet as one that the controllers have looked at already.
    pub(super) fn settle(&mut self) {
        let first = &mut self.sets[0];
        first.size = self.spec.replicas;
        let ready = first.pods.iter().filter(|p| self.pods[p.0 as usize].ready_since.is_some()).count() as u32;
        let replicas = first.pods.len() as u32;
        first.status = SetStatus { replicas, ready, available: ready, generation: first.generation };
        let newest = self.pods.iter().map(|p| p.created).max().unwrap_or(SimTime::ZERO);
        let counts = self.count();
        self.deployment.counts = counts;
        self.deployment.complete = counts.is_complete(self.spec.replicas);
        self.deployment.disturbed = !self.deployment.complete;
        self.deployment.conditions = Conditions::settled(self.deployment.complete, self.is_available(counts), newest);
    }

    /// What the Deployment's worker saw makes it act.
    pub(super) fn sync_deployment(&mut self, now: SimTime, out: &mut Vec<Command>) {
        let (seen, again) = self.finish_look();
        // Having written the status, this sync's copy of the Deployment is stale: the API refuses any further report of
        // it, and the next sync makes up for that. What it does to ReplicaSets goes through.
        let stale = self.note_pause(now, out);
        self.renumber();
        let Seen { sets, counts } = seen.unwrap_or_else(|| self.see());
        let view = self.view(&sets, now);
        let (step, scaling) = (self.next_step(&view), self.is_scaling(&view));
        if !scaling && self.spec.strategy.is_deployment() {
            self.assert_bounds(&view, &step, now);
        }
        let complete = policy(&self.spec.strategy).is_complete(&view);
        let created = matches!(step, Step::Create(_));
        // Who waits for a time that it has set itself is not late.
        let scaling = scaling || matches!(step, Step::WakeAt(_) | Step::Await);
        let changed = self.carry_out(step, now, out);
        if complete == Some(true) {
            self.announce_completion(out);
        }
        self.tell_router(now, out);
        if !stale {
            if created {
                let condition = Condition::progressing(ConditionStatus::True, Reason::NewReplicaSetCreated);
                self.set_progressing(condition, now, out);
            }
            self.report(counts, now, !scaling, out);
        }
        if changed || stale {
            self.trigger_deployment(now, out);
        } else if again {
            // What happened meanwhile has been noticed already.
            self.queue_deployment(now, out);
        }
    }

    /// Whether this sync is for the size alone: paused, or scaled since the ReplicaSets got theirs.
    fn is_scaling(&self, view: &View<'_>) -> bool {
        let scaled = || view.sets.iter().any(|s| s.size > 0 && s.desired != view.replicas);
        self.deployment.paused || self.spec.strategy.is_deployment() && scaled()
    }

    /// What a sync does that sees this.
    pub(super) fn next_step(&self, view: &View<'_>) -> Step {
        match (self.is_scaling(view), self.spec.strategy.is_deployment()) {
            (false, _) => policy(&self.spec.strategy).reconcile(view),
            (true, true) => proportional::scale(view, self.spec.strategy != Strategy::Recreate),
            (true, false) => Step::Wait,
        }
    }

    /// The router hears of what has changed, and what is left to do with it is looked at.
    fn tell_router(&mut self, now: SimTime, out: &mut Vec<Command>) {
        let routed = matches!(&self.spec.strategy, Strategy::Canary(canary) if canary.traffic_routing);
        let route = Route { stable: self.deployment.stable, canary: self.deployment.memory.weights };
        if routed && route != self.deployment.route {
            self.deployment.route = route;
            out.push(Command::Route(route));
            self.trigger_deployment(now, out);
        }
    }

    pub(super) fn views(&self) -> Vec<SetView> {
        let view = |s: &ReplicaSet| {
            let pods = s.pods.iter().map(|p| &self.pods[p.0 as usize]);
            let unready = pods.filter(|p| p.is_active() && p.ready_since.is_none());
            SetView {
                revision: s.revision,
                size: s.size,
                replicas: s.status.replicas,
                available: s.status.available,
                pods: s.pods.len() as u32,
                desired: s.desired,
                max: s.max,
                unready: unready.clone().count() as u32,
                unready_since: unready.map(|p| p.created).min(),
            }
        };
        self.sets.iter().map(view).collect()
    }

    pub(super) fn view<'a>(&self, sets: &'a [SetView], now: SimTime) -> View<'a> {
        let fenceposts = resolve(&self.spec.strategy, self.spec.replicas);
        let leaving = match self.spec.replacement {
            PodReplacement::TerminationStarted => None,
            PodReplacement::TerminationComplete => Some(self.sets.iter().map(|s| self.leaving(s)).sum()),
        };
        let of = |revision: Revision| self.sets.iter().position(|s| s.revision == revision);
        let memory = self.deployment.memory;
        View {
            leaving,
            stable: of(self.deployment.stable),
            active: memory.active.and_then(of),
            memory,
            now,
            ..View::new(self.spec.replicas, fenceposts, sets, self.new_set())
        }
    }

    /// Pods of a ReplicaSet that terminate, or will as soon as its controller has seen its size.
    fn leaving(&self, set: &ReplicaSet) -> u32 {
        let active = set.pods.iter().filter(|p| self.pods[p.0 as usize].is_active()).count();
        (set.pods.len() - active.min(set.size as usize)) as u32
    }

    /// Index of the ReplicaSet that has the current template.
    pub(super) fn new_set(&self) -> Option<usize> {
        self.sets.iter().position(|s| s.revision == self.deployment.template)
    }

    /// A template that is used again becomes the latest revision, though its ReplicaSet keeps its age.
    pub(super) fn renumber(&mut self) {
        let latest = self.sets.iter().map(|s| s.number).max().unwrap_or(0);
        if let Some(new) = self.new_set()
            && self.sets[new].number < latest
        {
            self.sets[new].number = latest + 1;
        }
    }

    /// `kubectl rollout undo`: the template of the second latest revision.
    pub(super) fn undo(&mut self) {
        let mut by_number: Vec<&ReplicaSet> = self.sets.iter().collect();
        by_number.sort_by_key(|s| std::cmp::Reverse(s.number));
        if let (Some(before), false) = (by_number.get(1), self.deployment.paused) {
            self.deployment.template = before.revision;
        }
    }

    /// Makes `step` so; whether anything had to be written.
    fn carry_out(&mut self, step: Step, now: SimTime, out: &mut Vec<Command>) -> bool {
        match step {
            Step::Wait | Step::Await | Step::Fail => false,
            Step::WakeAt(at) => {
                self.wake_at(at, now, out);
                false
            }
            Step::Create(size) => {
                self.create_set(size, now, out);
                true
            }
            Step::Remember(memory) => {
                if let Some(revision) = memory.active.filter(|_| memory.active != self.deployment.memory.active) {
                    out.push(Command::Select { revision });
                }
                self.deployment.memory = memory;
                true
            }
            Step::Revert => {
                self.deployment.template = self.deployment.stable;
                self.deployment.memory.begin(now);
                true
            }
            Step::Resize(sizes) => {
                // One request after the other: each waits for the one before.
                let (mut sent, mut changed) = (now, false);
                for (set, size) in sizes {
                    if self.resize(set, size, sent, out) {
                        sent += self.round_trip();
                        changed = true;
                    }
                }
                changed
            }
        }
    }

    /// Asks the strategy again at `at`, unless it will be asked before.
    pub(super) fn wake_at(&mut self, at: SimTime, now: SimTime, out: &mut Vec<Command>) {
        if self.deployment.wake.is_none_or(|planned| at < planned || planned < now) {
            self.deployment.wake = Some(at);
            out.push(Command::Schedule { at, event: Event::LookAgain });
        }
    }

    pub(super) fn look_again_at(&mut self, now: SimTime, out: &mut Vec<Command>) {
        if self.deployment.wake == Some(now) {
            self.deployment.wake = None;
        }
        self.trigger_deployment(now, out);
    }

    /// The rollout is complete for the first time since the last action.
    pub(super) fn announce_completion(&mut self, out: &mut Vec<Command>) {
        if !self.deployment.complete && !self.has_steps_left() {
            self.deployment.complete = true;
            self.deployment.stable = self.deployment.template;
            self.deployment.disturbed &= !self.is_at_rest();
            out.push(Command::Complete);
        }
    }

    fn create_set(&mut self, size: u32, now: SimTime, out: &mut Vec<Command>) {
        let revision = self.deployment.template;
        let mut set = ReplicaSet::new(revision, size, &self.spec);
        set.number = self.sets.iter().map(|s| s.number).max().unwrap_or(0) + 1;
        self.sets.push(set);
        self.deployment.requests.reserve(now);
        out.push(Command::Desired { revision, size });
        self.trigger_replica_set(now, self.sets.len() - 1, out);
    }

    /// Gives a ReplicaSet its size, and the note for which size of the Deployment that was.
    fn resize(&mut self, set: usize, size: u32, now: SimTime, out: &mut Vec<Command>) -> bool {
        let max = self.spec.replicas.saturating_add(resolve(&self.spec.strategy, self.spec.replicas).surge);
        let resized = &mut self.sets[set];
        let before = resized.size;
        if (before, resized.desired, resized.max) == (size, self.spec.replicas, max) {
            return false;
        }
        (resized.size, resized.desired, resized.max) = (size, self.spec.replicas, max);
        self.deployment.requests.reserve(now);
        if before != size {
            resized.generation += 1;
            out.push(Command::Desired { revision: resized.revision, size });
            self.trigger_replica_set(now, set, out);
        }
        true
    }

    /// Whether the fleet really is what the reports say when they say that it is complete.
    pub(super) fn is_at_rest(&self) -> bool {
        self.sets.iter().all(|set| {
            let wanted = if set.revision == self.deployment.template { self.spec.replicas } else { 0 };
            let mut active = set.pods.iter().map(|p| &self.pods[p.0 as usize]).filter(|p| p.is_active());
            set.size == wanted && active.clone().count() == wanted as usize && active.all(|p| p.ready_since.is_some())
        })
    }

    /// The promises of a rolling update, in every build: growth stays below `replicas + maxSurge`, and the scale-down of
    /// healthy pods leaves `replicas − maxUnavailable` available ones.
    fn assert_bounds(&self, view: &View<'_>, step: &Step, now: SimTime) {
        let mut sizes: Vec<u32> = view.sets.iter().map(|s| s.size).collect();
        match step {
            Step::Wait | Step::Await | Step::Fail | Step::WakeAt(_) | Step::Remember(_) | Step::Revert => return,
            Step::Create(size) => sizes.push(*size),
            Step::Resize(changes) => {
                for &(set, size) in changes {
                    sizes[set] = size;
                }
            }
        }
        let (before, after) = (view.total_size(), sizes.iter().sum::<u32>());
        assert!(after <= before.max(view.max_total()), "{after} pods wanted, {} allowed, at {now}", view.max_total());
        let rolling = self.spec.strategy != Strategy::Recreate;
        // With minReadySeconds a deletion may pick an available pod before a younger Ready one (ids decide).
        if rolling && after < before && !self.deployment.disturbed && self.spec.min_ready == Dur::ZERO {
            let is_ready = |pod: &&Pod| pod.is_active() && pod.ready_since.is_some();
            let ready = |set: &ReplicaSet| set.pods.iter().map(|p| &self.pods[p.0 as usize]).filter(is_ready).count();
            let kept: u32 = self.sets.iter().zip(&sizes).map(|(set, &size)| size.min(ready(set) as u32)).sum();
            assert!(kept >= view.min_available(), "{kept} pods left, {} promised, at {now}", view.min_available());
        }
    }
}
