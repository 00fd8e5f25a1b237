//! The plot's seconds, filled as time goes by.

use hdrhistogram::Histogram;

use super::replication::Bin;
use crate::engine::{Dur, SimTime};
use crate::fleet::fact::{Levels, Outcome};

/// The width of a bin.
const WIDTH: Dur = Dur::from_secs(1);

/// Bins of one second, aligned to the deploy's start.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    /// Start of the first bin.
    first: SimTime,
    done: Vec<Bin>,
    current: Bin,
    /// Latencies in the current bin [µs].
    latency: Histogram<u64>,
    end: SimTime,
    /// The levels since `since`, for their means over time.
    levels: Levels,
    in_flight: u64,
    since: SimTime,
}

impl Bins {
    /// Bins from the one that `from` lies in.
    pub(super) fn new(from: SimTime) -> Self {
        let width = WIDTH.nanos() as i64;
        let first = SimTime::from_nanos(from.nanos().div_euclid(width) * width);
        Self {
            first,
            done: Vec::new(),
            current: Bin::default(),
            latency: super::collector::latencies(2),
            end: first + WIDTH,
            levels: Levels::default(),
            in_flight: 0,
            since: first,
        }
    }

    /// Start of the first bin [s].
    pub(super) fn first_secs(&self) -> f64 {
        self.first.secs()
    }

    /// Time goes on to `now`.
    #[inline]
    pub(super) fn advance(&mut self, now: SimTime) {
        while now >= self.end {
            self.hold_until(self.end);
            self.close();
        }
    }

    /// Adds what the levels were until `t` to the current bin.
    fn hold_until(&mut self, t: SimTime) {
        if t <= self.since {
            return;
        }
        let share = t.since(self.since).secs() / WIDTH.secs();
        let bin = &mut self.current;
        bin.demand += self.levels.demand * share;
        bin.capacity += self.levels.capacity * share;
        bin.ready += f64::from(self.levels.ready) * share;
        bin.pods += f64::from(self.levels.pods) * share;
        bin.queued += f64::from(self.levels.queued) * share;
        bin.in_flight += self.in_flight as f64 * share;
        self.since = t;
    }

    fn close(&mut self) {
        let mut bin = std::mem::take(&mut self.current);
        if !self.latency.is_empty() {
            bin.p50 = Some(self.latency.value_at_quantile(0.5) as f64 / 1e6);
            bin.p99 = Some(self.latency.value_at_quantile(0.99) as f64 / 1e6);
            self.latency.reset();
        }
        self.done.push(bin);
        self.end += WIDTH;
    }

    /// The levels change at `now`.
    pub(super) fn levels(&mut self, now: SimTime, levels: Levels) {
        self.advance(now);
        self.hold_until(now);
        self.levels = levels;
    }

    /// The number of requests under way changes at `now`.
    #[inline]
    pub(super) fn in_flight(&mut self, now: SimTime, in_flight: u64) {
        self.hold_until(now);
        self.in_flight = in_flight;
    }

    /// A request ends.
    #[inline]
    pub(super) fn ended(&mut self, outcome: Outcome, latency_us: Option<u64>) {
        match outcome {
            Outcome::Ok => self.current.ok += 1,
            dropped => self.current.outcomes[dropped as usize - 1] += 1,
        }
        if let Some(us) = latency_us {
            self.latency.saturating_record(us);
        }
    }

    /// A reconnect reaches a pod.
    pub(super) fn reconnected(&mut self) {
        self.current.reconnects += 1;
    }

    /// All bins; the last one is as long as the simulation was.
    pub(super) fn finish(mut self, now: SimTime) -> Vec<Bin> {
        self.advance(now);
        self.hold_until(now);
        let part = now.saturating_since(self.end - WIDTH).secs() / WIDTH.secs();
        if part > 0.0 {
            let bin = &mut self.current;
            for level in
                [&mut bin.demand, &mut bin.capacity, &mut bin.ready, &mut bin.pods, &mut bin.queued, &mut bin.in_flight]
            {
                *level /= part;
            }
            self.close();
        }
        self.done
    }
}
