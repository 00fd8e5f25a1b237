//! The ReplicaSet controller's events ("created pod …"): nobody here reads them, but they are paid from the same bucket
//! as creations, deletions and status updates, and so slow those down where the client is throttled.

use super::rate_limit::TokenBucket;
use super::{Command, Event, Rollout};
use crate::engine::SimTime;

/// Events that one ReplicaSet may record at once; beyond it they are dropped (`defaultSpamBurst` of client-go).
const SPAM_BURST: u32 = 25;
/// At which rate that budget fills again: one in five minutes (`defaultSpamQPS`).
const SPAM_QPS: f64 = 1.0 / 300.0;

/// What keeps one ReplicaSet from recording too many events.
pub(super) fn spam_filter() -> TokenBucket {
    TokenBucket::new(SPAM_QPS, SPAM_BURST)
}

/// The one sender that all events pass, one at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EventRecorder {
    /// Events not yet sent, the one on its way included.
    waiting: u32,
}

impl Rollout {
    /// Records an event about ReplicaSet `set`, unless there have been too many.
    pub(super) fn record(&mut self, now: SimTime, set: usize, out: &mut Vec<Command>) {
        // Without a limit nothing waits for events.
        if !self.replica_set_requests.is_limited() || !self.sets[set].spam_filter.reserve_if_ready(now) {
            return;
        }
        self.recorder.waiting += 1;
        if self.recorder.waiting == 1 {
            self.send_event(now, out);
        }
    }

    fn send_event(&mut self, now: SimTime, out: &mut Vec<Command>) {
        let at = self.replica_set_requests.reserve(now) + self.round_trip();
        out.push(Command::Schedule { at, event: Event::EventRecorded });
    }

    /// An event has been written: on to the next.
    pub(super) fn event_recorded(&mut self, now: SimTime, out: &mut Vec<Command>) {
        self.recorder.waiting = self.recorder.waiting.saturating_sub(1);
        if self.recorder.waiting > 0 {
            self.send_event(now, out);
        }
    }
}
