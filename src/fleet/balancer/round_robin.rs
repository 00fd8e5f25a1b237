//! In turn. Each proxy has its own turn, and keeps it when the table changes.

use super::{Algorithm, Host, Hosts};
use crate::engine::{Family, Stream};

/// The position after the last one picked.
#[derive(Clone, Debug, Default)]
pub(super) struct RoundRobin {
    next: u32,
    /// By pod: the share of a turn that it has saved up while its weight was below 1, where slow start goes in steps.
    saved: Vec<(u32, f64)>,
}

impl Algorithm for RoundRobin {
    fn pick(&mut self, hosts: &Hosts<'_>, _key: u64, draw: &mut Stream) -> Option<u32> {
        let n = hosts.len();
        if n == 0 {
            return None;
        }
        let first = self.next % n;
        let mut turns = (first..n).chain(0..first).filter(|&i| hosts.usable(i));
        let picked = if hosts.is_flat() {
            turns.next()
        } else {
            let largest = hosts.largest();
            // Somebody may have to save up for many turns where all are young; whoever weighs most takes each.
            turns.find(|&i| self.admits(hosts, i, largest, draw))
        };
        self.next = picked? + 1;
        picked
    }

    fn pick_of(&mut self, n: u32, _family: Family, _lot: u64) -> Option<u32> {
        let at = if self.next < n { self.next } else { self.next.checked_rem(n)? };
        self.next = at + 1;
        Some(at)
    }

    fn upcoming(&self, turn: u32, n: u32, _family: Family, _lot: u64) -> Option<u32> {
        self.next.wrapping_add(turn).checked_rem(n)
    }

    fn table_changed(&mut self, table: &[Host]) {
        self.saved.retain(|(pod, _)| table.iter().any(|h| h.pod == *pod));
    }

    fn boxed(&self) -> Box<dyn Algorithm> {
        Box::new(self.clone())
    }
}

impl RoundRobin {
    /// Whether host `i` takes its turn, by its share of the largest weight: with that probability, or whenever its shares add up to a
    /// turn.
    fn admits(&mut self, hosts: &Hosts<'_>, i: u32, largest: f64, draw: &mut Stream) -> bool {
        let weight = hosts.weight(i) / largest;
        if hosts.slow_start.step.is_zero() {
            return draw.chance(weight);
        }
        if weight >= 1.0 {
            return true;
        }
        let pod = hosts.table[i as usize].pod;
        let known = self.saved.iter().position(|(p, _)| *p == pod);
        let n = known.unwrap_or_else(|| {
            self.saved.push((pod, 0.0));
            self.saved.len() - 1
        });
        let saved = &mut self.saved[n].1;
        *saved += weight;
        let due = *saved >= 1.0;
        *saved -= f64::from(u8::from(due));
        due
    }
}
