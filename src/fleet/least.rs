//! Where the least is of what many hosts have under way each.

use crate::engine::{Round, Stream, Tournament};

/// The least of some hosts, and how many of them have no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fewest {
    least: u32,
    ties: u32,
}

impl Fewest {
    const fn of_one(active: u32) -> Self {
        Self { least: active, ties: 1 }
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
    /// There are these hosts now.
    pub(super) fn become_others(&mut self, active: &[u32]) {
        self.0 = Tournament::of(active.iter().map(|&active| Fewest::of_one(active)));
    }

    /// There is one more, with nothing under way.
    pub(super) fn push(&mut self, active: &[u32]) {
        match active.len() {
            len if len <= self.0.capacity() => self.0.set(len - 1, Fewest::of_one(0)),
            _ => self.become_others(active),
        }
    }

    /// So many are under way at the host at `position` now.
    #[inline]
    pub(super) fn set(&mut self, position: u32, active: u32) {
        self.0.set(position as usize, Fewest::of_one(active));
    }

    /// One of the hosts with the least under way; `None` where there is no host.
    pub(super) fn draw(&self, draw: &mut Stream) -> Option<u32> {
        let Fewest { least, ties } = self.0.all();
        if ties == 0 {
            return None;
        }
        let mut k = draw.below(ties);
        let at = self.0.descend(|left| {
            let here = if left.least == least { left.ties } else { 0 };
            let right = k >= here;
            k -= if right { here } else { 0 };
            right
        });
        Some(at as u32)
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
    fn whatever_begins_and_ends_each_of_the_least_is_drawn_as_if_all_were_looked_at() {
        let family = Streams::new(1, 0).family(Purpose::Balance, 0);
        let steps = &mut Streams::new(2, 0).stream(Purpose::Balance, 0);
        let (mut active, mut least) = (Vec::new(), Least::default());
        for lot in 0..20_000 {
            match steps.below(100) {
                0..3 => {
                    active.push(0);
                    least.push(&active);
                }
                3..5 if !active.is_empty() => {
                    active.remove(steps.below(active.len() as u32) as usize);
                    least.become_others(&active);
                }
                n if !active.is_empty() => {
                    let at = steps.below(active.len() as u32);
                    let here = &mut active[at as usize];
                    *here = if n < 60 { *here + 1 } else { here.saturating_sub(1) };
                    least.set(at, *here);
                }
                _ => {}
            }
            let ties: Vec<u32> =
                (0..).zip(&active).filter(|(_, a)| Some(*a) == active.iter().min()).map(|(i, _)| i).collect();
            let expected = (!ties.is_empty()).then(|| ties[family.stream(lot).below(ties.len() as u32) as usize]);
            assert_eq!(least.draw(&mut family.stream(lot)), expected, "step {lot}");
        }
        assert!(active.len() > 100, "many hosts: {}", active.len());
    }
}
