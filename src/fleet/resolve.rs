//! Proxies that are told nothing: what `propagation` delivers reaches the name server alone, and a proxy's table changes when
//! it asks.

use crate::engine::{NIL, Purpose, SimTime};
use crate::scenario::{Layer, Refresh};

use super::connection::Owner;
use super::event::Event;
use super::world::{Cal, Observer, World};

impl<O: Observer> World<O> {
    /// Those that ask all the time begin, each at a moment of its own.
    pub(super) fn begin_resolvers(&self, cal: &mut Cal) {
        let Some(resolve) = self.balancer.resolve.filter(|r| r.refresh == Refresh::Poll) else { return };
        for proxy in 0..self.proxies.len() as u16 {
            let phase = self.streams.stream(Purpose::ResolvePhase, u64::from(proxy)).open01();
            cal.at(self.start + resolve.min_interval.scale(phase), Event::Resolve(proxy));
        }
    }

    /// A proxy that begins in the middle asks from now on.
    pub(super) fn begin_resolver(&self, proxy: u16, cal: &mut Cal) {
        if self.balancer.resolve.is_some_and(|r| r.refresh == Refresh::Poll) {
            cal.at(cal.now(), Event::Resolve(proxy));
        }
    }

    /// The moment has come to ask.
    pub(super) fn on_resolve(&mut self, proxy: u16, cal: &mut Cal) {
        let Some(resolve) = self.balancer.resolve else { return };
        if O::TIERED && self.is_away(proxy) {
            return;
        }
        self.proxies[usize::from(proxy)].will_resolve = false;
        let answered = self.ask(proxy, cal);
        if resolve.refresh == Refresh::Poll {
            cal.at(cal.now() + resolve.min_interval, Event::Resolve(proxy));
        } else if !answered {
            self.want_to_ask(proxy, cal);
        }
    }

    /// A connection of `owner` to a pod has failed, or was ended by the pod: its proxy asks, unless it has just done so.
    #[inline]
    pub(super) fn resolve_after_loss(&mut self, owner: Owner, cal: &mut Cal) {
        if self.balancer.resolve.is_some_and(|r| r.refresh == Refresh::Disconnect) {
            match owner {
                Owner::Proxy(proxy) => self.want_to_ask(proxy, cal),
                // The proxy of one that is passed on is told for itself.
                Owner::Stream { .. } if self.has_tier_before() => {}
                Owner::Stream { slot, .. } => self.want_to_ask(self.proxy_of(slot), cal),
                Owner::Client { client, .. } if self.layer == Layer::L4 => self.want_to_ask(self.proxy_of(client), cal),
                Owner::Client { .. } | Owner::Front(_) => {}
            }
        }
    }

    /// In a moment of its own: whoever has lost a connection is still busy with that.
    #[cold]
    fn want_to_ask(&mut self, proxy: u16, cal: &mut Cal) {
        let Some(resolve) = self.balancer.resolve else { return };
        let p = &mut self.proxies[usize::from(proxy)];
        if !std::mem::replace(&mut p.will_resolve, true) {
            cal.at((p.resolved_at + resolve.min_interval).max(cal.now()), Event::Resolve(proxy));
        }
    }

    /// A pod is about to be picked: `proxy` asks first, where its last answer is too old.
    #[cold]
    pub(super) fn resolve_for_use(&mut self, proxy: u16, cal: &mut Cal) {
        let Some(resolve) = self.balancer.resolve.filter(|r| r.refresh == Refresh::Use) else { return };
        if self.proxies[usize::from(proxy)].resolved_at + resolve.min_interval <= cal.now() {
            self.ask(proxy, cal);
        }
    }

    /// `proxy` asks: what the name server (or the cache before it) knows comes into force, unless that is nobody at all;
    /// whether it did.
    fn ask(&mut self, proxy: u16, cal: &mut Cal) -> bool {
        let Some(resolve) = self.balancer.resolve else { return true };
        self.proxies[usize::from(proxy)].resolved_at = cal.now();
        if self.name_cached + resolve.ttl <= cal.now() {
            self.name_cached = cal.now();
        }
        let known = if resolve.ttl.is_zero() { cal.now() } else { self.name_cached };
        let known = |change: &&(SimTime, u32, bool)| change.0 <= known;
        let p = &self.proxies[usize::from(proxy)];
        let changes: Vec<(SimTime, u32, bool)> = p.unresolved.iter().filter(known).copied().collect();
        let mut pods: Vec<u32> = p.process.table.iter().map(|h| h.pod).collect();
        for &(_, pod, routed) in &changes {
            pods.retain(|&other| other != pod);
            pods.extend(routed.then_some(pod));
        }
        if pods.is_empty() {
            return false;
        }
        self.proxies[usize::from(proxy)].unresolved.retain(|change| !known(&change));
        for (_, pod, routed) in changes {
            let last = self.links[self.link(proxy, pod)].position != NIL;
            if routed != last {
                self.change_table(proxy, pod, routed, cal);
            }
        }
        true
    }
}
