//! The hosts of a proxy at one pick: which of them may be picked, what they weigh, and one of them at random.

use std::borrow::Cow;

use super::Host;
use crate::engine::{SimTime, Stream};
use crate::fleet::fact::Revision;
use crate::fleet::least::Least;
use crate::fleet::turns::Turns;
use crate::scenario::SlowStart;

/// What an algorithm sees: the proxy's own table, and which of it may be picked now.
pub(in crate::fleet) struct Hosts<'a> {
    /// The table, in order of addition.
    pub(in crate::fleet) table: &'a [Host],
    /// Their pods.
    pub(in crate::fleet) pods: &'a [u32],
    /// Requests (layer 4: connections) that the proxy has under way at each.
    pub(in crate::fleet) active: &'a [u32],
    /// Where the fewest are among those like any other, if that is kept.
    pub(in crate::fleet) least: Option<&'a Least>,
    /// Whose turn it is among them, if that is kept.
    pub(in crate::fleet) turns: Option<&'a Turns>,
    /// Those that may not be picked for their health or what they have under way, in ascending order, where that is known.
    pub(in crate::fleet) out: Option<&'a [u32]>,
    /// All before this one have come to their full weight.
    pub(in crate::fleet) grown: u32,
    /// Now.
    pub(in crate::fleet) now: SimTime,
    /// Pods that this request should avoid while there are others.
    pub(in crate::fleet) avoid: &'a [u32],
    /// Whether any host may be ejected, unhealthy, or to be avoided: else all can be picked without a look.
    pub(in crate::fleet) restricted: bool,
    /// Whether marks of health are disbelieved: too few are left without one.
    pub(in crate::fleet) panics: bool,
    /// How a new host comes to its full weight.
    pub(in crate::fleet) slow_start: SlowStart,
    /// Hosts with so many requests under way are full.
    pub(in crate::fleet) max_busy: u32,
    /// Whose pods alone may be picked, where a router splits the traffic.
    pub(in crate::fleet) lane: Option<Revision>,
    /// In which zone alone, where there are enough.
    pub(in crate::fleet) zone: Option<u16>,
    /// Where those of the lane, or those in the zone, stand, in ascending order: if but one of them matters.
    pub(in crate::fleet) within: Option<&'a [u32]>,
}

impl Hosts<'_> {
    /// How many there are.
    #[inline]
    pub(in crate::fleet) const fn len(&self) -> u32 {
        self.table.len() as u32
    }

    /// Whether host `i` may be picked.
    #[inline]
    pub(in crate::fleet) fn usable(&self, i: u32) -> bool {
        if !self.restricted {
            return true;
        }
        let host = &self.table[i as usize];
        (self.panics || host.is_healthy(self.now))
            && self.active[i as usize] < self.max_busy
            && self.lane.is_none_or(|lane| lane == host.revision)
            && self.zone.is_none_or(|zone| zone == host.zone)
            && !self.avoid.contains(&host.pod)
    }

    /// The weight of host `i`, in (0, 1]: linear in its age during the slow start.
    #[inline]
    pub(super) fn weight(&self, i: u32) -> f64 {
        if self.slow_start.window.is_zero() {
            return 1.0;
        }
        self.table[i as usize].weight(&self.slow_start, self.now)
    }

    /// The largest weight among those that may be picked: that of the first, as the table is in order of addition.
    pub(super) fn largest(&self) -> f64 {
        (0..self.len()).find(|&i| self.usable(i)).map_or(1.0, |i| self.weight(i))
    }

    /// The one of two hosts that has fewer requests under way, or the first.
    pub(super) fn less_busy(&self, (a, b): (u32, u32)) -> u32 {
        if self.active[b as usize] < self.active[a as usize] { b } else { a }
    }

    /// Whether it is known who may not be picked, without a look at all of them.
    pub(super) const fn knows_who_is_out(&self) -> bool {
        !self.restricted || self.out.is_some() && self.avoid.is_empty() && self.lane.is_none() && self.zone.is_none()
    }

    /// Those that may not be picked, in ascending order.
    pub(super) fn not_usable(&self) -> Cow<'_, [u32]> {
        if self.lane.is_some() || self.zone.is_some() { self.looked_at() } else { self.kept_out() }
    }

    /// The same, found by a look at all of them.
    fn looked_at(&self) -> Cow<'_, [u32]> {
        Cow::Owned((0..self.len()).filter(|&i| !self.usable(i)).collect())
    }

    /// Those that may not be picked whatever lane or zone it is to be.
    fn kept_out(&self) -> Cow<'_, [u32]> {
        match self.out {
            _ if !self.restricted => Cow::Borrowed(&[]),
            None => self.looked_at(),
            Some(out) if self.avoid.is_empty() => Cow::Borrowed(out),
            Some(out) => {
                let avoided = self.avoid.iter().filter_map(|pod| self.pods.iter().position(|other| other == pod));
                let mut out: Vec<u32> = avoided.map(|i| i as u32).chain(out.iter().copied()).collect();
                out.sort_unstable();
                out.dedup();
                Cow::Owned(out)
            }
        }
    }

    /// Those that may be picked.
    fn candidates(&self) -> Candidates<'_> {
        let Some(within) = self.within else {
            let out = self.not_usable();
            return Candidates { within: None, count: self.len() - out.len() as u32, out };
        };
        let mut out = Vec::new();
        let mut from = 0;
        // Both ascend.
        for at in self.kept_out().iter() {
            match within[from..].binary_search(at) {
                Ok(k) => {
                    out.push((from + k) as u32);
                    from += k + 1;
                }
                Err(k) => from += k,
            }
        }
        Candidates { within: Some(within), count: (within.len() - out.len()) as u32, out: Cow::Owned(out) }
    }

    /// Whether all hosts weigh the same.
    #[inline]
    pub(super) const fn is_flat(&self) -> bool {
        self.slow_start.window.is_zero()
    }

    /// A uniformly drawn usable host, weighted by slow start.
    #[inline]
    pub(super) fn draw(&self, draw: &mut Stream) -> Option<u32> {
        if self.table.is_empty() {
            return None;
        }
        if !self.restricted && self.is_flat() {
            return Some(draw.below(self.len()));
        }
        let candidates = self.candidates();
        if candidates.count == 0 {
            return None;
        }
        if self.is_flat() {
            return Some(candidates.nth(draw.below(candidates.count)));
        }
        // Rejection by weight, as a rule the first or second is let through: the first of them, which is the oldest, always is.
        let largest = self.weight(candidates.nth(0));
        for _ in 0..16 {
            let i = candidates.nth(draw.below(candidates.count));
            if draw.chance(self.weight(i) / largest) {
                return Some(i);
            }
        }
        Some(self.draw_among(&candidates, draw))
    }

    /// The same with one look at each, where nearly all are much younger than the oldest.
    #[cold]
    fn draw_among(&self, candidates: &Candidates<'_>, draw: &mut Stream) -> u32 {
        let all = || (0..candidates.count).map(|k| candidates.nth(k));
        let mut left = draw.open01() * all().map(|i| self.weight(i)).sum::<f64>();
        let drawn = all().find(|&i| {
            left -= self.weight(i);
            left <= 0.0
        });
        drawn.unwrap_or_else(|| candidates.nth(candidates.count - 1))
    }
}

/// Hosts that may be picked: all of a table, or those of a lane or a zone, but for some.
struct Candidates<'a> {
    /// Where those of the lane or the zone stand.
    within: Option<&'a [u32]>,
    /// How many there are.
    count: u32,
    /// Those of the table, or which ones of these, that may not be, in ascending order.
    out: Cow<'a, [u32]>,
}

impl Candidates<'_> {
    /// The `k`-th of them.
    fn nth(&self, k: u32) -> u32 {
        // So many of `out` stand before it as are less than it will be with them.
        let before = (0..).zip(&*self.out).take_while(|&(before, &at)| at <= k + before).count();
        let k = k + before as u32;
        self.within.map_or(k, |within| within[k as usize])
    }
}

#[cfg(test)]
impl<'a> Hosts<'a> {
    /// All of `table` may be picked now, at time 0, and weigh the same, and no more is known of them.
    pub(in crate::fleet) const fn alike(table: &'a [Host], pods: &'a [u32], active: &'a [u32]) -> Self {
        Self {
            table,
            pods,
            active,
            least: None,
            turns: None,
            out: None,
            grown: table.len() as u32,
            now: SimTime::ZERO,
            avoid: &[],
            restricted: false,
            panics: false,
            slow_start: SlowStart::NONE,
            max_busy: u32::MAX,
            lane: None,
            zone: None,
            within: None,
        }
    }
}
