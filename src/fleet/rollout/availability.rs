//! When a Ready pod counts as available, and when a ReplicaSet controller looks again.
//!
//! The rule is the same in all releases: the second in which the pod turned Ready, plus `minReadySeconds`, lies in the
//! past. What differs is when somebody looks. Until 1.33 there are two timers a ReplicaSet, either of which may come late
//! or be dropped:
//! - a pod turned Ready: look `minReadySeconds` and a second later;
//! - a sync found all wanted pods Ready, but not all available: look `minReadySeconds` later;
//!
//! and one pending look a ReplicaSet, the earliest. From 1.34 on every sync plans the exact moment of the next pod.

use super::{Command, Event, Rollout};
use crate::engine::{Dur, SimTime};
use crate::scenario::Release;

/// The age of readiness is compared strictly: a pod is available one nanosecond after the moment itself.
const TICK: Dur = Dur::from_nanos(1);

/// Whether a pod that is Ready since `since` (a whole second) is available.
pub(super) fn is_available(since: SimTime, min_ready: Dur, now: SimTime) -> bool {
    min_ready.is_zero() || since + min_ready < now
}

/// When the first of the pods that are not available `now` will be.
pub(super) fn next_available(ready_since: &[SimTime], min_ready: Dur, now: SimTime) -> Option<SimTime> {
    let since = ready_since.iter().filter(|&&t| !is_available(t, min_ready, now)).min()?;
    Some(*since + min_ready + TICK)
}

impl Rollout {
    /// A pod of `set` turned Ready.
    pub(super) fn watch_availability(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        let min_ready = self.spec.min_ready;
        if !min_ready.is_zero() && self.spec.controller.release < Release::V1_34 {
            self.look_again(set, now + min_ready + Dur::from_secs(1), out);
        }
    }

    /// A sync of `set` has written its status; `next` is when the first pod becomes available that it counted as not.
    pub(super) fn plan_next_look(&mut self, now: SimTime, set: usize, next: Option<SimTime>, out: &mut Vec<Command>) {
        let min_ready = self.spec.min_ready;
        let (size, status) = (self.sets[set].size, self.sets[set].status);
        match self.spec.controller.release {
            _ if min_ready.is_zero() => {}
            Release::V1_20 | Release::V1_28 => {
                if status.ready == size && status.available != size {
                    self.look_again(set, now + min_ready, out);
                }
            }
            Release::V1_34 => {
                if let Some(next) = next {
                    self.look_again(set, now.max(next), out);
                }
            }
        }
    }

    /// Puts `set` into the delayed queue, which keeps one entry a ReplicaSet: the earliest.
    fn look_again(&mut self, set: usize, at: SimTime, out: &mut Vec<Command>) {
        let set = &mut self.sets[set];
        if set.next_look.is_none_or(|pending| at < pending) {
            set.next_look = Some(at);
            out.push(Command::Schedule { at, event: Event::CheckAvailability(set.revision) });
        }
    }

    /// The delayed queue hands `set` over, unless an earlier entry had replaced this one.
    pub(super) fn check_availability(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        if self.sets[set].next_look == Some(now) {
            self.sets[set].next_look = None;
            self.trigger_replica_set(now, set, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_must_be_strictly_older_than_min_ready() {
        let (since, min_ready) = (SimTime::ZERO, Dur::from_secs(5));
        assert!(!is_available(since, min_ready, since + min_ready));
        assert!(is_available(since, min_ready, since + min_ready + TICK));
        assert!(is_available(since, Dur::ZERO, since), "without minReadySeconds at once");
    }
}
