//! A job comes before calm requests that are still on their way to its pod: their fates are computed anew.

use crate::engine::{NIL, SimTime};
use crate::scenario::Layer;

use super::super::world::{Cal, Observer, World};
use super::birth::{frees, served};
use super::schedule::Whose;
use super::wake::is_on_the_way;
use super::{Calm, Known};

/// Those that are on their way to a pod: when each would have been served, and its slot.
pub(super) type Coming = Vec<(SimTime, u32)>;

impl<O: Observer> World<O> {
    /// Takes those out of the schedule of `pod` that have not arrived yet, as if they had not been sent: in the order in which they will.
    pub(super) fn take_out(&mut self, pod: u32, cal: &Cal) -> Coming {
        let hop = self.pod_hop.delay;
        let Calm { pods, soon, known, waits, coming, .. } = &mut self.calm;
        let schedule = &mut pods[pod as usize];
        let mut taken = std::mem::take(coming);
        schedule.ends.retain(|&(end, whose)| match whose.slot() {
            Ok(slot) if is_on_the_way(&known[slot as usize], hop, cal) => {
                taken.push((end, slot));
                false
            }
            _ => true,
        });
        schedule.latest = SimTime::MIN;
        schedule.due = schedule.first_answer(hop);
        soon.becomes_due(pod, schedule.due);
        let arrival = |&(_, slot): &(SimTime, u32)| (known[slot as usize].arrives(hop), known[slot as usize].order);
        taken.sort_unstable_by_key(arrival);
        let waits = &mut waits[pod as usize];
        if !waits.is_empty() {
            waits.retain(|wait| taken.iter().all(|&(_, slot)| wait.comes != Some(known[slot as usize].order)));
        }
        taken
    }

    /// Puts them back behind what has come before them meanwhile. One whose fate is not sure any more becomes an ordinary request, as all
    /// do where the pod is not calm any more.
    pub(super) fn put_back(&mut self, pod: u32, is_calm: bool, mut taken: Coming, cal: &mut Cal) {
        for (end, slot) in taken.drain(..) {
            if !(is_calm && self.plan_again(pod, slot)) {
                self.calm.free.push(slot);
                self.wake(self.calm.known[slot as usize], end, cal);
            }
        }
        self.calm.coming = taken;
    }

    /// Computes the fate of the request in `slot` anew, if it can be.
    fn plan_again(&mut self, pod: u32, slot: u32) -> bool {
        let Self { calm, connections, populations, versions, pods, .. } = self;
        let known = calm.known[slot as usize];
        let Known { born, sent, ordinal, client, connection, upstream, population, .. } = known;
        let arrive = known.arrives(self.pod_hop.delay);
        let p = &mut populations[usize::from(population)];
        let schedule = &calm.pods[pod as usize];
        let version = &versions[usize::from(schedule.version)];
        let slowed = schedule.slowed.then(|| &pods[pod as usize]);
        let Some((start, end)) = served(schedule, version, slowed, p.service, ordinal, arrive) else { return false };
        let answered = end + self.pod_hop.delay;
        let over = if self.layer == Layer::L7 { answered + self.client_hop.delay } else { answered };
        if over >= born + p.patience
            || upstream != NIL && !calm.is_in_time(answered, sent, connections[upstream].opened)
        {
            return false;
        }
        let carrier = if upstream == NIL { connection } else { upstream };
        connections[carrier].pod_idle_since = end;
        frees(&mut p.clients[client as usize].available, connections, connection, over);
        calm.known[slot as usize].start = start;
        calm.schedule_at(pod, slot, arrive, end, answered);
        true
    }
}

impl Calm {
    /// Puts the request in `slot`, which arrives at `pod` at `arrive`, among what that has to do.
    #[inline(always)]
    pub(super) fn schedule_at(&mut self, pod: u32, slot: u32, arrive: SimTime, end: SimTime, answered: SimTime) {
        let schedule = &mut self.pods[pod as usize];
        schedule.latest = arrive;
        if schedule.insert(end, Whose::calm(slot)) {
            self.becomes_due(pod, answered);
        }
        let &Known { start, order, .. } = &self.known[slot as usize];
        if start > arrive {
            self.waits[pod as usize].push(super::Wait { from: arrive, until: start, comes: Some(order) });
        }
    }

    /// Layer 7: whether an answer that is with its proxy at `answered` is so before anything can happen to its connection, which was
    /// `opened` then, or the proxy has waited long enough for what it `sent` then.
    #[inline(always)]
    pub(super) const fn is_in_time(&self, answered: SimTime, sent: SimTime, opened: SimTime) -> bool {
        let answered = answered.nanos();
        answered < opened.plus(self.lives).nanos() && answered < sent.plus(self.patience).nanos()
    }
}
