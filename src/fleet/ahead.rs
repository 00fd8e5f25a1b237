//! Who asks next: what their requests will need is asked for together, so that it is there by then.
//!
//! Among many clients, connections and pods each request would wait for memory a dozen times, one wait after the other. Those of
//! [`BATCH`] requests to come are waited for at once instead: each pass looks at what the one before has found, for all of them.
//! Nothing but time depends on it: what has changed meanwhile is looked up again.

use std::hint::black_box;

use crate::engine::{NIL, SimTime};
use crate::scenario::{ClientAssignment, Layer};

use super::balancer::power_of_two::PowerOfTwo;
use super::pick::Pick;
use super::world::{Observer, World};

/// Requests that are looked ahead for.
const BATCH: usize = 32;
/// So many clients do not stay in a core's own cache, nor do so many pods.
const FAR_CLIENTS: usize = 1 << 13;
const FAR_PODS: usize = 1 << 11;

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
        let clients: [u32; BATCH] = std::array::from_fn(|i| p.client_of(ordinal + i as u64));
        p.ahead = Some(Ahead { clients, next: 0 });
        let p = &self.populations[usize::from(population)];
        let tails = pass(&clients, |_, client| p.clients[client as usize].available.tail());
        // The one that is free may stand before others that will be.
        let before = pass(&tails, |_, c| self.before_unless_free(c, now));
        let pods = match self.layer {
            Layer::L4 => [pass(&tails, |_, c| self.ask_for(c)), [NIL; BATCH]],
            Layer::L7 if self.pods.len() >= FAR_PODS => self.may_pick(population, &clients, ordinal),
            Layer::L7 => [[NIL; BATCH]; 2],
        };
        let first = pass(&before, |_, c| self.before_unless_free(c, now));
        if self.pods.len() >= FAR_PODS {
            let proxies = clients.map(|client| p.clients[client as usize].proxy);
            for pods in &pods {
                self.ask_for_pods(&proxies, pods, now);
            }
        }
        pass(&first, |_, c| black_box(self.connections[c].available.prev()));
    }

    /// The connection before `c` among a client's available ones, unless `c` itself is free by `now`.
    #[inline(always)]
    fn before_unless_free(&self, c: u32, now: SimTime) -> u32 {
        let connection = &self.connections[c];
        // A record lies in two lines.
        black_box(connection.carried);
        if connection.idle_since <= now { NIL } else { connection.available.prev() }
    }

    /// What these pods do, and the connections that these proxies would use next, and get the next answers on.
    fn ask_for_pods(&self, proxies: &[u16; BATCH], pods: &[u32; BATCH], now: SimTime) {
        let next = pass(pods, |_, pod| self.calm.next_of(pod));
        let second = pass(pods, |_, pod| self.calm.second_of(pod, now));
        if self.layer == Layer::L7 {
            let idle = pass(pods, |i, pod| self.links[self.link(proxies[i], pod)].idle.last().copied().unwrap_or(NIL));
            pass(&idle, |_, c| self.ask_for(c));
        }
        for ends in [next, second] {
            let answered = pass(&ends, |_, slot| self.calm.answered_on(slot));
            pass(&answered, |_, c| self.ask_for(c));
        }
    }

    /// The pods of which these requests, from number `ordinal` on, would go to one each.
    fn may_pick(&self, population: u16, clients: &[u32; BATCH], ordinal: u64) -> [[u32; BATCH]; 2] {
        let p = &self.populations[usize::from(population)];
        let mut second = [NIL; BATCH];
        let first = pass(clients, |i, client| {
            let process = &self.proxies[usize::from(p.clients[client as usize].proxy)].process;
            let n = process.table.len() as u32;
            if !process.power_of_two || n < 2 {
                return NIL;
            }
            let pick = Pick::first(population, client, ordinal + i as u64);
            let (a, b) = PowerOfTwo::two_of(n, &mut pick.draw(p.balance));
            second[i] = process.table.pod(b);
            process.table.pod(a)
        });
        [first, second]
    }

    /// What a request looks at on connection `c` to a pod: which one that is.
    #[inline(always)]
    fn ask_for(&self, c: u32) -> u32 {
        let connection = &self.connections[c];
        black_box(connection.opened);
        connection.pod
    }
}

/// What `look` finds for each of those that there are.
#[inline(always)]
fn pass(of: &[u32; BATCH], mut look: impl FnMut(usize, u32) -> u32) -> [u32; BATCH] {
    let mut found = [NIL; BATCH];
    for (i, (found, &of)) in found.iter_mut().zip(of).enumerate() {
        if of != NIL {
            *found = look(i, of);
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
