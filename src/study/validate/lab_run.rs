//! A simulated run, measured as the lab measures a real one.

use std::collections::BTreeMap;

use super::lab_case::{Balancer, Parameters};
use super::translate::watched;
use super::translate_balancer::is_of_connections;
use crate::engine::SimTime;
use crate::fleet::Observer;
use crate::fleet::fact::{Cause, Fact, Outcome, Side};
use crate::scenario::{Layer, Scenario};

/// One request.
#[derive(Clone, Copy, Debug)]
struct Request {
    born: f64,
    sent: f64,
    end: f64,
    outcome: Outcome,
    cause: Option<Cause>,
    attempts: u16,
}

/// Takes note of what the lab's clients, pods and balancers would. Times are s since the first arrival could occur.
#[derive(Clone, Debug)]
pub(super) struct LabRun {
    /// Of the first arrival.
    origin: SimTime,
    requests: Vec<Request>,
    /// When those were born that never ended.
    unfinished: Vec<f64>,
    opened: Vec<f64>,
    /// Whose connections reach the pods.
    pods_side: Side,
    connect_failures: u64,
    severed: u64,
    /// When the last old pod had gone, and when the last change of a table was made.
    settled: f64,
    last_change: f64,
}

impl LabRun {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let origin = scenario.deploy.as_ref().map_or(SimTime::ZERO, |d| SimTime::ZERO - d.at);
        Self {
            origin,
            requests: Vec::new(),
            unfinished: Vec::new(),
            opened: Vec::new(),
            pods_side: if scenario.load_balancer.layer == Layer::L7 { Side::Upstream } else { Side::Client },
            connect_failures: 0,
            severed: 0,
            settled: 0.0,
            last_change: 0.0,
        }
    }

    fn at(&self, t: SimTime) -> f64 {
        (t.nanos() - self.origin.nanos()) as f64 / 1e9
    }
}

impl Observer for LabRun {
    fn observe(&mut self, now: SimTime, fact: Fact) {
        match fact {
            Fact::Ended { born, sent, outcome, cause, attempts, .. } => {
                let (born, sent, end) = (self.at(born), self.at(sent), self.at(now));
                self.requests.push(Request { born, sent, end, outcome, cause, attempts });
            }
            Fact::Unfinished { born } => self.unfinished.push(self.at(born)),
            Fact::Opened { side: Side::Client, .. } => self.opened.push(self.at(now)),
            Fact::ConnectFailed(side) if side == self.pods_side => self.connect_failures += 1,
            // A killed process cannot tell.
            Fact::Severed { requests, killed: false, .. } => self.severed += u64::from(requests),
            Fact::Table { .. } => self.last_change = self.at(now),
            Fact::Settled => self.settled = self.at(now),
            _ => {}
        }
    }
}

/// What one run gave, by the path of the quantity below `summary`.
pub(super) type Quantities = BTreeMap<String, f64>;

impl LabRun {
    /// The quantities of a summary.
    pub(super) fn quantities(&self, p: &Parameters) -> Quantities {
        let start = p.before_s;
        let end = match p.strategy.as_str() {
            "rolling" => self.settled.max(self.last_change),
            "bluegreen" => (start + p.startup_s + p.switch_wait_s + watched(p)).max(self.settled),
            _ => start + watched(p),
        };
        let stop = end + p.after_s;
        let mut out = Quantities::new();
        let mut put = |path: &str, value: f64| {
            out.insert(path.to_owned(), value);
        };
        let counted: Vec<&Request> = self.requests.iter().filter(|r| r.sent < stop).collect();
        let ended = counted.iter().filter(|r| r.end <= stop + p.linger_s);
        let mut totals: BTreeMap<&str, f64> = BTreeMap::new();
        for r in ended.clone() {
            *totals.entry(outcome(r, p.lb)).or_default() += 1.0;
        }
        let open = self.unfinished.iter().filter(|&&born| born < stop).count();
        put("totals.requests", (counted.len() + open) as f64);
        for name in ["200", "502", "503", "504", "refused", "eof", "reset", "trunc", "timeout"] {
            put(&format!("totals.{name}"), totals.get(name).copied().unwrap_or(0.0));
        }
        put("pods_severed_inflight", self.severed as f64);
        put("connect_failures_seen_by_balancer_or_client", self.connect_failures(&counted, p));
        let (bins, peak) = self.openings(stop);
        put("opened_after_start", bins.iter().sum::<u32>().into());
        put("peak_opened_100ms", bins.iter().copied().max().unwrap_or(0).into());
        put("peak_opened_1s", peak.into());
        let good: Vec<&&Request> = ended.filter(|r| r.outcome == Outcome::Ok).collect();
        for (phase, from, to) in [("before", 0.0, start), ("during", start, end), ("after", end, stop)] {
            let of = |since: fn(&Request) -> f64| -> Vec<f64> {
                let phase = good.iter().filter(|r| (from..to).contains(&r.sent));
                phase.map(|r| (r.end - since(r)) * 1e3).collect()
            };
            for (base, mut times) in [("from_send", of(|r| r.sent)), ("from_schedule", of(|r| r.born))] {
                for (name, value) in statistics(&mut times) {
                    put(&format!("latency_ms.{base}.{phase}.{name}"), value);
                }
            }
        }
        out
    }

    /// Requests that were dropped, by what the lab calls their end and by cause.
    pub(super) fn causes(&self, p: &Parameters) -> BTreeMap<(&'static str, Cause), f64> {
        let mut counts = BTreeMap::new();
        for r in &self.requests {
            if let Some(cause) = r.cause {
                *counts.entry((outcome(r, p.lb), cause)).or_default() += 1.0;
            }
        }
        counts
    }

    /// What the balancer itself counts: HAProxy its retries, those after an empty answer included, and the requests that
    /// it gave up; the others failed connects alone.
    fn connect_failures(&self, requests: &[&Request], p: &Parameters) -> f64 {
        // A client's own retries cannot be told from a proxy's here.
        if p.lb != Balancer::Haproxy || p.retry_reused > 0 {
            return self.connect_failures as f64;
        }
        // A 503 that it does not send is one in its log.
        let unconnected = |outcome| matches!(outcome, Outcome::S503 | Outcome::Reset);
        let given_up = |r: &&&Request| unconnected(r.outcome) && r.cause == Some(Cause::StaleRoute);
        let retries: u32 = requests.iter().map(|r| u32::from(r.attempts.saturating_sub(1))).sum();
        if is_of_connections(&p.lb_settings) {
            // Then its log has no statuses.
            return f64::from(retries);
        }
        f64::from(retries) + requests.iter().filter(given_up).count() as f64
    }

    /// Connections that clients opened until `stop`, in bins of 100 ms, and the most in ten neighbouring bins.
    fn openings(&self, stop: f64) -> (Vec<u32>, u32) {
        let mut bins = vec![0; (stop * 10.0) as usize + 1];
        for t in self.opened.iter().filter(|&&t| (0.0..stop).contains(&t)) {
            bins[(t * 10.0) as usize] += 1;
        }
        let peak = bins.windows(10.min(bins.len())).map(|w| w.iter().sum()).max().unwrap_or(0);
        (bins, peak)
    }
}

/// What the lab calls the end of a request.
fn outcome(r: &Request, lb: Balancer) -> &'static str {
    // A pod that dies has read its requests and says FIN; so does HAProxy. A request that meets the closed end of a
    // connection finds RST there, unless the FIN was under way, which a direct client reads first.
    match r.outcome {
        Outcome::Ok => "200",
        Outcome::S500 => "500",
        Outcome::S502 => "502",
        Outcome::S503 => "503",
        Outcome::S504 => "504",
        Outcome::Refused => "refused",
        Outcome::Reset if lb == Balancer::Nginx && r.cause == Some(Cause::KeepAliveRace) => "reset",
        Outcome::Reset => "eof",
        Outcome::Truncated => "trunc",
        Outcome::Timeout => "timeout",
    }
}

/// Mean and quantiles as the lab computes them; nothing where there is nothing.
fn statistics(times: &mut [f64]) -> Vec<(&'static str, f64)> {
    if times.is_empty() {
        return Vec::new();
    }
    times.sort_by(f64::total_cmp);
    let quantile = |q: f64| times[(times.len() - 1).min((q * times.len() as f64) as usize)];
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    vec![("mean", mean), ("p50", quantile(0.5)), ("p90", quantile(0.9)), ("p99", quantile(0.99))]
}
