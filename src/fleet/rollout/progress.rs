//! The Deployment's report: its counts, its conditions, and the progress deadline.

use super::{Command, Event, Rollout, resolve};
use crate::engine::{Dur, SimTime};

/// The deadline is compared strictly: it is exceeded one nanosecond after the moment itself.
const TICK: Dur = Dur::from_nanos(1);

/// What a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionKind {
    /// Whether enough pods are available.
    Available,
    /// Whether the rollout advances.
    Progressing,
}

/// What a condition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionStatus {
    /// Yes.
    True,
    /// No.
    False,
    /// The Deployment is, or just was, paused.
    Unknown,
}

/// Why a condition says so, in Kubernetes' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `replicas − maxUnavailable` pods are available.
    MinimumReplicasAvailable,
    /// Fewer are.
    MinimumReplicasUnavailable,
    /// The rollout has begun.
    NewReplicaSetCreated,
    /// It has advanced.
    ReplicaSetUpdated,
    /// It is complete.
    NewReplicaSetAvailable,
    /// It has stood still for too long.
    ProgressDeadlineExceeded,
    /// It may not advance.
    DeploymentPaused,
    /// It may advance again.
    DeploymentResumed,
}

/// A condition of the Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is about.
    pub kind: ConditionKind,
    /// What it says.
    pub status: ConditionStatus,
    /// Why.
    pub reason: Reason,
}

impl Condition {
    pub(super) const fn progressing(status: ConditionStatus, reason: Reason) -> Self {
        Self { kind: ConditionKind::Progressing, status, reason }
    }

    const fn available(enough: bool) -> Self {
        let (status, reason) = if enough {
            (ConditionStatus::True, Reason::MinimumReplicasAvailable)
        } else {
            (ConditionStatus::False, Reason::MinimumReplicasUnavailable)
        };
        Self { kind: ConditionKind::Available, status, reason }
    }
}

/// The counts in the Deployment's status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    replicas: u32,
    updated: u32,
    ready: u32,
    available: u32,
    /// The step that the strategy has come to: `currentStepIndex` of a Rollout.
    stage: u32,
    generation: u64,
}

impl Counts {
    /// The test of `kubectl rollout status`.
    pub(super) const fn is_complete(self, replicas: u32) -> bool {
        self.updated == replicas && self.replicas == replicas && self.available == replicas
    }

    /// Whether the rollout has advanced since `before`.
    const fn has_progressed(self, before: Self) -> bool {
        // Both may be reported late, so that there can seem to be more updated pods than pods.
        let old = self.replicas as i64 - self.updated as i64;
        let old_before = before.replicas as i64 - before.updated as i64;
        self.updated > before.updated
            || old < old_before
            || self.ready > before.ready
            || self.available > before.available
            || self.stage != before.stage
    }
}

/// The conditions in the Deployment's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Conditions {
    available: Condition,
    progressing: Condition,
    /// The second of the last progress: `lastUpdateTime`.
    progressed_at: SimTime,
}

impl Conditions {
    /// Those of a Deployment that nobody has looked at.
    pub(super) const fn initial() -> Self {
        Self::settled(false, false, SimTime::ZERO)
    }

    /// Those of a Deployment that is complete, or has last advanced at `progressed_at`.
    pub(super) const fn settled(complete: bool, available: bool, progressed_at: SimTime) -> Self {
        let reason = if complete { Reason::NewReplicaSetAvailable } else { Reason::ReplicaSetUpdated };
        let progressing = Condition::progressing(ConditionStatus::True, reason);
        Self { available: Condition::available(available), progressing, progressed_at }
    }

    /// Sets Progressing, unless it says so already: then its time is left alone.
    fn set_progressing(&mut self, condition: Condition, at: SimTime) {
        if self.progressing != condition {
            self.progressing = condition;
            self.progressed_at = at;
        }
    }
}

impl Rollout {
    /// The counts that the ReplicaSets' reports add up to.
    pub(super) fn count(&self) -> Counts {
        let mut counts = Counts { generation: self.deployment.generation, ..Counts::default() };
        for set in &self.sets {
            counts.replicas += set.status.replicas;
            counts.ready += set.status.ready;
            counts.available += set.status.available;
            if set.revision == self.deployment.template {
                counts.updated = set.status.replicas;
            }
        }
        counts
    }

    /// What the Available condition says of `counts`.
    pub(super) fn is_available(&self, counts: Counts) -> bool {
        let unavailable = resolve(&self.spec.strategy, self.spec.replicas).unavailable;
        counts.available + unavailable >= self.spec.replicas
    }

    /// Writes counts and conditions if they are news. Progress is judged only by a sync that was free to roll out
    /// (`rolling_out`): not while paused or scaling.
    pub(super) fn report(&mut self, counts: Counts, now: SimTime, rolling_out: bool, out: &mut Vec<Command>) {
        // A pause that is over is progress, however long it was (`RolloutProgressing` of Argo Rollouts).
        let counts = Counts { stage: self.deployment.memory.stage, ..counts };
        let before = self.deployment.counts;
        let mut conditions = self.deployment.conditions;
        conditions.available = Condition::available(self.is_available(counts));
        if rolling_out {
            self.judge_progress(counts, &mut conditions, now);
        }
        if (counts, conditions) == (before, self.deployment.conditions) {
            if rolling_out {
                self.await_deadline(now, out);
            }
            return;
        }
        self.deployment.counts = counts;
        self.write_conditions(conditions, now, out);
        if counts.is_complete(self.spec.replicas) {
            self.announce_completion(out);
        }
        self.trigger_deployment(now, out);
    }

    fn judge_progress(&self, counts: Counts, conditions: &mut Conditions, now: SimTime) {
        let reason = conditions.progressing.reason;
        // A complete Deployment whose pods come and go is not rolling out.
        if reason == Reason::NewReplicaSetAvailable && counts.replicas == counts.updated {
            return;
        }
        let second = self.clock.floor(now);
        if counts.is_complete(self.spec.replicas) {
            let done = Condition::progressing(ConditionStatus::True, Reason::NewReplicaSetAvailable);
            conditions.set_progressing(done, second);
        } else if counts.has_progressed(self.deployment.counts) {
            conditions.progressing = Condition::progressing(ConditionStatus::True, Reason::ReplicaSetUpdated);
            conditions.progressed_at = second;
        } else if reason != Reason::NewReplicaSetAvailable
            && !self.spec.progress_deadline.is_zero()
            && conditions.progressed_at + self.spec.progress_deadline < now
        {
            let late = Condition::progressing(ConditionStatus::False, Reason::ProgressDeadlineExceeded);
            conditions.set_progressing(late, second);
        }
    }

    /// Nothing has changed: plans the look that will find the deadline exceeded, a second after it; within the last second
    /// before it the controller asks itself again and again (`requeueStuckDeployment`), and finds it at once.
    fn await_deadline(&mut self, now: SimTime, out: &mut Vec<Command>) {
        let conditions = self.deployment.conditions;
        let over =
            matches!(conditions.progressing.reason, Reason::ProgressDeadlineExceeded | Reason::NewReplicaSetAvailable);
        if over || self.spec.progress_deadline.is_zero() || self.deployment.counts.is_complete(self.spec.replicas) {
            return;
        }
        let second = Dur::from_secs(1);
        let deadline = conditions.progressed_at + self.spec.progress_deadline;
        let at = if deadline < now + second { now.max(deadline + TICK) } else { deadline + second };
        if self.deployment.next_look != Some(at) {
            self.deployment.next_look = Some(at);
            out.push(Command::Schedule { at, event: Event::ProgressDeadline });
        }
    }

    /// The delayed queue hands the Deployment over, unless there has been progress since.
    pub(super) fn check_progress(&mut self, now: SimTime, out: &mut Vec<Command>) {
        if self.deployment.next_look == Some(now) {
            self.deployment.next_look = None;
            self.trigger_deployment(now, out);
        }
    }

    /// Pausing and resuming leave the progress unknown and restart the deadline; whether that had to be written.
    pub(super) fn note_pause(&mut self, now: SimTime, out: &mut Vec<Command>) -> bool {
        let paused = self.deployment.conditions.progressing.reason;
        let reason = match (self.deployment.paused, paused) {
            // A lack of progress that was reported stays reported.
            (_, Reason::ProgressDeadlineExceeded) | (true, Reason::DeploymentPaused) => return false,
            (true, _) => Reason::DeploymentPaused,
            (false, Reason::DeploymentPaused) => Reason::DeploymentResumed,
            (false, _) => return false,
        };
        self.set_progressing(Condition::progressing(ConditionStatus::Unknown, reason), now, out);
        true
    }

    /// Writes the Progressing condition at once.
    pub(super) fn set_progressing(&mut self, condition: Condition, now: SimTime, out: &mut Vec<Command>) {
        let mut conditions = self.deployment.conditions;
        conditions.set_progressing(condition, self.clock.floor(now));
        self.write_conditions(conditions, now, out);
    }

    fn write_conditions(&mut self, conditions: Conditions, now: SimTime, out: &mut Vec<Command>) {
        self.deployment.requests.reserve(now);
        let before = std::mem::replace(&mut self.deployment.conditions, conditions);
        if before.available != conditions.available {
            out.push(Command::Condition(conditions.available));
        }
        if before.progressing != conditions.progressing {
            out.push(Command::Condition(conditions.progressing));
        }
    }
}
