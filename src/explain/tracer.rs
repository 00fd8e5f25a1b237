//! Who listens to a run and writes down what a causal chain needs.

use std::collections::BTreeMap;

use crate::engine::SimTime;
use crate::fleet::Observer;
use crate::fleet::fact::{Cause, Fact, Levels, Outcome, PodId, ProxyId};

/// The end of a request, with how things stood.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// When.
    pub at: SimTime,
    /// When it was born.
    pub born: SimTime,
    /// What the client was left with.
    pub outcome: Outcome,
    /// Why; `None` where it succeeded.
    pub cause: Option<Cause>,
    /// Attempts made, retries of clients and proxies alike.
    pub attempts: u16,
    /// Population (upper 16 bits) and ordinal.
    pub identity: u64,
    /// The pod of its last attempt.
    pub pod: Option<PodId>,
    /// The proxy (layer 4: node) that made it.
    pub proxy: ProxyId,
    /// Its client within the population.
    pub client: u32,
    /// The fleet's levels at its end.
    pub levels: Levels,
}

/// What was heard.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Requests born.
    pub requests: u64,
    /// Those born since the discarded warm-up ended; all of them where the tracer does not know when that is.
    pub measured: u64,
    /// Every request that was dropped, in order of its end, and the one that was asked for.
    pub endings: Vec<Ending>,
    /// When a proxy put a pod into its table (`true`) or took it out, by proxy and pod, in order. What is in a table when the
    /// simulation begins is not told.
    pub tables: BTreeMap<(PodId, ProxyId), Vec<(SimTime, bool)>>,
}

/// Listens to one run.
#[derive(Clone, Debug, Default)]
pub struct Tracer {
    trace: Trace,
    levels: Levels,
    wanted: Option<u64>,
    since: Option<SimTime>,
}

impl Tracer {
    /// Writes down what was dropped, and the request of this identity however it ends.
    pub fn new(wanted: Option<u64>) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Counts apart what was born from this moment on.
    #[must_use]
    pub fn since(self, from: SimTime) -> Self {
        Self { since: Some(from), ..self }
    }

    /// What was heard.
    pub fn finish(self) -> Trace {
        self.trace
    }
}

impl Observer for Tracer {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        match fact {
            Fact::Born => {
                self.trace.requests += 1;
                self.trace.measured += u64::from(self.since.is_none_or(|from| now >= from));
            }
            Fact::Ended { born, outcome, cause, attempts, identity, pod, proxy, client, stream: _, sent: _ } => {
                if cause.is_some() || self.wanted == Some(identity) {
                    let levels = self.levels;
                    let at = now;
                    let ending = Ending { at, born, outcome, cause, attempts, identity, pod, proxy, client, levels };
                    self.trace.endings.push(ending);
                }
            }
            Fact::Table { proxy, pod, routed } => {
                self.trace.tables.entry((pod, proxy)).or_default().push((now, routed));
            }
            Fact::Levels(levels) => self.levels = levels,
            // Pods' lives are part of what is measured.
            Fact::Pod { .. }
            | Fact::Node { .. }
            | Fact::Scaled { .. }
            | Fact::Analysis { .. }
            | Fact::Unfinished { .. }
            | Fact::Answer(_)
            | Fact::Severed { .. }
            | Fact::Deaf { .. }
            | Fact::Opened { .. }
            | Fact::ConnectFailed(_)
            | Fact::Desired { .. }
            | Fact::SpecChanged
            | Fact::Complete
            | Fact::Settled => {}
        }
    }
}
