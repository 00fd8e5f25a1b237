//! Time that stands still: what goes on without end within one instant is noticed, named, and ends the run.
//!
//! A scenario can ask for it: users who do not think, and are answered in no time. What the file alone tells is refused before
//! (`scenario/endless.rs`); here is what depends on the run, such as that for a moment there is nobody who would take time to
//! answer. Every circle comes by what is not a step of a request on its way: those are bounded by its retries, and arrivals by
//! their rate. So the hot loop counts nothing.

use std::collections::BTreeMap;

use crate::engine::SimTime;

use super::connection::Owner;
use super::event::Event;
use super::world::{Observer, World};

/// So many events within one instant are nothing to wonder about, whatever the fleet.
const USUAL: u64 = 1 << 21;
/// Nor are so many for each who is there: a connection is lost, opened anew, refused, has its time-outs looked at.
const A_MEMBER: u64 = 100;
/// For each attempt that a request may have.
const AN_ATTEMPT: u64 = 4;
/// A tier behind another one is patient so many times longer: what goes round mostly begins with the clients, and is best told there.
const BEHIND: u64 = 16;
/// What goes round is told from so many events.
const WATCHED: u64 = 4096;

/// Whether time goes on.
#[derive(Clone, Debug)]
pub(super) struct Standstill {
    /// The present.
    at: SimTime,
    /// Events in it so far.
    count: u64,
    /// From which one on somebody has to look.
    look_at: u64,
    /// What has been going round, once there were too many.
    seen: BTreeMap<Circle, u64>,
    /// What was found, in words.
    found: Option<String>,
}

/// What can go round; what starts others comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Circle {
    /// Users of a population.
    Users(u16),
    /// Streams of a population.
    Streams(u16),
    /// Clients of a population who open connections that nobody has asked for.
    Eager(u16),
    /// Something else.
    Other(&'static str),
}

impl Standstill {
    pub(super) const fn new(start: SimTime) -> Self {
        Self { at: start, count: 0, look_at: USUAL, seen: BTreeMap::new(), found: None }
    }

    /// Counts an event that comes `now`, and says whether time still goes on.
    #[inline]
    pub(super) fn passes(&mut self, now: SimTime) -> bool {
        if now != self.at {
            (self.at, self.count, self.look_at) = (now, 0, USUAL);
        }
        self.count += 1;
        self.count < self.look_at
    }

    /// The run is to end for another reason, in words.
    pub(super) fn give_up(&mut self, why: String) {
        self.found.get_or_insert(why);
    }

    /// What goes round without end, in words, where something does; or why else the run was given up.
    pub(super) fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }
}

impl<O: Observer> World<O> {
    /// Many events have come within one instant: where they are more than all who are there could have, what goes round is
    /// found out, and the run ended.
    #[cold]
    pub(super) fn look_whether_time_stands_still(&mut self, event: Event) {
        let most = self.most_within_an_instant();
        if self.standstill.count < most {
            self.standstill.look_at = most;
            return;
        }
        if self.standstill.count == most {
            self.standstill.seen.clear();
        }
        let circle = self.circle_of(event);
        *self.standstill.seen.entry(circle).or_default() += 1;
        if self.standstill.count < most + WATCHED {
            return;
        }
        let Standstill { at, count, ref seen, .. } = self.standstill;
        // Users, streams and eager clients are those who begin anew; whatever else is seen beside them follows from it.
        let starts = seen.keys().find(|circle| !matches!(circle, Circle::Other(_)));
        let most_often = || seen.iter().max_by_key(|&(_, times)| times).map(|(circle, _)| circle);
        if let Some(&circle) = starts.or_else(most_often) {
            self.standstill.found =
                Some(format!("at {at} time stands still, after {count} events: {}", self.words(circle)));
        }
        self.ended = true;
    }

    /// Events that can come within one instant and still have an end: so many for each client, stream, pod, and proxy's view
    /// of a pod, and each attempt that a request may have.
    fn most_within_an_instant(&self) -> u64 {
        let members: usize = self.populations.iter().map(|p| p.clients.len() + p.streams.len()).sum();
        let members = members + self.pods.len() * (1 + self.proxies.len());
        let of_clients = self.populations.iter().map(|p| p.config.retries.attempts).max().unwrap_or(0);
        let attempts = (1 + u64::from(of_clients)) * (1 + u64::from(self.balancer.retries.attempts));
        let patience = if self.has_tier_before() { BEHIND } else { 1 };
        patience * (USUAL + members as u64 * (A_MEMBER + AN_ATTEMPT * attempts))
    }

    fn circle_of(&self, event: Event) -> Circle {
        match event {
            Event::Thought { population, .. } => Circle::Users(population),
            Event::StreamOpens { population, .. } => Circle::Streams(population),
            Event::OpenNow(connection) => match self.connections.live(connection).map(|c| self.connections[c].owner) {
                Some(Owner::Client { population, .. }) => Circle::Eager(population),
                _ => Circle::Other("connections are opened"),
            },
            Event::Pod { .. } => Circle::Other("pods start and end"),
            Event::Rollout(_) | Event::Action(_) | Event::Autoscaler(_) => {
                Circle::Other("controllers answer each other")
            }
            Event::Node(_) => Circle::Other("nodes come and go"),
            Event::HealthCheck { .. } | Event::HealthTimeout { .. } => Circle::Other("proxies check pods"),
            Event::Resolve(_) => Circle::Other("proxies ask their name server"),
            Event::RetryDue(_) | Event::ProxyRetryDue(_) => Circle::Other("requests are tried again"),
            _ => Circle::Other("connections are opened and closed"),
        }
    }

    fn words(&self, circle: Circle) -> String {
        let path = |population: u16| format!("clients.{}", self.populations[usize::from(population)].config.name);
        match circle {
            Circle::Users(population) => {
                let path = path(population);
                format!(
                    "users of `{path}` do not think and are told in no time, again and again; \
                     give `{path}.users.thinkTime` or `network.client` some time"
                )
            }
            Circle::Streams(population) => {
                let path = path(population);
                format!(
                    "streams of `{path}` end when they begin, and are opened anew; \
                     give `{path}.streams.duration` or `{path}.reconnect.backoff.base` some time"
                )
            }
            Circle::Eager(population) => {
                let path = path(population);
                format!(
                    "connections of `{path}` are ended when they stand, and opened anew; \
                     give `{path}.reconnect.backoff.base` or `network.client` some time"
                )
            }
            Circle::Other(what) => format!("{what}, again and again, and nothing of it takes any time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{End, simulate};
    use super::*;
    use crate::fleet::fact::Fact;
    use crate::scenario::Scenario;

    struct Deaf;

    impl Observer for Deaf {
        fn observe(&mut self, _: SimTime, _: Fact) {}
    }

    fn end(text: &str) -> End {
        let scenario = Scenario::from_yaml(text).unwrap_or_else(|d| panic!("{}", d[0]));
        simulate(&scenario, 1, 0, Deaf).1
    }

    /// Answered after 10 ms as long as there is somebody; between the last old pod and the first new one there is nobody.
    const NOBODY_FOR_A_WHILE: &str = "
workload: {replicas: 2, strategy: {type: Recreate}}
pod: {startup: 3s, serviceTime: 10ms, readinessProbe: none}
network: {latency: 0s, client: 0s}
clients: [{name: web, users: {count: 3, thinkTime: 0s}}]
deploy: {at: 2s}
observe: {warmup: 1s, after: 1s}
";

    #[test]
    fn users_who_are_told_in_no_time_are_noticed_and_named() {
        let End { at, stood_still } = end(NOBODY_FOR_A_WHILE);
        let said = stood_still.expect("nothing is told after it");
        assert!(at > SimTime::ZERO && said.contains("users of `clients.web` do not think"), "{at}: {said}");
    }

    #[test]
    fn users_who_need_a_moment_go_on_to_the_end() {
        let moment = NOBODY_FOR_A_WHILE.replace("client: 0s", "client: 1ms");
        assert_eq!(end(&moment).stood_still, None);
        let often_none = "{distribution: mixture, of: [[0.99, 0s], [0.01, 1s]]}";
        let pauses = NOBODY_FOR_A_WHILE.replace("thinkTime: 0s", &format!("thinkTime: {often_none}"));
        assert_eq!(end(&pauses).stood_still, None);
    }

    #[test]
    fn streams_that_hardly_ever_last_are_named() {
        let text = "
workload: {replicas: 2}
pod: {serviceTime: 10ms}
network: {latency: 0s, client: 0s}
handshake: {time: 0s}
clients: [{name: feed, streams: {count: 3, duration: {distribution: mixture, of: [[1, 0s], [0.000000001, 1s]]}}}]
deploy: none
observe: {warmup: 1s, for: 1s}
";
        let said = end(text).stood_still.expect("they end when they begin");
        assert!(said.contains("streams of `clients.feed`"), "{said}");
    }

    #[test]
    fn a_tier_in_which_time_stands_still_ends_all_of_them_and_the_users_are_named() {
        let tiers = "loadBalancer: [{name: edge, layer: 7}, {name: inner, layer: 7}]";
        let said = end(&format!("{NOBODY_FOR_A_WHILE}{tiers}\n")).stood_still.expect("nothing is told after it");
        assert!(said.contains("users of `clients.web`"), "{said}");
    }
}
