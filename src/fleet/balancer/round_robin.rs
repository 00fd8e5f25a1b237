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
        let mut usable = None;
        // Twice round: once for weights to let somebody through, once more for bad luck.
        let first = self.next % n;
        for i in (first..n).chain(0..n).chain(0..first) {
            if hosts.usable(i) {
                usable.get_or_insert(i);
                if self.admits(hosts, i, draw) {
                    usable = Some(i);
                    break;
                }
            }
        }
        self.next = usable? + 1;
        usable
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
    /// Whether host `i` takes its turn: by the probability of its weight, or whenever its weights add up to a turn.
    #[inline]
    fn admits(&mut self, hosts: &Hosts<'_>, i: u32, draw: &mut Stream) -> bool {
        if hosts.slow_start.step.is_zero() {
            return hosts.admits(i, draw);
        }
        let weight = hosts.weight(i);
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
