//! Where the least is of what many hosts have under way each.

use crate::engine::{Round, Tournament};

/// The least of some hosts, and how many of them have no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fewest {
    least: u32,
    ties: u32,
}

impl Fewest {
    const fn of_one(active: u32, takes_part: bool) -> Self {
        if takes_part { Self { least: active, ties: 1 } } else { Self::NOBODY }
    }
}

impl Round for Fewest {
    const NOBODY: Self = Self { least: u32::MAX, ties: 0 };

    #[inline]
    fn of(left: Self, right: Self) -> Self {
        let less = if right.least < left.least { right } else { left };
        if left.least == right.least { Self { ties: left.ties + right.ties, ..left } } else { less }
    }
}

/// What hosts have under way, for picks among those with the least.
#[derive(Clone, Debug, Default)]
pub(super) struct Least(Tournament<Fewest>);

impl Least {
    /// There are these hosts now, with so many under way at each, of which those are looked at that take part.
    pub(super) fn become_others(&mut self, active: &[u32], takes_part: impl Fn(u32) -> bool) {
        let of = |(at, &active): (usize, &u32)| Fewest::of_one(active, takes_part(at as u32));
        self.0 = Tournament::of(active.iter().enumerate().map(of));
    }

    /// There is one more, with nothing under way.
    pub(super) fn push(&mut self, active: &[u32], takes_part: impl Fn(u32) -> bool) {
        match active.len() {
            len if len <= self.0.capacity() => self.set(len as u32 - 1, 0, takes_part(len as u32 - 1)),
            _ => self.become_others(active, takes_part),
        }
    }

    /// So many are under way at the host at `position` now, if it takes part.
    #[inline]
    pub(super) fn set(&mut self, position: u32, active: u32, takes_part: bool) {
        self.0.set(position as usize, Fewest::of_one(active, takes_part));
    }

    /// The least that is under way at one of them, and at how many of them.
    #[inline]
    pub(super) fn all(&self) -> Option<(u32, u32)> {
        let Fewest { least, ties } = self.0.all();
        (ties > 0).then_some((least, ties))
    }

    /// The `k`-th of those with the least under way.
    pub(super) fn nth(&self, mut k: u32) -> u32 {
        let Fewest { least, .. } = self.0.all();
        let at = self.0.descend(|left| {
            let here = if left.least == least { left.ties } else { 0 };
            let right = k >= here;
            k -= if right { here } else { 0 };
            right
        });
        at as u32
    }

    /// What it takes beside itself (bytes).
    pub(super) const fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Streams};

    #[test]
    fn whatever_begins_and_ends_each_of_the_least_is_found_as_if_all_were_looked_at() {
        let steps = &mut Streams::new(2, 0).stream(Purpose::Balance, 0);
        let (mut active, mut out, mut least) = (Vec::new(), Vec::<bool>::new(), Least::default());
        for step in 0..20_000 {
            match steps.below(100) {
                0..3 => {
                    active.push(0);
                    out.push(steps.below(4) == 0);
                    least.push(&active, |at| !out[at as usize]);
                }
                3..5 if !active.is_empty() => {
                    let at = steps.below(active.len() as u32) as usize;
                    active.remove(at);
                    out.remove(at);
                    least.become_others(&active, |at| !out[at as usize]);
                }
                n if !active.is_empty() => {
                    let at = steps.below(active.len() as u32) as usize;
                    active[at] = if n < 60 { active[at] + 1 } else { u32::saturating_sub(active[at], 1) };
                    out[at] ^= n % 20 == 0;
                    least.set(at as u32, active[at], !out[at]);
                }
                _ => {}
            }
            let part = || (0..).zip(&active).zip(&out).filter(|(_, out)| !**out).map(|(each, _)| each);
            let fewest = part().map(|(_, &active)| active).min();
            let ties: Vec<u32> = part().filter(|(_, active)| Some(**active) == fewest).map(|(at, _)| at).collect();
            assert_eq!(least.all(), fewest.map(|fewest| (fewest, ties.len() as u32)), "step {step}");
            let found: Vec<u32> = (0..ties.len() as u32).map(|k| least.nth(k)).collect();
            assert_eq!(found, ties, "step {step}");
        }
        assert!(active.len() > 100, "many hosts: {}", active.len());
    }
}
