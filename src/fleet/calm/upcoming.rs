//! Who reaches a proxy next: what those requests will need is asked for together, as for those that are born next.

use std::hint::black_box;

use crate::engine::{NIL, SimTime};

use super::super::ahead::{Asks, BATCH, pass};
use super::super::world::{Observer, World};
use super::Coming;

/// For fewer it does not pay.
const FEW: usize = 8;
/// Where it does not pay at all that is looked at again so many requests later: pods may have become more.
const LATER: u32 = 1 << 12;

impl<O: Observer> World<O> {
    /// Looks ahead where the next one was not seen before.
    #[inline(always)]
    pub(super) fn look_at_upcoming(&mut self, now: SimTime) {
        if self.calm.seen == 0 {
            self.calm.seen = self.look_at_those_on_their_way(now);
        }
        self.calm.seen -= 1;
    }

    /// So many may come until it is time to look again.
    #[inline(never)]
    fn look_at_those_on_their_way(&self, now: SimTime) -> u32 {
        if !self.has_far_pods() {
            return LATER;
        }
        let (mut asking, mut clients, mut connections) = ([None; BATCH], [NIL; BATCH], [NIL; BATCH]);
        let mut n = 0;
        for coming in self.calm.on_the_way.iter().take(BATCH) {
            if let Coming::Young(young) = coming {
                (clients[n], connections[n]) = (young.client, young.connection);
                asking[n] = Some(Asks { population: young.population, proxy: young.proxy, ordinal: young.ordinal });
            }
            n += 1;
        }
        if n >= FEW {
            let tail = |i: usize, client| {
                let population = asking[i].map_or(0, |asks: Asks| asks.population);
                self.populations[usize::from(population)].clients[client as usize].available.tail()
            };
            let tails = pass(&clients, tail);
            let before = pass(&connections, |_, c| self.connections[c].available.prev());
            for neighbours in [&tails, &before] {
                pass(neighbours, |_, c| black_box(self.connections[c].carried));
            }
            let pods = self.may_pick(&asking);
            self.ask_for_pods(&asking, &pods, now);
        }
        n as u32
    }
}
