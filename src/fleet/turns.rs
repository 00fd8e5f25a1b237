//! Whose turn it is among many hosts: of those with the least under way the one that has had no more for the longest time.

use crate::engine::{Round, SimTime, Tournament};

/// Since when a host has had as many under way as it has now, and as the how-manieth of that moment.
pub(super) type Since = (SimTime, u64);

/// What a host has under way, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rank {
    active: u32,
    since: Since,
}

impl Round for Rank {
    const NOBODY: Self = Self { active: u32::MAX, since: (SimTime::MAX, u64::MAX) };

    #[inline]
    fn of(left: Self, right: Self) -> Self {
        if (right.active, right.since) < (left.active, left.since) { right } else { left }
    }
}

/// What is known of hosts that take turns.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    first: Tournament<Rank>,
    /// By position.
    since: Vec<Since>,
    /// When a host was last picked, and how many changes have been told without their time.
    picked: SimTime,
    untimed: u64,
}

impl Turns {
    /// With no host yet.
    pub(super) fn new() -> Self {
        Self { first: Tournament::default(), since: Vec::new(), picked: SimTime::MIN, untimed: 0 }
    }

    /// There is one more host, with nothing under way since it was added: the last of that moment.
    pub(super) fn push(&mut self, added: SimTime, active: &[u32], takes_part: impl Fn(u32) -> bool) {
        self.untimed += 1;
        self.since.push((added, self.untimed));
        let last = self.since.len() as u32 - 1;
        if self.since.len() <= self.first.capacity() {
            self.set(last, 0, takes_part(last));
        } else {
            self.become_others(active, takes_part);
        }
    }

    /// The host at `position` is gone; those behind it move up.
    pub(super) fn remove(&mut self, position: usize, active: &[u32], takes_part: impl Fn(u32) -> bool) {
        self.since.remove(position);
        self.become_others(active, takes_part);
    }

    /// So many are under way at each, of which those are looked at that take part.
    pub(super) fn become_others(&mut self, active: &[u32], takes_part: impl Fn(u32) -> bool) {
        let of = |(at, (&active, &since)): (usize, (&u32, &Since))| {
            if takes_part(at as u32) { Rank { active, since } } else { Rank::NOBODY }
        };
        let ranks: Vec<Rank> = active.iter().zip(&self.since).enumerate().map(of).collect();
        self.first = Tournament::of(ranks.into_iter());
    }

    /// The host at `position` has another number under way since `at`; where that is not known, since after the last pick, and after all
    /// others of which it is not.
    #[inline]
    pub(super) fn moves(&mut self, position: u32, at: Option<SimTime>) {
        self.since[position as usize] = at.map_or_else(
            || {
                self.untimed += 1;
                (self.picked, self.untimed)
            },
            |at| (at, 0),
        );
    }

    /// So many are under way at the host at `position`, if it takes part.
    #[inline]
    pub(super) fn set(&mut self, position: u32, active: u32, takes_part: bool) {
        let since = self.since[position as usize];
        self.first.set(position as usize, if takes_part { Rank { active, since } } else { Rank::NOBODY });
    }

    /// A pick is about to be made.
    #[inline]
    pub(super) const fn picks(&mut self, now: SimTime) {
        self.picked = now;
    }

    /// The host at `position` takes part again, as the last of its like.
    pub(super) fn comes_back(&mut self, position: u32, active: u32) {
        self.moves(position, None);
        self.set(position, active, true);
    }

    /// Since when the host at `position` has had as many under way as it has.
    pub(super) fn since(&self, position: u32) -> Since {
        self.since[position as usize]
    }

    /// Whose turn it is; `None` where nobody takes part.
    #[inline]
    pub(super) fn first(&self) -> Option<u32> {
        let first = self.first.all();
        (first != Rank::NOBODY).then(|| self.first.descend(|left| left != first) as u32)
    }

    /// What it takes beside itself (bytes).
    pub(super) const fn bytes(&self) -> usize {
        self.first.bytes() + self.since.capacity() * size_of::<Since>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Streams};

    #[test]
    fn whatever_begins_and_ends_the_first_is_found_as_if_all_were_looked_at() {
        let steps = &mut Streams::new(2, 0).stream(Purpose::Balance, 0);
        let (mut active, mut out, mut turns) = (Vec::new(), Vec::<bool>::new(), Turns::new());
        for step in 0..20_000 {
            // Several of one moment.
            let now = SimTime::from_nanos(step / 5);
            turns.picks(now);
            match steps.below(100) {
                0..3 => {
                    active.push(0_u32);
                    out.push(steps.below(4) == 0);
                    turns.push(now, &active, |at| !out[at as usize]);
                }
                3..5 if !active.is_empty() => {
                    let at = steps.below(active.len() as u32) as usize;
                    active.remove(at);
                    out.remove(at);
                    turns.remove(at, &active, |at| !out[at as usize]);
                }
                n if !active.is_empty() => {
                    let at = steps.below(active.len() as u32) as usize;
                    active[at] = if n < 60 { active[at] + 1 } else { active[at].saturating_sub(1) };
                    out[at] ^= n % 20 == 0;
                    turns.moves(at as u32, (n % 3 > 0).then_some(now));
                    turns.set(at as u32, active[at], !out[at]);
                }
                _ => {}
            }
            let taking_part = (0..active.len() as u32).filter(|&at| !out[at as usize]);
            let first = taking_part.min_by_key(|&at| (active[at as usize], turns.since(at), at));
            assert_eq!(turns.first(), first, "step {step}");
        }
        assert!(active.len() > 100, "many hosts: {}", active.len());
    }
}
