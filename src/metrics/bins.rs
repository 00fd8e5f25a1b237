//! The plot's seconds, filled as time goes by.

use super::cells::Cells;
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
    /// Latencies in the current bin (µs).
    latency: Cells,
    end: SimTime,
    /// The levels since `since`, for their means over time.
    levels: Levels,
    since: SimTime,
    /// The integral of the requests under way, up to the last levels, and over the current bin (ns).
    area: u128,
    area_in_bin: u128,
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
            latency: Cells::new(),
            end: first + WIDTH,
            levels: Levels::default(),
            since: first,
            area: 0,
            area_in_bin: 0,
        }
    }

    /// Start of the first bin (s).
    pub(super) fn first_secs(&self) -> f64 {
        self.first.secs()
    }

    /// Time goes on to `now`.
    #[inline]
    pub(super) fn advance(&mut self, now: SimTime) {
        while now >= self.end {
            self.hold_until(self.end);
            self.close(1.0);
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
        self.since = t;
    }

    /// Ends the current bin, of which `part` lay in the simulation.
    fn close(&mut self, part: f64) {
        let mut bin = std::mem::take(&mut self.current);
        bin.in_flight = std::mem::take(&mut self.area_in_bin) as f64 / WIDTH.nanos() as f64;
        for level in
            [&mut bin.demand, &mut bin.capacity, &mut bin.ready, &mut bin.pods, &mut bin.queued, &mut bin.in_flight]
        {
            *level /= part;
        }
        (bin.p50, bin.p99) = (self.latency.quantile(0.5), self.latency.quantile(0.99));
        self.latency.reset();
        self.done.push(bin);
        self.end += WIDTH;
    }

    /// The levels change at `now`.
    pub(super) fn levels(&mut self, now: SimTime, levels: Levels) {
        // There are levels at the end of each bin: what has added up since the last ones belongs to one bin alone.
        if now > self.first {
            self.area_in_bin += levels.under_way_area - self.area;
        }
        self.area = levels.under_way_area;
        self.advance(now);
        self.hold_until(now);
        self.levels = levels;
    }

    /// A request ends; one that ended well, and has a latency, in this cell.
    #[inline]
    pub(super) fn ended(&mut self, outcome: Outcome, latency: Option<usize>) {
        match outcome {
            Outcome::Ok => self.current.ok += 1,
            dropped => self.current.outcomes[dropped as usize - 1] += 1,
        }
        if let Some(cell) = latency {
            self.latency.count(cell);
        }
    }

    /// A reconnect reaches a pod.
    pub(super) fn reconnected(&mut self) {
        self.current.reconnects += 1;
    }

    /// What they take beside themselves (bytes).
    pub(super) const fn bytes(&self) -> usize {
        self.latency.bytes() + self.done.capacity() * size_of::<Bin>()
    }

    /// All bins; the last one is as long as the simulation was.
    pub(super) fn finish(mut self, now: SimTime) -> Vec<Bin> {
        self.advance(now);
        self.hold_until(now);
        let part = now.saturating_since(self.end - WIDTH).secs() / WIDTH.secs();
        if part > 0.0 {
            self.close(part);
        }
        self.done
    }
}
