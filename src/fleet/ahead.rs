//! Who asks next: what their requests will need is asked for together, so that it is there by then.
//!
//! Among many clients, connections and pods each request would wait for memory a dozen times, one wait after the other. Those of
//! [`BATCH`] requests to come are waited for at once instead: each pass looks at what the one before has found, for all of them.
//! Nothing but time depends on it: what has changed meanwhile is looked up again.

use std::hint::black_box;

use crate::engine::{NIL, SimTime};
use crate::scenario::{ClientAssignment, Layer};

use super::pick::Pick;
use super::process::Process;
use super::world::{Observer, World};

/// Requests that are looked ahead for.
pub(super) const BATCH: usize = 32;
/// So many clients do not stay in a core's own cache, nor do so many pods with so many connections.
const FAR_CLIENTS: usize = 1 << 13;
const FAR_PODS: usize = 1 << 11;
const FAR_CONNECTIONS: u32 = 1 << 16;

/// Whose the next requests of a population are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead {
    clients: [u32; BATCH],
    /// The first of them that has not asked yet.
    next: usize,
}

impl Ahead {
    /// Of a population that asks so many pods, if that pays.
    pub(super) fn of(clients: usize, assignment: ClientAssignment, pods: u32) -> Option<Self> {
        let far = clients >= FAR_CLIENTS || pods as usize >= FAR_PODS;
        (far && assignment == ClientAssignment::Random).then_some(Self { clients: [0; BATCH], next: BATCH })
    }

    /// Whose the next request is.
    #[inline(always)]
    pub(super) fn next(&mut self) -> u32 {
        self.next += 1;
        self.clients[(self.next - 1) % BATCH]
    }
}

/// A request for which a pod is picked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asks {
    pub(super) population: u16,
    pub(super) proxy: u16,
    pub(super) ordinal: u64,
}

impl<O: Observer> World<O> {
    /// Looks ahead where nobody is left who was seen before.
    #[inline(always)]
    pub(super) fn look_ahead_in_time(&mut self, population: u16, now: SimTime) {
        if let Some(ahead) = &self.populations[usize::from(population)].ahead
            && ahead.next == BATCH
        {
            self.look_ahead(population, now);
        }
    }

    #[inline(never)]
    fn look_ahead(&mut self, population: u16, now: SimTime) {
        let p = &mut self.populations[usize::from(population)];
        let ordinal = p.ordinal;
        let mut clients = [NIL; BATCH];
        for (i, client) in clients.iter_mut().enumerate() {
            *client = p.client_of(ordinal + i as u64);
        }
        p.ahead = Some(Ahead { clients, next: 0 });
        let p = &self.populations[usize::from(population)];
        let tails = pass(&clients, |_, client| p.clients[client as usize].available.tail());
        // The one that is free may stand before others that will be.
        let before = pass(&tails, |_, c| self.before_unless_free(c, now));
        let mut asking = [None; BATCH];
        let pods = match self.layer {
            Layer::L4 => [pass(&tails, |_, c| self.ask_for(c)), [NIL; BATCH]],
            // Of those that have a way to go it is asked when they are about to come.
            Layer::L7 if self.has_far_pods() && self.client_hop.is_instant() => {
                for (i, &client) in clients.iter().enumerate() {
                    let proxy = p.clients[client as usize].proxy;
                    asking[i] = Some(Asks { population, proxy, ordinal: ordinal + i as u64 });
                }
                self.may_pick(&asking)
            }
            Layer::L7 => [[NIL; BATCH]; 2],
        };
        let first = pass(&before, |_, c| self.before_unless_free(c, now));
        if self.has_far_pods() {
            self.ask_for_pods(&asking, &pods, now);
        }
        pass(&first, |_, c| black_box(self.connections[c].available.prev()));
    }

    /// Whether what is known of pods does not stay in a core's own cache.
    pub(super) fn has_far_pods(&self) -> bool {
        self.pods.len() >= FAR_PODS && self.connections.capacity() >= FAR_CONNECTIONS
    }

    /// The connection before `c` among a client's available ones, unless `c` itself is free by `now`.
    #[inline(always)]
    fn before_unless_free(&self, c: u32, now: SimTime) -> u32 {
        let connection = &self.connections[c];
        if connection.idle_since <= now { NIL } else { connection.available.prev() }
    }

    /// What these pods do, and the connections that these proxies would use next, and get the next answers on.
    pub(super) fn ask_for_pods(&self, asking: &[Option<Asks>; BATCH], pods: &[[u32; BATCH]; 2], now: SimTime) {
        for pods in pods.iter().filter(|pods| **pods != [NIL; BATCH]) {
            self.ask_for_some_pods(asking, pods, now);
        }
    }

    fn ask_for_some_pods(&self, asking: &[Option<Asks>; BATCH], pods: &[u32; BATCH], now: SimTime) {
        let next = pass(pods, |_, pod| self.calm.next_of(pod));
        let second = pass(pods, |_, pod| self.calm.second_of(pod, now));
        if self.layer == Layer::L7 {
            let idle = pass(pods, |i, pod| {
                let proxy = asking[i].map_or(0, |asks| asks.proxy);
                self.links[self.link(proxy, pod)].idle.last().copied().unwrap_or(NIL)
            });
            pass(&idle, |_, c| self.ask_for(c));
        }
        for ends in [next, second] {
            let answered = pass(&ends, |_, slot| self.calm.answered_on(slot));
            pass(&answered, |_, c| self.ask_for(c));
        }
    }

    /// The pods of which these requests would go to one each.
    pub(super) fn may_pick(&self, asking: &[Option<Asks>; BATCH]) -> [[u32; BATCH]; 2] {
        let mut pods = [[NIL; BATCH]; 2];
        for (i, &asks) in asking.iter().enumerate() {
            let Some(Asks { population, proxy, ordinal }) = asks else { continue };
            let Process { table, algorithm, choices, .. } = &self.proxies[usize::from(proxy)].process;
            let n = table.len() as u32;
            let (family, lot) = (self.populations[usize::from(population)].balance, Pick::lot(ordinal, 1));
            if let Some(choices) = choices
                && n > 1
            {
                let (a, b) = choices.of(n, &mut family.stream(lot));
                [pods[0][i], pods[1][i]] = [table.pod(a), table.pod(b)];
            } else {
                let before = asking[..i].iter().filter(|other| other.is_some_and(|other| other.proxy == proxy));
                let at = algorithm.upcoming(before.count() as u32, n, family, lot);
                pods[0][i] = at.map_or(NIL, |at| table.pod(at));
            }
        }
        pods
    }

    /// What a request looks at on connection `c` to a pod: which one that is.
    #[inline(always)]
    fn ask_for(&self, c: u32) -> u32 {
        black_box(self.connections[c].pod)
    }
}

/// What `look` finds for each of those that there are.
#[inline(always)]
pub(super) fn pass(of: &[u32; BATCH], mut look: impl FnMut(usize, u32) -> u32) -> [u32; BATCH] {
    let mut found = [NIL; BATCH];
    // By number: where the crate is not optimised as a whole, adaptors of iterators are calls here.
    for i in 0..BATCH {
        if of[i] != NIL {
            found[i] = look(i, of[i]);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Streams;
    use crate::fleet::fact::Fact;
    use crate::scenario::Scenario;

    #[derive(Clone)]
    struct Nobody;

    impl Observer for Nobody {
        fn observe(&mut self, _: SimTime, _: Fact) {}
    }

    #[test]
    fn the_same_clients_ask_with_and_without_a_look_ahead() {
        let yaml = |replicas: usize, connections: usize| {
            format!(
                "workload: {{replicas: {replicas}}}\nclients: [{{name: a, rate: 1/s, connections: {connections}}}]\ndeploy: none"
            )
        };
        for (replicas, connections) in [(2, FAR_CLIENTS), (FAR_PODS, 10)] {
            let scenario = Scenario::from_yaml(&yaml(replicas, connections)).expect("a valid scenario");
            let (mut engine, _) = World::new(&scenario, Streams::new(1, 0), Nobody, None);
            let world = &mut engine.model;
            assert!(world.populations[0].ahead.is_some());
            for ordinal in 0..5 * BATCH as u64 {
                world.look_ahead_in_time(0, SimTime::ZERO);
                let expected = world.populations[0].client_of(ordinal);
                assert_eq!(world.populations[0].next_request(), (expected, ordinal));
            }
        }
    }
}
