//! One replication as a picture shows it: what figures need not keep. Recorded only where a page is asked for.

use crate::engine::SimTime;
use crate::fleet::Observer;
use crate::fleet::fact::{Cause, Fact};

pub use crate::fleet::fact::PodStep as Step;
use crate::scenario::Scenario;

/// Rows of the latency picture, [`ROWS_A_DECADE`] for each power of ten from [`FASTEST`] on.
pub const ROWS: usize = 36;
/// Rows of one power of ten of latency.
pub const ROWS_A_DECADE: usize = 6;
/// Where the lowest row begins (s); what is faster is counted there.
pub const FASTEST: f64 = 1e-4;

/// One second of the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SceneBin {
    /// Requests dropped, in the order of `Cause::ALL`.
    pub causes: [u32; Cause::ALL.len()],
    /// Requests that ended well, by the row of their latency.
    pub latency: Vec<u32>,
}

/// What a pod did, and what proxies believed of it; times in s since the deploy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScenePod {
    /// Every step but those before the simulation began, in order.
    pub steps: Vec<(f64, Step)>,
    /// From when on so many proxies sent to it, in order; a pod that was there from the start begins at −∞.
    pub routed: Vec<(f64, u32)>,
    /// From when to when its container did not listen, though the pod was not deleted: it was stopped for a probe, or had crashed.
    pub deaf: Vec<(f64, f64)>,
}

impl ScenePod {
    fn stepped(&mut self, now: f64, step: Step) {
        self.steps.push((now, step));
        let open = self.deaf.last_mut().filter(|d| d.1 == f64::INFINITY);
        match (step, open) {
            (Step::Crashed, None) => self.deaf.push((now, f64::INFINITY)),
            (Step::Started | Step::ListenerClosed | Step::Exited | Step::Killed | Step::Lost, Some(deaf)) => {
                deaf.1 = now;
            }
            _ => {}
        }
    }
}

/// One replication, seen closely.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Proxies, or nodes at layer 4.
    pub proxies: u32,
    /// The second in which the first bin begins, since the deploy.
    pub first: i64,
    /// One a second; the discarded warm-up is there too.
    pub bins: Vec<SceneBin>,
    /// The pods by order of creation.
    pub pods: Vec<ScenePod>,
    /// When *during* ended (s); `None` where it did not.
    pub settled: Option<f64>,
}

/// Names of the causes, in the order of [`SceneBin::causes`].
pub fn cause_names() -> [&'static str; Cause::ALL.len()] {
    Cause::ALL.map(Cause::name)
}

/// The row of a latency (s).
pub fn row(latency: f64) -> usize {
    let decades = libm::log10(latency.max(FASTEST) / FASTEST);
    ((decades * ROWS_A_DECADE as f64) as usize).min(ROWS - 1)
}

/// Where a row begins (s).
pub fn row_start(row: usize) -> f64 {
    FASTEST * libm::pow(10.0, row as f64 / ROWS_A_DECADE as f64)
}

impl Scene {
    /// An empty scene for one replication of `scenario`.
    pub fn new(scenario: &Scenario) -> Self {
        let proxies = scenario.rolled().balancer.proxies;
        let known = ScenePod { routed: vec![(f64::NEG_INFINITY, proxies)], ..ScenePod::default() };
        let before = scenario.deploy.as_ref().map_or(scenario.observe.warmup, |d| d.at);
        Self {
            proxies,
            first: (SimTime::ZERO - before).nanos().div_euclid(1_000_000_000),
            bins: Vec::new(),
            pods: vec![known; scenario.rolled().workload.replicas as usize],
            settled: None,
        }
    }

    fn bin(&mut self, now: SimTime) -> &mut SceneBin {
        let at = (now.nanos().div_euclid(1_000_000_000) - self.first).max(0) as usize;
        if self.bins.len() <= at {
            self.bins.resize_with(at + 1, SceneBin::default);
        }
        &mut self.bins[at]
    }

    fn pod(&mut self, pod: u32) -> &mut ScenePod {
        let at = pod as usize;
        if self.pods.len() <= at {
            self.pods.resize_with(at + 1, ScenePod::default);
        }
        &mut self.pods[at]
    }

    fn ended(&mut self, now: SimTime, born: SimTime, cause: Option<Cause>, stream: bool) {
        let bin = self.bin(now);
        if let Some(cause) = cause {
            bin.causes[cause as usize] += 1;
        } else if !stream {
            bin.latency.resize(ROWS, 0);
            bin.latency[row(now.since(born).secs())] += 1;
        }
    }
}

impl Observer for Scene {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        match fact {
            Fact::Ended { born, cause, stream, .. } => self.ended(now, born, cause, stream),
            // Behind another tier than the one that the forecast is about.
            Fact::Pod { pod, .. } | Fact::Table { pod, .. } | Fact::Deaf { pod } if pod.tier().is_some() => {}
            Fact::Pod { pod, step, .. } => self.pod(pod.0).stepped(now.secs(), step),
            Fact::Deaf { pod } => self.pod(pod.0).deaf.push((now.secs(), f64::INFINITY)),
            Fact::Settled => self.settled = Some(now.secs()),
            Fact::Table { pod, routed, .. } => {
                let pod = self.pod(pod.0);
                let before = pod.routed.last().map_or(0, |r| r.1);
                let after = if routed { before + 1 } else { before.saturating_sub(1) };
                pod.routed.push((now.secs(), after));
            }
            Fact::Born
            | Fact::Severed { .. }
            | Fact::Unfinished { .. }
            | Fact::Answer(_)
            | Fact::Opened { .. }
            | Fact::ConnectFailed(_)
            | Fact::Node { .. }
            | Fact::Scaled { .. }
            | Fact::Analysis { .. }
            | Fact::Desired { .. }
            | Fact::SpecChanged
            | Fact::Complete
            | Fact::Levels(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_fall_into_the_row_that_begins_below_them() {
        for latency in [1.2e-4, 0.003, 0.121, 1.0001, 42.0] {
            let row = row(latency);
            assert!(row_start(row) <= latency && latency < row_start(row + 1), "{latency} in {row}");
        }
        assert_eq!((row(0.0), row(1e9)), (0, ROWS - 1));
    }

    #[test]
    fn a_container_that_was_stopped_is_deaf_until_it_is_started_anew() {
        let mut pod = ScenePod { deaf: vec![(5.0, f64::INFINITY)], ..ScenePod::default() };
        for (t, step) in [(6.0, Step::Crashed), (9.0, Step::Started), (20.0, Step::Crashed), (24.0, Step::Started)] {
            pod.stepped(t, step);
        }
        assert_eq!(pod.deaf, [(5.0, 9.0), (20.0, 24.0)]);
    }
}
