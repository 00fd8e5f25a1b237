//! What one proxy has with one pod: its place in the proxy's table, idle connections, health.

use crate::engine::{Arena, NIL, SimTime};

use super::connection::Connection;
use super::purge::Purge;

/// What one proxy has with one pod; what each request touches stands first, in one cache line.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Link {
    /// Where the pod stands in the proxy's table, or [`NIL`].
    pub(super) position: u32,
    /// Idle connections, the least recently used first.
    pub(super) idle: Vec<u32>,
    /// When the last one of them became so.
    idle_since: SimTime,
    /// When half of those are closed, where they ever are.
    pub(super) purge: Purge,
    /// When the last change about this pod reaches, or reached, this proxy: none overtakes it.
    pub(super) last_delivery: SimTime,
    /// Whether the proxy knows that the pod no longer serves, nor will again.
    pub(super) withdrawn: bool,
    /// When the pod last left the proxy's table.
    pub(super) removed: SimTime,
    /// The last active check, and whether its answer is awaited.
    pub(super) check: u32,
    pub(super) check_pending: bool,
    /// Whether the next check is in the calendar.
    pub(super) checked: bool,
    /// Whether the pod is no longer to be in the table, and is until its checks fail.
    pub(super) kept: bool,
    /// Checks in a row with the same result, other than what the table says.
    pub(super) streak: u32,
    /// Checks passed in a row since the pod came into the table.
    pub(super) passed: u32,
}

impl Link {
    /// Connection `c` has just become idle; of those that do so at one moment the one with the lowest number is the first, whoever hears
    /// of it when.
    #[inline(always)]
    pub(super) fn put_idle(&mut self, c: u32, connections: &Arena<Connection>) {
        let since = connections[c].idle_since;
        self.idle.push(c);
        // The one before it is not looked at for nothing: it may be far away in memory.
        if since == std::mem::replace(&mut self.idle_since, since) {
            self.put_in_order(c, since, connections);
        }
    }

    #[cold]
    fn put_in_order(&mut self, c: u32, since: SimTime, connections: &Arena<Connection>) {
        let mut at = self.idle.len() - 1;
        while at > 0 && connections[self.idle[at - 1]].idle_since == since && self.idle[at - 1] > c {
            self.idle.swap(at - 1, at);
            at -= 1;
        }
    }

    pub(super) fn new() -> Self {
        Self {
            position: NIL,
            idle: Vec::new(),
            idle_since: SimTime::MIN,
            purge: Purge::default(),
            last_delivery: SimTime::MIN,
            withdrawn: false,
            removed: SimTime::MIN,
            check: 0,
            check_pending: false,
            checked: false,
            kept: false,
            streak: 0,
            passed: 0,
        }
    }
}
