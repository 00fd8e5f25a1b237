//! A population of clients: who they are, what they ask, what they may spend on retries.

use crate::engine::{Dur, Family, Handle, List, Purpose, SimTime, Streams};
use crate::scenario::{ClientAssignment, Clients, Load, Scenario};

use super::ahead::Ahead;
use super::arrivals::{self, ArrivalProcess};
use super::calm::population_may_be_calm;
use super::retry_budget::RetryBudget;
use super::stream::StreamSlot;

/// Longer than any simulation: 100 years.
pub(super) const FOREVER: Dur = Dur::from_secs(100 * 365 * 86_400);

/// One client as requests look at it: four in a cache line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    /// Connections that can take a request, the least recently used first.
    pub(super) available: List,
    /// Its proxy, always the same.
    pub(super) proxy: u16,
    /// Openings that failed since one stood.
    pub(super) tries: u16,
    /// Connections open or being opened.
    pub(super) open: u32,
}

/// The rest of a client: what it has of connections that it has not.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientUpkeep {
    /// Requests that wait for a connection.
    pub(super) waiting: List,
    /// Connections that the other side has ended and that were not opened anew.
    pub(super) lost: u32,
    /// Connections that it has been given a pod for, or at layer 7 has asked its proxy for.
    pub(super) asked: u32,
    /// The eager opening that waits for its moment, or [`Handle::NONE`].
    pub(super) pausing: Handle,
}

const _: () = assert!(size_of::<Client>() == 16);

impl Client {
    /// With no connection yet, and no proxy.
    const NEW: Self = Self { available: List::EMPTY, proxy: 0, tries: 0, open: 0 };
}

impl ClientUpkeep {
    /// Of a client with no connection yet.
    const NEW: Self = Self { waiting: List::EMPTY, lost: 0, asked: 0, pausing: Handle::NONE };
}

/// A population of clients.
#[derive(Clone, Debug)]
pub(super) struct Population {
    pub(super) config: Clients,
    pub(super) arrivals: Option<ArrivalProcess>,
    /// The next request's number.
    pub(super) ordinal: u64,
    pub(super) clients: Vec<Client>,
    /// By client.
    pub(super) upkeep: Vec<ClientUpkeep>,
    pub(super) streams: Vec<StreamSlot>,
    /// Each user's number of requests so far.
    pub(super) asked: Vec<u32>,
    /// What its requests have paid for retries.
    retry_budget: RetryBudget,
    /// Work of request n.
    pub(super) service: Family,
    /// Pick of request n.
    pub(super) balance: Family,
    pub(super) client: Family,
    /// Whose the next ones are, where it pays to know.
    pub(super) ahead: Option<Ahead>,
    /// Whether its requests may be calm.
    pub(super) calm: bool,
    /// For how long its clients wait: for ever, where nothing else is said.
    pub(super) patience: Dur,
}

impl Population {
    /// All populations of `scenario`.
    pub(super) fn all(scenario: &Scenario, streams: Streams, start: SimTime) -> Vec<Self> {
        scenario.clients.iter().enumerate().map(|(i, c)| Self::new(c, i as u64, streams, start, scenario)).collect()
    }

    fn new(config: &Clients, index: u64, streams: Streams, start: SimTime, scenario: &Scenario) -> Self {
        let (client_hop, pods) = (scenario.network.client, scenario.workload.replicas);
        let arrivals = match &config.load {
            Load::Open(a) => Some(ArrivalProcess::new(a, start, streams.stream(Purpose::Arrival, index))),
            _ => None,
        };
        let (clients, slots) = match config.load {
            Load::Open(_) => (config.connections.max(1), 0),
            Load::Users { count, .. } => (count, 0),
            Load::Streams { count, .. } => (0, count),
        };
        Self {
            config: config.clone(),
            arrivals,
            ordinal: 0,
            clients: vec![Client::NEW; clients as usize],
            upkeep: vec![ClientUpkeep::NEW; clients as usize],
            streams: vec![StreamSlot::default(); slots as usize],
            asked: vec![0; if arrivals_less(config) { clients as usize } else { 0 }],
            retry_budget: RetryBudget::new(config, first_rate(&config.load, scenario), start),
            service: streams.family(Purpose::Service, index),
            balance: streams.family(Purpose::Balance, index),
            client: streams.family(Purpose::Client, index),
            ahead: Ahead::of(clients as usize, config.assignment, pods),
            calm: population_may_be_calm(config, client_hop),
            patience: if config.timeout.is_zero() { FOREVER } else { config.timeout },
        }
    }

    /// Whose the next request is, and its number.
    #[inline(always)]
    pub(super) fn next_request(&mut self) -> (u32, u64) {
        let ordinal = self.ordinal;
        self.ordinal += 1;
        match &mut self.ahead {
            Some(ahead) => (ahead.next(), ordinal),
            None => (self.client_of(ordinal), ordinal),
        }
    }

    /// A request pays its share for retries.
    #[inline(always)]
    pub(super) fn pays_for_retries(&mut self, now: SimTime) {
        self.retry_budget.pay(now);
    }

    /// Takes a retry out of what requests have paid in; false if there is none.
    pub(super) fn spend_token(&mut self, now: SimTime) -> bool {
        self.retry_budget.spend(now)
    }

    /// Whose its request number `ordinal` is.
    #[inline(always)]
    pub(super) fn client_of(&self, ordinal: u64) -> u32 {
        match self.config.assignment {
            ClientAssignment::Random => self.client.stream(ordinal).below(self.clients.len() as u32),
            ClientAssignment::InTurn => (ordinal % self.clients.len() as u64) as u32,
        }
    }

    /// What it takes (bytes).
    pub(super) const fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.clients.capacity() * size_of::<Client>()
            + self.upkeep.capacity() * size_of::<ClientUpkeep>()
            + self.streams.capacity() * size_of::<StreamSlot>()
            + self.asked.capacity() * size_of::<u32>()
    }

    pub(super) const fn load(&self) -> &Load {
        &self.config.load
    }

    /// The rate that open-loop clients are set to, `t` seconds after the start of the simulation.
    pub(super) fn rate_at(&self, t: f64) -> Option<f64> {
        match &self.config.load {
            Load::Open(a) => Some(arrivals::rate_at(a, t)),
            _ => None,
        }
    }
}

/// The rate of requests to reckon with at first (1/s): of users the highest that they can keep up, as each thinks, is served, and thinks
/// again. What they wait besides is not known beforehand.
fn first_rate(load: &Load, scenario: &Scenario) -> f64 {
    match load {
        Load::Open(arrivals) => arrivals::rate_at(arrivals, 0.0),
        Load::Users { count, think_time } => {
            let cycle = think_time.mean() + scenario.pod.service_time.mean();
            f64::from(*count) / cycle.max(1e-6)
        }
        Load::Streams { .. } => 0.0,
    }
}

/// Whether requests come from users rather than from a process of arrivals.
const fn arrivals_less(config: &Clients) -> bool {
    matches!(config.load, Load::Users { .. })
}
