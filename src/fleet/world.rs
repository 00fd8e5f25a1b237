//! The whole fleet.

use std::collections::BTreeMap;

use crate::engine::{Arena, Calendar, Dur, Engine, Lane, List, Place, Purpose, Reserved, SimTime, Single, Streams};
use crate::scenario::{self, Handshake, Layer, Load, Reuse, Scenario, Sharing};

use super::addresses::Addresses;
use super::affinity::Bindings;
use super::calm::Calm;
use super::circuit::Circuits;
use super::connections::Connections;
use super::control::Control;
use super::deadline::Deadlines;
use super::dependency::Dependency;
use super::event::{Event, PodTimer};
use super::fact::{CalmEnd, Fact};
use super::idle::IdleTimers;
use super::levels::LevelMeter;
use super::link::Link;
use super::node::Cluster;
use super::pod::Pod;
use super::population::Population;
use super::process::{Proxy, ring_salt};
use super::propagation::ControlPlane;
use super::request::Request;
use super::router::Router;
use super::standstill::Standstill;
use super::tier::Tier;
use super::version::Version;

/// Who is told what happens. Facts come in order of time.
pub trait Observer {
    /// Whether the fleet is one of several tiers in series: what has to do with the others is compiled for this alone.
    const TIERED: bool = false;

    /// Whether it has to hear of everything in order of time. Otherwise the answer to a request whose fate was clear, and its end, may
    /// be told later: before anything else from the next whole multiple of 100 ms on.
    const IN_ORDER: bool = true;

    /// Takes note of one fact.
    fn observe(&mut self, now: SimTime, fact: Fact);

    /// Takes note of the two facts that the end of a calm request is: most requests of most runs.
    #[inline(always)]
    fn end_calmly(&mut self, now: SimTime, end: CalmEnd) {
        self.observe(now, Fact::Answer(200));
        self.observe(now, end.fact());
    }
}

/// Two who are told the same.
impl<A: Observer, B: Observer> Observer for (A, B) {
    const IN_ORDER: bool = A::IN_ORDER || B::IN_ORDER;

    fn observe(&mut self, now: SimTime, fact: Fact) {
        self.0.observe(now, fact);
        self.1.observe(now, fact);
    }
}

/// The calendar of a fleet.
pub(super) type Cal = Calendar<Event>;

/// Lane of the clients' hop.
const CLIENT_HOP: Lane = Lane(0);
/// Lane of the hop between proxy and pod.
const POD_HOP: Lane = Lane(1);
/// So many populations have a single each for their next arrival; more keep theirs in the wheel.
const ARRIVALS: usize = 8;

/// Places set aside for what is done to the workload; the end has the one behind them.
const ACTIONS: u64 = 1 << 32;

/// A constant hop: its delay and its lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    pub(super) delay: Dur,
    lane: Lane,
}

impl Hop {
    /// Whether it takes no time: then what crosses it need not be an event of its own.
    #[inline]
    pub(super) const fn is_instant(self) -> bool {
        self.delay.is_zero()
    }

    /// Schedules `event` one hop from now.
    #[inline]
    pub(super) fn send(self, cal: &mut Cal, event: Event) {
        cal.after(self.lane, event);
    }

    /// Schedules `event`, the end of what somebody waits for, one hop from now.
    #[inline(always)]
    pub(super) fn send_end(self, cal: &mut Cal, event: Event) {
        cal.end_after(self.lane, event);
    }
}

/// The state of one replication.
#[derive(Clone, Debug)]
pub(super) struct World<O> {
    pub(super) observer: O,
    pub(super) streams: Streams,
    /// The start of the simulation.
    pub(super) start: SimTime,
    /// The end of the discarded warm-up.
    pub(super) measured_from: SimTime,
    pub(super) layer: Layer,
    /// Client to proxy (layer 4: to pod).
    pub(super) client_hop: Hop,
    /// Whoever owns connections to pods, to the pod.
    pub(super) pod_hop: Hop,
    pub(super) handshake: Handshake,
    pub(super) requests: Arena<Request>,
    pub(super) calm: Calm,
    pub(super) connections: Connections,
    pub(super) populations: Vec<Population>,
    pub(super) proxies: Vec<Proxy>,
    /// Whether proxies' connections to pods are the plain kind: shared by all, the most recently used first, for one request
    /// at a time, never purged nor kept when their pod has been removed, and no time-out of a try.
    pub(super) plain: bool,
    /// Requests that a proxy has at a pod at most.
    pub(super) max_busy: u32,
    pub(super) control_plane: ControlPlane,
    /// What splits the traffic by weight; `None` = nothing does.
    pub(super) router: Option<Router>,
    pub(super) balancer: scenario::LoadBalancer,
    /// Old and new.
    pub(super) versions: [Version; 2],
    pub(super) pods: Vec<Pod>,
    /// The machines that they run on; `None` = no matter where.
    pub(super) cluster: Option<Cluster>,
    /// What proxy k has with pod p, at p × proxies + k.
    pub(super) links: Vec<Link>,
    /// Idle connections that carry the requests of one client's connection alone, by link and that.
    pub(super) private: BTreeMap<(u32, u32), u32>,
    /// What proxies may have at all pods together.
    pub(super) circuits: Circuits,
    /// Clients bound to pods.
    pub(super) bindings: Bindings,
    /// Addresses that clients leave alone.
    pub(super) addresses: Addresses,
    /// When the name server's cache was last filled.
    pub(super) name_cached: SimTime,
    pub(super) deadlines: Deadlines,
    pub(super) idle: IdleTimers,
    pub(super) control: Option<Control>,
    pub(super) dependency: Option<Box<Dependency>>,
    pub(super) levels: LevelMeter,
    /// Requests under way.
    pub(super) in_system: u64,
    /// The sum of the moments at which requests ended, less that of those at which they were born (ns, from the start).
    pub(super) in_system_moments: i128,
    /// The sum of the times that ended requests spent under way (ns).
    pub(super) sojourn_sum: u128,
    /// What it has to do with the tiers before and behind it, where there are any.
    pub(super) tier: Option<Box<Tier>>,
    /// When the simulation is to end; moves as the rollout settles.
    pub(super) end: SimTime,
    pub(super) standstill: Standstill,
    pub(super) ended: bool,
}

impl<O: Observer> World<O> {
    /// The fleet of `scenario` at the start of replication `replication`, warm: old pods Ready and known to all,
    /// connections spread as the balancer would, streams in the middle of their lives, nothing queued. What is done to the
    /// workload, and the end, are still to be scheduled, in the places returned.
    pub(super) fn new(
        scenario: &Scenario,
        streams: Streams,
        observer: O,
        tier: Option<Box<Tier>>,
    ) -> (Engine<Self>, Reserved) {
        let (start, end) = limits(scenario);
        let proxies = scenario.load_balancer.proxies * scenario.load_balancer.workers;
        let client_hop = Hop { delay: scenario.network.client, lane: CLIENT_HOP };
        let pod_hop = match scenario.load_balancer.layer {
            Layer::L7 => Hop { delay: scenario.network.latency, lane: POD_HOP },
            Layer::L4 => client_hop,
        };
        let world = Self {
            observer,
            streams,
            start,
            measured_from: start + scenario.observe.warmup,
            layer: scenario.load_balancer.layer,
            client_hop,
            pod_hop,
            handshake: scenario.handshake,
            requests: Arena::default(),
            calm: Calm::new(start),
            connections: Connections::default(),
            populations: Population::all(scenario, streams, start),
            proxies: (0..proxies).map(|_| Proxy::new(&scenario.load_balancer, ring_salt(streams))).collect(),
            max_busy: scenario.load_balancer.upstream.full_at(),
            plain: is_plain(&scenario.load_balancer),
            router: Router::of(scenario, proxies, ring_salt(streams)),
            control_plane: ControlPlane::new(&scenario.load_balancer.propagation, streams),
            balancer: scenario.load_balancer.clone(),
            versions: Version::both(scenario, &[]),
            pods: Vec::new(),
            cluster: Cluster::initial(scenario, streams),
            links: Vec::new(),
            private: BTreeMap::new(),
            circuits: Circuits::new(&scenario.load_balancer.upstream, proxies, scenario.load_balancer.workers),
            bindings: Bindings::default(),
            addresses: Addresses::default(),
            name_cached: SimTime::MIN,
            deadlines: Deadlines::new(scenario),
            idle: IdleTimers::new(scenario, pod_hop.delay),
            control: None,
            dependency: Dependency::new(scenario),
            levels: LevelMeter::new(scenario),
            in_system: 0,
            in_system_moments: 0,
            sojourn_sum: 0,
            tier,
            end,
            standstill: Standstill::new(start),
            ended: false,
        };
        world.begin(scenario)
    }

    /// Everything that goes on from the start.
    fn begin(mut self, scenario: &Scenario) -> (Engine<Self>, Reserved) {
        let arrivals = (0..self.populations.len().min(ARRIVALS)).map(|population| Event::Arrival(population as u16));
        let young = (!self.client_hop.delay.is_zero()).then_some(Event::Young);
        let hops = [self.client_hop.delay, self.pod_hop.delay];
        let mut cal = Cal::new(self.start, &hops, arrivals.chain(young).collect());
        self.control = self.control_of(scenario);
        self.assign_proxies();
        self.begin_calm(scenario);
        self.begin_fleet(scenario.workload.replicas, &mut cal);
        self.begin_resolvers(&mut cal);
        if !self.has_tier_before() {
            self.begin_clients(&mut cal);
        }
        let places = cal.reserve(ACTIONS + 1);
        cal.at(self.start, Event::Sample);
        (Engine { model: self, calendar: cal }, places)
    }

    /// Schedules what is done to the workload, and the end, in the places set aside for them.
    pub(super) fn begin_deploy(&mut self, places: Reserved, cal: &mut Cal) {
        self.begin_control(places, cal);
        self.begin_analysis(cal);
        self.begin_autoscaler(cal);
        cal.at_reserved(self.end, places, ACTIONS, Event::End);
    }

    /// The controllers of the deploy, where it is this fleet's.
    pub(super) fn control_of(&self, scenario: &Scenario) -> Option<Control> {
        let own = self.tier.as_ref().is_none_or(|tier| tier.controls);
        scenario.deploy.as_ref().filter(|_| own).map(|deploy| Control::new(scenario, deploy, self.streams))
    }

    /// Whether there is a deploy, of this fleet or of another tier's.
    pub(super) fn deploys(&self) -> bool {
        self.control.is_some() || (O::TIERED && self.tier.as_ref().is_some_and(|tier| tier.deploys))
    }

    /// Schedules the next arrival of `population`.
    #[inline(always)]
    pub(super) fn schedule_arrival(population: u16, at: SimTime, cal: &mut Cal) {
        let at = at.max(cal.now());
        if usize::from(population) < ARRIVALS {
            cal.once(Single(population as u8), at);
        } else {
            cal.at(at, Event::Arrival(population));
        }
    }

    /// Schedules the next arrival of `population` in a place drawn before.
    pub(super) fn schedule_arrival_at(population: u16, place: Place, cal: &mut Cal) {
        if usize::from(population) < ARRIVALS {
            cal.once_at(Single(population as u8), place);
        } else {
            cal.at_place(place, Event::Arrival(population));
        }
    }

    /// Which single is the next of those that are on their way to their proxies, behind the arrivals.
    #[inline(always)]
    pub(super) fn at_proxy_next(&self) -> Single {
        Single(self.populations.len().min(ARRIVALS) as u8)
    }

    /// Old pods that have been Ready for long, in every proxy's table.
    fn begin_fleet(&mut self, replicas: u32, cal: &mut Cal) {
        for _ in 0..replicas {
            self.add_warm_pod(cal);
        }
        for proxy in 0..self.proxies.len() as u16 {
            for pod in 0..replicas {
                self.enter_table(proxy, pod, SimTime::MIN, cal);
            }
            self.table_changed(proxy);
        }
        for pod in 0..replicas {
            self.pod_levels_changed(pod, true, cal);
        }
    }

    fn begin_clients(&mut self, cal: &mut Cal) {
        for population in 0..self.populations.len() as u16 {
            match self.populations[usize::from(population)].load() {
                Load::Open(_) => self.begin_open_loop(population, cal),
                Load::Users { .. } => self.begin_users(population, cal),
                Load::Streams { .. } => self.begin_streams(population, cal),
            }
        }
    }

    /// Tells the observer. Inlined with it, so that each place compiles to what its one kind of fact needs.
    #[inline(always)]
    pub(super) fn tell(&mut self, cal: &Cal, fact: Fact) {
        self.observer.observe(cal.now(), fact);
    }

    /// Schedules a step of a pod's clock.
    pub(super) fn pod_timer(pod: u32, after: Dur, timer: PodTimer, cal: &mut Cal) {
        cal.at(cal.now() + after, Event::Pod { pod, timer });
    }

    /// The stream of pod `pod` for `purpose`: by its revision and its number within it, the same under every policy.
    pub(super) fn pod_stream(&self, pod: u32, purpose: Purpose) -> crate::engine::Stream {
        self.streams.stream(purpose, self.pods[pod as usize].identity())
    }

    /// Whether the end has come.
    pub(super) const fn done(&self) -> bool {
        self.ended
    }
}

/// Whether what proxies do with their connections to pods is what most do, which has a path of its own.
pub(super) fn is_plain(balancer: &scenario::LoadBalancer) -> bool {
    let upstream = &balancer.upstream;
    (upstream.share, upstream.reuse) == (Sharing::All, Reuse::Mru)
        && upstream.max_streams <= 1
        && upstream.purge.is_zero()
        && !upstream.keeps_removed
        && balancer.retries.per_try_timeout.is_zero()
}

/// When the simulation of `scenario` starts, and when it ends at the latest.
pub(super) fn limits(scenario: &Scenario) -> (SimTime, SimTime) {
    let observe = &scenario.observe;
    let (before, length) = match &scenario.deploy {
        Some(deploy) => (deploy.at, observe.limit),
        None => (observe.warmup, (observe.warmup + observe.steady).min(observe.limit)),
    };
    let start = SimTime::ZERO - before;
    (start, start + length)
}

/// The members of a list that is not changed meanwhile.
pub(super) fn members(list: List, next: impl Fn(u32) -> u32) -> impl Iterator<Item = u32> {
    let mut at = list.head();
    std::iter::from_fn(move || {
        let member = at;
        (member != crate::engine::NIL).then(|| {
            at = next(member);
            member
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, told of ends when somebody looks.
    struct Late(Counter);

    impl Observer for Late {
        const IN_ORDER: bool = false;

        fn observe(&mut self, now: SimTime, fact: Fact) {
            self.0.observe(now, fact);
        }
    }

    impl AsRef<Counter> for Late {
        fn as_ref(&self) -> &Counter {
            &self.0
        }
    }

    impl AsRef<Self> for Counter {
        fn as_ref(&self) -> &Self {
            self
        }
    }

    /// Counts requests, and how many of them were disturbed.
    #[derive(Default)]
    struct Counter {
        born: u64,
        retried: u64,
    }

    impl Observer for Counter {
        fn observe(&mut self, _now: SimTime, fact: Fact) {
            match fact {
                Fact::Born => self.born += 1,
                Fact::Ended { attempts, .. } => self.retried += u64::from(attempts > 1),
                _ => {}
            }
        }
    }

    #[test]
    fn an_undisturbed_request_at_layer_7_has_at_most_two_entries_in_the_calendar() {
        // Everything armed: hops, handshakes, idle time-outs on both sides, time-outs and retries of clients and proxies.
        let scenario = Scenario::from_yaml(
            "
workload: {replicas: 20}
pod: {concurrency: 8, queue: 100, serviceTime: {distribution: lognormal, mean: 20ms, sigma: 0.8}}
loadBalancer:
  proxies: 3
  algorithm: powerOfTwo
  requestTimeout: 5s
  upstream: {idleTimeout: 20s}
  retries: {attempts: 2, on: [connectFailure, reset]}
network: {latency: 0.25ms, client: 10ms}
handshake: {time: 2ms}
clients: [{name: web, rate: 4000/s, connections: 500, timeout: 10s, keepAlive: {idleTimeout: 15s}, retries: {attempts: 2}}]
deploy: none
observe: {warmup: 0s, for: 60s}
",
        )
        .expect("a valid scenario");
        let (entries, hops) = entries(&scenario, Counter::default());
        // Its arrival, unless nothing came between the one before and this one, and the end of its service. Looks at time-outs and
        // samples of levels are a few in a thousand more.
        assert!((1.5..2.02).contains(&entries), "{entries} entries a request");
        // Constant hops cost no entry: they pass through lanes.
        assert!((3.99..4.02).contains(&hops), "{hops} hops a request");
        // Calm ones need none, as long as nothing else comes between: one in a hundred is not calm.
        let (entries, hops) = self::entries(&scenario, Late(Counter::default()));
        assert!(entries < 0.1, "{entries} entries a calm request");
        assert!(hops < 0.1, "{hops} hops a calm request");
    }

    /// Entries a request in the calendar, and in its lanes.
    fn entries<O: Observer + AsRef<Counter>>(scenario: &Scenario, observer: O) -> (f64, f64) {
        let (mut engine, places) = World::new(scenario, Streams::new(1, 0), observer, None);
        engine.model.begin_deploy(places, &mut engine.calendar);
        let [wheel, lanes, singles] = engine.count_until(SimTime::MAX, World::done);
        let &Counter { born, retried } = engine.model.observer.as_ref();
        assert!(born > 200_000 && retried * 1_000 < born, "{retried} of {born} were tried again");
        ((wheel + singles) as f64 / born as f64, lanes as f64 / born as f64)
    }
}
