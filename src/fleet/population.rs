//! A population of clients: who they are, what they ask, what they may spend on retries.

use crate::engine::{Dur, Family, Handle, List, Purpose, SimTime, Streams};
use crate::scenario::{Arrivals, ClientAssignment, Clients, Load, Profile, Scenario};

use super::ahead::Ahead;
use super::arrivals::{self, ArrivalProcess};
use super::calm::population_may_be_calm;
use super::retry_budget::{self, RetryBudget};
use super::stream::StreamSlot;

/// How deep a retry budget's bucket is: what so many seconds of requests pay in.
const BUDGET_SECONDS: f64 = 10.0;
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
    /// Tokens of the retry budget, how many there can be, and what each request pays in, where that can be said once and for all.
    tokens: f64,
    tokens_max: f64,
    share: Option<f64>,
    /// Whether what a request pays depends on when it comes.
    pays_by_time: bool,
    /// Its other kind.
    window: Option<Box<RetryBudget>>,
    /// The start of the simulation.
    start: SimTime,
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
        let mut population = Self {
            config: config.clone(),
            arrivals,
            ordinal: 0,
            clients: vec![Client::NEW; clients as usize],
            upkeep: vec![ClientUpkeep::NEW; clients as usize],
            streams: vec![StreamSlot::default(); slots as usize],
            asked: vec![0; if arrivals_less(config) { clients as usize } else { 0 }],
            tokens: 0.0,
            tokens_max: 0.0,
            share: config.retries.budget,
            pays_by_time: config.retries.window.is_some(),
            window: retry_budget::of(config.retries.window),
            start,
            service: streams.family(Purpose::Service, index),
            balance: streams.family(Purpose::Balance, index),
            client: streams.family(Purpose::Client, index),
            ahead: None,
            calm: population_may_be_calm(config, client_hop),
            patience: if config.timeout.is_zero() { FOREVER } else { config.timeout },
        };
        let rate = population.rate_at(0.0).unwrap_or_else(|| rate_of_users(&config.load, scenario));
        population.tokens_max = depth(config.retries.budget.unwrap_or(0.0), rate);
        population.tokens = population.tokens_max;
        if varies(&config.load) && config.retries.attempts > 0 && population.share.take().is_some() {
            population.pays_by_time = true;
        }
        population.ahead = Ahead::of(population.clients.len(), config.assignment, pods);
        population
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
        if let Some(share) = self.share {
            let tokens = self.tokens + share;
            // No minimum of floats: that is a dozen instructions for what is no number.
            self.tokens = if tokens < self.tokens_max { tokens } else { self.tokens_max };
        } else if self.pays_by_time {
            self.pays_at(now);
        }
    }

    /// The same where it depends on the time.
    #[cold]
    fn pays_at(&mut self, now: SimTime) {
        if let Some(window) = &mut self.window {
            return window.deposit(now);
        }
        self.tokens += self.config.retries.budget.unwrap_or(0.0);
        self.overflow(now);
    }

    /// A bucket is as deep as the present rate makes it.
    fn overflow(&mut self, now: SimTime) {
        if let (true, Some(rate)) = (self.pays_by_time, self.rate_at(now.since(self.start).secs())) {
            self.tokens_max = depth(self.config.retries.budget.unwrap_or(0.0), rate);
            self.tokens = self.tokens.min(self.tokens_max);
        }
    }

    /// Takes a retry out of what requests have paid in; false if there is none.
    pub(super) fn spend_token(&mut self, now: SimTime) -> bool {
        if let Some(window) = &mut self.window {
            return window.withdraw(now);
        }
        if self.config.retries.budget.is_none() {
            return true;
        }
        self.overflow(now);
        let enough = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(enough));
        enough
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

/// How many tokens a retry budget's bucket holds at this rate (1/s): enough for one retry, unless there is to be none at all.
fn depth(share: f64, rate: f64) -> f64 {
    if share > 0.0 { (share * rate * BUDGET_SECONDS).max(1.0) } else { 0.0 }
}

/// Whether the rate of an open loop is another one at another time.
fn varies(load: &Load) -> bool {
    matches!(load, Load::Open(Arrivals::Poisson(Profile { points }) | Arrivals::Constant(Profile { points })) if points.len() > 1)
}

/// The highest rate that users can keep up: each thinks, is served, and thinks again (1/s). What they wait besides is not known
/// beforehand.
fn rate_of_users(load: &Load, scenario: &Scenario) -> f64 {
    let Load::Users { count, think_time } = load else { return 0.0 };
    let cycle = think_time.mean() + scenario.pod.service_time.mean();
    f64::from(*count) / cycle.max(1e-6)
}

/// Whether requests come from users rather than from a process of arrivals.
const fn arrivals_less(config: &Clients) -> bool {
    matches!(config.load, Load::Users { .. })
}
