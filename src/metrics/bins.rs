//! The plot's seconds, filled as time goes by.

use super::cells::Cells;
use super::replication::Bin;
use crate::engine::{Dur, SimTime};
use crate::fleet::fact::{Levels, Outcome};

/// The width of a bin.
const WIDTH: Dur = Dur::from_secs(1);

/// What the levels add up to over a bin, level × ns: whole where the levels are, so that a mean is what it is and not the sum of
/// rounded parts.
#[derive(Clone, Debug, Default)]
struct Held {
    demand: Area,
    capacity: Area,
    ready: u128,
    pods: u128,
    queued: u128,
}

impl Held {
    fn add(&mut self, levels: &Levels, nanos: u64) {
        self.demand.add(levels.open_demand, nanos);
        self.capacity.add(levels.capacity, nanos);
        let area = |level: u32| u128::from(level) * u128::from(nanos);
        self.ready += area(levels.ready);
        self.pods += area(levels.pods);
        self.queued += area(levels.queued);
    }
}

/// The same of a level that is no whole number.
#[derive(Clone, Copy, Debug, Default)]
struct Area {
    sum: f64,
    /// The least and the most there was.
    range: Option<[f64; 2]>,
}

impl Area {
    fn add(&mut self, level: f64, nanos: u64) {
        self.sum += level * nanos as f64;
        let [least, most] = self.range.unwrap_or([level, level]);
        self.range = Some([least.min(level), most.max(level)]);
    }

    /// Rounding must not put the mean of equal levels beside them.
    fn mean(self, nanos: u64) -> f64 {
        self.range.map_or(0.0, |[least, most]| (self.sum / nanos as f64).max(least).min(most))
    }
}

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
    held: Held,
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
            held: Held::default(),
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
            self.close(WIDTH.nanos());
        }
    }

    /// Adds what the levels were until `t` to the current bin.
    fn hold_until(&mut self, t: SimTime) {
        if t <= self.since {
            return;
        }
        self.held.add(&self.levels, t.since(self.since).nanos());
        self.since = t;
    }

    /// Ends the current bin, of which so many nanoseconds lay in the simulation.
    fn close(&mut self, nanos: u64) {
        let mut bin = std::mem::take(&mut self.current);
        let held = std::mem::take(&mut self.held);
        let mean = |area: u128| area as f64 / nanos as f64;
        (bin.demand, bin.capacity) = (held.demand.mean(nanos), held.capacity.mean(nanos));
        (bin.ready, bin.pods, bin.queued) = (mean(held.ready), mean(held.pods), mean(held.queued));
        bin.in_flight = mean(std::mem::take(&mut self.area_in_bin));
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

    /// All bins; the last one is as long as the simulation was. To what open-loop clients want comes `closed_demand`, which is known
    /// only when *before* is over.
    pub(super) fn finish(mut self, now: SimTime, closed_demand: f64) -> Vec<Bin> {
        self.advance(now);
        self.hold_until(now);
        let part = now.saturating_since(self.end - WIDTH);
        if !part.is_zero() {
            self.close(part.nanos());
        }
        self.done.iter_mut().for_each(|bin| bin.demand += closed_demand);
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_levels_that_do_not_change_are_those_levels() {
        let levels = |ready| Levels { open_demand: 0.3, capacity: 1.0 / 3.0, ready, pods: 1, ..Levels::default() };
        let mut bins = Bins::new(SimTime::ZERO);
        // Every 100 ms, as levels are sampled; the tenths of a second add up to 0.9999999999999999.
        for tenth in 0..25 {
            bins.levels(SimTime::from_nanos(tenth * 100_000_000), levels(u32::from(tenth != 15)));
        }
        let done = bins.finish(SimTime::from_nanos(2_500_000_000), 0.0);
        assert_eq!(done.iter().map(|b| b.ready).collect::<Vec<_>>(), [1.0, 0.9, 1.0]);
        assert!(done.iter().all(|b| (b.demand, b.capacity, b.pods) == (0.3, 1.0 / 3.0, 1.0)), "{done:?}");
    }
}
