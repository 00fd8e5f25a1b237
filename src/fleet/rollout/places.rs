//! The controller of a workload whose pods have places: one loop over all of them, requests in parallel, then again.

use super::availability::{is_available, next_available};
use super::place::{PlacePod, PlacePolicy, PlaceStep, PlacesView};
use super::progress::{Condition, ConditionStatus, Reason};
use super::replica_set::ReplicaSet;
use super::{Command, Event, Rollout};
use crate::engine::SimTime;
use crate::scenario::Strategy;

/// What the controller keeps in mind between two looks.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// Requests are under way: what happens meanwhile is looked at when they have returned.
    busy: bool,
    /// When a pod was last created, asked to go, or became available.
    moved: SimTime,
    /// Available pods of the wanted version when that was last looked at.
    available: usize,
    /// Whether the lack of progress has been told.
    told: bool,
    /// Nodes that have been deleted, in ascending order.
    absent: Vec<u32>,
}

impl Places {
    pub(super) const fn new() -> Self {
        Self { busy: false, moved: SimTime::MIN, available: 0, told: false, absent: Vec::new() }
    }
}

impl Rollout {
    /// Takes the initial fleet as one that the controller has looked at already.
    pub(super) fn settle_places(&mut self) {
        self.sets[0].size = self.spec.replicas;
        let ready = self.pods.iter().filter(|p| p.ready_since.is_some()).count();
        self.deployment.complete = ready == self.spec.replicas as usize;
    }

    /// Something was done to the workload: the patience with it begins anew.
    pub(super) fn begin_watch(&mut self, now: SimTime, out: &mut Vec<Command>) {
        (self.places.moved, self.places.told) = (now, false);
        let at = now + self.spec.progress_deadline;
        if !self.spec.progress_deadline.is_zero() {
            out.push(Command::Schedule { at, event: Event::ProgressDeadline });
        }
    }

    /// Neither kind has a progress deadline in Kubernetes, where it stands still for ever; a forecast has one all the same,
    /// so that it ends and says so.
    pub(super) fn check_places(&mut self, now: SimTime, out: &mut Vec<Command>) {
        let due = self.places.moved + self.spec.progress_deadline;
        if self.deployment.complete || self.places.told {
            return;
        }
        if now < due {
            out.push(Command::Schedule { at: due, event: Event::ProgressDeadline });
            return;
        }
        self.places.told = true;
        let late = Condition::progressing(ConditionStatus::False, Reason::ProgressDeadlineExceeded);
        out.push(Command::Condition(late));
    }

    /// A node was deleted from the API: a DaemonSet has one pod less to have.
    pub fn node_deleted(&mut self, now: SimTime, node: u32, out: &mut Vec<Command>) {
        if let (Strategy::DaemonSet(_), Err(at)) = (&self.spec.strategy, self.places.absent.binary_search(&node)) {
            self.places.absent.insert(at, node);
            self.trigger_deployment(now, out);
        }
    }

    /// A node has joined, or another machine its place: a DaemonSet is to have a pod there.
    pub fn node_joined(&mut self, now: SimTime, node: u32, out: &mut Vec<Command>) {
        if matches!(self.spec.strategy, Strategy::DaemonSet(_)) {
            self.places.absent.retain(|&n| n != node);
            self.spec.replicas = self.spec.replicas.max(node + 1);
            self.trigger_deployment(now, out);
        }
    }

    /// A worker takes the workload from the queue.
    pub(super) fn sync_places(&mut self, policy: &dyn PlacePolicy, now: SimTime, out: &mut Vec<Command>) {
        let (_, again) = self.finish_look();
        if self.places.busy {
            return;
        }
        if again {
            self.queue_deployment(now, out);
        }
        self.know_template();
        let places = self.view_places(now);
        let view = PlacesView { replicas: self.spec.replicas, absent: &self.places.absent, places: &places };
        let (steps, complete) = (policy.reconcile(&view), policy.is_complete(&view));
        let available = places.iter().flatten().filter(|p| p.new && p.available).count();
        if available > self.places.available || !steps.is_empty() {
            self.places.moved = now;
        }
        self.places.available = available;
        self.send(now, &steps, out);
        if complete && !self.deployment.complete {
            self.deployment.complete = true;
            if self.sets.iter().all(|s| s.size == 0 || s.revision == self.deployment.template) {
                self.deployment.stable = self.deployment.template;
            }
            out.push(Command::Complete);
        }
        self.plan_look(now, out);
    }

    /// Every template that was ever wanted has a revision of its own.
    fn know_template(&mut self) {
        if self.new_set().is_none() {
            let latest = self.sets.iter().map(|s| s.number).max().unwrap_or(0);
            let mut set = ReplicaSet::new(self.deployment.template, 0, &self.spec);
            set.number = latest + 1;
            self.sets.push(set);
        }
        self.renumber();
    }

    fn view_places(&self, now: SimTime) -> Vec<Vec<PlacePod>> {
        let mut places = vec![Vec::new(); self.spec.replicas as usize];
        let new = self.new_set();
        for (id, pod) in self.living() {
            let place = pod.place.unwrap_or(0) as usize;
            if places.len() <= place {
                places.resize(place + 1, Vec::new());
            }
            places[place].push(PlacePod {
                pod: id,
                new: Some(pod.set) == new,
                ready: pod.ready_since.is_some(),
                available: pod.ready_since.is_some_and(|t| is_available(t, self.spec.min_ready, now)),
                terminating: pod.terminating,
            });
        }
        places
    }

    /// Sends all requests at once, as fast as the client may.
    fn send(&mut self, now: SimTime, steps: &[PlaceStep], out: &mut Vec<Command>) {
        let mut returned = now;
        for &step in steps {
            let at = self.replica_set_requests.reserve(now);
            returned = returned.max(at);
            out.push(Command::Schedule { at, event: Event::Place(step) });
        }
        if !steps.is_empty() {
            self.places.busy = true;
            out.push(Command::Schedule { at: returned + self.round_trip(), event: Event::PlacesReturned });
        }
    }

    /// A request reaches the API.
    pub(super) fn carry_out_place(&mut self, now: SimTime, step: PlaceStep, out: &mut Vec<Command>) {
        match step {
            PlaceStep::Create { place, new } => {
                if self.places.absent.binary_search(&place).is_ok() {
                    // The node was deleted while the request was on its way: such a pod finds no node, and the controller
                    // deletes it (`getUnscheduledPodsWithoutNode`).
                    return;
                }
                let wanted = if new { self.deployment.template } else { self.deployment.stable };
                let Some(set) = self.sets.iter().position(|s| s.revision == wanted) else { return };
                let pod = self.add_pod(set, now, Some(place));
                self.resize_revision(set, 1, out);
                let ordinal = self.pods[pod.0 as usize].ordinal;
                let place = matches!(self.spec.strategy, Strategy::DaemonSet(_)).then_some(place);
                out.push(Command::CreatePod { pod, revision: wanted, ordinal, place });
            }
            PlaceStep::Delete(pod) => {
                let Some(record) = self.pods.get_mut(pod.0 as usize).filter(|p| p.is_active()) else { return };
                record.terminating = true;
                let set = record.set;
                self.resize_revision(set, -1, out);
                out.push(Command::DeletePod { pod });
            }
        }
    }

    /// Nobody writes how many pods a revision should have: it is how many it was last given.
    fn resize_revision(&mut self, set: usize, by: i64, out: &mut Vec<Command>) {
        let set = &mut self.sets[set];
        set.size = (i64::from(set.size) + by).max(0) as u32;
        out.push(Command::Desired { revision: set.revision, size: set.size });
    }

    /// A pod of revision `set` was lost without having been asked to go.
    pub(super) fn forget_place(&mut self, set: usize) {
        if super::place::policy(&self.spec.strategy).is_some() {
            self.sets[set].size = self.sets[set].size.saturating_sub(1);
        }
    }

    /// All requests have returned: what they have changed is looked at.
    pub(super) fn places_returned(&mut self, now: SimTime, out: &mut Vec<Command>) {
        self.places.busy = false;
        self.trigger_deployment(now, out);
    }

    /// Looks again when the first pod becomes available that is not.
    fn plan_look(&mut self, now: SimTime, out: &mut Vec<Command>) {
        let since: Vec<SimTime> = self.living().filter_map(|(_, p)| p.ready_since).collect();
        let Some(at) = next_available(&since, self.spec.min_ready, now) else { return };
        self.wake_at(at.max(now), now, out);
    }
}
