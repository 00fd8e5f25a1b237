//! A control plane that tells the state of all pods, not one change after the other: what changes while the state has yet to reach
//! somebody reaches them with it. Nothing overtakes, and what happens together is heard of together.
//!
//! So do Kubernetes' watchers hear: the `EndpointSlice` controller writes what is so when its sync runs, kube-proxy puts all into one sync that has come since the
//! last (`minSyncPeriod`), xDS (state of the world) and ingress controllers push whole lists.

use crate::engine::SimTime;

/// What is on its way.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshots {
    /// When the control plane commits, or has last committed; `None` before the first time.
    commit: Option<SimTime>,
    /// By proxy: when the state reaches it, or last did.
    arrival: Vec<Option<SimTime>>,
}

impl Snapshots {
    /// When a change made `now` is committed: with what is yet to be, or when it would be by itself.
    pub(super) fn committed(&mut self, now: SimTime, own: SimTime) -> SimTime {
        with_pending(&mut self.commit, now, own)
    }

    /// When `proxy` hears of what is committed at `committed`: with what it has yet to hear of, or when it would by itself.
    pub(super) fn heard(&mut self, proxy: u16, committed: SimTime, own: SimTime) -> SimTime {
        let proxy = usize::from(proxy);
        if self.arrival.len() <= proxy {
            self.arrival.resize(proxy + 1, None);
        }
        with_pending(&mut self.arrival[proxy], committed, own)
    }
}

/// When it happens: with what is `pending` at `from`, or alone.
fn with_pending(pending: &mut Option<SimTime>, from: SimTime, alone: SimTime) -> SimTime {
    *pending.insert(pending.filter(|&at| at >= from).unwrap_or(alone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_while_the_state_is_on_its_way_arrives_with_it() {
        let at = SimTime::from_nanos;
        let mut snapshots = Snapshots::default();
        assert_eq!(snapshots.committed(at(10), at(15)), at(15));
        assert_eq!(snapshots.committed(at(12), at(13)), at(15), "the sync that is due takes it along");
        assert_eq!(snapshots.heard(0, at(15), at(40)), at(40));
        assert_eq!(snapshots.heard(1, at(15), at(20)), at(20), "each proxy in its own time");
        assert_eq!(snapshots.committed(at(30), at(35)), at(35), "the last one is over");
        assert_eq!(snapshots.heard(0, at(35), at(36)), at(40));
        assert_eq!(snapshots.heard(1, at(35), at(36)), at(36));
    }
}
