//! HAProxy's purge of a pool: once in `pool-purge-delay`, half of the idle connections beyond the need are closed. The need is
//! the most that were in use since the last purge, or an estimate that halves with every purge in which it was not reached.

use crate::engine::NIL;

use super::event::Event;
use super::link::Link;
use super::world::{Cal, Observer, World};

/// What a pool's purge goes by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Purge {
    /// The most connections in use since the last purge.
    most: u32,
    /// The estimate of how many are needed.
    need: u32,
    /// Whether the next purge is in the calendar.
    due: bool,
}

impl Purge {
    /// So many are in use now.
    pub(super) fn in_use(&mut self, used: u32) {
        self.most = self.most.max(used);
        self.need = self.need.max(used);
    }

    /// Whether one more idle connection is kept beside `idle` others and `used` in use, itself among them.
    pub(super) fn keeps(&self, idle: u32, used: u32) -> bool {
        idle == 0 || used + idle <= used.max(self.need)
    }

    /// How many of `idle` are closed while `used` are in use; the estimate is made anew.
    fn round(&mut self, idle: u32, used: u32) -> u32 {
        let beyond = (used + idle).saturating_sub(self.most.max(self.need));
        self.need = self.need.midpoint(self.most).max(self.most);
        self.most = used;
        beyond.div_ceil(2)
    }
}

impl<O: Observer> World<O> {
    /// Connections that `proxy` has in use at `pod`: one a request.
    fn used(&self, proxy: u16, link: &Link) -> u32 {
        match link.position {
            NIL => 0,
            position => self.proxies[usize::from(proxy)].process.table.active()[position as usize],
        }
    }

    /// Another connection of `proxy` to `pod` is in use.
    #[cold]
    pub(super) fn note_need(&mut self, proxy: u16, pod: u32) {
        let link = self.link(proxy, pod);
        let used = self.used(proxy, &self.links[link]);
        self.links[link].purge.in_use(used);
    }

    /// Whether the connection that `proxy` no longer needs at `pod` is kept, and a purge to come, if there is any.
    #[cold]
    pub(super) fn keeps_idle(&mut self, proxy: u16, pod: u32, cal: &mut Cal) -> bool {
        let link = self.link(proxy, pod);
        let used = self.used(proxy, &self.links[link]) + 1;
        let l = &mut self.links[link];
        let kept = l.purge.keeps(l.idle.len() as u32, used);
        if kept && !std::mem::replace(&mut l.purge.due, true) {
            cal.at(cal.now() + self.balancer.upstream.purge, Event::Purge { proxy, pod });
        }
        kept
    }

    /// The idle connections of `proxy` to `pod` are purged, the least recently used first.
    pub(super) fn on_purge(&mut self, proxy: u16, pod: u32, cal: &mut Cal) {
        let link = self.link(proxy, pod);
        let used = self.used(proxy, &self.links[link]);
        let l = &mut self.links[link];
        let idle = l.idle.len() as u32;
        l.purge.due = false;
        if idle == 0 {
            return;
        }
        let close = l.purge.round(idle, used).min(idle);
        l.purge.due = close < idle;
        for c in self.links[link].idle.drain(..close as usize).collect::<Vec<_>>() {
            self.close_by_owner(c, cal);
        }
        if close < idle {
            cal.at(cal.now() + self.balancer.upstream.purge, Event::Purge { proxy, pod });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_that_is_not_needed_halves_until_nothing_is_left() {
        let mut purge = Purge::default();
        for used in 1..=16 {
            purge.in_use(used);
        }
        let mut idle = 16;
        let mut left = Vec::new();
        while idle > 0 {
            idle -= purge.round(idle, 0);
            left.push(idle);
        }
        // Of the first two the need of before keeps all; then estimates of 8, 4, 2, 1 and 0.
        assert_eq!(left, [16, 16, 12, 8, 5, 3, 1, 0]);
    }

    #[test]
    fn what_is_in_use_time_and_again_is_kept() {
        let mut purge = Purge::default();
        for _ in 0..5 {
            purge.in_use(3);
            assert_eq!(purge.round(3, 0), 0);
        }
        assert!(purge.keeps(0, 1) && purge.keeps(2, 1) && !purge.keeps(3, 1));
    }
}
