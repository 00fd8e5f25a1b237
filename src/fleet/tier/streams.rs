//! Streams through several tiers. A stream is a connection in each of them; it begins when the last one stands, at a pod, and wherever
//! one is ended the others go with it. Each tier closes, waits for or cuts its own by its own rules.

use crate::engine::{Handle, NIL};

use super::super::connection::{Connection, Owner};
use super::super::event::Event;
use super::super::fact::Cause;
use super::super::world::{Cal, Observer, World};
use super::{Up, Whereabouts, at, put};

/// What a connection that carries a stream on belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    /// The connection of the tier before.
    mirror: Handle,
    /// Its proxy.
    proxy: u16,
}

/// How a stream ended behind.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamEnd {
    /// The connection before.
    connection: Handle,
    /// Whether it was told to close, rather than cut.
    told: bool,
    /// Of one that had begun: why it was cut, and where.
    fate: Option<(Cause, Whereabouts)>,
}

/// Towards the tier before.
impl<O: Observer> World<O> {
    /// The proxy that opened leg `c`.
    pub(in super::super) fn proxy_of_leg(&self, c: u32) -> u16 {
        self.tier.as_ref().and_then(|tier| at(&tier.carried, c)).map_or(0, |carried| carried.proxy)
    }

    /// A new connection for the stream on connection `m` of the tier before.
    fn new_leg(&mut self, m: u32, population: u16, slot: u32, cal: &Cal) -> Option<u32> {
        let Owner::Front(proxy) = self.connections[m].owner else { return None };
        let generation = self.connections.upkeep(m).generation;
        let leg = self.connections.insert(Connection::new(Owner::Stream { population, slot }, NIL, cal.now()));
        self.connections.upkeep_mut(leg).generation = generation;
        self.connections[m].in_use += 1;
        let (mirror, handle) = (self.connections.handle(m), self.connections.handle(leg));
        let tier = self.tier.as_mut()?;
        put(&mut tier.legs, m, Some(handle));
        put(&mut tier.carried, leg, Some(Carried { mirror, proxy }));
        Some(leg)
    }

    /// A proxy has accepted connection `mirror` of a stream: it asks a pod of its choice for the rest.
    fn carry_on(&mut self, mirror: Handle, population: u16, slot: u32, cal: &mut Cal) {
        let Some(m) = self.connections.live(mirror) else { return };
        let Some(leg) = self.new_leg(m, population, slot, cal) else { return };
        if self.route_connection(leg, cal) {
            cal.at(cal.now() + self.pod_hop.delay, Event::Syn(self.connections.handle(leg)));
        }
    }

    /// The same before the start, when streams stand already; whether there was a pod for it.
    fn carry_on_at_once(&mut self, mirror: Handle, population: u16, slot: u32, cal: &mut Cal) -> bool {
        let Some(m) = self.connections.live(mirror) else { return false };
        let Some(leg) = self.new_leg(m, population, slot, cal) else { return false };
        let stands = self.stand_at_once(leg, cal);
        if stands {
            self.ride(leg, cal);
        } else {
            self.release_leg(m);
            self.forget(leg);
        }
        stands
    }

    /// Leg `c` stands, and with it all behind it.
    pub(in super::super) fn leg_stands(&mut self, c: u32, cal: &mut Cal) {
        if self.ride(c, cal).is_none() {
            return;
        }
        let Some(tier) = &mut self.tier else { return };
        let mirror = at(&tier.carried, c).and_then(|carried| self.connections.live(carried.mirror));
        if let Some(from) = mirror.and_then(|m| at(&tier.mirrored, m)) {
            tier.ups.push(Up::StreamStands(from));
        }
    }

    /// Leg `c` was refused, or ended by the other side: the tier before is told, and its connection is no more.
    pub(in super::super) fn leg_over(&mut self, c: u32, told: bool, cal: &mut Cal) {
        let proxy = self.proxy_of_leg(c);
        self.resolve_after_loss(Owner::Proxy(proxy), cal);
        let r = self.connections[c].requests.head();
        let fate = (r != NIL).then(|| {
            let cause = self.requests[r].cause.unwrap_or(Cause::SeveredByKill);
            (cause, self.whereabouts(r))
        });
        if r != NIL {
            self.stream_leaves(r, c, cal);
        }
        self.forget(c);
        let mirror = self.tier.as_ref().and_then(|tier| at(&tier.carried, c)).map(|carried| carried.mirror);
        let Some(m) = mirror.and_then(|mirror| self.connections.live(mirror)) else { return };
        self.release_leg(m);
        let from = self.tier.as_ref().and_then(|tier| at(&tier.mirrored, m));
        self.forget_mirror(m, cal);
        if let (Some(tier), Some(connection)) = (&mut self.tier, from) {
            tier.ups.push(Up::StreamOver(StreamEnd { connection, told, fate }));
        }
    }

    /// Connection `m` of the tier before ends: what carries its stream on is closed.
    pub(super) fn end_leg(&mut self, m: u32, cal: &mut Cal) {
        let Some(leg) = self.release_leg(m) else { return };
        let Some(c) = self.connections.live(leg) else { return };
        let r = self.connections[c].requests.head();
        if r != NIL {
            self.leave_pod_with_stream(c);
            self.stream_leaves(r, c, cal);
        }
        self.close_by_owner(c, cal);
    }

    /// Connection `m` of the tier before carries a stream no more.
    fn release_leg(&mut self, m: u32) -> Option<Handle> {
        let leg = put(&mut self.tier.as_mut()?.legs, m, None)?;
        self.connections[m].in_use -= 1;
        Some(leg)
    }

    fn stream_leaves(&mut self, r: u32, c: u32, cal: &Cal) {
        self.alight(r, c);
        self.end_call(r, cal.now());
        self.drop_request(r);
    }

    /// Where the stream on connection `mirror` of the tier before is.
    fn whereabouts_of_stream(&self, mirror: Handle) -> Option<Whereabouts> {
        let m = self.connections.live(mirror)?;
        let leg = self.connections.live(at(&self.tier.as_ref()?.legs, m)?)?;
        let r = self.connections[leg].requests.head();
        (r != NIL).then(|| self.whereabouts(r))
    }
}

/// Towards the tier behind.
impl<O: Observer> World<O> {
    /// A pod has accepted connection `c`: whether that is a proxy, and the connection a stream's, which it now carries on.
    pub(in super::super) fn extend_stream(&mut self, c: u32, cal: &mut Cal) -> bool {
        let Owner::Stream { population, slot } = self.connections[c].owner else { return false };
        let Some(behind) = self.behind(cal.now()) else { return false };
        if let Some(mirror) = at(&behind.mirrors, c) {
            behind.engine.model.carry_on(mirror, population, slot, &mut behind.engine.calendar);
        }
        true
    }

    /// Before the start: whether connection `c`, if it is a stream's, stands in all tiers behind.
    pub(in super::super) fn stands_behind_at_once(&mut self, c: u32, cal: &mut Cal) -> bool {
        let Owner::Stream { population, slot } = self.connections[c].owner else { return true };
        let Some(behind) = self.behind(cal.now()) else { return true };
        at(&behind.mirrors, c).is_some_and(|mirror| {
            behind.engine.model.carry_on_at_once(mirror, population, slot, &mut behind.engine.calendar)
        })
    }

    /// The stream on connection `c` stands behind: its opener learns that it does.
    pub(super) fn on_stream_stands_behind(&mut self, connection: Handle, cal: &mut Cal) {
        if let Some(c) = self.connections.live(connection)
            && !self.connections[c].pod_closed
        {
            self.send_to_opener(Event::Connected(connection), cal);
        }
    }

    /// A stream has ended behind, or could not begin: its connection here ends with it.
    pub(super) fn on_stream_over_behind(&mut self, end: StreamEnd, cal: &mut Cal) {
        let Some(c) = self.connections.live(end.connection) else { return };
        let r = self.connections[c].requests.head();
        if let (Some((cause, whereabouts)), true) = (end.fate, r != NIL) {
            self.requests[r].cause = Some(cause);
            self.note_stream_at(r, whereabouts);
        }
        let pod = self.connections[c].pod;
        self.close_by_pod(c, end.told, cal);
        self.exit_if_drained(pod, cal);
    }

    /// Whether the stream on connection `c` has been ended somewhere behind, from where the news is on its way.
    pub(in super::super) fn is_closed_behind(&self, c: u32) -> bool {
        let behind = self.tier.as_ref().and_then(|tier| tier.behind.as_ref());
        let leg = behind.and_then(|behind| {
            let model = &behind.engine.model;
            let mirror = model.connections.live(at(&behind.mirrors, c)?)?;
            Some((model, model.connections.live(at(&model.tier.as_ref()?.legs, mirror)?)?))
        });
        leg.is_some_and(|(model, leg)| model.connections[leg].pod_closed || model.is_closed_behind(leg))
    }

    /// Stream `r` begins on connection `c`: notes where its way ends.
    pub(in super::super) fn note_stream_behind(&mut self, r: u32, c: u32) {
        let behind = self.tier.as_ref().and_then(|tier| tier.behind.as_ref());
        let mirror = behind.and_then(|b| Some((b, at(&b.mirrors, c)?)));
        let whereabouts = mirror.and_then(|(behind, mirror)| behind.engine.model.whereabouts_of_stream(mirror));
        if let Some(whereabouts) = whereabouts {
            self.note_stream_at(r, whereabouts);
        }
    }

    /// Each tier counts its streams for itself.
    fn note_stream_at(&mut self, r: u32, whereabouts: Whereabouts) {
        let (identity, attempts) = (self.requests[r].identity(), self.requests[r].attempts);
        if let Some(tier) = &mut self.tier {
            put(&mut tier.last, r, Some(Whereabouts { identity, attempts, ..whereabouts }));
        }
    }
}
