//! How late a proxy learns: a delay shared by all, one of its own, the control plane's batches, and its order.

use crate::engine::{Dur, Purpose, SimTime, Stream, Streams};
use crate::scenario::{Layer, Membership, Propagation, PropagationOrder};

use super::balancer::Host;
use super::event::Event;
use super::fact::{Fact, PodId, ProxyId};
use super::process::{Process, Proxy};
use super::snapshots::Snapshots;
use super::world::{Cal, Observer, World};

/// What sits between the pods' state and the proxies' tables.
#[derive(Clone, Debug)]
pub(super) struct ControlPlane {
    config: Propagation,
    /// A moment at which it commits; then every `batch`.
    tick: SimTime,
    /// What is on its way, where it tells the state instead of single changes.
    snapshots: Snapshots,
    /// Removals that have not reached every proxy.
    removals: u32,
    /// Additions that wait for them (`removeThenAdd`).
    held: Vec<u32>,
    /// Additions that were on their way to a proxy when a removal began (`removeThenAdd`).
    halted: Vec<(u16, u32)>,
}

impl ControlPlane {
    pub(super) fn new(config: &Propagation, streams: Streams) -> Self {
        Self {
            config: config.clone(),
            tick: first_tick(config, streams),
            snapshots: Snapshots::default(),
            removals: 0,
            held: Vec::new(),
            halted: Vec::new(),
        }
    }

    /// From now on it is as late as `config` says; what is under way stays under way.
    pub(super) fn retarget(&mut self, config: &Propagation, streams: Streams) {
        self.config.clone_from(config);
        self.tick = first_tick(config, streams);
    }

    /// When the control plane commits a change that is made `now`, by itself.
    fn committed(&self, now: SimTime, mut draw: Stream, ordinal: u64) -> SimTime {
        self.commit(now + self.config.shared.sample(&mut draw, ordinal))
    }

    /// The same of one that may be committed with others.
    pub(super) fn takes(&mut self, now: SimTime, draw: Stream, ordinal: u64) -> SimTime {
        let own = self.committed(now, draw, ordinal);
        if self.config.snapshots { self.snapshots.committed(now, own) } else { own }
    }

    /// When proxy `of` acts on an addition (`routed`) or a removal that was, or will be, `committed`.
    pub(super) fn reaches(
        &mut self,
        of: u16,
        routed: bool,
        committed: SimTime,
        mut draw: Stream,
        ordinal: u64,
    ) -> SimTime {
        let dist = if routed { &self.config.add } else { &self.config.remove };
        let own = committed + dist.of(of).sample(&mut draw, ordinal);
        if self.config.snapshots { self.snapshots.heard(of, committed, own) } else { own }
    }

    /// The first moment from `at` on at which the control plane commits.
    fn commit(&self, at: SimTime) -> SimTime {
        let batch = self.config.batch.nanos() as i64;
        if batch == 0 {
            return at;
        }
        let late = (at.nanos() - self.tick.nanos()).rem_euclid(batch);
        at + Dur::from_nanos(((batch - late) % batch) as u64)
    }
}

/// A moment at which the control plane commits: its phase is chance.
fn first_tick(config: &Propagation, streams: Streams) -> SimTime {
    SimTime::ZERO + config.batch.scale(streams.stream(Purpose::BatchPhase, 0).open01())
}

/// A change of which proxies hear: which draws are its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    identity: u64,
    ordinal: u64,
}

impl<O: Observer> World<O> {
    /// Tells every proxy that `pod` is, or is no longer, to be sent requests; returns when the last one will act on it.
    pub(super) fn propagate(&mut self, pod: u32, routed: bool, cal: &mut Cal) -> SimTime {
        let change = self.change(pod);
        self.propagate_as(change, pod, routed, cal)
    }

    /// The next change about `pod`.
    pub(super) fn change(&mut self, pod: u32) -> Change {
        let p = &mut self.pods[pod as usize];
        p.changes += 1;
        Change { identity: (p.identity() << 8) ^ u64::from(p.changes), ordinal: u64::from(p.ordinal) }
    }

    /// Whether additions wait for removals.
    pub(super) fn removes_first(&self) -> bool {
        self.control_plane.config.order == PropagationOrder::RemoveThenAdd
    }

    /// The same where it is part of `change`, which may be about other pods, too: whoever hears of a part hears of all.
    pub(super) fn propagate_as(&mut self, change: Change, pod: u32, routed: bool, cal: &mut Cal) -> SimTime {
        if routed && self.removes_first() && self.control_plane.removals > 0 {
            self.control_plane.held.push(pod);
            return cal.now();
        }
        if !routed {
            self.control_plane.held.retain(|&p| p != pod);
        }
        let mut last = cal.now();
        for (proxy, at) in self.deliveries(change, pod, routed, cal) {
            last = last.max(at);
            self.control_plane.removals += u32::from(!routed);
            cal.at(at, Event::Table { proxy, pod, routed });
        }
        last
    }

    /// When each proxy hears of `change` as far as it is about `pod`.
    pub(super) fn deliveries(&mut self, change: Change, pod: u32, routed: bool, cal: &Cal) -> Vec<(u16, SimTime)> {
        let Change { identity, ordinal } = change;
        let draw = self.streams.stream(Purpose::PropagationShared, identity);
        let committed = self.control_plane.takes(cal.now(), draw, ordinal);
        let own = self.streams.family(Purpose::PropagationOwn, identity);
        let mut deliveries = Vec::with_capacity(self.proxies.len());
        for proxy in 0..self.proxies.len() as u16 {
            if O::TIERED && self.is_away(proxy) {
                continue;
            }
            // Its workers hear of it in one moment.
            let of = proxy / self.balancer.workers as u16;
            let heard = self.control_plane.reaches(of, routed, committed, own.stream(u64::from(of)), ordinal);
            let link = self.link(proxy, pod);
            let l = &mut self.links[link];
            // A later change never overtakes an earlier one about the same pod.
            let at = heard.max(l.last_delivery).max(cal.now());
            l.last_delivery = at;
            deliveries.push((proxy, at));
        }
        deliveries
    }

    /// A proxy acts on a change.
    pub(super) fn on_table(&mut self, proxy: u16, pod: u32, routed: bool, cal: &mut Cal) {
        let plane = &mut self.control_plane;
        if routed && plane.removals > 0 && plane.config.order == PropagationOrder::RemoveThenAdd {
            plane.halted.push((proxy, pod));
            return;
        }
        match self.balancer.membership {
            _ if O::TIERED && self.is_away(proxy) => {}
            _ if self.balancer.resolve.is_some() => {
                self.proxies[usize::from(proxy)].unresolved.push((cal.now(), pod, routed));
            }
            Membership::Reload if self.layer == Layer::L7 => self.want_reload(proxy, Some((pod, routed)), cal),
            Membership::Api | Membership::Reload => self.change_table(proxy, pod, routed, cal),
        }
        let told = &mut self.pods[pod as usize].told;
        *told = if routed { *told + 1 } else { told.saturating_sub(1) };
        if routed {
            self.gate_opens(pod, cal);
        }
        if !routed {
            self.control_plane.removals -= 1;
            if self.control_plane.removals == 0 {
                for (proxy, halted) in std::mem::take(&mut self.control_plane.halted) {
                    // One whose pod has gone meanwhile was overtaken by its removal.
                    if self.pods[halted as usize].phase.is_ready() {
                        self.on_table(proxy, halted, true, cal);
                    }
                }
                for held in std::mem::take(&mut self.control_plane.held) {
                    self.propagate(held, true, cal);
                }
            }
        }
    }

    /// `pod` enters the table of `proxy`, or leaves it.
    pub(super) fn change_table(&mut self, proxy: u16, pod: u32, routed: bool, cal: &mut Cal) {
        let present = self.links[self.link(proxy, pod)].position != crate::engine::NIL;
        if present && self.is_kept_though_removed(proxy, pod, routed) {
            return;
        }
        if routed == present {
            return;
        }
        if routed {
            self.enter_table(proxy, pod, cal.now(), cal);
        } else {
            self.leave_table(proxy, pod, cal);
            self.perhaps_keep_to_fall_back(proxy, pod);
        }
        self.release_ejections(proxy, cal.now());
        self.table_changed(proxy);
        self.tell(cal, Fact::Table { proxy: ProxyId(u32::from(proxy)), pod: PodId(pod), routed });
        let ready = self.pods[pod as usize].phase.is_ready();
        self.pod_levels_changed(pod, ready, cal);
    }

    pub(super) fn enter_table(&mut self, proxy: u16, pod: u32, added: SimTime, cal: &mut Cal) {
        let (revision, zone) = (self.pods[pod as usize].revision, self.zone_of(pod));
        let table = &mut self.proxies[usize::from(proxy)].process.table;
        let position = table.len() as u32;
        table.push(Host { revision, zone, ..Host::new(pod, added) });
        let link = self.link(proxy, pod);
        self.links[link].position = position;
        self.links[link].passed = 0;
        self.pods[pod as usize].routed_by += 1;
        if let Some(health) = self.balancer.active_health
            && !std::mem::replace(&mut self.links[link].checked, true)
        {
            let phase = self.first_check(proxy, pod, added, &health);
            cal.at(cal.now() + phase, Event::HealthCheck { proxy, pod });
        }
    }

    fn leave_table(&mut self, proxy: u16, pod: u32, cal: &mut Cal) {
        self.disturb(pod, cal);
        self.pods[pod as usize].left_a_table = true;
        let link = self.link(proxy, pod);
        let position = std::mem::replace(&mut self.links[link].position, crate::engine::NIL);
        self.links[link].removed = cal.now();
        let proxies = self.proxies.len();
        let table = &mut self.proxies[usize::from(proxy)].process.table;
        table.remove(position as usize);
        for (i, host) in table.iter().enumerate().skip(position as usize) {
            self.links[host.pod as usize * proxies + usize::from(proxy)].position = i as u32;
        }
        self.pods[pod as usize].routed_by -= 1;
        if self.layer == Layer::L7 {
            self.drop_idle(proxy, pod, cal);
        }
        let delay = self.balancer.deregistration_delay;
        cal.at(cal.now() + delay, Event::DeregistrationOver { proxy, pod });
    }

    /// The algorithm of `proxy` sees its table anew.
    pub(super) fn table_changed(&mut self, proxy: u16) {
        let Proxy { process: Process { table, algorithm, .. }, .. } = &mut self.proxies[usize::from(proxy)];
        algorithm.table_changed(table);
        self.router_sees_table(proxy);
    }
}
