//! How a proxy picks a pod, by what it believes itself: one file an algorithm, one line here.

mod envoy_least_request;
mod haproxy_least_request;
mod haproxy_round_robin;
mod ip_hash;
mod least_request;
mod power_of_two;
mod random;
mod ring_hash;
mod round_robin;
mod smooth_round_robin;

use std::borrow::Cow;

use super::fact::Revision;
use super::least::Least;
use super::turns::Turns;
use crate::engine::{Dur, Family, SimTime, Stream};
use crate::scenario::{self, SlowStart};

/// A pod in a proxy's table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host {
    /// Which pod.
    pub(super) pod: u32,
    /// Its version.
    pub(super) revision: Revision,
    /// Its zone.
    pub(super) zone: u16,
    /// When it came into the table: its slow start counts from here.
    pub(super) added: SimTime,
    /// Not picked before this, by passive health.
    pub(super) ejected_until: SimTime,
    /// Not picked while set, by active health.
    pub(super) unhealthy: bool,
    /// What the checks say, which may be held back for a while.
    pub(super) found_unhealthy: bool,
    /// Failures that count, and when the first was; the last, where they need not be in a row.
    pub(super) failures: u32,
    pub(super) failing_since: SimTime,
    /// How often it was ejected.
    pub(super) ejections: u16,
}

impl Host {
    /// A pod just added.
    pub(super) const fn new(pod: u32, added: SimTime) -> Self {
        Self {
            pod,
            revision: Revision(0),
            zone: 0,
            added,
            ejected_until: SimTime::MIN,
            unhealthy: false,
            found_unhealthy: false,
            failures: 0,
            failing_since: SimTime::MIN,
            ejections: 0,
        }
    }

    /// Its weight, in (0, 1]: linear in its age during the slow start.
    pub(super) fn weight(&self, slow_start: &SlowStart, now: SimTime) -> f64 {
        let age = now.saturating_since(self.added);
        let age = match slow_start.step.nanos() {
            0 => age,
            step => Dur::from_nanos(age.nanos() / step * step),
        };
        (age.secs() / slow_start.window.secs()).clamp(slow_start.least, 1.0)
    }

    /// Whether neither its failures nor its checks speak against it.
    #[inline]
    pub(super) fn is_healthy(&self, now: SimTime) -> bool {
        !self.unhealthy && self.ejected_until <= now
    }
}

/// What an algorithm sees: the proxy's own table, and which of it may be picked now.
pub(super) struct Hosts<'a> {
    /// The table, in order of addition.
    pub(super) table: &'a [Host],
    /// Their pods.
    pub(super) pods: &'a [u32],
    /// Requests (layer 4: connections) that the proxy has under way at each.
    pub(super) active: &'a [u32],
    /// Where the fewest are among those like any other, if that is kept.
    pub(super) least: Option<&'a Least>,
    /// Whose turn it is among them, if that is kept.
    pub(super) turns: Option<&'a Turns>,
    /// Those that may not be picked for their health or what they have under way, in ascending order, where that is known.
    pub(super) out: Option<&'a [u32]>,
    /// All before this one have come to their full weight.
    pub(super) grown: u32,
    /// Now.
    pub(super) now: SimTime,
    /// Pods that this request should avoid while there are others.
    pub(super) avoid: &'a [u32],
    /// Whether any host may be ejected, unhealthy, or to be avoided: else all can be picked without a look.
    pub(super) restricted: bool,
    /// Whether marks of health are disbelieved: too few are left without one.
    pub(super) panics: bool,
    /// How a new host comes to its full weight.
    pub(super) slow_start: SlowStart,
    /// Hosts with so many requests under way are full.
    pub(super) max_busy: u32,
    /// Whose pods alone may be picked, where a router splits the traffic.
    pub(super) lane: Option<Revision>,
    /// In which zone alone, where there are enough.
    pub(super) zone: Option<u16>,
    /// Where those of the lane, or those in the zone, stand, in ascending order: if but one of them matters.
    pub(super) within: Option<&'a [u32]>,
}

impl Hosts<'_> {
    /// How many there are.
    #[inline]
    pub(super) const fn len(&self) -> u32 {
        self.table.len() as u32
    }

    /// Whether host `i` may be picked.
    #[inline]
    pub(super) fn usable(&self, i: u32) -> bool {
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
    fn largest(&self) -> f64 {
        (0..self.len()).find(|&i| self.usable(i)).map_or(1.0, |i| self.weight(i))
    }

    /// The one of two hosts that has fewer requests under way, or the first.
    fn less_busy(&self, (a, b): (u32, u32)) -> u32 {
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
    const fn is_flat(&self) -> bool {
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

/// A balancing algorithm with its state in one proxy.
pub(super) trait Algorithm: std::fmt::Debug + Send + Sync {
    /// The position of a usable host in the table; `None` exactly when there is none. `key` is the identity of the client's
    /// connection, `draw` this pick's own randomness.
    fn pick(&mut self, hosts: &Hosts<'_>, key: u64, draw: &mut Stream) -> Option<u32>;

    /// The same where all of `n` hosts may be picked and weigh the same, and nothing else matters: without a look at any of them.
    /// `None` where something does.
    fn pick_of(&mut self, _n: u32, _family: Family, _lot: u64) -> Option<u32> {
        None
    }

    /// What [`Self::pick_of`] gives after `turn` others of the same kind, if nothing changes meanwhile.
    fn upcoming(&self, _turn: u32, _n: u32, _family: Family, _lot: u64) -> Option<u32> {
        None
    }

    /// Whether it looks at what is under way at all hosts.
    fn weighs_load(&self) -> bool {
        false
    }

    /// Whether it also looks at which of them has had that for the longest time.
    fn takes_turns(&self) -> bool {
        false
    }

    /// Which two hosts it looks at, where all may be picked and weigh the same, if it takes the less busy one of two at random.
    fn choices(&self) -> Option<Choices> {
        None
    }

    /// The table has changed.
    fn table_changed(&mut self, _table: &[Host]) {}

    /// About what it keeps for its table (bytes).
    fn bytes(&self) -> usize {
        0
    }

    /// A copy, for a fork of the simulation.
    fn boxed(&self) -> Box<dyn Algorithm>;
}

/// How two hosts are drawn of which the second is picked only if it has fewer requests under way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choices {
    /// The second among the others.
    Distinct,
    /// Both among all, so that they may be the same.
    Independent,
}

impl Choices {
    /// Two of `n` hosts, at least two.
    #[inline(always)]
    pub(super) const fn of(self, n: u32, draw: &mut Stream) -> (u32, u32) {
        let a = draw.below(n);
        match self {
            Self::Distinct => {
                let b = draw.below(n - 1);
                (a, b + (b >= a) as u32)
            }
            Self::Independent => (a, draw.below(n)),
        }
    }
}

impl Clone for Box<dyn Algorithm> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// The algorithm that a scenario names; `salt` is another one in every replication.
pub(super) fn algorithm(name: scenario::Algorithm, salt: u64) -> Box<dyn Algorithm> {
    match name {
        scenario::Algorithm::RoundRobin => Box::new(round_robin::RoundRobin::default()),
        scenario::Algorithm::Random => Box::new(random::Random),
        scenario::Algorithm::LeastRequest => Box::new(least_request::LeastRequest),
        scenario::Algorithm::PowerOfTwo => Box::new(power_of_two::PowerOfTwo),
        scenario::Algorithm::IpHash => Box::new(ip_hash::IpHash),
        scenario::Algorithm::RingHash => Box::new(ring_hash::RingHash::new(salt)),
        scenario::Algorithm::SmoothRoundRobin => Box::new(smooth_round_robin::SmoothRoundRobin::default()),
        scenario::Algorithm::EnvoyLeastRequest => Box::new(envoy_least_request::EnvoyLeastRequest),
        scenario::Algorithm::HaproxyLeastRequest => Box::new(haproxy_least_request::HaproxyLeastRequest),
        scenario::Algorithm::HaproxyRoundRobin => Box::new(haproxy_round_robin::HaproxyRoundRobin::default()),
    }
}

#[cfg(test)]
mod contract {
    //! What every algorithm owes its proxy.

    use super::*;
    use crate::engine::{Purpose, Streams};
    use scenario::Algorithm::{HaproxyRoundRobin, Random, RoundRobin, SmoothRoundRobin};

    const ALL: [scenario::Algorithm; 10] = scenario::Algorithm::ALL;

    fn table(n: u32) -> Vec<Host> {
        (0..n).map(|pod| Host::new(pod * 7, SimTime::ZERO)).collect()
    }

    fn hosts<'a>(table: &'a [Host], avoid: &'a [u32]) -> Hosts<'a> {
        Hosts {
            table,
            pods: &[0, 7, 14, 21, 28, 35][..table.len()],
            active: &[0, 1, 2, 0, 1, 2][..table.len()],
            least: None,
            turns: None,
            out: None,
            grown: table.len() as u32,
            now: SimTime::from_nanos(1),
            avoid,
            restricted: true,
            panics: false,
            slow_start: SlowStart { window: Dur::ZERO, least: 0.01, step: Dur::ZERO },
            max_busy: u32::MAX,
            lane: None,
            zone: None,
            within: None,
        }
    }

    #[test]
    fn none_exactly_when_nothing_is_usable() {
        for name in ALL {
            let mut a = algorithm(name, 0);
            let mut draw = Streams::new(1, 0).stream(Purpose::Balance, 0);
            for n in 0..6u32 {
                for mask in 0..(1u32 << n) {
                    let mut t = table(n);
                    for i in 0..n {
                        t[i as usize].unhealthy = mask & (1 << i) == 0;
                    }
                    a.table_changed(&t);
                    let picked = a.pick(&hosts(&t, &[]), 42, &mut draw);
                    assert_eq!(picked.is_some(), mask != 0, "{name:?}, {n} hosts, mask {mask:b}");
                    assert!(picked.is_none_or(|i| mask & (1 << i) != 0), "{name:?} picked an unusable host");
                }
            }
        }
    }

    /// How often each of `table` is picked, of 30,000 times, 100 s after time 0 and with a slow start of 1,000 s.
    fn shares(name: scenario::Algorithm, table: &[Host], step: Dur) -> Vec<f64> {
        const PICKS: u64 = 30_000;
        let pods: Vec<u32> = table.iter().map(|host| host.pod).collect();
        let active = vec![0; table.len()];
        let slow_start = SlowStart { window: Dur::from_secs(1000), least: 0.001, step };
        let now = SimTime::ZERO + Dur::from_secs(100);
        let hosts =
            Hosts { pods: &pods, active: &active, grown: 0, restricted: false, slow_start, now, ..hosts(&[], &[]) };
        let hosts = Hosts { table, ..hosts };
        let family = Streams::new(1, 0).family(Purpose::Balance, 0);
        let mut algorithm = algorithm(name, 0);
        algorithm.table_changed(table);
        let mut counts = vec![0.0; table.len()];
        for n in 0..PICKS {
            let picked = algorithm.pick(&hosts, 0, &mut family.stream(n)).expect("all may be picked");
            counts[picked as usize] += 1.0 / PICKS as f64;
        }
        counts
    }

    /// So many seconds old.
    fn aged(pod: u32, age: u64) -> Host {
        Host::new(pod, SimTime::ZERO + Dur::from_secs(100 - age))
    }

    #[test]
    fn young_pods_share_by_weight_where_there_is_no_other() {
        let table = [aged(0, 80), aged(1, 40), aged(2, 20), aged(3, 20)];
        let expected = [0.5, 0.25, 0.125, 0.125];
        for name in [Random, RoundRobin, SmoothRoundRobin] {
            for step in [Dur::ZERO, Dur::from_secs(10)] {
                for (found, expected) in shares(name, &table, step).into_iter().zip(expected) {
                    // The standard error of a share of 30,000 independent picks is 0.0029 at the most.
                    assert!((found - expected).abs() < 0.013, "{name:?}: {found}, {expected} expected");
                }
            }
        }
    }

    #[test]
    fn one_pod_among_many_that_are_much_younger_has_its_share() {
        // Of weight 0.1, and a hundred of 0.001: half of all requests.
        let table: Vec<Host> = (0..101).map(|pod| aged(pod, if pod == 0 { 100 } else { 1 })).collect();
        for name in [Random, RoundRobin, SmoothRoundRobin] {
            let found = shares(name, &table, Dur::ZERO)[0];
            assert!((found - 0.5).abs() < 0.013, "{name:?}: {found}");
        }
    }

    #[test]
    fn avoided_pods_are_avoided_and_equal_inputs_pick_alike() {
        for name in ALL {
            let t = table(3);
            let pick = || {
                let mut a = algorithm(name, 0);
                a.table_changed(&t);
                let draw = &mut Streams::new(5, 0).stream(Purpose::Balance, 9);
                a.pick(&hosts(&t, &[0, 14]), 3, draw)
            };
            assert_eq!(pick(), Some(1), "{name:?}");
            assert_eq!(pick(), pick());
        }
    }

    #[test]
    fn avoided_pods_are_passed_over_as_if_all_hosts_were_looked_at() {
        let family = Streams::new(5, 0).family(Purpose::Balance, 0);
        for n in 1..6 {
            let t = table(n);
            let cases = [&[0, 7, 14][..], &[28, 0, 0], &[7, 99, 28], &[14, 14, 7], &[28, 21, 0, 7]];
            for (case, avoid) in cases.into_iter().enumerate() {
                for lot in 0..50 {
                    let drawn = [None, Some(&[][..])].map(|out| {
                        let hosts = Hosts { out, ..hosts(&t, avoid) };
                        hosts.draw(&mut family.stream(lot))
                    });
                    assert_eq!(drawn[0], drawn[1], "{n} hosts, case {case}, lot {lot}");
                }
            }
        }
    }

    #[test]
    fn what_needs_no_look_at_the_hosts_is_the_same_without_one() {
        let family = Streams::new(5, 0).family(Purpose::Balance, 0);
        for name in ALL {
            let t = table(5);
            let [mut looks, mut does_not] = [algorithm(name, 0), algorithm(name, 0)];
            looks.table_changed(&t);
            for n in [5, 5, 3, 3, 4, 1, 5, 2] {
                let h = Hosts { restricted: false, ..hosts(&t[..n], &[]) };
                let picked = does_not.pick_of(n as u32, family, 7);
                assert_eq!(picked.is_some(), [RoundRobin, Random].contains(&name), "{name:?}");
                let Some(picked) = picked else { continue };
                assert_eq!(Some(picked), looks.pick(&h, 1, &mut family.stream(7)), "{name:?} of {n}");
                let upcoming = [0, 1, 2].map(|turn| does_not.upcoming(turn, n as u32, family, 8 + u64::from(turn)));
                let mut goes_on = does_not.clone();
                let comes = [8, 9, 10].map(|lot| goes_on.pick_of(n as u32, family, lot));
                assert_eq!(upcoming, comes, "{name:?} of {n}, and those after it");
            }
        }
    }

    #[test]
    fn long_run_shares_are_even_except_for_hash_and_load() {
        for name in [RoundRobin, Random, SmoothRoundRobin, HaproxyRoundRobin] {
            let t = table(5);
            let mut a = algorithm(name, 0);
            let family = Streams::new(5, 0).family(Purpose::Balance, 0);
            let mut counts = [0u32; 5];
            for n in 0..10_000 {
                let h = Hosts { restricted: false, ..hosts(&t, &[]) };
                counts[a.pick(&h, n, &mut family.stream(n)).unwrap() as usize] += 1;
            }
            assert!(counts.iter().all(|&c| (1800..2200).contains(&c)), "{name:?}: {counts:?}");
        }
    }
}
