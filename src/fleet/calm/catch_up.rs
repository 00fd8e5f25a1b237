//! Catching up with calm requests: their answers have come back meanwhile.

use crate::engine::{NIL, SimTime};
use crate::scenario::Layer;

use super::super::event::Event;
use super::super::fact::{CalmEnd, PodId, ProxyId};
use super::super::levels::SAMPLE;
use super::super::request::identity;
use super::super::world::{Cal, Observer, World};
use super::{Known, Wait};

impl<O: Observer> World<O> {
    /// Brings all up to date with the calm requests whose answers have come from `pod` by `now`, this moment included.
    #[inline(always)]
    pub(in super::super) fn catch_up(&mut self, pod: u32, now: SimTime) {
        if !O::IN_ORDER && self.calm.pods[pod as usize].due <= now {
            self.catch_up_due(pod, now);
        }
    }

    /// The same of the pods that `event` may be about.
    pub(in super::super) fn catch_up_with(&mut self, event: Event, now: SimTime) {
        match event {
            // About one connection, and so about its pod at most.
            Event::Syn(c)
            | Event::Connected(c)
            | Event::ConnectRefused(c)
            | Event::ConnectTimeout(c)
            | Event::PeerClosed(c)
            | Event::OwnerClosed(c)
            | Event::OpenNow(c)
            | Event::IdleOver { connection: c, .. } => {
                let pod = self.connections.live(c).map_or(NIL, |c| self.connections[c].pod);
                if pod != NIL {
                    self.catch_up(pod, now);
                }
            }
            // About a client, which asks its proxy, or gives up: a pick, and whoever sends to a pod, catches up by itself.
            Event::Thought { .. }
            | Event::RetryDue(_)
            | Event::ProxyRetryDue(_)
            | Event::DeadlineLook(_)
            | Event::Deadline { .. } => {}
            _ => self.catch_up_all(now),
        }
    }

    /// The same of all pods.
    pub(in super::super) fn catch_up_all(&mut self, now: SimTime) {
        if self.calm.is_idle() {
            return;
        }
        if self.calm.soon.is_kept() {
            return self.catch_up_soon(now);
        }
        for pod in 0..self.calm.pods.len() as u32 {
            self.catch_up(pod, now);
        }
    }

    fn catch_up_due(&mut self, pod: u32, now: SimTime) {
        // Within an end at this moment those of pods with higher numbers have not come yet; answers that take a hop have, before all ends.
        let to_come = pod >= self.calm.ends_from && self.pod_hop.is_instant();
        let now = if to_come { SimTime::from_nanos(now.nanos() - 1) } else { now };
        loop {
            let schedule = &mut self.calm.pods[pod as usize];
            let Some(&(end, whose)) = schedule.ends.last() else {
                schedule.due = SimTime::MAX;
                return;
            };
            let answered = end.plus(self.pod_hop.delay);
            if answered > now {
                schedule.due = answered;
                return;
            }
            // A job's end is an event, which takes it out.
            let Ok(slot) = whose.slot() else {
                schedule.due = SimTime::MAX;
                return;
            };
            schedule.ends.pop();
            self.answered(slot, answered, now);
        }
    }

    /// The answer to a calm request is with whoever sent it to the pod.
    #[inline(always)]
    fn answered(&mut self, slot: u32, at: SimTime, now: SimTime) {
        let known = &self.calm.known[slot as usize];
        let &Known { sent, upstream, pod, proxy, .. } = known;
        if self.layer == Layer::L4 {
            return self.over(slot, at);
        }
        let link = self.link(proxy, pod);
        let link = &mut self.links[link];
        self.proxies[usize::from(proxy)].process.table.ends(link.position, at);
        let up = &mut self.connections[upstream];
        (up.in_use, up.idle_since) = (0, at);
        link.put_idle(upstream, &self.connections);
        if self.balancer.passive_health.max_fails > 0 {
            self.forgive_by(None, proxy, pod, sent);
        }
        let over = at.plus(self.client_hop.delay);
        if over <= now {
            self.over(slot, over);
        } else {
            self.calm.returning.push((over, slot));
        }
    }

    /// A calm request is over.
    #[inline(always)]
    fn over(&mut self, slot: u32, at: SimTime) {
        self.calm.free.push(slot);
        let known = &self.calm.known[slot as usize];
        let &Known { born, sent, ordinal, client, pod, population, proxy, .. } = known;
        let end = CalmEnd {
            born,
            sent,
            identity: identity(population, ordinal),
            pod: PodId(pod),
            proxy: ProxyId(u32::from(proxy)),
            client,
        };
        self.count_end(born, at);
        self.observer.end_calmly(at, end);
    }

    /// Observers are told before each whole multiple of the samples' period what has ended before that.
    #[inline(always)]
    pub(in super::super) fn keep_step(&mut self, now: SimTime) {
        if !O::IN_ORDER && now >= self.calm.tick {
            self.pass_ticks(now);
        }
    }

    #[cold]
    #[inline(never)]
    fn pass_ticks(&mut self, now: SimTime) {
        while self.calm.tick <= now {
            let before = SimTime::from_nanos(self.calm.tick.nanos() - 1);
            self.catch_up_all(before);
            self.tell_returned(before);
            let period = SAMPLE.nanos() as i64;
            let next = self.calm.tick.nanos().div_euclid(period) * period + period;
            self.calm.tick = SimTime::from_nanos(next);
        }
    }

    /// Answers that are with their clients by `now` end their requests.
    pub(super) fn tell_returned(&mut self, now: SimTime) {
        let mut at = 0;
        while let Some(&(over, slot)) = self.calm.returning.get(at) {
            if over <= now {
                self.calm.returning.swap_remove(at);
                self.over(slot, over);
            } else {
                at += 1;
            }
        }
    }

    /// All that has ended until now is told.
    pub(in super::super) fn catch_up_and_tell(&mut self, now: SimTime) {
        if O::IN_ORDER {
            return;
        }
        self.keep_step(now);
        self.catch_up_all(now);
        self.tell_returned(now);
    }

    /// Calm requests that wait for a worker.
    pub(in super::super) fn calm_waits(&mut self, cal: &Cal) -> u32 {
        if self.calm.is_idle() {
            return 0;
        }
        let (now, hop) = (cal.now(), self.pod_hop);
        let has_come = |wait: &Wait| hop.is_instant() || wait.comes.is_none_or(|ticket| cal.has_come(ticket));
        let waits = |wait: &&Wait| wait.from < now || wait.from == now && has_come(wait);
        let mut count = 0;
        for (pod, of_pod) in (0..).zip(&mut self.calm.waits) {
            let just_over = pod < self.calm.ends_from;
            of_pod.retain(|wait| wait.until > now || (wait.until == now && !just_over));
            count += of_pod.iter().filter(waits).count();
        }
        count as u32
    }

    /// When those calm requests were born that are still under way.
    pub(in super::super) fn calm_births(&self) -> impl Iterator<Item = SimTime> {
        self.all_known().map(|known| known.born).chain(self.young().map(|young| young.born))
    }

    /// And whose they are.
    pub(in super::super) fn calm_populations(&self) -> impl Iterator<Item = u16> {
        self.all_known().map(|known| known.population).chain(self.young().map(|young| young.population))
    }

    fn all_known(&self) -> impl Iterator<Item = &Known> {
        let at_pods = self.calm.pods.iter().flat_map(|pod| &pod.ends).filter_map(|(_, whose)| whose.slot().ok());
        let returning = self.calm.returning.iter().map(|&(_, slot)| slot);
        at_pods.chain(returning).map(|slot| &self.calm.known[slot as usize])
    }
}
